"""What lint says of an action that does less than it says, and of a search that finds somebody else."""

from collections.abc import Iterator, Sequence

from app.domain.fanout import Action
from app.processors.rest.finding import identifiers_in, kinds_of
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_calls import Retain
from app.processors.rest.grammar_steps import CallStep, FinishStep, Lookup, LoopStep, Native, Step
from app.processors.rest.lint_templates import Fault
from app.processors.rest.registration import plan_of

#: What several people of a home have in common; it stands behind whatever is a person's own.
_SHARED = frozenset({"phone", "address", "installation_id", "name"})


def reach_faults(connector: Connector) -> Iterator[Fault]:
    """
    The faults of reach.

    ``weaker_lookup``: a telephone stands in for something of the person's own that finds nobody (GDPR Art. 5(1)(f)).
    ``output_not_covered``: an erasure or restriction that no step carries out on an output (Art. 17(1), 18(1)).
    ``one_channel``: a stop of marketing that ends as done, and nothing says that it stops all there is (Art. 21(3)).
    """
    yield from _weaker(connector)
    for action in (Action.ERASE, Action.RESTRICT):
        plan = connector.actions.get(action)
        if isinstance(plan, Native):
            yield from _not_covered(connector, plan, f"actions.{action}")
    stop = plan_of(connector, Action.STOP_MARKETING)
    if isinstance(stop, Native) and stop.every_channel is None and not any(_hands_over(one) for one in stop.steps):
        yield Fault(
            "one_channel",
            "actions.stop_marketing",
            "say in every_channel why it stops all there is, or end with finish: {outcome: needs_review}",
        )


def _weaker(connector: Connector) -> Iterator[Fault]:
    own = {kind for one in connector.lookup for kind in _named(one)} - _SHARED
    for number, lookup in enumerate(connector.lookup):
        if lookup.phone_enough is not None or _named(lookup) - {"phone"} or not _named(lookup):
            continue
        said = [lookup.when] if isinstance(lookup.when, str) else lookup.when or []
        missing = sorted(kind for kind in own if f"not id.{kind}" not in said)
        if missing:
            wanted = ", ".join(f"not id.{one}" for one in missing)
            yield Fault(
                "weaker_lookup", f"lookup.{lookup.id or number}", f"several share a number: when needs {wanted}"
            )


def _named(lookup: Lookup) -> set[str]:
    """What a lookup knows the person by: what it compares, else what it is made with."""
    return kinds_of(lookup.match) if lookup.match is not None else set(identifiers_in(lookup))


def _not_covered(connector: Connector, plan: Native, where: str) -> Iterator[Fault]:
    for name in plan.leaves:
        if name not in connector.outputs:
            yield Fault("output_without_mapping", f"{where}.leaves", f"'{name}' is not declared in outputs")
    reached = reached_by(plan)
    for name in connector.outputs:
        if reached is not None and name not in {*reached, *plan.leaves}:
            yield Fault("output_not_covered", where, f"no step covers '{name}': cover it, or name it in leaves")


def reached_by(plan: Native) -> set[str] | None:
    """The outputs that an action takes effect on or names as retained; None where a step is about all there is."""
    covers = [step.covers for step in plan.steps if _changes(step)]
    if plan.job is not None:
        covers.append(plan.job.covers)
    if [] in covers:
        return None
    return {name for one in covers for name in one} | {name for one in _retains(plan.steps) for name in one.outputs}


def _changes(step: Step) -> bool:
    match step:
        case CallStep():
            return step.request.method not in ("GET", "HEAD")
        case LoopStep():
            return any(_changes(one) for one in step.foreach.steps)
    return not isinstance(step, FinishStep)


def _retains(steps: Sequence[Step]) -> Iterator[Retain]:
    for step in steps:
        if isinstance(step, LoopStep):
            yield from _retains(step.foreach.steps)
            continue
        if isinstance(step, FinishStep):
            yield from [step.finish.retain] if step.finish.retain else []
            continue
        yield from [step.retain] if step.retain else []
        yield from (one.retain for one in step.rules if one.retain is not None)


def _hands_over(step: Step) -> bool:
    return isinstance(step, FinishStep) and step.finish.outcome == "needs_review"
