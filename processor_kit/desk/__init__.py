"""
A processor's desk: takes Insyn's tasks over the webhook contract and over OpenDSR 2.0, shows them on one page, answers.

For a guard company that has no system to connect. Everything lies in one folder: a SQLite file, the secrets, the
certificate.
"""

from processor_kit.desk._app import open_desk
from processor_kit.desk._config import Config, Misconfigured, Wishes, furnish

__all__ = ["Config", "Misconfigured", "Wishes", "furnish", "open_desk"]
