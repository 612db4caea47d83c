"""A shipped connector against its simulated vendor, over loopback: nothing between them is ours to bend."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.answers import Asked, doubt
from app.domain.erasure_answers import Reach
from app.domain.fanout import Action, AnswerMode, Idempotency
from app.processors import Adapter, Answer, Kind, Line, Order, Target, connect, lacks
from app.vault import normalise
from sandbox.people import BY_ID, Person
from sandbox.serving import served
from sandbox.vendors._base import Vendor
from tests.processors.answering import NOW, ORDER


@dataclass
class Connected:
    """The adapter of a registration, and what asks it."""

    adapter: Adapter
    target: Target

    async def do(self, action: Action, order: Order) -> Answer:
        return await self.adapter.send(replace(order, action=action))

    async def until_done(self, order: Order, answer: Answer) -> Answer:
        """Poll once, as the lane does with what the last answer left."""
        return await self.adapter.poll(replace(order, progress=answer.progress), url="")

    async def again(self, order: Order, answer: Answer) -> Answer:
        """The same task once more, going on from where the last attempt stopped."""
        return await self.adapter.send(replace(order, progress=answer.progress))


@asynccontextmanager
async def connected(
    vendor: Vendor,
    connector: str,
    *,
    categories: Mapping[str, str],
    secrets: Mapping[str, str],
    mode: AnswerMode = AnswerMode.SYNC,
    idempotency: Idempotency = Idempotency.YES,
    **settings: Any,
) -> AsyncIterator[Connected]:
    """The vendor served, and a registration of *connector* that points at it."""
    async with served(vendor) as url:
        target = Target(
            key=connector,
            endpoint="",
            secrets=(),
            answer_mode=mode,
            idempotency=idempotency,
            settings={"connector": connector, "base_url": url, "categories": dict(categories), **settings},
            named={name: (value,) for name, value in secrets.items()},
        )
        assert lacks(Kind.REST, target) == []
        adapter = connect(Kind.REST, target, Line(connections=2, seconds=20, sandbox=True))
        try:
            yield Connected(adapter, target)
        finally:
            await adapter.aclose()


_FORMATS = {"email": "rfc5321", "phone": "e164", "personnummer": "yyyymmddnnnn"}


def order(action: Action, person: Person | str, *types: str, categories: tuple[str, ...] = (), **details: Any) -> Order:
    """A task about one person, who is known by the identifiers of *types*, spelt as the house spells them."""
    who = BY_ID[person] if isinstance(person, str) else person
    known = {type: normalise(type, value, today=NOW.date()) for type, value in who.identifiers}
    identifiers = [{"type": one, "value": known[one], "format": _FORMATS.get(one, "text")} for one in types]
    return replace(ORDER, action=action, identifiers=tuple(identifiers), categories=categories, details=details)


def named(one: Order, **identifiers: str) -> Order:
    """The order with identifiers that no invented person has on paper: those of browsers and vendors."""
    more = [{"type": type, "value": value, "format": "text"} for type, value in identifiers.items()]
    return replace(one, identifiers=(*one.identifiers, *more))


def doubted(answer: Answer) -> str | None:
    """What a person would have to look at before this answer to an erasure counts; None: nothing."""
    reach = Reach(today=datetime.now(UTC).date(), bookkeeping={"bookkeeping_records"})
    return doubt(answer.outcome, answer.body, Asked(action=Action.ERASE), reach=reach)


def rows(answer: Answer, category: str) -> list[dict[str, Any]]:
    """The rows of a copy, by category."""
    return [row for one in answer.body.get("records", []) if one["category"] == category for row in one["rows"]]
