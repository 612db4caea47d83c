"""
The dictionary: what the field names, codes and states in an answer mean, in the person's language (GDPR Art. 12(1)).

Only what occurs is explained. A code nobody knows is said to be unknown, to the person and to staff: it is never
guessed at.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from app.letters.dictionary.contact_id import CONTACT_ID, LETTERS, QUALIFIERS
from app.letters.dictionary.fields import FIELDS, VALUES
from app.letters.dictionary.sia import SIA
from app.letters.words import LANGUAGES, Language

__all__ = ["CONTACT_ID", "FIELDS", "SIA", "VALUES", "Dictionary", "Entry", "explain", "of"]

#: Fields whose value is a code, and whose.
_CODED: Mapping[str, tuple[Literal["sia", "contact_id"], ...]] = {
    "sia_code": ("sia",),
    "sia": ("sia",),
    "contact_id": ("contact_id",),
    "cid": ("contact_id",),
    "cid_code": ("contact_id",),
    "event_code": ("sia", "contact_id"),
    "larmhandelse": ("sia", "contact_id"),
}
_SIA = re.compile(r"(?P<event>[A-Z]{2})[0-9]{0,4}")  # a zone may follow
_CONTACT_ID = re.compile(r"(?P<qualifier>[136ERP])?(?P<event>[0-9]{3})")
_LONGEST_CODE = 40
_MASKED = "[withheld: "
#: Openings and closings share their digits; the qualifier says which of the two it was.
_EITHER = ("Från- eller tillkoppling", "Disarming or arming")
_ONE_OF = {"1": ("Frånkoppling", "Disarming"), "3": ("Tillkoppling", "Arming")}

Kind = Literal["field", "sia", "contact_id", "value", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One word of the answer and what it means, in both languages."""

    kind: Kind
    code: str
    sv: str
    en: str

    def in_language(self, language: Language) -> str:
        return (self.sv, self.en)[LANGUAGES.index(language)]


@dataclass(frozen=True, kw_only=True)
class Dictionary:
    """Everything that occurs in an answer: what is explained, and the codes nobody knows."""

    entries: tuple[Entry, ...] = ()

    def of_kind(self, *kinds: Kind) -> tuple[Entry, ...]:
        return tuple(one for one in self.entries if one.kind in kinds)

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.of_kind("unknown"))

    def field(self, name: str, language: Language) -> str | None:
        """What stands in a field; None where nobody has said."""
        return next((one.in_language(language) for one in self.of_kind("field") if one.code == name), None)


def explain(field: str, value: object) -> Entry | None:
    """What one value means: a code by its field, a state by itself; None where there is nothing to explain."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    systems = _CODED.get(field.casefold())
    if systems is None:
        if text in VALUES and isinstance(value, str):
            return Entry(kind="value", code=text, sv=VALUES[text][0], en=VALUES[text][1])
        return None
    if not text or text.startswith(_MASKED):
        return None
    found = next((one for system in systems if (one := _READ[system](text)) is not None), None)
    return found or Entry(kind="unknown", code=text[:_LONGEST_CODE], sv="okänd kod", en="unknown code")


def _sia(text: str) -> Entry | None:
    found = _SIA.fullmatch(text)
    if found is None or found["event"] not in SIA:
        return None
    sv, en = SIA[found["event"]]
    return Entry(kind="sia", code=text, sv=sv, en=en)


def _contact_id(text: str) -> Entry | None:
    found = _CONTACT_ID.fullmatch(text)
    if found is None or found["event"] not in CONTACT_ID:
        return None
    sv, en = CONTACT_ID[found["event"]]
    if found["qualifier"]:
        qualifier = LETTERS.get(found["qualifier"], found["qualifier"])
        if en.startswith(_EITHER[1]) and qualifier in _ONE_OF:
            one = _ONE_OF[qualifier]
            sv, en = one[0] + sv.removeprefix(_EITHER[0]), one[1] + en.removeprefix(_EITHER[1])
        else:
            sv, en = f"{sv} ({QUALIFIERS[qualifier][0]})", f"{en} ({QUALIFIERS[qualifier][1]})"
    return Entry(kind="contact_id", code=text, sv=sv, en=en)


_READ = {"sia": _sia, "contact_id": _contact_id}


def of(rows: Iterable[Mapping[str, object]]) -> Dictionary:
    """The dictionary of everything that occurs in *rows*, at any depth; fields first, then codes, each once."""
    found: dict[tuple[str, str], Entry] = {}
    for field, value in _walk(rows):
        if field in FIELDS:
            found.setdefault(
                ("field", field), Entry(kind="field", code=field, sv=FIELDS[field][0], en=FIELDS[field][1])
            )
        if (entry := explain(field, value)) is not None:
            found.setdefault((entry.kind, entry.code), entry)
    order: tuple[Kind, ...] = ("field", "sia", "contact_id", "value", "unknown")
    return Dictionary(entries=tuple(sorted(found.values(), key=lambda one: (order.index(one.kind), one.code))))


def _walk(value: object, field: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name), inner
            if isinstance(inner, (Mapping, list, tuple)):
                yield from _walk(inner, str(name))
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for inner in value:
            if isinstance(inner, (Mapping, list, tuple)):
                yield from _walk(inner, field)
            elif field:
                yield field, inner
