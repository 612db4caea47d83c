"""
Zendesk's Support API as documented: users, their tickets, and the two steps of deleting either.

What a client must live with: the search looks everywhere in a user, so a hit is not yet the person; DELETE only puts
a user out of use, and only a second DELETE under ``deleted_users`` removes the data, at most 700 in ten minutes, in
the background (``compliance_deletion_statuses`` tells); a closed ticket lives on without its requester.

unverified: the answer to a permanent deletion before the first (404 here); that a user with open tickets is refused
(422 here); the answer to a ticket's permanent deletion (200 and a job here); how long the background work takes (an
hour here).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, Window, iso, json_object, need
from sandbox.vendors._people import basic, e164, hex_of, is_customer, number_of

EMAIL, TOKEN = "dpo@alarm.example.org", "sandbox-zendesk-token"
_USERS_A_PAGE = 100
TAKES = timedelta(hours=1)


class Zendesk(Vendor):
    """One account: ``users`` (``deleted``: None, "soft" or "hard") and ``tickets`` by id."""

    name = "zendesk"
    settings_at_first: Mapping[str, Any] = {"busy": False, "before_soft": 404}

    def __init__(self, **how: Any) -> None:
        self.window = Window(700, 600)
        super().__init__(**how)

    def routes(self) -> dict[str, Handler]:
        return {
            "GET /api/v2/users/search.json": self._search,
            "GET /api/v2/users/{id}.json": lambda call: Reply({"user": _shown(self._user(call))}),
            "PUT /api/v2/users/{id}.json": self._update,
            "DELETE /api/v2/users/{id}.json": self._soft_delete,
            "DELETE /api/v2/deleted_users/{id}.json": self._hard_delete,
            "GET /api/v2/users/{id}/compliance_deletion_statuses.json": self._progress,
            "GET /api/v2/users/{id}/tickets/requested.json": self._tickets,
            "DELETE /api/v2/tickets/{id}.json": self._soft_delete_ticket,
            "DELETE /api/v2/deleted_tickets/{id}.json": self._hard_delete_ticket,
        }

    def authorise(self, call: Call) -> None:
        need(basic(call) == (f"{EMAIL}/token", TOKEN), Reply({"error": "Couldn't authenticate you"}, 401))
        if self.settings["busy"]:
            raise Refused(Reply({"error": "APIRateLimitExceeded"}, 429, {"Retry-After": "37"}))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"error": code or "RecordNotFound", "description": message or "Not found"}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            user = self.user(person.name, person.email, e164(person))
            self.ticket(user, "Larmet piper", status="closed")
            self.ticket(user, "Byta kod", status="closed")

    def user(self, name: str, email: str, phone: str | None = None, *, notes: str = "", role: str = "end-user") -> str:
        users = self.table("users")
        id = number_of(f"user {len(users)}", digits=12)
        row = {"id": int(id), "name": name, "email": email, "phone": phone, "notes": notes, "role": role}
        users[id] = row | {"active": True, "created_at": iso(self.clock.now()), "deleted": None}
        return id

    def ticket(self, user: str, subject: str, *, status: str = "open") -> str:
        tickets = self.table("tickets")
        id = str(1000 + len(tickets))
        row = {"id": int(id), "requester_id": int(user), "subject": subject, "status": status}
        tickets[id] = row | {"description": "Hej, det gäller larmet hemma.", "deleted": None}
        return id

    def _user(self, call: Call, *states: str | None) -> dict[str, Any]:
        row = self.table("users").get(call.params["id"])
        if row is None or row["deleted"] not in (states or (None,)):
            raise Refused(self.error(404))
        return row

    def _search(self, call: Call) -> Reply:
        query, page = call.arg("query").lower(), call.arg("page", "1")
        need(query, self.error(400, "BadRequest", "query is required"))
        need(page.isdecimal() and int(page) >= 1, self.error(400, "BadRequest", "page"))
        rows = [row for row in self.table("users").values() if row["deleted"] is None and _mentions(row, query)]
        begin = (int(page) - 1) * _USERS_A_PAGE
        further = begin + _USERS_A_PAGE < len(rows)
        onwards = f"http://{call.headers['host']}{call.path}?query={query}&page={int(page) + 1}" if further else None
        shown = [_shown(row) for row in rows[begin : begin + _USERS_A_PAGE]]
        return Reply({"users": shown, "count": len(rows), "next_page": onwards, "previous_page": None})

    def _update(self, call: Call) -> Reply:
        row = self._user(call)
        change = json_object(call, self.error(400, "BadRequest", "no JSON"), only=("user",)).get("user")
        if not isinstance(change, dict) or not set(change) <= {"name", "email", "phone", "notes"}:
            return self.error(422, "RecordInvalid", "Record validation errors")
        # A new address is added beside the old one: the first stays the primary one.
        row |= {name: value for name, value in change.items() if name != "email"}
        if "email" in change:
            row.setdefault("further", []).append(change["email"])
        self.effect("user.updated", call.params["id"], fields=sorted(change))
        return Reply({"user": _shown(row)})

    def _soft_delete(self, call: Call) -> Reply:
        row = self._user(call)
        tickets = [t for t in self.table("tickets").values() if t["requester_id"] == row["id"] and not t["deleted"]]
        if any(ticket["status"] != "closed" for ticket in tickets):
            return self.error(422, "RecordInvalid", "The user is requester of tickets that are not closed")
        row |= {"deleted": "soft", "active": False}
        self.effect("user.deleted", call.params["id"])
        return Reply({"user": _shown(row)})

    def _hard_delete(self, call: Call) -> Reply:
        row = self.table("users").get(call.params["id"])
        if row is None or row["deleted"] == "hard":
            return self.error(404)
        if row["deleted"] is None:
            return self.error(self.settings["before_soft"])
        if wait := self.window.take(self.clock.time()):
            return Reply({"error": "TooManyRequests"}, 429, {"Retry-After": str(int(wait) + 1)})
        at = iso(self.clock.now())
        row |= {"deleted": "hard", "name": "Permanently Deleted User", "email": None, "phone": None, "notes": None}
        row |= {"erasure_asked_at": at}
        self.effect("user.erased", call.params["id"])
        return Reply({"deleted_user": _shown(row)})

    def _progress(self, call: Call) -> Reply:
        row = self._user(call, "soft", "hard")
        steps = []
        if row["deleted"] == "hard":
            asked = datetime.fromisoformat(row["erasure_asked_at"])
            common = {"user_id": row["id"], "account_id": 46, "executer_id": 1}
            steps.append(common | {"action": "request_deletion", "application": "all", "created_at": iso(asked)})
            steps.append(common | {"action": "started", "application": "support", "created_at": iso(asked)})
            if self.clock.now() >= asked + TAKES:
                done = {"action": "complete", "application": "support", "created_at": iso(asked + TAKES)}
                steps.append(common | done)
        return Reply({"compliance_deletion_statuses": steps})

    def _tickets(self, call: Call) -> Reply:
        row = self._user(call, None, "soft")
        size, after = call.arg("page[size]", "100"), call.arg("page[after]", "0")
        need(size.isdecimal() and 1 <= int(size) <= 100 and after.isdecimal(), self.error(400, "BadRequest", "page"))
        rows = [t for t in self.table("tickets").values() if t["requester_id"] == row["id"] and not t["deleted"]]
        end = int(after) + int(size)
        further = end < len(rows)
        onwards = f"http://{call.headers['host']}{call.path}?page%5Bsize%5D={size}&page%5Bafter%5D={end}"
        meta = {"has_more": further, "after_cursor": str(end) if further else None}
        shown = [{key: value for key, value in one.items() if key != "deleted"} for one in rows[int(after) : end]]
        return Reply({"tickets": shown, "meta": meta, "links": {"next": onwards if further else None, "prev": None}})

    def _soft_delete_ticket(self, call: Call) -> Reply:
        row = self.table("tickets").get(call.params["id"])
        if row is None or row["deleted"]:
            return self.error(404)
        row["deleted"] = "soft"
        self.effect("ticket.deleted", call.params["id"])
        return Reply(None, 204)

    def _hard_delete_ticket(self, call: Call) -> Reply:
        row = self.table("tickets").get(call.params["id"])
        if row is None or row["deleted"] != "soft":
            return self.error(404)
        row |= {"deleted": "hard", "subject": "SCRUBBED", "description": "SCRUBBED"}
        self.effect("ticket.erased", call.params["id"])
        return Reply({"job_status": {"id": hex_of(call.params["id"]), "status": "queued", "progress": None}})


def _mentions(row: dict[str, Any], query: str) -> bool:
    return any(query in str(row[name] or "").lower() for name in ("email", "name", "phone", "notes"))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("deleted", "erasure_asked_at", "further")}
