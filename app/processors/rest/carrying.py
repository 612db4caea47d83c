"""Carrying out an action's steps: in order, each once, loops within loops, ways around what must stay."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.fanout import Outcome
from app.processors.rest.building import filled, idempotency_key
from app.processors.rest.decoding import Unreadable
from app.processors.rest.expressions import Scope
from app.processors.rest.extraction import found
from app.processors.rest.filters import MISSING
from app.processors.rest.finding import identity, row_fits
from app.processors.rest.grammar_calls import Call, Request
from app.processors.rest.grammar_steps import CallStep, FinishStep, LoopStep, MergeStep, Step
from app.processors.rest.merging import body_of, changes, object_in, tell_unmapped
from app.processors.rest.reading import read
from app.processors.rest.reply import Reply
from app.processors.rest.rules import Verdict
from app.processors.rest.run import Run, Stop

#: Loops in loops: as deep as vendors' tenants are (organisations, accounts, lists).
DEEPEST_LOOP = 3


@dataclass(frozen=True)
class Went:
    """How a step went: where to go on, and what it leaves for later ones."""

    goto: str | None = None
    end: bool = False


async def carry_out(run: Run, steps: Sequence[Step], scope: Scope, *, under: str, depth: int = 0) -> bool:
    """
    Do the steps from first to last; returns whether the rest of the action is to be left out.

    *under* tells the same step for another find or item apart.

    Raises:
        Stop
    """
    at = 0
    while at < len(steps):
        step = steps[at]
        key = f"{under}/{step.id or at}"
        went = await _step(run, step, scope, key, depth)
        scope = _seen(run, step, scope, key)
        if went.end:
            return True
        at = _position(steps, went.goto, at) if went.goto else at + 1
    return False


def _position(steps: Sequence[Step], name: str, at: int) -> int:
    for number in range(at + 1, len(steps)):
        if steps[number].id == name:
            return number
    raise Stop(Outcome.FAILED, "bad_goto")


def _seen(run: Run, step: Step, scope: Scope, key: str) -> Scope:
    """The scope with a step's outputs as ``steps.<id>.<name>``."""
    if step.id is None:
        return scope
    outputs = run.progress.done.get(key, {}).get("outputs", {})
    return scope.having(steps={**scope.names.get("steps", {}), step.id: outputs})


async def _step(run: Run, step: Step, scope: Scope, key: str, depth: int) -> Went:
    if not run.conditions(step.when, scope):
        return Went(goto=step.otherwise)
    if not covered(run, step.covers):
        pass_over(run, step.covers)
        return Went(goto=step.otherwise)
    reach(run, step)
    went = await _taken(run, step, scope, key, depth)
    if went.goto is None and (not isinstance(step, CallStep) or is_change(step)):
        run.reached |= set(step.covers or run.connector.outputs)
    return went


async def _taken(run: Run, step: Step, scope: Scope, key: str, depth: int) -> Went:
    known = run.progress.done.get(key)
    if known is not None and not isinstance(step, LoopStep):
        run.left |= set(known.get("left", ()))
        return Went(goto=known.get("goto"), end=bool(known.get("end")))
    match step:
        case CallStep():
            return await _call(run, step, scope, key)
        case MergeStep():
            return await _merge(run, step, scope, key)
        case LoopStep():
            return await _loop(run, step, scope, key, depth)
        case FinishStep():
            return _finish(run, step, scope, key, depth)


def covered(run: Run, outputs: Sequence[str]) -> bool:
    """Whether all that something takes effect on is asked for, and none of it is to be kept."""
    return all(run.asked(one) and not run.kept(one) for one in outputs)


def pass_over(run: Run, outputs: Sequence[str]) -> None:
    """Note what was left because it goes together with more than was asked for, or with what is kept."""
    run.left |= {one for one in outputs if run.asked(one) and not run.kept(one)}


def reach(run: Run, step: Step) -> None:
    """What was left is seen to by a later step that covers it, or that says of no output that it does not."""
    if step.covers:
        run.left -= set(step.covers)
    elif not isinstance(step, CallStep) or is_change(step):
        run.left.clear()


def is_change(step: CallStep) -> bool:
    return step.request.method not in ("GET", "HEAD")


async def _call(run: Run, step: CallStep, scope: Scope, key: str) -> Went:
    changing = is_change(step)
    if step.corrects:
        tell_unmapped(run, step.corrects)
    if run.dry and changing and step.dry_run is None:
        run.would.append(f"{step.request.method} {step.request.path or step.request.url}")
        return Went(end=step.done == "end")
    request = _rehearsal(step, scope) if run.dry and changing else step.request
    if changing and run.dry:
        run.would.append(f"{request.method} {request.path or request.url} (rehearsed)")
    reply, verdict = await run.ask(step, scope, key=idempotency_key(run.order.task_id, key), request=request)
    if run.dry and changing:
        return Went(goto=verdict.goto, end=step.done == "end")
    outputs = _outputs(run, step, reply)
    receipt = run.receipts(step.receipt, reply)
    return _noted(run, step, scope, key, verdict, changing=changing, outputs=outputs, receipt=receipt)


def _outputs(run: Run, step: CallStep, reply: Reply) -> dict[str, Any]:
    made = {}
    for name, where in step.outputs.items():
        try:
            values = found(where, reply.decoded, reply.headers)
        except Unreadable:
            continue
        if values:
            made[name] = values[0] if len(values) == 1 else values
    return made


