from typing import Any

import pytest
from pydantic import ValidationError

from app.tokens.issuers import IssuerSettings
from app.tokens.principal import ClaimMalformed
from tests.tokens.test_principal import PLAIN, bearer

MAPPING = {"email": "email", "phone_number": "phone", "customer_id": "customer_number", "site": "installation_id"}
VERIFIED: dict[str, Any] = {
    "email": "anna@example.org",
    "email_verified": True,
    "phone_number": "+46701740605",
    "phone_number_verified": True,
}


class TestIdentifiers:
    def test_are_those_the_issuer_is_trusted_with(self):
        """
        Which claim says what is configuration; whatever else the token tells is left alone.
        """
        known = bearer(
            VERIFIED | {"customer_id": "C-10001", "site": "INST-4711", "address": "Exempelvägen 4"},
            identifier_claims=MAPPING,
        )

        assert known.identifiers == (
            ("email", "anna@example.org"),
            ("phone", "+46701740605"),
            ("customer_number", "C-10001"),
            ("installation_id", "INST-4711"),
        )

    def test_are_none_unless_configured(self):
        """
        Nothing is vouched for by accident: without a mapping a token names nobody but its subject.
        """
        assert bearer(VERIFIED | {"customer_id": "C-10001"}).identifiers == ()

    def test_are_of_each_issuer_its_own(self):
        """
        One issuer's word for a customer number is another's word for nothing.
        """
        said = {"customer_id": "C-10001", "kundnummer": "K-7"}

        assert bearer(said, identifier_claims={"kundnummer": "customer_number"}).identifiers == (
            ("customer_number", "K-7"),
        )

    @pytest.mark.parametrize("name", ["email", "phone_number"])
    @pytest.mark.parametrize("verified", [None, False, "true", "false", 1, [True]])
    def test_leave_out_an_address_nobody_has_verified(self, name, verified):
        """
        OpenID Connect Core 5.1: only the JSON value true says so; all else is what somebody once typed.
        """
        said = {name: VERIFIED[name]} | ({} if verified is None else {f"{name}_verified": verified})

        assert bearer(said, identifier_claims=MAPPING).identifiers == ()

    def test_do_not_lend_each_other_their_verification(self):
        """
        A verified e-mail address says nothing of the telephone number beside it.
        """
        said = VERIFIED | {"phone_number_verified": False}

        assert bearer(said, identifier_claims=MAPPING).identifiers == (("email", "anna@example.org"),)

    @pytest.mark.parametrize("name", ["email", "phone_number", "customer_id"])
    @pytest.mark.parametrize("value", ["", "9" * 321, 10001, True, ["C-10001"], {"value": "C-10001"}])
    def test_are_texts_or_the_token_is_refused(self, name, value):
        """
        A claim of another shape is not guessed at, and the refusal does not repeat it.
        """
        with pytest.raises(ClaimMalformed) as refused:
            bearer(VERIFIED | {name: value}, identifier_claims=MAPPING)

        assert str(refused.value) == name

    def test_are_shown_nowhere(self):
        """
        They are personal data like the subject itself.
        """
        known = bearer(VERIFIED | {"customer_id": "C-10001"}, identifier_claims=MAPPING)

        assert not any(value in repr(known) for _, value in known.identifiers)


class TestTheMapping:
    @pytest.mark.parametrize("type_", ["personnummer", "name", "address", "national_id", ""])
    def test_names_only_what_an_issuer_can_vouch_for(self, type_):
        """
        A personnummer comes by its own claims, with their own check; a name or an address is nobody's alone.
        """
        with pytest.raises(ValidationError):
            IssuerSettings(**{**PLAIN, "identifier_claims": {"claim": type_}})
