"""Which identifiers may travel: finding is never proving."""

import pytest

from app.domain.fanout import Action
from app.domain.finding import BY_NUMBER, HARMLESS, SHARED, Known, NumberAlone, check_not_number_alone, may_travel

OWN = Known("email", "own@example.org", vouched=True)
TYPED = Known("email", "somebody.else@example.org", vouched=False)
HOME = Known("address", "exempelvägen 4", vouched=True)
ALL_TYPES = ("email", "phone", "personnummer", "address", "name", "installation_id")


def told(*known: Known, action: Action = Action.EXPORT, checked: bool = False) -> list[Known]:
    return may_travel(known, accepts=ALL_TYPES, action=action, checked=checked)


class TestIdentifier:
    @pytest.mark.parametrize("action", [one for one in Action if one not in HARMLESS])
    def test_that_only_the_person_wrote_shows_and_changes_nothing(self, action: Action) -> None:
        """
        Art. 12(6): it may be the former partner's; it acts only once somebody has compared it.
        """
        assert told(OWN, TYPED, action=action) == [OWN]
        assert told(TYPED, action=action) == []
        assert told(TYPED, action=action, checked=True) == [TYPED]

    @pytest.mark.parametrize("action", sorted(HARMLESS))
    def test_that_only_the_person_wrote_may_help_to_find(self, action: Action) -> None:
        """
        Looking and holding a deletion back reveal nothing to whoever asked.
        """
        assert told(OWN, TYPED, action=action) == [OWN, TYPED]

    @pytest.mark.parametrize("shared", sorted(SHARED))
    @pytest.mark.parametrize("action", [one for one in Action if one is not Action.LOCATE])
    def test_of_a_household_never_decides_whose_data_are_meant(self, shared: str, action: Action) -> None:
        """
        Who moved out must not be handed, or change, what belongs to those who stayed; not even if staff typed it.
        """
        home = Known(shared, "x", vouched=True)

        assert told(home, action=action, checked=True) == []
        assert told(OWN, home, action=action, checked=True) == [OWN]

    def test_of_a_household_helps_to_look_where_nothing_better_is_accepted(self) -> None:
        """
        A contact person is often known by a place only; what is found there is for a person to judge.
        """
        assert told(HOME, action=Action.LOCATE) == [HOME]
        assert told(OWN, HOME, action=Action.LOCATE) == [OWN]

    def test_goes_only_to_who_declared_its_type(self) -> None:
        """
        Data minimisation: a processor is told what it knows people by, and nothing else (Art. 5(1)(c)).
        """
        assert may_travel([OWN], accepts=["phone"], action=Action.ERASE, checked=True) == []

    def test_does_not_show_its_value(self) -> None:
        """
        No log can print it by accident.
        """
        assert "example.org" not in repr(OWN)


class TestTelephoneAlone:
    """Art. 5(1)(d), (f), 15(4), 32: a household has one, and it is handed on; it does not say whose data are meant."""

    PHONE = Known("phone", "+46701740605", vouched=True)

    @pytest.mark.parametrize("action", [one for one in Action if one not in BY_NUMBER])
    def test_shows_and_changes_nothing_where_people_are_kept(self, action: Action) -> None:
        """Not even vouched for: whoever answers it is reached, and whose record it stands on is not known."""
        with pytest.raises(NumberAlone):
            check_not_number_alone([self.PHONE, self.PHONE], accepts=["email", "phone"], action=action)

    @pytest.mark.parametrize("action", sorted(BY_NUMBER))
    def test_may_look_hold_back_and_end_marketing(self, action: Action) -> None:
        """Art. 21(2), (3): an end of marketing to a number is nobody's loss."""
        check_not_number_alone([self.PHONE], accepts=["email", "phone"], action=action)

    @pytest.mark.parametrize("action", list(Action))
    def test_is_enough_beside_something_of_the_persons_own(self, action: Action) -> None:
        check_not_number_alone([self.PHONE, OWN], accepts=["email", "phone"], action=action)

    @pytest.mark.parametrize("accepts", [["phone"], ["phone", "name", "address"]])
    @pytest.mark.parametrize("action", list(Action))
    def test_is_enough_where_the_number_is_what_is_kept(self, action: Action, accepts: list[str]) -> None:
        """A telephony knows no person: what lies there is the number's own, which is vouched for or compared."""
        check_not_number_alone([self.PHONE], accepts=accepts, action=action)
