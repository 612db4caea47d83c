"""
The kind ``files``: an order is laid down as a file, and the answer is picked up as one.

``shelves`` is where files lie (SFTP, a bucket, a folder), ``orders`` what stands in them, ``adapter`` what a task
comes to.
"""

from app.processors.files.adapter import SECRETS, Files, lacks

__all__ = ["SECRETS", "Files", "lacks"]
