"""
How a letter reaches the person, and when it is out.

Written is not sent: a letter behind the person's own login is out when it is written, a notice by mail when a mail
server has taken it, a letter on paper when somebody has posted it. An answer goes the way the request came unless the
person asks otherwise (GDPR Art. 12(1), 12(3)); nothing about the case ever stands in a mail.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from app.domain.errors import DomainError


class Via(StrEnum):
    """The way a letter takes."""

    PORTAL = "portal"
    EMAIL = "email"
    POST = "post"


#: Forms of an answer that a person has to carry out: on paper, or spoken with the letter as what was said.
BY_HAND = frozenset({"paper", "post", "letter", "oral"})
#: Channels whose letters are looked for behind the login: the person's own, and what was kept, which goes on the day
#: that the answer named, when no address of the person's may be left.
LOGS_IN = frozenset({"web", "retention"})
#: How many times a mail is tried, and how long is waited after each try: some three days in all.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)


class PostedInTheFuture(DomainError):
    """A letter cannot have been posted later than today."""


class PostedBeforeWritten(DomainError):
    """A letter cannot have been posted before it was written."""


class LetterIsOut(DomainError):
    """The letter is out already."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What is known of how to reach somebody; no address, only whether there is one."""

    channel: str  #: how the request came in
    answer_form: str | None = None  #: what the person asked for
    can_log_in: bool = False
    has_email: bool = False
    email_vouched: bool = False  #: a login, a member of staff or a proved person answers for the address
    may_mail: bool = True


class Guarded(Protocol):
    """A request with the marks that say whether its person may be mailed."""

    @property
    def protected(self) -> bool: ...

    @property
    def is_stopped(self) -> bool: ...


@dataclass(frozen=True)
class Way:
    """The way a letter takes, and whether a mail tells of it."""

    via: Via
    mails: bool = False


def way_of(reach: Reach) -> Way:
    """
    Return the way a letter to this person takes.

    A mail to an address that nobody answers for is a courtesy: it decides nothing and is waited for by nobody.

    Sources:
        GDPR Art. 12(1), 12(3); EDPB Guidelines 01/2022 (the same way as the request).
    """
    mailable = reach.has_email and reach.may_mail
    by_hand = reach.answer_form in BY_HAND or (reach.answer_form is None and reach.channel == "letter")
    if by_hand or not reach.can_log_in or not reach.may_mail:
        return Way(Via.POST)
    if mailable and reach.email_vouched:
        return Way(Via.EMAIL, mails=True)
    if reach.channel in LOGS_IN:
        return Way(Via.PORTAL, mails=mailable)
    return Way(Via.POST)  # who telephoned does not know that something lies behind a login


def may_mail(request: Guarded) -> bool:
    """
    Whether a request's person may be mailed at all.

    Not who is protected, whose mail others may read, and not while a request stands still because somebody said "that
    was not me": then the address may be the impostor's.
    """
    return not (request.protected or request.is_stopped)


def next_try(attempts: int) -> timedelta | None:
    """How long to wait after so many tries; None: a person takes over."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


def check_posting(posted_on: date, *, written_on: date, today: date) -> None:
    """
    Refuse a day on which the letter cannot have been posted; all are civil days in the controller's time zone.

    Raises:
        PostedInTheFuture, PostedBeforeWritten
    """
    if posted_on > today:
        raise PostedInTheFuture
    if posted_on < written_on:
        raise PostedBeforeWritten


def as_on_an_envelope(line: str) -> str:
    """
    A line of an address with capitals, for it is kept in one small spelling: ``storgatan 5 b`` → ``Storgatan 5 B``.
    """
    return " ".join(word[:1].upper() + word[1:] for word in line.split())
