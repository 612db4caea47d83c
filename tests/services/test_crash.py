"""
Whatever dies half-way, the work is finished: once where a processor knows a task again, by a person where it does not.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import OperationalError

from app.bootstrap import root
from app.services import sweep
from sandbox import faults
from tests.harness.house import eventually
from tests.services.street import a_house

LEASE_SECONDS = 2.0
#: How long a processor works on what is in the air when its worker is killed.
SLOW = faults.Delay(fault="delay", seconds=1.5, action="export")


@pytest.fixture
async def house(street, tmp_path):
    async with a_house(street, tmp_path, lane_lease_seconds=LEASE_SECONDS) as house:
        yield house


@asynccontextmanager
async def a_worker(street, house):
    """A worker process as an operator starts it; killed without mercy when this is left."""
    settings = {
        "INSYN_DATABASE_URL": house.db.app_dsn,
        "INSYN_MASTER_KEY": street.master_key,
        "INSYN_DATA_DIR": str(house.ctx.settings.data_dir),
        "INSYN_PUBLIC_URL": street.url,
        "INSYN_SANDBOX": "1",
        "INSYN_SANDBOX_ON_THIS_DATABASE": "1",
        "INSYN_LANE_LEASE_SECONDS": str(LEASE_SECONDS),
        "INSYN_SWEEP_SECONDS": "0.5",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker"),
        env=os.environ | settings,
        cwd=root(),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


def in_the_air(*processors):
    """Whether a copy is being asked of each of these processors at this moment."""
    return lambda seen: all([t.state for t in seen.of("export", one)] == ["sending"] for one in processors)


class TestWorkerKilled:
    async def test_is_taken_over_and_nothing_is_done_twice(self, street, house):
        """
        kill -9 while two processors work: another worker closes the case, with one effect a task.
        """
        house.script("guard-company", SLOW)
        house.script("billing", SLOW)
        async with a_worker(street, house):
            request_id = await house.file("sensor-alarm", "access")
            await house.until(request_id, in_the_air("larm-assistans", "billecta"), staff=True)
        async with a_worker(street, house):
            seen = await house.until_closed(request_id)
        effects = Counter(
            one["idempotency_key"] for service in ("guard-company", "billing") for one in house.effects(service)
        )
        asked = {str(t.id) for t in seen.tasks if seen.keys[t.processor_id] in ("larm-assistans", "billecta")}

        assert seen.outcomes() == {"access": "partly_granted"}
        assert effects == dict.fromkeys(asked, 1)
        assert [row["code"] for row in await house.sql("SELECT code FROM attempt WHERE code = 'worker_lost'")]

    async def test_leaves_to_a_person_what_may_not_be_sent_again(self, street, house):
        """
        A processor that does everything twice is not asked twice: what became of the call is found out by a person.
        """
        house.by_hand = lambda task: None if task.attention == "unknown" else {"outcome": "not_found"}
        house.script("telephony", SLOW)
        async with a_worker(street, house):
            request_id = await house.file("westra", "access")
            await house.until(request_id, in_the_air("telephony"), staff=True)
        async with a_worker(street, house):
            seen = await house.until(request_id, _is_unknown, staff=True)
            (task,) = seen.of("export", "telephony")
            assert (task.state, task.attention, task.attempts) == ("needs_person", "unknown", 1)
            house.by_hand = lambda _task: {"outcome": "completed", "message": "Frågade leverantören."}
            seen = await house.until_closed(request_id)

        assert seen.is_closed
        assert len(house.effects("telephony", "export")) == 1

    async def test_finishes_what_is_under_way_when_it_is_told_to_stop(self, street, house):
        """
        SIGTERM is no crash: the call under way is recorded, nothing is left unknown.
        """
        house.script("guard-company", SLOW)
        async with a_worker(street, house) as process:
            request_id = await house.file("westra", "access")
            await house.until(request_id, in_the_air("alarm-centre"), staff=True)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                assert await process.wait() == 0
        (task,) = (await house.see(request_id)).of("export", "alarm-centre")
        attempts = await house.sql("SELECT finished_at FROM attempt WHERE task_id = $1", task.id)

        assert task.state in ("accepted", "closed")
        assert [row["finished_at"] is not None for row in attempts] == [True]


def _is_unknown(seen):
    return any(task.attention == "unknown" for task in seen.tasks)


class TestLostJobs:
    async def test_are_found_again_by_the_sweep(self, house):
        """
        Every alarm clock is stolen, three times: what is due stands in the tables, and the case closes.
        """
        stolen = 0

        async def steal_all():
            nonlocal stolen
            stolen += int(
                (await house.sql("WITH d AS (DELETE FROM pgqueuer RETURNING 1) SELECT count(*) FROM d"))[0][0]
            )

        request_id = await house.file("sensor-alarm", "access")
        await steal_all()
        async with house.working():
            await house.until(request_id, lambda seen: seen.of("locate"))
            await steal_all()
            await house.until(request_id, lambda seen: seen.of("export"), staff=True)
            await steal_all()
            seen = await house.until_closed(request_id)

        assert stolen >= 2
        assert seen.outcomes() == {"access": "partly_granted"}


class TestSweep:
    async def test_goes_on_after_the_database_was_away(self, house, monkeypatch):
        """
        A sweep that finds no database tries again: without it no lost job would ever be found.
        """
        calls = []

        async def away(_ctx):
            calls.append(1)
            raise OperationalError("SELECT", {}, ConnectionError())

        monkeypatch.setattr(sweep, "wake_what_is_due", away)
        async with house.working():
            await eventually(lambda: len(calls) >= 2, seconds=10)


class TestUnreliableProcessors:
    async def test_close_the_case_all_the_same(self, house):
        """
        Errors, limits, broken JSON, a cut connection, forged, doubled and reordered callbacks: one effect a task.
        """
        for service in ("guard-company", "billing"):
            house.script(
                service,
                faults.Status(fault="status", status=500, action="export"),
                faults.Status(fault="status", status=429, retry_after=1, action="export"),
                faults.Plain(fault="malformed", action="export"),
                faults.Plain(fault="drop_after_processing", action="export"),
            )
        house.script(
            "guard-company",
            faults.CallbackFault(fault="wrong_signature_callback", action="freeze"),
            faults.CallbackFault(fault="reorder_callbacks", action="locate"),
            faults.CallbackFault(fault="duplicate_callback", action="export"),
        )
        house.script("crm", faults.Plain(fault="drop_after_processing", action="export"))
        async with house.working():
            request_id = await house.file("sensor-alarm", "access")
            seen = await house.until_closed(request_id)
        done = [one for service in ("guard-company", "billing", "crm") for one in house.effects(service)]

        assert seen.outcomes() == {"access": "partly_granted"}
        assert set(Counter(one["idempotency_key"] for one in done).values()) == {1}
        assert {t.closed_by for t in seen.of("export", "larm-assistans")} == {"callback"}
