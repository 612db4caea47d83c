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
``complete``             ``false``, or a ``summary`` without a transcript, is not what was said (recording)
=======================  ======================================================================

A row with such a field is treated as a row of that class too, whatever its category is called: a contact person
filed among ordinary data stays somebody else. A row without any that names another person than the one who asked, by an
identifier somebody vouches for, is somebody else's too (:mod:`app.domain.release_owner`).

What a person changes about the rules' word is in :mod:`app.domain.redaction`; it is applied here, so that what is shown
before the release and what is sent are made in one way.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.domain.identity import Level, suffices
from app.domain.redaction import Redaction, RedactionAction, Subject
from app.domain.release_fields import Hidden, Sight, hide_fields, is_too_deep, mask
from app.domain.release_owner import Known, speaks_of_somebody_else
from app.domain.release_reasons import REASONS, Reason

__all__ = ["REASONS", "DataClass", "Reason", "Released", "Reviewed", "Withheld", "review"]

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


#: The least proof of identity for each class that may leave at all. A class that is not here never does by itself.
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
class Reviewed:
    """
    One row and what was made of it: ``row`` as it leaves, or the code in ``stays`` why it does not.

    ``masked`` names fields and the code of their mask; ``rule`` is what ruled (a class, or ``staff``);
    ``subject`` says what a person may still change.
    """

    row: dict[str, object] | None
    stays: str | None
    rule: str
    masked: tuple[tuple[str, str], ...]
    shows_security: bool
    subject: Subject


@dataclass(frozen=True, kw_only=True, repr=False)
class Released:
    """What may be handed over of one category of one processor, and what was left out of it."""

    category: str
    reviewed: tuple[Reviewed, ...]
    withheld: tuple[Withheld, ...]

    @property
    def rows(self) -> tuple[dict[str, object], ...]:
        return tuple(one.row for one in self.reviewed if one.row is not None)

    @property
    def shows_security(self) -> bool:
        """Whether anything that leaves tells how the home is protected."""
        return any(one.shows_security for one in self.reviewed)


@dataclass(frozen=True, kw_only=True)
class _View:
    """Who gets the row: what they proved, how they are known, and whether nobody may learn where they are."""

    data_class: str
    level: Level
    known: Known
    protected: bool

    def sight(self, opened: frozenset[str] = frozenset()) -> Sight:
        high = suffices(self.level, needed=NEEDED[DataClass.SECURITY])
        return Sight(may_see_security=high, protected=self.protected, opened=opened)


