"""Who the bearer of a checked token is, in our own words; each issuer's words are translated here."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.domain.identity import Level
from app.tokens.brokers import EXCLUSIVE_NUMBERS
from app.tokens.issuers import IssuerSettings

_LONGEST_LIST = 64
_LONGEST_IDENTIFIER = 320
# Of this process only: lines of one log belong together, and no list of personnummer can be tried against them.
_SALT = os.urandom(16)


class ClaimMalformed(ValueError):
    """A claim is there but cannot be what it should be; names the claim, never its value."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Principal:
    """
    Who asks.

    Attributes:
        subject: The issuer's ``sub``; unique together with ``issuer``. Treat it as personal data.
        roles: Of :data:`app.tokens.issuers.ROLES`.
        controllers: Ids the bearer may act for or towards; empty is none, never all.
        level: What the login was worth (``acr``); unknown is none.
        auth_time: When the person last proved who they are, UTC; None if the issuer does not say.
        subject_number: Personnummer as the issuer wrote it, not yet normalised.
        previous_number: An earlier number of the same person (a coordination number), likewise.
        identifiers: How else the issuer vouches the person is known, as (type, value), not yet normalised.
        scope: OAuth scopes.
    """

    issuer: str
    subject: str
    roles: frozenset[str]
    controllers: frozenset[str]
    level: Level = Level.NONE
    auth_time: datetime | None = None
    subject_number: str | None = None
    previous_number: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    scope: frozenset[str] = field(default_factory=frozenset)

    def has(self, role: str, controller: str) -> bool:
        """Whether the bearer has this role at this controller."""
        return role in self.roles and controller in self.controllers

    @property
    def pseudonym(self) -> str:
        """Tells bearers apart in this process's log; another process gives another."""
        named = f"{self.issuer}\0{self.subject}".encode()
        return hashlib.blake2b(named, key=_SALT, digest_size=6).hexdigest()

    def __repr__(self) -> str:
        return f"<Principal {self.pseudonym}>"


def principal_of(claims: Mapping[str, Any], *, issuer: IssuerSettings, now: float, leeway: float) -> Principal:
    """
    Translate an issuer's checked claims.

    Args:
        now: Unix seconds, real wall clock.

    Raises:
        ClaimMalformed: If a claim we use has another shape than it should; a doubtful token is refused, not guessed at.
    """
    return Principal(
        issuer=issuer.issuer,
        subject=claims["sub"],
        roles=frozenset(_texts(claims, issuer.roles_claim)) & frozenset(issuer.roles),
        controllers=_controllers(claims, issuer),
        level=_level(claims, issuer),
        auth_time=_auth_time(claims, latest=now + leeway),
        subject_number=_subject_number(claims, issuer),
        previous_number=_number(claims, issuer.previous_number_claims),
        identifiers=tuple(_identifiers(claims, issuer)),
        scope=frozenset(_texts(claims, "scope")),
    )


def _controllers(claims: Mapping[str, Any], issuer: IssuerSettings) -> frozenset[str]:
    if issuer.controllers is None:
        return frozenset(_texts(claims, issuer.controllers_claim))
    if issuer.controllers_claim not in claims:
        return frozenset(issuer.controllers)
    return frozenset(_texts(claims, issuer.controllers_claim)) & frozenset(issuer.controllers)


def _level(claims: Mapping[str, Any], issuer: IssuerSettings) -> Level:
    """
    What the login is worth: an acr that is known, with everything it must be said with, at a time that is said.

    A login nobody knows the age of cannot be told from one that was stolen a year ago (OWASP ASVS 5.0 6.8.4).
    """
    acr = claims.get("acr")
    if acr is not None and not isinstance(acr, str):
        raise ClaimMalformed("acr")
    if not acr or claims.get("auth_time") is None:
        return Level.NONE
    if not _says_all(claims, issuer.acr_conditions.get(acr, {})):
        return Level.NONE
    return Level.from_key(issuer.acr_levels.get(acr, "none"))


def _says_all(claims: Mapping[str, Any], conditions: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether each of these claims says one of the words that are asked of it; one that is missing says none."""
    for name, words in conditions.items():
        value = claims.get(name)
        said = value if isinstance(value, list) else [value]
        if not any(isinstance(one, str) and one in words for one in said):
            return False
    return True


def _auth_time(claims: Mapping[str, Any], *, latest: float) -> datetime | None:
    value = claims.get("auth_time")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= latest:
        raise ClaimMalformed("auth_time")
    return datetime.fromtimestamp(value, UTC)


def _subject_number(claims: Mapping[str, Any], issuer: IssuerSettings) -> str | None:
    if all(claims.get(name) is not None for name in EXCLUSIVE_NUMBERS):
        raise ClaimMalformed(EXCLUSIVE_NUMBERS[1])
    number = _number(claims, issuer.subject_number_claims)
    return number if _says_all(claims, issuer.number_conditions) else None


def _number(claims: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = claims.get(name)
        if value is not None:
            if not isinstance(value, str) or not 10 <= len(value) <= 20:
                raise ClaimMalformed(name)
            return value
    return None


def _identifiers(claims: Mapping[str, Any], issuer: IssuerSettings) -> Iterator[tuple[str, str]]:
    for name, type_ in issuer.identifier_claims.items():
        value = claims.get(name)
        # An address nobody has verified is what the person wrote, not what the issuer knows.
        if value is None or (name in ("email", "phone_number") and claims.get(f"{name}_verified") is not True):
            continue
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_IDENTIFIER:
            raise ClaimMalformed(name)
        yield type_, value


def _texts(claims: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts, or one text of words separated by spaces, as OAuth has it."""
    value = claims.get(name)
    if value is None:
        return []
    texts = value.split() if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > _LONGEST_LIST or not all(isinstance(one, str) for one in texts):
        raise ClaimMalformed(name)
    return texts
