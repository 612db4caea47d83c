"""How sure we must be of who asks: right, data in scope, marks of danger, and a profile that may only raise."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import (
    CLASS_FLOOR,
    GIVEN_IN_PARTS,
    METHODS,
    Level,
    RiskMark,
    methods_for,
    needed,
    suffices,
)
from app.domain.release import NEEDED
from app.domain.rights import RIGHTS

rights = st.sampled_from(sorted(RIGHTS))
levels = st.sampled_from(list(Level))
classes = st.frozensets(st.sampled_from([*CLASS_FLOOR, "secret", "offence"]))
marks = st.frozensets(st.sampled_from(list(RiskMark)))
by_class = st.dictionaries(st.sampled_from(sorted(CLASS_FLOOR)), levels)


def level(right: str, **more: object) -> Level:
    its = RIGHTS[right]
    return needed(right, floor=its.needs, at_once=its.granted_at_once, **more)  # type: ignore[arg-type]


class TestNeeded:
    @given(right=rights, asked=levels, by_class=by_class, classes=classes, marks=marks)
    def test_is_never_below_the_floor(self, right, asked, by_class, classes, marks):
        """
        A profile raises the level of a right and never lowers it (GDPR Art. 12(6), 32).
        """
        assert level(right, asked=asked, by_class=by_class, classes=classes, marks=marks) >= RIGHTS[right].needs

    @given(right=rights, asked=levels, by_class=by_class, classes=classes, marks=marks, more=marks)
    def test_is_never_lowered_by_a_mark(self, right, asked, by_class, classes, marks, more):
        """
        A mark of danger raises, whatever else there is.
        """
        said = {"asked": asked, "by_class": by_class, "classes": classes}

        assert level(right, **said, marks=marks) <= level(right, **said, marks=marks | more)

    @given(right=rights, asked=levels, by_class=by_class, classes=classes, more=classes, marks=marks)
    def test_is_never_lowered_by_more_data(self, right, asked, by_class, classes, more, marks):
        """
        More data in scope never makes it easier.
        """
        said = {"asked": asked, "by_class": by_class, "marks": marks}

        assert level(right, **said, classes=classes) <= level(right, **said, classes=classes | more)

    @given(asked=levels, by_class=by_class, classes=classes, marks=marks)
    def test_of_a_marketing_objection_is_none_whatever_f12(self, asked, by_class, classes, marks):
        """
        F12, R21-2: no extra data for a marketing objection; neither a profile nor a mark puts a step in its way.
        """
        assert level("marketing_objection", asked=asked, by_class=by_class, classes=classes, marks=marks) is Level.NONE

    @given(asked=levels, by_class=by_class, classes=classes, marks=marks)
    def test_of_a_withdrawn_consent_stays_as_easy_as_giving_it(self, asked, by_class, classes, marks):
        """
        Art. 7(3): a code to a known channel, and never more.
        """
        assert (
            level("consent_withdrawal", asked=asked, by_class=by_class, classes=classes, marks=marks) is Level.CHANNEL
        )

    def test_of_a_copy_is_not_raised_by_one_category_of_defences(self):
        """
        R12-9: whoever wants their invoices need not prove more because zones are on file too; those rows stay behind.
        """
        for right in GIVEN_IN_PARTS:
            found = level(right, by_class={"security": Level.HIGH}, classes={"ordinary", "security"})
            assert found is Level.SUBSTANTIAL

    def test_of_what_is_done_whole_follows_the_most_sensitive_class(self):
        """
        A correction or an erasure has no part that could be held back, so a profile's level for a class counts.
        """
        asked = {"security": Level.HIGH}

        assert level("erasure", by_class=asked, classes={"ordinary"}) is Level.SUBSTANTIAL
        assert level("erasure", by_class=asked, classes={"ordinary", "security"}) is Level.HIGH

    def test_where_somebody_hides_or_a_home_was_split_is_the_highest(self):
        """
        The realistic attacker is the former partner: what cannot be undone needs the most there is.
        """
        for mark in (RiskMark.PROTECTED, RiskMark.HOUSEHOLD_SPLIT):
            for right in ("access", "portability", "rectification", "erasure"):
                assert level(right, marks={mark}) is Level.HIGH
            assert level("restriction", marks={mark}) is Level.SUBSTANTIAL


class TestClassFloor:
    def test_is_what_the_release_rules_hold(self):
        """
        The table of proofs and the rules of release are one: nothing leaves below its floor.
        """
        assert {str(name): found for name, found in NEEDED.items()} == dict(CLASS_FLOOR)


class TestMethodsFor:
    @given(wanted=levels)
    def test_names_only_what_would_do_r12_9(self, wanted):
        """
        R12-9, F11: what would be asked for in vain is not asked for, and the least intrusive comes first.
        """
        named = methods_for(wanted)

        assert named
        assert all(suffices(METHODS[one], needed=wanted) for one in named)
        assert [METHODS[one] for one in named] == sorted(METHODS[one] for one in named)
