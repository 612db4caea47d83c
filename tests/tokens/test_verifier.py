import json
import time
from typing import Any

import pytest

from app.domain.identity import Level
from app.tokens.issuers import IssuerSettings
from app.tokens.jwks import KeysUnavailable
from app.tokens.verifier import Fault, TokenRefused, Verifier
from tests.tokens.smith import (
    EC_KEY,
    OTHER_EC_KEY,
    RSA_KEY,
    Clock,
    Issuer,
    b64,
    der,
    jwk,
    jwks,
    part,
    pem,
    private_pem,
    token,
)

NOW = int(Clock().now)
ISS = "https://login.example.org"
HEADER = {"alg": "ES256", "kid": "e1", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {"iss": ISS, "sub": "u-1", "aud": "insyn", "exp": NOW + 300, "iat": NOW, "roles": ["subject"]}
SETTINGS = IssuerSettings(issuer=ISS, jwks_uri=f"{ISS}/jwks", audience="insyn", acr_levels={"bankid": "substantial"})
KEYS = jwks(jwk("e1", EC_KEY), jwk("r1", RSA_KEY))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(KEYS)


@pytest.fixture
def verifier(issuer) -> Verifier:
    return Verifier([SETTINGS], fetch=issuer.fetch, clock=Clock())


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def signed(claims: Any = None, **header: Any) -> str:
    return token({**HEADER, **header}, {**CLAIMS, **claims} if isinstance(claims, dict) else CLAIMS)


def resigned(claims: Any) -> str:
    return token(HEADER, claims)


GOOD = {
    "ES256": signed(),
    "RS256": token({**HEADER, "alg": "RS256", "kid": "r1"}, CLAIMS, RSA_KEY),
    "typ JWT": signed(typ="JWT"),
    "typ in capitals": signed(typ="AT+JWT"),
    "typ in full": signed(typ="application/at+jwt"),
    "several audiences": signed({"aud": ["billing", "insyn"]}),
    "nbf passed": signed({"nbf": NOW}),
    "nbf within the leeway": signed({"nbf": NOW + 30}),
    "iat within the leeway": signed({"iat": NOW + 30}),
    "exp within the leeway": signed({"exp": NOW - 29}),
    "fractions of a second": signed({"exp": NOW + 0.5, "iat": NOW - 0.5}),
    "x5t beside the kid": signed(x5t="whatever"),
}

HS256 = {"alg": "HS256", "kid": "e1", "typ": "at+jwt"}
BAD: dict[str, tuple[str, Fault]] = {
    # the algorithm and the key
    "HS256 with the PEM as secret": (token(HS256, CLAIMS, pem(EC_KEY)), Fault.HEADER),
    "HS256 with the DER as secret": (token(HS256, CLAIMS, der(EC_KEY)), Fault.HEADER),
    "HS256 with the RSA PEM": (token({**HS256, "kid": "r1"}, CLAIMS, pem(RSA_KEY)), Fault.HEADER),
    "HS256 with the RSA DER": (token({**HS256, "kid": "r1"}, CLAIMS, der(RSA_KEY)), Fault.HEADER),
    "HS256 with the key set as secret": (token(HS256, CLAIMS, KEYS), Fault.HEADER),
    "HS256 with an empty secret": (token(HS256, CLAIMS, b"\x00"), Fault.HEADER),
    "HS256 signed, ES256 said": (token(HEADER, CLAIMS, pem(EC_KEY)), Fault.SIGNATURE),
    "HS256 by DER, RS256 said": (token({**HEADER, "alg": "RS256", "kid": "r1"}, CLAIMS, der(RSA_KEY)), Fault.SIGNATURE),
    "alg none": (f"{part({**HEADER, 'alg': 'none'})}.{part(CLAIMS)}.", Fault.MALFORMED),
    "alg none with a signature": (signed(alg="none"), Fault.HEADER),
    "alg nOnE": (signed(alg="nOnE"), Fault.HEADER),
    "no alg": (token({"kid": "e1", "typ": "JWT"}, CLAIMS), Fault.HEADER),
    "alg a list": (signed(alg=["ES256"]), Fault.HEADER),
    "alg null": (signed(alg=None), Fault.HEADER),
    "RS512": (signed(alg="RS512"), Fault.HEADER),
    "PS256": (signed(alg="PS256"), Fault.HEADER),
    "another algorithm's kid": (signed(kid="r1"), Fault.KEY),
    "another kid's algorithm": (token({**HEADER, "alg": "RS256"}, CLAIMS, RSA_KEY), Fault.KEY),
    "an unknown kid": (signed(kid="zz"), Fault.KEY),
    "no kid": (token({"alg": "ES256", "typ": "JWT"}, CLAIMS), Fault.HEADER),
    "an empty kid": (signed(kid=""), Fault.HEADER),
    "a list as kid": (signed(kid=["e1"]), Fault.HEADER),
    "a number as kid": (signed(kid=1), Fault.HEADER),
    "a path as kid": (signed(kid="../../dev/null"), Fault.KEY),
    "a null byte in the kid": (signed(kid="e1\x00"), Fault.KEY),
    "another's signature": (token(HEADER, CLAIMS, OTHER_EC_KEY), Fault.SIGNATURE),
    "RSA signature under an EC kid": (token(HEADER, CLAIMS, RSA_KEY), Fault.SIGNATURE),
    "a signature of zeros": (f"{signed().rpartition('.')[0]}.{b64(bytes(64))}", Fault.SIGNATURE),
    "other claims under it": (
        f"{part(HEADER)}.{part({**CLAIMS, 'roles': ['admin']})}.{signed().rpartition('.')[2]}",
        Fault.SIGNATURE,
    ),
    # headers that must not be there
    "crit": (signed(crit=["exp"]), Fault.HEADER),
    "crit unknown": (signed(crit=["x"], x=1), Fault.HEADER),
    "crit empty": (signed(crit=[]), Fault.HEADER),
    "b64 false": (signed(b64=False), Fault.HEADER),
    "jku": (signed(jku="https://evil.example/jwks"), Fault.HEADER),
    "x5u": (signed(x5u="https://evil.example/cert"), Fault.HEADER),
    "x5c": (signed(x5c=["MIIB"]), Fault.HEADER),
    "its own key": (token({**HEADER, "jwk": jwk("e1", OTHER_EC_KEY)}, CLAIMS, OTHER_EC_KEY), Fault.HEADER),
    "a token in a token": (signed(cty="JWT"), Fault.HEADER),
    "compressed": (signed(zip="DEF"), Fault.HEADER),
    "no typ": (token({"alg": "ES256", "kid": "e1"}, CLAIMS), Fault.HEADER),
    "typ logout+jwt": (signed(typ="logout+jwt"), Fault.HEADER),
    "typ secevent+jwt": (signed(typ="secevent+jwt"), Fault.HEADER),
    "typ dpop+jwt": (signed(typ="dpop+jwt"), Fault.HEADER),
    "typ a number": (signed(typ=1), Fault.HEADER),
    # what it says
    "no exp": (resigned(without("exp")), Fault.CLAIMS),
    "no iat": (resigned(without("iat")), Fault.CLAIMS),
    "no sub": (resigned(without("sub")), Fault.CLAIMS),
    "no iss": (resigned(without("iss")), Fault.ISSUER),
    "no aud": (resigned(without("aud")), Fault.AUDIENCE),
    "another's aud": (signed({"aud": "billing"}), Fault.AUDIENCE),
    "others' auds": (signed({"aud": ["billing", "insyn2"]}), Fault.AUDIENCE),
    "an empty aud": (signed({"aud": []}), Fault.AUDIENCE),
    "an aud that holds ours": (signed({"aud": "insyn-test"}), Fault.AUDIENCE),
    "an object as aud": (signed({"aud": {"insyn": 1}}), Fault.AUDIENCE),
    "another iss": (signed({"iss": "https://evil.example"}), Fault.ISSUER),
    "iss with a slash": (signed({"iss": ISS + "/"}), Fault.ISSUER),
    "iss a list": (signed({"iss": [ISS]}), Fault.ISSUER),
    "iss null": (signed({"iss": None}), Fault.ISSUER),
    "expired": (signed({"exp": NOW - 30}), Fault.EXPIRED),
    "long expired": (signed({"exp": 0}), Fault.EXPIRED),
    "exp as text": (signed({"exp": str(NOW + 300)}), Fault.CLAIMS),
    "exp true": (signed({"exp": True}), Fault.CLAIMS),
    "exp null": (signed({"exp": None}), Fault.CLAIMS),
    "exp beyond all time": (signed({"exp": 10**12}), Fault.CLAIMS),
    "exp negative": (signed({"exp": -1}), Fault.CLAIMS),
    "exp infinite": (token(HEADER, json.dumps(CLAIMS).replace(str(NOW + 300), "1e999").encode()), Fault.CLAIMS),
    "exp Infinity": (token(HEADER, json.dumps(CLAIMS).replace(str(NOW + 300), "Infinity").encode()), Fault.MALFORMED),
    "exp NaN": (token(HEADER, json.dumps(CLAIMS).replace(str(NOW + 300), "NaN").encode()), Fault.MALFORMED),
    "iat in the future": (signed({"iat": NOW + 31}), Fault.NOT_YET),
    "iat as text": (signed({"iat": str(NOW)}), Fault.CLAIMS),
    "nbf in the future": (signed({"nbf": NOW + 31}), Fault.NOT_YET),
    "nbf as text": (signed({"nbf": "0"}), Fault.CLAIMS),
    "sub a number": (signed({"sub": 7}), Fault.CLAIMS),
    "sub empty": (signed({"sub": ""}), Fault.CLAIMS),
    "sub very long": (signed({"sub": "x" * 256}), Fault.CLAIMS),
    "auth_time in the future": (signed({"auth_time": NOW + 31}), Fault.CLAIMS),
    "auth_time as text": (signed({"auth_time": "now"}), Fault.CLAIMS),
    "auth_time true": (signed({"auth_time": True}), Fault.CLAIMS),
    "roles an object": (signed({"roles": {"admin": True}}), Fault.CLAIMS),
    "roles of numbers": (signed({"roles": [1]}), Fault.CLAIMS),
    "controllers a number": (signed({"controllers": 1}), Fault.CLAIMS),
    "a hundred controllers": (signed({"controllers": ["x"] * 100}), Fault.CLAIMS),
    "acr a list": (signed({"acr": ["bankid"]}), Fault.CLAIMS),
    "a number as personnummer": (signed({"ssn": 199001012385}), Fault.CLAIMS),
    # its shape
    "empty": ("", Fault.MALFORMED),
    "a word": ("token", Fault.MALFORMED),
    "one segment missing": (signed().rpartition(".")[0], Fault.MALFORMED),
    "one segment more": (signed() + ".x", Fault.MALFORMED),
    "five segments, as JWE has": (f"{part({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.x.x.x.x", Fault.MALFORMED),
    "an empty signature": (signed().rpartition(".")[0] + ".", Fault.MALFORMED),
    "an empty header": ("." + signed().partition(".")[2], Fault.MALFORMED),
    "null bytes": (signed() + "\x00", Fault.MALFORMED),
    "a null byte within": (signed().replace(".", ".\x00", 1), Fault.MALFORMED),
    "a space before": (" " + signed(), Fault.MALFORMED),
    "a line end": (signed() + "\n", Fault.MALFORMED),
    "padding": (signed() + "=", Fault.MALFORMED),
    "plain base64": (signed().replace(".", "+.", 1), Fault.MALFORMED),
    "letters of elsewhere": (signed() + "å", Fault.MALFORMED),
    "too big": (signed({"x": "y" * 9000}), Fault.MALFORMED),
    "huge": ("x" * 20_000_000, Fault.MALFORMED),
    "a header that is no JSON": (token(b"{", CLAIMS), Fault.MALFORMED),
    "a header that is a list": (token([HEADER], CLAIMS), Fault.MALFORMED),
    "a header that is no UTF-8": (token(b'{"alg":"\xff"}', CLAIMS), Fault.MALFORMED),
    "claims that are a list": (token(HEADER, [CLAIMS]), Fault.MALFORMED),
    "claims that are no JSON": (token(HEADER, b"sub=u-1"), Fault.MALFORMED),
    "claims nested to death": (token(HEADER, b"[" * 6000), Fault.MALFORMED),
    "a doubled header": (token(json.dumps(HEADER)[:-1].encode() + b',"alg":"none"}', CLAIMS), Fault.MALFORMED),
    "a doubled claim": (token(HEADER, json.dumps(CLAIMS)[:-1].encode() + b',"sub":"u-2"}'), Fault.MALFORMED),
}


class TestVerifier:
    @pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
    async def test_lets_in(self, verifier, good):
        """
        Both algorithms, the three spellings of typ (RFC 9068), and thirty seconds of clocks that disagree.
        """
        principal = await verifier.verify(good)

        assert (principal.issuer, principal.subject, principal.roles) == (ISS, "u-1", {"subject"})

    @pytest.mark.parametrize(("bad", "fault"), BAD.values(), ids=BAD.keys())
    async def test_refuses(self, verifier, bad, fault):
        """
        Every kind of bad token known to us, for its own reason, with one and the same sentence.
        """
        with pytest.raises(TokenRefused) as refused:
            await verifier.verify(bad)

        assert refused.value.fault is fault
        assert str(refused.value) == "The access token is missing, expired, or not meant for this service."

    async def test_believes_an_issuer_only_about_itself(self, issuer):
        """
        A second trusted issuer's keys sign nothing in the first one's name, whatever their id.
        """
        other = Issuer(jwks(jwk("e1", OTHER_EC_KEY)))
        by_uri = {SETTINGS.jwks_uri: issuer, "https://other.example.org/jwks": other}
        second = IssuerSettings(
            issuer="https://other.example.org", jwks_uri="https://other.example.org/jwks", audience="insyn"
        )
        verifier = Verifier([SETTINGS, second], fetch=lambda uri: by_uri[uri].fetch(uri), clock=Clock())

        assert (await verifier.verify(token(HEADER, {**CLAIMS, "iss": second.issuer}, OTHER_EC_KEY))).subject == "u-1"
        for claims, key in (({}, OTHER_EC_KEY), ({"iss": second.issuer}, EC_KEY)):
            with pytest.raises(TokenRefused):
                await verifier.verify(token(HEADER, {**CLAIMS, **claims}, key))

    async def test_takes_only_the_algorithms_an_issuer_is_allowed(self, issuer):
        """
        The allow-list is per issuer.
        """
        only_rsa = SETTINGS.model_copy(update={"algorithms": ("RS256",)})
        verifier = Verifier([only_rsa], fetch=issuer.fetch, clock=Clock())

        await verifier.verify(GOOD["RS256"])
        with pytest.raises(TokenRefused):
            await verifier.verify(GOOD["ES256"])

    async def test_says_when_the_keys_cannot_be_had(self, verifier, issuer):
        """
        The issuer's outage is not the bearer's fault.
        """
        issuer.is_down = True

        with pytest.raises(KeysUnavailable):
            await verifier.verify(signed())

    async def test_does_not_ask_the_issuer_for_what_is_refused_anyway(self, verifier, issuer):
        """
        Rubbish costs nobody a request.
        """
        for bad in ("", signed(alg="none"), signed({"iss": "https://evil.example"})):
            with pytest.raises(TokenRefused):
                await verifier.verify(bad)

        assert issuer.fetched == 0

    async def test_goes_by_the_wall_clock_unless_told_otherwise(self, issuer):
        """
        The movable clock of the sandbox moves deadlines, not tokens.
        """
        verifier = Verifier([SETTINGS], fetch=issuer.fetch)
        now = int(time.time())

        await verifier.verify(signed({"iat": now, "exp": now + 60}))
        with pytest.raises(TokenRefused):
            await verifier.verify(signed({"iat": now - 120, "exp": now - 60}))

    def test_knows_each_issuer_once(self, issuer):
        """
        Two configurations of one issuer would be a choice made by chance.
        """
        with pytest.raises(ValueError, match="twice"):
            Verifier([SETTINGS, SETTINGS], fetch=issuer.fetch)

    async def test_keeps_no_value_in_its_refusals(self, verifier):
        """
        A token is never quoted, not even as the cause.
        """
        with pytest.raises(TokenRefused) as refused:
            await verifier.verify(signed({"ssn": 1, "sub": "anna@example.org"}))

        assert refused.value.__suppress_context__
        assert "anna" not in repr(refused.value)


class TestRotation:
    async def test_finds_a_new_key_by_itself(self, issuer):
        """
        An unknown key id makes us ask again, after the cool-down.
        """
        cache_clock = Clock(0)
        verifier = Verifier([SETTINGS], fetch=issuer.fetch, clock=Clock(), cache_clock=cache_clock)
        new = token({**HEADER, "kid": "e2"}, CLAIMS, OTHER_EC_KEY)
        await verifier.verify(signed())
        issuer.body = jwks(jwk("e2", OTHER_EC_KEY))

        cache_clock.advance(29)
        with pytest.raises(TokenRefused):
            await verifier.verify(new)
        cache_clock.advance(1)
        assert (await verifier.verify(new)).subject == "u-1"

        with pytest.raises(TokenRefused):  # the old key left with the old set
            await verifier.verify(signed())

    async def test_does_not_keep_a_replaced_key_under_its_old_id(self, issuer):
        """
        The same id with another key is another key.
        """
        cache_clock = Clock(0)
        verifier = Verifier([SETTINGS], fetch=issuer.fetch, clock=Clock(), cache_clock=cache_clock)
        await verifier.verify(signed())
        issuer.body = jwks(jwk("e1", OTHER_EC_KEY))
        cache_clock.advance(300)

        with pytest.raises(TokenRefused):
            await verifier.verify(signed())
        await verifier.verify(token(HEADER, CLAIMS, OTHER_EC_KEY))


class TestForgedIssuerKeys:
    @pytest.mark.parametrize("secret", [b"", b"short", pem(EC_KEY), private_pem(EC_KEY), der(RSA_KEY)])
    async def test_published_secrets_open_nothing(self, secret):
        """
        An issuer that publishes a symmetric key cannot make us use it, neither as HS256 nor under another name.
        """
        issuer = Issuer(jwks({"kty": "oct", "kid": "e1", "k": b64(secret), "alg": "HS256"}))
        verifier = Verifier([SETTINGS], fetch=issuer.fetch, clock=Clock())

        for header in (HS256, HEADER):
            with pytest.raises(TokenRefused):
                await verifier.verify(token(header, CLAIMS, secret or b"\x00"))


class TestLevel:
    async def test_comes_from_the_acr(self, verifier):
        """
        As configured; unknown is none, and so is a login of unknown age (OWASP ASVS 5.0 6.8.4).
        """
        assert (await verifier.verify(signed({"acr": "bankid", "auth_time": NOW}))).level is Level.SUBSTANTIAL
        assert (await verifier.verify(signed({"acr": "bankid2"}))).level is Level.NONE
