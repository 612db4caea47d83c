"""What the right to take data along reaches."""

from typing import Any

import pytest

from app.domain.portability import Why, scope_of


def scope(**changed: Any) -> Why | None:
    given: dict[str, Any] = {
        "category": "contact",
        "data_class": "ordinary",
        "legal_bases": ("contract",),
        "source": "data_subject",
    }
    return scope_of(**given | changed).why


class TestScope:
    @pytest.mark.parametrize("basis", ["consent", "contract", "pre_contract"])
    @pytest.mark.parametrize("source", ["data_subject", "observed", "systems", "mixed"])
    def test_covers_what_was_provided_on_consent_or_contract(self, basis: str, source: str) -> None:
        """R20-1: given, and observed (logs, positions): WP 242."""
        assert scope(legal_bases=[basis], source=source) is None
        assert scope_of(category="gps", data_class="movement", legal_bases=[basis], source=source).is_covered

    @pytest.mark.parametrize("basis", ["legal_obligation", "legitimate_interest"])
    def test_does_not_cover_another_basis(self, basis: str) -> None:
        """R20-1: GDPR Art. 20(1)(a)."""
        assert scope(legal_bases=[basis]) is Why.OTHER_BASIS

    def test_does_not_cover_what_nobody_has_given_a_basis(self) -> None:
        """R20-1: a gap in the policy is not a basis."""
        assert scope(legal_bases=()) is Why.NO_BASIS

    @pytest.mark.parametrize("source", ["inferred", "third_party", "unstated", "nonsense"])
    def test_does_not_cover_what_the_person_did_not_provide(self, source: str) -> None:
        """R20-1: conclusions and other people's words are not the person's giving."""
        assert scope(source=source) is Why.NOT_PROVIDED

    def test_does_not_cover_other_people(self) -> None:
        """R20-3: GDPR Art. 20(4), contacts and neighbours."""
        assert scope(data_class="third_party", source="data_subject") is Why.OTHERS

    @pytest.mark.parametrize("data_class", ["secret", "offence"])
    def test_does_not_cover_what_never_leaves(self, data_class: str) -> None:
        """F30: whatever the basis."""
        assert scope(data_class=data_class) is Why.NEVER_LEAVES

    def test_does_not_cover_paper(self) -> None:
        """R20-1: GDPR Art. 20(1)(b), processed by automated means."""
        assert scope(automated=False) is Why.NOT_AUTOMATED
