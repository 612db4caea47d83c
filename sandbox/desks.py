"""
The recipients of the shipped profiles that only read mail: whose desk is where, and what is answered there.

None of them knows anything about the fictional people but what it is told, so there is nothing to copy.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.recipient_desk import Desk, DeskFailed, Mails, Reply

#: By the processor's key; ``.example`` is nobody's.
DESKS: Mapping[str, str] = {
    "riksbud": "gdpr@riksbud.example",
    "dhl": "privacy@dhl.example",
    "sales-agents": "ombud@forsaljning.example",
    "financial-services": "dataskydd@inkasso.example",
    "insurers": "dataskydd@forsakring.example",
}
#: What a page says, in the languages it is written in, where a copy is asked for.
_COPY = ("Lämna en kopia", "Hand over a copy")


def desk_of(key: object) -> str | None:
    """The address of the desk behind a processor's key; None where nobody sits."""
    return DESKS.get(str(key))


def reply_to(page: str) -> Reply:
    """What the people at these desks say: done, or that they hold nothing there could be a copy of."""
    if any(words in page for words in _COPY):
        return Reply("not_found")
    return Reply("completed")


class Desks:
    """Everybody who sits at a desk, answering what is mailed to them, each task once."""

    def __init__(self, base_url: str, mails: Mails) -> None:
        self._desks = [Desk(base_url=base_url, address=address, mails=mails) for address in DESKS.values()]
        self._done: set[str] = set()

    async def answer_all(self) -> Sequence[str]:
        """Answer what waits; the numbers of the tasks answered. A page that is gone was answered or given up."""
        waiting: list[tuple[Desk, str, str]] = []
        for desk in self._desks:
            waiting += [(desk, *one) for one in (await desk.waiting()).items() if one[0] not in self._done]
        answered: list[Any] = await asyncio.gather(*(self._one(*one) for one in waiting))
        return [number for number in answered if number]

    async def _one(self, desk: Desk, number: str, path: str) -> str | None:
        self._done.add(number)
        try:
            await desk.answer(path, reply_to)
        except DeskFailed:
            return None
        return number
