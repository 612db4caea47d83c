"""What an answer means: ordered rules, the first that matches; and what an answer with many results adds up to."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from app.processors.rest.decoding import Decoded, Unreadable, element_value
from app.processors.rest.extraction import MOST_SEARCHED, is_true, items_of, json_path, pattern
from app.processors.rest.grammar_calls import After, HeaderIs, PerItem, Rule, RuleOutcome
from app.processors.rest.reply import Reply

LONGEST_WAIT: Final = timedelta(days=3)
LONGEST_QUOTA: Final = timedelta(days=32)

#: Where a file's rules say nothing (they should): what HTTP itself means.
_HTTP: Final = (
    Rule(status="2xx", outcome="success"),
    Rule(status=401, outcome="auth_expired"),
    Rule(status=[425, 429, 503], outcome="retry", after=After(header="Retry-After")),
    Rule(status=[408, "5xx"], outcome="unknown"),
    Rule(outcome="fail"),
)

#: Of several results the gravest is what the whole came to.
_GRAVEST: Final[tuple[RuleOutcome, ...]] = (
    "unknown",
    "auth_expired",
    "quota",
    "retry",
    "needs_review",
    "ambiguous",
    "rejected",
    "fail",
)
_DONE: Final = frozenset({"success", "already_done", "no_match"})


@dataclass(frozen=True)
class Verdict:
    """What one answer came to: an outcome, or a step to go to."""

    outcome: RuleOutcome | None
    rule: Rule
    code: str
    goto: str | None = None
    wait: timedelta | None = None


def judge(
    reply: Reply, rules: list[Rule], common: list[Rule], *, now: datetime, per_item: PerItem | None = None
) -> Verdict:
    """The first rule that matches, of the step's own, the connector's, and at last HTTP's; then its items' results."""
    rule = next(one for one in (*rules, *common, *_HTTP) if _matches(one, reply))
    code = rule.reason or f"http_{reply.status}"
    verdict = Verdict(rule.outcome, rule, code, rule.goto, _wait(rule, reply, now))
    if per_item is None or rule.outcome not in ("success", "partial"):
        return verdict
    return _added_up(reply, per_item, verdict)


def _matches(rule: Rule, reply: Reply) -> bool:
    return (
        _status_fits(rule.status, reply.status)
        and (rule.header is None or _header_fits(rule.header, reply))
        and (rule.predicate is None or _body_fits(rule.predicate, reply.decoded))
        and (rule.body_contains is None or rule.body_contains.lower() in reply.decoded.text[:MOST_SEARCHED].lower())
    )


def _status_fits(wanted: object, status: int) -> bool:
    match wanted:
        case None:
            return True
        case int():
            return status == wanted
        case str():
            return status // 100 == int(wanted[0])
        case list():
            return any(_status_fits(one, status) for one in wanted)
    return False


def _header_fits(wanted: HeaderIs, reply: Reply) -> bool:
    value = reply.headers.get(wanted.name.lower())
    if value is None:
        return False
    low = value.lower()
    return (wanted.equals is None or low == wanted.equals.lower()) and (
        wanted.contains is None or wanted.contains.lower() in low
    )


def _body_fits(predicate: str, decoded: Decoded) -> bool:
    value = element_value(decoded.tree) if decoded.tree is not None else decoded.value
    return is_true(predicate, value)


def _added_up(reply: Reply, per_item: PerItem, whole: Verdict) -> Verdict:
    try:
        items = items_of(per_item.items, reply.decoded, reply.headers)
    except Unreadable:
        return Verdict("unknown", whole.rule, "not_understood")
    verdicts = []
    for item in items:
        rule = next((one for one in per_item.rules if one.predicate is None or is_true(one.predicate, item)), None)
        verdicts.append(Verdict("fail", whole.rule, "item") if rule is None else _of_item(rule))
    if not verdicts or all(one.outcome in _DONE for one in verdicts):
        return whole
    if any(one.outcome in _DONE or one.outcome == "partial" for one in verdicts):
        bad = next(one for one in verdicts if one.outcome not in _DONE)
        return Verdict("partial", bad.rule, bad.code)
    return min(verdicts, key=lambda one: _GRAVEST.index(one.outcome) if one.outcome in _GRAVEST else len(_GRAVEST))


def _of_item(rule: Rule) -> Verdict:
    return Verdict(rule.outcome, rule, rule.reason or f"item_{rule.outcome}")


def _wait(rule: Rule, reply: Reply, now: datetime) -> timedelta | None:
    if rule.outcome == "quota":
        return _until_quota(rule.resume, now)
    if rule.outcome not in ("retry", "unknown") or rule.after is None:
        return None
    return waited(rule.after, reply, now)


def _until_quota(resume: Literal["next_utc_day", "next_hour"] | timedelta | None, now: datetime) -> timedelta:
    at = now.astimezone(UTC)
    if isinstance(resume, timedelta):
        return min(resume, LONGEST_QUOTA)
    if resume == "next_hour":
        return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) - at
    midnight = datetime.combine(at.date() + timedelta(days=1), time(), tzinfo=UTC)
    return midnight - at


def waited(after: After, reply: Reply, now: datetime) -> timedelta | None:
    """How long the vendor asks to wait, bounded; None where it does not say, or says nonsense."""
    if after.fixed is not None:
        return min(after.fixed, LONGEST_WAIT)
    said = _said(after, reply)
    if said is None:
        return None
    try:
        wait = _as_wait(said, after.unit, now)
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _said(after: After, reply: Reply) -> str | None:
    if after.header is not None:
        return reply.headers.get(after.header.lower())
    if after.json_path is not None:
        values = json_path(after.json_path).findall(reply.decoded.value)
        return str(values[0])[:64] if values else None
    hit = pattern(after.regex or "").search(reply.decoded.text[:MOST_SEARCHED])
    return None if hit is None else (hit.group(1) if hit.groups() else hit.group(0))[:64]


def _as_wait(said: str, unit: str, now: datetime) -> timedelta:
    match unit:
        case "milliseconds":
            return timedelta(milliseconds=float(said))
        case "epoch":
            return datetime.fromtimestamp(float(said), UTC) - now
        case "http_date":
            return parsedate_to_datetime(said) - now
        case "rfc3339":
            return datetime.fromisoformat(said) - now
    if not said.strip().replace(".", "", 1).isdecimal():  # Retry-After may be a date instead
        return parsedate_to_datetime(said) - now
    return timedelta(seconds=float(said))
