"""What the service must know of a right to carry it through; the nine rights are nine values of this shape."""

from dataclasses import dataclass

from app.domain.decisions import Ground
from app.domain.fanout import Action
from app.domain.identity import Level


@dataclass(frozen=True, kw_only=True)
class Right:
    """
    One right a person may invoke.

    ``rank`` is the place in the order of execution: a claim's tasks start only when every claim of a lower rank
    in the same request is through (the copy before the restriction before the correction before the erasure).
    """

    key: str
    source: str  #: the article, as letters and answers cite it
    action: Action  #: what a processor that holds the person's data is asked to do
    needs: Level  #: the least proof of identity before anything is done
    refusal_grounds: tuple[Ground, ...]
    rank: int = 0
    tells_recipients: bool = False  #: GDPR Art. 19: every recipient is notified
    yields_package: bool = False  #: the answer is data, sealed and released as a package
    granted_at_once: bool = False  #: unconditional: no person weighs it
    freezes: bool = False  #: automatic deletion is held while the request runs
    by_a_person: bool = False  #: the action itself is a human review
    grant_needs_two: bool = False  #: four eyes also for the yes
