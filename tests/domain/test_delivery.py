"""Which way a letter takes, and when it is out."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from app.domain.delivery import (
    WAITS,
    PostedBeforeWritten,
    PostedInTheFuture,
    Reach,
    Via,
    Way,
    as_on_an_envelope,
    check_posting,
    may_mail,
    next_try,
    way_of,
)

#: Somebody with a login who wrote on the web and left an address that somebody answers for.
ANNA = Reach(channel="web", can_log_in=True, has_email=True, email_vouched=True)
MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)


class TestWay:
    def test_is_a_notice_to_an_address_somebody_answers_for(self) -> None:
        """R12-3: what came electronically is answered so; the mail says only that a letter waits."""
        assert way_of(ANNA) == Way(Via.EMAIL, mails=True)

    def test_is_the_login_alone_where_no_address_was_left(self) -> None:
        """Who wrote behind a login knows where to look."""
        assert way_of(replace(ANNA, has_email=False, email_vouched=False)) == Way(Via.PORTAL)

    def test_waits_for_no_mail_to_an_address_nobody_answers_for(self) -> None:
        """Anybody could have typed it: it may tell that a letter waits, and decides nothing."""
        assert way_of(replace(ANNA, email_vouched=False)) == Way(Via.PORTAL, mails=True)

    def test_about_what_was_kept_lies_behind_the_login(self):
        """
        Nobody asked for it today and no address may be left; the answer had named the day.
        """
        assert way_of(Reach(channel="retention", can_log_in=True)) == Way(Via.PORTAL)
        assert way_of(Reach(channel="retention")) == Way(Via.POST)

    @pytest.mark.parametrize("channel", ["phone", "in_person", "email", "other"])
    def test_is_the_post_for_who_has_no_login(self, channel: str) -> None:
        """A notice "log in and read" would be a riddle; nothing about the case stands in a mail (law.md G)."""
        assert way_of(replace(ANNA, channel=channel, can_log_in=False)) == Way(Via.POST)

    @pytest.mark.parametrize("channel", ["phone", "in_person"])
    def test_is_the_post_for_who_called_and_left_no_address(self, channel: str) -> None:
        """Who telephoned does not know that something lies behind a login."""
        assert way_of(Reach(channel=channel, can_log_in=True)) == Way(Via.POST)
        assert way_of(replace(ANNA, channel=channel)) == Way(Via.EMAIL, mails=True)

    def test_is_the_way_the_request_came(self) -> None:
        """R12-3, law.md G: a letter is answered by letter."""
        assert way_of(replace(ANNA, channel="letter")) == Way(Via.POST)

    @pytest.mark.parametrize("form", ["paper", "post", "oral"])
    def test_is_what_the_person_asked_for(self, form: str) -> None:
        """R12-3: unless the person asks otherwise."""
        assert way_of(replace(ANNA, answer_form=form)) == Way(Via.POST)
        assert way_of(replace(ANNA, channel="letter", answer_form="electronic")).via is Via.EMAIL

    def test_is_never_a_mail_where_mail_is_dangerous(self) -> None:
        """A protected person's mail may be read by the one they hide from."""
        assert way_of(replace(ANNA, may_mail=False)) == Way(Via.POST)


@dataclass
class _Marked:
    protected: bool = False
    is_stopped: bool = False


class TestMail:
    def test_goes_to_nobody_protected_and_not_after_a_stop(self) -> None:
        """ "It was not me" makes the address in the request suspect."""
        assert may_mail(_Marked())
        assert not may_mail(_Marked(protected=True))
        assert not may_mail(_Marked(is_stopped=True))

    def test_is_tried_for_days_and_then_a_persons(self) -> None:
        """Waits grow; after some three days somebody is told instead of the mail being forgotten."""
        waits = [next_try(number) for number in range(1, len(WAITS) + 1)]

        assert waits == sorted(WAITS)
        assert timedelta(days=2) < sum(WAITS, timedelta()) < timedelta(days=4)
        assert next_try(len(WAITS) + 1) is None


class TestPosting:
    @pytest.mark.parametrize("day", [TUESDAY, WEDNESDAY])
    def test_is_on_a_day_between_writing_and_today(self, day: date) -> None:
        """Both ends count."""
        check_posting(day, written_on=TUESDAY, today=WEDNESDAY)

    def test_is_not_tomorrow(self) -> None:
        """F07: what is still to be posted has told nobody anything."""
        with pytest.raises(PostedInTheFuture):
            check_posting(WEDNESDAY, written_on=MONDAY, today=TUESDAY)

    def test_is_not_before_it_was_written(self) -> None:
        """A slip of the pen, or a letter that is in time only on paper."""
        with pytest.raises(PostedBeforeWritten):
            check_posting(MONDAY, written_on=TUESDAY, today=WEDNESDAY)


def test_envelope_has_capitals() -> None:
    """Addresses are kept in one small spelling."""
    assert as_on_an_envelope(" åsa  öberg-ängström ") == "Åsa Öberg-ängström"
    assert as_on_an_envelope("storgatan 5 b") == "Storgatan 5 B"
