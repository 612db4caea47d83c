"""
Braze's REST API for user data as documented.

What a client must live with: a deletion takes *exactly one* kind of id and answers how many were queued, not deleted;
events stay in sums; a 429 names the second since 1970 at which there is room again and **no** ``Retry-After``;
``/users/track`` makes a profile of whoever is not known unless one asks it not to.

unverified: subscription groups (from others' clients); the status of a success (201 for deletions and tracking, as
others report); unsubscribing by ``/users/track``; how long a deletion takes (an hour here).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, Window, iso, json_object, need
from sandbox.vendors._people import bearer, e164, first_and_last, hex_of, is_customer

KEY = "00000000-0000-4000-8000-0000000braze"
_KINDS = ("external_ids", "user_aliases", "braze_ids", "email_addresses", "phone_numbers")
_EXPORT_BY = ("external_ids", "user_aliases", "device_id", "braze_id", "email_address", "phone")
TAKES = timedelta(hours=1)
_FIELDS = ("external_id", "braze_id", "first_name", "last_name", "email", "phone", "email_subscribe", "created_at")


class Braze(Vendor):
    """One workspace: ``users`` by Braze's own id."""

    name = "braze"
    settings_at_first: Mapping[str, Any] = {"full": False}

    def __init__(self, **how: Any) -> None:
        self.exports = Window(250, 60)
        super().__init__(**how)

    def routes(self) -> dict[str, Handler]:
        return {
            "POST /users/delete": self._delete,
            "POST /users/export/ids": self._export,
            "POST /users/track": self._track,
            "POST /subscription/status/set": self._subscribe,
        }

    def authorise(self, call: Call) -> None:
        need(bearer(call) == KEY, self.error(401, message="Invalid API key"))
        wait = 42.0 if self.settings["full"] else 0.0
        if not wait and call.path == "/users/export/ids":
            wait = self.exports.take(self.clock.time())
        if wait:
            headers = {"X-RateLimit-Limit": "250", "X-RateLimit-Remaining": "0"}
            headers["X-RateLimit-Reset"] = str(int(self.clock.time() + wait) + 1)
            raise Refused(Reply({"message": "Rate limit exceeded"}, 429, headers))
        self._purge()

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"message": message or {404: "Not found"}.get(status, "Bad request")}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            first, last = first_and_last(person)
            self.user(str(person.customer_number), person.email, e164(person), first_name=first, last_name=last)

    def user(self, external: str | None, email: str, phone: str | None = None, **more: str) -> str:
        users = self.table("users")
        id = hex_of(f"user {len(users)}", length=24)
        row = {"braze_id": id, "external_id": external, "email": email, "phone": phone, "email_subscribe": "subscribed"}
        users[id] = row | more | {"created_at": iso(self.clock.now()), "gone_at": None}
        return id

    def _living(self) -> list[dict[str, Any]]:
        return [row for row in self.table("users").values() if row["gone_at"] is None]

    def _purge(self) -> None:
        users = self.table("users")
        for id in [id for id, row in users.items() if row["gone_at"]]:
            if self.clock.now() >= datetime.fromisoformat(users[id]["gone_at"]):
                del users[id]
                self.effect("user.deleted", id)

    def _delete(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="Invalid body"), only=_KINDS)
        need(len(body) == 1, self.error(400, message="Exactly one of " + ", ".join(_KINDS)))
        kind, ids = next(iter(body.items()))
        need(isinstance(ids, list) and 1 <= len(ids) <= 50, self.error(400, message="1 to 50 ids"))
        if kind == "email_addresses":
            need(all(isinstance(one, dict) and "email" in one for one in ids), self.error(400, message="objects"))
            ids = [one["email"] for one in ids]
        name = {"external_ids": "external_id", "braze_ids": "braze_id", "email_addresses": "email"}.get(kind, "phone")
        found = [row for row in self._living() if row[name] in ids]
        for row in found:
            row["gone_at"] = iso(self.clock.now() + TAKES)
            self.effect("user.queued", row["braze_id"])
        return Reply({"deleted": len(found), "message": "success"}, 201)

    def _export(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="Invalid body"), only=(*_EXPORT_BY, "fields_to_export"))
        fields = body.pop("fields_to_export", None)
        need(isinstance(fields, list) and fields, self.error(400, message="fields_to_export is required"))
        need(len(body) == 1, self.error(400, message="Exactly one kind of identifier"))
        kind, wanted = next(iter(body.items()))
        if kind == "external_ids":
            need(isinstance(wanted, list) and 1 <= len(wanted) <= 50, self.error(400, message="1 to 50 ids"))
            name = "external_id"
        else:
            need(isinstance(wanted, str) and wanted, self.error(400, message="one value"))
            name, wanted = {"braze_id": "braze_id", "email_address": "email"}.get(kind, "phone"), [wanted]
        rows = [row for row in self._living() if row[name] in wanted]
        shown = [{field: row.get(field) for field in _FIELDS if field in (fields or [])} for row in rows]
        missing = [one for one in wanted if one not in {row[name] for row in rows}]
        more = {"invalid_user_ids": missing} if missing and kind == "external_ids" else {}
        return Reply({"message": "success", "users": shown} | more)

    def _track(self, call: Call) -> Reply:
        only = ("attributes", "events", "purchases")
        body = json_object(call, self.error(400, message="Invalid body"), only=only)
        rows = body.get("attributes")
        if not isinstance(rows, list) or not 1 <= len(rows) <= 75:
            return self.error(400, message="1 to 75 attributes")
        for given in rows:
            by = next((name for name in ("braze_id", "external_id", "email") if name in given), None)
            need(by, self.error(400, message="An id is required"))
            found = next((row for row in self._living() if row[by or ""] == given[by or ""]), None)
            if found is None and given.get("_update_existing_only") in (True, "true"):
                continue
            if found is None:
                id = self.user(given.get("external_id"), given.get("email", ""))
                self.effect("user.made", id)
                found = self.table("users")[id]
            changed = {name: value for name, value in given.items() if name in _FIELDS and name not in ("braze_id",)}
            found |= changed
            self.effect("user.updated", found["braze_id"], fields=sorted(set(changed) - {by}))
        return Reply({"message": "success", "attributes_processed": len(rows)}, 201)

    def _subscribe(self, call: Call) -> Reply:
        """Who is in a subscription group: by customer id or by telephone, never both."""
        only = ("subscription_group_id", "subscription_state", "external_id", "phone")
        body = json_object(call, self.error(400, message="Invalid body"), only=only)
        need(body.get("subscription_state") in ("subscribed", "unsubscribed"), self.error(400, message="state"))
        ids = body.get("external_id") or body.get("phone")
        if not isinstance(ids, list) or ("external_id" in body) == ("phone" in body):
            return self.error(400, message="external_id or phone, as a list")
        for id in ids:
            self.table("groups")[f"{body.get('subscription_group_id')}/{id}"] = {"state": body["subscription_state"]}
            self.effect("group." + body["subscription_state"], str(id), group=body.get("subscription_group_id"))
        return Reply({"message": "success"}, 201)
