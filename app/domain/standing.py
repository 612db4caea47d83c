"""
Whether what a task asks may leave the house: there is a yes behind it, and the yes is about whoever is known now.

The one rule for every way out (a first try, another one, a look at what became of it, a recipient's page): what nobody
has decided is asked of nobody, and nobody is asked anything about another person than the one somebody compared when
it was decided (GDPR Art. 5(1)(d), (f), 12(6), 24, 32).

And it counts only for them: a task counts for the person it was asked for. Once somebody else is known, or more of the
same person, what was asked before is *former*: everybody is asked anew. What was done for the same person stays done;
what was done for another one is nothing that was done for whoever is known now (Art. 12(4), 15(1), 15(4), 17(1)).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.finding import Known
from app.domain.identity import Level
from app.domain.rights import Right
from app.domain.snapshot import CARRIED_OUT

#: Looks and holds change nothing that is a person's; what ends a restriction undoes only what was done here.
NEEDS_NO_YES = frozenset({Action.LOCATE, Action.FREEZE, Action.LIFT_RESTRICTION})
#: What changes something at a recipient that nobody undoes here: done for another than asked, somebody must see to it.
EFFECTS = frozenset(
    {
        Action.RECTIFY,
        Action.ERASE,
        Action.RESTRICT,
        Action.STOP_PURPOSES,
        Action.STOP_MARKETING,
        Action.REVIEW_DECISION,
        Action.NOTIFY,
    }
)
#: Why a lane has told nobody what it was about to: its try failed before anything left the house.
NEVER_LEFT = frozenset({"unreadable", "no_identifier", "phone_alone"})


class Former(StrEnum):
    """Why what was asked counts no more for whoever is known now."""

    ANOTHER = "another"  #: it was asked for somebody else
    MORE_KNOWN = "more_known"  #: it was asked for the same person, of whom more is known now


class NotDecided(DomainError):
    """Nobody has decided this for whoever is known now: decide first; what came of it before, a person says."""


@dataclass(frozen=True, kw_only=True)
class Yes:
    """
    A claim as far as its yes goes.

    Args:
        decided_for: A sign of the person it was decided about; None where nobody has decided, where the decision was
            undone, and where it was made before this was written down.
        known_now: The sign of the person who is known now.
    """

    right: Right
    state: ClaimState
    verdict: Verdict | None
    decided_for: bytes | None
    known_now: bytes

    @property
    def stands(self) -> bool:
        """Whether there is a yes to whoever is known now; one of which nothing could be done is tried again."""
        if self.decided_for is None:
            return self.state in (ClaimState.DECIDED, ClaimState.CLOSED) and self.verdict in CARRIED_OUT
        if self.state is ClaimState.OPEN:  # handed back, since nobody was able: the yes may be carried out again
            return self.decided_for == self.known_now
        has_yes = self.state is not ClaimState.AWAITING_APPROVAL and self.verdict in CARRIED_OUT
        return has_yes and self.decided_for == self.known_now


def needs_yes(action: Action, right: Right) -> bool:
    """Whether an action for a claim needs a decision: not what the law does at once (Art. 18(1)(a), (d), 7(3), 21)."""
    is_meanwhile = action is Action.RESTRICT and right.action is not Action.RESTRICT
    return not (action in NEEDS_NO_YES or is_meanwhile or right.granted_at_once)


def may_leave(action: Action, yes: Yes | None, *, asked_for: bytes | None) -> bool:
    """
    Whether a task's order may leave.

    Args:
        yes: The task's claim; None for what belongs to none, which is asked before anything is decided.
        asked_for: The sign of the person the task was made about.
    """
    if yes is None or not needs_yes(action, yes.right):
        return True
    return yes.stands and asked_for == yes.decided_for


def former(before: Iterable[Known], now: Iterable[Known], *, right: Right, checked: bool) -> Former:
    """
    Why what was asked for whoever was known *before* counts no more for whoever is known *now*.

    It is the same person as long as everything that was answered for still is. What was only written and compared
    by somebody (*checked*) was theirs then, and stays so while it is still written. Where the law asks for no proof
    (Art. 21(2)) nothing had to be answered for, and nobody else can have been meant.
    """
    if right.needs is Level.NONE:
        return Former.MORE_KNOWN
    known = list(now)
    written = {(one.type, one.value) for one in known}
    sure = {(one.type, one.value) for one in known if one.vouched}
    was_sure = {(one.type, one.value) for one in before if one.vouched}
    was_checked = {(one.type, one.value) for one in before if checked and not one.vouched}
    return Former.MORE_KNOWN if was_sure <= sure and was_checked <= written else Former.ANOTHER


def is_compared(right: Right, *, checked: bool) -> bool:
    """Whether what was only written goes out for a claim: somebody has compared it, or nobody needs to (Art. 21(2))."""
    return checked or right.needs is Level.NONE


def has_effect(action: Action, outcome: Outcome | str | None) -> bool:
    """Whether a task has changed something for the person it was asked for."""
    return action in EFFECTS and outcome in DONE


def has_left(outcome: Outcome | str | None, code: str | None) -> bool:
    """Whether with a try that came to this something may have left the house; one that is not over has."""
    return not (outcome == Outcome.FAILED and code in NEVER_LEFT)
