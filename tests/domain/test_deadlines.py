"""When an answer is due: the published examples, every day of twenty-one years, and what bad input gets."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import deadlines
from app.domain.deadlines import Deadline, Suspension, civil_date, explain, is_late
from app.domain.errors import DomainError
from app.profiles.calendars import sweden
from tests.domain import deadline_oracle as oracle

STOCKHOLM = ZoneInfo("Europe/Stockholm")
STRICT, EVES = sweden("strict"), sweden("eves")
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)

CASES = json.loads((Path(__file__).parent / "data" / "deadline_cases.json").read_text())

each_case = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
swedish = partial(explain, calendar=STRICT, eves_calendar=EVES, zone=STOCKHOLM)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), STOCKHOLM)


def received_on(day: date, *stops: Suspension, extended: bool = False) -> Deadline:
    return swedish(received_at=noon(day), suspensions=stops, extended=extended)


def stop(asked_on: date, answered_on: date | None) -> Suspension:
    return Suspension(asked_on=asked_on, answered_on=answered_on, reason="identity")


class TestPublishedCase:
    @each_case
    def test_is_anchored_on_the_day_of_receipt(self, case: dict[str, Any]) -> None:
        """
        The civil day in Stockholm, whatever offset the time was sent with; never rolled itself.
        """
        found = swedish(received_at=datetime.fromisoformat(case["received"]))
        same_instant = swedish(received_at=datetime.fromisoformat(case["received_local"]))

        assert found.anchor.isoformat() == case["received_local_date"]
        assert found == same_instant

    @each_case
    def test_falls_due(self, case: dict[str, Any]) -> None:
        """
        Nominal and rolled, without and with extension, in both readings of the eves.
        """
        sent = swedish(received_at=datetime.fromisoformat(case["received"])).as_json()

        assert sent["nominal_on"] == case["nominal_due"]
        assert sent["due_on"] == sent["due_without_suspension_on"] == case["due"]
        assert sent["nominal_extended_on"] == case["nominal_extended"]
        assert sent["extended_due_on"] == case["extended_due"]
        assert sent["due_on_eves"] == case["due_eves"]
        assert sent["extended_due_on_eves"] == case["extended_due_eves"]
        assert sent["answer_by_extension_notice"] == case["extension_notice_due"]
        assert sent["refusal_notice_due_on"] == case["refusal_notice_due"]
        differs = (sent["due_on"], sent["extended_due_on"]) != (
            sent["due_on_eves"], sent["extended_due_on_eves"],
        )  # fmt: skip
        assert differs == case["variants_differ"]

    @each_case
    @pytest.mark.parametrize("extended", [False, True], ids=["plain", "extended"])
    def test_ends_at_midnight(self, case: dict[str, Any], extended: bool) -> None:
        """
        The last second belongs to the due day, in the offset of that day and not of the receipt's.
        """
        found = swedish(received_at=datetime.fromisoformat(case["received"]), extended=extended)

        prefix = "extended_due" if extended else "due"
        assert found.binding_on.isoformat() == case[prefix]
        assert found.as_json()["late_from"] == case[f"{prefix}_before"]
        assert (found.late_from - timedelta(seconds=1)).isoformat() == case[f"{prefix}_at"]

    def test_extension_is_not_stacked(self) -> None:
        """
        Three months run from receipt: 31 January gives 30 April, not 28 February and then 28 April.
        """
        assert received_on(date(2026, 1, 31), extended=True).binding_on == date(2026, 4, 30)


class TestEveryDay:
    @pytest.mark.parametrize("variant", ["strict", "eves"])
    @pytest.mark.parametrize("year", range(2020, 2041))
    def test_agrees_with_a_second_reckoning(self, year: int, variant: str) -> None:
        """
        Every day of receipt, at its first and last microsecond, extended and not.
        """
        eves = variant == "eves"
        moments = (time(), time.max)
        anchor = date(year, 1, 1)
        while anchor.year == year:
            due, extended_due = (oracle.due(anchor, months, eves=eves) for months in (1, 3))
            for extended, moment in zip((False, True), moments, strict=True):
                found = explain(
                    received_at=datetime.combine(anchor, moment, STOCKHOLM),
                    calendar=EVES if eves else STRICT,
                    eves_calendar=EVES,
                    zone=STOCKHOLM,
                    extended=extended,
                )
                binding = extended_due if extended else due
                assert (found.anchor, found.due_on, found.extended_due_on) == (anchor, due, extended_due)
                assert found.due_on_eves == oracle.due(anchor, 1, eves=True)
                assert (found.binding_on, found.breach_on) == (binding, binding + DAY)
                assert found.late_from == datetime.combine(binding + DAY, time(), STOCKHOLM)
                assert found.internal_target_on == oracle.working_days_ahead(binding, 5, eves=eves)
            anchor += DAY
            moments = moments[::-1]

    @settings(deadline=None)
    @given(first=st.dates(date(2020, 1, 1), date(2040, 12, 31)), later=st.integers(0, 40))
    def test_never_puts_the_earlier_request_later(self, first: date, later: int) -> None:
        """
        Who asks first is answered first; an extension and the eves only ever add days.
        """
        one, other = received_on(first), received_on(first + timedelta(days=later))

        assert one.due_on <= other.due_on
        assert one.extended_due_on <= other.extended_due_on
        assert one.nominal_on <= one.due_on <= one.due_on_eves < one.extended_due_on

    @settings(deadline=None)
    @given(
        moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
        offset=st.integers(-14 * 60, 14 * 60),
    )
    def test_does_not_depend_on_the_sender_s_offset(self, moment: datetime, offset: int) -> None:
        """
        The same instant gives the same object, wherever the clock that wrote it stood.
        """
        moved = moment.astimezone(timezone(timedelta(minutes=offset)))

        assert swedish(received_at=moved) == swedish(received_at=moment)


class TestDayOfReceipt:
    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            pytest.param("2026-03-29T00:59:59.999999Z", date(2026, 3, 29), id="last tick before spring"),
            pytest.param("2026-03-29T01:00:00Z", date(2026, 3, 29), id="first tick of summer time"),
            pytest.param("2026-03-29T21:59:59.999999Z", date(2026, 3, 29), id="end of the 23-hour day"),
            pytest.param("2026-03-29T22:00:00Z", date(2026, 3, 30), id="the day after"),
            pytest.param("2026-10-24T22:00:00Z", date(2026, 10, 25), id="start of the 25-hour day"),
            pytest.param("2026-10-25T02:30:00+02:00", date(2026, 10, 25), id="the repeated hour, first"),
            pytest.param("2026-10-25T02:30:00+01:00", date(2026, 10, 25), id="the repeated hour, second"),
            pytest.param("2026-10-25T22:59:59.999999Z", date(2026, 10, 25), id="end of the 25-hour day"),
            pytest.param("2026-12-31T23:00:00Z", date(2027, 1, 1), id="new year in Stockholm first"),
            pytest.param("2026-07-01T13:59:00+14:00", date(2026, 7, 1), id="a sender in Kiribati"),
        ],
    )
    def test_is_the_controller_s(self, moment: str, day: date) -> None:
        """
        The offset in force at that instant decides, on the days of 23 and 25 hours too.
        """
        assert civil_date(datetime.fromisoformat(moment), zone="Europe/Stockholm") == day
        assert swedish(received_at=datetime.fromisoformat(moment)).anchor == day

    def test_is_another_in_another_zone(self) -> None:
        """
        The zone is the controller's, by name or as an object, and the explanation says which.
        """
        moment = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
        helsinki = swedish(received_at=moment, zone="Europe/Helsinki")

        assert swedish(received_at=moment).anchor == date(2026, 1, 31)
        assert helsinki.anchor == date(2026, 2, 1)
        assert helsinki.timezone == "Europe/Helsinki"
        assert helsinki == swedish(received_at=moment, zone=ZoneInfo("Europe/Helsinki"))


class TestIsLate:
    @pytest.mark.parametrize("extended", [False, True])
    @pytest.mark.parametrize("zone", [UTC, STOCKHOLM, ZoneInfo("Asia/Tokyo")], ids=str)
    def test_turns_at_midnight_to_the_microsecond(self, zone: Any, extended: bool) -> None:
        """
        The last microsecond of the due day is in time, the next one is late, whatever clock is read.
        """
        found = received_on(date(2026, 10, 12), extended=extended)
        midnight = datetime.combine(found.binding_on + DAY, time(), STOCKHOLM).astimezone(UTC)

        assert not is_late(found, (midnight - TICK).astimezone(zone))
        assert is_late(found, midnight.astimezone(zone))

    def test_knows_a_midnight_that_does_not_exist(self) -> None:
        """
        Jordan's clocks went from midnight to one o'clock on 26 March 2021: the day began at 22:00 UTC.
        """
        amman = ZoneInfo("Asia/Amman")
        received_at = datetime(2021, 2, 25, 12, tzinfo=amman)
        found = swedish(received_at=received_at, zone=amman)
        begins = datetime(2021, 3, 25, 22, tzinfo=UTC)

        assert found.due_on == date(2021, 3, 25)
        assert not is_late(found, begins - TICK)
        assert not is_late(found, (begins - TICK).astimezone(amman))
        assert is_late(found, begins)
        assert is_late(found, begins.astimezone(amman))

    def test_refuses_a_time_without_zone(self) -> None:
        """
        A naive time would be late or not depending on the server it is asked on.
        """
        with pytest.raises(deadlines.TimeZoneMissing):
            is_late(received_on(date(2026, 10, 12)), datetime(2026, 11, 13))  # noqa: DTZ001


class TestMilestones:
    def test_lie_ahead_of_the_due_day(self) -> None:
        """
        F05: alarms ten, five and one working days ahead, a breach the day after; here around Christmas.
        """
        found = received_on(date(2025, 12, 6))

        assert found.due_on == date(2026, 1, 7)
        assert found.alarms_on == {
            -10: date(2025, 12, 18), -5: date(2025, 12, 29), -1: date(2026, 1, 5),
        }  # fmt: skip
        assert found.internal_target_on == date(2025, 12, 29)
        assert found.breach_on == date(2026, 1, 8)

    def test_follow_an_extension_but_the_notices_do_not(self) -> None:
        """
        R12-5: the notice of extension goes out within the first month; Art. 12(4) knows no extension.
        """
        plain, extended = (received_on(date(2026, 9, 7), extended=flag) for flag in (False, True))

        assert (plain.binding_on, extended.binding_on) == (date(2026, 10, 7), date(2026, 12, 7))
        assert (plain.extended, extended.extended) == (False, True)
        assert extended.alarms_on[-1] == date(2026, 12, 4)
        assert extended.breach_on == date(2026, 12, 8)
        assert extended.answer_by_extension_notice == extended.refusal_notice_due_on == plain.due_on
        assert extended.due_on == plain.due_on


class TestExplanation:
    def test_names_each_day_it_passed_over(self) -> None:
        """
        A person asking "why the seventh?" is told: Easter Sunday and Easter Monday.
        """
        found = received_on(date(2026, 3, 5)).as_json()

        assert found["nominal_on"] == "2026-04-05"
        assert found["rolled"] == [
            {"date": "2026-04-05", "reason": "easter_sunday", "sv": "Påskdagen", "en": "Easter Sunday"},
            {"date": "2026-04-06", "reason": "easter_monday", "sv": "Annandag påsk", "en": "Easter Monday"},
        ]
        assert found["rolled_extended"] == []
        assert [one["reason"] for one in received_on(date(2026, 1, 3)).as_json()["rolled_extended"]] == [
            "good_friday", "saturday", "easter_sunday", "easter_monday",
        ]  # fmt: skip

    def test_names_law_calendar_and_zone(self) -> None:
        """
        What is cited to the person comes from the object, not from a template.
        """
        found = received_on(date(2026, 3, 5))

        assert found.sources == (*deadlines.SOURCES, "Lag (1989:253) 1–2 §§")
        assert found.as_json()["calendar"] == {"variant": "strict", "source": STRICT.source}
        assert found.timezone == "Europe/Stockholm"

    def test_survives_json(self) -> None:
        """
        Stored and sent as it is: nothing in it needs an encoder, and nothing is lost on the way.
        """
        sent = received_on(date(2026, 3, 5), stop(date(2026, 3, 6), None)).as_json()

        assert json.loads(json.dumps(sent)) == sent
        assert sent["alarms_on"] == {"-10": "2026-03-20", "-5": "2026-03-27", "-1": "2026-04-02"}
        assert sent["suspensions"][0]["answered_on"] is None
        assert sent["late_from"] == "2026-04-08T00:00:00+02:00"

    def test_is_a_value(self) -> None:
        """
        Asking twice gives equal objects with equal hashes, so a recomputation shows only real changes.
        """
        one, other = received_on(date(2026, 3, 5)), received_on(date(2026, 3, 5))

        assert one == other
        assert hash(one) == hash(other)


class TestBadInput:
    MOMENT = datetime(2026, 3, 5, 10, tzinfo=UTC)

    def test_time_without_zone(self) -> None:
        """
        A naive time of receipt could mean two days.
        """
        with pytest.raises(deadlines.TimeZoneMissing):
            swedish(received_at=self.MOMENT.replace(tzinfo=None))

    @pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd", "Europe", "Europe/Stock\0holm"])
    def test_zone_that_is_none(self, zone: str) -> None:
        """
        Not found, not a name, not a zone but a folder of them: one refusal that repeats nothing.
        """
        with pytest.raises(deadlines.TimeZoneUnknown) as refusal:
            swedish(received_at=self.MOMENT, zone=zone)

        assert str(refusal.value) == "The time zone is not known."

    @pytest.mark.parametrize(
        "moment",
        [
            datetime.min.replace(tzinfo=UTC),
            datetime.max.replace(tzinfo=UTC),
            datetime(1999, 12, 31, tzinfo=UTC),
            datetime(2200, 1, 1, tzinfo=UTC),
        ],
        ids=str,
    )
    def test_year_that_cannot_be_meant(self, moment: datetime) -> None:
        """
        A slip of the keyboard is refused, also where the calendar itself would come to its end.
        """
        with pytest.raises(deadlines.DayOutOfRange):
            swedish(received_at=moment)

    @pytest.mark.parametrize("year", [2000, 2199])
    def test_outermost_years_are_served(self, year: int) -> None:
        """
        The bounds belong to the range.
        """
        assert received_on(date(year, 2, 1)).nominal_on == date(year, 3, 1)

    @pytest.mark.parametrize(
        ("question", "refusal"),
        [
            (stop(date(2026, 3, 4), None), deadlines.AskedBeforeReceipt),
            (stop(date(2026, 3, 6), date(2026, 3, 5)), deadlines.AnsweredBeforeAsked),
            (stop(date(2026, 3, 6), date.max), deadlines.DayOutOfRange),
        ],
        ids=["asked before receipt", "answered before asked", "answered at the end of time"],
    )
    def test_question_out_of_order(self, question: Suspension, refusal: type[DomainError]) -> None:
        """
        Receipt, question, answer: any other order is an error in the file, not a shorter suspension.
        """
        with pytest.raises(refusal):
            swedish(received_at=self.MOMENT, suspensions=[question])

    def test_refusals_speak_in_their_docstring_s_words(self) -> None:
        """
        What the person reads is one sentence, unless the rule has more to say.
        """
        assert str(deadlines.AskedBeforeReceipt()) == (
            "The question to the person is dated before the request was received."
        )
        assert str(DomainError("Another sentence.")) == "Another sentence."

    def test_only_two_reasons_suspend(self) -> None:
        """
        Doubt about identity and the need to know what is meant; neither holidays nor staffing (F06).
        """
        assert get_args(deadlines.SuspensionReason) == ("identity", "clarification")


class TestAnswerBy:
    DUE = date(2026, 11, 20)  # a Friday

    @pytest.mark.parametrize(
        ("today", "answer_by"),
        [
            pytest.param(date(2026, 10, 20), date(2026, 11, 6), id="ten working days ahead"),
            pytest.param(date(2026, 11, 4), date(2026, 11, 6), id="both bounds meet"),
            pytest.param(date(2026, 11, 5), date(2026, 11, 9), id="two working days from now"),
            pytest.param(date(2026, 11, 7), date(2026, 11, 10), id="from a Saturday"),
            pytest.param(date(2026, 11, 18), date(2026, 11, 19), id="a day is left to the controller"),
            pytest.param(date(2026, 11, 19), date(2026, 11, 19), id="today"),
            pytest.param(date(2026, 11, 20), date(2026, 11, 20), id="the due day itself: at once"),
            pytest.param(date(2026, 12, 2), date(2026, 12, 2), id="overdue: at once"),
        ],
    )
    def test_is_derived_from_the_case(self, today: date, answer_by: date) -> None:
        """
        A processor is given what the case can spare, not a fixed number of days.
        """
        assert deadlines.answer_by(deadline_on=self.DUE, today=today, calendar=STRICT) == answer_by

    @settings(deadline=None)
    @given(due=st.dates(date(2020, 1, 1), date(2040, 12, 31)), ahead=st.integers(-5, 100))
    def test_leaves_the_controller_a_day_and_asks_for_none_gone(self, due: date, ahead: int) -> None:
        """
        Never in the past; and, while that can still be had, a working day before the case is due.
        """
        today = due - timedelta(days=ahead)
        found = deadlines.answer_by(deadline_on=due, today=today, calendar=STRICT)

        assert found >= today
        assert found == today or found <= STRICT.add_working_days(due, -1)
