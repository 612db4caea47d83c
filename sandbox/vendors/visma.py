"""
Visma eAccounting / Spiris, API v2: the small company's bookkeeping and customer register.

Tokens from the identity server by refresh token. Lists are ``{"Meta": …, "Data": […]}``. 600 calls a minute for each
client and endpoint; a throttled call says how long to wait in a sentence and nowhere else (``4010``). ``PUT``
takes the whole customer.

unverified: the names of paging and filter parameters (OData's are assumed, texts with doubled quotes); whether a
customer with invoices can be deleted (``delete_with_invoices``); whether a refresh token is used up by its
use (here it is); codes of errors other than 4010; which fields of a customer are compulsory.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import (
    Call,
    Handler,
    Refused,
    Reply,
    Vendor,
    Window,
    basic,
    bearer,
    e164,
    guid,
    iso,
    json_object,
    need,
    page_of,
    street_zip_city,
    words,
)

CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH = "visma-client", "visma-client-secret", "visma-refresh-0"
_FIELDS = words(
    "Id CustomerNumber Name CorporateIdentityNumber EmailAddress MobilePhone Telephone ContactPersonName"
    " ContactPersonEmail ContactPersonMobile ContactPersonPhone InvoiceAddress1 InvoiceAddress2 InvoicePostalCode"
    " InvoiceCity InvoiceCountryCode DeliveryCustomerName DeliveryAddress1 DeliveryAddress2 DeliveryPostalCode"
    " DeliveryCity CurrencyCode IsPrivatePerson IsActive Note TermsOfPaymentId VatNumber WwwAddress ChangedUtc"
)
_NEEDED = words("Name InvoicePostalCode InvoiceCity IsPrivatePerson IsActive TermsOfPaymentId")
_TERM = re.compile(r"\s*(?P<field>\w+)\s+eq\s+(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[\w-]+))\s*(?:and|$)")
_INVOICES = {"karin-ek": 0, "omar-aziz": 12}


class Visma(Vendor):
    """One company with its customers and their invoices."""

    name = "visma"
    public = ("POST /connect/token",)
    settings_at_first: Mapping[str, Any] = {
        "calls_a_minute": 600,
        "rotates": True,
        "delete_with_invoices": 400,  #: or 409; 200: deleted all the same
        "filler": 0,
    }

    def __init__(self, **given: Any) -> None:
        self._windows: dict[str, Window] = {}
        super().__init__(**given)
        self.table("refresh").setdefault(FIRST_REFRESH, {})

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /connect/token": self._token,
            "GET /v2/companysettings": lambda call: Reply({"Name": "Provlarm AB", "CountryCode": "SE"}),
            "GET /v2/customers": self._customers,
            "GET /v2/customers/{id}": lambda call: Reply(self._customer(call)),
            "PUT /v2/customers/{id}": self._replace,
            "DELETE /v2/customers/{id}": self._delete,
            "GET /v2/customerinvoices": self._invoices,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        body = {
            "ErrorCode": int(code or 4000),
            "DeveloperErrorMessage": message or f"Error {status}",
            "ErrorId": guid("visma-error", str(len(self.calls))),
        }
        return Reply(body, status)

    def authorise(self, call: Call) -> None:
        until = self.table("tokens").get(bearer(call), {}).get("until", 0)
        need(until > self.clock.time(), Reply(None, 401))
        most = self.settings["calls_a_minute"]
        endpoint = f"{call.method} {call.path.split('/')[2]}"
        window = self._windows.setdefault(endpoint, Window(most, 60))
        window.most = most
        if wait := window.take(self.clock.time()):
            said = (
                f"API calls quota exceeded! maximum admitted {most} per Minute. Try again in {int(wait) + 1} seconds."
            )
            raise Refused(self.error(429, "4010", said))

    def fill(self, person: Person) -> None:
        if not person.customer_number:
            return
        id = guid("visma", person.id)
        street, zip_code, city = street_zip_city(person)
        told = {
            "Id": id,
            "CustomerNumber": person.customer_number.removeprefix("C-"),
            "Name": person.name,
            "CorporateIdentityNumber": f"{person.personnummer[2:8]}-{person.personnummer[8:]}",
            "EmailAddress": person.email,
            "MobilePhone": e164(person.phone),
            "Telephone": e164(person.phone),
            "ContactPersonName": person.name,
            "ContactPersonEmail": person.email,
            "InvoiceAddress1": street,
            "InvoicePostalCode": zip_code or "00000",
            "InvoiceCity": city or "-",
            "InvoiceCountryCode": "SE",
            "CurrencyCode": "SEK",
            "IsPrivatePerson": True,
            "IsActive": True,
            "Note": f"Larm {person.home}",
            "TermsOfPaymentId": guid("visma", "30 dagar"),
            "ChangedUtc": iso(self.clock.now()),
        }
        self.table("customers")[id] = dict.fromkeys(_FIELDS) | told
        for number in range(_INVOICES.get(person.id, 1)):
            invoice = guid("visma-invoice", id, str(number))
            on = (self.clock.now() - timedelta(days=20 + 30 * number)).date()
            self.table("invoices")[invoice] = {
                "Id": invoice,
                "CustomerId": id,
                "InvoiceNumber": len(self.table("invoices")) + 1,
                "InvoiceDate": on.isoformat(),
                "InvoiceCustomerName": person.name,
                "TotalAmount": 299.0,
                "RemainingAmount": 299.0 if person.id == "anna-lindqvist" else 0.0,
            }

    # ---- tokens

    def _token(self, call: Call) -> Reply:
        need(basic(call) == (CLIENT_ID, CLIENT_SECRET), Reply({"error": "invalid_client"}, 400))
        form, known = call.form, self.table("refresh")
        need(form.get("grant_type") == "refresh_token", Reply({"error": "unsupported_grant_type"}, 400))
        sent = form.get("refresh_token", "")
        need(sent in known, Reply({"error": "invalid_grant"}, 400))
        fresh = sent
        if self.settings["rotates"]:
            del known[sent]
            fresh = guid("visma-refresh", str(len(self.table("tokens"))))
            known[fresh] = {}
        token = guid("visma-access", str(len(self.table("tokens"))))
        self.table("tokens")[token] = {"until": self.clock.time() + 3600}
        return Reply({"access_token": token, "expires_in": 3600, "token_type": "Bearer", "refresh_token": fresh})

    # ---- customers

    def _listed(self, call: Call, rows: list[dict[str, Any]]) -> Reply:
        try:
            page, size = int(call.arg("$page", "1")), int(call.arg("$pagesize", "50"))
        except ValueError:
            page = size = 0
        need(page >= 1 and 1 <= size <= 1000, self.error(400, message="$page or $pagesize is out of range."))
        wanted = _terms(call.arg("$filter")) if call.arg("$filter") else {}
        need(wanted is not None and all(name in _FILTERS for name in wanted), self.error(400, message="$filter"))
        rows = [row for row in rows if all(str(row.get(name)) == value for name, value in (wanted or {}).items())]
        pages = -(-len(rows) // size)
        meta = {"CurrentPage": page, "PageSize": size, "TotalNumberOfPages": pages, "TotalNumberOfResults": len(rows)}
        return Reply({"Meta": meta | {"ServerTimeUtc": iso(self.clock.now())}, "Data": page_of(rows, page, size)})

    def _customers(self, call: Call) -> Reply:
        filler = [
            dict.fromkeys(_FIELDS)
            | {"Id": guid("visma-filler", str(n)), "Name": f"Okänd {n}", "CustomerNumber": f"F{n}"}
            for n in range(self.settings["filler"])
        ]
        return self._listed(call, [*filler, *self.table("customers").values()])

    def _customer(self, call: Call) -> dict[str, Any]:
        found = self.table("customers").get(call.params["id"])
        if found is None:
            raise Refused(self.error(404, "4004", "Customer not found."))
        return found

    def _replace(self, call: Call) -> Reply:
        there = self._customer(call)
        body = json_object(call, self.error(400, "4000", "Unknown or malformed fields."), only=_FIELDS)
        for name in _NEEDED:
            need(body.get(name) not in (None, ""), self.error(400, "4002", f"{name} is required."))
        after = dict.fromkeys(_FIELDS) | body | {"Id": there["Id"], "ChangedUtc": iso(self.clock.now())}
        changed = sorted(name for name in _FIELDS if name != "ChangedUtc" and after[name] != there[name])
        self.table("customers")[there["Id"]] = after
        self.effect("customer.replaced", there["Id"], changed=changed)
        return Reply(after)

    def _delete(self, call: Call) -> Reply:
        id = self._customer(call)["Id"]
        status = self.settings["delete_with_invoices"]
        if status >= 400 and any(row["CustomerId"] == id for row in self.table("invoices").values()):
            return self.error(status, "4003", "The customer has invoices and cannot be deleted.")
        del self.table("customers")[id]
        self.effect("customer.deleted", id)
        return Reply(None, 204)

    def _invoices(self, call: Call) -> Reply:
        return self._listed(call, list(self.table("invoices").values()))


_FILTERS = (*_FIELDS, "CustomerId", "InvoiceDate")


def _terms(text: str) -> dict[str, str] | None:
    """``a eq 'x' and b eq 1`` as field -> value; None where it is anything else."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            return None
        found[term["field"]] = term["bare"] if term["text"] is None else term["text"].replace("''", "'")
        at = term.end()
    return found
