"""
The recipients' ledger: who was told of a change, and who could not be (GDPR Art. 19).

Rectification, erasure and restriction are told to every recipient the data were disclosed to, independent controllers
and processors alike (Art. 4(9)); so is the lifting of a restriction. Access, portability and objection alone are not.
"""

from enum import StrEnum

from app.domain.errors import DomainError


class EntryState(StrEnum):
    """Where one recipient's notification stands."""

    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"


class About(StrEnum):
    """What a recipient is told of."""

    CHANGE = "change"  #: what the claim wanted was done
    MEANWHILE = "meanwhile"  #: restricted while the claim is pending (Art. 18(1)(a), (d))
    LIFT = "lift"  #: the restriction ended
    FORMER = "former"  #: what was done was done for somebody else than whoever asked turned out to be


#: States in which nobody has to do anything more. Art. 19 asks to communicate; nobody can be made to confirm.
SETTLED = frozenset(EntryState) - {EntryState.PENDING}
#: The two ways out that Art. 19 has; both need a reason.
EXCUSES = frozenset({EntryState.IMPOSSIBLE, EntryState.DISPROPORTIONATE})
#: Shorter than this no reason explains anything.
LEAST_REASON = 10
#: Codes for why nobody had to be told by hand: the task said so.
NOTHING_HELD = "nothing_held"
#: Stands among the recipients for whoever something was done to, or let out of, without having asked.
FORMER_PERSON = "former_person"


class UnknownEntry(DomainError):
    """The request's ledger has no such entry."""


class EntryFollowsTask(DomainError):
    """This recipient is reached by a system: the entry follows its task, settle that one."""


class EntrySettled(DomainError):
    """That this recipient could not be told was written down; it is not unsaid."""


class ExcuseNeedsReason(DomainError):
    """That telling is impossible or disproportionate needs a reason (GDPR Art. 19)."""


class EntryNotSettled(DomainError):
    """A recipient has been told, has confirmed, or could not be told; it does not become pending again."""


#: A confirmation may follow a notice; nothing else follows a settled entry.
FOLLOWS: dict[EntryState, frozenset[EntryState]] = {
    EntryState.PENDING: SETTLED,
    EntryState.SENT: frozenset({EntryState.CONFIRMED}) | EXCUSES,
    EntryState.CONFIRMED: frozenset(),
    EntryState.IMPOSSIBLE: frozenset({EntryState.SENT, EntryState.CONFIRMED}),
    EntryState.DISPROPORTIONATE: frozenset({EntryState.SENT, EntryState.CONFIRMED}),
}


def check_settling(*, now: EntryState, to: EntryState, reason: str) -> None:
    """
    Refuse what a person may not say of an entry.

    Raises:
        EntryNotSettled, EntrySettled, ExcuseNeedsReason
    """
    if to is EntryState.PENDING:
        raise EntryNotSettled
    if to not in FOLLOWS[now]:
        raise EntrySettled
    if to in EXCUSES and len(reason.strip()) < LEAST_REASON:
        raise ExcuseNeedsReason
