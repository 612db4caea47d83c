"""What a connector says of calls that come in, and of other vendors; and that no construct lacks a test."""

import base64
import hashlib
import hmac
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.execution import OrderHasCycle, check_order
from app.processors import NotTheVendor, implied_order, open_connectors, vendor_called
from app.processors.rest import shelf
from tests.processors.rest.vendor import BASE, target

NOW = 1_800_000_000.0
BODY = b'{"job": "a"}'
_ACTIONS = "actions: {freeze: {not_applicable: It deletes nothing by routine.}}"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of connectors that this process reads from for as long as the test runs."""
    before = list(shelf._chosen)
    yield tmp_path
    shelf._chosen[:] = before


def put(folder: Path, name: str, *texts: str) -> None:
    (folder / f"{name}.yaml").write_text("\n".join((BASE, *texts)).replace("connector: vendor", f"connector: {name}"))


def called(folder: Path, proof: str, *, valid: str = "s", **call: Any) -> str | None:
    put(folder, "vendor", _ACTIONS, f"secrets: {{hook: {{}}}}\ncallback: {{proof: [{proof}]}}")
    open_connectors(folder)
    given = {"method": "POST", "headers": {}, "query": {}, "body": BODY, "wall_clock": NOW} | call
    return vendor_called(target(connector="vendor", named={"hook": (valid, "older")}), **given)


class TestConstruct13InboundCallbacks:
    """A call that comes in proves that it is the vendor's, and is believed nothing else."""

    HMAC = (
        "{kind: hmac, header: X-Sig, secret: hook, prefix: 'sha256=', "
        "signed: '{{ timestamp }}.{{ body }}', timestamp_header: X-Time}"
    )

    def _signed(self, secret: str, *, at: float = NOW, body: bytes = BODY) -> dict[str, str]:
        digest = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
        return {"x-sig": f"sha256={digest}", "x-time": str(int(at))}

    @pytest.mark.parametrize("secret", ["s", "older"])
    def test_construct_13_hmac_with_either_secret_while_one_is_replaced(self, folder: Path, secret: str) -> None:
        assert called(folder, self.HMAC, headers=self._signed(secret)) is None

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({}, BODY),
            ({"x-sig": "sha256=00", "x-time": str(int(NOW))}, BODY),
            ({"x-sig": "nonsense", "x-time": str(int(NOW))}, BODY),
            ("other", BODY),
            ("old", BODY),
            ("good", b'{"job": "b"}'),
            ("good", b""),
        ],
    )
    def test_construct_13_hmac_refuses_a_wrong_an_old_and_a_changed_one(
        self, folder: Path, headers: Any, body: bytes
    ) -> None:
        made = {"other": self._signed("x"), "old": self._signed("s", at=NOW - 301), "good": self._signed("s")}
        with pytest.raises(NotTheVendor):
            called(folder, self.HMAC, headers=made[headers] if isinstance(headers, str) else headers, body=body)

    def test_construct_13_ed25519(self, folder: Path) -> None:
        key = Ed25519PrivateKey.generate()
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        proof = "{kind: ed25519, header: X-Sig, secret: hook, encode: base64}"
        given = {"x-sig": base64.b64encode(key.sign(BODY)).decode()}
        assert called(folder, proof, valid=public, headers=given) is None
        with pytest.raises(NotTheVendor):
            called(folder, proof, valid=public, headers=given, body=b"{}")

    def test_construct_13_a_static_header(self, folder: Path) -> None:
        """Billecta sends a value that somebody typed into its portal."""
        proof = "{kind: static_header, header: Authorization, secret: hook}"
        assert called(folder, proof, headers={"authorization": "s"}) is None
        with pytest.raises(NotTheVendor):
            called(folder, proof, headers={"authorization": "t"})

    def test_construct_13_a_challenge_is_given_back_by_get_alone(self, folder: Path) -> None:
        """Adobe asks whether the address is ours."""
        proof = "{kind: challenge_echo}"
        assert called(folder, proof, method="GET", query={"challenge": "abc-123"}) == "abc-123"
        for call in (
            {"method": "POST", "query": {"challenge": "abc"}},
            {"method": "GET", "query": {"challenge": "<b>"}},
        ):
            with pytest.raises(NotTheVendor):
                called(folder, proof, **call)

    def test_construct_13_a_signed_request(self, folder: Path) -> None:
        """Meta's published way, with a vector of its own."""
        vector = (
            b"signed_request=Ykr8DwkH_gfQZbPzE_a_RaJHYEeDi-Vl0zAT6b1HtCE."
            b"eyJ1c2VyX2lkIjoiMjE4NDcxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYiLCJpc3N1ZWRfYXQi"
            b"OjEyOTE4MzY4MDAsImV4cGlyZXMiOjEyOTE4NDA0MDB9"
        )
        proof = "{kind: signed_request, secret: hook}"
        assert called(folder, proof, valid="test-app-secret", body=vector) is None
        with pytest.raises(NotTheVendor):
            called(folder, proof, valid="another", body=vector)

    def test_construct_13_a_vendor_that_never_calls_is_not_heard(self, folder: Path) -> None:
        put(folder, "vendor", _ACTIONS)
        open_connectors(folder)
        with pytest.raises(NotTheVendor):
            vendor_called(target(connector="vendor"), method="POST", headers={}, query={}, body=BODY, wall_clock=NOW)


class TestConstruct17Ordering:
    """Some vendors want to be last: Gong asks that the CRM behind it is cleaned first."""

    def test_construct_17_a_connector_comes_after_those_it_names_where_they_are_registered(self, folder: Path) -> None:
        put(folder, "crm", _ACTIONS)
        put(folder, "gong", _ACTIONS, "after: [crm, salesforce]")
        open_connectors(folder)
        registered = [
            ("a", {"connector": "gong"}),
            ("b", {"connector": "crm"}),
            ("c", {"x": 1}),
            ("d", {"connector": "?"}),
        ]
        assert implied_order(registered) == {"a": {"b"}, "b": set()}

    def test_construct_17_a_circle_can_be_seen(self, folder: Path) -> None:
        put(folder, "crm", _ACTIONS, "after: [gong]")
        put(folder, "gong", _ACTIONS, "after: [crm]")
        open_connectors(folder)
        with pytest.raises(OrderHasCycle):
            check_order(implied_order([("a", {"connector": "gong"}), ("b", {"connector": "crm"})]))


MODULES = ("test_constructs_calls", "test_constructs_actions", "test_constructs_between")


@pytest.mark.parametrize("number", range(1, 21))
def test_every_construct_has_a_test(number: int) -> None:
    """vendors.md names twenty; a construct without a test is one nobody knows to work."""
    named = re.compile(rf"test_construct_{number:02d}_")
    modules = [importlib.import_module(f"tests.processors.rest.{name}") for name in MODULES]
    classes = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    assert any(named.match(name) for one in classes for name in vars(one))
