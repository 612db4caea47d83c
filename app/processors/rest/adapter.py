"""
The kind ``rest``: one vendor's API as its connector describes it.

An order becomes: known well enough? found, and nobody else? then the steps, each once; a job is waited for; what comes
of it is said in our words. Whatever the vendor does is an answer, never an exception.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, assert_never

from app.domain.fanout import Action, Outcome
from app.domain.faults import Fault, no_such_name, setting_missing
from app.domain.finding import BY_NUMBER
from app.processors._port import Answer, Line, Order, Target, spelt
from app.processors.rest import jobs
from app.processors.rest.auth import LoginFailed
from app.processors.rest.carrying import any_effect, carry_out, covered, pass_over
from app.processors.rest.collecting import collect
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, Scope
from app.processors.rest.finding import Find, check_known, find
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_steps import AssumeHeld, Job, Manual, Native, NotApplicable, SameAs
from app.processors.rest.limiter import LimitReached
from app.processors.rest.lint import is_irreversible
from app.processors.rest.places import NotAllowed
from app.processors.rest.registration import Given, Unfit, given, lacking, plan_of, repeats_well
from app.processors.rest.result import answered, copied, effected, located
from app.processors.rest.rules import judge
from app.processors.rest.run import Progress, Run, Stop, corrections
from app.processors.rest.shelf import connectors
from app.processors.rest.wire import CutOff, NotSent, Wire


def lacks(target: Target) -> list[Fault]:
    """A connector there is, the settings and secrets it wants, and an output for each category that is registered."""
    if not (name := str(target.settings.get("connector", ""))):
        return [setting_missing("connector")]
    connector = connectors().get(name)
    if connector is None:
        return [no_such_name(("settings", "connector"), name, connectors())]
    return lacking(connector, target)


def secrets_taken(settings: Mapping[str, Any]) -> frozenset[str] | None:
    """The names of the connector's secrets; None while there is no such connector."""
    connector = connectors().get(str(settings.get("connector", "")))
    return None if connector is None else frozenset(connector.secrets)


def opened(target: Target, line: Line) -> "Rest":
    """The adapter of a registration; one that does not fit answers every order so."""
    return Rest(connectors().get(str(target.settings.get("connector", ""))), target, line)


async def try_connection(target: Target, line: Line) -> str:
    """Make the connector's own call that changes nothing; see :meth:`Rest.check`."""
    adapter = opened(target, line)
    try:
        return await adapter.check()
    finally:
        await adapter.aclose()


