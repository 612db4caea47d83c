"""What a granted claim raises by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.raising import RAISES, Held, Raised, outside_consent, raised_by
from app.domain.rights import RIGHTS

BASES = ["consent", "contract", "legitimate_interest", "legal_obligation"]
NONE: frozenset[str] = frozenset()


def held(*bases: str, purposes: tuple[str, ...] = ()) -> Held:
    return Held(bases=frozenset(bases), purposes=frozenset(purposes))


HOUSE = {
    "newsletter": held("consent", purposes=("news",)),
    "profile": held("consent", "contract", purposes=("news", "contract")),
    "contacts": held("legitimate_interest", purposes=("alerting",)),
    "log": Held(bases=None),
}
KNOWN = frozenset({"news", "contract", "alerting"})


def raised(right: str, *purposes: str, excluded: frozenset[str] = NONE) -> Raised | None:
    return raised_by(right, held=HOUSE, purposes=frozenset(purposes), known=KNOWN, excluded=excluded)


class TestWithdrawnConsent:
    def test_raises_erasure_of_what_rests_on_nothing_else(self) -> None:
        """
        R7-3: if there is no other basis the ground 17(1)(b) is raised by itself; where there is one it is not.
        """
        found = raised("consent_withdrawal")

        assert found is not None
        assert (found.rule, found.source, found.categories) == ("R7-3", "GDPR Art. 17(1)(b)", {"newsletter"})

    def test_says_of_what_the_policy_does_not_tell(self) -> None:
        """
        R7-3: a gap is no basis and no lack of one: a person must look.
        """
        found = raised("consent_withdrawal")

        assert found is not None
        assert found.unclear == {"log"}

    def test_reaches_what_may_rest_on_consent_alone(self) -> None:
        """
        R7-3: only what rests on consent stops; what the policy ties to something else goes on.
        """
        assert outside_consent(HOUSE) == {"contacts"}

    def test_is_asked_of_all_where_the_policy_knows_no_consent(self) -> None:
        """
        R7-1: a withdrawal is never simply dropped; whoever holds the data then says what rested on consent.
        """
        assert outside_consent({"contacts": held("legitimate_interest")}) == NONE


class TestObjection:
    def test_that_succeeds_raises_erasure(self) -> None:
        """
        R21-4: 17(1)(c), where nothing but the legitimate interest carried the data.
        """
        found = raised("objection")

        assert found is not None
        assert (found.rule, found.source, found.categories) == ("R21-4", "GDPR Art. 17(1)(c)", {"contacts"})

    def test_to_some_purposes_raises_nothing_about_others(self) -> None:
        """
        R21-4: what a purpose carries that nobody objected to stays.
        """
        alerting, news = raised("objection", "alerting"), raised("objection", "news")

        assert alerting is not None
        assert alerting.categories == {"contacts"}
        assert news is not None
        assert news.categories == NONE

    def test_to_a_purpose_nobody_knows_is_left_to_a_person(self) -> None:
        """
        R21-4: words that lead to no category raise no claim; staff are told what they may mean.
        """
        found = raised("objection", "profiling")

        assert found is not None
        assert (found.categories, found.unclear) == (NONE, {"contacts", "log"})

    def test_that_leaves_out_a_category_does_not_raise_it(self) -> None:
        """
        What was turned down has not succeeded.
        """
        found = raised("objection", excluded=frozenset({"contacts"}))

        assert found is not None
        assert found.categories == NONE


class TestRaising:
    @pytest.mark.parametrize("right", [key for key in RIGHTS if key not in RAISES])
    def test_comes_of_no_other_right(self, right: str) -> None:
        """
        R20-3, Art. 20(3): taking data along has no effect on erasure; nor has anything but these two.
        """
        assert raised(right) is None

    @given(
        st.dictionaries(
            st.sampled_from("abcdef"),
            st.one_of(
                st.just(Held(bases=None)),
                st.sets(st.sampled_from(BASES), min_size=1).map(lambda bases: Held(bases=frozenset(bases))),
            ),
        ),
        st.sampled_from(sorted(RAISES)),
    )
    def test_never_reaches_what_another_basis_carries(self, house: dict[str, Held], right: str) -> None:
        """
        R7-3, R21-4: whatever the policy says, what is raised rests on the ended basis and on nothing else.
        """
        found = raised_by(right, held=house, purposes=NONE, known=NONE, excluded=NONE)

        assert found is not None
        assert all((house[key].bases or BASES) <= RAISES[right].bases for key in found.categories)
        assert all(house[key].bases is None for key in found.unclear)
