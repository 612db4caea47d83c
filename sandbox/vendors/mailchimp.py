"""
Mailchimp's Marketing API 3.0 as documented: audiences ("lists") and their members.

What a client must live with: the host is named by the key's own suffix; a member is found under the MD5 of the
address in lower case, once for each audience; DELETE archives, and only ``actions/delete-permanent`` erases (204 with
no body, also for a member that was archived); errors are problem documents; more than ten calls at once are refused.

unverified: that an address erased for good cannot be put in again by the audience's owner (refused with 400 here);
whether ``search-members`` shows archived members (it does not here).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, iso, json_object, need
from sandbox.vendors._people import basic, bearer, e164, first_and_last, hex_of, is_customer

KEY = "0123456789abcdef0123456789abcdef-us21"
_STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
LISTS = {"a1b2c3d4e5": "Nyhetsbrev", "f6a7b8c9d0": "Driftinformation"}
_MEMBER = "/3.0/lists/{list}/members/{hash}"


class Mailchimp(Vendor):
    """One account: audiences by id, ``members`` by ``<list>/<hash>``, ``forgotten`` likewise."""

    name = "mailchimp"
    settings_at_first: Mapping[str, Any] = {"busy": False, "lists": dict(LISTS)}

    def routes(self) -> dict[str, Handler]:
        return {
            "GET /3.0/ping": lambda call: Reply({"health_status": "Everything's Chimpy!"}),
            "GET /3.0/lists": self._lists,
            "GET /3.0/search-members": self._search,
            "POST /3.0/lists/{list}/members": self._add,
            f"GET {_MEMBER}": lambda call: Reply(_shown(self._member(call))),
            f"PATCH {_MEMBER}": self._update,
            f"DELETE {_MEMBER}": self._archive,
            f"POST {_MEMBER}/actions/delete-permanent": self._erase,
        }

    def authorise(self, call: Call) -> None:
        given = basic(call)
        need((given and given[1] == KEY) or bearer(call) == KEY, self.error(401, "API Key Invalid"))
        need(not self.settings["busy"], self.error(429, "Too Many Requests", "More than 10 connections at once."))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        title = code or {404: "Resource Not Found", 405: "Method Not Allowed"}.get(status, "Invalid Resource")
        kind = "https://mailchimp.com/developer/marketing/docs/errors/"
        body = {"type": kind, "title": title, "status": status, "detail": message or title}
        instance = hex_of(f"{title} {len(self.calls)}", length=8) + "-0000-4000-8000-000000000000"
        return Reply(body | {"instance": instance}, status, {}, "application/problem+json; charset=utf-8")

    def fill(self, person: Person) -> None:
        """A customer reads the newsletter and the notices; who was only recommended, the newsletter."""
        lists = list(LISTS)
        for list_id in lists if is_customer(person) else lists[:1] if "crm" in str(person.known_by) else []:
            first, last = first_and_last(person)
            self.member(list_id, person.email, FNAME=first, LNAME=last, PHONE=e164(person))

    def member(self, list_id: str, email: str, *, status: str = "subscribed", **merge: str) -> str:
        """A member of an audience; return its hash."""
        hashed = subscriber_hash(email)
        row = {
            "id": hashed,
            "web_id": len(self.table("members")) + 1,
            "list_id": list_id,
            "email_address": email,
            "status": status,
            "merge_fields": merge,
        }
        name = f"{merge.get('FNAME', '')} {merge.get('LNAME', '')}".strip()
        self.table("members")[f"{list_id}/{hashed}"] = row | {
            "full_name": name,
            "ip_signup": "198.51.100.7",
            "timestamp_signup": iso(self.clock.now()),
        }
        return hashed

    def held_about(self, email: str) -> list[str]:
        """The audiences that still hold the address, archived or not."""
        return [row["list_id"] for row in self.table("members").values() if row["id"] == subscriber_hash(email)]

    def _member(self, call: Call) -> dict[str, Any]:
        row = self.table("members").get(f"{call.params['list']}/{call.params['hash']}")
        if row is None:
            raise Refused(self.error(404, message="The requested resource could not be found."))
        return row

    def _lists(self, call: Call) -> Reply:
        count, offset = call.arg("count", "10"), call.arg("offset", "0")
        sound = count.isdecimal() and offset.isdecimal() and 1 <= int(count) <= 1000
        need(sound, self.error(400, "Invalid Resource", "count is 1 to 1000"))
        known = self.settings["lists"]
        page = [{"id": id, "name": name} for id, name in known.items()][int(offset) : int(offset) + int(count)]
        return Reply({"lists": page, "total_items": len(known)})

    def _search(self, call: Call) -> Reply:
        query = call.arg("query").lower()
        need(query, self.error(400, "Invalid Resource", "query is required"))
        living = [row for row in self.table("members").values() if row["status"] != "archived"]
        if listed := call.arg("list_id"):
            living = [row for row in living if row["list_id"] == listed]
        exact = [row for row in living if row["email_address"].lower() == query]
        loose = [row for row in living if query in f"{row['email_address']} {row['full_name']}".lower()]
        return Reply(
            {
                "exact_matches": {"members": [_shown(row) for row in exact], "total_items": len(exact)},
                "full_search": {"members": [_shown(row) for row in loose], "total_items": len(loose)},
            }
        )

    def _add(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, "Invalid Resource"))
        need(body.get("status") in _STATUSES and "@" in body.get("email_address", ""), self.error(400))
        key = f"{call.params['list']}/{subscriber_hash(body['email_address'])}"
        need(key not in self.table("members"), self.error(400, "Member Exists"))
        need(key not in self.table("forgotten"), self.error(400, "Forgotten Email Not Subscribed"))
        merge = body.get("merge_fields", {})
        self.member(call.params["list"], body["email_address"], status=body["status"], **merge)
        return Reply(_shown(self.table("members")[key]))

    def _update(self, call: Call) -> Reply:
        row = self._member(call)
        only = ("status", "merge_fields", "email_address")
        body = json_object(call, self.error(400, "JSON Parse Error"), only=only)
        need(body, self.error(400, "Invalid Resource", "Nothing to change"))
        need(body.get("status", "pending") in _STATUSES, self.error(400, "Invalid Resource", "status"))
        row["merge_fields"] |= body.get("merge_fields", {})
        row["status"] = body.get("status", row["status"])
        if (email := body.get("email_address")) is not None:
            need("@" in email, self.error(400, "Invalid Resource", "email_address"))
            members = self.table("members")
            del members[f"{row['list_id']}/{row['id']}"]
            row |= {"email_address": email, "id": subscriber_hash(email)}
            members[f"{row['list_id']}/{row['id']}"] = row
        self.effect("member.updated", f"{row['list_id']}/{row['id']}", fields=sorted(body), status=row["status"])
        return Reply(_shown(row))

    def _archive(self, call: Call) -> Reply:
        """Only put away: all data are still there."""
        row = self._member(call)
        need(row["status"] != "archived", self.error(405, "Method Not Allowed", "This list member cannot be removed."))
        row["status"] = "archived"
        self.effect("member.archived", f"{row['list_id']}/{row['id']}")
        return Reply(None, 204)

    def _erase(self, call: Call) -> Reply:
        row = self._member(call)
        key = f"{row['list_id']}/{row['id']}"
        del self.table("members")[key]
        self.table("forgotten")[key] = {}
        self.effect("member.erased", key)
        return Reply(None, 204)


def subscriber_hash(email: str) -> str:
    """MD5 of the address in lower case: how the vendor names a member, no protection."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return dict(row)
