"""
Salesforce's REST API for contacts and leads, its Privacy Center and its Consent API, as documented.

What a client must live with: a token without an expiry that one day is a 401 (``INVALID_SESSION_ID``); SOQL whose
literals one has to escape oneself; pages by ``nextRecordsUrl``; errors that are a *list*; a DELETE that only fills the
recycle bin; a right to be forgotten that is an object one creates and watches (``PrivacyRTBFRequest``); and a Consent
API that **answers 200 with the error inside**.

unverified: how long the recycle bin keeps (15 days here); the list of errors; the body that the Consent API answers
(``{id: {"result": …}}`` here, as its reading half does); how long a request to be forgotten takes (a day here).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, iso, json_object, need
from sandbox.vendors._people import bearer, e164, first_and_last, hex_of, is_customer

CLIENT, SECRET = "3MVG9sandbox", "sandbox-client-secret"
POLICY = "Erase_customer"
_DATA = "/services/data/v61.0"
_FORGET = f"{_DATA}/sobjects/PrivacyRTBFRequest"
_COMMON = ("Id", "FirstName", "LastName", "Email", "Phone", "HasOptedOutOfEmail", "CreatedDate")
_OF = {
    "Contact": (*_COMMON, "MailingStreet", "MailingCity", "MailingPostalCode"),
    "Lead": (*_COMMON, "Street", "City", "PostalCode", "IsConverted"),
}
_PAGE = 2000
TAKES = timedelta(days=1)
#: SELECT … FROM Contact|Lead WHERE Field = 'literal' [OR …]; a literal's quotes and backslashes are escaped.
_LITERAL = r"'((?:[^'\\]|\\['\\nrtbf\"])*)'"
_ONE = rf"\s*(\w+)\s*=\s*{_LITERAL}\s*"
_QUERY = re.compile(
    rf"SELECT\s+(?P<fields>[\w, ]+?)\s+FROM\s+(?P<type>Contact|Lead)\s+WHERE(?P<conditions>{_ONE}(?:OR{_ONE})*)"
    r"(?:AND\s+IsConverted\s*=\s*(?P<converted>true|false))?"
)
_READ_ONLY = {"Id", "CreatedDate", "IsConverted"}


class Salesforce(Vendor):
    """One org: ``contacts`` by id, leads among them (``deleted``: when), ``forgets`` by id, ``consents`` by address."""

    name = "salesforce"
    #: consent_fails: the Consent API answers 200 and says inside that it failed.
    settings_at_first: Mapping[str, Any] = {
        "busy": False,
        "page": _PAGE,
        "consent_fails": False,
        "forget": "Complete",
    }
    public = ("POST /services/oauth2/token",)

    def routes(self) -> dict[str, Handler]:
        return {
            "POST /services/oauth2/token": self._token,
            f"GET {_DATA}/query": self._query,
            f"GET {_DATA}/query/{{cursor}}": self._more,
            f"POST {_FORGET}": self._forget,
            f"GET {_FORGET}/{{id}}": self._forgetting,
            f"GET {_DATA}/sobjects/{{type}}/{{id}}": self._show,
            f"PATCH {_DATA}/sobjects/{{type}}/{{id}}": self._update,
            f"DELETE {_DATA}/sobjects/{{type}}/{{id}}": self._delete,
            f"PATCH {_DATA}/consent/action/{{action}}": self._consent,
        }

    def authorise(self, call: Call) -> None:
        expired = self.error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        need(bearer(call) in self.table("sessions"), expired)
        need(not self.settings["busy"], self.error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        named = code or {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "INVALID_FIELD")
        return Reply([{"message": message or named, "errorCode": named, "fields": []}], status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            first, last = first_and_last(person)
            self.contact(FirstName=first, LastName=last, Email=person.email, Phone=e164(person))

    def contact(self, *, type: str = "Contact", **fields: Any) -> str:
        """A contact, or a lead that has not become one; return its id."""
        contacts = self.table("contacts")
        id = {"Contact": "003", "Lead": "00Q"}[type] + hex_of(f"contact {len(contacts)}", length=15).upper()
        always = {"Id": id, "HasOptedOutOfEmail": False, "CreatedDate": iso(self.clock.now()), "deleted": None}
        contacts[id] = {"IsConverted": False} | fields | always | {"type": type}
        return id

    def end_sessions(self) -> None:
        """Every token is worth nothing from now on."""
        self.table("sessions").clear()

    def _token(self, call: Call) -> Reply:
        form = call.form
        right = form.get("grant_type") == "client_credentials"
        need(right, Reply({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400))
        known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        need(known, Reply({"error": "invalid_client", "error_description": "invalid client credentials"}, 400))
        logins = self.table("logins")
        logins[str(len(logins))] = {}
        token = "00D" + hex_of(f"session {len(logins)}", length=40)
        self.table("sessions")[token] = {}
        host = f"http://{call.headers['host']}"
        body = {"access_token": token, "instance_url": host, "token_type": "Bearer", "scope": "api"}
        return Reply(body | {"issued_at": str(int(self.clock.time() * 1000))})

    def _living(self) -> list[dict[str, Any]]:
        return [row for row in self.table("contacts").values() if row["deleted"] is None]

    def _query(self, call: Call) -> Reply:
        found = _QUERY.fullmatch(call.arg("q").strip())
        if found is None:
            return self.error(400, "MALFORMED_QUERY", "unexpected token")
        known = _OF[found["type"]]
        fields = [name.strip() for name in found["fields"].split(",")]
        wanted = [(field, re.sub(r"\\(.)", r"\1", value)) for field, value in re.findall(_ONE, found["conditions"])]
        unknown = {*fields, *(field for field, _ in wanted)} - set(known)
        need(not unknown, self.error(400, "INVALID_FIELD", "No such column"))
        need("IsConverted" in known or not found["converted"], self.error(400, "INVALID_FIELD", "No such column"))
        living = [row for row in self._living() if row["type"] == found["type"]]
        if found["converted"]:
            living = [row for row in living if row["IsConverted"] is (found["converted"] == "true")]
        # Text compares without regard to case.
        rows = [
            _shown(row, fields)
            for row in living
            if any(str(row.get(field) or "").lower() == value.lower() for field, value in wanted)
        ]
        return self._page(rows, 0)

    def _page(self, rows: list[dict[str, Any]], begin: int) -> Reply:
        size = self.settings["page"]
        body: dict[str, Any] = {"totalSize": len(rows), "done": begin + size >= len(rows)}
        body["records"] = rows[begin : begin + size]
        if not body["done"]:
            cursor = f"01g{hex_of(str(len(rows)), length=12)}-{begin + size}"
            self.table("cursors")[cursor] = {"rows": rows}
            body["nextRecordsUrl"] = f"{_DATA}/query/{cursor}"
        return Reply(body)

    def _more(self, call: Call) -> Reply:
        kept = self.table("cursors").get(call.params["cursor"])
        if kept is None:
            return self.error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(kept["rows"], int(call.params["cursor"].rpartition("-")[2]))

    def _contact(self, call: Call) -> dict[str, Any]:
        row = self.table("contacts").get(call.params["id"])
        if row is None or row["type"] != call.params["type"]:
            raise Refused(self.error(404, "NOT_FOUND", "The requested resource does not exist"))
        if row["deleted"]:
            raise Refused(self.error(404, "ENTITY_IS_DELETED", "entity is deleted"))
        return row

    def _show(self, call: Call) -> Reply:
        row = self._contact(call)
        return Reply(_shown(row, _OF[row["type"]]))

    def _update(self, call: Call) -> Reply:
        row = self._contact(call)
        body = json_object(call, self.error(400, "JSON_PARSER_ERROR"))
        need(body and set(body) <= {*_OF[row["type"]]} - _READ_ONLY, self.error(400, "INVALID_FIELD", "No such column"))
        row |= body
        self.effect("contact.updated", row["Id"], fields=sorted(body))
        return Reply(None, 204)

    def _delete(self, call: Call) -> Reply:
        """Into the recycle bin, from where it can be taken back."""
        row = self._contact(call)
        row["deleted"] = iso(self.clock.now())
        self.effect("contact.binned", row["Id"])
        return Reply(None, 204)

    def _forget(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, "JSON_PARSER_ERROR"), only=("JobRecord", "PolicyNameId"))
        need(body.get("PolicyNameId") == POLICY, self.error(400, "FIELD_INTEGRITY_EXCEPTION", "PolicyNameId"))
        record = str(body.get("JobRecord"))
        known = record in {row["Id"] for row in self._living()}
        need(known, self.error(400, "INVALID_CROSS_REFERENCE_KEY", "JobRecord"))
        forgets = self.table("forgets")
        id = "0xS" + hex_of(f"forget {len(forgets)}", length=15)
        forgets[id] = {"JobRecord": record, "at": iso(self.clock.now()), "ends": self.settings["forget"]}
        self.effect("forget.asked", record)
        return Reply({"id": id, "success": True, "errors": []}, 201)

    def _forgetting(self, call: Call) -> Reply:
        row = self.table("forgets").get(call.params["id"])
        if row is None:
            return self.error(404, "NOT_FOUND", "The requested resource does not exist")
        age = self.clock.now() - datetime.fromisoformat(row["at"])
        status = "Pending" if age < TAKES / 4 else "Scheduled" if age < TAKES else row["ends"]
        if status == "Complete" and row["JobRecord"] in self.table("contacts"):
            del self.table("contacts")[row["JobRecord"]]
            self.effect("contact.forgotten", row["JobRecord"])
        return Reply({"Id": call.params["id"], "Status": status, "JobRecord": row["JobRecord"]})

    def _consent(self, call: Call) -> Reply:
        action, ids, status = call.params["action"], call.arg("ids"), call.arg("status")
        allowed = ("processing", "portability", "shouldforget", "email", "track")
        need(action in allowed, self.error(400, "INVALID_ACTION", "Unknown action"))
        need(isinstance(call.json, dict), self.error(400, "JSON_PARSER_ERROR", "An empty object at least"))
        need(ids and status in ("optin", "optout"), self.error(400, "MISSING_ARGUMENT", "ids and status"))
        if self.settings["consent_fails"] or not any(row.get("Email") == ids for row in self._living()):
            inside = {"result": "Error", "errors": [{"errorCode": "INVALID_ID", "message": "No record"}]}
            return Reply({ids: inside})
        self.table("consents").setdefault(ids, {})[action] = status
        self.effect(f"consent.{action}", ids, status=status)
        return Reply({ids: {"result": "Success", "edited": 1}})


def _shown(row: dict[str, Any], fields: Any) -> dict[str, Any]:
    url = f"{_DATA}/sobjects/{row['type']}/{row['Id']}"
    return {"attributes": {"type": row["type"], "url": url}} | {name: row.get(name) for name in fields}
