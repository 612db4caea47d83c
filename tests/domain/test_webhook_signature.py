import base64
import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from app.domain.webhook_signature import (
    Refusal,
    UnfitWebhookSecret,
    WebhookRefused,
    sign,
    verify,
)

# The published test value of the Standard Webhooks project; no live secret.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(24))).decode()
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(signature: str = SIGNATURE, *, id: str = ID, at: str = str(AT)) -> dict[str, str]:
    return {"Webhook-Id": id, "webhook-timestamp": at, "WEBHOOK-SIGNATURE": signature}


def refusal(*args: object, now: int = AT, secrets: tuple[str, ...] = (SECRET,), body: bytes = BODY) -> Refusal:
    with pytest.raises(WebhookRefused) as refused:
        verify(secrets, *args, body, now)  # type: ignore[arg-type]
    return refused.value.reason


class TestSign:
    def test_agrees_with_the_published_vector(self):
        """
        Standard Webhooks 1.0, the v1 vector of its own test suites.
        """
        assert sign(SECRET, ID, AT, BODY) == SIGNATURE

    @given(body=st.text(), at=st.integers(0, 4_000_000_000), key=st.binary(min_size=24, max_size=64))
    def test_agrees_with_the_project_s_own_library(self, body, at, key):
        """
        Whatever is signed, the reference library signs it the same way.
        """
        secret = "whsec_" + base64.b64encode(key).decode()
        theirs = Webhook(secret).sign(ID, datetime.fromtimestamp(at, UTC), body)

        assert sign(secret, ID, at, body.encode()) == theirs

    @pytest.mark.parametrize("id", ["", "a.b", "a b", "a\n", "å", "x" * 256])
    def test_refuses_an_id_that_blurs_the_signed_text(self, id):
        """
        The id must not contain a full stop (Standard Webhooks 1.0), nor anything a header cannot carry.
        """
        with pytest.raises(ValueError, match="message id"):
            sign(SECRET, id, AT, BODY)

    def test_refuses_a_negative_timestamp(self):
        """
        Seconds since 1970, nothing else.
        """
        with pytest.raises(ValueError, match="whole seconds"):
            sign(SECRET, ID, -1, BODY)

    @pytest.mark.parametrize(
        "secret",
        [
            pytest.param("", id="empty"),
            pytest.param("whsec_", id="no key"),
            pytest.param(SECRET.removeprefix("whsec_"), id="no prefix"),
            pytest.param("whsec_" + base64.b64encode(bytes(23)).decode(), id="23 bytes"),
            pytest.param("whsec_" + base64.b64encode(bytes(65)).decode(), id="65 bytes"),
            pytest.param("whsec_!!!!" + "A" * 40, id="not base64"),
            pytest.param("whsec_åååå", id="not ascii"),
            pytest.param("whsk_" + base64.b64encode(bytes(32)).decode(), id="an ed25519 key"),
        ],
    )
    def test_refuses_an_unfit_secret_without_repeating_it(self, secret):
        """
        24 to 64 bytes behind ``whsec_``; the refusal names the rule, not the secret.
        """
        with pytest.raises(UnfitWebhookSecret) as refused:
            sign(secret, ID, AT, BODY)

        assert str(refused.value) == "A webhook secret is 'whsec_' and the base64 of 24 to 64 random bytes."


