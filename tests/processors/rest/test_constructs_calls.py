"""Each construct that a vendor's API needs of one call, shown on an API like the one that needs it."""

import base64
import gzip
import hashlib
import hmac
import io
import json
import ssl
import tempfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.domain.fanout import Action, Idempotency, Outcome
from app.processors._egress import client_certificate
from app.processors.rest.registration import lacking
from tests.processors.answering import places
from tests.processors.rest.vendor import (
    EMAIL,
    LINE,
    PHONE,
    PNR,
    Seen,
    Vendor,
    asked,
    connected,
    connector,
    order,
    target,
)

EXPORT = order(Action.EXPORT)
#: The smallest reading there is.
READ = """
outputs: {rows: {about: Rows}}
collect: {rows: {read: {request: {path: /rows}}}}
actions: {export: {effect: read, lookup: false}}
"""


def rows(answer: Any) -> list[Any]:
    assert answer.outcome is Outcome.COMPLETED, answer.code
    return [row for record in answer.body["records"] for row in record["rows"]]


class TestConstruct01SettingsAndSecrets:
    """Typed settings, secrets by name, values worked out of them, and a list of hosts (Mailchimp's dc)."""

    CONNECTOR = """
base_url: {prod: "https://{{ values.dc }}.api.vendor.example/3.0"}
settings:
  creditor: {type: uuid}
  region: {values: [eu, us], default: eu}
  lists: {type: list, optional: true}
secrets: {api_key: {}}
values: {dc: "{{ secrets.api_key | after('-') }}"}
outputs: {rows: {}}
collect:
  rows: {read: {request: {path: "/{{ settings.region }}/{{ settings.creditor }}", headers: {x-dc: "{{ values.dc }}"}}}}
actions: {export: {effect: read, lookup: false}}
"""
    CREDITOR = "3f0c0000-0000-4000-8000-000000000001"

    async def test_construct_01_fills_in_settings_defaults_and_derived_values(self) -> None:
        vendor = Vendor().says(f"GET /3.0/eu/{self.CREDITOR}", [{"a": 1}])
        named = {"api_key": "abc-us7"}
        answer = await asked(connector(self.CONNECTOR), vendor, EXPORT, creditor=self.CREDITOR, named=named)
        assert rows(answer) == [{"a": 1}]
        assert vendor.seen[0].headers["x-dc"] == "us7"

    @pytest.mark.parametrize(
        ("settings", "named", "where"),
        [
            ({}, {"api_key": "a-us7"}, ["settings/creditor"]),
            ({"creditor": "7"}, {"api_key": "a-us7"}, ["settings/creditor"]),
            ({"creditor": CREDITOR, "region": "moon"}, {"api_key": "a-us7"}, ["settings/region"]),
            ({"creditor": CREDITOR}, {}, ["secrets/api_key"]),
            ({"creditor": CREDITOR}, {"api_key": "nothing behind a hyphen"}, ["settings/base_url"]),
            ({"creditor": CREDITOR}, {"api_key": "a-evil.example/x?"}, ["settings/base_url"]),
            ({"creditor": CREDITOR, "base_url": "moon"}, {"api_key": "a-us7"}, ["settings/base_url"]),
            (
                {"creditor": CREDITOR, "categories": {"nothing": "contact"}},
                {"api_key": "a-us7"},
                ["settings/categories/nothing"],
            ),
            (
                {"creditor": "7", "regio": "eu", "base_url": "moon", "categories": {"nothing": "contact"}},
                {},
                [
                    "settings/regio",
                    "settings/creditor",
                    "secrets/api_key",
                    "settings/base_url",
                    "settings/categories/nothing",
                ],
            ),
            ({"creditor": CREDITOR, "categories": {}}, {"api_key": "a-us7"}, ["settings/categories"]),
        ],
    )
    def test_construct_01_says_what_a_registration_lacks(self, settings: Any, named: Any, where: list[str]) -> None:
        settings = {"categories": {"rows": "contact"}} | settings
        assert places(lacking(connector(self.CONNECTOR), target(**settings, named=named))) == where

    def test_construct_01_lets_a_whole_registration_be(self) -> None:
        whole = target(creditor=self.CREDITOR, categories={"rows": "contact"}, named={"api_key": "a-us7"})
        assert lacking(connector(self.CONNECTOR), whole) == []


