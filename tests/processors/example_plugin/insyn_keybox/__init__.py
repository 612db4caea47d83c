"""
A key cabinet that knows who has fetched which key, and speaks a line protocol of its own.

``ASK <customer number>`` is answered ``HAS <n>`` or ``NONE``, ``DROP <customer number> <task id>`` with ``OK`` or
``NONE``; the same task id twice is one effect.
"""

import asyncio
from dataclasses import dataclass

from app.domain.fanout import Action, Outcome
from app.processors import Adapter, Answer, Line, Order, Target


@dataclass
class Keybox:
    """One cabinet at ``settings.host`` and ``settings.port``."""

    host: str
    port: int

    async def send(self, order: Order) -> Answer:
        number = next((one["value"] for one in order.identifiers if one["type"] == "customer_number"), None)
        if number is None:
            return Answer(outcome=Outcome.REFUSED, code="no_identifier", body={"reason": "needs the customer number"})
        match order.action:
            case Action.LOCATE:
                said = await self._say(f"ASK {number}")
                if not said.startswith("HAS"):
                    return Answer(outcome=Outcome.NOT_FOUND, code="none")
                return Answer(outcome=Outcome.COMPLETED, code="has", body={"found_categories": list(order.categories)})
            case Action.ERASE:
                said = await self._say(f"DROP {number} {order.task_id}")
                return Answer(outcome=Outcome.COMPLETED if said == "OK" else Outcome.NOT_FOUND, code=said.lower())
            case _:
                return Answer(outcome=Outcome.REFUSED, code="manual", body={"reason": "done at the cabinet"})

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self.send(order)

    async def ask(self, order: Order) -> Answer:
        return await self.send(order)  # the same task id twice is one effect

    async def aclose(self) -> None:
        """A connection lasts one line; nothing is held."""

    async def _say(self, line: str) -> str:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(line.encode() + b"\n")
            await writer.drain()
            return (await reader.readline()).decode().strip()
        finally:
            writer.close()


def make(target: Target, line: Line) -> Adapter:
    """What the entry point names: an adapter for one registration."""
    return Keybox(host=str(target.settings["host"]), port=int(target.settings["port"]))


def lacks(target: Target) -> str | None:
    """The setting that is missing or wrong; a list of `app.processors.Fault` says more."""
    wanted = {"host": str, "port": int}
    return next((name for name, kind in wanted.items() if not isinstance(target.settings.get(name), kind)), None)


make.lacks = lacks  # type: ignore[attr-defined]
