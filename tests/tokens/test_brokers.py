"""Tokens as the brokers of Swedish e-IDs document them, each read with its preset."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.identity import Level
from app.tokens.brokers import PRESETS
from app.tokens.issuers import IssuerSettings
from app.tokens.principal import ClaimMalformed, Principal
from app.tokens.verifier import Fault, TokenRefused, Verifier
from tests.tokens.smith import EC_KEY, Clock, Issuer, jwk, jwks, token
from tests.tokens.test_principal import NOW as NOON
from tests.tokens.test_principal import PLAIN, bearer

NOW = int(Clock().now)
ISS = "https://broker.example.org"
HEADER = {"alg": "ES256", "kid": "b1", "typ": "JWT"}
NUMBER, COORDINATION = "196802020575", "196604819935"
OIDC_SE = "https://id.oidc.se/claim"
LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"

#: What each broker says of a person who used the strongest e-ID it has; NOW is when they did.
TOKENS: dict[str, dict[str, Any]] = {
    "idura": {
        "acr": "urn:grn:authn:se:bankid:same-device",
        "sub": "{36b5ad7b-0b6b-4a8a-9c1d-1f4f0d4b5d7a}",  # a pseudonym per tenant
        "ssn": NUMBER,
        "name": "Anna Exempel",
        "country": "SE",
        "identityscheme": "sebankid",
    },
    "signicat": {
        "acr": "idp:sbid",
        "sub": "7PWYBOc0pdQfAGmHoeDuSNbTm7-8G8zE",
        "idp": "sbid",
        "amr": ["external"],
        "nin": NUMBER,
        "nin_type": "PERSON",
        "nin_issuing_country": "SE",
    },
    "oidc-sweden": {"acr": LOA3, "sub": "dCkeRt3", f"{OIDC_SE}/personalIdentityNumber": NUMBER},
    "freja": {"acr": LOA3, "sub": "freja-1", "ssn": NUMBER, "freja_registration_level": "PLUS"},
}
FREJA_AT_SIGNICAT = TOKENS["signicat"] | {
    "acr": "idp:freja-eid",
    "idp": "freja-eid",
    "freja_registration_level": "PLUS",
}
BROKER = pytest.mark.parametrize("broker", TOKENS)


async def read(broker: str, said: dict[str, Any], **settings: Any) -> Principal:
    """The bearer of a signed token of that broker, read the ordinary way in."""
    issuer = IssuerSettings(
        issuer=ISS,
        jwks_uri=f"{ISS}/jwks",
        audience="insyn",
        preset=broker,
        **settings,  # type: ignore[arg-type]
    )
    verifier = Verifier([issuer], fetch=Issuer(jwks(jwk("b1", EC_KEY))).fetch, clock=Clock())
    claims = {"iss": ISS, "aud": "insyn", "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 5, **said}
    return await verifier.verify(token(HEADER, {key: value for key, value in claims.items() if value is not None}))


class TestPreset:
    def test_is_there_for_each_broker(self):
        """Nobody is left to guess how a broker names things."""
        assert set(PRESETS) == set(TOKENS)

    @BROKER
    async def test_reads_number_and_level(self, broker):
        """Twelve digits from the claim the broker uses, and an e-ID's level from its acr."""
        principal = await read(broker, TOKENS[broker])

        assert (principal.subject_number, principal.level) == (NUMBER, Level.SUBSTANTIAL)

    @BROKER
    @pytest.mark.parametrize("acr", [None, "", "urn:grn:authn:no:bankid", "password", "IDP:SBID", LOA3 + "x"])
    async def test_takes_an_acr_it_does_not_know_for_nothing(self, broker, acr):
        """An unknown login proves nothing; spelling is exact."""
        assert (await read(broker, TOKENS[broker] | {"acr": acr})).level is Level.NONE

    @BROKER
    async def test_wants_the_time_of_the_login(self, broker):
        """OWASP ASVS 5.0 6.8.4: acr and auth_time; a login of unknown age is worth nothing."""
        assert (await read(broker, TOKENS[broker] | {"auth_time": None})).level is Level.NONE

    async def test_gives_way_to_what_is_set_beside_it(self):
        """An operator narrows or widens a preset, by name."""
        principal = await read("idura", TOKENS["idura"], acr_levels={"urn:grn:authn:se:bankid": "substantial"})

        assert principal.level is Level.NONE

    def test_that_there_is_not_stops_the_start(self):
        """A broker misspelt is no broker."""
        with pytest.raises(ValidationError):
            IssuerSettings(**{**PLAIN, "preset": "criipto2"})


