"""
webCRM's REST API v1: customers, contacts, newsletters.

Log in with the application token (``authCode``) as header, form field or multipart field; the bearer token lives an
hour. Lists are bare arrays of pages from 1, at most 1000 rows; there is no total, an empty page is the end. 250
calls in a sliding minute per application token, then 429 with ``Retry-After`` and the seconds in the body. Persons
cannot be deleted: there is no such method. ``PATCH /Persons`` answers 200 with one text an item, some of them errors.

unverified: whether ``PUT`` replaces or merges (``put``); how ``/Queries`` wants a quote in a text (here doubled, as SQL
does) and which fields of a document it shows; the bodies of errors other than 429; which fields tell a query's
type ``Document`` apart; the history that survives an overwrite (``/Persons/{id}`` only: the History API's
endpoints are not known).
"""

import re
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

from sandbox.people import CRM, Person
from sandbox.vendors._base import (
    Call,
    Handler,
    Refused,
    Reply,
    Vendor,
    Window,
    bearer,
    e164,
    guid,
    json_object,
    need,
    page_of,
    street_zip_city,
    words,
)

AUTH_CODE = guid("webcrm", "application-token")
_LOGIN = ("POST /Auth/ApiLogin", "POST /Auth/ApiRefresh")
_TEXTS = words(
    "FirstName MiddleName LastName Name Title Salutation Email Email2 DirectPhone MobilePhone TelephoneSearch Comment"
    " Memo History LoginLog Password CampaignPassword Status CreatedBy UpdatedBy"
)
_PERSON = frozenset(
    f"Person{name}"
    for name in (
        *_TEXTS,
        *("Id", "OrganisationId", "Birthday", "EmailBounces", "BlockMassEmail", "BlockMassEmail2"),
        *("CreatedAt", "UpdatedAt"),
        *(f"CheckMark{n}" for n in range(1, 11)),
        *(f"Custom{n}" for n in range(1, 16)),
        *(f"Plus{n}" for n in range(1, 21)),
    )
)
_SELECT = re.compile(r"SELECT\s+\*\s+FROM\s+(?P<table>\w+)\s+WHERE\s+(?P<where>.+)", re.IGNORECASE | re.DOTALL)
_TERM = re.compile(r"\s*(?P<field>\w+)\s*=\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d+))\s*(?P<then>AND|OR|$)", re.I)


