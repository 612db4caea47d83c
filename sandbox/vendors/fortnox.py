"""
Fortnox's REST API 3: bookkeeping, invoices, the customer register.

Tokens by ``refresh_token`` or by ``client_credentials`` with the header ``TenantId``, the client named by HTTP
Basic. Bodies are wrapped (``{"Customer": {…}}``), lists carry ``MetaInformation``. ``API_BLANK`` empties a field;
null is ignored. 25 calls in any five seconds a token. Three shapes of errors: Fortnox's own, OAuth's, and a bare
``message``. A customer can be deleted when all business is closed; its number is never used again. Invoices and
vouchers are anonymised in the program alone, by financial year.

unverified: whether a refresh token is used up by its use (here it is); the codes of single errors (2000310,
2000588, 2001392, 2001399 and 1000031 are documented); the refusal of a deletion; whether a search matches parts
of a value (here it does); the body and the waiting time of a throttled call.
"""

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
    need,
    page_of,
    street_zip_city,
    words,
)

CLIENT_ID, CLIENT_SECRET, TENANT = "fortnox-client", "fortnox-client-secret", "4711"
FIRST_REFRESH = "fortnox-refresh-0"
_SEARCH = {
    "email": "Email",
    "organisationnumber": "OrganisationNumber",
    "name": "Name",
    "phone": "Phone1",
    "customernumber": "CustomerNumber",
    "city": "City",
    "zipcode": "ZipCode",
}
_FIELDS = words(
    "CustomerNumber Name OrganisationNumber Address1 Address2 ZipCode City CountryCode Phone1 Phone2 Email EmailInvoice"
    " EmailInvoiceCC EmailInvoiceBCC EmailOffer EmailOfferCC EmailOfferBCC EmailOrder EmailOrderCC EmailOrderBCC"
    " DeliveryName DeliveryAddress1 DeliveryAddress2 DeliveryZipCode DeliveryCity DeliveryPhone1 DeliveryPhone2"
    " VisitingAddress VisitingZipCode VisitingCity Comments YourReference Active Type Currency"
)
_SHORT = words("CustomerNumber Name OrganisationNumber Address1 Address2 ZipCode City Email Phone1")
#: Balance and age in days of people's invoices; whoever is not named has one that is not paid.
_INVOICES: dict[str, tuple[tuple[int, int], ...]] = {
    "karin-ek": (),
    "tove-berg": ((0, 500), (0, 900)),
    "omar-aziz": ((299, 20), *((0, 60 * n) for n in range(1, 13))),
}


