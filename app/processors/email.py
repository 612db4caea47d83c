"""
The kind ``email``: people without an API. A mail tells them that a task waits; they answer on its page.

The adapter sends nothing. It says which mail is due, and the mail is written in the transaction that records the
attempt: a worker that dies before it has mailed nobody and comes again, one that dies after it has mailed once.
That a mail went out is ``accepted`` and no more; the answer comes by the page, or a person goes after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from app.domain import recipient_page as rules
from app.domain.fanout import Outcome
from app.domain.faults import Fault, setting_missing, unknown_settings
from app.processors._faults import unfit
from app.processors._port import Answer, MailDue, Order, Target

LANGUAGES = ("sv", "en")
SETTINGS = frozenset({"address", "language", "reminder_days", "remind_days_before"})
_NO_ADDRESS = ("Must be one mail address, such as dsr@example.com.", "Ska vara en e-postadress, såsom dsr@example.com.")
_NO_DAYS = (
    f"Must be a list of at most {rules.MOST_REMINDERS} days, each from 1 to {rules.LONGEST_REMINDER}.",
    f"Ska vara en lista med högst {rules.MOST_REMINDERS} dagar, var och en från 1 till {rules.LONGEST_REMINDER}.",
)
_NO_NUMBER = (
    f"Must be a whole number from 0 to {rules.LONGEST_REMINDER}.",
    f"Ska vara ett heltal från 0 till {rules.LONGEST_REMINDER}.",
)


@dataclass(frozen=True, kw_only=True)
class EmailSettings:
    """What a registration says: to whom, in which language, when it is reminded."""

    address: str
    language: str
    days: tuple[int, ...]
    before: int

    def __repr__(self) -> str:
        return "<EmailSettings>"


def read_settings(settings: Mapping[str, Any]) -> EmailSettings | list[Fault]:
    """The settings, or everything that cannot be read of them."""
    faults = []
    address, language = settings.get("address"), settings.get("language", "sv")
    if address is None:
        faults.append(setting_missing("address"))
    elif not isinstance(address, str) or not rules.is_address(address):
        faults.append(unfit(("settings", "address"), *_NO_ADDRESS))
    if language not in LANGUAGES:
        faults.append(unfit(("settings", "language"), "Must be sv or en.", "Ska vara sv eller en."))
    days = _days(settings.get("reminder_days", list(rules.REMINDER_DAYS)))
    if days is None:
        faults.append(unfit(("settings", "reminder_days"), *_NO_DAYS))
    before = settings.get("remind_days_before", rules.DAYS_BEFORE)
    if isinstance(before, bool) or not isinstance(before, int) or not 0 <= before <= rules.LONGEST_REMINDER:
        faults.append(unfit(("settings", "remind_days_before"), *_NO_NUMBER))
    if faults:
        return faults
    return EmailSettings(address=str(address), language=language, days=days or (), before=before)


def _days(value: object) -> tuple[int, ...] | None:
    """Days as numbers, or as a profile writes them: texts of digits."""
    if not isinstance(value, list | tuple) or len(value) > rules.MOST_REMINDERS:
        return None
    read = [int(one) if isinstance(one, str) and one.isdecimal() else one for one in value]
    if any(isinstance(one, bool) or not isinstance(one, int) for one in read):
        return None
    return tuple(sorted(read)) if all(1 <= one <= rules.LONGEST_REMINDER for one in read) else None


def lacks(target: Target) -> list[Fault]:
    """A mail address; no endpoint and no secret."""
    found = read_settings(target.settings)
    return unknown_settings(target.settings, SETTINGS) + (found if isinstance(found, list) else [])


class Email:
    """One recipient reached by mail. *mails* says whether there is a mail server to hand anything to."""

    def __init__(self, target: Target, *, mails: bool) -> None:
        self._settings = read_settings(target.settings)
        self._mails = mails

    async def send(self, order: Order) -> Answer:
        """Mail at once: the task, or (sent once more by a person, or after a crash) a reminder of it."""
        settings = self._settings
        if isinstance(settings, list):
            return Answer(outcome=Outcome.FAILED, code=f"setting_{settings[0].pointer.rpartition('/')[2]}")
        if not self._mails:
            return Answer(outcome=Outcome.FAILED, code="no_mail_server")
        known = dict(order.progress or {})
        first = _instant(known.get("first")) or order.asked_at
        kind = "reminder" if known else "asked"
        return self._mailed(order, settings, first, MailDue(to=settings.address, language=settings.language, kind=kind))

    async def poll(self, order: Order, *, url: str) -> Answer:
        """Remind when it is time; whether the page was answered is told by the page itself."""
        due = _instant((order.progress or {}).get("due"))
        if due is not None and order.asked_at >= due:
            return await self.send(order)
        wait = (due or _after(order)) - order.asked_at
        return Answer(outcome=Outcome.ACCEPTED, code="waiting", wait=max(wait, timedelta(hours=1)))

    async def ask(self, order: Order) -> Answer:
        """Nothing leaves with an attempt that was not recorded, so it may be made again."""
        return Answer(outcome=Outcome.RETRY, code="not_mailed")

    async def aclose(self) -> None:
        """Nothing is held."""

    def _mailed(self, order: Order, settings: EmailSettings, first: datetime, mail: MailDue) -> Answer:
        now = order.asked_at
        due = rules.next_reminder(
            now, first=first, answer_by=order.answer_by, days=settings.days, before=settings.before
        )
        progress = {"first": first.isoformat(), "due": due.isoformat() if due else ""}
        wait = max((due or _after(order)) - now, timedelta(hours=1))
        return Answer(outcome=Outcome.ACCEPTED, code="mailed", wait=wait, progress=progress, mail=mail)


def _after(order: Order) -> datetime:
    """When nothing is left to do but what the case does by itself: a person goes after who stays silent."""
    return datetime.combine(order.answer_by + timedelta(days=1), time(), tzinfo=UTC)


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None
