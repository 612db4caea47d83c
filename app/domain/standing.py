"""
Whether what a task asks may leave the house: there is a yes behind it, and the yes is about whoever is known now.

The one rule for every way out (a first try, another one, a look at what became of it, a recipient's page): what nobody
has decided is asked of nobody, and nobody is asked anything about another person than the one somebody compared when
it was decided (GDPR Art. 5(1)(d), (f), 12(6), 24, 32).
"""

from dataclasses import dataclass

from app.domain.case import ClaimState
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.fanout import Action
from app.domain.rights import Right
from app.domain.snapshot import CARRIED_OUT

#: Looks and holds change nothing that is a person's; what ends a restriction undoes only what was done here.
NEEDS_NO_YES = frozenset({Action.LOCATE, Action.FREEZE, Action.LIFT_RESTRICTION})


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
