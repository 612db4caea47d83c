"""
Which fields are masked in every row, whatever its category: secrets always, the home's defences below high identity.

A field is judged by its name, because a processor chooses the names and only they say what a value is. Names are read
in Swedish and English, in any case and spelling (``alarmCode``, ``PIN_2``, ``Lösenord``). A name that says no more than
"code" is a secret; one that says which code is one only if it is a code to get in with (``event_code`` is not).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from app.domain.release_reasons import REASONS

#: Deeper than this nobody has looked into a row, so it does not leave.
DEEPEST = 4

#: How many fields were hidden, by the code of the reason.
Hidden = Counter[str]

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
#: Fields whose value names what the value beside it is: {"type": "password", "value": ...}.
_NAMING = frozenset({"type", "kind", "field", "key", "label", "attribute", "typ", "slag", "falt"})

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+|[0-9]+")


def hide_fields(row: Mapping[str, object], hidden: Hidden, *, may_see_security: bool) -> dict[str, object]:
    """Return a copy of *row* with masks in place of what may not be seen, at any depth; count them in *hidden*."""
    names_a_secret = any(
        "".join(words_of(name)) in _NAMING and isinstance(value, str) and _is_secret(value)
        for name, value in row.items()
    )
    shown: dict[str, object] = {}
    for name, value in row.items():
        if names_a_secret or _is_secret(name):
            shown[name] = _masked("secret", hidden)
        elif not may_see_security and _is_security(name):
            shown[name] = _masked("needs_higher_identity", hidden)
        else:
            shown[name] = _inside(value, hidden, may_see_security)
    return shown


def _inside(value: object, hidden: Hidden, may_see_security: bool) -> object:
    if isinstance(value, Mapping):
        return hide_fields(value, hidden, may_see_security=may_see_security)
    if isinstance(value, (list, tuple)):
        return [_inside(item, hidden, may_see_security) for item in value]
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


def _masked(code: str, hidden: Hidden) -> str:
    hidden[code] += 1
    return mask(code)


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