class TestConstruct02Authentication:
    """Every way of saying who calls."""

    @pytest.mark.parametrize(
        ("auth", "header", "value"),
        [
            ("{kind: api_key, in: header, name: X-Key, value: '{{ secrets.key }}'}", "x-key", "s3cret"),
            ("{kind: api_key, in: cookie, name: sid, value: '{{ secrets.key }}'}", "cookie", "sid=s3cret"),
            ("{kind: basic, username: u, password: '{{ secrets.key }}'}", "authorization", "Basic dTpzM2NyZXQ="),
            ("{kind: bearer, token: '{{ secrets.key }}'}", "authorization", "Bearer s3cret"),
        ],
    )
    async def test_construct_02_fixed_keys(self, auth: str, header: str, value: str) -> None:
        vendor = Vendor().says("GET /rows", [{"a": 1}])
        await asked(connector(f"secrets: {{key: {{}}}}\nauth: {auth}", READ), vendor, EXPORT, named={"key": "s3cret"})
        assert vendor.seen[0].headers[header] == value

    async def test_construct_02_a_key_in_the_query(self) -> None:
        vendor = Vendor().says("GET /rows", [])
        auth = "secrets: {key: {}}\nauth: {kind: api_key, in: query, name: token, value: '{{ secrets.key }}'}"
        await asked(connector(auth, READ), vendor, EXPORT, named={"key": "a b&c"})
        assert vendor.seen[0].query == (("token", "a b&c"),)

    LOGIN = """
secrets: {username: {}, password: {}}
auths: {login: {kind: basic, username: "{{ secrets.username }}", password: "{{ secrets.password }}"}}
auth:
  kind: login_token
  request: {method: POST, path: /login, auth: login}
  token: {json: $.Value}
  expires: {json: $.Expires}
  inject: {header: Authorization, value: "SecureToken {{ token | base64 }}"}
"""

    async def test_construct_02_logs_in_once_and_again_when_the_token_is_refused(self) -> None:
        """Billecta: basic, then the token in base64 once more; 401 is one new login and one more try."""
        vendor = Vendor().says("POST /login", {"Value": "one", "Expires": "2099-01-01T00:00:00+00:00"})
        vendor.says("GET /rows", [{"a": 1}], 401, [{"a": 2}])
        async with connected(connector(self.LOGIN, READ), vendor, named={"username": "u", "password": "p"}) as adapter:
            assert rows(await adapter.send(EXPORT)) == [{"a": 1}]
            assert rows(await adapter.send(EXPORT)) == [{"a": 2}]
        assert vendor.lines == ["POST /login", "GET /rows", "GET /rows", "POST /login", "GET /rows"]
        assert vendor.seen[1].headers["authorization"] == "SecureToken b25l"

    async def test_construct_02_a_login_that_is_refused_is_a_persons(self) -> None:
        vendor = Vendor().says("POST /login", 403)
        answer = await asked(connector(self.LOGIN, READ), vendor, EXPORT, named={"username": "u", "password": "p"})
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "login_refused")

    OAUTH = """
hosts: [login.vendor.example]
secrets: {client_id: {}, client_secret: {}}
auth:
  kind: oauth2_client_credentials
  token_url: https://login.vendor.example/oauth/token
  client_id: "{{ secrets.client_id }}"
  client_secret: "{{ secrets.client_secret }}"
  client_auth: CLIENT_AUTH
  scope: customer
  headers: {TenantId: "42"}
"""

    @pytest.mark.parametrize("client_auth", ["basic", "body"])
    async def test_construct_02_oauth_client_credentials(self, client_auth: str) -> None:
        vendor = Vendor().says("POST /oauth/token", {"access_token": "T", "expires_in": 3600})
        vendor.says("GET /rows", [{"a": 1}])
        auth = self.OAUTH.replace("CLIENT_AUTH", client_auth)
        answer = await asked(connector(auth, READ), vendor, EXPORT, named={"client_id": "c", "client_secret": "s&s"})
        assert rows(answer) == [{"a": 1}]
        token, call = vendor.seen
        form = parse_qs(token.body.decode())
        assert (form["grant_type"], form["scope"]) == (["client_credentials"], ["customer"])
        assert token.headers["tenantid"] == "42"
        if client_auth == "basic":
            assert token.headers["authorization"] == "Basic " + base64.b64encode(b"c:s&s").decode()
        else:
            assert (form["client_id"], form["client_secret"]) == (["c"], ["s&s"])
        assert call.headers["authorization"] == "Bearer T"

    async def test_construct_02_a_refresh_token_that_rotates_is_used_from_then_on_and_handed_back(self) -> None:
        auth = """
secrets: {refresh: {}, client_id: {}}
auth:
  kind: oauth2_refresh_token
  token_url: https://api.vendor.example/token
  client_id: "{{ secrets.client_id }}"
  refresh_token: "{{ secrets.refresh }}"
  rotates: true
"""
        vendor = Vendor().says(
            "POST /token",
            {"access_token": "A", "refresh_token": "R2", "expires_in": 3600},
            {"access_token": "B", "refresh_token": "R3", "expires_in": 3600},
        )
        vendor.says("GET /rows", 401, [{"a": 1}])
        kept: list[tuple[str, str]] = []

        async def keep(name: str, value: str) -> None:
            kept.append((name, value))

        async with connected(
            connector(auth, READ), vendor, line=replace(LINE, keep=keep), named={"refresh": "R1", "client_id": "c"}
        ) as adapter:
            assert rows(await adapter.send(EXPORT)) == [{"a": 1}]
        sent = [parse_qs(one.body.decode())["refresh_token"] for one in vendor.asked("POST /token")]
        assert sent == [["R1"], ["R2"]]
        assert kept == [("refresh", "R2"), ("refresh", "R3")]

    async def test_construct_02_a_signed_assertion_is_exchanged_for_a_token(self) -> None:
        """RFC 7523, as Google's service accounts do it."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        auth = """