class WebCrm(Vendor):
    """One system with persons in organisations; each household is an organisation."""

    name = "webcrm"
    public = _LOGIN
    settings_at_first: Mapping[str, Any] = {"put": "replace", "calls_a_minute": 250}  #: put: or "merge"

    def __init__(self, **given: Any) -> None:
        self._window = Window(250, 60)
        super().__init__(**given)

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /Auth/ApiLogin": self._log_in,
            "POST /Auth/ApiRefresh": self._refresh,
            "GET /Queries": self._query,
            "GET /Persons": lambda call: Reply(self._page(call, list(self.table("Person").values()))),
            "POST /Persons": self._add,
            "PATCH /Persons": self._patch,
            "GET /Persons/{id}": lambda call: Reply(self._one("Person", call)),
            "PUT /Persons/{id}": self._put("Person", _PERSON),
            "GET /Persons/ByOrganisation/{id}": self._of_organisation("Person"),
            "GET /Organisations/{id}": lambda call: Reply(self._one("Organisation", call)),
            "PUT /Organisations/{id}": self._put("Organisation", None),
            "GET /Organisations/{id}/Persons": self._of_organisation("Person"),
            "GET /Activities/ByOrganisation/{id}": self._of_organisation("Activity"),
            "GET /SupportCases/ByOrganisation/{id}": self._of_organisation("SupportCase"),
            "GET /Documents": lambda call: Reply(self._page(call, list(self.table("Document").values()))),
            "GET /Documents/{id}": lambda call: Reply(self._one("Document", call)),
            "DELETE /Documents/{id}": self._delete_document,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"Message": message or f"Error {status}", "Type": code or "Exception"}, status)

    def authorise(self, call: Call) -> None:
        good_until = self.table("tokens").get(bearer(call), {}).get("until", 0)
        need(good_until > self.clock.time(), Reply(None, 401))
        self._window.most = self.settings["calls_a_minute"]
        if wait := self._window.take(self.clock.time()):
            seconds = int(wait) + 1
            limit = f"The request was throttled. The limit of {self._window.most} requests per minute is reached"
            body = {"RetryAfterSeconds": seconds, "Message": limit, "Type": "TooManyRequestsException"}
            raise Refused(Reply(body, 429, {"Retry-After": str(seconds)}))

    def fill(self, person: Person) -> None:
        if not any(CRM in services for services in person.known_by.values()):
            return
        number = 4711 + len(self.table("Person"))
        organisation = self._household(person)
        first, _, last = person.name.partition(" ")
        told = {
            "PersonId": number,
            "PersonOrganisationId": organisation,
            "PersonFirstName": first,
            "PersonLastName": last,
            "PersonName": person.name,
            "PersonEmail": person.email,
            "PersonDirectPhone": e164(person.phone),
            "PersonMobilePhone": e164(person.phone),
            "PersonCustom1": person.personnummer if "personnummer" in person.told else "",
            "PersonCustom2": person.customer_number or "",
            "PersonComment": f"Ringde om {person.home}.",
            "PersonHistory": "2024-02-01: samtal",
            "PersonPassword": "hemligt",
            "PersonStatus": "Active",
        }
        self.table("Person")[str(number)] = _empty_person() | told
        self._attach(organisation, number)

    def _household(self, person: Person) -> int:
        street, zip_code, city = street_zip_city(person)
        for one in self.table("Organisation").values():
            if one["OrganisationAddress"] == street:
                return int(one["OrganisationId"])
        number = 812 + len(self.table("Organisation"))
        self.table("Organisation")[str(number)] = {
            "OrganisationId": number,
            "OrganisationName": f"Hushåll {street}",
            "OrganisationAddress": street,
            "OrganisationPostCode": zip_code,
            "OrganisationCity": city,
            "OrganisationTelephone": "",
            "OrganisationNoAds": False,
            "OrganisationComment": "",
        }
        return number

    def _attach(self, organisation: int, person: int) -> None:
        for table, text in (("Activity", "Uppföljning"), ("SupportCase", "Larm går i onödan"), ("Document", "Avtal")):
            number = len(self.table(table)) + 1
            self.table(table)[str(number)] = {
                f"{table}Id": number,
                f"{table}OrganisationId": organisation,
                f"{table}PersonId": person,
                f"{table}Description": text,
            }

    # ---- logging in

    def _log_in(self, call: Call) -> Reply:
        sent = call.headers.get("authcode") or call.form.get("authCode") or _multipart(call).get("authCode")
        if sent != AUTH_CODE:
            return Reply(_login_answer(error="invalid_grant"), 401)
        return self._new_token()

    def _refresh(self, call: Call) -> Reply:
        if self.table("refresh").pop(call.headers.get("refreshtoken", ""), None) is None:
            return Reply(_login_answer(error="invalid_grant"), 401)
        return self._new_token()

    def _new_token(self) -> Reply:
        count = str(len(self.table("tokens")))
        access, refresh = guid("webcrm-access", count), guid("webcrm-refresh", count)
        self.table("tokens")[access] = {"until": self.clock.time() + 3600}
        self.table("refresh")[refresh] = {}
        return Reply(_login_answer(access=access, refresh=refresh))

    # ---- reading

    def _page(self, call: Call, rows: list[Any]) -> list[Any]:
        try:
            page, size = int(call.arg("Page", "1")), int(call.arg("Size", "1000"))
        except ValueError:
            page = size = 0
        need(1 <= page <= 1_000_000 and 1 <= size <= 1000, self.error(400, message="Page and Size are out of range."))
        return page_of(rows, page, size)

    def _one(self, table: str, call: Call) -> dict[str, Any]:
        found = self.table(table).get(call.params["id"])
        if found is None:
            raise Refused(self.error(404, "NotFoundException", "Not found"))
        return found

    def _of_organisation(self, table: str) -> Handler:
        def handler(call: Call) -> Reply:
            rows = self.table(table).values()
            mine = [one for one in rows if str(one[f"{table}OrganisationId"]) == call.params["id"]]
            return Reply(self._page(call, mine))

        return handler

    def _query(self, call: Call) -> Reply:
        """One table, equality only. What is not of that form is a syntax error, as a broken-out text mostly is."""
        found = _SELECT.fullmatch(call.arg("script").strip())
        terms = _terms(found["where"]) if found else None
        if found is None or not terms or found["table"] not in ("Person", "Organisation", "Document"):
            return self.error(400, "SyntaxErrorException", "The script could not be read.")
        rows = self.table(found["table"]).values()
        fields = {name for row in rows for name in row}
        if not {field for alternative in terms for field, _ in alternative} <= fields:
            return self.error(400, "SyntaxErrorException", "Unknown field.")
        hits = [
            row
            for row in rows
            if any(all(str(row[f]).casefold() == v.casefold() for f, v in alternative) for alternative in terms)
        ]
        return Reply(self._page(call, hits))

    # ---- writing

    def _put(self, table: str, fields: frozenset[str] | None) -> Handler:
        def handler(call: Call) -> Reply:
            there = self._one(table, call)
            body = json_object(call, self.error(400, message="Not a record."), only=fields or frozenset(there))
            id = str(there[f"{table}Id"])
            need(str(body.get(f"{table}Id", id)) == id, self.error(400, message="The id in the body is another."))
            base = (
                there if self.settings["put"] == "merge" else {name: _nothing(value) for name, value in there.items()}
            )
            after = {**base, **body, f"{table}Id": int(id)}
            self.table(table)[id] = after
            self.effect(f"{table}.put", id, changed=sorted(name for name in after if after[name] != there.get(name)))
            return Reply(None, 200)

        return handler

    def _add(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="Not a person."), only=_PERSON)
        number = 4711 + len(self.table("Person"))
        self.table("Person")[str(number)] = _empty_person() | body | {"PersonId": number}
        self.effect("Person.added", str(number))
        return Reply(number)

    def _patch(self, call: Call) -> Reply:
        """200 whatever becomes of the items: an id, or the error, for each."""
        rows = call.json
        need(isinstance(rows, list), self.error(400, message="An array is needed."))
        said = []
        for row in rows:
            there = self.table("Person").get(str(row.get("PersonId"))) if isinstance(row, dict) else None
            if there is None or not set(row) <= _PERSON:
                said.append("Person could not be updated.")
                continue
            there.update(row)
            self.effect("Person.patched", str(row["PersonId"]), changed=sorted(set(row) - {"PersonId"}))
            said.append(str(row["PersonId"]))
        return Reply(said)

    def _delete_document(self, call: Call) -> Reply:
        id = str(self._one("Document", call)["DocumentId"])
        del self.table("Document")[id]
        self.effect("Document.deleted", id)
        return Reply(None, 200)


