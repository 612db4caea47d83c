"""
Which fields are masked in every row, whatever its category: secrets always, the home's defences below high identity,
the names of employees and guards, and, where nobody may learn where a person is, whatever tells a place.

A field is judged by its name, because a processor chooses the names and only they say what a value is. Names are read
in Swedish and English, in any case and spelling (``alarmCode``, ``PIN_2``, ``Lösenord``). A name that says no more than
"code" is a secret; one that says which code is one only if it is a code to get in with (``event_code`` is not).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.release_reasons import REASONS

#: Deeper than this nobody has looked into a row, so it does not leave.
DEEPEST = 4


class Hidden(Counter[str]):
    """How many fields of a row were hidden, by the code of the reason; which ones, and what was let through."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []  #: (field, code of the reason)
        self.shows_security = False  #: whether a field leaves that tells how the home is protected

    def note(self, field: str, code: str) -> None:
        self[code] += 1
        self.fields.append((field, code))


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What whoever gets the row may see: the home's defences, places, and fields a person has opened by name."""

    may_see_security: bool
    protected: bool = False
    opened: frozenset[str] = frozenset()


_SECRET_WORDS = frozenset({"pin", "pins", "puk", "pwd", "pw", "losen"})
#: Secrets where the name says nothing else, numbers aside: ``code``, ``Kod 2``, ``codes``.
_BARE_SECRETS = frozenset({"code", "codes", "kod", "koden", "koder", "koderna"})
_SECRET_PARTS = (
    "password", "passwd", "passphrase", "passcode", "codeword", "safeword", "pincode", "armcode", "alarmcode",
    "securitycode", "accesscode", "doorcode", "entrycode", "keycode", "secret", "duress",
    "losenord", "kodord", "pinkod", "larmkod", "sakerhetskod", "portkod", "dorrkod", "hemlig", "tvangskod",
)  # fmt: skip
_SECURITY_WORDS = frozenset(
    {"zone", "zones", "zon", "zoner", "detector", "detectors", "detektor", "panel", "key", "keys", "nyckel", "nycklar",
     "cabinet", "keyholder", "keyholders", "nyckelhallare", "centralapparat"}
)  # fmt: skip
_SECURITY_PARTS = ("responsetime", "responsminut", "onsiteafter", "insatstid", "installningstid")
#: Who did something at work: C-579/21 gives the date and the purpose, and the name only where it is indispensable.
_STAFF = frozenset(
    {"agent", "guard", "employee", "technician", "installer", "dispatcher", "vaktare", "handlaggare", "anstalld",
     "tekniker", "montor", "larmoperator"}
)  # fmt: skip
_STAFF_NAMING = frozenset({"name", "id", "email", "phone", "number", "signature", "namn", "nummer", "epost", "telefon"})
_STAFF_WHOLE = frozenset(
    {"author", "forfattare", "accessedby", "viewedby", "readby", "openedby", "handledby", "lookedupby", "registeredby",
     "answeredby", "operatorname", "operatorid", "oppnadav", "lastav", "hanteradav"}
)  # fmt: skip
_PLACES = frozenset(
    {"address", "adress", "street", "gata", "gatuadress", "bostadsadress", "postadress", "zip", "zipcode", "postcode",
     "postnummer", "postnr", "postort", "ort", "city", "town", "apartment", "lagenhet", "latitude", "longitude", "lat",
     "lon", "lng", "coordinates", "koordinater", "position", "location", "plats", "place", "kommun", "municipality",
     "cell"}
)  # fmt: skip
#: ``email_address`` is an address that says nothing of where anybody lives.
_NO_PLACES = frozenset({"email", "e", "mail", "epost", "ip", "mac", "web"})
#: Fields whose value names what the value beside it is: {"type": "password", "value": ...}.
_NAMING = frozenset({"type", "kind", "field", "key", "label", "attribute", "typ", "slag", "falt"})

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+|[0-9]+")


def hide_fields(row: Mapping[str, object], hidden: Hidden, sight: Sight) -> dict[str, object]:
    """Return a copy of *row* with masks in place of what may not be seen, at any depth; count them in *hidden*."""
    names_a_secret = any(
        "".join(words_of(name)) in _NAMING and isinstance(value, str) and _is_secret(value)
        for name, value in row.items()
    )
    shown: dict[str, object] = {}
    for name, value in row.items():
        code = "secret" if names_a_secret else _why_hidden(name, sight)
        if code is not None:
            hidden.note(str(name), code)
            shown[name] = mask(code)
            continue
        hidden.shows_security |= _is_security(name)
        shown[name] = _inside(value, hidden, sight)
    return shown


def _why_hidden(name: str, sight: Sight) -> str | None:
    if _is_secret(name):
        return "secret"
    if not sight.may_see_security and _is_security(name):
        return "needs_higher_identity"
    if sight.protected and _is_place(name):
        return "place"
    return "employee_name" if _is_staff(name) and name not in sight.opened else None


def _inside(value: object, hidden: Hidden, sight: Sight) -> object:
    if isinstance(value, Mapping):
        return hide_fields(value, hidden, sight)
    if isinstance(value, (list, tuple)):
        return [_inside(item, hidden, sight) for item in value]
    return value


def is_too_deep(value: object, *, deepest: int = DEEPEST) -> bool:
    """Whether *value* is nested deeper than *deepest* levels, the row itself being the first."""
    if isinstance(value, Mapping):
        inner: list[object] = list(value.values())
    elif isinstance(value, (list, tuple)):
        inner = list(value)
    else:
        return False
    return deepest == 0 or any(is_too_deep(item, deepest=deepest - 1) for item in inner)


def mask(code: str) -> str:
    """What stands in place of a value that was kept back; *code* is a key of REASONS."""
    return f"[withheld: {REASONS[code].code}]"


def words_of(name: str) -> list[str]:
    """The words and numbers of a field's name, without case, marks and signs: ``e-Post 2`` → ``e``, ``post``, ``2``."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", str(name)) if not unicodedata.combining(c))
    return _WORD.findall(_HUMP.sub(" ", plain).casefold())


def _is_secret(name: str) -> bool:
    words = words_of(name)
    joined = "".join(words)
    says_only_code = "".join(word for word in words if word.isalpha()) in _BARE_SECRETS
    return says_only_code or not _SECRET_WORDS.isdisjoint(words) or any(part in joined for part in _SECRET_PARTS)


def _is_security(name: str) -> bool:
    words = words_of(name)
    joined = "".join(words)
    return not _SECURITY_WORDS.isdisjoint(words) or any(part in joined for part in _SECURITY_PARTS)


def _is_staff(name: str) -> bool:
    words = [word for word in words_of(name) if word.isalpha()]
    named = bool(words) and words[0] in _STAFF and _STAFF_NAMING.issuperset(words[1:])
    return named or "".join(words) in _STAFF_WHOLE


def _is_place(name: str) -> bool:
    words = set(words_of(name))
    return not _PLACES.isdisjoint(words) and _NO_PLACES.isdisjoint(words)
