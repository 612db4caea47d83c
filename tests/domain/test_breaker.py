"""When a processor is left alone, and for how long: a value that every answer moves on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.breaker import (
    CREDENTIALS_REFUSED,
    FAILURES_TO_OPEN,
    FIRST_REST,
    GIVE_UP,
    LONGEST_REST,
    REFUSALS_TO_OPEN,
    STEADY,
    Breaker,
    State,
    heard,
    is_about_credentials,
    is_about_the_processor,
    rest_after,
)
from app.domain.fanout import Outcome

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def failed(breaker, *, times=1, now=NOW):
    for _ in range(times):
        breaker = heard(breaker, failed=True, code="http_500", now=now)
    return breaker


def tried(breaker):
    """As it stands while its one call is under way."""
    return Breaker(**{**breaker.__dict__, "state": State.HALF_OPEN})


OPEN = failed(Breaker(), times=FAILURES_TO_OPEN)


class TestClosed:
    def test_opens_after_so_many_failures_in_a_row(self):
        """
        One bad moment is no outage; five in a row are.
        """
        assert failed(Breaker(), times=FAILURES_TO_OPEN - 1).state is State.CLOSED
        assert (OPEN.state, OPEN.opened_at, OPEN.probe_at) == (State.OPEN, NOW, NOW + FIRST_REST)
        assert OPEN.code == "http_500"

    def test_begins_to_count_anew_with_every_working_answer(self):
        """
        A processor that fails four times of five is slow, not down: its tasks' own retries do.
        """
        nearly = failed(Breaker(), times=FAILURES_TO_OPEN - 1)

        assert failed(heard(nearly, failed=False, code="http_200", now=NOW)).state is State.CLOSED


class TestOpen:
    @pytest.mark.parametrize("fails", [True, False])
    def test_is_moved_by_no_call_that_was_under_way(self, fails):
        """
        Ten calls in the air when it opens are one outage: no longer rest, and no closing by a straggler.
        """
        after = heard(OPEN, failed=fails, code="http_503", now=NOW + timedelta(seconds=1))

        assert (after.state, after.probe_at, after.openings) == (State.OPEN, OPEN.probe_at, 1)

    def test_lets_a_call_go_when_its_rest_is_over(self):
        """
        Not before, and from that very instant.
        """
        assert OPEN.rests_until(NOW) == OPEN.probe_at
        assert OPEN.rests_until(OPEN.probe_at) is None

    def test_has_given_up_after_a_day(self):
        """
        The outage counts from its beginning, however often it was tried.
        """
        again = failed(tried(OPEN), now=NOW + GIVE_UP - FIRST_REST)

        assert not again.has_given_up(NOW + GIVE_UP - timedelta(seconds=1))
        assert again.has_given_up(NOW + GIVE_UP)


class TestTrial:
    def test_that_works_closes_it(self):
        """
        The processor answers: all of its lane goes out again.
        """
        after = heard(tried(OPEN), failed=False, code="http_200", now=NOW)

        assert (after.state, after.failures, after.opened_at, after.probe_at) == (State.CLOSED, 0, None, None)

    def test_that_fails_opens_it_for_twice_as_long(self):
        """
        One failure is enough: it has shown that it is down.
        """
        after = failed(tried(OPEN), now=NOW + FIRST_REST)

        assert (after.state, after.opened_at) == (State.OPEN, NOW)
        assert after.probe_at == NOW + FIRST_REST + 2 * FIRST_REST

    @pytest.mark.parametrize(
        ("later", "openings"),
        [
            pytest.param(STEADY - timedelta(seconds=1), 3, id="a relapse"),
            pytest.param(STEADY, 1, id="another outage"),
        ],
    )
    def test_that_worked_is_not_forgotten_at_once(self, later, openings):
        """
        No flapping: who is down again so soon rests longer than the last time.
        """
        second = failed(tried(OPEN))
        well = heard(tried(second), failed=False, code="http_200", now=NOW)

        assert failed(well, times=FAILURES_TO_OPEN, now=NOW + later).openings == openings


class TestRest:
    @given(st.integers(1, 10_000))
    def test_grows_to_a_cap(self, openings):
        """
        Never shorter than the one before, never longer than an hour.
        """
        assert FIRST_REST <= rest_after(openings) <= rest_after(openings + 1) <= LONGEST_REST


class TestAnswer:
    @pytest.mark.parametrize(
        ("outcome", "code", "says"),
        [
            (Outcome.RETRY, "not_reached", True),
            (Outcome.RETRY, "server_certificate_out_of_its_days", True),
            (Outcome.UNKNOWN, "cut_off", True),
            (Outcome.UNKNOWN, "timeout", True),
            (Outcome.UNKNOWN, "http_500", True),
            (Outcome.RETRY, "http_503", True),
            (Outcome.RETRY, "http_429", False),
            (Outcome.RETRY, "quota", False),
            (Outcome.FAILED, "http_400", False),
            (Outcome.UNKNOWN, "malformed", False),
            (Outcome.UNKNOWN, "worker_lost", False),
            (Outcome.COMPLETED, "http_200", False),
        ],
    )
    def test_counts_only_where_it_is_about_the_processor(self, outcome, code, says):
        """
        What one task got wrong, what we broke off ourselves, and a used-up quota say nothing of that kind.
        """
        assert is_about_the_processor(outcome, code) is says


class TestRefusedCredentials:
    """Art. 12(3), 32: a revoked key refuses hundreds of tasks alike; one person sets a new one, and none is lost."""

    def refused(self, times: int, *, breaker: Breaker | None = None) -> Breaker:
        breaker = breaker or Breaker()
        for _ in range(times):
            breaker = heard(breaker, failed=True, code=CREDENTIALS_REFUSED, now=NOW)
        return breaker

    def test_open_it_after_a_few_in_a_row_and_say_why(self):
        opened = self.refused(REFUSALS_TO_OPEN)

        assert self.refused(REFUSALS_TO_OPEN - 1).state is State.CLOSED
        assert (opened.state, opened.code) == (State.OPEN, CREDENTIALS_REFUSED)

    def test_of_one_task_among_working_ones_open_nothing(self):
        """A record that we may not see is that record's trouble."""
        breaker = Breaker()
        for _ in range(10):
            breaker = heard(self.refused(REFUSALS_TO_OPEN - 1, breaker=breaker), failed=False, code="", now=NOW)

        assert breaker.state is State.CLOSED

    def test_are_tried_seldom(self):
        """Accounts are locked over less than a try every ten seconds."""
        assert self.refused(REFUSALS_TO_OPEN).probe_at == NOW + LONGEST_REST

    def test_are_never_given_up_on_by_time_alone(self):
        """What waits is a person's only when its deadline is near: new credentials send it all."""
        assert not self.refused(REFUSALS_TO_OPEN).has_given_up(NOW + 10 * GIVE_UP)

    def test_that_are_good_again_close_it(self):
        after = heard(tried(self.refused(REFUSALS_TO_OPEN)), failed=False, code="http_200", now=NOW)

        assert after.state is State.CLOSED

    @pytest.mark.parametrize(
        ("outcome", "code", "says"),
        [
            (Outcome.FAILED, "http_401", True),
            (Outcome.FAILED, "http_403", True),
            (Outcome.FAILED, "auth", True),
            (Outcome.FAILED, "login_refused", True),
            (Outcome.FAILED, "not_authorised", True),
            (Outcome.FAILED, "http_400", False),
            (Outcome.FAILED, "scope_missing", False),
            (Outcome.REFUSED, "not_authorised", False),
            (Outcome.RETRY, "http_403", False),
        ],
    )
    def test_are_an_adapters_word_for_whoever_asks(self, outcome, code, says):
        assert is_about_credentials(outcome, code) is says
