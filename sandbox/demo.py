"""
``insyn demo``: the whole service once, end to end, on this machine.

Starts PostgreSQL, API, worker and the simulated processors, takes the tour, shows what came of it, and keeps serving
until Ctrl-C (``--once``: exits, 0 only if every request ended as it must).
"""

import argparse
import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.bootstrap import Unfit, check_settings
from app.settings import Settings
from sandbox import house
from sandbox.main import description, world_file
from sandbox.store import Store
from sandbox.tour import Filed, Tour, TourFailed, expected_outcome
from sandbox.world import start_again

console = Console()

#: A demo has no patience: what is lost is found again within seconds instead of a minute.
QUICK = {"INSYN_SANDBOX": "1", "INSYN_SWEEP_SECONDS": "1", "INSYN_LANE_LEASE_SECONDS": "6"}


def main(arguments: list[str] | None = None) -> int:
    """Play the demo; the exit code is 0 only if every request ended as it must."""
    parser = argparse.ArgumentParser(prog="insyn demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit when the tour is over")
    once: bool = parser.parse_args(arguments).once
    for name, value in QUICK.items():
        os.environ.setdefault(name, value)
    chosen = Settings()
    try:
        check_settings(chosen)
        return _play(chosen, once=once)
    except Unfit as error:
        for fault in error.faults:
            console.print(f"insyn demo does not start: {fault}", style="red")
        return 2
    except (house.NotReady, TourFailed) as error:
        console.print(f"the tour failed: {error}", style="red", markup=False)
        return 1


def _play(chosen: Settings, *, once: bool) -> int:
    log_file = chosen.data_dir / "demo.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log_file.open("ab") as log, house.running(chosen, _say, output=log.fileno()) as processes:
        _say("starting API, worker and four simulated processors")
        processes.wait_until_ready()
        _bring_the_people_back(chosen)
        _say(f"ready after {time.monotonic() - began:.1f} s; the tour begins (worker pid {processes.worker.pid})")
        folder = chosen.data_dir / "tour"
        filed = _take_the_tour(chosen, folder, processes)
        _show(filed, folder, log_file)
        is_right = all(one.is_as_expected for one in filed)
        if not once:
            _serve_on(chosen, processes)
        return 0 if is_right else 1


def _say(text: str) -> None:
    console.print(f"• {text}", markup=False)


def _bring_the_people_back(chosen: Settings) -> None:
    """Whom an earlier tour erased is a customer again: the outside world starts anew, Insyn's cases stay."""
    store = Store(world_file(chosen))
    start_again(store)
    store.close()


def _take_the_tour(chosen: Settings, folder: Path, processes: house.Processes) -> list[Filed]:
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("requests closed", total=None)

        def tell(closed: int, total: int, text: str) -> None:
            processes.revive()
            progress.update(bar, completed=closed, total=total, description=text)

        return asyncio.run(Tour(chosen.base_url, folder, tell).run())


def _show(filed: list[Filed], folder: Path, log_file: Path) -> None:
    table = Table(title="One request of every right at every controller", show_lines=True)
    for heading in ("reference", "controller", "right", "due", "because", "outcome", "per processor", "s"):
        table.add_column(heading, overflow="fold")
    for one in filed:
        mark = "" if one.is_as_expected else f" (expected {expected_outcome(one.controller, one.right)})"
        table.add_row(
            one.reference,
            one.controller,
            one.right,
            one.due_on,
            _because(one),
            f"{one.outcome}{mark}",
            _per_processor(one),
            f"{one.seconds:.1f}" if one.seconds is not None else "-",
            style=None if one.is_as_expected else "red",
        )
    console.print(table)
    right = sum(one.is_as_expected for one in filed)
    due = {one.due_on for one in filed}
    console.print(f"{right} of {len(filed)} requests ended as they must; due {', '.join(sorted(due))}.", markup=False)
    console.print(f"Letters and packages: {folder}/    Log: {log_file}", markup=False, soft_wrap=True)


def _because(one: Filed) -> str:
    rolled = [f"{day['date']} {day['en']}" for day in one.deadline.get("rolled", [])]
    reason = f"{one.deadline['anchor']} + 1 month"
    return f"{reason}, moved past {', '.join(rolled)}" if rolled else reason


def _per_processor(one: Filed) -> str:
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
    return "\n".join(f"{outcome}: {', '.join(titles)}" for outcome, titles in together.items())


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
