import time
import warnings

import pytest

from sandbox.issuer import AUDIENCE, BANKID, LIVES_SECONDS, ROLES, Issuer, Wish
from sandbox.people import BY_ID

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jose import jwt
    from jose.exceptions import JOSEError


@pytest.fixture
def issuer(store):
    return Issuer(store, "http://127.0.0.1:8000/")


def claims_of(issuer, token, keys=None):
    """What an ordinary library reads from the token, with the published keys."""
    return jwt.decode(token, keys or issuer.jwks(), algorithms=["ES256"], audience=AUDIENCE, issuer=issuer.url)


class TestToken:
    @pytest.mark.parametrize("role", ROLES)
    def test_is_read_by_an_ordinary_library(self, issuer, role):
        """
        The published keys are enough to check it; it says who issued it, for whom and for which role.
        """
        claims = claims_of(issuer, issuer.token(Wish(role=role)))

        assert claims["iss"] == "http://127.0.0.1:8000/sandbox"
        assert claims["roles"] == [role]
        assert len(claims["controllers"]) == 5
        assert claims["exp"] - claims["iat"] == LIVES_SECONDS

    def test_is_an_access_token_with_a_named_key(self, issuer):
        """
        RFC 9068: typ at+jwt; the key is named so that it can be rotated.
        """
        head = jwt.get_unverified_header(issuer.token(Wish(role="agent")))

        assert head == {"alg": "ES256", "typ": "at+jwt", "kid": issuer.jwks()["keys"][0]["kid"]}

    def test_of_a_person_carries_their_number_and_how_they_proved_it(self, issuer):
        """
        A subject who signed in with an e-ID: twelve digits, and always the same pseudonym.
        """
        anna = BY_ID["anna-lindqvist"]
        first, second = (claims_of(issuer, issuer.token(Wish(role="subject", person=anna))) for _ in range(2))

        assert first["ssn"] == anna.personnummer
        assert first["acr"] == BANKID
        assert first["sub"] == second["sub"]
        assert "anna" not in first["sub"]

    def test_can_be_of_a_sign_in_long_ago(self, issuer):
        """
        Step-up can be tried: auth_time is real time minus the age asked for.
        """
        claims = claims_of(issuer, issuer.token(Wish(role="subject", auth_age_seconds=900)))

        assert abs(time.time() - 900 - claims["auth_time"]) < 5

    def test_says_what_was_asked_for(self, issuer):
        """
        Subject, controllers, scope and level can be chosen.
        """
        wish = Wish(role="agent", controllers=["westra"], sub="agent-7", acr="low", scope="requests")
        claims = claims_of(issuer, issuer.token(wish))

        assert (claims["controllers"], claims["sub"], claims["acr"]) == (["westra"], "agent-7", "low")
        assert claims["scope"] == "requests"


class TestKeys:
    def test_stay_over_a_restart(self, issuer, store):
        """
        A token of yesterday's process is good today.
        """
        token = issuer.token(Wish(role="dpo"))
        next_day = Issuer(store, "http://127.0.0.1:8000")

        assert claims_of(next_day, token)["roles"] == ["dpo"]

    def test_rotate_without_a_gap(self, issuer):
        """
        The new key signs, the old one is still published.
        """
        old = issuer.token(Wish(role="dpo"))
        kid = issuer.rotate()
        new = issuer.token(Wish(role="dpo"))

        assert jwt.get_unverified_header(new)["kid"] == kid
        assert claims_of(issuer, old)["roles"] == claims_of(issuer, new)["roles"]

    def test_can_be_withdrawn(self, issuer):
        """
        A key taken off the list makes its tokens worthless.
        """
        old = issuer.token(Wish(role="dpo"))
        issuer.rotate(keep_old=False)

        with pytest.raises(JOSEError):
            claims_of(issuer, old)

    def test_are_published_without_their_private_half(self, issuer):
        """
        Only the public point and its names leave.
        """
        (key,) = issuer.jwks()["keys"]

        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


class TestDiscovery:
    def test_leads_to_the_keys(self, issuer):
        """
        OpenID discovery below the issuer's own address.
        """
        found = issuer.configuration()

        assert found["issuer"] == issuer.url
        assert found["jwks_uri"] == f"{issuer.url}/jwks.json"
