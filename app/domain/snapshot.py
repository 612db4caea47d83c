"""What the process sees of a case: plain values, read in one go, no rows and no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.domain.case import ClaimOutcome, ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.guarding import Cooling
from app.domain.identity import Level, suffices
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
    outcome: ClaimOutcome | None = None
    cooling: Cooling = Cooling.NOT_NEEDED  #: where its wait stands
    cooling_until: datetime | None = None

    @property
    def has_cooled_off(self) -> bool:
        """Whether nothing holds back any more what cannot be undone."""
        return self.cooling in (Cooling.NOT_NEEDED, Cooling.OVER)

    @property
    def is_carried_out(self) -> bool:
        """Decided, and decided so that processors have something to do."""
        return self.state is ClaimState.DECIDED and self.verdict in CARRIED_OUT


@dataclass(frozen=True, kw_only=True)
class Task:
    """One action asked of one recipient; ``claim`` is None for locate and freeze."""

    id: str
    claim: str | None
    processor: str
    action: Action
    state: TaskState = TaskState.OPEN
    outcome: Outcome | None = None
    answer_by: date
    next_at: datetime | None = None

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
    package_sealed: bool = False
    package_released: bool = False
    package_left_out: int = 0  #: rows that the sealed package withholds from the person
    stopped: bool = False  #: somebody said "that was not me", and nobody has settled it
    code_wanted: bool = False  #: the person waits for a one-time code

    def is_ready(self, claim: Claim) -> bool:
        """Whether the person is known well enough for this claim."""
        return suffices(self.assurance, needed=claim.needs)

    def tasks_of(self, claim: Claim) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.claim == claim.id)

    def located(self, processor: str) -> Task | None:
        """The locate task at that processor, if one was made."""
        return next((t for t in self.tasks if t.action is Action.LOCATE and t.processor == processor), None)

    @property
    def open_claims(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.state is not ClaimState.CLOSED)
