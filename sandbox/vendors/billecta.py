"""
Billecta's REST API v1: invoices, autogiro and reminders; a debtor is the customer of a creditor (the alarm company).

Log in with Basic and an empty body, then send ``Authorization: SecureToken base64(Value)``: the token encoded once
more. Lists are bare JSON arrays. A debtor is found by its external id, which is 400 where several have it; nobody
can be searched for by e-mail address. A saved debtor is replaced whole by ``PUT``.

unverified: the shape of an error's body; 404 for an unknown external id; whether a debtor with invoices can be
deleted (``delete_with_invoices``); whether the list of debtors is paged; the fields of an invoice in a list;
whether an enum is a word or a number (``enum_as``).
"""

import base64
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import (
    Call,
    Handler,
    Refused,
    Reply,
    Vendor,
    basic,
    e164,
    guid,
    iso,
    json_object,
    need,
    street_zip_city,
    words,
)

CREDITOR = guid("billecta", "creditor")
OTHER_CREDITOR = guid("billecta", "other-creditor")
USER, PASSWORD = "insyn-api", "billecta-sandbox-password"
_TYPES = ("Undefined", "Private", "Company")
_STAGES = (
    "Created",
    "Attested",
    "InvoiceSent",
    "ReminderInvoiceSent",
    "SentToDebtCollection",
    "Completed",
    "Cancelled",
)
_CLOSED = ("Completed", "Cancelled")
_FIELDS = frozenset(
    words(
        "DebtorPublicId CreditorPublicId DebtorExternalId OrgNo Name Attention CareOf Address Address2 ZipCode City"
        " CountryCode CitizenshipCountryCode Phone Email ContactName ContactEmail VatNumber DebtorNo GLN IsActive"
        " ProtectedIdentity UseProtectedMailDelivery DebtorType Intermediator EInvoiceBank Notes DebtorSelfInvoiceInfo"
        " DefaultActionConfig Autogiro CreditCards Created"
    )
)
#: Stage and age in days of the invoices of people with a story; whoever is not named has one open invoice.
_INVOICES: dict[str, tuple[tuple[str, int], ...]] = {
    "omar-aziz": (("InvoiceSent", 20), ("ReminderInvoiceSent", 90), *(("Completed", 200 + 30 * n) for n in range(24))),
    "tove-berg": (("Completed", 400), ("Completed", 8 * 366)),
    "anna-lindqvist": (("InvoiceSent", 10), ("Completed", 40)),
    "karin-ek": (),
}