hosts: [oauth.vendor.example]
secrets: {key: {}}
settings: {account: {}}
auth:
  kind: jwt_bearer
  key: "{{ secrets.key }}"
  key_id: k1
  issuer: "{{ settings.account }}"
  audience: https://oauth.vendor.example/token
  claims: {scope: analytics.edit}
  token_url: https://oauth.vendor.example/token
"""
        vendor = Vendor().says("POST /token", {"access_token": "T", "expires_in": 60}).says("GET /rows", [])
        answer = await asked(connector(auth, READ), vendor, EXPORT, account="robot@x.example", named={"key": pem})
        assert answer.outcome is Outcome.NOT_FOUND
        form = parse_qs(vendor.seen[0].body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        head, claims = (
            json.loads(base64.urlsafe_b64decode(part + "==")) for part in form["assertion"][0].split(".")[:2]
        )
        assert (head["alg"], head["kid"]) == ("RS256", "k1")
        assert (claims["iss"], claims["scope"]) == ("robot@x.example", "analytics.edit")

    async def test_construct_02_an_assertion_with_a_shared_secret_is_sent_as_it_is(self) -> None:
        auth = """
secrets: {key: {}}
auth: {kind: jwt_bearer, algorithm: HS256, key: "{{ secrets.key }}", issuer: me, audience: them}
"""
        vendor = Vendor().says("GET /rows", [])
        await asked(connector(auth, READ), vendor, EXPORT, named={"key": "x" * 40})
        assert vendor.seen[0].headers["authorization"].count(".") == 2

    async def test_construct_02_each_request_is_signed_with_a_nonce_and_the_time(self) -> None:
        """DICE: hex(sha1(appkey + username + date + nonce + password + newline))."""
        auth = r"""
secrets: {password: {}}
auth:
  kind: request_signature
  algorithm: sha1
  canonical: "ourclient{{ now | date('%d%m%Y%H%M%S') }}{{ nonce }}{{ secrets.password }}\n"
  headers:
    X-DATE: "{{ now | date('%d%m%Y%H%M%S') }}"
    X-NONCE: "{{ nonce }}"
    X-DIGEST: "{{ signature }}"
"""
        vendor = Vendor().says("GET /rows", [])
        await asked(connector(auth, READ), vendor, EXPORT, named={"password": "secret"})
        head = vendor.seen[0].headers
        signed = f"ourclient{head['x-date']}{head['x-nonce']}secret\n".encode()
        assert head["x-digest"] == hashlib.sha1(signed, usedforsecurity=False).hexdigest()
        assert len(head["x-nonce"]) == 20

    async def test_construct_02_a_keyed_signature_covers_the_request_itself(self) -> None:
        auth = """
secrets: {key: {}}
auth:
  kind: request_signature
  algorithm: hmac_sha256
  key: "{{ secrets.key }}"
  canonical: "{{ request.method }}|{{ request.path }}|{{ request.query }}|{{ request.body_sha256 }}"
  headers: {X-Signature: "{{ signature }}"}
"""
        reading = READ.replace("path: /rows", "path: /rows, query: {a: b}")
        vendor = Vendor().says("GET /rows", [])
        await asked(connector(auth, reading), vendor, EXPORT, named={"key": "k"})
        text = f"GET|/rows|a=b|{hashlib.sha256(b'').hexdigest()}"
        assert vendor.seen[0].headers["x-signature"] == hmac.new(b"k", text.encode(), "sha256").hexdigest()

    async def test_construct_02_a_client_certificate_that_is_none_sends_nothing(self) -> None:
        auth = "secrets: {cert: {}}\nauth: {kind: mtls, certificate: cert, key: cert}"
        vendor = Vendor().says("GET /rows", [])
        answer = await asked(connector(auth, READ), vendor, EXPORT, named={"cert": "not a certificate"})
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "certificate_unfit")
        assert vendor.seen == []

    def test_construct_02_a_client_certificate_is_shown_from_one_secret_and_lies_in_no_file(self) -> None:
        """Rival lets nobody in without one."""
        before = set(Path(tempfile.gettempdir()).glob("*.pem"))
        context = client_certificate(_certificate())
        assert isinstance(context, ssl.SSLContext)
        assert set(Path(tempfile.gettempdir()).glob("*.pem")) == before


def _certificate() -> str:
    """A key and its certificate, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "insyn")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (pem + made).decode()


