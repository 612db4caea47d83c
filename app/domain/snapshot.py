"""What the process sees of a case: plain values, read in one go, no rows and no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.case_clock import CaseClock
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.guarding import Cooling
from app.domain.identity import Level, suffices
from app.domain.ledger import SETTLED, About, EntryState
from app.domain.rights import Right

#: Verdicts that are carried out by processors.
CARRIED_OUT = (Verdict.GRANTED, Verdict.PARTLY_GRANTED)


def letter_key(kind: str, about: str = "") -> str:
    """How a letter stands in :attr:`Case.letters`."""
    return f"{kind}:{about}" if about else kind


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One right invoked in the request."""

    id: str
    right: Right
    needs: Level  #: the right's floor, or the profile's higher level
    state: ClaimState = ClaimState.OPEN
    verdict: Verdict | None = None
    excluded: frozenset[str] = frozenset()  #: categories a partly granted claim leaves out
    withheld: frozenset[str] = frozenset()  #: categories an erasure keeps or passes on, by its plan
    outcome: ClaimOutcome | None = None
    cooling: Cooling = Cooling.NOT_NEEDED  #: where its wait stands
    cooling_until: datetime | None = None

    @property
    def has_cooled_off(self) -> bool:
        """Whether nothing holds back any more what cannot be undone."""
        return self.cooling in (Cooling.NOT_NEEDED, Cooling.OVER)

    @property
    def left_out(self) -> frozenset[str]:
        """Categories nobody is asked to do anything to."""
        return self.excluded | self.withheld

    @property
    def is_carried_out(self) -> bool:
        """Decided, and decided so that processors have something to do."""
        return self.state is ClaimState.DECIDED and self.verdict in CARRIED_OUT


@dataclass(frozen=True, kw_only=True)
class Task:
    """
    One action asked of one recipient; ``claim`` is None for locate and freeze.

    A ``locate`` with a claim looks once more, after an erasure, whether anything is left (F22).
    """

    id: str
    claim: str | None
    processor: str
    action: Action
    state: TaskState = TaskState.OPEN
    outcome: Outcome | None = None
    answer_by: date
    next_at: datetime | None = None
    restriction: str | None = None  #: the one that it ends, where that was set about somebody else

    @property
    def is_over(self) -> bool:
        return self.state is TaskState.CLOSED


@dataclass(frozen=True, kw_only=True)
class Processor:
    """A registered recipient, and what it can be asked."""

    id: str
    actions: frozenset[Action]
    categories: frozenset[str]
    after: frozenset[str] = frozenset()  #: processors whose task of the same claim comes first
    forwarded: frozenset[str] = frozenset()  #: held for another controller (Art. 28); never in ``categories``


class ForwardingState(StrEnum):
    """Where passing a request on to its controller stands."""

    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """A restriction that came from a claim of this request; it outlives the request (GDPR Art. 18)."""

    id: str
    claim: str
    is_lift_proposed: bool = False
    is_lifted: bool = False
    is_former: bool = False  #: set about somebody else than the request turned out to be of


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One recipient in the ledger (GDPR Art. 19); ``processor`` is None where no system reaches it."""

    id: str
    claim: str
    about: About
    recipient: str
    processor: str | None = None
    state: EntryState = EntryState.PENDING

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED


@dataclass(frozen=True, kw_only=True)
class Forwarding:
    """A part of the request that belongs to another controller (GDPR Art. 28(3)(e))."""

    id: str
    processor: str
    due_by: date
    is_known: bool = False  #: whether it is known to whom
    state: ForwardingState = ForwardingState.PENDING

    @property
    def is_open(self) -> bool:
        return self.state is ForwardingState.PENDING


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as the process sees it."""

    phase: Phase
    status: str
    assurance: Level
    due_on: date
    claims: tuple[Claim, ...]
    tasks: tuple[Task, ...] = ()
    processors: Mapping[str, Processor] = field(default_factory=dict)
    letters: frozenset[str] = frozenset()  #: already written: the kind, or ``kind:about`` (:func:`letter_key`)
    unsent_letters: frozenset[str] = frozenset()  #: of these, the ones that are not out yet
    package_sealed: bool = False
    package_released: bool = False
    package_left_out: int = 0  #: rows that the sealed package withholds from the person
    clock: CaseClock = field(default_factory=CaseClock)
    unclassified: bool = False  #: free text of which no person has said yet what it claims
    is_follow_up: bool = False  #: nobody asked for it: it carries out what an answered request kept
    stopped: bool = False  #: somebody said "that was not me", and nobody has settled it
    code_wanted: bool = False  #: the person waits for a one-time code
    restrictions: tuple[Restriction, ...] = ()
    ledger: tuple[Entry, ...] = ()
    forwardings: tuple[Forwarding, ...] = ()
    recipients: tuple[str, ...] = ()  #: the controller's recipients that no system reaches
    to_forward: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: found there, held for another controller
    known_on: date | None = None  #: the day from which it was known well enough who asks, to look for them
    typed: bool = False  #: some of what the person is known by only the one who asks has written
    done_before: frozenset[str] = frozenset()  #: claims for which something was done while less was known of the person
    former: tuple[Task, ...] = ()  #: asked for somebody else than whoever is known now: of none of :attr:`tasks`
    erasure_opposed: bool = False  #: a restriction says that the person wants the data kept (Art. 18(1)(b)-(c))

    def is_ready(self, claim: Claim) -> bool:
        """Whether the person is known well enough for this claim."""
        return suffices(self.assurance, needed=claim.needs)

    def tasks_of(self, claim: Claim) -> tuple[Task, ...]:
        """What was asked for the claim itself: neither a restriction meanwhile nor the lifting of one."""
        apart = {Action.LIFT_RESTRICTION, Action.RESTRICT} - {claim.right.action}
        return tuple(task for task in self.tasks if task.claim == claim.id and task.action not in apart)

    def meanwhile(self, claim: Claim) -> tuple[Task, ...]:
        """Restrictions asked for while the claim is pending (GDPR Art. 18(1)(a), (d))."""
        if claim.right.action is Action.RESTRICT:
            return ()
        return tuple(task for task in self.tasks if task.claim == claim.id and task.action is Action.RESTRICT)

    def liftings(self, claim: str) -> tuple[Task, ...]:
        """What was asked to end a restriction that came from the claim, and is about whoever is known now."""
        return self._liftings(claim, None)

    def liftings_of(self, restriction: Restriction) -> tuple[Task, ...]:
        """What was asked to end one restriction."""
        return self._liftings(restriction.claim, restriction.id if restriction.is_former else None)

    def _liftings(self, claim: str, former: str | None) -> tuple[Task, ...]:
        found = (t for t in self.tasks if t.claim == claim and t.restriction == former)
        return tuple(task for task in found if task.action is Action.LIFT_RESTRICTION)

    def located(self, processor: str) -> Task | None:
        """The locate task at that processor, if one was made."""
        return next((t for t in self.searches if t.processor == processor), None)

    @property
    def searches(self) -> tuple[Task, ...]:
        """The questions whether the person is known at all."""
        return tuple(task for task in self.tasks if task.action is Action.LOCATE and task.claim is None)

    @property
    def open_claims(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.state is not ClaimState.CLOSED)
