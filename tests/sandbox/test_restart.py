import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from sandbox.store import Store
from sandbox.world import populate

from .outside import Outside, connect_all

ROOT = Path(__file__).parents[2]


class Processes:
    """The processors in a process of their own, started as an operator would."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def start(self) -> dict[str, str]:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox.processors", "--store", str(self.path), "--with-parent"),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        async with asyncio.timeout(60):
            lines = [(await self.process.stdout.readline()).decode().split() for _ in range(4)]
        return dict(lines)

    async def end(self, number: signal.Signals) -> int:
        os.kill(self.process.pid, number)
        async with asyncio.timeout(20):
            return await self.process.wait()


class TestProcessors:
    async def test_go_on_after_being_killed(self, tmp_path, client, ear):
        """
        kill -9: what was done is known, what was owed is sent, nothing is done twice.
        """
        path = tmp_path / "outside.sqlite"
        store = Store(path)
        populate(store)
        connect_all(store)
        processes = Processes(path)
        before = Outside(store, await processes.start(), client)
        first = await before.ask("billing", "erase", task="task-1")
        ear.answers = [503] * 1000
        await before.ask("guard-company", "erase", task="task-2", callback_url=ear.url)
        await processes.end(signal.SIGKILL)
        ear.answers = []
        with store.transaction() as db:
            db.execute("UPDATE deliveries SET due_at = 0")
        after = Outside(store, await processes.start(), client)
        second = await after.ask("billing", "erase", task="task-1")
        await ear.wait_for(lambda: bool(ear.heard))
        await processes.end(signal.SIGTERM)

        assert first.json() == second.json()
        assert len(after.effects("billing")) == len(after.effects("guard-company")) == 1
        assert ear.heard[0][1]["data"]["task_id"] == "task-2"
        store.close()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_stop_when_told(self, tmp_path, number):
        """
        A polite signal ends them with exit code 0.
        """
        processes = Processes(tmp_path / "outside.sqlite")
        await processes.start()

        assert await processes.end(number) == 0
