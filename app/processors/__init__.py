"""The kinds of processor adapters, one file each, and the one door out of the house."""

from enum import StrEnum
from typing import assert_never

from app.processors import files, manual, plugin, sql, webhook
from app.processors._answers import MOST_BYTES, AnswerNotUnderstood, parse_json, read_outcome
from app.processors._egress import AddressNotAllowed, check_address, check_resolved, fetch_document, open_client
from app.processors._port import Adapter, Answer, Line, Order, Target
from app.processors.files import Files
from app.processors.manual import Manual
from app.processors.plugin import Plugin
from app.processors.rest import adapter as rest
from app.processors.rest.adapter import try_connection
from app.processors.rest.inbound import NotTheVendor
from app.processors.rest.inbound import received as vendor_called
from app.processors.rest.ordering import implied_order
from app.processors.rest.schema import schema_text as connector_schema
from app.processors.rest.shelf import BrokenConnector, open_connectors
from app.processors.rest.shelf import read_file as read_connector_file
from app.processors.sql import Sql
from app.processors.webhook import Webhook


class Kind(StrEnum):
    """How a processor is reached."""

    WEBHOOK = "webhook"
    MANUAL = "manual"
    FILES = "files"
    SQL = "sql"
    PLUGIN = "plugin"
    REST = "rest"


def connect(kind: Kind, target: Target, line: Line) -> Adapter:
    """An adapter of that kind, with whatever connections it keeps for the lane's life."""
    match kind:
        case Kind.WEBHOOK:
            client = open_client(connections=line.connections, seconds=line.seconds)
            return Webhook(target, client, sandbox=line.sandbox)
        case Kind.MANUAL:
            return Manual()
        case Kind.FILES:
            return Files(target, line)
        case Kind.SQL:
            return Sql(target, line)
        case Kind.PLUGIN:
            return Plugin(target, line)
        case Kind.REST:
            return rest.opened(target, line)
    assert_never(kind)


def lacks(kind: Kind, target: Target) -> str | None:
    """What a registration still needs before anything can be sent, as a short machine word; None: nothing."""
    match kind:
        case Kind.WEBHOOK:
            return webhook.lacks(target)
        case Kind.MANUAL:
            return manual.lacks(target)
        case Kind.FILES:
            return files.lacks(target)
        case Kind.SQL:
            return sql.lacks(target)
        case Kind.PLUGIN:
            return plugin.lacks(target)
        case Kind.REST:
            return rest.lacks(target)
    assert_never(kind)


__all__ = [
    "MOST_BYTES",
    "Adapter",
    "AddressNotAllowed",
    "Answer",
    "AnswerNotUnderstood",
    "BrokenConnector",
    "Kind",
    "Line",
    "NotTheVendor",
    "Order",
    "Target",
    "check_address",
    "check_resolved",
    "connect",
    "connector_schema",
    "fetch_document",
    "implied_order",
    "lacks",
    "open_client",
    "open_connectors",
    "parse_json",
    "read_connector_file",
    "read_outcome",
    "try_connection",
    "vendor_called",
]
