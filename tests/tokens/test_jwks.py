import asyncio
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.tokens.jwks import KeyRing, KeysUnavailable, UnfitKey, VerificationKey, read_jwks
from tests.tokens.smith import EC_KEY, OTHER_EC_KEY, RSA_KEY, Clock, Issuer, b64, der, jwk, jwks, pem, private_pem

BOTH = ("RS256", "ES256")
URI = "https://login.example.org/jwks"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def ring(issuer: Issuer, clock: Clock) -> KeyRing:
    return KeyRing(URI, algorithms=BOTH, fetch=issuer.fetch, clock=clock)


class TestVerificationKey:
    @pytest.mark.parametrize(("key", "alg"), [(EC_KEY, "ES256"), (RSA_KEY, "RS256")])
    def test_is_public_pem(self, key, alg):
        """
        SubjectPublicKeyInfo, and its own algorithm.
        """
        assert VerificationKey("k", alg, pem(key).decode()) == VerificationKey.from_jwk(jwk("k", key))

    @pytest.mark.parametrize(
        ("alg", "text"),
        [
            pytest.param("HS256", pem(EC_KEY), id="for HMAC"),
            pytest.param("RS256", pem(EC_KEY), id="EC for RS256"),
            pytest.param("ES256", pem(RSA_KEY), id="RSA for ES256"),
            pytest.param("ES256", private_pem(EC_KEY), id="private"),
            pytest.param("ES256", CERTIFICATE, id="a certificate"),
            pytest.param("RS256", b64(der(RSA_KEY)).encode(), id="DER"),
            pytest.param("RS256", b"ssh-rsa AAAA", id="OpenSSH"),
            pytest.param("RS256", pem(RSA_KEY)[:100], id="half a key"),
            pytest.param("RS256", pem(rsa.generate_private_key(65537, 1024)), id="RSA of 1024 bits"),  # noqa: S505
            pytest.param("ES256", pem(ec.generate_private_key(ec.SECP384R1())), id="another curve"),
            pytest.param("ES256", b"", id="nothing"),
        ],
    )
    def test_is_nothing_else(self, alg, text):
        """
        CVE-2024-33663 and CVE-2026-85394 begin with a key in another form or for another algorithm.
        """
        with pytest.raises(UnfitKey):
            VerificationKey("k", alg, text.decode())

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param({"kty": "oct", "kid": "k", "k": b64(b"x" * 32)}, id="a secret"),
            pytest.param({**jwk("k", EC_KEY), "kty": "oct", "k": "AAAA"}, id="a secret dressed up"),
            pytest.param(jwk("k", EC_KEY, d="AAAA"), id="a private EC key"),
            pytest.param(jwk("k", RSA_KEY, d="AAAA"), id="a private RSA key"),
            pytest.param(jwk("k", RSA_KEY, p="AAAA"), id="a factor"),
            pytest.param(jwk("k", EC_KEY, k="AAAA"), id="a secret beside it"),
            pytest.param(jwk("k", EC_KEY, use="enc"), id="for encryption"),
            pytest.param(jwk("k", EC_KEY, key_ops=["sign"]), id="for signing only"),
            pytest.param(jwk("k", EC_KEY, key_ops="verify"), id="operations as text"),
            pytest.param(jwk("k", EC_KEY, alg="RS256"), id="another algorithm"),
            pytest.param(jwk("k", EC_KEY, alg="HS256"), id="for HMAC"),
            pytest.param(jwk("", EC_KEY), id="an empty id"),
            pytest.param({**jwk("k", EC_KEY), "kid": 1}, id="a number as id"),
            pytest.param({name: value for name, value in jwk("k", EC_KEY).items() if name != "kid"}, id="no id"),
            pytest.param({**jwk("k", EC_KEY), "x": b64(bytes(32))}, id="a point off the curve"),
            pytest.param({**jwk("k", EC_KEY), "crv": "secp256k1"}, id="another curve"),
            pytest.param({**jwk("k", EC_KEY), "x": "!!"}, id="no base64"),
            pytest.param({**jwk("k", RSA_KEY), "e": b64(b"\x02")}, id="an even exponent"),
            pytest.param({**jwk("k", RSA_KEY), "n": b64(b"\xff" * 64)}, id="a short modulus"),
            pytest.param({**jwk("k", RSA_KEY), "n": ""}, id="no modulus"),
            pytest.param({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": b64(bytes(32))}, id="Ed25519"),
            pytest.param([], id="a list"),
            pytest.param(None, id="null"),
        ],
    )
    def test_comes_from_no_unfit_jwk(self, said):
        """
        Never symmetric, never private, nothing weak, nothing for another use.
        """
        with pytest.raises(UnfitKey):
            VerificationKey.from_jwk(said)


