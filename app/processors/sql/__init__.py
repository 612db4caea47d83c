"""
The kind ``sql``: the controller's own database, by statements that are declared beforehand.

``plan`` is what a registration may declare, ``database`` how a statement is run, ``adapter`` what a task comes to.
"""

from app.processors.sql.adapter import SECRETS, Sql, lacks

__all__ = ["SECRETS", "Sql", "lacks"]
