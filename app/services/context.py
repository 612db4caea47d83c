"""What every use case is handed: the house's fixed things. Whatever changes (tx, now, actor) comes as a parameter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.db import Database
from app.domain import deadlines
from app.domain.errors import DomainError
from app.domain.working_days import Calendar
from app.profiles import Profile
from app.profiles.calendars import sweden
from app.settings import Settings
from app.vault.envelope import Vault
from app.vault.files import FileStore
from app.vault.journal import Journal
from app.vault.key_store import KeyStore


class UnknownController(DomainError):
    """There is no such controller here."""


@dataclass(frozen=True)
class Actor:
    """Who does something: a role and a pseudonymous reference, never a name."""

    role: str
    ref: str


#: What the service does by itself, on a rule and never on a judgement.
INSYN = Actor("system", "insyn")


@dataclass(frozen=True)
class Context:
    """The fixed things of one process."""

    settings: Settings
    database: Database
    vault: Vault
    files: FileStore
    shares: KeyStore  #: halves of the cases' data keys, outside the database
    journal: Journal  #: what was destroyed and what was checkpointed, outside the database
    profiles: Mapping[str, Profile] = field(repr=False)  #: by controller; a hundred thousand characters if shown

    def profile(self, controller: str) -> Profile:
        """A controller's profile; raises :class:`UnknownController`."""
        try:
            return self.profiles[controller]
        except KeyError:
            raise UnknownController from None

    def zone(self, controller: str) -> ZoneInfo:
        return ZoneInfo(self.profile(controller).timezone)

    def calendar(self, controller: str) -> Calendar:
        # Five controllers, one country; a second one gets a second calendar here.
        return sweden("eves" if self.profile(controller).calendar == "eves" else "strict")

    def today(self, controller: str, now: datetime) -> date:
        """The civil date at *now* in the controller's time zone."""
        return deadlines.civil_date(now, zone=self.zone(controller))

    def explain_deadline(
        self,
        controller: str,
        received_at: datetime,
        *,
        extended: bool = False,
        suspensions: Iterable[deadlines.Suspension] = (),
    ) -> deadlines.Deadline:
        """When an answer to something received at *received_at* is due, and why."""
        return deadlines.explain(
            received_at=received_at,
            calendar=self.calendar(controller),
            eves_calendar=sweden("eves"),
            zone=self.zone(controller),
            extended=extended,
            suspensions=suspensions,
        )
