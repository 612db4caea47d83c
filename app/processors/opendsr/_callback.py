"""
Whether an OpenDSR callback is what it says: the registered domain's, signed, about this request at this address.

A callback has neither time nor number, so it may be somebody's copy of an old one. Therefore nothing in it is believed
but that there is something to see; what there is to see is asked for.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from pydantic import ValidationError

from app.domain.errors import DomainError
from app.processors import _answers
from app.processors._egress import open_client, trusted_by
from app.processors._port import Target
from app.processors.opendsr import _trust, _words
from app.processors.opendsr._discovery import DIRECTORY, Directory, NotAnnounced
from app.processors.opendsr._wiring import Wiring, hosts, read, request_id


class CallbackRefused(DomainError):
    """The signature of this message cannot be trusted."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


class SignerNotReached(DomainError):
    """The certificate that this message should be signed with cannot be fetched just now."""


@dataclass(frozen=True)
class Reported:
    """What a processor reported of a request: that there is something to see."""

    status: str
    event_id: str  #: the same for the same bytes


async def check_callback(
    target: Target,
    *,
    task_id: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes,
    sandbox: bool,
    seconds: float,
    directory: Directory = DIRECTORY,
) -> Reported:
    """
    Check a callback about a task.

    Args:
        address: The callback address we gave out for it.
        seconds: How long fetching a certificate may take.

    Raises:
        CallbackRefused: Another domain's, a certificate or signature that is not believed.
        SignerNotReached: Its certificate cannot be had now.
        AnswerNotUnderstood: Signed, but not about this task, or not in the protocol's words.
    """
    try:
        wiring = read(target)
    except ValidationError:
        raise CallbackRefused("settings") from None
    # Before anything is fetched: a stranger's domain does not make us call anybody.
    signed = _trust.signed_by(headers)
    if signed is None or signed[0] != wiring.domain_of(target):
        raise CallbackRefused("unsigned" if signed is None else "another_domain")
    tls = trusted_by(target.settings)
    async with open_client(hosts(target), connections=1, seconds=seconds, sandbox=sandbox, tls=tls) as client:
        await _check_signature(target, wiring, client, headers, body, sandbox=sandbox, directory=directory)
    said = _answers.parse_json(body)
    if said.get("subject_request_id") != request_id(task_id):
        raise _answers.AnswerNotUnderstood("The message speaks of another request than its address.")
    if said.get("status_callback_url", address) != address:
        raise _answers.AnswerNotUnderstood("The message was meant for another address.")
    status = _words.status_of(said)
    if status is None:
        raise _answers.AnswerNotUnderstood("The status is not one of the protocol's.")
    return Reported(status=status, event_id="opendsr:" + hashlib.sha256(body).hexdigest())


async def _check_signature(
    target: Target,
    wiring: Wiring,
    client: httpx.AsyncClient,
    headers: Mapping[str, str],
    body: bytes,
    *,
    sandbox: bool,
    directory: Directory,
) -> None:
    try:
        anchors = _trust.anchors_of(target.named)
        announced = await directory.look(target, wiring, client, sandbox=sandbox)
        now, domain = datetime.now(UTC), wiring.domain_of(target)
        try:
            _trust.check_message(headers, body, chain=announced.chain, anchors=anchors, domain=domain, now=now)
        except _trust.NotTrusted:
            newest = await directory.look(target, wiring, client, sandbox=sandbox, anew=True)
            if newest == announced:
                raise
            _trust.check_message(headers, body, chain=newest.chain, anchors=anchors, domain=domain, now=now)
    except _trust.NotTrusted as error:
        raise CallbackRefused(error.code) from None
    except NotAnnounced:
        raise SignerNotReached from None
