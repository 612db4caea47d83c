"""
Whether a processor is well, and how long it is left alone: what its answers say beyond the task they are about.

A lane is no case, so there is no chain to write its history in; it is logged and counted, by the processor's key and
the adapter's code, and shown with the registration.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from app.db import Tx
from app.domain import fanout
from app.domain.audit import as_code
from app.domain.breaker import (
    CREDENTIALS_REFUSED,
    Breaker,
    State,
    heard,
    is_about_credentials,
    is_about_the_processor,
)
from app.models import LaneRow
from app.observability import LANE_BREAKER, LANE_OPENED, LANE_RESTS
from app.processors import Answer
from app.repositories import jobs, lane_state
from app.repositories.lanes import breaker_of

log = structlog.get_logger()

#: What a lane rests for: the processor said so, or a quota of the registration is used up.
SAID, QUOTA = "said_by_processor", "quota"
_SHOWN = {State.CLOSED: 0.0, State.HALF_OPEN: 0.5, State.OPEN: 1.0}


async def heard_from(tx: Tx, controller: str, processor_id: UUID, answer: Answer, *, is_watched: bool) -> None:
    """
    Let one answer count for the whole lane: its breaker, and a rest the processor asked for.

    The last thing a transaction does: it locks the lane, for which others wait.

    Args:
        is_watched: Whether something stood against the processor when the call began. Where nothing did and nothing
            does, the lane is not touched.
    """
    # An owner that died says nothing about the processor: its trial is simply made again.
    if answer.code == "worker_lost":
        return
    refused = is_about_credentials(answer.outcome, answer.code)
    failed = refused or is_about_the_processor(answer.outcome, answer.code)
    code = CREDENTIALS_REFUSED if refused else as_code(answer.code) or ""
    pause = fanout.lane_rest(answer.outcome, answer.code, answer.wait)
    if not (failed or is_watched or pause):
        return
    lane = await lane_state.hold(tx, processor_id)
    if failed or is_watched:
        before = breaker_of(lane)
        await _move(tx, lane, before, heard(before, failed=failed, code=code, now=tx.now))
    if pause is not None:
        await lane_state.rest(tx, processor_id, until=tx.now + pause, why=SAID)
        jobs.wake(tx, "lane.drain", controller=controller, id=processor_id, at=tx.now + pause)
        log.info("lane.rests", lane=str(processor_id), controller=controller, seconds=pause.total_seconds())


async def _move(tx: Tx, lane: LaneRow, before: Breaker, after: Breaker) -> None:
    if after == before:
        return
    await lane_state.set_breaker(tx, lane.processor_id, after)
    if after.probe_at is not None and after.probe_at != before.probe_at:
        jobs.wake(tx, "lane.drain", controller=lane.controller_id, id=lane.processor_id, at=after.probe_at)
    if after.state is before.state:
        return
    told = {"lane": str(lane.processor_id), "controller": lane.controller_id, "code": after.code}
    if after.state is State.OPEN:
        LANE_OPENED.labels(controller=lane.controller_id).inc()
        log.warning("lane.opened", **told, count=after.openings)
    elif after.state is State.CLOSED:
        log.info("lane.closed", **told)


async def reset(tx: Tx, controller: str, processor_id: UUID) -> None:
    """A person says that the processor is well: the breaker is closed, no rest holds, what waits goes out."""
    lane = await lane_state.hold(tx, processor_id)
    before = breaker_of(lane)
    await lane_state.set_breaker(tx, processor_id, Breaker(closed_at=tx.now if before.opened_at else before.closed_at))
    await lane_state.end_rest(tx, processor_id)
    jobs.wake(tx, "lane.drain", controller=controller, id=processor_id)
    log.info("lane.reset", lane=str(processor_id), controller=controller, state=before.state)


async def credentials_set(tx: Tx, controller: str, processor_id: UUID) -> None:
    """New credentials were set: a lane that waits for them is tried again at once."""
    lane = await lane_state.hold(tx, processor_id)
    if lane.breaker != State.CLOSED and lane.last_code == CREDENTIALS_REFUSED:
        await reset(tx, controller, processor_id)


def view(lane: LaneRow) -> Mapping[str, Any]:
    """How a lane stands, for whoever runs the registry."""
    return {
        "breaker": lane.breaker,
        "failures": lane.failures,
        "opened_at": lane.opened_at,
        "probe_at": lane.probe_at,
        "last_code": lane.last_code,
        "rests_until": lane.rests_until,
        "rests_for": lane.rests_for,
    }


async def show(tx: Tx) -> None:
    """Put the state of every lane into the figures."""
    LANE_BREAKER.clear()
    LANE_RESTS.clear()
    for controller, key, state, rests in await lane_state.breakers(tx):
        LANE_BREAKER.labels(controller=controller, processor=key).set(_SHOWN[State(state)])
        LANE_RESTS.labels(controller=controller, processor=key).set(int(rests))
