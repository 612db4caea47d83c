"""
What a secret may look like, how long a replaced one is good, and what has no place among settings.

A secret goes in and never comes out. Settings are shown to whoever may read the registry, so a secret among them is
refused: better once too often, with a sentence that says where it belongs, than lying open once.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from app.domain.errors import DomainError

LONGEST = 8_000
#: How many names a processor's secrets have at most; no kind needs more than a handful.
MOST_NAMES = 20
#: How long the one before is accepted too, unless something else is said: a week is time for both sides to switch.
OVERLAP, LONGEST_OVERLAP = timedelta(days=7), timedelta(days=90)
#: ISO 8601, whole days or whole hours; zero ends the one before at once.
OVERLAP_PATTERN = r"^P([0-9]|[1-8][0-9]|90)D$|^PT[0-9]{1,3}H$"


class UnfitSecret(DomainError):
    """A secret is 1 to 8,000 characters without control characters; line breaks stand in PEM only."""


class TooManySecrets(DomainError):
    """A processor has at most twenty secrets by name; remove one that is not used."""


class SecretInSettings(DomainError):
    """Settings are shown, so no secret stands among them: give it by name to /v1/processors/{id}/secrets."""

    def __init__(self, where: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.where = where  #: the names and places that lead to it

    @property
    def pointer(self) -> str:
        """Where it stands, as far as the names on the way are plain words; a name may be a secret as well."""
        shown = []
        for name in self.where:
            if not re.fullmatch(r"[A-Za-z][A-Za-z_-]{0,39}|[0-9]{1,3}", name) or _looks_secret(name):
                break
            shown.append(name)
        return "/".join(["#/settings", *shown])


def check_secret(secret: str) -> None:
    """
    Refuse what no secret is, mostly a slip in copying.

    Raises:
        UnfitSecret: Empty, too long, or with control characters other than the line breaks of PEM.
    """
    if not 1 <= len(secret) <= LONGEST or not secret.strip():
        raise UnfitSecret
    within = secret.replace("\r\n", "\n").replace("\n", "") if secret.startswith("-----BEGIN ") else secret
    if any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 or one in "\u2028\u2029" for one in within):
        raise UnfitSecret


def overlap_of(text: str) -> timedelta:
    """Read a text of :data:`OVERLAP_PATTERN`."""
    number = int(re.sub(r"[^0-9]", "", text))
    return min(timedelta(hours=number) if text.startswith("PT") else timedelta(days=number), LONGEST_OVERLAP)


# --- settings --------------------------------------------------------------------------------------------------------

#: Whoever has a value of such a name has the way in.
_SECRET_WORDS = frozenset((
    "password", "passwords", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets", "token", "tokens",
    "credential", "credentials", "apikey", "authorization", "cookie",
))  # fmt: skip
_KEYS = frozenset({"key", "keys"})
#: Keys that are no secrets: of tables, of everybody, of what is looked up.
_OPEN_KEYS = frozenset((
    "public", "host", "primary", "foreign", "partition", "sort", "natural", "row", "column", "object", "lookup",
    "match", "group", "map", "customer", "idempotency", "cache", "translation", "certificate",
))  # fmt: skip
#: Last words of a name that speak *about* a secret: where it is asked for, what it is called, how it is sent.
_ABOUT = frozenset((
    "url", "uri", "endpoint", "path", "host", "header", "name", "names", "field", "column", "param", "parameter",
    "prefix", "suffix", "type", "kind", "format", "style", "ttl", "seconds", "minutes", "hours", "days", "lifetime",
    "expiry", "expires", "scope", "scopes", "audience", "location", "method", "algorithm", "alg", "grant", "required",
    "enabled", "count", "length", "size", "id", "from", "in", "fingerprint", "version", "bits",
))  # fmt: skip
#: Values that are secrets under any name.
_SECRET_VALUE = re.compile(
    r"whsec_|[sr]k_\w{8}|sk-[\w-]{16}|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|A[KS]IA[0-9A-Z]{12}|shpat_|dop_v1_"
    r"|AIza[\w-]{30}|SG\.[\w-]{16}|pat-[a-z0-9]{2,4}-[0-9a-f]{8}|npm_[A-Za-z0-9]{30}|EAA[A-Za-z0-9]{30}|ya29\."
    r"|eyJ[\w-]{8,}\.eyJ|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?i:bearer )\S"
)
_USER_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s@]*:[^/?#\s@]+@", re.IGNORECASE)
_PASSWORD_IN_TEXT = re.compile(r"(?i)\b(password|passwd|pwd|secret|access_token|api_?key|sig)\s*=\s*[^\s&;{$]{3,}")
#: A plain word, such as the name of a column or of a secret.
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z_. -]{0,39}|[0-9]{1,6}")


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that hold a secret; raises :class:`SecretInSettings`, which says where and not what."""
    for where, value in _leaves(settings, ()):
        if isinstance(value, bool) or value is None or value == "":
            continue
        text = str(value)
        if _looks_secret(text) or _is_named_secret(where, text):
            raise SecretInSettings(where)


def _leaves(value: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, (*where, str(name)))
            yield (*where, str(name)), None if not _looks_secret(str(name)) else str(name)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _leaves(one, (*where, str(number)))
    else:
        yield where, value


def _looks_secret(text: str) -> bool:
    stripped = text.strip()
    found = _SECRET_VALUE.match(stripped) or _USER_IN_URL.search(stripped) or _PASSWORD_IN_TEXT.search(stripped)
    return found is not None or _is_basic(stripped)


def _is_basic(text: str) -> bool:
    scheme, _, rest = text.partition(" ")
    try:
        return scheme.lower() == "basic" and b":" in base64.b64decode(rest, validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_named_secret(where: tuple[str, ...], value: str) -> bool:
    names = [_words(one) for one in where if not one.isdecimal()]
    if not names or names[-1][-1] in _ABOUT:
        return False
    return any(_is_secret_name(words, value) for words in names)


def _words(name: str) -> list[str]:
    """``clientSecret``, ``client-secret`` and ``client_secret`` alike."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower().split("_")


def _is_secret_name(words: list[str], value: str) -> bool:
    if _SECRET_WORDS.intersection(words):
        return True
    if not _KEYS.intersection(words) or _OPEN_KEYS.intersection(words):
        return False
    # "key" alone is a column as often as it is a way in: there the value says which.
    return len(words) > 1 or not _PLAIN_WORD.fullmatch(value)
