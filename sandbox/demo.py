"""
``insyn demo``: the whole service once, end to end, on this machine.

Starts PostgreSQL, API, worker and the simulated processors, takes the tour, shows what came of it, tells the story on
the movable clock, and keeps serving until Ctrl-C (``--once``: exits, 0 only if every request and every chapter ended as
it must).
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.bootstrap import Unfit, check_settings, read_settings
from app.domain.rights import RIGHTS
from app.settings import Settings
from sandbox import house
from sandbox.caller import Caller, CallFailed
from sandbox.categories import CONTROLLERS
from sandbox.main import description, world_file
from sandbox.store import Store
from sandbox.story import CHAPTERS, tell_story
from sandbox.tour import Filed, Tour, expected_outcome
from sandbox.world import start_again

console = Console()
Played = TypeVar("Played")

#: A demo has no patience: what is lost is found again within seconds instead of a minute.
QUICK = {"INSYN_SANDBOX": "1", "INSYN_SWEEP_SECONDS": "1", "INSYN_LANE_LEASE_SECONDS": "6"}
#: What the exit code is after Ctrl-C.
INTERRUPTED = 130
#: Where no bar moves, a line says that something does.
SIGN_OF_LIFE_SECONDS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Play the demo; the exit code is 0 only if every request and every chapter ended as it must."""
    parser = argparse.ArgumentParser(prog="insyn demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit when tour and story are over")
    once: bool = parser.parse_args(arguments).once
    for name, value in QUICK.items():
        os.environ.setdefault(name, value)
    house.interruptible()
    try:
        chosen = read_settings()
        check_settings(chosen)
        return _play(chosen, once=once)
    except KeyboardInterrupt:
        console.print("stopped")
        return INTERRUPTED
    except Unfit as error:
        for fault in error.faults:
            console.print(f"insyn demo does not start: {fault}", style="red", markup=False, soft_wrap=True)
        return error.exit_code
    except (house.NotReady, CallFailed) as error:
        console.print(f"the demo failed: {error}", style="red", markup=False, soft_wrap=True)
        return 1


def _play(chosen: Settings, *, once: bool) -> int:
    log_file = chosen.data_dir / "demo.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log_file.open("ab") as log, house.running(chosen, _say, output=log.fileno()) as processes:
        _say("starting API, worker and the simulated processors")
        processes.wait_until_ready()
        asyncio.run(_start_anew(chosen))
        _say(f"ready after {time.monotonic() - began:.1f} s; the tour begins (worker pid {processes.worker.pid})")
        folder = chosen.data_dir / "tour"
        with _private(folder):
            filed = _take_the_tour(chosen, folder, processes)
        _show(filed, folder, log_file)
        is_right = all(one.is_as_expected for one in filed)
        _bring_the_people_back(chosen)
        with _private(chosen.data_dir / "story"):
            _tell_the_story(chosen, processes)
        _say(f"all {len(CHAPTERS)} chapters ended as they must; {time.monotonic() - began:.0f} s in all")
        if not once:
            _serve_on(chosen, processes)
        return 0 if is_right else 1


def _say(text: str) -> None:
    console.print(f"• {text}", markup=False, soft_wrap=True)


def _bring_the_people_back(chosen: Settings) -> None:
    """Whom an earlier tour erased is a customer again: the outside world starts anew, Insyn's cases stay."""
    store = Store(world_file(chosen))
    start_again(store)
    store.close()


async def _start_anew(chosen: Settings) -> None:
    """Today, and nothing filed yet: an earlier demo may have been broken off with its clock years ahead."""
    async with Caller(chosen.base_url) as caller:
        await caller.call("POST", "/sandbox/reset", None)


@contextmanager
def _private(folder: Path) -> Iterator[None]:
    """What is written meanwhile is for us only, *folder* first of all: invented people, but real habits."""
    before = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        yield
    finally:
        os.umask(before)


def _take_the_tour(chosen: Settings, folder: Path, processes: house.Processes) -> list[Filed]:
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    said = ""
    due = time.monotonic() + SIGN_OF_LIFE_SECONDS
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("requests closed", total=None)

        def tell(closed: int, total: int, text: str) -> None:
            progress.update(bar, completed=closed, total=total, description=text)

        tour = Tour(chosen.base_url, folder, tell)

        def watch() -> None:
            processes.revive()
            nonlocal due, said
            if not console.is_terminal and time.monotonic() >= due:
                due = time.monotonic() + SIGN_OF_LIFE_SECONDS
                if (stands := _stands(tour)) != said:
                    _say(said := stands)

        return asyncio.run(_watched(tour.run(), watch))


