"""An address somebody has just put there proves nothing, and is never the only one that is told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.contacts import (
    QUARANTINE,
    Channel,
    contact_type,
    is_settled,
    may_move_contact,
    needs_post,
    read_reported,
)

TODAY = date(2026, 3, 31)
days = st.integers(0, 400)


def a_channel(age: int, type: str = "email", key: bytes = b"k") -> Channel:
    return Channel(type=type, key=key, since=TODAY - timedelta(days=age))


class TestIsSettled:
    @given(age=days)
    def test_from_the_thirtieth_day(self, age):
        """Thirty days, not twenty-nine."""
        assert is_settled(a_channel(age), today=TODAY) == (age >= 30)

    @given(age=days, changed=days)
    def test_counts_from_the_last_change_whatever_a_processor_says(self, age, changed):
        """Rectify-to-takeover: the new address may look old to whoever copied the customer's first day."""
        found = is_settled(a_channel(age), today=TODAY, changed={b"k": TODAY - timedelta(days=changed)})

        assert found == (min(age, changed) >= QUARANTINE.days)


class TestNeedsPost:
    def test_where_nothing_that_can_be_written_to_has_been_there_long(self):
        """A new address is told, and a letter goes besides."""
        assert needs_post([], today=TODAY)
        assert needs_post([a_channel(3)], today=TODAY)
        assert needs_post([a_channel(300, type="phone")], today=TODAY)
        assert not needs_post([a_channel(3), a_channel(300, key=b"o")], today=TODAY)


class TestMayMoveContact:
    @pytest.mark.parametrize(
        ("details", "moves"),
        [
            ({"field": "email", "value": "x"}, True),
            ({"field": "E-Mail", "value": "x"}, True),
            ({"field": "postal address", "value": "x"}, True),
            ({"field": "name", "value": "x"}, False),
            ({"corrections": [{"field": "name"}, {"field": "phone"}]}, True),
            ({"corrections": [{"field": "name"}, {"field": "customer_number"}]}, False),
            ({"corrections": [{"field": "name"}, {"text": "and the other thing"}]}, True),
            ({"text": "Det står fel."}, True),
            ({}, True),
        ],
    )
    def test_is_said_of_what_does_and_of_what_nobody_can_tell(self, details, moves):
        """A correction in somebody's own words may be about anything, so it waits."""
        assert may_move_contact(details) is moves

    def test_knows_the_way_by_its_field(self):
        assert contact_type({"field": "Mobile"}) == "phone"
        assert contact_type({"field": "zone"}) is None


class TestReadReported:
    def test_takes_an_address_without_an_age_or_from_the_future_as_new(self):
        """What a processor says is its word, and never makes an address older than it can be."""
        said = {
            "contacts": [
                {"type": "email", "value": "a@example.org", "since": "2020-01-01"},
                {"type": "email", "value": "b@example.org"},
                {"type": "phone", "value": "070-174 06 05", "since": "2099-01-01"},
                {"type": "phone", "value": "070-174 06 06", "since": "yesterday"},
            ]
        }

        assert [since for _, _, since in read_reported(said, today=TODAY)] == [date(2020, 1, 1), TODAY, TODAY, TODAY]

    @pytest.mark.parametrize(
        "said", [None, [], "x", {}, {"contacts": None}, {"contacts": "x"}, {"contacts": [1, {"type": "fax"}, {}]}]
    )
    def test_leaves_out_what_is_no_address(self, said):
        """Processors' answers are hostile input."""
        assert list(read_reported(said, today=TODAY)) == []
