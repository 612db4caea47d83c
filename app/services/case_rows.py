"""A case as the process sees it, with what the controller's profile and the sealed answers say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from app.db import Tx
from app.domain import deadlines
from app.domain.fanout import Action, Outcome, TaskState
from app.domain.forwarding import split
from app.models import ProcessorRow, RequestRow, TaskRow
from app.profiles import Profile
from app.repositories import cases
from app.repositories.cases import CaseRows, Setting
from app.services import persons, tasks
from app.services.context import Context


def forwarded(profile: Profile) -> frozenset[str]:
    """The categories the controller holds for somebody else (GDPR Art. 28)."""
    return frozenset(category.id for category in profile.categories if category.role == "processor")


async def read(tx: Tx, ctx: Context, row: RequestRow) -> CaseRows:
    """A case's rows, ready to be looked at."""
    rows = await cases.rows_of(tx, row)
    profile = ctx.profile(row.controller_id)
    for_others = forwarded(profile)
    setting = Setting(
        forwarded=for_others,
        # What an answered request kept goes on its day: whoever was told of the erasure was told of all of it.
        recipients=() if row.follows is not None else unreached(profile, rows.processors),
        to_forward=_to_forward(ctx, rows, for_others) if for_others else {},
        known_on=_known_on(ctx, row, rows.tasks),
        typed=persons.has_typed(ctx, row),
    )
    return replace(rows, setting=setting)


def unreached(profile: Profile, processors: Iterable[ProcessorRow]) -> tuple[str, ...]:
    """The controller's current recipients that none of its registered systems leads to."""
    registered = {one.key for one in processors if one.state != "removed"}
    reached = {system.recipient for system in profile.systems if system.id in registered}
    return tuple(one.id for one in profile.recipients if one.current and one.id not in reached)


def _known_on(ctx: Context, row: RequestRow, found: Iterable[TaskRow]) -> date | None:
    """The civil day on which it was known well enough who asks: that day recipients were asked to look."""
    asked = [task.created_at for task in found if task.action == Action.LOCATE]
    return deadlines.civil_date(min(asked), zone=ctx.zone(row.controller_id)) if asked else None


def _to_forward(ctx: Context, rows: CaseRows, for_others: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """What each processor found of the person that belongs to another controller; all it has, where it does not say."""
    held = {one.id: split(one.categories, forwarded=for_others)[1] for one in rows.processors}
    found = {}
    for task in rows.tasks:
        over = task.state == TaskState.CLOSED and task.outcome != Outcome.NOT_FOUND
        if task.action == Action.LOCATE and over and held.get(task.processor_id):
            said = tasks.answer_of(ctx, rows.row, task).get("found_categories")
            theirs = held[task.processor_id]
            found[str(task.processor_id)] = theirs & set(said) if said else theirs
    return found