class TestReadJwks:
    def test_takes_what_is_fit_and_leaves_the_rest(self):
        """
        An encryption key beside ours is ordinary.
        """
        body = jwks(jwk("e1", EC_KEY), jwk("r1", RSA_KEY, use="sig"), jwk("e2", OTHER_EC_KEY, use="enc"))

        assert set(read_jwks(body, algorithms=BOTH)) == {"e1", "r1"}

    def test_keeps_to_the_allow_list(self):
        """
        An issuer's other keys do not count.
        """
        body = jwks(jwk("e1", EC_KEY), jwk("r1", RSA_KEY))

        assert set(read_jwks(body, algorithms=("ES256",))) == {"e1"}

    def test_takes_neither_of_two_keys_with_one_id(self):
        """
        Which of them signed would be anybody's guess.
        """
        body = jwks(jwk("e1", EC_KEY), jwk("e1", OTHER_EC_KEY), jwk("r1", RSA_KEY))

        assert set(read_jwks(body, algorithms=BOTH)) == {"r1"}

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"<html>", id="a page"),
            pytest.param(b"\xff", id="bytes"),
            pytest.param(b"[]", id="a list"),
            pytest.param(b'{"keys": {}}', id="keys an object"),
            pytest.param(b"[" * 60_000, id="nested to death"),
            pytest.param(jwks(*[jwk(str(n), EC_KEY) for n in range(21)]), id="21 keys"),
            pytest.param(jwks(jwk("e1", EC_KEY, x5c=["A" * 70_000])), id="too large"),
        ],
    )
    def test_refuses_what_is_no_key_set(self, body):
        """
        64 KB and 20 keys are plenty.
        """
        with pytest.raises(UnfitKey):
            read_jwks(body, algorithms=BOTH)


class TestKeyRing:
    async def test_asks_once_in_five_minutes(self):
        """
        Not once a request.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        keys = ring(issuer, clock)

        for seconds in (0, 100, 199):
            clock.advance(seconds)
            assert (await keys.key("e1")).kid == "e1"
        assert issuer.fetched == 1

        clock.advance(1)
        await keys.key("e1")
        assert issuer.fetched == 2

    async def test_lets_a_removed_key_go_within_five_minutes(self):
        """
        That is how an issuer revokes a key; an empty set revokes all.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        keys = ring(issuer, clock)
        await keys.key("e1")
        issuer.body = jwks()
        clock.advance(300)

        assert await keys.key("e1") is None

    async def test_asks_for_unknown_ids_at_most_every_half_minute(self):
        """
        Whoever sends made-up ids does not make us pester the issuer.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        keys = ring(issuer, clock)

        for second in range(61):
            assert await keys.key(f"made-up-{second}") is None
            clock.advance(1)
        assert issuer.fetched == 3

    async def test_asks_once_for_many_at_the_same_time(self):
        """
        A cold start under load is one fetch.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        held = asyncio.Event()

        async def slow(uri: str) -> bytes:
            await held.wait()
            return await issuer.fetch(uri)

        keys = KeyRing(URI, algorithms=BOTH, fetch=slow, clock=clock)
        waiting = [asyncio.create_task(keys.key("e1")) for _ in range(50)]
        await asyncio.sleep(0)
        held.set()

        assert {key.kid for key in await asyncio.gather(*waiting)} == {"e1"}
        assert issuer.fetched == 1

    async def test_survives_that_the_one_who_asks_goes_away(self):
        """
        A client that hangs up must not leave the others without keys.
        """
        issuer, asked, held = Issuer(jwks(jwk("e1", EC_KEY))), asyncio.Event(), asyncio.Event()

        async def slow(uri: str) -> bytes:
            asked.set()
            await held.wait()
            return await issuer.fetch(uri)

        keys = KeyRing(URI, algorithms=BOTH, fetch=slow, clock=Clock())
        first = asyncio.create_task(keys.key("e1"))
        await asked.wait()
        first.cancel()
        held.set()

        assert (await keys.key("e1")).kid == "e1"

    async def test_serves_old_keys_for_an_hour_of_outage(self):
        """
        Bounded: an issuer that stays away closes the door in the end.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        keys = ring(issuer, clock)
        await keys.key("e1")
        issuer.is_down = True

        clock.advance(3900)
        assert (await keys.key("e1")).kid == "e1"
        clock.advance(1)
        with pytest.raises(KeysUnavailable):
            await keys.key("e1")

        issuer.is_down = False
        clock.advance(5)
        assert (await keys.key("e1")).kid == "e1"

    @pytest.mark.parametrize("body", [b"<html>sorry</html>", b'{"error": "maintenance"}'])
    async def test_takes_a_broken_answer_for_an_outage(self, body):
        """
        A maintenance page does not throw the keys away.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        keys = ring(issuer, clock)
        await keys.key("e1")
        issuer.body = body
        clock.advance(400)

        assert (await keys.key("e1")).kid == "e1"

    async def test_tries_again_soon_when_it_has_none(self):
        """
        Five seconds, not thirty: meanwhile nobody comes in; and not at every request.
        """
        issuer, clock = Issuer(jwks(jwk("e1", EC_KEY))), Clock()
        issuer.is_down = True
        keys = ring(issuer, clock)

        for _ in range(3):
            with pytest.raises(KeysUnavailable):
                await keys.key("e1")
        assert issuer.fetched == 1

        issuer.is_down = False
        clock.advance(5)
        assert (await keys.key("e1")).kid == "e1"

    async def test_does_not_wait_for_ever(self, monkeypatch):
        """
        An issuer that takes the connection and says nothing is an outage.
        """
        monkeypatch.setattr("app.tokens.jwks.FETCH_TIMEOUT", 0.01)

        async def silent(_uri: str) -> Any:
            await asyncio.Event().wait()

        with pytest.raises(KeysUnavailable):
            await KeyRing(URI, algorithms=BOTH, fetch=silent, clock=Clock()).key("e1")


def test_the_smith_makes_sets_as_issuers_do():
    """
    The measure itself: RFC 7517, section 5.
    """
    assert json.loads(jwks(jwk("e1", EC_KEY)))["keys"][0]["kty"] == "EC"
