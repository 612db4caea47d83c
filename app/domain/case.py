"""
The life of a request: which step may follow which.

A request is one letter, call or form of one person to one controller. Its phase is never assigned by hand; it only
moves through :func:`advance`. A closed request stays closed: a follow-up is a new one.
"""

from enum import StrEnum

from app.domain.errors import DomainError


class Phase(StrEnum):
    """The stable stages of a request; this list never grows."""

    RECEIVED = "received"
    IDENTIFYING = "identifying"
    ASSESSING = "assessing"
    EXECUTING = "executing"
    ANSWERING = "answering"
    CLOSED = "closed"


class Step(StrEnum):
    """What moves a request on."""

    ASK_FOR_IDENTITY = "ask_for_identity"
    BEGIN_ASSESSMENT = "begin_assessment"
    BEGIN_EXECUTION = "begin_execution"
    BEGIN_ANSWER = "begin_answer"
    EXECUTE_ANEW = "execute_anew"
    CLOSE = "close"


TRANSITIONS: dict[tuple[Phase, Step], Phase] = {
    (Phase.RECEIVED, Step.ASK_FOR_IDENTITY): Phase.IDENTIFYING,  # GDPR Art. 12(6)
    (Phase.RECEIVED, Step.BEGIN_ASSESSMENT): Phase.ASSESSING,  # proved at intake, or no proof needed (Art. 21(2))
    (Phase.IDENTIFYING, Step.BEGIN_ASSESSMENT): Phase.ASSESSING,
    (Phase.ASSESSING, Step.BEGIN_EXECUTION): Phase.EXECUTING,
    # An answer may be due from every open phase: withdrawn, not identified (Art. 11(2)), refused (Art. 12(4)).
    (Phase.RECEIVED, Step.BEGIN_ANSWER): Phase.ANSWERING,
    (Phase.IDENTIFYING, Step.BEGIN_ANSWER): Phase.ANSWERING,
    (Phase.ASSESSING, Step.BEGIN_ANSWER): Phase.ANSWERING,
    (Phase.EXECUTING, Step.BEGIN_ANSWER): Phase.ANSWERING,
    # Somebody else has proved to be the person: nothing that was to be answered was asked for them.
    (Phase.ANSWERING, Step.EXECUTE_ANEW): Phase.EXECUTING,
    (Phase.ANSWERING, Step.CLOSE): Phase.CLOSED,
}


class ClaimState(StrEnum):
    """Where one claim stands."""

    OPEN = "open"
    AWAITING_APPROVAL = "awaiting_approval"
    DECIDED = "decided"
    CLOSED = "closed"


class ClaimOutcome(StrEnum):
    """How a claim ended."""

    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"
    REFUSED = "refused"
    NOTHING_HELD = "nothing_held"
    NOT_IDENTIFIED = "not_identified"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"


class StepNotAllowed(DomainError):
    """The request cannot take this step from where it stands."""


class ClaimNotOpen(DomainError):
    """The claim has been decided or is over; nothing more can be decided about it."""


class AlreadyUnderWay(DomainError):
    """The claim is already being carried out and can no longer be withdrawn."""


def advance(phase: Phase, step: Step) -> Phase:
    """
    Return the phase a request is in after taking *step*.

    Raises:
        StepNotAllowed: If the table does not have that step from that phase.
    """
    try:
        return TRANSITIONS[phase, step]
    except KeyError:
        raise StepNotAllowed(f"A request that is {phase} cannot take the step {step}.") from None
