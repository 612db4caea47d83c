"""
How long data may be kept, by the rules that profiles state.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retention import (
    Anchor,
    RetentionFacts,
    RetentionRuleNotUnderstood,
    archived_on,
    ends_on,
    fiscal_year_end,
    parse_rule,
)


class TestParseRule:
    @pytest.mark.parametrize(
        ("text", "anchor", "period"),
        [
            ("relationship_end+P12M", Anchor.RELATIONSHIP_END, (0, 12, 0)),
            ("event+P1Y", Anchor.EVENT, (1, 0, 0)),
            ("recording+P2M", Anchor.RECORDING, (0, 2, 0)),
            ("collected+P1Y6M10D", Anchor.COLLECTED, (1, 6, 10)),
            ("fiscal_year_end+P30D", Anchor.FISCAL_YEAR_END, (0, 0, 30)),
        ],
    )
    def test_reads_a_period_and_what_it_counts_from(self, text, anchor, period):
        """
        A storage period is a length and the event it starts from (GDPR Art. 15(1)(d)).
        """
        rule = parse_rule(text)

        assert (rule.anchor, (rule.years, rule.months, rule.days)) == (anchor, period)
        assert rule.has_known_end

    @pytest.mark.parametrize("text", ["BFL 7:2", "BFL 7:2 (31 Dec of year(FY end)+7)", "fiscal_year_end+P7Y@dec31"])
    def test_reads_the_bookkeeping_rule_in_every_spelling(self, text):
        """
        Bookkeeping records carry the hold of bokföringslagen 7 kap. 2 §.
        """
        rule = parse_rule(text)

        assert (rule.hold, rule.years, rule.to_year_end) == ("BFL_7_2", 7, True)

    def test_knows_no_end_of_an_archive(self):
        """
        What is archived is not erased (GDPR Art. 5(1)(e)).
        """
        rule = parse_rule("collected+P12M -> ARCHIVE")

        assert rule.archives
        assert not rule.has_known_end

    @pytest.mark.parametrize(
        "condition",
        ["erasure_request", "unsubscribe", "handed_to_police_or_internal_investigation_closed"],
    )
    def test_reads_a_condition(self, condition):
        """
        Criteria may stand in place of a period (GDPR Art. 15(1)(d)).
        """
        rule = parse_rule(f"until_{condition}")

        assert rule.condition == condition
        assert not rule.has_known_end

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "a while",
            "event+12M",
            "event+P",
            "event+PT5M",
            "event+P12M -> BIN",
            "birth+P12M",
            "condition+P1M",
            "until_",
            "until_ The End",
            "BFL 7:3",
            "event+P12M and more",
        ],
    )
    def test_refuses_what_it_does_not_know(self, text):
        """
        A rule that is not understood stops the profile; it is never guessed.
        """
        with pytest.raises(RetentionRuleNotUnderstood):
            parse_rule(text)


class TestEndsOn:
    @pytest.mark.parametrize(
        ("fiscal_year_ended_on", "end"),
        [
            pytest.param(date(2025, 12, 31), date(2032, 12, 31), id="calendar year"),
            pytest.param(date(2025, 6, 30), date(2032, 12, 31), id="broken year keeps the rest of the year"),
            pytest.param(date(2026, 4, 30), date(2033, 12, 31), id="closes in April"),
            pytest.param(date(2027, 4, 30), date(2034, 12, 31), id="invoice of May the year before"),
        ],
    )
    def test_keeps_bookkeeping_to_the_end_of_the_seventh_year(self, fiscal_year_ended_on, end):
        """
        Bokföringslagen 7 kap. 2 §: until 31 December of the year in which the financial year ended, plus 7.
        """
        facts = RetentionFacts(fiscal_year_ended_on=fiscal_year_ended_on)

        assert ends_on(rule=parse_rule("BFL 7:2"), facts=facts) == end

    @pytest.mark.parametrize(
        ("rule", "facts", "end"),
        [
            pytest.param(
                "event+P12M",
                RetentionFacts(event_on=date(2028, 2, 29)),
                date(2029, 2, 28),
                id="leap day clamps",
            ),
            pytest.param(
                "recording+P2M",
                RetentionFacts(recorded_on=date(2026, 12, 31)),
                date(2027, 2, 28),
                id="month without a 31st, and a Sunday that does not roll",
            ),
            pytest.param(
                "relationship_end+P12M",
                RetentionFacts(relationship_ended_on=date(2026, 1, 15)),
                date(2027, 1, 15),
                id="a year after the contract",
            ),
            pytest.param(
                "collected+P30D",
                RetentionFacts(collected_on=date(2026, 12, 20)),
                date(2027, 1, 19),
                id="days",
            ),
            pytest.param(
                "until_unsubscribe",
                RetentionFacts(conditions_ended={"unsubscribe": date(2026, 3, 1)}),
                date(2026, 3, 1),
                id="condition that came true",
            ),
        ],
    )
    def test_counts_civil_months_and_never_rolls(self, rule, facts, end):
        """
        The last day is the same date of the later month, or the last day that month has.
        """
        assert ends_on(rule=parse_rule(rule), facts=facts) == end

    @pytest.mark.parametrize(
        "rule", ["relationship_end+P12M", "event+P12M", "recording+P2M", "BFL 7:2", "until_unsubscribe"]
    )
    def test_is_unknown_until_the_anchor_happens(self, rule):
        """
        While the contract runs there is no end date to promise.
        """
        assert ends_on(rule=parse_rule(rule), facts=RetentionFacts()) is None

    def test_is_unknown_for_an_archive_which_only_says_when_data_move(self):
        """
        Archiving after twelve months is not erasing after twelve months (GDPR Art. 17(1)(a)).
        """
        rule = parse_rule("collected+P12M -> ARCHIVE")
        facts = RetentionFacts(collected_on=date(2026, 5, 10))

        assert ends_on(rule=rule, facts=facts) is None
        assert archived_on(rule=rule, facts=facts) == date(2027, 5, 10)

    def test_has_no_archive_day_without_an_archive(self):
        """
        A rule that erases moves nothing.
        """
        facts = RetentionFacts(event_on=date(2026, 1, 1))

        assert archived_on(rule=parse_rule("event+P12M"), facts=facts) is None

    @given(day=st.dates(date(2000, 1, 1), date(2099, 12, 31)), months=st.integers(1, 240))
    def test_never_ends_in_another_month_than_promised(self, day, months):
        """
        N months after a day is in the N-th month after it, whatever the day.
        """
        end = ends_on(rule=parse_rule(f"event+P{months}M"), facts=RetentionFacts(event_on=day))

        assert end is not None
        assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
        assert end.day <= day.day


class TestFiscalYearEnd:
    @pytest.mark.parametrize(
        ("day", "closes", "end"),
        [
            pytest.param(date(2026, 5, 10), (4, 30), date(2027, 4, 30), id="just after the close"),
            pytest.param(date(2026, 4, 30), (4, 30), date(2026, 4, 30), id="the closing day itself"),
            pytest.param(date(2026, 5, 10), (12, 31), date(2026, 12, 31), id="calendar year"),
            pytest.param(date(2026, 3, 1), (2, 29), date(2027, 2, 28), id="closes at the end of February"),
        ],
    )
    def test_is_the_close_on_or_after_the_day(self, day, closes, end):
        """
        An invoice belongs to the financial year that it lies in.
        """
        assert fiscal_year_end(day=day, closes=closes) == end
