"""
What goes into a package, and what a package refuses to be made of.

Rows and descriptions come from processors and are hostile until proved otherwise; keys become file names and are
checked against one narrow shape. Nothing here has a ``repr`` that shows personal data.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from app.domain.completeness import Missing, tells_something
from app.domain.errors import DomainError
from app.domain.release import REASONS
from app.domain.release_fields import DEEPEST, is_too_deep
from app.letters.facts import ControllerFacts, LeftOut, NotPortable
from app.letters.words import Language

MOST_ROWS = 100_000  #: of one category of one processor
MOST_BYTES = 256 * 1024 * 1024  #: of all files together, before compression

_KEY = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_LONGEST_KEY = 60


class PackageRefused(DomainError):
    """The package cannot be put together from what was given."""


class UnsafeName(PackageRefused):
    """A processor or category has a name that cannot be a file name, or has it twice."""


class PackageTooLarge(PackageRefused):
    """There is more in the package than can be handed over in one."""


class RowsTooDeep(PackageRefused):
    """A row is nested too deeply to be reviewed."""


class InformationIncomplete(PackageRefused):
    """The answer lacks information that the law demands about the data in it."""

    def __init__(self, missing: Sequence[Missing] = ()) -> None:
        super().__init__()
        self.missing = tuple(missing)


class UnknownReason(PackageRefused):
    """Something was left out for a reason that has no words."""


@dataclass(frozen=True)
class Told:
    """
    One thing the person must be told: ``said`` in the package's language, or the ``gap`` that says what is missing.

    Both may stand together (a list that is known not to be whole). Neither, or nothing but a link to a policy, is
    refused: F01, F02. ``stated`` says who settled it and when, where the policy did not.

    Raises:
        InformationIncomplete.
    """

    said: tuple[str, ...] = ()
    gap: str | None = None
    stated: str | None = None

    def __post_init__(self) -> None:
        if not tells_something((*self.said, self.gap or "")):
            raise InformationIncomplete


@dataclass(frozen=True)
class Title:
    """A heading in both languages."""

    sv: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.en if language == "en" else self.sv


@dataclass(frozen=True, kw_only=True)
class ProcessingInformation:
    """
    GDPR Art. 15(1)(a)-(d), (g) and 15(2) for one category (its id), plus the legal basis.

    ``recipients`` are names, not kinds of company (C-154/21).
    """

    category: str
    title: str
    purposes: Told
    legal_bases: Told
    recipients: Told
    retention: Told
    source: Told
    transfers: Told


@dataclass(frozen=True, kw_only=True, repr=False)
class CategoryRows:
    """
    What one processor holds in one category, after review. ``description`` is the processor's own.

    ``is_held`` is whether it gave any row at all, before review; ``portable`` whether Art. 20 reaches the category.
    """

    key: str
    title: Title
    rows: Sequence[Mapping[str, object]]
    description: str | None = None
    is_held: bool = True
    portable: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class PackagePart:
    """
    Everything from one processor. Without categories ``empty`` says why: the processor holds nothing about the person
    (``not_held``), said it handed data over and gave none with its answer (``not_given``), or did not do it
    (``not_done``).
    """

    key: str
    name: str
    categories: tuple[CategoryRows, ...] = ()
    empty: Literal["not_held", "not_given", "not_done"] = "not_held"


@dataclass(frozen=True, kw_only=True, repr=False)
class Disagreed:
    """What the person said against data that were not rectified, and the request they said it in (GDPR Art. 16)."""

    reference: str
    made_on: date
    text: str


@dataclass(frozen=True, kw_only=True, repr=False)
class PackageContents:
    """
    One answer to one person.

    Args:
        created_at: When it was put together, aware, in the controller's time zone.
        rights: The rights it answers, "access" and/or "portability".
        information: For access, one for every category of which anything is held.
        automated_decisions: Art. 15(1)(h), for access.
        not_portable: For portability, the categories that are not covered, and why.
        disagreed: For access, the person's own notes beside the data, the oldest first.
    """

    language: Language
    reference: str
    created_at: datetime
    controller: ControllerFacts
    rights: frozenset[str]
    parts: tuple[PackagePart, ...]
    left_out: tuple[LeftOut, ...] = ()
    information: tuple[ProcessingInformation, ...] = ()
    automated_decisions: Told | None = None
    not_portable: tuple[NotPortable, ...] = ()
    disagreed: tuple[Disagreed, ...] = ()


def check(contents: PackageContents) -> None:
    """Raise the :class:`PackageRefused` that applies, if any."""
    _check_names([part.key for part in contents.parts])
    for part in contents.parts:
        _check_names([category.key for category in part.categories])
        for category in part.categories:
            if len(category.rows) > MOST_ROWS:
                raise PackageTooLarge
            if any(not isinstance(row, Mapping) or is_too_deep(row, deepest=DEEPEST) for row in category.rows):
                raise RowsTooDeep
    if any(one.reason_code not in REASONS for one in contents.left_out):
        raise UnknownReason
    if "access" in contents.rights:
        _check_information(contents)


def _check_information(contents: PackageContents) -> None:
    explained = {one.category for one in contents.information}
    held = {category.key for part in contents.parts for category in part.categories if category.is_held}
    if held and (contents.automated_decisions is None or not held <= explained):
        raise InformationIncomplete


def _check_names(keys: Sequence[str]) -> None:
    if len(set(keys)) != len(keys):
        raise UnsafeName
    for key in keys:
        if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
            raise UnsafeName
