"""The kinds of processor adapters, one file each, and the one door out of the house."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, assert_never

import httpx

from app.domain.fanout import AnswerMode, Idempotency
from app.domain.faults import Fault
from app.processors import email, files, manual, opendsr, plugin, sql, webhook
from app.processors._answers import MOST_BYTES, AnswerNotUnderstood, parse_json, read_outcome
from app.processors._egress import (
    AddressNotAllowed,
    check_address,
    check_resolved,
    fetch_document,
    open_client,
    trusted_by,
)
from app.processors._port import Adapter, Answer, Line, MailDue, Order, Target, spelt
from app.processors.email import Email
from app.processors.files import Files
from app.processors.manual import Manual
from app.processors.opendsr import CallbackRefused, OpenDsr, Reported, SignerNotReached, check_callback
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
    OPENDSR = "opendsr"
    EMAIL = "email"


def connect(kind: Kind, target: Target, line: Line) -> Adapter:
    """An adapter of that kind, with whatever connections it keeps for the lane's life."""
    match kind:
        case Kind.WEBHOOK:
            return Webhook(target, _client([target.endpoint], target, line), sandbox=line.sandbox)
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
        case Kind.OPENDSR:
            return OpenDsr(target, _client(opendsr.hosts(target), target, line), sandbox=line.sandbox)
        case Kind.EMAIL:
            return Email(target, mails=line.mails)
    assert_never(kind)


def _client(hosts: Sequence[str], target: Target, line: Line) -> httpx.AsyncClient:
    return open_client(
        hosts,
        connections=line.connections,
        seconds=line.seconds,
        sandbox=line.sandbox,
        tls=trusted_by(target.settings),
    )


def lacks(kind: Kind, target: Target) -> list[Fault]:
    """
    Everything that keeps a registration from being switched on: what is missing, unknown or unfit; empty: nothing.

    No I/O and no values: a kind looks at settings, and at which secrets there are and whether they can be read.
    """
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
        case Kind.OPENDSR:
            return opendsr.lacks(target)
        case Kind.EMAIL:
            return email.lacks(target)
    assert_never(kind)


def usual_ways(kind: Kind) -> tuple[AnswerMode, Idempotency]:
    """How such a processor answers, and what the same order sent twice does there, where the registration is silent."""
    match kind:
        case Kind.WEBHOOK | Kind.MANUAL:
            return AnswerMode.HUMAN, Idempotency.NO
        case Kind.SQL:
            return AnswerMode.SYNC, Idempotency.YES
        case Kind.EMAIL | Kind.FILES:
            return AnswerMode.POLL, Idempotency.YES
        case Kind.REST | Kind.PLUGIN | Kind.OPENDSR:
            return AnswerMode.POLL, Idempotency.QUERY
    assert_never(kind)


def secrets_taken(kind: Kind, settings: Mapping[str, Any]) -> frozenset[str] | None:
    """The names of the secrets that such a processor can use; None: nobody can say."""
    match kind:
        case Kind.WEBHOOK:
            return webhook.SECRETS
        case Kind.MANUAL | Kind.EMAIL:
            return frozenset()
        case Kind.FILES:
            return files.SECRETS
        case Kind.SQL:
            return sql.SECRETS
        case Kind.PLUGIN:
            return None
        case Kind.REST:
            return rest.secrets_taken(settings)
        case Kind.OPENDSR:
            return opendsr.SECRETS
    assert_never(kind)


def takes_back(kind: Kind) -> bool:
    """Whether a processor of that kind can be told that nobody waits for its answer any more."""
    return kind is Kind.OPENDSR


async def take_back(kind: Kind, target: Target, line: Line, task_id: str) -> str:
    """
    Tell a processor that nobody waits for its answer any more; a machine word for what came of it.

    The word is for the log: whether it could still be stopped changes nothing in the case.
    """
    if not takes_back(kind) or lacks(kind, target):
        return "not_taken_back"
    client = _client(opendsr.hosts(target), target, replace(line, connections=1))
    adapter = OpenDsr(target, client, sandbox=line.sandbox)
    try:
        return await adapter.recall(task_id)
    finally:
        await adapter.aclose()


__all__ = [
    "MOST_BYTES",
    "Adapter",
    "AddressNotAllowed",
    "Answer",
    "AnswerNotUnderstood",
    "BrokenConnector",
    "CallbackRefused",
    "Email",
    "Fault",
    "Kind",
    "Line",
    "MailDue",
    "NotTheVendor",
    "Order",
    "Reported",
    "SignerNotReached",
    "Target",
    "check_address",
    "check_callback",
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
    "secrets_taken",
    "spelt",
    "take_back",
    "takes_back",
    "try_connection",
    "usual_ways",
    "vendor_called",
]
