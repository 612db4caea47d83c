"""
The story: eight chapters about people and their requests, told day by day on the movable clock.

Each chapter plays its people through the public API, says what Insyn answers, and ends by checking what must have come
of it. The clock only moves forward, some ten years in all; the order is such that no jump spoils a later chapter.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.caller import Caller
from sandbox.chapters import bookkeeping, epilogue, ex_partner, extended, forwarded, mixed, protected, refused
from sandbox.chapters.stage import Stage, StoryFailed, Tell
from sandbox.people import PEOPLE

__all__ = ["CHAPTERS", "Chapter", "StoryFailed", "tell_story"]


@dataclass(frozen=True)
class Chapter:
    """One chapter: what it is called, and who plays it."""

    title: str
    play: Callable[[Stage], Awaitable[None]]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter("A copy, an erasure, and no more advertising", mixed.play),
    Chapter("The ex-partner", ex_partner.play),
    Chapter("Somebody who must not be found", protected.play),
    Chapter("The alarm centre and its customer", forwarded.play),
    Chapter("Three months instead of one", extended.play),
    Chapter("A no", refused.play),
    Chapter("Kept by law, until its year", bookkeeping.play),
    Chapter("What is left", epilogue.play),
)


async def tell_story(
    base_url: str,
    folder: Path,
    journal: Path,
    *,
    begin: Callable[[int, str], None],
    tell: Tell,
    chapters: Sequence[Chapter] = CHAPTERS,
) -> None:
    """
    Play *chapters*; *begin* takes each one's number and title, *tell* a day and a sentence.

    Args:
        folder: For the packages and the evidence that people take away.
        journal: Where the signed checkpoints are.

    Raises:
        CallFailed: A chapter does not end as it must.
    """
    async with Caller(base_url) as caller:
        stage = Stage(caller, folder, journal, tell)
        await stage.enter(*(person.id for person in PEOPLE))
        for number, chapter in enumerate(chapters, start=1):
            begin(number, chapter.title)
            await chapter.play(stage)