def _rehearsal(step: CallStep, scope: Scope) -> Request:
    extra = filled(step.dry_run, scope)
    extra = extra if isinstance(extra, dict) else {}
    if step.request.form is not None:
        return step.request.model_copy(update={"form": {**step.request.form, **extra}})
    body = step.request.json_body if isinstance(step.request.json_body, dict) else {}
    return step.request.model_copy(update={"json_body": {**body, **extra}})


def _noted(
    run: Run,
    step: CallStep | MergeStep,
    scope: Scope,
    key: str,
    verdict: Verdict,
    *,
    changing: bool = True,
    **more: Any,
) -> Went:
    """Write down what a step came to, so that no later attempt does it again."""
    if verdict.goto is not None:
        run.note(key, what="went_on", goto=verdict.goto)
        return Went(goto=verdict.goto)
    what = str(verdict.outcome)
    if what == "success":
        what = step.outcome if changing else "read"
    retain = verdict.rule.retain if verdict.outcome == "retained" else step.retain
    if retain is not None and what not in ("no_match",):
        more["retained"] = run.retained(retain, scope)
    effect = (step.effect or run.plan.effect) if what in ("success", "partial", "retained", "already_done") else None
    if verdict.outcome == "retained" and verdict.rule.retain is not None:
        effect = None  # the vendor refused: nothing took effect, and what no law keeps is still there
        pass_over(run, [one for one in step.covers if one not in verdict.rule.retain.outputs])
        more["left"] = sorted(run.left)
    if verdict.outcome in ("partial", "retained") and verdict.rule.reason:
        more["reason"] = verdict.rule.reason
    end = step.done == "end"
    run.note(key, what=what, effect=effect, **{name: value for name, value in more.items() if value}, end=end)
    return Went(end=end)


async def _merge(run: Run, step: MergeStep, scope: Scope, key: str) -> Went:
    merge = step.merge_put
    call = Call(request=merge.write, rules=step.rules)
    source = scope.names.get("m", {})
    if merge.read is not None:
        reading, verdict = await run.ask(Call(request=merge.read, rules=step.rules), scope)
        if verdict.outcome in ("no_match", "already_done") or verdict.goto:
            return _noted(run, step, scope, key, verdict)
        source = reading.decoded.value
    was = object_in(merge, source)
    changed = changes(run, merge, was, scope)
    if not changed:
        run.note(key, what="already_done", effect=step.effect or run.plan.effect, end=step.done == "end")
        return Went(end=step.done == "end")
    if run.dry:
        run.would.append(f"{merge.write.method} {merge.write.path or merge.write.url} ({', '.join(sorted(changed))})")
        return Went(end=step.done == "end")
    # What the vendor sent is a value, never a template: it goes in by its name.
    scope = scope.having(merged=body_of(merge, was, changed))
    sent = merge.write.model_copy(update={"json_body": "{{ merged }}"})
    reply, verdict = await run.ask(call, scope, key=idempotency_key(run.order.task_id, key), request=sent)
    receipt = run.receipts(step.receipt, reply)
    return _noted(run, step, scope, key, verdict, receipt=receipt)


async def _loop(run: Run, step: LoopStep, scope: Scope, key: str, depth: int) -> Went:
    loop = step.foreach
    if depth >= DEEPEST_LOOP:
        raise Stop(Outcome.FAILED, "loops_too_deep")
    items = await _loop_items(run, step, scope)
    if loop.match is not None:
        items = [one for one in items if row_fits(loop.match, one, run, scope)]
    if loop.max_items is not None and len(items) > loop.max_items:
        raise Stop(Outcome.REFUSED, "too_many_items", message="More came than can be one person's.")
    if not items and loop.on_empty == "needs_review":
        raise Stop(Outcome.REFUSED, "nothing_to_go_through")
    if not items and loop.on_empty == "no_match" and not any_effect(run):
        raise Stop(Outcome.NOT_FOUND, "no_match")
    for item in items:
        inner = scope.having(**{loop.as_: item})
        named = hashlib.sha256(identity(item, loop.key).encode()).hexdigest()[:12]
        if await carry_out(run, loop.steps, inner, under=f"{key}:{named}", depth=depth + 1):
            continue  # "end" within a loop ends that round
    return Went(end=step.done == "end")


async def _loop_items(run: Run, step: LoopStep, scope: Scope) -> list[Any]:
    loop = step.foreach
    if loop.reading is not None:
        return await read(run, loop.reading, scope)
    value = scope.find(tuple((loop.over or "").split(".")))
    if value is MISSING:
        return []
    return value if isinstance(value, list) else [value]


def _finish(run: Run, step: FinishStep, scope: Scope, key: str, depth: int) -> Went:
    finish = step.finish
    if finish.outcome == "needs_review" and depth == 0 and any_effect(run):
        # What is to be done is done of every find first; a person sees to what is beyond it.
        run.for_a_person = Stop(Outcome.REFUSED, finish.reason or finish.outcome)
        return Went(end=True)
    match finish.outcome:
        case "rejected" | "needs_review":
            raise Stop(Outcome.REFUSED, finish.reason or finish.outcome)
        case "no_match" if not any_effect(run):
            raise Stop(Outcome.NOT_FOUND, finish.reason or "no_match")
    more: dict[str, Any] = {}
    if finish.retain is not None:
        more["retained"] = run.retained(finish.retain, scope)
    effect = run.plan.effect if finish.outcome in ("success", "partial") else None
    run.note(key, what=finish.outcome, effect=effect, end=True, **more)
    return Went(end=True)


def any_effect(run: Run) -> bool:
    """Whether something has taken effect in this order, in this attempt or an earlier one."""
    return any(one.get("effect") for one in run.progress.done.values())
