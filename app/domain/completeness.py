"""
What an access answer must say about each category of data it holds: GDPR Art. 15(1)(a)-(h) and 15(2).

The answer does not leave while a piece is empty (F01). A gap that a policy leaves open is an empty piece until the
controller has said what is true; a link to a policy fills nothing (F02); a kind of recipient fills nothing unless the
controller gives one of the reasons for which a kind may stand in for a name (F03, C-154/21).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import DomainError

_ONLY_A_LINK = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)


class Piece(StrEnum):
    """One thing that must be told. What is always the same (Art. 15(1)(e)-(f)) stands in the answer's own text."""

    PURPOSES = "purposes"
    RECIPIENTS = "recipients"
    RETENTION = "retention"
    SOURCE = "source"
    TRANSFERS = "transfers"
    AUTOMATED_DECISIONS = "automated_decisions"


#: The article of each piece.
ARTICLES: Mapping[Piece, str] = {
    Piece.PURPOSES: "GDPR Art. 15(1)(a)",
    Piece.RECIPIENTS: "GDPR Art. 15(1)(c)",
    Piece.RETENTION: "GDPR Art. 15(1)(d)",
    Piece.SOURCE: "GDPR Art. 15(1)(g)",
    Piece.AUTOMATED_DECISIONS: "GDPR Art. 15(1)(h)",
    Piece.TRANSFERS: "GDPR Art. 15(2)",
}
#: Why a kind of recipient may stand in for its name (C-154/21).
KIND_REASONS = ("not_yet_known", "cannot_be_identified", "manifestly_excessive")


class OnlyALink(DomainError):
    """A link to a policy tells the person nothing: say it here."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A piece nobody has told: of which category, under which article, and the path at which it can be settled."""

    path: str
    piece: Piece
    category: str | None = None

    @property
    def article(self) -> str:
        return ARTICLES[self.piece]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is told of one piece, and the paths at which something of it is still to be settled."""

    texts: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def tells_something(texts: Iterable[str]) -> bool:
    """Whether any of these says more than where else to look."""
    return any(text.strip() and not _ONLY_A_LINK.fullmatch(text) for text in texts)


def missing(held: Mapping[str, Mapping[Piece, Said]]) -> tuple[Missing, ...]:
    """
    Name what is still to be told, each path once, in the order of the categories.

    Args:
        held: For every category of which anything is held about the person, what is told. A piece that is not there
            is missing like one that is empty.
    """
    found: dict[str, Missing] = {}
    for category, pieces in held.items():
        for piece in Piece:
            said = pieces.get(piece, Said())
            lacks = said.lacks or (() if tells_something(said.texts) else (path_of(category, piece),))
            for path in lacks:
                own = category if path.startswith(f"categories.{category}.") else None
                found.setdefault(path, Missing(path=path, piece=piece, category=own))
    return tuple(found.values())


def path_of(category: str, piece: Piece) -> str:
    """Where what is told of one piece of one category can be settled."""
    return f"categories.{category}.{piece}" if piece in OF_CATEGORY else piece.value


#: What is settled for each category; the rest holds for the controller as a whole.
OF_CATEGORY = (Piece.PURPOSES, Piece.RECIPIENTS, Piece.RETENTION, Piece.SOURCE)


def known_paths(categories: Collection[str], recipients: Collection[str]) -> frozenset[str]:
    """Every path at which a controller can settle something."""
    of_categories = {path_of(one, piece) for one in categories for piece in OF_CATEGORY}
    bases = {f"categories.{one}.legal_bases" for one in categories}
    whole = {Piece.TRANSFERS.value, Piece.AUTOMATED_DECISIONS.value, "recipient_list"}
    return frozenset(of_categories | bases | whole | {f"recipients.{one}" for one in recipients})