def review(
    *,
    category: str,
    data_class: str,
    rows: Sequence[Row],
    level: Level,
    known: Known | None = None,
    protected: bool = False,
    redactions: Sequence[Sequence[Redaction]] = (),
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
        protected: Whether whatever tells a place is masked (skyddade personuppgifter).
        redactions: For each row in order what a person changed; checked before (``redaction.check``), and what the
            rules leave to nobody stays closed here too.

    Sources:
        GDPR Art. 5(1)(f), 10, 12(6), 15(4), 20(4), 32; C-579/21 for the names of employees; IMY-2023-4559 for
        transcripts instead of sound.
    """
    view = _View(data_class=data_class, level=level, known=known or {}, protected=protected)
    changes = redactions or [()] * len(rows)
    reviewed = tuple(_review_row(row, view, change) for row, change in zip(rows, changes, strict=True))
    tally: Counter[tuple[Literal["row", "field"], str]] = Counter()
    for one in reviewed:
        if one.stays is not None:
            tally["row", one.stays] += 1
        else:
            tally.update(("field", code) for _, code in one.masked)
    withheld = tuple(
        Withheld(category=category, what=what, count=count, reason_code=code)
        for (what, code), count in sorted(tally.items())
    )
    return Released(category=category, reviewed=reviewed, withheld=withheld)


def _review_row(row: Row, view: _View, change: Sequence[Redaction]) -> Reviewed:
    plain = _ruled(row, view, frozenset(), frozenset())
    if not change:
        return plain
    opened = frozenset[str]().union(*(one.opens() for one in change))
    shown = frozenset(one.field for one in change if one.field and one.action is RedactionAction.SHOW)
    found = _ruled(row, view, opened, shown)
    return _hidden_by_staff(_replaced(row, found, change), plain.subject, change)


def _ruled(row: Row, view: _View, opened: frozenset[str], shown: frozenset[str]) -> Reviewed:
    """What the rules make of a row in which a person has opened some codes and some fields."""
    hidden = Hidden()
    ruling, rule = _rule(row, view, hidden, opened)
    left = None if isinstance(ruling, str) else hide_fields(ruling, hidden, view.sight(shown))
    stays = ruling if isinstance(ruling, str) else None
    masked = () if left is None else tuple(hidden.fields)
    return Reviewed(
        row=left,
        stays=stays,
        rule=rule if not opened else "staff",
        masked=masked,
        shows_security=left is not None and (hidden.shows_security or view.data_class == DataClass.SECURITY),
        subject=Subject(
            fields=frozenset(map(str, row)) if isinstance(row, Mapping) else frozenset(),
            stays=stays,
            rule=rule,
            masked=dict(masked),
        ),
    )


def _replaced(row: Row, found: Reviewed, change: Sequence[Redaction]) -> Reviewed:
    """Words in the place of a row that may not leave as it is; only where the rules let a person do so."""
    for one in change:
        if one.action is not RedactionAction.REPLACE or one.reason not in found.subject.may(one.action):
            continue
        kept = {name: row[name] for name in ("call_id", "image_id", "at", "seconds") if isinstance(row.get(name), str)}
        said = {"transcript" if one.reason == "full_transcript" else "text": one.text}
        return _changed(found, row=kept | said, stays=None)
    return found


def _hidden_by_staff(found: Reviewed, subject: Subject, change: Sequence[Redaction]) -> Reviewed:
    hides = [one for one in change if one.action is RedactionAction.HIDE]
    if found.row is None or not hides:
        return _changed(found, subject=subject)
    whole = next((one for one in hides if one.field is None), None)
    if whole is not None:
        return _changed(found, row=None, stays=whole.reason, masked=(), shows_security=False, subject=subject)
    row, masked = dict(found.row), list(found.masked)
    for one in hides:
        if one.field in row:
            row[str(one.field)] = mask(one.reason)
            masked = [each for each in masked if each[0] != one.field] + [(str(one.field), one.reason)]
    return _changed(found, row=row, masked=tuple(masked), subject=subject)


def _changed(found: Reviewed, **said: object) -> Reviewed:
    ruled = {} if set(said) == {"subject"} else {"rule": "staff"}
    return Reviewed(**(vars(found) | ruled | said))


def _rule(row: Row, view: _View, hidden: Hidden, opened: frozenset[str]) -> tuple[Ruling, str]:
    """The ruling, and the name of what ruled."""
    data_class = view.data_class
    code = _NEVER.get(data_class) or ("unknown_class" if data_class not in NEEDED else None)
    if code is not None and code not in opened:
        return code, data_class
    data_class = DataClass.ORDINARY if code is not None else data_class
    if not isinstance(row, Mapping) or is_too_deep(row):
        return "malformed", "shape"
    if not suffices(view.level, needed=NEEDED[data_class]):
        return "needs_higher_identity", "identity"
    if not _says_whose(row) and speaks_of_somebody_else(row, view.known):
        return "rights_of_others", "owner"
    left, ruled = dict(row), str(data_class)
    for name, (marks, rule) in _RULES.items():
        if data_class == name or marks & row.keys():
            ruling = rule(left, hidden, opened)
            if isinstance(ruling, str):
                return ruling, name
            left, ruled = ruling, name
    return left, ruled


def _says_whose(row: Row) -> bool:
    return row.get("user_is_subject") is True or row.get("supplied_by_subject") is True


def _movement(row: Row, _hidden: Hidden, _opened: frozenset[str]) -> Ruling:
    return dict(row) if row.get("user_is_subject") is True else "rights_of_others"


def _third_party(row: Row, hidden: Hidden, _opened: frozenset[str]) -> Ruling:
    if row.get("user_is_subject") is True:
        return dict(row)  # filed among others, but about the person who asks
    if row.get("supplied_by_subject") is not True:
        return "rights_of_others"
    return _only(row, _THIRD_PARTY_FIELDS, hidden, "rights_of_others")


def _recording(row: Row, hidden: Hidden, opened: frozenset[str]) -> Ruling:
    transcript = row.get("transcript")
    if row.get("complete") is False or ("summary" in row and transcript is None):
        return "summary_only"  # F17: neither the voice nor what was said
    if isinstance(transcript, str):
        return _only(row, _RECORDING_FIELDS, hidden, "sound") if _may_be_read(row) else "voice_of_others"
    if not isinstance(transcript, list):
        return dict(row) if "needs_masking" in opened else "needs_masking"
    lines = [line for line in transcript if isinstance(line, Mapping) and _may_be_read(line)]
    if not lines:
        return "voice_of_others"
    for _ in range(len(transcript) - len(lines)):
        hidden.note("transcript", "voice_of_others")
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
    for name in row:
        if name not in kept:
            hidden.note(str(name), code)
    return kept


#: The classes with a rule for each row, and the fields that bring a row under it in any category.
_RULES: dict[str, tuple[frozenset[str], Callable[[Row, Hidden, frozenset[str]], Ruling]]] = {
    DataClass.MOVEMENT: (frozenset({"user_is_subject"}), _movement),
    DataClass.THIRD_PARTY: (frozenset({"supplied_by_subject"}), _third_party),
    DataClass.RECORDING: (frozenset({"speaker", "transcript", "audio", "video", "summary"}), _recording),
}
