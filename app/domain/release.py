"""
What may leave the house: the last rule between a processor's answer and the person who asked.

Whoever asks may be the ex-partner, the burglar or somebody who looks for a person in hiding. So everything here
fails closed: a row leaves only where a rule says that it may, and a rule never loosens another. What stays behind is
counted and named with its reason and its law, because the person must be told what was left out.

A row tells about itself by these fields, and only a literal ``true`` counts as yes:

=======================  ======================================================================
``user_is_subject``      the person who asked did what the row tells, or is whom it describes
``supplied_by_subject``  the person who asked gave us this other person's details (third party)
``speaker``              ``subject``, ``caller``, ``agent``, ``employee`` or ``third_party`` (recording)
``transcript``           what was said, as text, or a list of ``{"speaker", "text"}`` (recording)
=======================  ======================================================================

A row with such a field is treated as a row of that class too, whatever its category is called: a contact person
filed among ordinary data stays somebody else. A row without any that names another person than the one who asked, by an
identifier somebody vouches for, is somebody else's too (:mod:`app.domain.release_owner`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.domain.identity import Level, suffices
from app.domain.release_fields import Hidden, hide_fields, is_too_deep
from app.domain.release_owner import Known, speaks_of_somebody_else
from app.domain.release_reasons import REASONS, Reason

__all__ = ["REASONS", "DataClass", "Reason", "Released", "Withheld", "review"]

Row = Mapping[str, object]
#: What a rule makes of a row: the row as it may leave, or the code of the reason why it may not.
Ruling = dict[str, object] | str


class DataClass(StrEnum):
    """How dangerous a category of data is in the wrong hands."""

    ORDINARY = "ordinary"
    MOVEMENT = "movement"
    SECURITY = "security"
    RECORDING = "recording"
    THIRD_PARTY = "third_party"
    SECRET = "secret"  # noqa: S105  the class, not one of them
    OFFENCE = "offence"


#: The least proof of identity for each class that may leave at all. A class that is not here never does.
NEEDED: dict[str, Level] = {
    DataClass.ORDINARY: Level.SUBSTANTIAL,
    DataClass.MOVEMENT: Level.SUBSTANTIAL,
    DataClass.RECORDING: Level.SUBSTANTIAL,
    DataClass.THIRD_PARTY: Level.SUBSTANTIAL,
    DataClass.SECURITY: Level.HIGH,
}
_NEVER = {DataClass.SECRET.value: "secret", DataClass.OFFENCE.value: "offence"}

_OWN_SPEAKERS = frozenset({"subject", "caller"})
_STAFF_SPEAKERS = frozenset({"agent", "employee"})
_RECORDING_FIELDS = frozenset({"call_id", "at", "seconds", "turn", "direction", "speaker", "transcript"})
_LINE_FIELDS = frozenset({"turn", "at", "speaker", "text"})
_THIRD_PARTY_FIELDS = frozenset({"name", "phone"})


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """How many rows, or fields of rows that did leave, were kept back in a category, and why (a key of REASONS)."""

    category: str
    what: Literal["row", "field"]
    count: int
    reason_code: str

    @property
    def source(self) -> str:
        """The law the reason rests on."""
        return REASONS[self.reason_code].source


@dataclass(frozen=True, kw_only=True, repr=False)
class Released:
    """What may be handed over of one category of one processor, and what was left out of it."""

    category: str
    rows: tuple[dict[str, object], ...]
    withheld: tuple[Withheld, ...]


def review(
    *, category: str, data_class: str, rows: Sequence[Row], level: Level, known: Known | None = None
) -> Released:
    """
    Return what of *rows* may leave, and a count of the rest with reasons.

    Args:
        category: The category's id, only to name it.
        data_class: Its class; one that is not known releases nothing.
        rows: A processor's answer, as it came: hostile until proved otherwise.
        level: What the person has proved of their identity.
        known: By type of identifier the person's own values, normalised; only vouched ones. A row that contradicts
            them stays, unless it says that it is the person's or that the person supplied it.

    Sources:
        GDPR Art. 5(1)(f), 10, 12(6), 15(4), 20(4), 32; C-579/21 for the names of employees; IMY-2023-4559 for
        transcripts instead of sound.
    """
    left: list[dict[str, object]] = []
    tally: Counter[tuple[Literal["row", "field"], str]] = Counter()
    for row in rows:
        hidden = Hidden()
        ruling = _rule(row, data_class, level, hidden, known or {})
        if isinstance(ruling, str):
            tally["row", ruling] += 1
            continue
        left.append(ruling)
        tally.update({("field", code): count for code, count in hidden.items() if count})
    withheld = tuple(
        Withheld(category=category, what=what, count=count, reason_code=code)
        for (what, code), count in sorted(tally.items())
    )
    return Released(category=category, rows=tuple(left), withheld=withheld)


def _rule(row: Row, data_class: str, level: Level, hidden: Hidden, known: Known) -> Ruling:
    if data_class in _NEVER:
        return _NEVER[data_class]
    if data_class not in NEEDED:
        return "unknown_class"
    if not isinstance(row, Mapping) or is_too_deep(row):
        return "malformed"
    if not suffices(level, needed=NEEDED[data_class]):
        return "needs_higher_identity"
    if not _says_whose(row) and speaks_of_somebody_else(row, known):
        return "rights_of_others"
    left = row
    for name, (marks, rule) in _RULES.items():
        if data_class == name or marks & row.keys():
            ruling = rule(left, hidden)
            if isinstance(ruling, str):
                return ruling
            left = ruling
    return hide_fields(left, hidden, may_see_security=suffices(level, needed=NEEDED[DataClass.SECURITY]))


def _says_whose(row: Row) -> bool:
    return row.get("user_is_subject") is True or row.get("supplied_by_subject") is True


def _movement(row: Row, _hidden: Hidden) -> Ruling:
    return dict(row) if row.get("user_is_subject") is True else "rights_of_others"


def _third_party(row: Row, hidden: Hidden) -> Ruling:
    if row.get("user_is_subject") is True:
        return dict(row)  # filed among others, but about the person who asks
    if row.get("supplied_by_subject") is not True:
        return "rights_of_others"
    return _only(row, _THIRD_PARTY_FIELDS, hidden, "rights_of_others")


def _recording(row: Row, hidden: Hidden) -> Ruling:
    transcript = row.get("transcript")
    if isinstance(transcript, str):
        return _only(row, _RECORDING_FIELDS, hidden, "sound") if _may_be_read(row) else "voice_of_others"
    if not isinstance(transcript, list):
        return "needs_masking"
    lines = [line for line in transcript if isinstance(line, Mapping) and _may_be_read(line)]
    if not lines:
        return "voice_of_others"
    hidden["voice_of_others"] += len(transcript) - len(lines)
    kept = _only(row, _RECORDING_FIELDS - {"speaker"}, hidden, "sound")
    return kept | {"transcript": [_only(line, _LINE_FIELDS, hidden, "employee_name") for line in lines]}


def _may_be_read(line: Row) -> bool:
    """Own words and those of employees; a speaker nobody named is taken for somebody else."""
    speaker = line.get("speaker")
    if not isinstance(speaker, str):
        return False
    own = speaker in _OWN_SPEAKERS and line.get("own_voice", True) is True
    return own or speaker in _STAFF_SPEAKERS


def _only(row: Row, fields: frozenset[str], hidden: Hidden, code: str) -> dict[str, object]:
    """The named fields of *row* with plain values; what else there was is counted under *code*."""
    kept = {
        name: value
        for name, value in row.items()
        if name in fields and (name == "transcript" or not isinstance(value, (Mapping, list, tuple)))
    }
    hidden[code] += len(row) - len(kept)
    return kept


#: The classes with a rule for each row, and the fields that bring a row under it in any category.
_RULES: dict[str, tuple[frozenset[str], Callable[[Row, Hidden], Ruling]]] = {
    DataClass.MOVEMENT: (frozenset({"user_is_subject"}), _movement),
    DataClass.THIRD_PARTY: (frozenset({"supplied_by_subject"}), _third_party),
    DataClass.RECORDING: (frozenset({"speaker", "transcript", "audio", "video"}), _recording),
}
