"""
Whose row it is: a processor may answer with somebody else's, by a slip or because it was asked with another's number.

A row that names its person by a field such as ``personnummer`` or ``E-post`` is compared with what somebody vouches for
about the one who asked. Only a readable value that differs speaks against a row: an empty or shortened one does not.
"""

import re
from collections.abc import Callable, Mapping

from app.domain.release_fields import words_of

#: By type of identifier, the values that are the person's own, as they are normalised when they come in.
Known = Mapping[str, frozenset[str]]

#: Field names, numbers and signs aside, and the type of identifier they hold. ``agent_email`` is nobody's here.
_TYPES: dict[str, str] = {
    **dict.fromkeys(("personnummer", "personnr", "personalnumber", "ssn"), "personnummer"),
    **dict.fromkeys(("email", "emailaddress", "mail", "epost", "epostadress"), "email"),
    **dict.fromkeys(
        ("phone", "phonenumber", "telephone", "telefon", "telefonnummer", "telefonnr", "tel", "mobil", "mobile",
         "mobilnummer", "mobiltelefon", "mobilephone", "mobilenumber"),
        "phone",
    ),
}  # fmt: skip
_SHORTEST_PHONE = 6


def speaks_of_somebody_else(row: object, known: Known) -> bool:
    """Whether anything in *row*, at any depth, names a person by an identifier that is none of *known*."""
    if isinstance(row, Mapping):
        return any(
            _contradicts(str(name), value, known) or speaks_of_somebody_else(value, known)
            for name, value in row.items()
        )
    return isinstance(row, (list, tuple)) and any(speaks_of_somebody_else(one, known) for one in row)


def _contradicts(name: str, value: object, known: Known) -> bool:
    type_ = _TYPES.get("".join(word for word in words_of(name) if word.isalpha()))
    if type_ is None or not (own := known.get(type_)):
        return False
    is_same = _SAME[type_]
    said = value if isinstance(value, (list, tuple)) else [value]
    readings = [
        [is_same(str(one), mine) for mine in own]
        for one in said
        if isinstance(one, (str, int)) and not isinstance(one, bool)
    ]
    return any(None not in of_one and True not in of_one for of_one in readings)


def _same_number(said: str, own: str) -> bool | None:
    """Ten digits name a person within a century; with twelve on both sides the century counts too."""
    left, right = _digits(said), _digits(own)
    if len(left) not in (10, 12):
        return None
    shared = min(len(left), len(right))
    return left[-shared:] == right[-shared:]


def _same_email(said: str, own: str) -> bool | None:
    return said.strip().casefold() == own.casefold() if "@" in said else None


def _same_phone(said: str, own: str) -> bool | None:
    """A national number lacks its country, so the longer one only has to end as the shorter does."""
    left = _digits(said.replace("(0)", "")).lstrip("0")
    return _digits(own).endswith(left) if len(left) >= _SHORTEST_PHONE else None


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


#: Whether two values are the same identifier; None where the first cannot be read as one.
_SAME: dict[str, Callable[[str, str], bool | None]] = {
    "personnummer": _same_number,
    "email": _same_email,
    "phone": _same_phone,
}
