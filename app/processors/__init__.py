"""The kinds of processor adapters, one file each, and the one door out of the house."""

from enum import StrEnum
from typing import assert_never

from app.processors._answers import MOST_BYTES, AnswerNotUnderstood, parse_json, read_outcome
from app.processors._egress import AddressNotAllowed, check_address, check_resolved, fetch_document, open_client
from app.processors._port import Adapter, Answer, Order, Target
from app.processors.manual import Manual
from app.processors.webhook import Webhook


class Kind(StrEnum):
    """How a processor is reached."""

    WEBHOOK = "webhook"
    MANUAL = "manual"


def connect(kind: Kind, target: Target, *, connections: int, seconds: float, sandbox: bool) -> Adapter:
    """An adapter of that kind; a webhook gets a long-lived client of its own."""
    match kind:
        case Kind.WEBHOOK:
            return Webhook(target, open_client(connections=connections, seconds=seconds), sandbox=sandbox)
        case Kind.MANUAL:
            return Manual()
    assert_never(kind)


__all__ = [
    "MOST_BYTES",
    "Adapter",
    "AddressNotAllowed",
    "Answer",
    "AnswerNotUnderstood",
    "Kind",
    "Order",
    "Target",
    "check_address",
    "check_resolved",
    "connect",
    "fetch_document",
    "open_client",
    "parse_json",
    "read_outcome",
]
