"""
HubSpot's CRM API for contacts as documented, with the subscriptions beside it.

What a client must live with: a search that is a POST, pages by ``after`` and finds nothing archived; DELETE only
archives; ``gdpr-delete`` answers 204 with no body whether or not it found anybody, **and puts an e-mail address it
does not know on a blocklist**; batch calls may answer 207 with some of it done.

unverified: 404 for a contact id that ``gdpr-delete`` does not know; the exact body of a 429 (its status and
``Retry-After`` are documented); that unsubscribing creates nothing for an unknown address (it is accepted here).
"""

from collections.abc import Mapping
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, iso, json_object, need
from sandbox.vendors._people import bearer, e164, first_and_last, hex_of, is_customer, number_of

TOKEN = "pat-eu1-sandbox"  # noqa: S105
_CONTACTS = "/crm/v3/objects/contacts"
PROPERTIES = ("email", "firstname", "lastname", "phone", "address", "hs_object_id", "createdate", "lastmodifieddate")
_WRITABLE = frozenset(PROPERTIES[:5])
_ALWAYS = ("hs_object_id", "createdate", "lastmodifieddate")
_MOST = 200


class HubSpot(Vendor):
    """One portal: ``contacts`` by id, ``blocklist`` and ``unsubscribed`` by e-mail address."""

    name = "hubspot"
    settings_at_first: Mapping[str, Any] = {"busy": False}

    def routes(self) -> dict[str, Handler]:
        return {
            f"POST {_CONTACTS}/search": self._search,
            f"POST {_CONTACTS}/gdpr-delete": self._gdpr_delete,
            f"POST {_CONTACTS}/batch/read": self._batch_read,
            f"GET {_CONTACTS}/{{id}}": lambda call: Reply(self._shown(self._contact(call), call.arg("properties"))),
            f"PATCH {_CONTACTS}/{{id}}": self._update,
            f"DELETE {_CONTACTS}/{{id}}": self._archive,
            "POST /communication-preferences/v4/statuses/{email}/unsubscribe-all": self._unsubscribe,
        }

    def authorise(self, call: Call) -> None:
        need(bearer(call) == TOKEN, self.error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found."))
        if self.settings["busy"]:
            body = {"status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT"}
            raise Refused(Reply(body | {"policyName": "SECONDLY"}, 429, {"Retry-After": "10"}))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        category = code or {404: "OBJECT_NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "VALIDATION_ERROR")
        correlation = hex_of(f"{category} {len(self.calls)}", length=8) + "-0000-4000-8000-000000000000"
        body = {"status": "error", "category": category, "correlationId": correlation, "message": message or category}
        return Reply(body | {"errors": [], "links": {}}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person) or "crm" in str(person.known_by):
            first, last = first_and_last(person)
            self.contact(email=person.email, firstname=first, lastname=last, phone=e164(person), address=person.address)

    def contact(self, **properties: str) -> str:
        """A contact; return its id. Addresses are kept in lower case, as the vendor keeps them."""
        contacts = self.table("contacts")
        id = number_of(f"contact {len(contacts)}", digits=11)
        now = iso(self.clock.now())
        kept = properties | {"email": properties["email"].lower()}
        kept |= {"hs_object_id": id, "createdate": now, "lastmodifieddate": now}
        contacts[id] = {"id": id, "properties": kept, "archived": False}
        return id

    def _living(self) -> list[dict[str, Any]]:
        return [row for row in self.table("contacts").values() if not row["archived"]]

    def _contact(self, call: Call) -> dict[str, Any]:
        wanted, by = call.params["id"], call.arg("idProperty")
        for row in self._living():
            if row["properties"].get("email") == wanted.lower() if by == "email" else row["id"] == wanted:
                return row
        raise Refused(self.error(404, message="resource not found"))

    def _shown(self, row: dict[str, Any], wanted: str | list[str]) -> dict[str, Any]:
        names = wanted.split(",") if isinstance(wanted, str) else wanted
        names = [name for name in names if name in PROPERTIES] or list(PROPERTIES[:3])
        shown = {name: row["properties"].get(name) for name in (*names, *_ALWAYS)}
        properties = row["properties"]
        times = {"createdAt": properties["createdate"], "updatedAt": properties["lastmodifieddate"]}
        return {"id": row["id"], "properties": shown, "archived": row["archived"]} | times

    def _search(self, call: Call) -> Reply:
        only = ("filterGroups", "limit", "after", "properties", "sorts", "query")
        body = json_object(call, self.error(400, message="Invalid input JSON"), only=only)
        limit, after = body.get("limit", 10), str(body.get("after", "0"))
        need(isinstance(limit, int) and 1 <= limit <= _MOST, self.error(400, message="limit is 1 to 200"))
        need(after.isdecimal(), self.error(400, message="after is not a cursor"))
        groups = body.get("filterGroups", [])
        need(isinstance(groups, list) and len(groups) <= 5, self.error(400, message="too many filterGroups"))
        rows = [row for row in self._living() if not groups or any(self._fits(row, group) for group in groups)]
        begin = int(after)
        page = [self._shown(row, body.get("properties", [])) for row in rows[begin : begin + limit]]
        answer: dict[str, Any] = {"total": len(rows), "results": page}
        if begin + limit < len(rows):
            answer["paging"] = {"next": {"after": str(begin + limit), "link": "?after=" + str(begin + limit)}}
        return Reply(answer)

    def _fits(self, row: dict[str, Any], group: Any) -> bool:
        filters = group.get("filters") if isinstance(group, dict) else None
        need(
            isinstance(filters, list) and 1 <= len(filters) <= 6, self.error(400, message="a group has 1 to 6 filters")
        )
        for one in filters or []:
            need(one.get("propertyName") in PROPERTIES, self.error(400, message="There was a problem with the filters"))
            need(one.get("operator") == "EQ", self.error(400, message="This simulator knows EQ only"))
            held = str(row["properties"].get(one["propertyName"]) or "")
            if held.lower() != str(one.get("value", "")).lower():
                return False
        return True

    def _gdpr_delete(self, call: Call) -> Reply:
        only = ("objectId", "idProperty")
        body = json_object(call, self.error(400, message="Invalid input JSON"), only=only)
        wanted, by = body.get("objectId"), body.get("idProperty")
        need(isinstance(wanted, str) and wanted, self.error(400, message="objectId is required"))
        need(by in (None, "email"), self.error(400, message="idProperty is not a unique property"))
        contacts = self.table("contacts")
        for id, row in contacts.items():
            if row["properties"].get("email") == str(wanted).lower() if by == "email" else id == wanted:
                del contacts[id]
                self.effect("contact.erased", id)
                return Reply(None, 204)
        if by is None:
            return self.error(404, message="resource not found")
        self.table("blocklist")[str(wanted)] = {"since": iso(self.clock.now())}
        self.effect("email.blocklisted", str(wanted))
        return Reply(None, 204)

    def _batch_read(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="Invalid input JSON"))
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not 1 <= len(inputs) <= 100:
            return self.error(400, message="1 to 100 inputs")
        living = {row["id"]: row for row in self._living()}
        found = [living[one["id"]] for one in inputs if one.get("id") in living]
        missing = [one["id"] for one in inputs if one.get("id") not in living]
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "results": [self._shown(r, body.get("properties", [])) for r in found],
        }
        if not missing:
            return Reply(answer)
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some contacts"}
        return Reply(answer | {"numErrors": 1, "errors": [error | {"context": {"ids": missing}}]}, 207)

    def _update(self, call: Call) -> Reply:
        row = self._contact(call)
        properties = json_object(call, self.error(400, message="Invalid input JSON"), only=("properties",)).get(
            "properties"
        )
        if not isinstance(properties, dict) or not properties:
            return self.error(400, message="properties is required")
        if unknown := set(properties) - _WRITABLE:
            return self.error(
                400, message=f"Property values were not valid: {len(unknown)} do not exist or are read only"
            )
        row["properties"] |= {name: str(value) for name, value in properties.items()}
        row["properties"]["lastmodifieddate"] = iso(self.clock.now())
        self.effect("contact.updated", row["id"], fields=sorted(properties))
        return Reply(self._shown(row, sorted(properties)))

    def _archive(self, call: Call) -> Reply:
        """Only put away: it can be restored, and is no erasure."""
        row = self._contact(call)
        row["archived"] = True
        self.effect("contact.archived", row["id"])
        return Reply(None, 204)

    def _unsubscribe(self, call: Call) -> Reply:
        need(call.arg("channel") == "EMAIL", self.error(400, message="channel is required"))
        email = call.params["email"].lower()
        need("@" in email, self.error(400, message="not an e-mail address"))
        self.table("unsubscribed")[email] = {"at": iso(self.clock.now())}
        self.effect("email.unsubscribed", email)
        return Reply({"status": "COMPLETE", "results": [{"subscriberIdString": email, "channel": "EMAIL"}]})
