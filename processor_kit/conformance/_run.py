"""Trying every rule, and what was found."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from processor_kit.conformance._bench import NO_CONNECTION, Answers, Bench, Exchange, NobodyThere, Setup
from processor_kit.conformance._receiver import receiving
from processor_kit.conformance._rules import RULES, Broken, NotTested, Rule

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """What came of a rule: ``passed``, ``broken`` or ``not_tested``, why, and what was said meanwhile."""

    rule: Rule
    verdict: str
    why: str
    exchanges: tuple[Exchange, ...]


@dataclass
class Report:
    """The whole of it."""

    endpoint: str
    answers: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    findings: list[Finding] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(one.verdict == verdict for one in self.findings)

    @property
    def is_good(self) -> bool:
        return self.count("broken") == 0


async def run(setup: Setup, *, only: Collection[str] = ()) -> Report:
    """
    Run the rules (or *only* some) against a processor.

    Raises:
        NobodyThere: The endpoint cannot be connected to at all.
        OSError: The callback port is taken.
    """
    timeout = httpx.Timeout(setup.call_seconds * 2, connect=CONNECT_SECONDS)
    # No redirects and no proxies: what is tested is what Insyn would do.
    async with (
        receiving(setup.callback_port) as (receiver, here),
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout) as client,
    ):
        bench = Bench(setup, client, receiver, (setup.callback_url or here).rstrip("/"))
        first = await bench.ask()
        if first.note.startswith(NO_CONNECTION):
            raise NobodyThere(f"{setup.endpoint}: {first.note}.")
        bench.answers = setup.answers or _seen(first)
        report = Report(endpoint=setup.endpoint, answers=bench.answers)
        for rule in RULES:
            if only and rule.name not in only:
                continue
            report.findings.append(await _try(rule, bench, is_there=first.status != 0))
    return report


async def _try(rule: Rule, bench: Bench, *, is_there: bool) -> Finding:
    before = len(bench.said)
    if not is_there and rule.name != "signature-valid":
        return Finding(rule, "not_tested", "The processor did not answer at all; see signature-valid.", ())
    try:
        await rule.check(bench)
    except Broken as error:
        return Finding(rule, "broken", str(error), tuple(bench.said[before:]))
    except NotTested as error:
        return Finding(rule, "not_tested", str(error), tuple(bench.said[before:]))
    return Finding(rule, "passed", "", tuple(bench.said[before:]))


def _seen(first: Exchange) -> Answers:
    """How a processor answers, by its first answer."""
    if first.status != 202:
        return "sync"
    return "poll" if "location" in first.answer_headers else "callback"
