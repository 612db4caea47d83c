"""Talking to the tested processor: every call signed as Insyn signs, every exchange written down."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import httpx

from app.domain.fanout import Action
from app.domain.webhook_signature import sign
from app.processors import MOST_BYTES
from processor_kit.conformance._receiver import Receiver

#: The longest pause between two looks, whatever Retry-After says: nobody is waited for longer than agreed.
LONGEST_PAUSE = 2.0

#: How the note of a call begins that found nobody.
NO_CONNECTION = "no connection"

Answers = Literal["sync", "poll", "callback"]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was agreed with the processor. Holds its secret: shown by the address only."""

    endpoint: str
    secret: str
    controller: str = "conformance-test"
    actions: Sequence[Action] = (Action.LOCATE,)
    categories: Sequence[str] = ("contact",)
    identifiers: Sequence[tuple[str, str]] = (("email", "conformance-test@example.org"),)
    idempotency: Literal["yes", "no", "query"] = "yes"
    answers: Answers | None = None  #: None: as the first answer shows
    within: float = 60.0  #: seconds until a later answer has to be there
    call_seconds: float = 15.0  #: what Insyn waits for one answer
    callback_url: str = ""
    callback_port: int = 0

    def __repr__(self) -> str:
        return f"<Setup {self.endpoint}>"


class NobodyThere(Exception):
    """No connection to the endpoint, so there is nothing to test; the text says which and why."""


@dataclass(frozen=True)
class Exchange:
    """One call: what was sent, what came, how long it took. ``status`` 0: no answer, and ``body`` says why."""

    method: str
    url: str
    headers: Mapping[str, str]
    sent: bytes
    status: int
    answer_headers: Mapping[str, str]
    body: bytes
    seconds: float
    note: str = ""


@dataclass
class Bench:
    """The tested processor and everything said to it."""

    setup: Setup
    client: httpx.AsyncClient
    receiver: Receiver
    callback_base: str
    answers: Answers | None = None
    said: list[Exchange] = field(default_factory=list)

    # ---- tasks

    def message(self, *, id: str, action: Action | str | None = None, **changed: Any) -> bytes:
        """A task of the contract about the fictional person."""
        setup = self.setup
        data = {
            "task_id": id,
            "reference": "INS-0000-TEST0000",
            "controller": setup.controller,
            "action": str(action or setup.actions[0]),
            "data_categories": list(setup.categories),
            "identifiers": [{"type": type, "value": value, "format": "text"} for type, value in setup.identifiers],
            "details": {},
            "answer_by": (datetime.now(UTC) + timedelta(days=14)).date().isoformat(),
            "callback_url": f"{self.callback_base}/{id}",
            "callback_token_expires_at": (datetime.now(UTC) + timedelta(days=90)).isoformat(),
        }
        message = {"type": "task.requested", "timestamp": datetime.now(UTC).isoformat(), "data": data | changed}
        return json.dumps(message, ensure_ascii=False).encode()

    def headers(self, id: str, body: bytes, *, late: int = 0, secret: str | None = None) -> dict[str, str]:
        """What Insyn's call carries; *late* seconds old."""
        stamp = int(time.time()) - late
        return {
            "webhook-id": id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(secret or self.setup.secret, id, stamp, body),
            "idempotency-key": id,
            "content-type": "application/json",
            "accept": "application/json",
        }

    async def ask(self, action: Action | str | None = None, *, id: str | None = None, **changed: Any) -> Exchange:
        """Send a task as Insyn would."""
        id = id or new_id()
        body = self.message(id=id, action=action, **changed)
        return await self.post(body, self.headers(id, body))

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Exchange:
        return await self.call("POST", self.setup.endpoint, headers, body)

    async def query(self, id: str, url: str | None = None, *, is_signed: bool = True) -> Exchange:
        """Ask what became of a task."""
        headers = self.headers(id, b"") if is_signed else {"accept": "application/json"}
        return await self.call("GET", url or f"{self.setup.endpoint.rstrip('/')}/{id}", headers)

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """One call, bounded in size and time; never raises for what the other side does."""
        began = time.monotonic()
        status, answer_headers, raw, note = 0, {}, bytearray(), ""
        try:
            async with asyncio.timeout(self.setup.call_seconds * 2):
                async with self.client.stream(method, url, content=body, headers=dict(headers)) as response:
                    status, answer_headers = response.status_code, dict(response.headers)
                    async for chunk in response.aiter_bytes():
                        raw += chunk
                        if len(raw) > MOST_BYTES:
                            note = "more than 4 MB; the rest was not read"
                            break
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            status, note = 0, _no_connection(error)
        except (httpx.HTTPError, TimeoutError) as error:
            note = f"broken off ({type(error).__name__})"
            status = 0
        done = Exchange(method, url, headers, body, status, answer_headers, bytes(raw), time.monotonic() - began, note)
        self.said.append(done)
        return done

    # ---- the last word

    async def last_word(self, id: str, first: Exchange) -> bytes | None:
        """The body of the outcome, at once or later; None if none came in time."""
        if first.status == 200:
            return first.body
        if first.status != 202:
            return None
        ends = time.monotonic() + self.setup.within
        own = f"{self.setup.endpoint.rstrip('/')}/{id}" if self.answers == "poll" else None
        where = self.location(first) or own
        while time.monotonic() < ends:
            if (called := self.taken(id)) is not None:
                return called
            pause = min(LONGEST_PAUSE, max(0.0, ends - time.monotonic()))
            if where is None or self.answers == "callback":
                await self.receiver.wait(pause)
                continue
            asked = await self.query(id, where)
            if asked.status == 200:
                return asked.body
            if asked.status != 202:
                return None
            await self.receiver.wait(min(pause, _wait(asked)))
        return self.taken(id)

    def taken(self, id: str) -> bytes | None:
        """The data of the last callback about a task that was not turned away, if it is a final one."""
        for call in reversed(self.receiver.of(id)):
            data = _data(call.body)
            if call.answered == 202 and data is not None and data.get("outcome") != "accepted":
                return json.dumps(data).encode()
        return None

    def location(self, first: Exchange) -> str | None:
        """Where an accepted task can be looked at; None where nothing usable is named."""
        named = first.answer_headers.get("location")
        try:
            return urljoin(self.setup.endpoint, named) if named else None
        except ValueError:
            return None


def new_id() -> str:
    return str(uuid.uuid4())


def is_same_origin(one: str, other: str) -> bool:
    here, there = urlsplit(one), urlsplit(other)
    return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def _no_connection(error: httpx.TransportError) -> str:
    """Why, in our words: the error's own may hold anything."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"{NO_CONNECTION}: nothing came back in time"
    if "CERTIFICATE" in str(error) or "SSL" in str(error):
        return f"{NO_CONNECTION}: TLS failed, or its certificate is not trusted here"
    return f"{NO_CONNECTION}: nobody listens there"


def _wait(asked: Exchange) -> float:
    said = asked.answer_headers.get("retry-after", "")
    return float(said) if said.isdecimal() and int(said) > 0 else 0.2


def _data(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body).get("data")
    except (ValueError, AttributeError):
        return None
    return data if isinstance(data, dict) else None
