import traceback
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vault.identifiers import SPELT, TYPES, MalformedIdentifier, UnknownIdentifierType, as_given, normalise

TODAY = date(2026, 11, 22)


def _with_check_digit(nine: str) -> str:
    """Luhn, written out a second time."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(nine)]
    total = sum(number // 10 + number % 10 for number in doubled)
    return nine + str(-total % 10)


class TestPersonnummer:
    @pytest.mark.parametrize(
        "written",
        [
            "19900101-2385",
            "199001012385",
            "900101-2385",
            "9001012385",
            " 900101 2385 ",
            "19900101–2385",
            "900101\u200b-2385",
        ],
    )
    def test_has_one_spelling_however_written(self, written):
        """
        Ten or twelve digits, with or without sign, copied from wherever.
        """
        assert normalise("personnummer", written, today=TODAY) == "199001012385"

    @pytest.mark.parametrize(
        ("written", "today", "full"),
        [
            pytest.param("121212-1212", TODAY, "201212121212", id="'-': the latest century"),
            pytest.param("121212+1212", TODAY, "191212121212", id="'+': a hundred years earlier"),
            pytest.param("1212121212", TODAY, "201212121212", id="no sign is '-'"),
            pytest.param("121212-1212", date(2012, 1, 1), "191212121212", id="'-' though 100 this year: not born yet"),
            pytest.param("121212+1212", date(2012, 1, 1), "191212121212", id="'+' from the year of turning 100"),
            pytest.param("121212-1212", date(2011, 12, 31), "191212121212", id="'-' until then"),
            pytest.param("121212-1212", date(2012, 12, 12), "201212121212", id="born today"),
        ],
    )
    def test_gets_its_century_from_the_sign(self, written, today, full):
        """
        Folkbokföringslagen (1991:481) 18 §: the hyphen becomes a plus in the year one turns 100.
        """
        assert normalise("personnummer", written, today=today) == full

    def test_may_be_a_samordningsnummer(self):
        """
        Sixty is added to the day; the number stays as it is.
        """
        number = _with_check_digit("900161238")

        assert normalise("personnummer", number, today=TODAY) == "19" + number

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param("900101-2384", id="check digit"),
            pytest.param(_with_check_digit("901301238"), id="month 13"),
            pytest.param(_with_check_digit("900230238"), id="30 February"),
            pytest.param(_with_check_digit("900160238"), id="day 60"),
            pytest.param(_with_check_digit("900192238"), id="day 92"),
            pytest.param("20" + _with_check_digit("900101238"), id="born in 2090"),
            pytest.param("00000000-0000", id="year 0"),
            pytest.param("90010123", id="too short"),
            pytest.param("1990010123855", id="too long"),
            pytest.param("90010-12385", id="the sign elsewhere"),
            pytest.param("٩٠٠١٠١٢٣٨٥", id="other digits"),
            pytest.param("anna", id="a word"),
        ],
    )
    def test_is_refused_when_it_is_none(self, written):
        """
        A mistyped number must not find somebody else, or nobody.
        """
        with pytest.raises(MalformedIdentifier):
            normalise("personnummer", written, today=TODAY)

    @given(born=st.dates(date(1927, 1, 1), TODAY), serial=st.integers(0, 999))
    def test_is_the_same_in_ten_digits_and_in_twelve(self, born, serial):
        """
        For everybody under 100.
        """
        ten = _with_check_digit(f"{born:%y%m%d}{serial:03d}")
        full = f"{born:%Y}{ten[2:]}"

        assert normalise("personnummer", ten, today=TODAY) == full
        assert normalise("personnummer", full, today=TODAY) == full


class TestOthers:
    @pytest.mark.parametrize(
        ("type", "written", "spelling"),
        [
            ("email", " Anna.Svensson@Example.ORG ", "anna.svensson@example.org"),
            ("email", "åsa@exämple.org", "åsa@exämple.org"),
            ("email", "a\u030asa@example.org", "åsa@example.org"),
            ("email", "anna@xn--exmple-cua.org", "anna@exämple.org"),
            ("phone", "070-174 06 05", "+46701740605"),
            ("phone", "+46 (0)70 174 06 05", "+46701740605"),
            ("phone", "0046701740605", "+46701740605"),
            ("phone", "08-465 004 00", "+46846500400"),
            ("phone", "+47 22 22 55 55", "+4722225555"),
            ("customer_number", " K-  4711 ", "k- 4711"),
            ("name", "  Åsa   ÖBERG ", "åsa öberg"),
            ("name", "A\u030asa O\u0308berg", "åsa öberg"),
            ("address", "Storgatan 1\n123 45  Kiruna", "storgatan 1 123 45 kiruna"),
            ("installation_id", "Panel-7A", "panel-7a"),
            ("ga_client_id", " GA1.2.1234567890.1700000000", "1234567890.1700000000"),
            ("ga_client_id", "1234567890.1700000000", "1234567890.1700000000"),
            ("ecid", "1234 5678 9012 3456 7890 1234 5678 9012 3456 78", "12345678901234567890123456789012345678"),
        ],
    )
    def test_have_one_spelling(self, type, written, spelling):
        """
        Case, spaces, accents' encoding and country code do not matter; and a spelling stays itself.
        """
        assert normalise(type, written, today=TODAY) == spelling
        assert normalise(type, spelling, today=TODAY) == spelling

    @pytest.mark.parametrize(
        ("type", "written"),
        [
            ("email", "anna"),
            ("ga_client_id", "GA1.2"),
            ("ga_client_id", "1234567890.1700000000.5"),
            ("ecid", "1234567890"),
            ("ecid", "x" * 38),
            ("email", "anna@"),
            ("email", "anna@example.org, per@example.org"),
            ("email", "Anna <anna@example.org>"),
            ("email", "anna@localhost"),
            ("phone", "12"),
            ("phone", "0800-FLOWERS"),
            ("phone", "+46701740605070174060507017"),
            ("name", ""),
            ("name", " \u200b "),
            ("name", "Anna\x00"),
            ("name", "x" * 321),
            ("customer_number", "\ud800"),
        ],
    )
    def test_are_refused_when_they_are_none(self, type, written):
        """
        One value of its kind, visible and of sane length.
        """
        with pytest.raises(MalformedIdentifier):
            normalise(type, written, today=TODAY)


class TestRefusal:
    @pytest.mark.parametrize("type", sorted(TYPES))
    def test_never_repeats_the_value(self, type):
        """
        Neither in its text nor in what led to it: refusals reach logs and screens.
        """
        secret = "hemlig\x00@@"
        with pytest.raises(MalformedIdentifier) as refused:
            normalise(type, secret, today=TODAY)

        shown = "".join(traceback.format_exception(refused.value, chain=True))
        assert "hemlig" not in str(refused.value)
        assert "hemlig" not in shown
        assert refused.value.__suppress_context__

    def test_names_the_type(self):
        """
        So that the person knows which field to look at.
        """
        with pytest.raises(MalformedIdentifier, match="valid customer number"):
            normalise("customer_number", "", today=TODAY)

    def test_knows_its_types_only(self):
        """
        The identifier types of the contract, no more.
        """
        with pytest.raises(UnknownIdentifierType):
            normalise("shoe_size", "42", today=TODAY)
        assert len(TYPES) == 9


class TestAsGiven:
    """Art. 5(1)(d), 15(1): a system that tells C-17 from c-17 finds nobody by the folded number, and says so."""

    @pytest.mark.parametrize("type_", sorted(SPELT))
    @pytest.mark.parametrize(
        ("written", "given"),
        [("AbC-17", "AbC-17"), ("  AbC   17\n", "AbC 17"), ("abc-17", "abc-17"), ("Ab\u200bC-17", "AbC-17")],
    )
    def test_keeps_its_capitals_and_nothing_else_of_how_it_was_typed(self, type_, written, given):
        assert as_given(type_, written) == given

    @pytest.mark.parametrize("type_", sorted(SPELT))
    @pytest.mark.parametrize("written", ["AbC-17", " aBc-17 ", "ABC-17"])
    def test_is_matched_by_the_one_spelling_all_the_same(self, type_, written):
        """The blind index and every comparison stay folded: two spellings are one person."""
        assert normalise(type_, written, today=TODAY) == normalise(type_, as_given(type_, written), today=TODAY)

    @pytest.mark.parametrize("type_", sorted(TYPES - SPELT))
    def test_is_kept_of_no_type_that_has_one_spelling(self, type_):
        assert as_given(type_, "Whatever") is None

    @pytest.mark.parametrize("written", ["", " ", "x" * 321, "a\x00b"])
    def test_is_refused_as_ever(self, written):
        with pytest.raises(MalformedIdentifier):
            as_given("customer_number", written)
