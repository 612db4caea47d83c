"""Work that a vendor does later: started, asked after at a measured pace, confirmed, fetched, or called off."""

from datetime import datetime, timedelta
from typing import Any, Final

from app.domain.fanout import Outcome
from app.processors.rest.building import idempotency_key
from app.processors.rest.decoding import Unreadable
from app.processors.rest.expressions import Scope
from app.processors.rest.extraction import found, is_true, items_of, one
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar_calls import Request
from app.processors.rest.grammar_steps import Download, Job
from app.processors.rest.places import NotAllowed
from app.processors.rest.reply import Reply
from app.processors.rest.run import Run, Stop

MOST_JOBS: Final = 100
_ENDED: Final = ("complete", "partial", "failed", "cancelled")


async def start(run: Run, job: Job, scope: Scope, *, under: str) -> None:
    """
    Start the work for one find, once.

    Raises:
        Stop
    """
    key = f"{under}/job"
    if key in run.progress.done:
        return
    if run.dry:
        run.would.append(f"{job.start.request.method} {job.start.request.path or job.start.request.url}")
        return
    reply, verdict = await run.ask(job.start, scope, key=idempotency_key(run.order.task_id, key))
    if verdict.outcome in ("no_match", "already_done"):
        run.note(key, what=verdict.outcome, effect=run.plan.effect if verdict.outcome == "already_done" else None)
        return
    try:
        ids = [str(value) for value in found(job.ids, reply.decoded, reply.headers) if value is not None]
    except Unreadable:
        ids = []
    if not ids or len(ids) > MOST_JOBS:
        # It was taken; which job it became, nobody knows.
        run.progress.doubt = key
        raise Stop(Outcome.UNKNOWN, "no_job_id")
    run.note(key, what="started")
    state = run.progress.job or {"states": {}, "started_at": run.now.isoformat(), "polls": 0, "confirmed": []}
    state["states"] |= dict.fromkeys(ids, "pending")
    run.progress.job = state


async def go_on(run: Run, job: Job) -> None:
    """
    Ask after every job that has not ended; returns when all have, well enough.

    Raises:
        Stop: ACCEPTED with the pace of the next question while they have not; or how they failed.
    """
    state = run.progress.job
    if state is None:
        return
    try:
        for job_id, was in list(state["states"].items()):
            if was not in _ENDED:
                await _look(run, job, job_id, state)
        if job.download is not None and all(one in _ENDED for one in state["states"].values()):
            await _fetch_all(run, job, job.download, state)
    except Stop as stop:
        if stop.outcome in (Outcome.RETRY, Outcome.UNKNOWN):
            await _check_deadline(run, job, state)
            raise Stop(Outcome.ACCEPTED, stop.code, wait=max(stop.wait or timedelta(), _pace(job, state))) from None
        raise
    states = list(state["states"].values())
    if any(one not in _ENDED for one in states):
        await _check_deadline(run, job, state)
        wait = _pace(job, state)
        state["polls"] += 1
        raise Stop(Outcome.ACCEPTED, "job_running", wait=wait)
    _ended(run, states)


def first_pace(job: Job) -> timedelta:
    return job.first_after if job.first_after is not None else job.every


def _pace(job: Job, state: dict[str, Any]) -> timedelta:
    seconds = job.every.total_seconds() * job.backoff ** min(int(state["polls"]), 30)
    return min(timedelta(seconds=min(seconds, 86_400.0 * 30)), job.longest)


async def _look(run: Run, job: Job, job_id: str, state: dict[str, Any]) -> None:
    scope = run.scope.having(job=job_id)
    request = job.poll.request.model_copy(update={"repeatable": True})
    reply, verdict = await run.ask(job.poll, scope, request=request)
    if verdict.outcome == "no_match":
        raise Stop(Outcome.REFUSED, "job_gone", message="The vendor no longer knows the job.")
    word = _word(job, reply)
    now = job.map.get(word)
    if now is None or now == "needs_review":
        raise Stop(Outcome.REFUSED, "job_needs_review", message="The vendor's job has a status that a person must see.")
    if now == "confirm":
        await _confirm(run, job, job_id, scope, state)
        return
    if now == "complete" and job.partial_if is not None and is_true(job.partial_if, reply.decoded.value):
        now = "partial"
    state["states"][job_id] = now
    state.setdefault("receipts", {}).update(run.receipts(job.receipt, reply))


