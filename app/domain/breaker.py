"""
When a processor is left alone for a while: a circuit breaker as a value.

What says something about the processor counts (nobody answers, an error of its own, a cut connection), what says
something about one task does not. So does a refusal of our credentials: whoever revoked them refuses every task alike,
so that what waits stays where it is until somebody has set new ones, and only a near deadline brings a person in. While
it is open nothing is sent; then one call tries, and its answer decides.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.fanout import Outcome


class State(StrEnum):
    """Whether calls go out."""

    CLOSED = "closed"  #: as the limits allow
    OPEN = "open"  #: none until ``probe_at``
    HALF_OPEN = "half_open"  #: one, whose answer decides


#: So many calls in a row without a working answer open it: one processor's bad moment is fewer.
FAILURES_TO_OPEN = 5
FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(hours=1)
#: Opened again so soon after it was closed, it rests longer than the last time: it was not well yet.
STEADY = timedelta(hours=2)
#: Down for so long, a person sees to what waits, as after the last try of a single task.
GIVE_UP = timedelta(hours=24)
#: Words of adapters for "it was the processor": of any other code only HTTP's own errors of a server are.
_CODES = frozenset((
    "not_reached", "cut_off", "timeout", "timed_out", "unreachable",
    "tls_failed", "server_certificate_not_trusted", "server_certificate_of_another_name",
    "server_certificate_out_of_its_days",
))  # fmt: skip
#: Why a lane waits whose processor refuses what we log in with.
CREDENTIALS_REFUSED = "credentials_refused"
#: Words of adapters for that: HTTP's own, and a connector's for a login or a key.
_REFUSALS = frozenset({"http_401", "http_403", "auth", "login_refused", "not_authorised", "not_permitted"})
#: So many in a row are no single task's: one may be about a record that we may not see.
REFUSALS_TO_OPEN = 3
#: How often one task is refused so before a person has it: where others go through, it is about that task.
REFUSALS_OF_A_TASK = 3


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """
    A lane's breaker. ``opened_at`` is when the outage began, ``openings`` how often in a row it was opened,
    ``closed_at`` when it last ended; instants in the law's time, as a task's next one.
    """

    state: State = State.CLOSED
    failures: int = 0
    openings: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    closed_at: datetime | None = None
    code: str | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is known against the processor."""
        return self.state is State.CLOSED and not self.failures

    def rests_until(self, now: datetime) -> datetime | None:
        """Until when nothing is sent; None when something may be."""
        waits = self.state is State.OPEN and self.probe_at is not None and self.probe_at > now
        return self.probe_at if waits else None

    def has_given_up(self, now: datetime) -> bool:
        """Whether it has been down for so long that people do what waits; what waits for credentials waits on."""
        if self.code == CREDENTIALS_REFUSED:
            return False
        return self.state is not State.CLOSED and self.opened_at is not None and now - self.opened_at >= GIVE_UP


def is_about_the_processor(outcome: Outcome, code: str) -> bool:
    """Whether an answer (or its absence) says that the processor is not well, whatever it was asked."""
    return outcome in (Outcome.RETRY, Outcome.UNKNOWN) and (code in _CODES or code.startswith("http_5"))


def is_about_credentials(outcome: Outcome, code: str) -> bool:
    """Whether an answer refuses not what was asked but whoever asks: nothing was done, and the next meets the same."""
    return outcome is Outcome.FAILED and code in _REFUSALS


def rest_after(openings: int) -> timedelta:
    """How long nothing is sent after it was opened for the n-th time in a row, from 1."""
    doubled: timedelta = FIRST_REST * 2 ** min(openings - 1, 20)
    return min(LONGEST_REST, doubled)


def heard(breaker: Breaker, *, failed: bool, code: str, now: datetime) -> Breaker:
    """The breaker after one call came back, or did not."""
    match breaker.state:
        case State.CLOSED if not failed:
            return replace(breaker, failures=0)
        case State.CLOSED if breaker.failures + 1 < _to_open(code):
            return replace(breaker, failures=breaker.failures + 1, code=code)
        case State.CLOSED:
            is_relapse = breaker.closed_at is not None and now - breaker.closed_at < STEADY
            return _opened(breaker, code=code, now=now, openings=breaker.openings + 1 if is_relapse else 1)
        case State.OPEN:  # a call that was under way when it opened: only the trial decides
            return replace(breaker, failures=breaker.failures + 1, code=code) if failed else breaker
        case State.HALF_OPEN if failed:
            return _opened(breaker, code=code, now=now, openings=breaker.openings + 1)
        case State.HALF_OPEN:
            return closed(breaker, now=now)
    raise AssertionError("a state without a rule")


def _to_open(code: str) -> int:
    return REFUSALS_TO_OPEN if code == CREDENTIALS_REFUSED else FAILURES_TO_OPEN


def closed(breaker: Breaker, *, now: datetime) -> Breaker:
    """Calls go out again; a relapse still remembers how often it was opened."""
    return Breaker(openings=breaker.openings, closed_at=now, code=breaker.code)


def _opened(breaker: Breaker, *, code: str, now: datetime, openings: int) -> Breaker:
    return Breaker(
        state=State.OPEN,
        failures=breaker.failures + 1,
        openings=openings,
        opened_at=breaker.opened_at or now,
        # A key that was refused is not better in ten seconds, and accounts are locked over less.
        probe_at=now + (LONGEST_REST if code == CREDENTIALS_REFUSED else rest_after(openings)),
        closed_at=breaker.closed_at,
        code=code,
    )
