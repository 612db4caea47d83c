"""
What every simulated vendor stands on: a table of routes, a clock, forced faults, quotas and a log of all calls.

A vendor is one class: ``routes`` says what it answers to, ``authorise`` who may call, ``fill`` what it knows of a
person. It is an ASGI application itself: ``async with served(Billecta()) as url``. Tests hold the object and use
``vendor.fail(...)``, ``vendor.clock.advance(...)``, ``vendor.calls`` and ``vendor.effects``; anybody else uses
``/__control``, which no vendor has.

Everything a vendor knows is plain JSON in ``state``; with a :class:`~sandbox.store.Store` it survives a restart.
"""

import asyncio
import base64
import copy
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from sandbox.people import BY_ID, PEOPLE, Person
from sandbox.store import AHEAD, WORLD, Store
from sandbox.vendors._messages import (
    Call,
    Fault,
    Logged,
    Refused,
    Reply,
    as_logged,
    cut_short,
    instead,
    read_call,
    send_reply,
    spoilt,
)

_CONTROL = "/__control/"


class Clock:
    """The vendor's own clock: the real one, and as much ahead of it as somebody asked for."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        self._ahead += seconds + days * 86_400

    def set_ahead(self, seconds: float) -> None:
        self._ahead = seconds

    def time(self) -> float:
        """Unix seconds."""
        return time.time() + self._ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def today(self) -> str:
        """The UTC day, as ``YYYY-MM-DD``."""
        return self.now().date().isoformat()


class Window:
    """At most *most* calls in any *seconds*; a refused call does not count."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._taken: list[float] = []

    def take(self, now: float) -> float:
        """Return 0 and count the call, or the seconds until there is room."""
        self._taken = [at for at in self._taken if at > now - self.seconds]
        if len(self._taken) >= self.most:
            return self._taken[0] + self.seconds - now
        self._taken.append(now)
        return 0.0


class DayQuota:
    """At most *most* of something a UTC day."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self._day = ""

    def take(self, today: str, cost: int = 1) -> bool:
        """Say whether there was room; what does not fit does not count."""
        if today != self._day:
            self._day, self.used = today, 0
        if self.used + cost > self.most:
            return False
        self.used += cost
        return True


Handler = Callable[[Call], Reply]


class Vendor:
    """One simulated vendor; a subclass fills in the four things marked below."""

    name: ClassVar[str] = ""
    #: Routes (keys of :meth:`routes`) that need no authorisation: where one logs in.
    public: ClassVar[Collection[str]] = ()
    #: What may be switched by :meth:`set`, and how it stands at first.
    settings_at_first: Mapping[str, Any] = {}

    def __init__(self, *, people: Iterable[Person] = PEOPLE, store: Store | None = None) -> None:
        self.clock = Clock()
        self.calls: list[Logged] = []
        self._faults: list[Fault] = []
        self.settings: dict[str, Any] = copy.deepcopy(dict(self.settings_at_first))
        self._store = store
        self._table: list[tuple[str, re.Pattern[str], str, Handler]] = []
        for key, handler in self.routes().items():
            method, _, path = key.partition(" ")
            self._table.append((method, compile_path(path)[0], key, handler))
        self._people = tuple(people)
        self._world = store.fact(WORLD) if store else None
        kept = store.fact(f"vendor/{self.name}") if store else None
        self.state: dict[str, Any] = kept or {"effects": []}
        if kept is None:
            self._first_day()

    def _first_day(self) -> None:
        self.state = {"effects": []}
        for person in self._people:
            self.fill(person)

    # ---- what a vendor says of itself

    def routes(self) -> Mapping[str, Handler]:
        """``METHOD /path/{parameter}`` -> what answers."""
        raise NotImplementedError

    def authorise(self, call: Call) -> None:
        """Raise :class:`Refused` unless the caller may; quotas are counted here too."""
        raise NotImplementedError

    def fill(self, person: Person) -> None:
        """Put into ``state`` what this vendor knows of *person*; nothing if it does not know them."""
        raise NotImplementedError

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        """An error in the vendor's own shape. Also answers unknown paths (404) and methods (405)."""
        raise NotImplementedError

    # ---- what tests and the control use

    @property
    def effects(self) -> list[dict[str, Any]]:
        """What was really done, oldest first: ``{"what", "id", …}``."""
        found: list[dict[str, Any]] = self.state["effects"]
        return found

    def effect(self, what: str, id: str, **detail: Any) -> None:
        """Write down that something was done."""
        self.state["effects"].append({"what": what, "id": id, **detail})

    def done(self, what: str) -> list[str]:
        """Ids of everything *what* was done to."""
        return [one["id"] for one in self.effects if one["what"] == what]

    def table(self, name: str) -> dict[str, dict[str, Any]]:
        """A named table of ``state``: rows by id, made empty where there is none."""
        rows: dict[str, dict[str, Any]] = self.state.setdefault(name, {})
        return rows

    def fail(self, kind: Any, on: str = "", **how: Any) -> None:
        """Force a :class:`Fault`."""
        self._faults.append(Fault(kind=kind, on=on, **how))

    def set(self, **settings: Any) -> None:
        """Turn the vendor's own switches; an unknown one is a mistake."""
        if unknown := set(settings) - set(self.settings_at_first):
            raise KeyError(sorted(unknown))
        self.settings.update(settings)

    def lines(self) -> list[str]:
        """The log as ``METHOD /path``, oldest first."""
        return [call.line for call in self.calls]

    # ---- the server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = await read_call(scope, receive)
        if call.path_raw.startswith(_CONTROL):
            await send_reply(send, self._control(call))
            return
        await self._catch_up()
        fault = self._take_fault(call)
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        reply = instead(fault) or self._answer(call)
        self.calls.append(as_logged(call, reply.status))
        if self._store:
            await asyncio.to_thread(self._store.put_fact, f"vendor/{self.name}", self.state)
        if fault and fault.kind in ("reset", "cut"):
            await cut_short(send, reply)
        else:
            await send_reply(send, spoilt(fault, reply))

    async def _catch_up(self) -> None:
        """Where a store is shared with the rest of the sandbox: its clock, and whether it has started again."""
        if self._store is None:
            return
        world, ahead = await asyncio.to_thread(lambda store: (store.fact(WORLD), store.fact(AHEAD)), self._store)
        self.clock.set_ahead(float(ahead or 0.0))
        if world != self._world:
            self._world = world
            self._first_day()

    def _answer(self, call: Call) -> Reply:
        elsewhere = False
        for method, pattern, key, handler in self._table:
            found = pattern.match(call.path_raw)
            if found is None:
                continue
            if method != call.method:
                elsewhere = True
                continue
            params = {name: unquote(value) for name, value in found.groupdict().items()}
            routed = Call(call.method, call.path_raw, call.query, call.headers, call.body, params)
            try:
                if key not in self.public:
                    self.authorise(routed)
                return handler(routed)
            except Refused as refused:
                return refused.reply
        return self.error(405 if elsewhere else 404)

    def _take_fault(self, call: Call) -> Fault | None:
        line = f"{call.method} {call.path}"
        for fault in self._faults:
            if line.startswith(fault.on):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def _control(self, call: Call) -> Reply:
        match f"{call.method} {call.path_raw.removeprefix(_CONTROL)}":
            case "GET calls":
                return Reply([asdict(one) for one in self.calls])
            case "GET effects":
                return Reply(self.effects)
            case "GET settings":
                return Reply(self.settings)
            case "POST settings":
                self.set(**call.json)
            case "POST faults":
                self._faults += [Fault(**one) for one in call.json]
            case "DELETE faults":
                self._faults.clear()
            case "POST clock":
                self.clock.advance(**call.json)
            case "POST people":
                for person in call.json:
                    self.fill(BY_ID[person])
            case "POST reset":
                self.state = {"effects": []}
                self.calls.clear()
                self._faults.clear()
            case _:
                return Reply({"error": "no such control"}, 404)
        return Reply(None, 204)