class TestConstruct03Identifiers:
    """What has to be known, and how it is written for the vendor."""

    @pytest.mark.parametrize(
        ("template", "sent"),
        [
            ("{{ id.email | trim | lower | sha256 }}", hashlib.sha256(b"anna@example.org").hexdigest()),
            ("{{ id.email | lower | md5 }}", hashlib.md5(b"anna@example.org", usedforsecurity=False).hexdigest()),
            ("{{ id.phone | e164 | digits }}", "46701740605"),
            ("{{ id.personnummer | personnummer10('-') }}", "900101-2384"),
            ("{{ id.personnummer | personnummer12 }}", "199001012384"),
            ("{{ id.email | strip_gmail_dots | upper | base64 }}", base64.b64encode(b"ANNA@EXAMPLE.ORG").decode()),
        ],
    )
    async def test_construct_03_transforms(self, template: str, sent: str) -> None:
        vendor = Vendor().says("GET /rows", [])
        reading = READ.replace("path: /rows", f'path: /rows, query: {{q: "{template}"}}')
        await asked(connector(reading), vendor, order(Action.EXPORT, EMAIL, PHONE, PNR))
        assert vendor.seen[0].query == (("q", sent),)

    async def test_construct_03_without_what_the_vendor_needs_nothing_is_asked(self) -> None:
        """GDPR Art. 11(2): who cannot be identified is told what would help."""
        vendor = Vendor()
        made = connector(READ, "identifiers: {any: [customer_number, personnummer]}")
        answer = await asked(made, vendor, EXPORT)
        assert (answer.outcome, answer.code, vendor.seen) == (Outcome.REFUSED, "no_identifier", [])
        assert "customer_number or personnummer" in answer.body["message"]

    async def test_construct_03_all_means_all(self) -> None:
        made = connector(READ, "identifiers: {all: [email, phone]}")
        assert (await asked(made, Vendor(), EXPORT)).code == "no_identifier"
        vendor = Vendor().says("GET /rows", [])
        assert (await asked(made, vendor, order(Action.EXPORT, EMAIL, PHONE))).outcome is Outcome.NOT_FOUND


class TestConstruct04Request:
    """Bodies of every kind, on every method, each value escaped for where it stands."""

    async def _sent(self, request: str, *identifiers: Any, **settings: Any) -> Seen:
        vendor = Vendor().says("POST /x", {"ok": True}).says("DELETE /x", {"ok": True})
        text = "actions: {stop_marketing: {steps: [{request: {path: /x, " + request + "}}]}}"
        answer = await asked(connector(text), vendor, order(Action.STOP_MARKETING, *identifiers), **settings)
        assert answer.outcome is Outcome.COMPLETED, answer.code
        return vendor.seen[0]

    async def test_construct_04_json_keeps_types(self) -> None:
        seen = await self._sent(
            'method: POST, json: {n: 1, t: "{{ id.email }}", l: ["{{ id.email | list }}"], '
            'gone: "{{ id.phone | optional }}", '
            'ids: [{$when: id.phone, v: "{{ id.phone }}"}, {$when: id.email, v: "x{{ id.email }}"}]}'
        )
        assert json.loads(seen.body) == {
            "n": 1,
            "t": "anna@example.org",
            "l": [["anna@example.org"]],
            "ids": [{"v": "xanna@example.org"}],
        }
        assert seen.headers["content-type"] == "application/json"

    async def test_construct_04_a_body_on_delete_with_json_in_a_form_field(self) -> None:
        """Meta takes the payload of a DELETE as a form field that holds JSON."""
        seen = await self._sent(
            'method: DELETE, form: {payload: {json: {schema: EMAIL_SHA256, data: ["{{ id.email | sha256 }}"]}}}'
        )
        payload = json.loads(parse_qs(seen.body.decode())["payload"][0])
        assert payload == {"schema": "EMAIL_SHA256", "data": [hashlib.sha256(b"anna@example.org").hexdigest()]}

    async def test_construct_04_a_form_with_an_empty_field(self) -> None:
        """Twilio redacts a message by setting its body to nothing."""
        assert (await self._sent('method: POST, form: {Body: "", To: "{{ id.email }}"}')).body == (
            b"Body=&To=anna%40example.org"
        )

    async def test_construct_04_multipart(self) -> None:
        seen = await self._sent('method: POST, multipart: {authCode: "{{ id.email }}"}')
        assert b'name="authCode"\r\n\r\nanna@example.org\r\n' in seen.body
        assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")

    async def test_construct_04_xml_is_escaped(self) -> None:
        evil = {"type": "email", "value": 'a<b>&"c@x.org'}
        seen = await self._sent("method: POST, xml: \"<q v='1'>{{ id.email }}</q>\"", evil)
        assert seen.body == b"<q v='1'>a&lt;b&gt;&amp;&quot;c@x.org</q>"

    @pytest.mark.parametrize(
        ("query", "value", "sent"),
        [
            ("{soql: 'SELECT Id FROM C WHERE Email = {{ id.email }}'}", "o'b\\x@x.org", "'o\\'b\\\\x@x.org'"),
            ("{sql: 'SELECT * FROM P WHERE E = {{ id.email }}'}", "o'b@x.org", "'o''b@x.org'"),
        ],
    )
    async def test_construct_04_a_query_in_the_vendors_language(self, query: str, value: str, sent: str) -> None:
        seen = await self._sent(f"method: POST, query: {{q: {query}}}", {"type": "email", "value": value})
        assert seen.query[0][1].endswith(f"= {sent}")

    async def test_construct_04_a_path_segment_stays_one(self) -> None:
        vendor = Vendor()
        text = 'actions: {stop_marketing: {steps: [{request: {path: "/p/{{ id.email }}/x", method: POST}}]}}'
        await asked(connector(text), vendor, order(Action.STOP_MARKETING, {"type": "email", "value": "a/b?c#d%@x"}))
        assert vendor.seen[0].raw_path == "/p/a%2Fb%3Fc%23d%25%40x/x"