class TestFreja:
    @pytest.mark.parametrize("level", ["BASIC", "EXTENDED", None, "plus", ["BASIC", "EXTENDED"], 3])
    @pytest.mark.parametrize(
        ("broker", "said"),
        [
            pytest.param("signicat", FREJA_AT_SIGNICAT, id="at Signicat"),
            pytest.param("freja", TOKENS["freja"], id="itself"),
            pytest.param("idura", TOKENS["idura"] | {"acr": "urn:grn:authn:se:frejaid"}, id="at Idura"),
        ],
    )
    async def test_below_plus_never_passes_for_plus(self, broker, said, level):
        """BASIC is an address and EXTENDED a photographed document; LOA3 is PLUS, whatever the acr says."""
        assert (await read(broker, said | {"freja_registration_level": level})).level is Level.NONE

    async def test_plus_is_an_e_id_like_another(self):
        """Who was met in person is known as well as with a BankID."""
        assert (await read("signicat", FREJA_AT_SIGNICAT)).level is Level.SUBSTANTIAL


class TestSignicat:
    @pytest.mark.parametrize(
        "changed",
        [
            {"nin_issuing_country": "NO"},
            {"nin_issuing_country": None},
            {"nin_type": "COMPANY"},
            {"nin_type": None},
        ],
    )
    async def test_number_is_a_swedish_persons_or_none(self, changed):
        """A Norwegian fødselsnummer has eleven digits of its own and no business here."""
        assert (await read("signicat", TOKENS["signicat"] | changed)).subject_number is None

    @pytest.mark.parametrize("idp", ["freja-eid", "email-otp", None, 1])
    async def test_weaker_e_id_does_not_stand_in(self, idp):
        """The acr says what was asked for, the idp what was used: both must say BankID."""
        assert (await read("signicat", TOKENS["signicat"] | {"idp": idp})).level is Level.NONE

    @pytest.mark.parametrize("amr", [None, ["pwd"], []])
    async def test_wants_to_be_told_how(self, amr):
        """A login by other means than the e-ID is none."""
        assert (await read("signicat", TOKENS["signicat"] | {"amr": amr})).level is Level.NONE


class TestSwedishProfile:
    async def test_reads_a_coordination_number(self):
        """Samordningsnummer, day plus sixty."""
        said = {"acr": LOA3, "sub": "x", f"{OIDC_SE}/coordinationNumber": COORDINATION}

        assert (await read("oidc-sweden", said)).subject_number == COORDINATION

    async def test_refuses_a_token_with_both_numbers(self):
        """The specification has them exclude each other; which one is true is not guessed at."""
        said = TOKENS["oidc-sweden"] | {f"{OIDC_SE}/coordinationNumber": COORDINATION}

        with pytest.raises(TokenRefused) as refused:
            await read("oidc-sweden", said)
        assert refused.value.fault is Fault.CLAIMS

    async def test_keeps_the_number_somebody_had_before(self):
        """Who was given a personnummer finds what they asked for under their coordination number."""
        said = TOKENS["oidc-sweden"] | {f"{OIDC_SE}/previousCoordinationNumber": COORDINATION}
        principal = await read("oidc-sweden", said)

        assert (principal.subject_number, principal.previous_number) == (NUMBER, COORDINATION)

    async def test_takes_loa2_for_nothing(self):
        """What is not in the table proves nothing."""
        said = TOKENS["oidc-sweden"] | {"acr": "http://id.elegnamnden.se/loa/1.0/loa2"}

        assert (await read("oidc-sweden", said)).level is Level.NONE

    @pytest.mark.parametrize("value", [196604819935, "1966", [COORDINATION]])
    def test_previous_number_is_text_or_the_token_is_refused(self, value):
        """A second key is guarded like the first."""
        with pytest.raises(ClaimMalformed):
            bearer({f"{OIDC_SE}/previousCoordinationNumber": value, "auth_time": NOON})
