"""What a processor's answer, or its silence, leads to."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fanout import (
    FIRST_RETRY,
    LONGEST_LANE_REST,
    LONGEST_RETRY,
    MOST_ATTEMPTS,
    NEVER_ARRIVED,
    POLL_EVERY,
    SAYABLE,
    TERMINAL,
    TERMINAL_BY_PERSON,
    UNSAID_REST,
    Action,
    AnswerMode,
    AskPerson,
    AskProcessor,
    Close,
    Consequence,
    Idempotency,
    Outcome,
    TryAgain,
    Verb,
    Wait,
    due_too_soon,
    in_time,
    is_empty_handed,
    judge,
    lane_rest,
    latest_try,
    retry_after,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=2)

attempts = st.integers(1, 200)
fractions = st.floats(0, 1, exclude_max=True)
waits = st.timedeltas(timedelta(), timedelta(days=1))

#: What follows at the first attempt, for each outcome: at a processor that honours a key twice, does not, can be asked.
CONSEQUENCES: dict[Outcome, tuple[type[Consequence], type[Consequence], type[Consequence]]] = {
    Outcome.COMPLETED: (Close, Close, Close),
    Outcome.COMPLETED_PARTIAL: (Close, Close, Close),
    Outcome.NOT_FOUND: (Close, Close, Close),
    Outcome.RETAINED: (Close, Close, Close),
    Outcome.REFUSED: (AskPerson, AskPerson, AskPerson),
    Outcome.AMBIGUOUS: (AskPerson, AskPerson, AskPerson),
    Outcome.FAILED: (AskPerson, AskPerson, AskPerson),
    Outcome.ACCEPTED: (Wait, Wait, Wait),
    Outcome.EFFECTIVE_LATER: (TryAgain, AskPerson, TryAgain),
    Outcome.RETRY: (TryAgain, TryAgain, TryAgain),
    Outcome.UNKNOWN: (TryAgain, AskPerson, AskProcessor),
}
TABLE = [
    pytest.param(outcome, idempotency, mode, follows, id=f"{outcome}-{idempotency}-{mode}")
    for outcome, row in CONSEQUENCES.items()
    for (idempotency, follows), mode in product(
        zip((Idempotency.YES, Idempotency.NO, Idempotency.QUERY), row, strict=True), AnswerMode
    )
]


def judged(
    outcome: Outcome,
    *,
    attempt: int = 1,
    idempotency: Idempotency = Idempotency.YES,
    mode: AnswerMode = AnswerMode.SYNC,
    fraction: float = 0.5,
    wait: timedelta | None = None,
    effective_at: datetime | None = LATER,
) -> Consequence:
    return judge(
        outcome,
        now=NOW,
        attempt=attempt,
        idempotency=idempotency,
        answer_mode=mode,
        fraction=fraction,
        wait=wait,
        effective_at=effective_at,
    )


class TestJudge:
    def test_knows_every_outcome(self) -> None:
        """
        There is no answer without a consequence.
        """
        assert set(CONSEQUENCES) == set(Outcome)

    @pytest.mark.parametrize(("outcome", "idempotency", "mode", "follows"), TABLE)
    def test_follows_the_table(
        self, outcome: Outcome, idempotency: Idempotency, mode: AnswerMode, follows: type[Consequence]
    ) -> None:
        """
        Only terminal evidence ends a task; nothing is sent twice where twice would mean two effects.
        """
        assert type(judged(outcome, idempotency=idempotency, mode=mode)) is follows

    @pytest.mark.parametrize("mode", AnswerMode)
    def test_polls_only_who_is_to_be_polled(self, mode: AnswerMode) -> None:
        """
        The others call back; a task they forget is found by its answer-by day.
        """
        expected = Wait(NOW + POLL_EVERY) if mode is AnswerMode.POLL else Wait(None)

        assert judged(Outcome.ACCEPTED, mode=mode) == expected

    def test_polls_when_the_processor_says(self) -> None:
        """
        Its Retry-After goes before our own habit.
        """
        assert judged(Outcome.ACCEPTED, mode=AnswerMode.POLL, wait=timedelta(hours=2)) == Wait(NOW + timedelta(hours=2))

    def test_never_polls_without_a_pause(self) -> None:
        """
        A Retry-After of next to nothing is no leave to ask in a circle.
        """
        at_once = timedelta(milliseconds=1)

        assert judged(Outcome.ACCEPTED, mode=AnswerMode.POLL, wait=at_once) == Wait(NOW + FIRST_RETRY)

    def test_comes_back_when_the_effect_is_due(self) -> None:
        """
        "On the first of next month" is asked for again then, and not before.
        """
        assert judged(Outcome.EFFECTIVE_LATER) == TryAgain(LATER)

    @pytest.mark.parametrize("effective_at", [NOW, NOW - timedelta(days=9)])
    def test_comes_back_soon_when_the_day_has_passed(self, effective_at: datetime) -> None:
        """
        A day in the past is asked for in a moment, never at once and never in the past.
        """
        soonest = TryAgain(NOW + FIRST_RETRY)

        assert judged(Outcome.EFFECTIVE_LATER, effective_at=effective_at, fraction=0.0) == soonest

    @pytest.mark.parametrize("attempt", [0, 1, 5])
    def test_comes_back_later_each_time_later_has_passed(self, attempt: int) -> None:
        """
        Who says "later" again and again is asked less and less often.
        """
        pause = retry_after(max(1, attempt), fraction=0.5) + FIRST_RETRY

        assert judged(Outcome.EFFECTIVE_LATER, attempt=attempt, effective_at=NOW) == TryAgain(NOW + pause)

    def test_asks_a_person_when_later_never_comes(self) -> None:
        """
        "Later", said as often as any call is tried, is no answer (no silent end).
        """
        last = judged(Outcome.EFFECTIVE_LATER, attempt=MOST_ATTEMPTS - 1)

        assert last == TryAgain(LATER)
        assert judged(Outcome.EFFECTIVE_LATER, attempt=MOST_ATTEMPTS) == AskPerson("effective_later")

    def test_asks_a_person_when_later_has_no_day(self) -> None:
        """
        "Later" without a day is a promise nobody can keep.
        """
        assert judged(Outcome.EFFECTIVE_LATER, effective_at=None) == AskPerson("effective_later")

    @pytest.mark.parametrize(
        ("outcome", "reason"),
        [
            (Outcome.REFUSED, "refused"),
            (Outcome.AMBIGUOUS, "ambiguous"),
            (Outcome.FAILED, "failed"),
            (Outcome.UNKNOWN, "unknown"),
        ],
    )
    def test_tells_the_person_why(self, outcome: Outcome, reason: str) -> None:
        """
        Whoever is handed a task reads the reason as a code.
        """
        assert judged(outcome, idempotency=Idempotency.NO) == AskPerson(reason)

    @pytest.mark.parametrize("idempotency", Idempotency)
    @pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.UNKNOWN])
    def test_gives_up_trying_after_many_attempts(self, outcome: Outcome, idempotency: Idempotency) -> None:
        """
        A processor that never answers is a person's business (no silent end).
        """
        assert judged(outcome, attempt=MOST_ATTEMPTS, idempotency=idempotency) == AskPerson("no_answer")

    @given(outcome=st.sampled_from(sorted(TERMINAL)), attempt=attempts)
    def test_takes_an_end_however_late(self, outcome: Outcome, attempt: int) -> None:
        """
        Terminal evidence ends a task at any attempt.
        """
        assert judged(outcome, attempt=attempt) == Close()

    @given(
        outcome=st.sampled_from([Outcome.RETRY, Outcome.UNKNOWN]),
        attempt=st.integers(1, MOST_ATTEMPTS - 1),
        fraction=fractions,
        wait=st.none() | waits,
    )
    def test_tries_again_when_the_pause_is_over(
        self, outcome: Outcome, attempt: int, fraction: float, wait: timedelta | None
    ) -> None:
        """
        Lost answers and "come back later" wait alike.
        """
        pause = retry_after(attempt, fraction=fraction, asked=wait)

        assert judged(outcome, attempt=attempt, fraction=fraction, wait=wait) == TryAgain(NOW + pause)

    @given(attempt=attempts, wait=st.none() | waits, mode=st.sampled_from(AnswerMode))
    def test_never_sends_twice_what_would_count_twice(
        self, attempt: int, wait: timedelta | None, mode: AnswerMode
    ) -> None:
        """
        When nobody knows whether a call took effect, a processor without idempotency is not called again.
        """
        found = judged(Outcome.UNKNOWN, attempt=attempt, wait=wait, mode=mode, idempotency=Idempotency.NO)

        assert isinstance(found, AskPerson)


class TestRetryAfter:
    @given(attempt=attempts, fraction=fractions)
    def test_stays_under_a_doubling_ceiling(self, attempt: int, fraction: float) -> None:
        """
        Full jitter: anything from nothing to the ceiling, which doubles up to the longest wait.
        """
        ceiling = min(LONGEST_RETRY.total_seconds(), FIRST_RETRY.total_seconds() * 2.0 ** (attempt - 1))

        assert 0 <= retry_after(attempt, fraction=fraction).total_seconds() <= ceiling

    @given(attempt=attempts, fraction=fractions, asked=waits)
    def test_is_never_shorter_than_asked(self, attempt: int, fraction: float, asked: timedelta) -> None:
        """
        A processor that says when to come back is not called before.
        """
        pause = retry_after(attempt, fraction=fraction, asked=asked)

        assert pause == max(asked, retry_after(attempt, fraction=fraction))

    @given(attempt=attempts, fraction=fractions)
    def test_does_not_shrink_from_one_attempt_to_the_next(self, attempt: int, fraction: float) -> None:
        """
        With the same luck a later attempt waits at least as long.
        """
        assert retry_after(attempt, fraction=fraction) <= retry_after(attempt + 1, fraction=fraction)

    def test_adds_up_to_about_six_hours(self) -> None:
        """
        As long, with the longest waits, is a processor tried before a person hears of it: the same working day.
        """
        waits = (retry_after(attempt, fraction=1) for attempt in range(1, MOST_ATTEMPTS))

        assert timedelta(hours=6) < sum(waits, timedelta()) < timedelta(hours=6.5)

    def test_spreads_over_the_whole_wait(self) -> None:
        """
        Many tasks that failed together do not come back together.
        """
        pauses = {retry_after(8, fraction=step / 10) for step in range(10)}

        assert len(pauses) == 10


class TestOutcomes:
    def test_of_a_person_include_a_no(self) -> None:
        """
        A refusal or a failure ends a task only when a person stands for it.
        """
        assert {Outcome.REFUSED, Outcome.FAILED} == TERMINAL_BY_PERSON - TERMINAL

    def test_of_a_processor_are_its_own_words(self) -> None:
        """
        "Retry" and "unknown" are read off the call, never said in an answer.
        """
        assert set(Outcome) - SAYABLE == {Outcome.RETRY, Outcome.UNKNOWN}
        assert TERMINAL <= SAYABLE


class TestEmptyHanded:
    @pytest.mark.parametrize(
        ("action", "outcome", "said", "is_empty"),
        [
            (Action.EXPORT, Outcome.COMPLETED, {}, True),
            (Action.EXPORT, Outcome.COMPLETED_PARTIAL, {"records": [{"category": "contact", "rows": []}]}, True),
            (Action.EXPORT, Outcome.COMPLETED, {"records": [{"category": "contact", "rows": [{"a": 1}]}]}, False),
            (Action.EXPORT, Outcome.NOT_FOUND, {}, False),
            (Action.ERASE, Outcome.COMPLETED, {}, False),
        ],
    )
    def test_is_a_copy_that_is_called_done_and_brings_nothing(self, action, outcome, said, is_empty):
        """
        R15-5, F10: "done" without data is for a person to look into; nothing held is said as such.
        """
        assert is_empty_handed(action, outcome, said) is is_empty


STOCKHOLM = ZoneInfo("Europe/Stockholm")
DUE_ON = date(2026, 4, 2)
LATEST = latest_try(DUE_ON, STOCKHOLM)


class TestLatestTry:
    def test_leaves_a_person_five_whole_days(self) -> None:
        """
        Due on 2 April: the last try is on 28 March, in the controller's zone.
        """
        assert datetime(2026, 3, 29, 0, 0, tzinfo=STOCKHOLM) == LATEST

    @given(st.timedeltas(timedelta(), timedelta(days=365)))
    def test_and_the_last_due_day_it_is_too_late_for_agree(self, later: timedelta) -> None:
        """
        What one task is asked and what a whole lane is asked is one rule.
        """
        at = NOW + later
        last = due_too_soon(at, STOCKHOLM)

        assert at >= latest_try(last, STOCKHOLM)
        assert at < latest_try(last + timedelta(days=1), STOCKHOLM)


class TestInTime:
    @pytest.mark.parametrize("kind", [TryAgain, AskProcessor, Wait])
    def test_a_person_comes_now_where_the_next_try_would_be_too_late(self, kind: type[Consequence]) -> None:
        """
        A wait that was asked for, a long poll, a rest: whatever it is, five days before the day it is over.
        """
        late, early = kind(LATEST), kind(LATEST - timedelta(microseconds=1))  # type: ignore[call-arg]

        assert in_time(late, now=NOW, latest=LATEST) == AskPerson("deadline_near")
        assert in_time(early, now=NOW, latest=LATEST) == early

    def test_what_comes_within_a_minute_delays_nobody(self) -> None:
        """
        Near the day a second try at once is still worth it; a third that has to wait is not.
        """
        soon, later = (TryAgain(LATEST + timedelta(seconds=more)) for more in (60, 61))

        assert in_time(soon, now=LATEST, latest=LATEST) == soon
        assert in_time(later, now=LATEST, latest=LATEST) == AskPerson("deadline_near")

    @pytest.mark.parametrize("consequence", [Close(), Wait(None), AskPerson("refused")])
    def test_says_nothing_of_what_has_no_instant(self, consequence: Consequence) -> None:
        """
        What is over, waits for a callback, or is a person's already.
        """
        assert in_time(consequence, now=LATEST + timedelta(days=9), latest=LATEST) == consequence

    def test_says_nothing_where_no_day_hangs_on_it(self) -> None:
        """
        What follows a closed case has no statutory day.
        """
        assert in_time(TryAgain(LATEST), now=NOW, latest=None) == TryAgain(LATEST)


class TestLaneRest:
    HOUR = timedelta(hours=1)

    @pytest.mark.parametrize(
        ("outcome", "code", "wait", "rest"),
        [
            pytest.param(Outcome.RETRY, "quota", 3 * HOUR, 3 * HOUR, id="a quota and its end"),
            pytest.param(Outcome.RETRY, "quota", None, UNSAID_REST, id="a quota without"),
            pytest.param(Outcome.RETRY, "quota", 9_000 * HOUR, LONGEST_LANE_REST, id="a quota until next year"),
            pytest.param(Outcome.RETRY, "http_429", HOUR, HOUR, id="too many requests"),
            pytest.param(Outcome.RETRY, "http_503", HOUR, HOUR, id="closed for an hour"),
            pytest.param(Outcome.RETRY, "http_503", None, None, id="an error, the task's own retry does"),
            pytest.param(Outcome.ACCEPTED, "http_202", HOUR, None, id="one job's pace"),
            pytest.param(Outcome.RETRY, "file_locked", HOUR, None, id="one task's wait"),
        ],
    )
    def test_is_for_what_all_calls_would_meet(
        self, outcome: Outcome, code: str, wait: timedelta | None, rest: timedelta | None
    ) -> None:
        """
        One task's wait is its own; a used-up quota is everybody's on the lane.
        """
        assert lane_rest(outcome, code, wait) == rest


class TestLook:
    @pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.UNKNOWN])
    @pytest.mark.parametrize("idempotency", Idempotency)
    def test_that_failed_leads_to_another_look(self, outcome: Outcome, idempotency: Idempotency) -> None:
        """
        Whatever the processor makes of a key: what was sent stays sent, and nothing is sent on a failed look.
        """
        known = {"now": NOW, "attempt": 1, "idempotency": idempotency, "answer_mode": AnswerMode.POLL, "fraction": 0.0}
        polled = judge(outcome, **known, verb="poll", code="http_503")  # type: ignore[arg-type]
        asked = judge(outcome, **known, verb="ask", code="not_reached")  # type: ignore[arg-type]

        assert (polled, asked) == (Wait(NOW), AskProcessor(NOW))

    @pytest.mark.parametrize("verb", ["poll", "ask"])
    def test_that_failed_too_often_is_a_persons(self, verb: Verb) -> None:
        """
        As with any call.
        """
        said = judge(
            Outcome.RETRY, now=NOW, attempt=MOST_ATTEMPTS, idempotency=Idempotency.NO, answer_mode=AnswerMode.POLL,
            fraction=0.0, verb=verb,
        )  # fmt: skip

        assert said == AskPerson("no_answer")

    @pytest.mark.parametrize("verb", ["poll", "ask"])
    def test_that_finds_nothing_there_leads_to_sending(self, verb: Verb) -> None:
        """
        The processor has said that the task never came.
        """
        said = judge(
            Outcome.RETRY, now=NOW, attempt=1, idempotency=Idempotency.NO, answer_mode=AnswerMode.POLL, fraction=0.0,
            verb=verb, code=NEVER_ARRIVED,
        )  # fmt: skip

        assert said == TryAgain(NOW)