class TestConstruct08Extraction:
    """Reading whatever vendors answer with."""

    async def _rows(self, items: str, answer: Any, more: str = "") -> list[Any]:
        reading = READ.replace("request: {path: /rows}", f"request: {{path: /rows{more}}}, items: {items}")
        return rows(await asked(connector(reading), Vendor().says("GET /rows", answer), EXPORT))

    async def test_construct_08_json_path(self) -> None:
        assert await self._rows(
            '{json: "$._embedded.devices[*]"}', {"_embedded": {"devices": [{"a": 1}, {"a": 2}]}}
        ) == [
            {"a": 1},
            {"a": 2},
        ]

    async def test_construct_08_xpath_with_namespaces(self) -> None:
        xml = '<s:E xmlns:s="urn:s"><s:P id="1"><n>A</n></s:P><s:P id="2"><n>B</n></s:P></s:E>'
        answer = Response(xml, media_type="text/xml")
        found = await self._rows('{xpath: "//s:P", namespaces: {s: "urn:s"}}', answer)
        assert found == [{"@id": "1", "n": "A"}, {"@id": "2", "n": "B"}]

    async def test_construct_08_columns_to_records(self) -> None:
        answer = {"fieldNames": ["a", "b"], "records": [[1, 2], [3, 4]]}
        assert await self._rows("{columns: {names: $.fieldNames, rows: $.records}}", answer) == [
            {"a": 1, "b": 2},
            {"a": 3, "b": 4},
        ]

    async def test_construct_08_a_header_and_a_regular_expression(self) -> None:
        answer = PlainTextResponse("id=77;", headers={"x-id": "88"})
        assert await self._rows("{header: X-Id}", answer) == [{"value": "88"}]
        assert await self._rows('{regex: "id=([0-9]+)"}', PlainTextResponse("id=77;")) == [{"value": "77"}]

    async def test_construct_08_packed_lines_of_json(self) -> None:
        """Amplitude: gzip of JSON lines."""
        packed = Response(gzip.compress(b'{"a": 1}\n{"a": 2}\n'), media_type="application/octet-stream")
        assert await self._rows('{json: "$[*]"}', packed, ", decode: [gzip, jsonl]") == [{"a": 1}, {"a": 2}]

    async def test_construct_08_a_zip_of_csv_files(self) -> None:
        """Adobe: a ZIP."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as packed:
            packed.writestr("a.csv", "name;n\nÅsa;1\n")
            packed.writestr("b.csv", "name;n\nBo;2\n")
        answer = Response(made.getvalue(), media_type="application/zip")
        assert await self._rows('{json: "$[*]"}', answer, ", decode: [zip, csv]") == [
            {"name": "Åsa", "n": "1"},
            {"name": "Bo", "n": "2"},
        ]

    async def test_construct_08_a_file_is_a_row_about_it(self) -> None:
        (row,) = await self._rows("{file: true}", Response(b"RIFF", media_type="audio/wav"))
        assert (row["media_type"], row["bytes"]) == ("audio/wav", 4)
        assert base64.b64decode(row["content_base64"]) == b"RIFF"


class TestConstruct09Paging:
    """Every way of turning pages, with a last page."""

    async def _read(
        self, paging: str, answers: dict[str, Any], items: str = '{json: "$.d[*]"}'
    ) -> tuple[list[Any], Vendor]:
        reading = READ.replace(
            "request: {path: /rows}", f"request: {{path: /rows}}, items: {items}, paginate: {paging}"
        )
        vendor = Vendor()
        for line, answer in answers.items():
            vendor.says(line, *answer)
        return rows(await asked(connector(reading), vendor, EXPORT)), vendor

    @staticmethod
    def _pages(*pages: list[int]) -> dict[str, list[Any]]:
        return {"GET /rows": [{"d": [{"n": n} for n in page]} for page in pages]}

    async def test_construct_09_pages_until_an_empty_one(self) -> None:
        found, vendor = await self._read(
            "{kind: page, param: Page, size_param: Size, size: 2}", self._pages([1, 2], [3, 4], [])
        )
        assert [row["n"] for row in found] == [1, 2, 3, 4]
        assert [dict(one.query)["Page"] for one in vendor.seen] == ["1", "2", "3"]

    async def test_construct_09_pages_from_zero_until_a_short_one(self) -> None:
        found, vendor = await self._read(
            "{kind: page, start: 0, size_param: size, size: 2, stop: short}", self._pages([1, 2], [3])
        )
        assert (len(found), [dict(one.query)["page"] for one in vendor.seen]) == (3, ["0", "1"])

    async def test_construct_09_pages_as_many_as_the_vendor_says(self) -> None:
        """Fortnox: MetaInformation says how many."""
        answers = {"GET /rows": [{"d": [{"n": n}], "m": {"@TotalPages": 2}} for n in (1, 2)]}
        paging = "{kind: page, stop: total_pages, total_pages: {json: \"$.m['@TotalPages']\"}}"
        found, vendor = await self._read(paging, answers)
        assert (len(found), len(vendor.seen)) == (2, 2)

    async def test_construct_09_offsets(self) -> None:
        _, vendor = await self._read("{kind: offset, size: 2}", self._pages([1, 2], [3]))
        assert [dict(one.query)["offset"] for one in vendor.seen] == ["0", "2"]

    async def test_construct_09_cursors_in_the_query_are_values_and_no_templates(self) -> None:
        answers = {"GET /rows": [{"d": [{"n": 1}], "next": "{{ secrets.x }}"}, {"d": [{"n": 2}]}]}
        found, vendor = await self._read("{kind: cursor, param: after, cursor: {json: $.next}}", answers)
        assert (len(found), dict(vendor.seen[1].query)) == (2, {"after": "{{ secrets.x }}"})

    async def test_construct_09_cursors_in_the_body(self) -> None:
        """HubSpot's search takes the cursor in its JSON body."""
        reading = """
outputs: {rows: {}}
collect:
  rows:
    read:
      request: {method: POST, path: /search, json: {limit: 1}}
      items: {json: "$.d[*]"}
      paginate: {kind: cursor, param: after, in: json, cursor: {json: $.paging.next.after}}
actions: {export: {effect: read, lookup: false}}
"""
        vendor = Vendor().says("POST /search", {"d": [{"n": 1}], "paging": {"next": {"after": "5"}}}, {"d": [{"n": 2}]})
        assert len(rows(await asked(connector(reading), vendor, EXPORT))) == 2
        assert json.loads(vendor.seen[1].body) == {"limit": 1, "after": "5"}

    @pytest.mark.parametrize("link", ["/rows?page=2", "https://api.vendor.example/rows?page=2", "?page=2"])
    async def test_construct_09_links_in_the_body_relative_or_whole(self, link: str) -> None:
        answers = {"GET /rows": [{"d": [{"n": 1}], "next": link}, {"d": [{"n": 2}], "next": None}]}
        found, vendor = await self._read("{kind: link, url: {json: $.next}}", answers)
        assert (len(found), vendor.seen[1].query) == (2, (("page", "2"),))

    async def test_construct_09_links_in_the_header(self) -> None:
        first = JSONResponse({"d": [{"n": 1}]}, headers={"Link": '</rows?c=2>; rel="next", </rows>; rel="first"'})
        found, vendor = await self._read("{kind: link}", {"GET /rows": [first, {"d": [{"n": 2}]}]})
        assert (len(found), vendor.seen[1].query) == (2, (("c", "2"),))

    async def test_construct_09_a_window_of_time_for_each_year(self) -> None:
        """Billecta's closed invoices want from and to."""
        answers = {"GET /rows": [{"d": [{"n": 1}]}, {"d": []}, {"d": [{"n": 2}]}, {"d": []}]}
        found, vendor = await self._read("{kind: time_window, from: P3Y, step: P1Y, params: [from, to]}", answers)
        today = datetime.now(UTC).date()
        assert [row["n"] for row in found] == [1, 2]
        assert dict(vendor.seen[0].query)["from"][:4] == str(today.year - 3)
        assert dict(vendor.seen[-1].query)["to"] == today.isoformat()