def _stands(tour: Tour) -> str:
    """How far the tour is, and what it waits for."""
    total = len(CONTROLLERS) * len(RIGHTS)
    if len(tour.filed) < total:
        return f"{len(tour.filed)} of {total} filed"
    waits = tour.waiting_for()
    closed = sum(one.seconds is not None for one in tour.filed)
    return f"{closed} of {total} closed; waiting for {waits}" if waits else f"{closed} of {total} closed"


def _tell_the_story(chosen: Settings, processes: house.Processes) -> None:
    """
    Play the story on the movable clock, then start the sandbox anew, on the day it is.

    Years pass in it, so that the case files of the tour are over too: there is nothing left to look at.
    """

    def begin(number: int, title: str) -> None:
        console.print(f"\nChapter {number}. {title}", style="bold", markup=False, highlight=False, soft_wrap=True)

    def tell(day: str, sentence: str) -> None:
        console.print(Text.assemble((day, "cyan"), f"  {sentence}"), soft_wrap=True)

    async def play() -> None:
        await tell_story(chosen.base_url, chosen.data_dir / "story", chosen.journal_folder, begin=begin, tell=tell)
        await _start_anew(chosen)

    asyncio.run(_watched(play(), processes.revive))


async def _watched(play: Coroutine[Any, Any, Played], watch: Callable[[], None], *, every: float = 1.0) -> Played:
    """What is played, with an eye on the processes all the while, however little happens."""
    running = asyncio.ensure_future(play)
    try:
        while not (await asyncio.wait([running], timeout=every))[0]:
            watch()
        return running.result()
    finally:
        running.cancel()


def _show(filed: list[Filed], folder: Path, log_file: Path) -> None:
    if console.is_terminal:
        _show_table(filed)
    else:
        reckoned: set[str] = set()
        for one in filed:
            line = _plain_line(one, reckons=_because(one) not in reckoned)
            reckoned.add(_because(one))
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    right = sum(one.is_as_expected for one in filed)
    due = {one.due_on for one in filed}
    console.print(f"{right} of {len(filed)} requests ended as they must; due {', '.join(sorted(due))}.", markup=False)
    console.print(f"Letters and packages: {folder}/    Log: {log_file}", markup=False, soft_wrap=True)


def _plain_line(one: Filed, *, reckons: bool = True) -> str:
    """A request on one line, for a file or a pipe; *reckons*: with how its due date comes about."""
    because = f" ({_because(one)})" if reckons else ""
    head = f"{one.reference} {one.controller} {one.right} due {one.due_on}{because} {_outcome(one)} {_seconds(one)} s"
    return " | ".join(part for part in (head, _per_processor(one, between="; ")) if part)


def _outcome(one: Filed) -> str:
    return (
        f"{one.outcome}"
        if one.is_as_expected
        else (f"{one.outcome} (expected {expected_outcome(one.controller, one.right)})")
    )


def _seconds(one: Filed) -> str:
    return f"{one.seconds:.1f}" if one.seconds is not None else "-"


def _show_table(filed: list[Filed]) -> None:
    table = Table(title="One request of every right at every controller", show_lines=True)
    for heading in ("reference", "controller", "right", "due", "because", "outcome", "per processor", "s"):
        table.add_column(heading, overflow="fold")
    for one in filed:
        table.add_row(
            one.reference,
            one.controller,
            one.right,
            one.due_on,
            _because(one),
            _outcome(one),
            _per_processor(one),
            _seconds(one),
            style=None if one.is_as_expected else "red",
        )
    console.print(table)


def _because(one: Filed) -> str:
    rolled = [f"{day['date']} {day['en']}" for day in one.deadline.get("rolled", [])]
    reason = f"{one.deadline['anchor']} + 1 month"
    return f"{reason}, moved past {', '.join(rolled)}" if rolled else reason


def _per_processor(one: Filed, *, between: str = "\n") -> str:
    """What each recipient did about the right itself, the same answers together; who only looked, what it found."""
    said: dict[str, str] = {}
    for row in sorted(one.recipients, key=lambda row: row["action"] not in ("freeze", "locate")):
        if row["action"] == "locate":
            said[row["title"]] = "found only" if row.get("outcome") == "completed" else str(row.get("outcome"))
        elif row["action"] != "freeze":
            said[row["title"]] = str(row.get("outcome", row["status"]))
    together: dict[str, list[str]] = {}
    for title, outcome in sorted(said.items()):
        together.setdefault(outcome, []).append(title)
    return between.join(f"{outcome}: {', '.join(titles)}" for outcome, titles in together.items())


def _serve_on(chosen: Settings, processes: house.Processes) -> None:
    for name, url in description(chosen).items():
        console.print(f"{name:8} {url}", markup=False, soft_wrap=True)
    console.print("Serving until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while True:
            processes.revive()
            time.sleep(house.RESTART_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