def _empty_person() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(sorted(_PERSON), "")
    flags = ("BlockMassEmail", "BlockMassEmail2", *(f"CheckMark{n}" for n in range(1, 11)))
    return empty | dict.fromkeys((f"Person{flag}" for flag in flags), False) | {"PersonEmailBounces": 0}


def _nothing(value: Any) -> Any:
    """What a field holds that was left out of a whole record."""
    return False if isinstance(value, bool) else 0 if isinstance(value, int) else ""


def _terms(where: str) -> list[list[tuple[str, str]]] | None:
    """``a = 'x' AND b = 1 OR c = 'y'`` as alternatives of (field, value); None where it is anything else."""
    alternatives: list[list[tuple[str, str]]] = [[]]
    at = 0
    while True:
        found = _TERM.match(where, at)
        if found is None:
            return None
        text = found["number"] if found["text"] is None else found["text"].replace("''", "'")
        alternatives[-1].append((found["field"], text))
        at = found.end()
        if not found["then"]:
            return alternatives if at == len(where) else None
        if found["then"].upper() == "OR":
            alternatives.append([])


def _multipart(call: Call) -> dict[str, str]:
    if call.media_type != "multipart/form-data":
        return {}
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + call.body).get_payload()
    fields = {}
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, str):
            continue
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            fields[name] = value.decode().strip()
    return fields


def _login_answer(*, access: str | None = None, refresh: str | None = None, error: str | None = None) -> dict[str, Any]:
    return {
        "AccessToken": access,
        "RefreshToken": refresh,
        "Error": error,
        "ErrorDescription": error and "The application token is not valid.",
        "IsError": error is not None,
        "ExpiresIn": 3600 if access else 0,
        "TokenType": "Bearer" if access else None,
    }
