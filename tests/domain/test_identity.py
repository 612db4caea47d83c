"""How sure we must be of who asks, and what never counts as proof."""

import pytest

from app.domain.identity import METHODS, Level, UnknownLevel, UnknownMethod, level_of, suffices


class TestLevel:
    def test_rises_from_nothing_to_high(self) -> None:
        """
        The levels are ordered: none < channel < substantial < high.
        """
        assert [level.key for level in sorted(Level)] == ["none", "channel", "substantial", "high"]

    @pytest.mark.parametrize("level", Level)
    def test_is_read_back_from_its_wire_name(self, level: Level) -> None:
        """
        What is written as a word is read as the same level.
        """
        assert Level.from_key(level.key) is level

    @pytest.mark.parametrize("key", ["", "low", "loa3", "3", "key"])
    def test_knows_no_other_name(self, key: str) -> None:
        """
        A word that is no level is refused, never taken as the lowest.
        """
        with pytest.raises(UnknownLevel):
            Level.from_key(key)


class TestSuffices:
    @pytest.mark.parametrize("held", Level)
    @pytest.mark.parametrize("needed", Level)
    def test_a_higher_level_includes_the_lower(self, held: Level, needed: Level) -> None:
        """
        Who is known better than needed is known well enough (GDPR Art. 12(6): no more than necessary).
        """
        assert suffices(held, needed=needed) == (list(Level).index(held) >= list(Level).index(needed))


class TestMethods:
    @pytest.mark.parametrize(
        ("method", "level"),
        [
            ("one_time_code", Level.CHANNEL),
            ("known_channel_callback", Level.CHANNEL),
            ("e_id", Level.SUBSTANTIAL),
            ("e_id_in_call", Level.SUBSTANTIAL),
            ("seen_in_person", Level.SUBSTANTIAL),
            ("letter_to_registered_address", Level.HIGH),
        ],
    )
    def test_give_their_level(self, method: str, level: Level) -> None:
        """
        A recorded proof is worth its level, whoever recorded it.
        """
        assert level_of(method) is level

    @pytest.mark.parametrize(
        "method",
        ["id_card_copy", "passport_copy", "secret_question", "signature", "password", "code_word", "selfie", ""],
    )
    def test_never_include_copies_questions_or_signatures(self, method: str) -> None:
        """
        No copy of an identity document, no secret question, no signature is taken as proof (R12-9).
        """
        with pytest.raises(UnknownMethod):
            level_of(method)

    def test_prove_something(self) -> None:
        """
        Nothing that proves nothing is listed as a proof.
        """
        assert all(level > Level.NONE for level in METHODS.values())

    def test_reach_every_level(self) -> None:
        """
        Whatever level is demanded, there is a way to it.
        """
        assert set(METHODS.values()) == set(Level) - {Level.NONE}