class Rest:
    """One processor reached through a connector."""

    def __init__(self, connector: Connector | None, target: Target, line: Line) -> None:
        self._connector = connector
        self._target = target
        self._line = line
        self._given: Given | None = None
        self._wire: Wire | None = None
        self._lacks = "setting.connector"
        if connector is not None:
            try:
                self._given = given(connector, target, sandbox=line.sandbox)
                self._wire = Wire(
                    connector, self._given.places, self._given.scope, line, target.named, self._given.authorities
                )
            except Unfit as unfit:
                self._lacks = unfit.word

    async def aclose(self) -> None:
        if self._wire is not None:
            await self._wire.aclose()

    async def send(self, order: Order) -> Answer:
        """Carry the order out, or go on with it where an earlier attempt stopped."""
        # Vendors tell capitals from small letters: all that is sent and compared is as it was given.
        order = replace(order, identifiers=tuple({**one, "value": spelt(one)} for one in order.identifiers))
        if self._connector is None or self._given is None or self._wire is None:
            return Answer(outcome=Outcome.FAILED, code=f"lacks_{self._lacks.replace('.', '_')}"[:60])
        plan = plan_of(self._connector, order.action)
        if isinstance(plan, Native | AssumeHeld) and (unmapped := self._unmapped(order)):
            # No output stands for it: to go on would be to say of it "done", "given" or "not there" unseen.
            named = ", ".join(unmapped)
            return _person(f"The registration maps no output to: {named}.", code="category_not_mapped")
        match plan:
            case None:
                return _person("The connector does not know this action; do it by hand and say what came of it.")
            case Manual():
                return _person(plan.manual)
            case NotApplicable():
                # For staff: what ends a task is told the person in a letter, which has its own words and language.
                said = {"outcome": "not_found", "evidence": {"not_applicable": plan.not_applicable}}
                return Answer(outcome=Outcome.NOT_FOUND, code="not_applicable", body=said)
            case AssumeHeld():
                return _assumed(self._given, order, plan)
            case SameAs():  # of another: lint lets no such file start
                return _person("The connector does not say what this action is.")
            case Native():
                return await self._native(order, plan, self._connector, self._given, self._wire)
        assert_never(plan)

    def _unmapped(self, order: Order) -> list[str]:
        """What the order is about that no output stands for; a connector without outputs is about all of a person."""
        if self._connector is None or self._given is None or not self._connector.outputs:
            return []
        return sorted(set(order.categories) - set(self._given.categories.values()))

    async def poll(self, order: Order, *, url: str) -> Answer:
        """Ask after the order's jobs; where they stand is in its progress."""
        return await self.send(order)

    async def ask(self, order: Order) -> Answer:
        """Vendors cannot be asked what became of a call; the connector knows whether it may be made again."""
        plan = plan_of(self._connector, order.action) if self._connector is not None else None
        if not isinstance(plan, Native):
            return await self.send(order)
        progress = Progress.read(order.progress)
        if progress.doubt is None and (progress.job is not None or repeats_well(plan)):
            return Answer(outcome=Outcome.RETRY, code="may_go_on", progress=progress.written())
        message = "Nobody knows whether the vendor did it. Look there; then send it again or say what came of it."
        return _person(message, code="effect_in_doubt", progress=progress.written())

    async def check(self) -> str:
        """Whether the connection works: ``ok``, or a short machine word for what stands in the way."""
        if self._connector is None or self._given is None or self._wire is None:
            return f"lacks_{self._lacks.replace('.', '_')}"
        if self._connector.check is None:
            return "no_check"
        try:
            reply = await self._wire.call(self._connector.check.request, self._given.scope)
        except (NotSent, CutOff, LoginFailed) as error:
            return error.code
        except (MissingValue, BadValue, NotAllowed, LimitReached):
            return "check_unfit"
        verdict = judge(reply, self._connector.check.rules, self._connector.rules, now=datetime.now(UTC))
        if verdict.outcome == "success":
            return reply.unreadable or "ok"
        return "auth" if verdict.outcome == "auth_expired" else verdict.code

    async def _native(self, order: Order, plan: Native, connector: Connector, ready: Given, wire: Wire) -> Answer:
        run = Run(
            connector=connector,
            wire=wire,
            order=order,
            plan=plan,
            categories=ready.categories,
            scope=_scope(ready.scope, order),
            dry=ready.dry_run,
            progress=Progress.read(order.progress),
        )
        run.progress.doubt = None  # whoever sends it again has looked, or may without looking
        finds: list[Find | None] = []
        try:
            check_known(run)
            answer = await _carried(run, finds, sandbox=self._line.sandbox)
        except Stop as stop:
            answer = _stopped(run, stop)
        await _finally(run, finds, answer)
        return answer


async def _carried(run: Run, finds: list[Find | None], *, sandbox: bool) -> Answer:
    """From the lookup to the answer; *finds* is filled for what is done at the end in any case."""
    run.left |= set(run.progress.left)  # what was left stays so where the steps are not gone through again
    if run.progress.effective_at is not None:
        return await _in_effect(run, sandbox=sandbox)
    if not (run.progress.job or {}).get("asked"):
        finds += await _found(run)
        _keep_finds(run, finds)
        scopes = []
        for one in finds:
            under, scope = ("-", run.scope) if one is None else (one[0], run.scope.having(m=one[1]))
            ended = await carry_out(run, run.plan.steps, scope, under=under)
            scopes.append(_with_steps(run, scope, under))
            if run.plan.job is not None and not ended:
                await _start(run, run.plan.job, scopes[-1], under)
        await _read(run, finds, scopes)
        await _see_what_is_left(run, finds, scopes)
        if run.for_a_person is not None:
            raise run.for_a_person
    if run.dry and run.would:
        raise Stop(Outcome.REFUSED, "dry_run", message=f"Nothing was changed. It would send: {'; '.join(run.would)}.")
    if run.plan.job is not None and run.progress.job is not None:
        await _waited(run, run.plan.job)
    if run.plan.effective_after is not None and any_effect(run):
        at = datetime.now(UTC) + run.plan.effective_after
        run.progress.effective_at = at.isoformat()
        return answered(run, _body(run) | {"outcome": "effective_later", "effective_at": at.isoformat()}, code="later")
    return answered(run, _body(run), code="done")


