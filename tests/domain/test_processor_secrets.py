"""A secret goes where secrets belong, whole, and nowhere else."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.processor_secrets import SecretInSettings, UnfitSecret, check_secret, check_settings, overlap_of

PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n"


class TestSecret:
    @pytest.mark.parametrize(
        "secret",
        ["x", "a pass phrase", " spaces at the ends ", "åäö€", "x" * 8_000, PEM, PEM.replace("\n", "\r\n")],
    )
    def test_may_be_any_text(self, secret: str) -> None:
        """Vendors hand out what they like; certificates and keys have lines."""
        check_secret(secret)

    @pytest.mark.parametrize(
        "secret",
        [
            pytest.param("", id="nothing"),
            pytest.param("   ", id="blanks"),
            pytest.param("x" * 8_001, id="too long"),
            pytest.param("key\n", id="a line break copied with it"),
            pytest.param("a\r\nX-Header: b", id="a header smuggled in"),
            pytest.param("a\tb", id="a tab"),
            pytest.param("a\x00b", id="NUL"),
            pytest.param("a\x7f", id="DEL"),
            pytest.param("a\x85b", id="a control character of Latin 1"),
            pytest.param("a\u2028b", id="a line separator"),
            pytest.param(PEM + "\x00", id="PEM with NUL"),
            pytest.param("x" + PEM, id="lines before PEM"),
        ],
    )
    def test_without_control_characters(self, secret: str) -> None:
        """What goes into a header cannot begin another; a slip in copying is said at once, not at the first call."""
        with pytest.raises(UnfitSecret) as refused:
            check_secret(secret)

        assert len(secret) < 9 or secret not in str(refused.value)


class TestOverlap:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("P0D", timedelta()),
            ("P7D", timedelta(days=7)),
            ("P90D", timedelta(days=90)),
            ("PT36H", timedelta(hours=36)),
            ("PT999H", timedelta(hours=999)),
        ],
    )
    def test_is_whole_days_or_hours(self, text: str, meant: timedelta) -> None:
        """ISO 8601, of which nothing is left to interpret."""
        assert overlap_of(text) == meant


class TestSettings:
    @pytest.mark.parametrize(
        "settings",
        [
            {"password": "hunter2"},
            {"db_password": "x1"},
            {"Passwd": "x"},
            {"passphrase": "correct horse"},
            {"pwd": 1234},
            {"secret": "abc"},
            {"client_secret": "abc"},
            {"clientSecret": "abc"},
            {"client-secret": "abc"},
            {"token": "abc"},
            {"access_token": "abc"},
            {"refreshToken": "abc"},
            {"token_b": "abc"},
            {"api_key": "abc"},
            {"apiKey": "abc"},
            {"apikey": "abc"},
            {"x-api-key": "abc"},
            {"private_key": "abc"},
            {"signing_key": "abc"},
            {"key": "9f86d081884c7d659a2feaa0c55ad015"},
            {"credentials": "abc"},
            {"headers": {"Authorization": "abc"}},
            {"headers": {"Cookie": "abc"}},
            {"auth": {"basic": {"user": "a", "password": "b"}}},
            {"password": {"value": "x"}},
            {"tokens": ["a", "b"]},
            {"accounts": [{"name": "a", "api_key": "b"}]},
            {"anything": "whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"},
            {"anything": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"},
            {"anything": "sk_4eC39HqLyjWDarjtT1zdp7dc"},
            {"anything": "sk-proj-4eC39HqLyjWDarjtT1zdp7dc"},
            {"anything": "Bearer abc"},
            {"anything": " bearer abc"},
            {"anything": "Basic dXNlcjpwYXNz"},
            {"anything": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"},
            {"anything": "xoxb-1234-abc"},
            {"anything": "AKIAIOSFODNN7EXAMPLE"},
            {"anything": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"},
            {"anything": "-----BEGIN RSA PRIVATE KEY-----\nabc"},
            {"database": "postgresql://insyn:hunter2@db.example.com/alarm"},
            {"dsn": "host=db.example.com password=hunter2"},
            {"url": "https://api.example.com/?api_key=abcdef"},
            {"list": ["plain", ["deep", {"x": "whsec_QUJD"}]]},
            {"whsec_QUJDQUJDQUJDQUJDQUJDQUJD": True},
        ],
        ids=str,
    )
    def test_hold_no_secret(self, settings: dict[str, Any]) -> None:
        """They are shown to whoever reads the registry: the refusal says where it stands, not what."""
        with pytest.raises(SecretInSettings) as refused:
            check_settings(settings)

        said = str(refused.value) + refused.value.pointer
        assert "/secrets" in said
        assert not any(one in said for one in ("hunter2", "abc", "QUJD", "4eC39"))

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"token_url": "https://login.example.com/oauth/token"},
            {"token": {"url": "https://login.example.com/oauth/token"}},
            {"token_endpoint": "https://login.example.com/token"},
            {"secret_name": "api_key"},
            {"api_key_header": "X-Api-Key"},
            {"password_field": "pw"},
            {"token_ttl_seconds": 3600},
            {"primary_key": "customer_no"},
            {"host_key": "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGLTbqcoXqBpA3LHlQ4"},
            {"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"},
            {"key": "customer_no"},
            {"key_column": "kundnr"},
            {"needs_token": False, "api_key": ""},
            {"tenant": "4711", "page_size": 100, "limits": [1, 2]},
            {"locale": "sk-SK", "plan": "Basic plan", "note": "Bearer"},
            {"monkey": "a", "keyboard": "b", "tokenize": "c", "secretary": "d"},
            {"connector": "billecta", "base_url": "https://api.billecta.example.com/v1"},
            {"database": "postgresql://db.example.com:5432/alarm?sslmode=verify-full"},
        ],
        ids=str,
    )
    def test_may_speak_about_secrets(self, settings: dict[str, Any]) -> None:
        """Where a token is asked for, what a header is called, which column is the key: all of it may be read."""
        check_settings(settings)

    def test_that_hold_one_are_pointed_at_as_far_as_names_are_words(self) -> None:
        """A name that may be the secret itself is not repeated."""
        with pytest.raises(SecretInSettings) as refused:
            check_settings({"accounts": [{"auth": {"password": "x"}}]})
        assert refused.value.pointer == "#/settings/accounts/0/auth/password"

        with pytest.raises(SecretInSettings) as refused:
            check_settings({"a": {"whsec_QUJD1234": "x"}})
        assert refused.value.pointer == "#/settings/a"
