"""
``make bench``: how fast requests are taken in and carried through, beside what the machine could do at most.

Two cores carry the client, the API, the worker, PostgreSQL and the processor, so read the ratios, not the figures.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench import audit, door, limits
from bench.bulkhead import dead_neighbour
from bench.house import CONTROLLER, Bench, file_one, standing, token

WARM_UP, INTAKE, AT_ONCE, THROUGH, LATENCY = 50, 600, 16, 150, 60


async def intake_per_second(bench: Bench) -> float:
    """Requests accepted (201, committed) per second over HTTP."""
    turns = iter(range(INTAKE))

    async def client() -> None:
        for number in turns:
            await file_one(bench, number)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return INTAKE / (time.perf_counter() - began)


async def _wait_until_closed(bench: Bench, *, seconds: float) -> None:
    """Wait until no request of the controller is open."""
    headers = {"Authorization": f"Bearer {await token(bench.client, role='agent')}"}
    ends = time.perf_counter() + seconds
    phases = ("received", "identifying", "assessing", "executing", "answering")
    while time.perf_counter() < ends:
        for phase in phases:
            query: dict[str, str | int] = {"controller": CONTROLLER, "phase": phase, "limit": 1}
            if (await bench.client.get("/v1/requests", params=query, headers=headers)).json()["items"]:
                break
        else:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("requests stayed open")


async def through_per_second(bench: Bench, *, first: int = 10_000) -> tuple[float, int]:
    """Requests from filing to closed (two processor calls, two letters each) per second, and the calls they took."""
    before = bench.processor.calls
    began = time.perf_counter()
    await asyncio.gather(*(file_one(bench, first + number) for number in range(THROUGH)))
    await _wait_until_closed(bench, seconds=300)
    return THROUGH / (time.perf_counter() - began), bench.processor.calls - before


async def latencies(bench: Bench) -> list[float]:
    """Milliseconds from the 201 of a request to its first call at a processor, one request at a time."""
    found = []
    for number in range(LATENCY):
        reference = await file_one(bench, 20_000 + number)
        answered = time.perf_counter()
        while reference not in bench.processor.first_call:
            await asyncio.sleep(0.0005)
        found.append((bench.processor.first_call[reference] - answered) * 1000)
    return found


def _percentile(values: list[float], hundredths: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[hundredths - 1]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with standing(Path(folder)) as bench:
            for number in range(WARM_UP):
                await file_one(bench, 30_000 + number)
            await _wait_until_closed(bench, seconds=120)
            waited = await latencies(bench)
            await _wait_until_closed(bench, seconds=120)
            through, calls = await through_per_second(bench)
            async with dead_neighbour(bench):
                beside_dead, _ = await through_per_second(bench, first=11_000)
            alone_again, _ = await through_per_second(bench, first=12_000)
            with bench.worker_resting():
                taken = await intake_per_second(bench)
            await _wait_until_closed(bench, seconds=600)
            rows = await limits.rows_per_second(bench, requests=2_000, at_once=AT_ONCE)
            bare = await limits.calls_per_second(bench, calls=1_000, at_once=10)
    checked, hashed = audit.entries_per_second()
    calls_out = await door.measured()
    per_request = calls / THROUGH
    alone = (through + alone_again) / 2
    limit = bare / per_request
    p50, p99 = _percentile(waited, 50), _percentile(waited, 99)
    rows_of = (
        (
            "intake, requests/s (201, committed)",
            f"{taken:.0f}",
            f"{rows:.0f} (same rows, bare asyncpg)",
            taken / rows,
        ),
        (
            f"filed to closed, requests/s, {per_request:.1f} calls each",
            f"{through:.1f}",
            f"{limit:.0f} (same calls, bare httpx)",
            through / limit,
        ),
        (
            "the same beside a processor that answers nothing",
            f"{beside_dead:.1f}",
            f"{through:.1f} before, {alone_again:.1f} after (without it)",
            beside_dead / alone,
        ),
        (
            "audit chain checked offline, entries/s",
            f"{checked:.0f}",
            f"{hashed:.0f} (same bytes, bare SHA-256)",
            checked / hashed,
        ),
        *door.rows(*calls_out),
    )
    print("| what | Insyn | physical limit, same run | ratio |\n|---|---|---|---|")
    for what, ours, theirs, ratio in rows_of:
        print(f"| {what} | {ours} | {theirs} | {ratio:.3f} |")
    print(f"| commit to first processor call, ms | p50 {p50:.0f} · p99 {p99:.0f} | | |")


if __name__ == "__main__":
    asyncio.run(main())