class Fortnox(Vendor):
    """One company with its customers and their invoices."""

    name = "fortnox"
    public = ("POST /oauth-v1/token",)
    settings_at_first: Mapping[str, Any] = {"calls_in_five_seconds": 25, "rotates": True, "filler": 0, "deletes": True}

    def __init__(self, **given: Any) -> None:
        self._window = Window(25, 5)
        super().__init__(**given)
        self.table("refresh").setdefault(FIRST_REFRESH, {})

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /oauth-v1/token": self._token,
            "GET /3/companyinformation": lambda call: Reply({"CompanyInformation": {"CompanyName": "Provlarm AB"}}),
            "GET /3/customers": self._search,
            "GET /3/customers/{number}": lambda call: Reply({"Customer": self._customer(call)}),
            "PUT /3/customers/{number}": self._update,
            "DELETE /3/customers/{number}": self._delete,
            "GET /3/invoices": self._of_customer("invoices", "Invoices"),
            "GET /3/invoices/{number}": self._invoice,
            "GET /3/offers": self._of_customer("offers", "Offers"),
            "GET /3/orders": self._of_customer("orders", "Orders"),
            "GET /3/contracts": self._of_customer("contracts", "Contracts"),
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        info = {"error": 1, "message": message or f"Fel {status}.", "code": int(code or 1000003)}
        return Reply({"ErrorInformation": info}, status)

    def authorise(self, call: Call) -> None:
        token = bearer(call)
        until = self.table("tokens").get(token, {}).get("until", 0)
        need(until > self.clock.time(), Reply({"message": "unauthorized"}, 401))
        accept = call.headers.get("accept", "*/*")
        need("json" in accept or "*/*" in accept, self.error(400, "1000030", "Invalid response type"))
        self._window.most = self.settings["calls_in_five_seconds"]
        if self._window.take(self.clock.time()):
            raise Refused(Reply({"message": "Rate limit exceeded"}, 429))

    def fill(self, person: Person) -> None:
        if not person.customer_number:
            return
        number = person.customer_number
        street, zip_code, city = street_zip_city(person)
        told = {
            "CustomerNumber": number,
            "Name": person.name,
            "OrganisationNumber": f"{person.personnummer[:8]}-{person.personnummer[8:]}",
            "Address1": street,
            "ZipCode": zip_code,
            "City": city,
            "CountryCode": "SE",
            "Phone1": e164(person.phone),
            "Email": person.email,
            "EmailInvoice": person.email,
            "Comments": f"Larm {person.home}",
            "Active": True,
            "Type": "PRIVATE",
            "Currency": "SEK",
        }
        self.table("customers")[number] = dict.fromkeys(_FIELDS, "") | told
        for at, (balance, days) in enumerate(_INVOICES.get(person.id, ((299, 15),))):
            on = (self.clock.now() - timedelta(days=days)).date()
            document = f"{len(self.table('invoices')) + 1}"
            self.table("invoices")[document] = {
                "DocumentNumber": document,
                "CustomerNumber": number,
                "CustomerName": person.name,
                "InvoiceDate": on.isoformat(),
                "DueDate": (on + timedelta(days=30)).isoformat(),
                "Total": 299,
                "Balance": balance,
                "Booked": True,
                "Cancelled": False,
                "Currency": "SEK",
                "OCR": f"{at:06d}",
            }

    # ---- tokens

    def _token(self, call: Call) -> Reply:
        need(basic(call) == (CLIENT_ID, CLIENT_SECRET), Reply(_oauth("invalid_client"), 401))
        form = call.form
        match form.get("grant_type"):
            case "client_credentials":
                need(call.headers.get("tenantid") == TENANT, Reply(_oauth("invalid_request"), 400))
                return self._new_token(refresh=None)
            case "refresh_token":
                known = self.table("refresh")
                need(form.get("refresh_token") in known, Reply(_oauth("invalid_grant"), 400))
                if not self.settings["rotates"]:
                    return self._new_token(refresh=form["refresh_token"])
                del known[form["refresh_token"]]
                fresh = guid("fortnox-refresh", str(len(self.table("tokens"))))
                known[fresh] = {}
                return self._new_token(refresh=fresh)
        raise Refused(Reply(_oauth("unsupported_grant_type"), 400))

    def _new_token(self, *, refresh: str | None) -> Reply:
        token = guid("fortnox-access", str(len(self.table("tokens"))))
        self.table("tokens")[token] = {"until": self.clock.time() + 3600}
        body = {"access_token": token, "scope": "customer invoice", "expires_in": 3600, "token_type": "bearer"}
        return Reply(body | ({"refresh_token": refresh} if refresh else {}))

    # ---- the customer register

    def _customer(self, call: Call) -> dict[str, Any]:
        found = self.table("customers").get(call.params["number"])
        if found is None:
            raise Refused(self.error(404, "2000433", "Kan inte hitta kunden."))
        return {"@url": f"https://api.fortnox.se/3/customers/{found['CustomerNumber']}", **found}

    def _search(self, call: Call) -> Reply:
        asked = {name: value for name, value in call.query if name in _SEARCH}
        known = (*_SEARCH, "page", "limit", "offset", "filter", "sortby", "sortorder", "lastmodified")
        need(all(name in known for name, _ in call.query), self.error(400, "2000588", "Ogiltig parameter i anropet."))
        only = call.arg("filter")
        need(only in ("", "active", "inactive"), self.error(400, "2000588", "Ogiltig parameter i anropet."))
        filler = [
            {"CustomerNumber": f"F{n}", "Name": f"Okänd {n}", "Email": "", "Active": True} for n in self._fillers()
        ]
        rows = [
            row
            for row in (*filler, *self.table("customers").values())
            if all(value.casefold() in str(row.get(_SEARCH[name], "")).casefold() for name, value in asked.items())
            and (not only or row["Active"] == (only == "active"))
        ]
        return self._listed(call, "Customers", [{name: row.get(name, "") for name in _SHORT} for row in rows])

    def _fillers(self) -> range:
        return range(self.settings["filler"])

    def _listed(self, call: Call, name: str, rows: list[dict[str, Any]]) -> Reply:
        try:
            page, limit = int(call.arg("page", "1")), int(call.arg("limit", "100"))
        except ValueError:
            page = limit = 0
        need(page >= 1 and 1 <= limit <= 500, self.error(400, "2000588", "Ogiltig parameter i anropet."))
        pages = max(1, -(-len(rows) // limit))
        meta = {"@TotalResources": len(rows), "@TotalPages": pages, "@CurrentPage": page}
        return Reply({"MetaInformation": meta, name: page_of(rows, page, limit)})

    def _update(self, call: Call) -> Reply:
        there = self._customer(call)
        need(call.media_type == "application/json", self.error(400, "1000031", "Invalid content type"))
        body = call.json
        good = isinstance(body, dict) and set(body) == {"Customer"} and isinstance(body["Customer"], dict)
        need(good and body["Customer"], self.error(400, "2001392", "Ingen eller felaktig typ av data."))
        sent = {name: value for name, value in body["Customer"].items() if value is not None}
        need(set(sent) <= set(_FIELDS), self.error(400, "2001399", "Felaktigt fältnamn"))
        need(sent.get("Name", "x") not in ("", "API_BLANK"), self.error(400, "2000106", "Namn saknas."))
        mail = str(sent.get("Email", ""))
        need(
            mail in ("", "API_BLANK") or "@" in mail,
            self.error(400, "2000359", "Värdet innehåller ej tillåtna tecken."),
        )
        number = there["CustomerNumber"]
        row = self.table("customers")[number]
        changed = {name: "" if value == "API_BLANK" else value for name, value in sent.items() if value != ""}
        changed = {name: value for name, value in changed.items() if row[name] != value}
        row.update(changed)
        self.effect("customer.updated", number, changed=sorted(changed))
        return Reply({"Customer": self._customer(call)})

    def _delete(self, call: Call) -> Reply:
        number = self._customer(call)["CustomerNumber"]
        need(self.settings["deletes"], self.error(400, "2000798", "Kunden kan inte tas bort."))
        business = [row for name in ("invoices", "offers", "orders", "contracts") for row in self.table(name).values()]
        open_ones = [row for row in business if row["CustomerNumber"] == number and row.get("Balance", 1)]
        need(not open_ones, self.error(400, "2000798", "Kunden används och kan inte tas bort."))
        del self.table("customers")[number]
        self.effect("customer.deleted", number)
        return Reply(None, 204)

    # ---- business

    def _of_customer(self, table: str, name: str) -> Handler:
        def handler(call: Call) -> Reply:
            number = call.arg("customernumber")
            rows = [row for row in self.table(table).values() if not number or row["CustomerNumber"] == number]
            match call.arg("filter"):
                case "unpaid":
                    rows = [row for row in rows if row.get("Balance", 1)]
                case "fullypaid":
                    rows = [row for row in rows if not row.get("Balance", 1)]
                case other:
                    need(not other, self.error(400, "2000588", "Ogiltig parameter i anropet."))
            return self._listed(call, name, rows)

        return handler

    def _invoice(self, call: Call) -> Reply:
        found = self.table("invoices").get(call.params["number"])
        if found is None:
            return self.error(404, "2000434", "Kan inte hitta fakturan.")
        return Reply({"Invoice": found})


def _oauth(error: str) -> dict[str, str]:
    return {"error": error, "error_description": "The request was refused."}