class TestConstruct10ResponseRules:
    """HTTP's status is not the outcome: ordered rules are."""

    async def _came_to(self, rules: str, answer: Any, more: str = "") -> Any:
        text = (
            f"actions: {{stop_marketing: {{steps: [{{request: {{method: POST, path: /x}}, rules: {rules}{more}}}]}}}}"
        )
        return await asked(connector(text), Vendor().says("POST /x", answer), order(Action.STOP_MARKETING))

    @pytest.mark.parametrize(
        ("rules", "answer", "outcome"),
        [
            ("[{status: 406, outcome: success}]", Response(status_code=406), Outcome.COMPLETED),
            ("[{status: 404, outcome: already_done}]", Response(status_code=404), Outcome.COMPLETED),
            ("[{status: 404, outcome: no_match}]", Response(status_code=404), Outcome.NOT_FOUND),
            ('[{if: "@.errors", outcome: rejected}]', JSONResponse({"errors": [1]}), Outcome.REFUSED),
            ('[{if: "@.n > 0", outcome: partial}]', JSONResponse({"n": 1}), Outcome.COMPLETED_PARTIAL),
            ("[{header: {name: X-State, contains: later}, outcome: ambiguous}]",
             Response(headers={"x-state": "LATER on"}), Outcome.AMBIGUOUS),
            ("[{body_contains: blocked, outcome: needs_review}]", PlainTextResponse("It is BLOCKED"), Outcome.REFUSED),
            ("[{status: [400, 5xx], outcome: fail}]", Response(status_code=502), Outcome.FAILED),
            ("[]", Response(status_code=500), Outcome.UNKNOWN),
            ("[]", Response(status_code=418), Outcome.FAILED),
        ],
    )  # fmt: skip
    async def test_construct_10_the_first_that_matches(self, rules: str, answer: Any, outcome: Outcome) -> None:
        assert (await self._came_to(rules, answer)).outcome is outcome

    @pytest.mark.parametrize(
        ("rule", "answer", "seconds"),
        [
            ("{status: 403, outcome: retry, after: {fixed: PT1H}}", Response(status_code=403), 3600),
            ("{status: 429, outcome: retry, after: {json: $.RetryAfterSeconds}}",
             JSONResponse({"RetryAfterSeconds": 14}, 429), 14),
            ("{status: 429, outcome: retry, after: {regex: 'again in ([0-9]+) seconds'}}",
             JSONResponse({"m": "Try again in 55 seconds."}, 429), 55),
            ("{status: 429, outcome: retry, after: {header: X-Wait, unit: milliseconds}}",
             Response(status_code=429, headers={"x-wait": "2500"}), 2.5),
            ("{status: 429, outcome: retry, after: {header: Retry-After}}",
             Response(status_code=429, headers={"retry-after": "999999999"}), 3 * 86400),
            ("{status: 429, outcome: retry, after: {header: Retry-After}}",
             Response(status_code=429, headers={"retry-after": "soon"}), None),
        ],
    )  # fmt: skip
    async def test_construct_10_how_long_to_wait_stands_in_many_places(
        self, rule: str, answer: Any, seconds: float | None
    ) -> None:
        """Vonage, webCRM, Visma (in a sentence), and nonsense."""
        came = await self._came_to(f"[{rule}]", answer)
        assert came.outcome is Outcome.RETRY
        assert came.wait == (None if seconds is None else timedelta(seconds=seconds))

    @pytest.mark.parametrize("unit", ["epoch", "http_date", "rfc3339"])
    async def test_construct_10_an_instant_to_wait_for(self, unit: str) -> None:
        """Braze sends X-RateLimit-Reset as seconds since 1970."""
        at = datetime.now(UTC) + timedelta(minutes=10)
        said = {"epoch": str(int(at.timestamp())), "http_date": format_datetime(at), "rfc3339": at.isoformat()}[unit]
        rule = f"[{{status: 429, outcome: retry, after: {{header: X-Reset, unit: {unit}}}}}]"
        came = await self._came_to(rule, Response(status_code=429, headers={"x-reset": said}))
        assert came.wait is not None
        assert timedelta(minutes=9) < came.wait <= timedelta(minutes=10, seconds=1)

    async def test_construct_10_a_quota_ends_with_the_day(self) -> None:
        """Adobe signals its daily quota with 400."""
        came = await self._came_to(
            "[{status: 400, body_contains: daily, outcome: quota, resume: next_utc_day}]",
            PlainTextResponse("Daily limit", status_code=400),
        )
        assert came.outcome is Outcome.RETRY
        midnight = (datetime.now(UTC) + came.wait).time()
        assert midnight.hour in (0, 23)

    @pytest.mark.parametrize(
        ("results", "outcome"),
        [
            (["ok", "ok"], Outcome.COMPLETED),
            (["ok", "bad"], Outcome.COMPLETED_PARTIAL),
            (["bad", "bad"], Outcome.REFUSED),
            ([], Outcome.COMPLETED),
        ],
    )
    async def test_construct_10_an_answer_with_many_results_is_added_up(
        self, results: list[str], outcome: Outcome
    ) -> None:
        """A 207, or webCRM's array of ids and errors."""
        rules = "[{if: \"@.s == 'ok'\", outcome: success}, {outcome: rejected}]"
        each = f', per_item: {{items: {{json: "$.r[*]"}}, rules: {rules}}}'
        came = await self._came_to("[]", JSONResponse({"r": [{"s": one} for one in results]}, 207), each)
        assert came.outcome is outcome


