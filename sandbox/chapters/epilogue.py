"""What is left at the end: counts, a chain, and what was taken out in time."""

import asyncio
import shutil
import sys
import zipfile

from sandbox.chapters.stage import Stage

#: Whose chains are checked at the end.
WHERE = "sensor-alarm"


async def play(stage: Stage) -> None:
    """Two years and a month after the last request was closed."""
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
    lost = [outcome for outcome, number in before.items() if after.get(outcome, 0) < number]
    stage.must(not lost, f"what was counted should stay counted: {', '.join(lost)}")
    await stage.say(f"What remains are counts, of {sum(after.values())} claims: {_in_words(after)}.")
    await _evidence_holds(stage)
    await _chains_hold(stage)


async def _counts(stage: Stage) -> dict[str, int]:
    """How many closed claims ended how, kept or erased."""
    said = await stage.caller.call("GET", "/v1/reports/summary", "auditor")
    return dict(said["by_outcome"])


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in sorted(counts.items()))


async def _evidence_holds(stage: Stage) -> None:
    """A bare Python, the file from the pack, nothing of Insyn's."""
    folder = stage.folder / "evidence"

    def unpack() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(stage.folder / "evidence.zip") as pack:
            pack.extractall(folder)

    await asyncio.to_thread(unpack)
    code, said = await _run(sys.executable, "-I", "-S", str(folder / "verify.py"))
    stage.must(code == 0, f"the evidence should hold: {said[-300:]}")
    await stage.say("IMY still has Karin's case. Its own verify.py, with a bare Python and no network, finds it sound.")


async def _chains_hold(stage: Stage) -> None:
    """The chains of every request of a controller, also of those whose file is gone, against what was signed daily."""
    insyn = (sys.executable, "-m", "app", "audit")
    code, lines = await _run(*insyn, "export", WHERE)
    stage.must(code == 0, f"the chains should be exported: {lines[-300:]}")
    chains = stage.keep("audit.jsonl", lines.encode())
    _, key = await _run(*insyn, "key", "--public")
    folder = str(stage.journal / WHERE)
    code, said = await _run(*insyn, "verify", str(chains), "--checkpoints", folder, "--key", key.strip())
    stage.must(code == 0 and said.strip() == "sound", f"the chains should hold: {said[-300:]}")
    await stage.say(
        "All audit chains hold against the signed checkpoints, the erased files' too: `insyn audit verify`."
    )


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaint = await process.communicate()
    return process.returncode or 0, (said or complaint).decode("utf-8", "replace")
