"""What is left at the end: counts, a chain, and what was taken out in time."""

import asyncio
import sys
import zipfile
from pathlib import Path

from sandbox.chapters.stage import Case, Stage


async def play(stage: Stage) -> None:
    """Two years and a month after the last request was closed."""
    chain = await _export(stage, stage.cases["follow-up"])
    before = await _counts(stage)
    await stage.pass_time("P25M")
    await stage.say("Twenty-five months later.")
    for case in stage.cases.values():
        for who, path in (("agent", case.path), (case.person, case.own_path)):
            answer = await stage.caller.attempt("GET", path, who)
            stage.must(answer.status_code == 404, f"{case.reference} should be gone, and is {answer.status_code}")
    await stage.say(
        f"The files of all {len(stage.cases)} requests told here are gone: 404 for staff and for whoever asked."
    )
    after = await _counts(stage)
    stage.must(after == before, "the counts should be as they were")
    await stage.say(f"What remains are counts, of {sum(after.values())} claims: {_in_words(after)}.")
    await _evidence_holds(stage)
    await _chain_holds(stage, chain)


async def _counts(stage: Stage) -> dict[str, int]:
    """How many closed claims ended how, kept or erased."""
    said = await stage.caller.call("GET", "/v1/reports/summary", "auditor")
    return dict(said["by_outcome"])


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in sorted(counts.items()))


async def _export(stage: Stage, case: Case) -> Path:
    answer = await stage.caller.attempt("GET", f"{case.path}/audit", "auditor", accept="application/jsonl")
    stage.must(answer.is_success, f"the chain should be given: {answer.status_code}")
    return stage.keep("audit.jsonl", answer.content)


async def _evidence_holds(stage: Stage) -> None:
    """A bare Python, the file from the pack, nothing of Insyn's."""
    folder = stage.folder / "evidence"

    def unpack() -> None:
        with zipfile.ZipFile(stage.folder / "evidence.zip") as pack:
            pack.extractall(folder)

    await asyncio.to_thread(unpack)
    code, said = await _run(sys.executable, "-I", "-S", str(folder / "verify.py"))
    stage.must(code == 0, f"the evidence should hold: {said[-300:]}")
    await stage.say("IMY still has Karin's case. Its own verify.py, with a bare Python and no network, finds it sound.")


async def _chain_holds(stage: Stage, chain: Path) -> None:
    insyn = (sys.executable, "-m", "app", "audit")
    _, key = await _run(*insyn, "key", "--public")
    code, said = await _run(
        *insyn, "verify", str(chain), "--one-request",
        "--checkpoints", str(_checkpoints(stage)), "--key", key.strip(),
    )  # fmt: skip
    stage.must(code == 0 and said.strip().endswith("sound"), f"the chain should hold: {said[-300:]}")
    await stage.say(
        "The chain that was exported holds against the signed checkpoints: `insyn audit verify` says sound."
    )


def _checkpoints(stage: Stage) -> Path:
    return stage.folder.parent / "journal"


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode("utf-8", "replace")
