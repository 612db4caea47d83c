"""
Meta's Marketing API: taking a person out of custom audiences; and the deletion request Meta sends by itself.

Audiences are listed with a cursor. ``DELETE /{audience}/users`` carries a body: a form field ``payload`` with a
schema and hashed values (64 hex digits of SHA-256); what is not hashed counts as invalid. The answer says what was
received, never who was in the audience; it takes effect within a day. An audience that Meta has flagged refuses
removals (``1713230``) until somebody has resolved that. ``signed_request`` is how Meta tells of a user who wants out.

unverified: the body of the answer to ``DELETE``; the fields of the list; the HTTP status of the refusal
(``blocked_status``) and of a bad token; the body of a throttled call; names of permissions.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, bearer, e164, need

ACCOUNT, TOKEN, APP_SECRET = "1010101010", "EAAB-sandbox", "test-app-secret"
VERSION = "v25.0"
AUDIENCES = {
    "120200000000000001": "Kunder",
    "120200000000000002": "Nyhetsbrev",
    "120200000000000003": "Intresserade",
}
_HASH = re.compile(r"[0-9a-f]{64}")
_SCHEMAS = {"EMAIL_SHA256": "email", "PHONE_SHA256": "phone", "EMAIL": "email", "PHONE": "phone"}


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


class Meta(Vendor):
    """One ad account with three audiences; customers are in the first two, whoever was recommended in the third."""

    name = "meta"
    settings_at_first: Mapping[str, Any] = {
        "blocked": [],  #: audiences that refuse removals
        "blocked_status": 400,
        "page": 2,  #: audiences a page, if no limit is asked for
        "throttled": False,
    }

    def routes(self) -> Mapping[str, Handler]:
        return {
            f"GET /{VERSION}/act_{{account}}/customaudiences": self._list,
            f"DELETE /{VERSION}/{{audience}}/users": self._remove,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        error = {"message": message or "Unsupported request", "type": "OAuthException", "code": int(code or 100)}
        return Reply({"error": error | {"fbtrace_id": "A0"}}, status)

    def authorise(self, call: Call) -> None:
        token = bearer(call) or call.arg("access_token") or call.form.get("access_token")
        need(token == TOKEN, self.error(401, "190", "Invalid OAuth access token."))
        need(not self.settings["throttled"], self.error(400, "17", "User request limit reached"))

    def fill(self, person: Person) -> None:
        audiences = list(AUDIENCES)[:2] if person.customer_number else list(AUDIENCES)[2:]
        keys = [hashed(person.email), hashed(e164(person.phone).removeprefix("+"))]
        for audience in audiences:
            self.table("members").setdefault(audience, {})[person.id] = keys

    def _list(self, call: Call) -> Reply:
        need(call.params["account"] == ACCOUNT, self.error(403, "200", "No permission for this ad account."))
        ids = list(AUDIENCES)
        size = int(call.arg("limit") or self.settings["page"])
        after = call.arg("after")
        try:
            start = int(base64.b64decode(after, validate=True)) if after else 0
        except ValueError:
            raise Refused(self.error(400, "100", "Invalid cursor")) from None
        end = start + size
        data = [{"id": id, "name": AUDIENCES[id]} for id in ids[start:end]]
        cursor = base64.b64encode(str(end).encode()).decode()
        paging: dict[str, Any] = {
            "cursors": {"before": base64.b64encode(str(start).encode()).decode(), "after": cursor}
        }
        if end < len(ids):
            paging["next"] = f"http://{call.headers['host']}{call.path_raw}?limit={size}&after={cursor}"
        return Reply({"data": data, "paging": paging})

    def _remove(self, call: Call) -> Reply:
        audience = call.params["audience"]
        need(audience in AUDIENCES, self.error(400, "100", "Unsupported delete request."))
        rows, columns = self._payload(call)
        if audience in self.settings["blocked"]:
            return self._blocked()
        good = [row for row in rows if len(row) == len(columns) and all(_HASH.fullmatch(str(one)) for one in row)]
        members = self.table("members").setdefault(audience, {})
        sent = {one for row in good for one in row}
        for person in [person for person, keys in members.items() if sent & set(keys)]:
            del members[person]
            self.effect("member.removed", audience, person=person)
        body = {"audience_id": audience, "session_id": str(len(self.calls) + 1), "num_received": len(rows)}
        samples = {"1": ["…"]} if len(good) < len(rows) else {}
        return Reply(body | {"num_invalid_entries": len(rows) - len(good), "invalid_entry_samples": samples})

    def _payload(self, call: Call) -> tuple[list[list[Any]], list[str]]:
        """The rows and the columns of the form field."""
        bad = self.error(400, "100", "Invalid parameter")
        try:
            payload = json.loads(call.form.get("payload") or call.arg("payload"))
        except ValueError:
            raise Refused(bad) from None
        need(isinstance(payload, dict), bad)
        schema, data = payload.get("schema"), payload.get("data")
        columns = [schema] if isinstance(schema, str) else schema
        need(isinstance(columns, list) and columns and all(one in _SCHEMAS for one in columns), bad)
        need(isinstance(data, list) and 1 <= len(data) <= 10_000, bad)
        return [one if isinstance(one, list) else [one] for one in data], list(columns or ())

    def _blocked(self) -> Reply:
        error = {
            "message": "Invalid parameter",
            "type": "OAuthException",
            "code": 100,
            "error_subcode": 1713230,
            "error_user_title": "Audience Upload Blocked",
            "error_user_msg": "The audience has been flagged.",
        }
        return Reply({"error": error}, self.settings["blocked_status"])


def signed_request(user: str, *, issued_at: int, expires: int, secret: str = APP_SECRET) -> str:
    """What Meta posts as form field ``signed_request`` when a user of the app wants to be forgotten."""
    claims = {"user_id": user, "algorithm": "HMAC-SHA256", "issued_at": issued_at, "expires": expires}
    payload = _b64url(json.dumps(claims, separators=(",", ":")).encode())
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{_b64url(signature)}.{payload}"


def _b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