async def _read(run: Run, finds: list[Find | None], scopes: list[Scope]) -> None:
    """What is held of each output: all of it for a copy, enough to see that there is something for a search."""
    if run.order.action not in (Action.LOCATE, Action.EXPORT) or run.plan.job is not None:
        return
    wanted = run.plan.collect or run.connector.collect
    if wanted:
        await collect(run, wanted, list(zip(finds, scopes, strict=True)), probe=run.order.action is Action.LOCATE)
    elif run.order.action is Action.LOCATE:
        run.rows = {name: [{}] for name in run.categories}  # whoever is there has what the vendor keeps


async def _see_what_is_left(run: Run, finds: list[Find | None], scopes: list[Scope]) -> None:
    """
    What the order is about and no step took effect on, as far as there is any: nobody is told that it is gone.

    GDPR Art. 17(1), 18(1): an invoice register's offers and orders bear the name that was taken off the customer.
    """
    if run.order.action not in (Action.ERASE, Action.RESTRICT) or run.dry:
        return
    said = {entry["category"] for one in run.progress.done.values() for entry in one.get("retained", ())}
    untouched = {
        name for name in run.categories.keys() - run.reached - run.left
        if run.asked(name) and not run.kept(name) and run.categories[name] not in said
    }  # fmt: skip
    for name in sorted(untouched):
        if await _has(run, name, list(zip(finds, scopes, strict=True))):
            run.left.add(name)
    run.progress.left = sorted(run.left)


async def _has(run: Run, name: str, found: list[tuple[Find | None, Scope]]) -> bool:
    """Whether there is anything of an output; where that cannot be seen, there may be."""
    if name not in run.connector.collect:
        return True
    try:
        await collect(run, run.connector.collect, found, probe=True, only=[name])
    except Stop as stop:
        if stop.outcome is Outcome.RETRY:
            raise
        return True
    return bool(run.rows.get(name))


async def _start(run: Run, job: Job, scope: Scope, under: str) -> None:
    if covered(run, job.covers):
        await jobs.start(run, job, scope, under=under)
        run.reached |= set(job.covers or run.connector.outputs)
    else:
        pass_over(run, job.covers)


async def _waited(run: Run, job: Job) -> None:
    state = run.progress.job
    if state is not None and not state.get("asked"):
        state["asked"] = True
        raise Stop(Outcome.ACCEPTED, "job_started", wait=jobs.first_pace(job))
    await jobs.go_on(run, job)


async def _found(run: Run) -> list[Find | None]:
    plan = run.plan
    if not plan.lookup or not run.connector.lookup:
        if is_irreversible(plan) and plan.no_lookup is None:
            raise Stop(Outcome.REFUSED, "lookup_not_verified")
        return [None]
    finds = await find(run)
    if is_irreversible(plan) and not run.verified:
        raise Stop(Outcome.REFUSED, "lookup_not_verified")
    if run.by_phone and (is_irreversible(plan) or run.order.action not in BY_NUMBER):
        message = "Only the telephone number fits, and a household may share it. See whose record it is."
        raise Stop(Outcome.REFUSED, "found_by_phone_alone", message=message)
    return list(finds)


def _keep_finds(run: Run, finds: list[Find | None]) -> None:
    """
    After the first effect the vendor may no longer find anybody: the finds are kept before it.

    Not only with what is done: an answer that was lost may have been of the one call that took effect.
    """
    if run.order.action not in (Action.LOCATE, Action.EXPORT):
        run.progress.finds = [list(one) for one in finds if one is not None] or None