# ---- checks that vendors share


def one_of(value: str, allowed: Collection[str], otherwise: Reply) -> str:
    """Return *value*, or refuse with *otherwise*."""
    if value not in allowed:
        raise Refused(otherwise)
    return value


def need(condition: object, otherwise: Reply) -> None:
    """Refuse with *otherwise* unless *condition*."""
    if not condition:
        raise Refused(otherwise)


def json_object(call: Call, otherwise: Reply, *, only: Collection[str] | None = None) -> dict[str, Any]:
    """The JSON object sent, with no other fields than *only*; else refuse."""
    body = call.json
    if not isinstance(body, dict) or (only is not None and not set(body) <= set(only)):
        raise Refused(otherwise)
    return body


def page_of(rows: list[Any], page: int, size: int) -> list[Any]:
    """The rows of *page*, counted from 1."""
    return rows[(page - 1) * size : page * size]


def iso(at: datetime) -> str:
    """As most vendors write an instant: UTC, whole seconds, ``Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_ago(clock: Clock, days: float) -> datetime:
    return clock.now() - timedelta(days=days)


def words(text: str) -> list[str]:
    """The words of *text*: a long list that is easier read so."""
    return text.split()


def guid(*parts: str) -> str:
    """The same GUID for the same parts, in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def e164(phone: str) -> str:
    """A Swedish number as people write it, as machines do."""
    return "+46" + re.sub(r"\D", "", phone).removeprefix("0")


def street_zip_city(person: Person) -> tuple[str, str, str]:
    """The parts of an address; a hidden one has no zip and no city."""
    street, _, rest = person.address.partition(", ")
    return street, rest[:6].replace(" ", ""), rest[7:]


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of HTTP Basic; None where there are none."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if scheme == "Basic" else None


def bearer(call: Call) -> str:
    """The bearer token; empty where there is none."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    return value if scheme == "Bearer" else ""


__all__ = [
    "Call",
    "Clock",
    "DayQuota",
    "Fault",
    "Handler",
    "Logged",
    "Refused",
    "Reply",
    "Vendor",
    "Window",
    "basic",
    "bearer",
    "days_ago",
    "e164",
    "guid",
    "iso",
    "json_object",
    "need",
    "one_of",
    "page_of",
    "street_zip_city",
    "words",
]
