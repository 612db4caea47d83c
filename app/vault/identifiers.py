"""
One spelling for each identifier, so that the same person is found however the number was typed.

Only what is normalised here goes into the blind index. A refusal names the type, never the value.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import luhn
from stdnum.exceptions import ValidationError

from app.domain.errors import DomainError

LONGEST = 320
_GA_CLIENT = re.compile(r"(?:GA\d\.\d+\.)?([0-9]{6,12}\.[0-9]{6,12})", re.ASCII)
_ECID = re.compile(r"[0-9]{38}", re.ASCII)


class MalformedIdentifier(DomainError):
    """This identifier is not one of its kind."""

    def __init__(self, type: str) -> None:
        super().__init__(f"This is not a valid {type.replace('_', ' ')}.")
        self.type = type


class UnknownIdentifierType(DomainError):
    """There is no such type of identifier."""


class _Malformed(Exception):
    """Inside this module only: carries nothing."""


def normalise(type: str, value: str, *, today: date) -> str:
    """
    Return the one spelling of an identifier.

    Args:
        type: One of :data:`TYPES`.
        value: As a person or a system wrote it.
        today: Civil date in the controller's time zone; decides the century of a ten-digit personnummer.

    Returns:
        personnummer 12 digits · e-mail case-folded · phone E.164 · all others trimmed, spaces collapsed, case-folded.

    Raises:
        MalformedIdentifier: Without the value, also in its traceback.
        UnknownIdentifierType: If there is no such type.
    """
    normaliser = NORMALISERS.get(type)
    if normaliser is None:
        raise UnknownIdentifierType
    if len(value) > LONGEST:
        raise MalformedIdentifier(type)
    try:
        return normaliser(_visible(value), today)
    except _Malformed:
        raise MalformedIdentifier(type) from None


#: Ids of other systems, some of which tell capitals from small letters: people are matched folded, and told as given.
SPELT = frozenset({"customer_number", "installation_id"})


def as_given(type: str, value: str) -> str | None:
    """
    Return an identifier as it was written, made tidy; None for the types of which no other spelling is kept.

    Args:
        type: One of :data:`TYPES`.
        value: As a person or a system wrote it.

    Returns:
        Trimmed, spaces collapsed, capitals as they were: what :func:`normalise` folds.

    Raises:
        MalformedIdentifier: Without the value, also in its traceback.
    """
    if type not in SPELT:
        return None
    if len(value) > LONGEST:
        raise MalformedIdentifier(type)
    try:
        return " ".join(_visible(value).split())
    except _Malformed:
        raise MalformedIdentifier(type) from None


def _visible(value: str) -> str:
    """The text without the invisible marks that come along when it is copied from a page or a message."""
    kept = "".join(one for one in unicodedata.normalize("NFC", value) if unicodedata.category(one) != "Cf").strip()
    if not kept or any(unicodedata.category(one) in ("Cc", "Cs") and not one.isspace() for one in kept):
        raise _Malformed
    return kept


# Twelve digits, or ten with the century left to the sign: '+' from the year in which one turns 100
# (folkbokföringslagen 1991:481, 18 §).
_PERSONNUMMER = re.compile(
    r"(?P<century>[0-9]{2})?(?P<year>[0-9]{2})(?P<rest>[0-9]{4})(?P<sign>[-+]?)(?P<last>[0-9]{4})"
)
#: Dashes that word processors and phones put in the place of a hyphen.
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
#: A samordningsnummer has 60 added to the day.
_COORDINATION_OFFSET = 60


def _personnummer(text: str, today: date) -> str:
    match = _PERSONNUMMER.fullmatch(re.sub(r"\s", "", text.translate(_DASHES)))
    if match is None:
        raise _Malformed
    year, rest, last = match["year"], match["rest"], match["last"]
    try:
        luhn.validate(year + rest + last)
    except ValidationError:
        raise _Malformed from None
    month, day = int(rest[:2]), int(rest[2:])
    day -= _COORDINATION_OFFSET if day > _COORDINATION_OFFSET else 0
    born = (
        _birth_date(int(match["century"] + year), month, day)
        if match["century"]
        else _latest_birth(int(year), month, day, today=today, is_centenarian=match["sign"] == "+")
    )
    if born > today:
        raise _Malformed
    return f"{born.year:04d}{rest}{last}"


def _birth_date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _Malformed from None


def _latest_birth(year: int, month: int, day: int, *, today: date, is_centenarian: bool) -> date:
    """
    The century the sign stands for, and never a birth still to come.

    Whoever turns 100 this year should write '+' and often does not: with '-' the only possible reading is taken.
    """
    latest = today.year - 100 if is_centenarian else today.year
    full = latest - (latest - year) % 100
    born = _birth_date(full, month, day)
    return born if born <= today else _birth_date(full - 100, month, day)


def _email(text: str, _today: date) -> str:
    try:
        checked = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise _Malformed from None
    return unicodedata.normalize("NFC", checked.normalized.casefold())


def _phone(text: str, _today: date) -> str:
    if any(one.isalpha() for one in text):  # the library reads '0800-FLOWERS'
        raise _Malformed
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException:
        raise _Malformed from None
    # Possible, not valid: a series handed out after this library's release is still somebody's number.
    if not phonenumbers.is_possible_number(number):
        raise _Malformed
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _words(text: str, _today: date) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def _ga_client_id(text: str, _today: date) -> str:
    """What Google Analytics calls a browser: the cookie ``_ga`` says ``GA1.1.`` before it."""
    found = _GA_CLIENT.fullmatch("".join(text.split()))
    if found is None:
        raise _Malformed
    return found[1]


def _ecid(text: str, _today: date) -> str:
    """What Adobe calls a browser: 38 digits, read off the page or the cookie."""
    digits = "".join(text.split())
    if not _ECID.fullmatch(digits):
        raise _Malformed
    return digits


NORMALISERS: dict[str, Callable[[str, date], str]] = {
    "personnummer": _personnummer,
    "email": _email,
    "phone": _phone,
    "customer_number": _words,
    "name": _words,
    "address": _words,
    "installation_id": _words,
    "ga_client_id": _ga_client_id,
    "ecid": _ecid,
}
TYPES = frozenset(NORMALISERS)
