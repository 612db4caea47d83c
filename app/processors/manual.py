"""The kind ``manual``: nobody to call; a person does the work and records what came of it."""

from app.domain.fanout import Outcome
from app.domain.faults import Fault
from app.processors._port import Answer, Order, Target


def lacks(target: Target) -> list[Fault]:
    """Nothing can be sent to it, and nothing is missing."""
    return []


class Manual:
    """A recipient that only people reach: its tasks are staff's."""

    async def send(self, order: Order) -> Answer:
        return Answer(outcome=Outcome.REFUSED, code="manual")

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self.send(order)

    async def ask(self, order: Order) -> Answer:
        return await self.send(order)

    async def aclose(self) -> None:
        """Nothing is held."""
