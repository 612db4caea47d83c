"""
The kind ``webhook``: a signed POST out (Standard Webhooks), an answer at once, by poll, or by signed callback.

The task's id is webhook id and idempotency key in one: every retry of a task carries the same.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from app.domain import webhook_signature
from app.domain.fanout import Outcome
from app.domain.faults import Fault, secret_missing, unknown_settings
from app.processors import _answers
from app.processors._egress import (
    SERVER_CA,
    AddressNotAllowed,
    AnswerTooLarge,
    TlsFailed,
    check_resolved,
    names_authorities,
    read_capped,
)
from app.processors._faults import NO_ENDPOINT, unfit_authorities
from app.processors._port import Answer, Order, Target

_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


#: What a webhook's calls are signed with, both ways.
SIGNING = "signing"
SECRETS = frozenset({SIGNING})


def lacks(target: Target) -> list[Fault]:
    """An address, a secret to sign with, and authorities that can be read where any are named."""
    found = unknown_settings(target.settings, {SERVER_CA})
    if not target.endpoint:
        found.append(NO_ENDPOINT)
    if not names_authorities(target.settings.get(SERVER_CA)):
        found.append(unfit_authorities(SERVER_CA))
    return found if target.secrets else [*found, secret_missing(SIGNING)]


class Webhook:
    """One processor reached over the webhook contract. *wall_clock* gives Unix seconds and signs the attempts."""

    def __init__(
        self, target: Target, client: httpx.AsyncClient, *, sandbox: bool, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._target = target
        self._client = client
        self._sandbox = sandbox
        self._wall_clock = wall_clock

    async def send(self, order: Order) -> Answer:
        body = json.dumps(_message(order), ensure_ascii=False).encode()
        return await self._call("POST", self._target.endpoint, order, body)

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self._call("GET", url, order, b"")

    async def ask(self, order: Order) -> Answer:
        """GET the task at the processor: 404 means it never arrived and may be sent (again)."""
        url = f"{self._target.endpoint.rstrip('/')}/{order.task_id}"
        return await self._call("GET", url, order, b"", asks=True)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, url: str, order: Order, body: bytes, *, asks: bool = False) -> Answer:
        try:
            await check_resolved(url, sandbox=self._sandbox)
            async with self._client.stream(method, url, content=body, headers=self._headers(order, body)) as response:
                raw = await read_capped(response, most=_answers.MOST_BYTES)
        except AddressNotAllowed:
            return Answer(outcome=Outcome.FAILED, code="address_not_allowed")
        except AnswerTooLarge:
            return Answer(outcome=Outcome.UNKNOWN, code="too_large")
        except TlsFailed as failed:
            return Answer(outcome=Outcome.FAILED if failed.is_ours else Outcome.RETRY, code=failed.code)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            # Nothing was sent: safe to try again whatever the processor is.
            return Answer(outcome=Outcome.RETRY, code="not_reached")
        except httpx.HTTPError:
            return Answer(outcome=Outcome.UNKNOWN, code="cut_off")
        return self._read(response, raw, asks=asks)

    def _headers(self, order: Order, body: bytes) -> dict[str, str]:
        stamp = int(self._wall_clock())
        return {
            "webhook-id": order.task_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": webhook_signature.sign(self._target.secrets[0], order.task_id, stamp, body),
            "idempotency-key": order.task_id,
            "content-type": "application/json",
            "accept": "application/json",
        }

    def _read(self, response: httpx.Response, raw: bytes, *, asks: bool) -> Answer:
        status = response.status_code
        wait = _answers.read_wait(
            response.headers.get("retry-after"), now=datetime.fromtimestamp(self._wall_clock(), UTC)
        )
        code = f"http_{status}"
        if status == 200:
            try:
                return _answers.read_outcome(_answers.parse_json(raw), code=code)
            except _answers.AnswerNotUnderstood:
                return Answer(outcome=Outcome.UNKNOWN, code="malformed")
        if status == 202:
            return Answer(outcome=Outcome.ACCEPTED, code=code, wait=wait, poll_url=self._poll_url(response))
        if asks and status == 404:
            return Answer(outcome=Outcome.RETRY, code="never_arrived")
        if status in (429, 503):
            return Answer(outcome=Outcome.RETRY, code=code, wait=wait)
        if status in _LATER:
            # A server error may come after the effect: only the same key, a question or a person may go on.
            return Answer(outcome=Outcome.UNKNOWN, code=code, wait=wait)
        return Answer(outcome=Outcome.FAILED, code=code)

    def _poll_url(self, response: httpx.Response) -> str | None:
        location = response.headers.get("location")
        if not location:
            return None
        try:
            url = urljoin(self._target.endpoint, location)
            here, there = urlsplit(self._target.endpoint), urlsplit(url)
        except ValueError:
            return None  # no address at all: as if none had been named
        # A status resource lives where the processor was registered, nowhere else.
        return url if (here.scheme, here.netloc) == (there.scheme, there.netloc) else None


def _message(order: Order) -> dict[str, Any]:
    return {
        "type": "task.requested",
        "timestamp": order.asked_at.isoformat(),
        "data": {
            "task_id": order.task_id,
            "reference": order.reference,
            "controller": order.controller,
            "action": order.action.value,
            "data_categories": list(order.categories),
            "identifiers": [dict(one) for one in order.identifiers],
            "details": dict(order.details),
            "answer_by": order.answer_by.isoformat(),
            "callback_url": order.callback_url,
            "callback_token_expires_at": order.callback_expires_at.isoformat(),
        },
    }
