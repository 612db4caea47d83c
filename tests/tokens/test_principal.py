from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.identity import Level
from app.tokens.issuers import IssuerSettings
from app.tokens.principal import ClaimMalformed, Principal, principal_of

NOW = 1_795_000_000
PLAIN: dict[str, Any] = {
    "issuer": "https://login.example.org",
    "jwks_uri": "https://login.example.org/jwks",
    "audience": "insyn",
}


def bearer(claims: dict[str, Any], **settings: Any) -> Principal:
    issuer = IssuerSettings(**{**PLAIN, **settings})
    return principal_of({"sub": "u-1", **claims}, issuer=issuer, now=NOW, leeway=30)


class TestPrincipal:
    def test_shows_nothing_of_the_person(self):
        """
        A sub may be a personnummer; so neither it nor anything it could be guessed from is shown.
        """
        one = bearer({"sub": "199001012385", "ssn": "199001012385"})

        assert "199001012385" not in repr(one)
        assert repr(one) == repr(bearer({"sub": "199001012385"}))
        assert repr(one) != repr(bearer({"sub": "u-2"}))

    def test_has_a_role_at_a_controller_only(self):
        """
        An agent at one company is nobody at the next.
        """
        agent = bearer({"roles": ["agent"], "controllers": ["westra"]})

        assert agent.has("agent", "westra")
        assert not agent.has("agent", "westila")
        assert not agent.has("admin", "westra")

    def test_is_nobody_without_roles(self):
        """
        Absent means none, never all.
        """
        nobody = bearer({})

        assert (nobody.roles, nobody.controllers, nobody.scope) == (frozenset(), frozenset(), frozenset())
        assert (nobody.level, nobody.auth_time, nobody.subject_number) == (Level.NONE, None, None)


class TestRoles:
    @pytest.mark.parametrize("said", [["agent", "dpo"], "agent dpo", ["agent", "dpo", "root"]])
    def test_are_those_we_know(self, said):
        """
        A list or words; what we do not know is dropped.
        """
        assert bearer({"roles": said}).roles == {"agent", "dpo"}

    def test_are_those_the_issuer_may_give(self):
        """
        The customers' login cannot make an administrator.
        """
        assert bearer({"roles": ["subject", "admin"]}, roles=["subject"]).roles == {"subject"}

    def test_are_where_the_issuer_puts_them(self):
        """
        Claim names are configuration.
        """
        claim = "https://example.org/roles"

        assert bearer({claim: ["dpo"], "roles": ["admin"]}, roles_claim=claim).roles == {"dpo"}


class TestControllers:
    @pytest.mark.parametrize(
        ("said", "allowed", "expected"),
        [
            pytest.param(["westra", "securitas"], None, {"westra", "securitas"}, id="as the token says"),
            pytest.param(["westra", "securitas"], ["westra"], {"westra"}, id="no further than configured"),
            pytest.param(None, ["westra"], {"westra"}, id="as configured when the token says nothing"),
            pytest.param([], ["westra"], set(), id="none when the token says none"),
            pytest.param(None, None, set(), id="none when nobody says any"),
        ],
    )
    def test_are(self, said, allowed, expected):
        """
        One company's identity provider does not speak for another's.
        """
        claims = {} if said is None else {"controllers": said}

        assert bearer(claims, controllers=allowed).controllers == expected


class TestSubjectNumber:
    @pytest.mark.parametrize("name", ["ssn", "nin", "https://id.oidc.se/claim/personalIdentityNumber"])
    def test_is_read_where_swedish_brokers_put_it(self, name):
        """
        Criipto, Signicat, OIDC Sweden.
        """
        assert bearer({name: "199001012385"}).subject_number == "199001012385"

    @pytest.mark.parametrize("value", [199001012385, "1990", "1" * 21, ["199001012385"]])
    def test_is_text_or_the_token_is_refused(self, value):
        """
        Guessing at who somebody is would be the worst of all guesses.
        """
        with pytest.raises(ClaimMalformed) as refused:
            bearer({"ssn": value})

        assert str(refused.value) == "ssn"


class TestTimes:
    def test_are_utc(self):
        """
        Step-up compares it with now.
        """
        assert bearer({"auth_time": NOW}).auth_time == datetime.fromtimestamp(NOW, UTC)

    @pytest.mark.parametrize("value", [NOW + 31, -1, "now", True, float("inf")])
    def test_are_refused_when_they_cannot_be(self, value):
        """
        A login in the future would stay fresh for ever.
        """
        with pytest.raises(ClaimMalformed):
            bearer({"auth_time": value})


class TestIssuerSettings:
    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            pytest.param({"algorithms": ["HS256"]}, "RS256", id="HMAC"),
            pytest.param({"algorithms": ["none"]}, "RS256", id="none"),
            pytest.param({"algorithms": []}, "at least 1", id="no algorithm"),
            pytest.param({"jwks_uri": "http://login.example.org/jwks"}, "https", id="plain http"),
            pytest.param({"jwks_uri": "file:///etc/passwd"}, "https", id="a file"),
            pytest.param({"jwks_uri": "https://"}, "https", id="no host"),
            pytest.param({"jwks_uri": "http://127.0.0.1.evil.example/"}, "https", id="nearly loopback"),
            pytest.param({"audience": ""}, "at least 1", id="no audience"),
            pytest.param({"acr_levels": {"x": "highest"}}, "high", id="a level there is not"),
            pytest.param({"roles": ["root"]}, "subject", id="a role there is not"),
            pytest.param({"roles": []}, "mistake", id="no role"),
            pytest.param({"controllers": []}, "mistake", id="no controller"),
            pytest.param({"secret": "x"}, "Extra", id="a secret"),
        ],
    )
    def test_refuse(self, changed, said):
        """
        A wrong setting stops the start instead of opening a door.
        """
        with pytest.raises(ValidationError, match=said):
            IssuerSettings(**{**PLAIN, **changed})

    @pytest.mark.parametrize("uri", ["http://127.0.0.1:8000/jwks", "http://localhost/jwks", "http://[::1]/jwks"])
    def test_let_the_sandbox_be(self, uri):
        """
        Plain http on loopback is the sandbox's issuer.
        """
        assert IssuerSettings(**{**PLAIN, "jwks_uri": uri}).jwks_uri == uri