class TestVerify:
    def test_gives_the_id_of_a_signed_message(self):
        """
        The id is what a receiver deduplicates by.
        """
        assert verify([SECRET], headers(), BODY, AT) == ID

    def test_believes_what_the_project_s_own_library_signed(self):
        """
        A processor may use the reference library.
        """
        body = json.dumps({"type": "task.outcome"})
        signature = Webhook(SECRET).sign(ID, datetime.fromtimestamp(AT, UTC), body)

        assert verify([SECRET], headers(signature), body.encode(), AT) == ID

    def test_is_believed_by_the_project_s_own_library(self):
        """
        A processor may check what we send with the reference library, and catch another secret with it.
        """
        now = int(datetime.now(UTC).timestamp())
        sent = headers(sign(SECRET, ID, now, BODY), at=str(now))

        assert Webhook(SECRET).verify(BODY, sent) == {"test": 2432232314}
        with pytest.raises(WebhookVerificationError):
            Webhook(OTHER).verify(BODY, sent)

    @pytest.mark.parametrize("secrets", [(SECRET, OTHER), (OTHER, SECRET)])
    def test_takes_either_secret_while_one_is_replaced(self, secrets):
        """
        Rotation: both sides change at their own pace.
        """
        assert verify(secrets, headers(), BODY, AT) == ID

    @pytest.mark.parametrize(
        "signature",
        [f"{sign(OTHER, ID, AT, BODY)} {SIGNATURE}", f"v1a,whatever {SIGNATURE}", f"{SIGNATURE} v2,x"],
        ids=["another secret's first", "another algorithm's first", "a later version after"],
    )
    def test_finds_ours_among_several_signatures(self, signature):
        """
        The header is a space-separated list.
        """
        assert verify([SECRET], headers(signature), BODY, AT) == ID

    @pytest.mark.parametrize("age", [-300, 0, 300])
    def test_takes_a_message_up_to_five_minutes_off(self, age):
        """
        Five minutes to either side.
        """
        assert verify([SECRET], headers(), BODY, AT + age) == ID

    @pytest.mark.parametrize("age", [-301, 301, 10**9])
    def test_refuses_a_stale_or_future_message(self, age):
        """
        A recorded message cannot be sent again later.
        """
        assert refusal(headers(), now=AT + age) is Refusal.STALE

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_refuses_a_message_without_one_of_its_headers(self, name):
        """
        All three are needed.
        """
        sent = {key.lower(): value for key, value in headers().items() if key.lower() != name}

        assert refusal(sent) is Refusal.MISSING_HEADER

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param(headers("garbage"), id="no comma"),
            pytest.param(headers("v1,AAA"), id="bad padding"),
            pytest.param(headers("v1,a,b"), id="two commas"),
            pytest.param(headers("v1,åäö="), id="not ascii"),
            pytest.param(headers(""), id="empty"),
            pytest.param(headers(",AAAA"), id="no version"),
            pytest.param(headers(" ".join(["v1,AAAA"] * 17)), id="seventeen signatures"),
            pytest.param(headers(at="1614265330.0"), id="a fraction"),
            pytest.param(headers(at="-1614265330"), id="negative"),
            pytest.param(headers(at="١٦١٤٢٦٥٣٣٠"), id="other digits"),
            pytest.param(headers(at="9" * 400), id="a very long time"),
            pytest.param(headers(id="a.b"), id="a full stop in the id"),
            pytest.param(headers(id="a\x00"), id="a null byte in the id"),
        ],
    )
    def test_refuses_what_is_malformed_like_any_other(self, sent):
        """
        The reference library raises ValueError or binascii.Error here; ours is one refusal.
        """
        assert refusal(sent) is Refusal.MALFORMED

    @pytest.mark.parametrize(
        ("sent", "body"),
        [
            pytest.param(headers(SIGNATURE.replace("OE=", "OA=")), BODY, id="the published negative"),
            pytest.param(headers(), BODY + b" ", id="another body"),
            pytest.param(headers(id="msg_other"), BODY, id="another id"),
            pytest.param(headers(at=str(AT + 1)), BODY, id="another second"),
            pytest.param(headers(at="0" + str(AT)), BODY, id="the same second written otherwise"),
            pytest.param(headers(SIGNATURE.replace("v1,", "v1a,")), BODY, id="another version"),
            pytest.param(headers("v1,"), BODY, id="an empty signature"),
        ],
    )
    def test_refuses_another_message_s_signature(self, sent, body):
        """
        Id, second and body are all covered.
        """
        assert refusal(sent, body=body) is Refusal.BAD_SIGNATURE

    @pytest.mark.parametrize("secrets", [(), (OTHER,)], ids=["no secret", "another's"])
    def test_refuses_without_the_right_secret(self, secrets):
        """
        Another processor's key opens nothing, and no key at all opens nothing either.
        """
        assert refusal(headers(), secrets=secrets) is Refusal.BAD_SIGNATURE

    def test_says_the_same_whatever_was_wrong(self):
        """
        The sender learns nothing from the wording.
        """
        said = {str(WebhookRefused(reason)) for reason in Refusal}

        assert said == {"The signature of this message cannot be trusted."}

    @given(change=st.integers(0, 8 * len(BODY) - 1))
    def test_notices_every_flipped_bit(self, change):
        """
        No bit of the body is free.
        """
        body = bytearray(BODY)
        body[change // 8] ^= 1 << change % 8

        assert refusal(headers(), body=bytes(body)) is Refusal.BAD_SIGNATURE

    def test_takes_a_body_that_is_no_text(self):
        """
        Bytes are signed, not text; the reference library fails with UnicodeDecodeError here.
        """
        body = os.urandom(32) + b"\xff"

        assert verify([SECRET], headers(sign(SECRET, ID, AT, body)), body, AT) == ID
