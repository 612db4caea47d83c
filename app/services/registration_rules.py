"""
What nobody may say of a recipient, whether it is registered or changed by a person. Profiles have checks of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.db import Tx
from app.domain.errors import DomainError
from app.domain.fanout import Action, AnswerMode
from app.domain.faults import no_such_name
from app.models import ProcessorRow
from app.processors import Kind
from app.repositories import cases, registry

#: What a registration says of the processor itself, and not of how it is reached.
SETTLED = frozenset({"actions", "categories", "identifier_types", "answer_mode", "idempotency"})


class NobodySearchesByHand(DomainError):
    """People are not asked to locate anybody: what nobody can search is asked for in full."""


class HowItAnswersNeeded(DomainError):
    """A webhook says how it answers: sync, poll or callback."""


class SettledByUse(DomainError):
    """What it has, may be asked and told is settled once it was on or had a task: remove it and register it anew."""


class UnknownPredecessor(DomainError):
    """A processor waits only for others of the same controller; `errors` says which there are."""


def check_actions(kind: str, actions: Sequence[str]) -> None:
    """Refuse what no person is asked; raises :class:`NobodySearchesByHand`."""
    if kind in (Kind.MANUAL, Kind.EMAIL) and Action.LOCATE in actions:
        raise NobodySearchesByHand


def check_answers(kind: str, mode: str | None) -> None:
    """Refuse a webhook that nobody waits for; raises :class:`HowItAnswersNeeded`."""
    if kind == Kind.WEBHOOK and mode in (None, AnswerMode.HUMAN):
        raise HowItAnswersNeeded


async def check_changes(tx: Tx, row: ProcessorRow, changes: Mapping[str, Any]) -> None:
    """
    Refuse what nobody may change a held registration to.

    Raises:
        SettledByUse: What the processor has, may be asked or told, or how it answers, while it is on or after its
            first task (GDPR Art. 5(1)(c)).
        NobodySearchesByHand, HowItAnswersNeeded, UnknownPredecessor
    """
    is_new = row.state == "unconnected" or row.kind == Kind.MANUAL
    if SETTLED & changes.keys() and not (is_new and not await cases.has_tasks(tx, row.id)):
        raise SettledByUse
    check_actions(row.kind, changes.get("actions", ()))
    if "answer_mode" in changes:
        check_answers(row.kind, changes["answer_mode"])
    await check_after(tx, row.controller_id, changes.get("after", ()))


async def check_after(tx: Tx, controller: str, after: Sequence[str]) -> None:
    """Refuse to wait for whoever is not registered; raises :class:`UnknownPredecessor`, with all of them."""
    known = {one.key for one in await registry.processors_of(tx, [controller])}
    faults = [no_such_name(("after", place), one, known) for place, one in enumerate(after) if one not in known]
    if faults:
        raise UnknownPredecessor(faults=faults)