def _word(job: Job, reply: Reply) -> str:
    try:
        value = one(job.status, reply.decoded, reply.headers)
    except Unreadable:
        raise Stop(Outcome.RETRY, "malformed") from None
    return "" if value is MISSING or isinstance(value, dict | list) else str(value)


async def _confirm(run: Run, job: Job, job_id: str, scope: Scope, state: dict[str, Any]) -> None:
    """The second phase: said once, then waited for."""
    if job.confirm is None or job_id in state["confirmed"]:
        return
    key = f"confirm/{job_id}"
    try:
        await run.ask(job.confirm, scope, key=idempotency_key(run.order.task_id, key))
    except Stop as stop:
        if stop.outcome is Outcome.UNKNOWN:
            # Whether it was heard shows in the job's status: it is asked for again only where it is still wanted.
            raise Stop(Outcome.RETRY, stop.code) from None
        raise
    state["confirmed"].append(job_id)


def _ended(run: Run, states: list[str]) -> None:
    for name in ("failed", "cancelled"):
        if name in states:
            some = any(one in ("complete", "partial") for one in states)
            said = "Part of the vendor's work failed." if some else "The vendor's work failed."
            raise Stop(Outcome.FAILED, f"job_{name}", message=said)
    what = "partial" if "partial" in states else "success"
    receipts = (run.progress.job or {}).get("receipts", {})
    run.note("job", what=what, effect=run.plan.effect, receipt=receipts)


async def _check_deadline(run: Run, job: Job, state: dict[str, Any]) -> None:
    if run.now <= datetime.fromisoformat(state["started_at"]) + job.deadline:
        return
    if job.cancel is not None:
        for job_id, was in state["states"].items():
            if was not in _ENDED:
                try:
                    await run.ask(job.cancel, run.scope.having(job=job_id))
                except Stop:
                    continue  # a person looks in any case
    raise Stop(Outcome.REFUSED, "job_deadline", message="The vendor has not finished in its time.")


async def _fetch_all(run: Run, job: Job, download: Download, state: dict[str, Any]) -> None:
    """The files of all jobs, once the last has ended: nothing is carried from one question to the next."""
    for job_id, was in state["states"].items():
        if was in ("complete", "partial"):
            scope = run.scope.having(job=job_id)
            reply, _ = await run.ask(job.poll, scope, request=job.poll.request.model_copy(update={"repeatable": True}))
            await _fetch(run, download, scope, reply)


async def _fetch(run: Run, download: Download, scope: Scope, polled: Reply) -> None:
    request = download.request or Request(
        path="/",
        auth=None if download.auth == "same" else download.auth,
        decode=download.decode,
        redirects=download.redirects,
        max_bytes=download.max_bytes,
    )
    if download.url is None:
        await _take(run, download, await run.sending(request, scope))
        return
    for link in found(download.url, polled.decoded, polled.headers):
        try:
            url = run.wire.places.linked(str(link), asked=polled.url, same_host=False)
        except NotAllowed:
            raise Stop(
                Outcome.REFUSED, "link_not_allowed", message="The file lies on a host nobody has allowed."
            ) from None
        await _take(run, download, await run.sending(request, scope, url=url))


async def _take(run: Run, download: Download, reply: Reply) -> None:
    if reply.status in (403, 404, 410):
        raise Stop(Outcome.REFUSED, "download_gone", message="The vendor's file is no longer there.")
    if reply.status // 100 != 2:
        raise Stop(Outcome.RETRY, f"http_{reply.status}")
    if reply.unreadable:
        raise Stop(Outcome.REFUSED, reply.unreadable, message="The vendor's file cannot be read.")
    try:
        rows = items_of(download.items, reply.decoded, reply.headers)
    except Unreadable as error:
        raise Stop(Outcome.REFUSED, error.code, message="The vendor's file cannot be read.") from None
    run.rows.setdefault(download.output, []).extend(rows)
