"""A one-time code: long enough, short-lived, tried seldom, used once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import (
    DIGITS,
    LIVES,
    MOST_TRIES,
    PER_CONTACT,
    PER_REQUEST,
    Code,
    may_be_sent,
    may_be_tried,
    spelled,
)
from app.domain.codes import read as read_code

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class TestCode:
    def test_has_twenty_bits_and_more(self):
        """OWASP ASVS 5.0 6.5.4: six digits would be 19.9."""
        assert 10**DIGITS > 2**20

    @given(st.integers(0, 10**DIGITS - 1))
    def test_is_read_as_it_was_spelled(self, number):
        """Typed with the space it is shown with, or with a dash, or without."""
        shown = spelled(number)

        assert read_code(shown) == read_code(shown.replace(" ", "-")) == f"{number:0{DIGITS}d}"

    @given(tries=st.integers(0, 20), age=st.integers(0, 1200), used=st.booleans())
    def test_may_be_tried_only_while_it_lives(self, tries, age, used):
        """Once, within ten minutes, five times at most; any of the three ends it."""
        code = Code(expires_at=NOW + LIVES, tries=tries, used=used)
        found = may_be_tried(code, now=NOW + timedelta(seconds=age))

        assert found == (not used and tries < MOST_TRIES and age < 600)

    @given(st.integers(0, 10), st.integers(0, 10))
    def test_is_sent_as_often_as_a_forgetful_person_needs(self, for_request, to_contact):
        """Neither a request nor an address is a way to flood somebody."""
        found = may_be_sent(for_request=for_request, to_contact=to_contact)

        assert found == (for_request < PER_REQUEST and to_contact < PER_CONTACT)