def _with_steps(run: Run, scope: Scope, under: str) -> Scope:
    """The outputs of the steps done, for the job that follows them."""
    outputs = {
        step.id: run.progress.done.get(f"{under}/{step.id}", {}).get("outputs", {})
        for step in run.plan.steps
        if step.id is not None
    }
    return scope.having(steps=outputs)


async def _in_effect(run: Run, *, sandbox: bool) -> Answer:
    """The day has come (in the sandbox it comes when the lane says so): look, where the vendor lets us."""
    at = datetime.fromisoformat(run.progress.effective_at or "")
    if at > run.now and not sandbox:
        return answered(run, _body(run) | {"outcome": "effective_later", "effective_at": at.isoformat()}, code="later")
    if run.plan.verify is not None:
        request = run.plan.verify.request.model_copy(update={"repeatable": True})
        for one in run.progress.finds or [None]:
            scope = run.scope if one is None else run.scope.having(m=one[1])
            _, verdict = await run.ask(run.plan.verify, scope, request=request)
            if verdict.outcome == "partial":
                run.note("verify", what="partial", effect=run.plan.effect)
    return answered(run, _body(run), code="in_effect")


def _body(run: Run) -> dict[str, Any]:
    match run.order.action:
        case Action.EXPORT:
            return copied(run)
        case Action.LOCATE:
            return located(run)
    return effected(run)


def _stopped(run: Run, stop: Stop) -> Answer:
    body: dict[str, Any] = {}
    if stop.outcome not in (Outcome.RETRY, Outcome.UNKNOWN, Outcome.ACCEPTED):
        body = {"outcome": stop.outcome.value, "reason": stop.code}
        body |= {"message": stop.message} if stop.message else {}
        body |= {"facts": run.facts} if run.facts else {}
    return Answer(outcome=stop.outcome, code=stop.code, body=body, wait=stop.wait, progress=run.progress.written())


async def _finally(run: Run, finds: list[Find | None], answer: Answer) -> None:
    """What is done at the end in any case, as far as it can be: a lock is let go of."""
    if not run.plan.finally_ or answer.outcome is Outcome.ACCEPTED or run.dry:
        return
    for one in finds:
        under, scope = ("-", run.scope) if one is None else (one[0], run.scope.having(m=one[1]))
        scope = _with_steps(run, scope, under)
        for step in run.plan.finally_:
            if not run.conditions(step.when, scope):
                continue
            try:
                await run.ask(step, scope)
            except Stop:
                continue  # the answer stands; what was locked runs out by itself or is seen to by a person


def _scope(ready: Scope, order: Order) -> Scope:
    known: dict[str, str] = {}
    everything: dict[str, list[str]] = {}
    for one in order.identifiers:
        known.setdefault(one["type"], one["value"])
        everything.setdefault(one["type"], []).append(one["value"])
    now = datetime.now(UTC)
    return ready.having(
        id=known,
        ids=everything,
        details=dict(order.details),
        corrections=corrections(order),
        order={
            "reference": order.reference,
            "task_id": order.task_id,
            "action": order.action.value,
            "answer_by": order.answer_by,
            "controller": order.controller,
        },
        now=now,
        today=now.date(),
        steps={},
    )


def _assumed(ready: Given, order: Order, plan: AssumeHeld) -> Answer:
    found = sorted({one for one in ready.categories.values() if not order.categories or one in order.categories})
    said = {"outcome": "completed", "found_categories": found, "evidence": {"assumed": plan.assume_held}}
    return Answer(outcome=Outcome.COMPLETED, code="assumed", body=said)


def _person(message: str, *, code: str = "manual", progress: dict[str, Any] | None = None) -> Answer:
    """A person takes it: why, and what to do."""
    body = {"outcome": "refused", "reason": code, "message": message}
    return Answer(outcome=Outcome.REFUSED, code=code, body=body, progress=progress)
