"""The report: for a developer to read, or for a machine."""

import json
from typing import Any

from processor_kit.conformance._bench import Exchange
from processor_kit.conformance._run import Finding, Report

#: Of a body as much as shows what it is.
MOST_SHOWN = 1_200
_MARKS = {"passed": "passed    ", "broken": "BROKEN    ", "not_tested": "not tested"}


def as_text(report: Report) -> str:
    """The report in lines; of broken rules also what was sent and what came."""
    lines = [
        f"{report.endpoint}: {report.count('passed')} rules passed, {report.count('broken')} broken,"
        f" {report.count('not_tested')} not tested (answers: {report.answers})",
        "",
    ]
    for one in report.findings:
        lines.append(f"{_MARKS[one.verdict]} {one.rule.name}" + (f": {one.why}" if one.verdict == "not_tested" else ""))
    shown: dict[object, str] = {}
    for one in report.findings:
        if one.verdict == "broken":
            first = shown.setdefault(_cause(one), one.rule.name)
            lines += ["", *_broken(one, seen_in=first if first != one.rule.name else None)]
    return "\n".join(lines) + "\n"


def _cause(finding: Finding) -> object:
    """What two broken rules share if one thing broke both: no answer at all, or the same answer to the same call."""
    if not finding.exchanges:
        return finding.rule.name
    last = finding.exchanges[-1]
    return last.note if last.status == 0 else (finding.why, last.status, last.body)


def _broken(finding: Finding, *, seen_in: str | None) -> list[str]:
    lines = [
        f"== {finding.rule.name}",
        f"The contract: {finding.rule.contract}",
        f"Here:         {finding.why}",
    ]
    if seen_in is not None:
        return [*lines, f"  what was sent and came: as under {seen_in}"]
    for one in finding.exchanges[-3:]:
        lines += [f"  sent  {one.method} {one.url}"]
        lines += [f"        {name}: {value}" for name, value in one.headers.items()]
        lines += [f"        {_shown(one.sent)}"] if one.sent else []
        lines += [f"  came  {one.status or 'nothing'} after {one.seconds:.2f} s {one.note}".rstrip()]
        lines += [f"        {_shown(one.body)}"] if one.body else []
    return lines


def as_json(report: Report) -> str:
    """The report for a machine; ``rules`` in the order they were tried."""
    made: dict[str, Any] = {
        "endpoint": report.endpoint,
        "at": report.at.isoformat(timespec="seconds"),
        "answers": report.answers,
        "is_good": report.is_good,
        **{verdict: report.count(verdict) for verdict in _MARKS},
        "rules": [
            {
                "rule": one.rule.name,
                "verdict": one.verdict,
                "contract": one.rule.contract,
                "why": one.why,
                "exchanges": [_exchange(each) for each in one.exchanges],
            }
            for one in report.findings
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def _exchange(one: Exchange) -> dict[str, Any]:
    return {
        "sent": {"method": one.method, "url": one.url, "headers": dict(one.headers), "body": _shown(one.sent)},
        "came": {"status": one.status, "headers": dict(one.answer_headers), "body": _shown(one.body), "note": one.note},
        "seconds": round(one.seconds, 3),
    }


def _shown(body: bytes) -> str:
    text = body[:MOST_SHOWN].decode("utf-8", errors="replace")
    # One line, and nothing in it that a terminal would obey.
    plain = "".join(one if one.isprintable() else " " for one in text)
    return plain + (f" … ({len(body)} bytes)" if len(body) > MOST_SHOWN else "")
