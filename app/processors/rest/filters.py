"""The closed list of filters. Each is pure: a value in, a value out, or :class:`BadValue`."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import phonenumbers

from app.processors.rest.escaping import BadValue

Arg = str | int
#: No such value; and: none, and its field may be left out.
MISSING: Final[Any] = type("Missing", (), {"__repr__": lambda _: "<missing>", "__bool__": lambda _: False})()
OMIT: Final[Any] = type("Omit", (), {"__repr__": lambda _: "<omit>"})()

_FORMAT = re.compile(r"[%YmdHMSfzjyBbaAIpZ0-9 ./:_,T-]{1,40}")
_GMAIL = ("gmail.com", "googlemail.com")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise BadValue("not_plain")


def _on_text(act: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of a text, or of each of several: what is missing stays so, what is empty afterwards is missing."""

    def filtered(value: Any, *args: Arg) -> Any:
        if value is MISSING or value is OMIT:
            return value
        if isinstance(value, list):
            return [made for one in value if (made := filtered(one, *args)) is not MISSING] or MISSING
        made = act(_text(value), *args)
        return MISSING if made == "" else made

    return filtered


def _on_value(act: Callable[..., Any]) -> Callable[..., Any]:
    def filtered(value: Any, *args: Arg) -> Any:
        return value if value is MISSING or value is OMIT else act(value, *args)

    return filtered


def _strip_gmail_dots(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return local.replace(".", "") + at + domain if domain.lower() in _GMAIL else text


def _e164(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException:
        raise BadValue("phone") from None
    if not phonenumbers.is_possible_number(number):
        raise BadValue("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _personnummer(text: str, separator: Arg = "", *, century: bool) -> str:
    digits = _digits(text)
    if len(digits) != 12:
        raise BadValue("personnummer")
    return f"{digits[0 if century else 2 : 8]}{separator}{digits[8:]}"


def _hashed(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _spelled(text: str, how: Arg) -> str:
    """An id as the vendor has it; ``given`` as whoever asks wrote it, which in an old case is small letters only."""
    match how:
        case "given":
            return text
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "digits" if text.isascii() and text.isdecimal():
            return text
    raise BadValue("spelling")


def _after(text: str, sign: Arg) -> str:
    return text.partition(str(sign))[2]


def _before(text: str, sign: Arg) -> str:
    return text.partition(str(sign))[0]


def _moment(value: Any) -> datetime | date:
    if isinstance(value, date):
        return value
    try:
        text = _text(value)
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        raise BadValue("date") from None


def _date(value: Any, pattern: Arg = "%Y-%m-%d") -> str:
    if not _FORMAT.fullmatch(str(pattern)):
        raise BadValue("date_format")
    return _moment(value).strftime(str(pattern))


def _epoch(value: Any) -> int:
    moment = _moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), tzinfo=UTC)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _days(value: Any, number: Arg) -> datetime | date:
    try:
        return _moment(value) + timedelta(days=int(number))
    except OverflowError:
        raise BadValue("date") from None


def _end_of_year(value: Any, years: Arg = 0) -> str:
    return date(_moment(value).year + int(years), 12, 31).isoformat()


def _default(value: Any, instead: Arg) -> Any:
    return instead if value is MISSING else value


def _optional(value: Any) -> Any:
    return OMIT if value is MISSING else value


def _end(at: int) -> Callable[[Any], Any]:
    def of(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return value[at] if value else MISSING

    return of


def _join(value: Any, sign: Arg = ",") -> str:
    return str(sign).join(_text(one) for one in (value if isinstance(value, list) else [value]))


def _integer(value: Any) -> int:
    try:
        return int(_text(value))
    except ValueError:
        raise BadValue("integer") from None


def _boolean(value: Any) -> bool:
    text = _text(value).lower()
    if text not in ("true", "false", "1", "0", "yes", "no"):
        raise BadValue("boolean")
    return text in ("true", "1", "yes")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "trim": _on_text(str.strip),
    "lower": _on_text(str.lower),
    "upper": _on_text(str.upper),
    "digits": _on_text(_digits),
    "e164": _on_text(_e164),
    "strip_gmail_dots": _on_text(_strip_gmail_dots),
    "personnummer10": _on_text(lambda text, *args: _personnummer(text, *args, century=False)),
    "personnummer12": _on_text(lambda text, *args: _personnummer(text, *args, century=True)),
    "sha1": _on_text(_hashed("sha1")),
    "sha256": _on_text(_hashed("sha256")),
    "md5": _on_text(_hashed("md5")),
    "base64": _on_text(lambda text: base64.b64encode(text.encode()).decode()),
    "base64url": _on_text(lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")),
    "json": _on_value(lambda value: json.dumps(value, ensure_ascii=False)),
    "spelled": _on_text(_spelled),
    "after": _on_text(_after),
    "before": _on_text(_before),
    "replace": _on_text(lambda text, old, new: text.replace(str(old), str(new))),
    "prefix": _on_text(lambda text, before: f"{before}{text}"),
    "default": _default,
    "optional": _optional,
    "first": _on_value(_end(0)),
    "last": _on_value(_end(-1)),
    "join": _on_value(_join),
    "list": _on_value(lambda value: value if isinstance(value, list) else [value]),
    "date": _on_value(_date),
    "epoch": _on_value(_epoch),
    "days": _on_value(_days),
    "end_of_year": _on_value(_end_of_year),
    "truncate": _on_text(lambda text, length: text[: int(length)]),
    "integer": _on_value(_integer),
    "text": _on_value(_text),
    "boolean": _on_value(_boolean),
}
#: How many arguments each takes, least and most; what is not named takes none.
ARGUMENTS: Final[dict[str, tuple[int, int]]] = {
    "personnummer10": (0, 1),
    "personnummer12": (0, 1),
    "spelled": (1, 1),
    "after": (1, 1),
    "before": (1, 1),
    "replace": (2, 2),
    "prefix": (1, 1),
    "default": (1, 1),
    "join": (0, 1),
    "date": (0, 1),
    "days": (1, 1),
    "end_of_year": (0, 1),
    "truncate": (1, 1),
}