class Billecta(Vendor):
    """One account that sees two creditors; the second has no debtors."""

    name = "billecta"
    public = ("POST /v1/authentication/apiauthenticate",)
    settings_at_first: Mapping[str, Any] = {
        "delete_with_invoices": 400,  #: 400 or 409: refused so; 200: deleted all the same
        "enum_as": "word",  #: or "number"
        "token_seconds": 3600,
        "filler": 0,  #: so many more debtors in the list, whom nobody knows
    }

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /v1/authentication/apiauthenticate": self._log_in,
            "GET /v1/creditors/creditors": self._creditors,
            "GET /v1/debtors/debtors/{creditor}": self._list,
            "GET /v1/debtors/debtor/{id}": lambda call: Reply(self._told(self._debtor(call))),
            "GET /v1/debtors/debtorbyexternalid/{creditor}": self._by_external_id,
            "GET /v1/debtors/debtorevents/{id}": self._events,
            "POST /v1/debtors/debtor": self._create,
            "PUT /v1/debtors/debtor": self._replace,
            "DELETE /v1/debtors/debtor/{id}": self._delete,
            "DELETE /v1/debtors/addcreditcard/{id}": self._drop_card,
            "GET /v1/invoice/openbydebtor/{id}": self._open,
            "GET /v1/invoice/closedbydebtor/{id}": self._closed,
            "GET /v1/invoice/action/{id}": self._invoice,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"Message": message or f"Error {status}"}, status)

    def authorise(self, call: Call) -> None:
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        try:
            token = base64.b64decode(sent, validate=True).decode()
        except ValueError:
            token = ""
        good_until = self.table("tokens").get(token, {}).get("until", 0)
        need(scheme == "SecureToken" and good_until > self.clock.time(), self.error(401, message="Unauthorized"))

    def fill(self, person: Person) -> None:
        if not person.customer_number:
            return
        id = guid("billecta", person.id)
        street, zip_code, city = street_zip_city(person)
        hidden = person.story == "protected_identity"
        self.table("debtors")[id] = {
            "DebtorPublicId": id,
            "CreditorPublicId": CREDITOR,
            "DebtorExternalId": person.customer_number,
            "OrgNo": person.personnummer,
            "Name": person.name,
            "Address": street,
            "ZipCode": zip_code or None,
            "City": city or None,
            "CountryCode": "SE",
            "Phone": e164(person.phone),
            "Email": person.email,
            "ContactName": person.name,
            "ContactEmail": person.email,
            "IsActive": True,
            "ProtectedIdentity": hidden,
            "UseProtectedMailDelivery": hidden,
            "DebtorType": "Private",
            "Notes": f"Kund {person.home}",
            "Autogiro": {"Active": True, "ClearingNo": "9960", "AccountNo": "0000000", "PayerNumber": "1"},
            "CreditCards": [
                {
                    "CreditCardPublicId": guid("card", id),
                    "MaskedCardNumber": "**** 0000",
                    "Brand": "Test",
                    "Expires": "2030-01",
                }
            ],
            "Created": "2021-03-04T10:11:12+01:00",
        }
        for number, (stage, days) in enumerate(_INVOICES.get(person.id, (("InvoiceSent", 15),))):
            self._add_invoice(id, number, stage, days)

    def _add_invoice(self, debtor: str, number: int, stage: str, days: int) -> None:
        id = guid("invoice", debtor, str(number))
        on = (self.clock.now() - timedelta(days=days)).date()
        self.table("invoices")[id] = {
            "ActionPublicId": id,
            "DebtorPublicId": debtor,
            "CreditorPublicId": CREDITOR,
            "InvoiceNumber": str(1000 + number),
            "Stage": stage,
            "InvoiceDate": on.isoformat(),
            "DueDate": (on + timedelta(days=30)).isoformat(),
            "ClosedDate": (on + timedelta(days=25)).isoformat() if stage in _CLOSED else None,
            "InvoicedAmount": {"CurrencyCode": "SEK", "Value": 29_900, "ValueForView": 299.0},
        }

    # ---- logging in

    def _log_in(self, call: Call) -> Reply:
        need(call.headers.get("content-length") == "0" and not call.body, self.error(411, message="Content-Length: 0"))
        need(basic(call) == (USER, PASSWORD), self.error(401, message="Unauthorized"))
        token = guid("token", str(len(self.table("tokens"))))
        until = self.clock.now() + timedelta(seconds=self.settings["token_seconds"])
        self.table("tokens")[token] = {"until": until.timestamp()}
        return Reply({"Value": token, "Expires": iso(until).replace("Z", "+00:00")})

    def _creditors(self, call: Call) -> Reply:
        return Reply([{"CreditorPublicId": one, "Name": "Provlarm AB"} for one in (CREDITOR, OTHER_CREDITOR)])

    # ---- debtors

    def _own(self, call: Call) -> str:
        creditor = call.params["creditor"]
        need(creditor in (CREDITOR, OTHER_CREDITOR), self.error(403, message="No such creditor."))
        return creditor

    def _debtor(self, call: Call) -> dict[str, Any]:
        found = self.table("debtors").get(call.params["id"])
        if found is None:
            raise Refused(self.error(404, message="No such debtor."))
        return found

    def _told(self, debtor: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = dict.fromkeys(sorted(_FIELDS)) | dict(debtor)
        if self.settings["enum_as"] == "number":
            told["DebtorType"] = _TYPES.index(told["DebtorType"] or "Undefined")
        return told

    def _list(self, call: Call) -> Reply:
        creditor = self._own(call)
        known = [self._told(one) for one in self.table("debtors").values() if one["CreditorPublicId"] == creditor]
        filler = [
            self._told(
                {
                    "DebtorPublicId": guid("filler", str(n)),
                    "CreditorPublicId": creditor,
                    "DebtorExternalId": f"F-{n}",
                    "Name": f"Okänd {n}",
                    "Email": f"nobody-{n}@example.org",
                    "DebtorType": "Private",
                    "ProtectedIdentity": False,
                }
            )
            for n in range(self.settings["filler"] if creditor == CREDITOR else 0)
        ]
        return Reply(filler + known)

    def _by_external_id(self, call: Call) -> Reply:
        creditor, wanted = self._own(call), call.arg("externalid")
        need(wanted, self.error(400, message="externalid is missing."))
        found = [
            one
            for one in self.table("debtors").values()
            if (one["CreditorPublicId"], one["DebtorExternalId"]) == (creditor, wanted)
        ]
        need(len(found) < 2, self.error(400, message="More than one debtor has this external id."))
        need(found, self.error(404, message="No such debtor."))
        return Reply(self._told(found[0]))

    def _events(self, call: Call) -> Reply:
        debtor = self._debtor(call)
        event = {
            "Title": "Debtor created",
            "Content": "",
            "EventDate": debtor["Created"],
            "EventBy": USER,
            "Reference": None,
            "EventType": "Created",
            "IsPublic": False,
            "HasOccured": True,
            "EventPublicId": guid("event", debtor["DebtorPublicId"]),
        }
        return Reply([event])

    def _create(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="Not a debtor."), only=_FIELDS)
        need(
            body.get("Name") and body.get("CreditorPublicId"), self.error(400, message="Name and creditor are needed.")
        )
        id = guid("created", str(len(self.table("debtors"))))
        self.table("debtors")[id] = {
            "DebtorType": "Undefined",
            "ProtectedIdentity": False,
            **body,
            "DebtorPublicId": id,
        }
        self.effect("debtor.created", id)
        return Reply({"PublicId": id})

    def _replace(self, call: Call) -> Reply:
        """The whole view: a field that is left out is empty from now on."""
        body = json_object(call, self.error(400, message="Not a debtor."), only=_FIELDS)
        id = str(body.get("DebtorPublicId"))
        there = self.table("debtors").get(id)
        if there is None:
            raise Refused(self.error(404, message="No such debtor."))
        need(body.get("Name"), self.error(400, message="A debtor has a name."))
        need(isinstance(body.get("ProtectedIdentity"), bool), self.error(400, message="ProtectedIdentity is needed."))
        kind = body.get("DebtorType")
        fixed = {"DebtorType": _TYPES[kind] if isinstance(kind, int) else kind or "Undefined"}
        # Cards are held elsewhere: they go by their own call only.
        kept = {name: there.get(name) for name in ("CreditorPublicId", "Created", "CreditCards")}
        self.table("debtors")[id] = {**body, **fixed, **kept}
        changed = sorted(
            name for name in _FIELDS if self._told(there).get(name) != self._told(body | fixed | kept)[name]
        )
        self.effect("debtor.replaced", id, changed=changed)
        return Reply(None)

    def _delete(self, call: Call) -> Reply:
        id = self._debtor(call)["DebtorPublicId"]
        status = self.settings["delete_with_invoices"]
        if status >= 400 and any(one["DebtorPublicId"] == id for one in self.table("invoices").values()):
            return self.error(status, message="The debtor cannot be deleted due to bookkeeping regulations.")
        del self.table("debtors")[id]
        self.effect("debtor.deleted", id)
        return Reply(None)

    def _drop_card(self, call: Call) -> Reply:
        for debtor in self.table("debtors").values():
            for card in debtor.get("CreditCards") or ():
                if card["CreditCardPublicId"] == call.params["id"]:
                    debtor["CreditCards"].remove(card)
                    self.effect("card.removed", call.params["id"])
                    return Reply(None)
        return self.error(404, message="No such card.")

    # ---- invoices

    def _invoices(self, call: Call, *, closed: bool) -> list[dict[str, Any]]:
        id = self._debtor(call)["DebtorPublicId"]
        mine = [one for one in self.table("invoices").values() if one["DebtorPublicId"] == id]
        return [one for one in mine if (one["Stage"] in _CLOSED) == closed]

    def _shown(self, invoice: Mapping[str, Any]) -> dict[str, Any]:
        numbered = self.settings["enum_as"] == "number"
        return {**invoice, "Stage": _STAGES.index(invoice["Stage"]) if numbered else invoice["Stage"]}

    def _open(self, call: Call) -> Reply:
        return Reply([self._shown(one) for one in self._invoices(call, closed=False)])

    def _closed(self, call: Call) -> Reply:
        try:
            start, end = date.fromisoformat(call.arg("from")), date.fromisoformat(call.arg("to"))
        except ValueError:
            return self.error(400, message="from and to are days.")
        need(start <= end, self.error(400, message="from is after to."))
        found = self._invoices(call, closed=True)
        return Reply([self._shown(one) for one in found if start <= date.fromisoformat(one["ClosedDate"]) <= end])

    def _invoice(self, call: Call) -> Reply:
        found = self.table("invoices").get(call.params["id"])
        if found is None:
            return self.error(404, message="No such invoice.")
        debtor = self.table("debtors").get(found["DebtorPublicId"], {})
        sent = {"Title": "Invoice sent", "EventDate": datetime.fromisoformat(found["InvoiceDate"]).isoformat()}
        return Reply({**self._shown(found), "Debtor": debtor, "Records": [], "Events": [sent], "Message": ""})
