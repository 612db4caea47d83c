"""
One rule for many cases in one test: all of them are tried, and those that break it are named.

For cases by the hundred that need no fixture of their own: a test for each costs more than the case.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Broken(AssertionError):
    """The cases that broke the rule, each with what became of it."""


class Every:
    """``for one in cases: with every(one): ...`` inside ``with every_one() as every``."""

    def __init__(self) -> None:
        self.tried = 0
        self.broken: list[BaseException] = []

    @contextmanager
    def __call__(self, case: object) -> Iterator[None]:
        self.tried += 1
        try:
            yield
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(f"in the case of {case!r}")
            self.broken.append(error)


@contextmanager
def every_one() -> Iterator[Every]:
    """
    Try the rule in every case; afterwards all failures are raised together, each with its case in its notes.

    Raises:
        BaseExceptionGroup: Of every failure there was.
        Broken: No case was tried, which shows nothing.
    """
    every = Every()
    yield every
    if not every.tried:
        raise Broken("no case was tried")
    if every.broken:
        raise BaseExceptionGroup(f"{len(every.broken)} of {every.tried} cases break the rule", every.broken)