class TestConstruct14Limits:
    """The vendor's own limits: what cannot be sent now comes back, nothing is lost."""

    async def test_construct_14_a_window_that_is_used_up(self) -> None:
        vendor = Vendor().says("GET /rows", [])
        limits = "limits: {windows: [{calls: 2, per: PT1H}], concurrency: 1}"
        async with connected(connector(READ, limits), vendor) as adapter:
            outcomes = [(await adapter.send(EXPORT)).outcome for _ in range(3)]
            again = await adapter.send(EXPORT)
        assert outcomes == [Outcome.NOT_FOUND, Outcome.NOT_FOUND, Outcome.RETRY]
        assert len(vendor.seen) == 2
        assert again.wait is not None
        assert timedelta(minutes=59) < again.wait <= timedelta(hours=1)

    async def test_construct_14_a_costly_call_counts_for_many(self) -> None:
        """Amplitude: a POST costs eight, a GET one."""
        vendor = Vendor().says("GET /rows", [])
        reading = READ.replace("path: /rows", "path: /rows, cost: 8")
        async with connected(connector(reading, "limits: {windows: [{calls: 10, per: PT1H}]}"), vendor) as adapter:
            assert [(await adapter.send(EXPORT)).code for _ in range(2)][1] == "own_limit"


class TestConstruct15RetriesAndIdempotency:
    """A step is done once, whatever happens between attempts."""

    STEPS = """
actions:
  stop_marketing:
    steps:
      - id: one
        request: {method: POST, path: /one, idempotency_key: {header: Idempotency-Key}}
        outputs: {n: {json: $.n}}
      - {id: two, request: {method: POST, path: "/two/{{ steps.one.n }}"}}
    finally: [{request: {method: POST, path: /unlock, repeatable: true}}]
"""

    async def test_construct_15_what_is_done_is_not_done_again(self) -> None:
        vendor = Vendor().says("POST /one", {"n": 5}).says("POST /two/5", 429, {}).says("POST /unlock", 200)
        async with connected(connector(self.STEPS), vendor) as adapter:
            first = await adapter.send(order(Action.STOP_MARKETING))
            assert first.outcome is Outcome.RETRY
            second = await adapter.send(order(Action.STOP_MARKETING, progress=first.progress))
        assert second.outcome is Outcome.COMPLETED
        assert vendor.lines == ["POST /one", "POST /two/5", "POST /unlock", "POST /two/5", "POST /unlock"]

    async def test_construct_15_the_key_is_the_same_for_a_task_and_a_step(self) -> None:
        vendor = Vendor().says("POST /one", 500, 500).says("POST /unlock", 200)
        async with connected(connector(self.STEPS), vendor) as adapter:
            for _ in range(2):
                assert (await adapter.send(order(Action.STOP_MARKETING))).outcome is Outcome.RETRY
        first, second = (one.headers["idempotency-key"] for one in vendor.asked("POST /one"))
        assert first == second

    async def test_construct_15_a_write_that_was_cut_off_is_unknown_and_not_repeated_by_itself(self) -> None:
        vendor = Vendor().says("POST /one", {"n": 5}).says("POST /two/5", 500, {}).says("POST /unlock", 200)
        async with connected(connector(self.STEPS), vendor) as adapter:
            first = await adapter.send(order(Action.STOP_MARKETING))
            assert first.outcome is Outcome.UNKNOWN
            asked_for = await adapter.ask(order(Action.STOP_MARKETING, progress=first.progress))
            assert (asked_for.outcome, asked_for.code) == (Outcome.REFUSED, "effect_in_doubt")
            # A person has looked, and sends it again.
            again = await adapter.send(order(Action.STOP_MARKETING, progress=asked_for.progress))
        assert again.outcome is Outcome.COMPLETED
        assert len(vendor.asked("POST /one")) == 1

    def test_construct_15_a_connector_that_repeats_badly_must_not_be_called_idempotent(self) -> None:
        made = connector(self.STEPS)
        assert places(lacking(made, target(idempotency=Idempotency.YES))) == ["idempotency"]
        assert lacking(made, target(idempotency=Idempotency.NO)) == []
