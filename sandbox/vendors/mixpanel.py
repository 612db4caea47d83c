"""
Mixpanel's GDPR API (v3.0) as documented: deletions and retrievals of distinct ids.

What a client must live with: the project stands in ``?token=`` while a bearer token says who asks; nobody can be looked
up, every id is taken; a task passes through PENDING, STAGING and STARTED to SUCCESS or FAILURE over days; a deletion
can be taken back until it starts; a retrieval ends with a link to a file on another host.

Not simulated: the callbacks in the OpenDSR manner that ``status_callback_urls`` would bring. A task is asked after.

unverified: how long each state lasts (hours here); the file's shape (JSON lines here); whether the address ends with a
slash (both are taken); that an unknown id ends as SUCCESS.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, iso, json_object, need
from sandbox.vendors._people import bearer, hex_of, is_customer

PROJECT, TOKEN = "0123456789abcdef0123456789abcdef", "gdpr-oauth-token"
_KINDS = {"data-deletions": "deletions", "data-retrievals": "retrievals"}
_WALK = ((timedelta(hours=1), "PENDING"), (timedelta(hours=6), "STAGING"), (timedelta(days=3), "STARTED"))
_MOST_IDS = 2000


class Mixpanel(Vendor):
    """One project: ``users`` by distinct id, ``deletions`` and ``retrievals`` by task id."""

    name = "mixpanel"
    settings_at_first: Mapping[str, Any] = {"busy": False, "ends": "SUCCESS"}
    public = ("GET /files/{name}",)

    def routes(self) -> dict[str, Handler]:
        found: dict[str, Handler] = {"GET /files/{name}": self._file}
        for kind in _KINDS:
            root = f"/api/app/{kind}/v3.0"
            found[f"POST {root}"] = found[f"POST {root}/"] = self._create
            found[f"GET {root}/{{id}}"] = self._show
        found["DELETE /api/app/data-deletions/v3.0/{id}"] = self._cancel
        return found

    def authorise(self, call: Call) -> None:
        need(bearer(call) == TOKEN, self.error(401, message="Invalid OAuth token"))
        need(call.arg("token") == PROJECT, self.error(403, message="You do not have permission to this project"))
        need(not self.settings["busy"], self.error(429, message="Rate limit exceeded"))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"error": message or "Bad request", "status": "error"}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            self.table("users")[str(person.customer_number)] = {"$email": person.email, "events": 7}

    def _shelf(self, call: Call) -> dict[str, dict[str, Any]]:
        return self.table(_KINDS[call.path.split("/")[3]])

    def _create(self, call: Call) -> Reply:
        only = ("distinct_ids", "compliance_type", "disclosure_type", "subject_request_id", "status_callback_urls")
        body = json_object(call, self.error(400, message="Invalid JSON"), only=only)
        ids = body.get("distinct_ids")
        sound = isinstance(ids, list) and 1 <= len(ids) <= _MOST_IDS and all(isinstance(id, str) and id for id in ids)
        need(sound, self.error(400, message="distinct_ids: 1 to 2000 texts"))
        need(str(body.get("compliance_type", "GDPR")).upper() in ("GDPR", "CCPA"), self.error(400))
        need(("status_callback_urls" in body) <= ("subject_request_id" in body), self.error(400))
        shelf = self._shelf(call)
        task = hex_of(f"{call.path} {len(shelf)}") + "-17"
        shelf[task] = {"ids": ids, "at": iso(self.clock.now()), "ends": self.settings["ends"], "revoked": False}
        shelf[task]["callbacks"] = body.get("status_callback_urls", [])
        self.effect(call.path.split("/")[3], task, ids=ids)
        return Reply({"status": "ok", "results": {"task_id": task}}, 201)

    def _status(self, row: dict[str, Any]) -> str:
        if row["revoked"]:
            return "REVOKED"
        age = self.clock.now() - datetime.fromisoformat(row["at"])
        ends: str = row["ends"]
        return next((state for until, state in _WALK if age < until), ends)

    def _row(self, call: Call) -> dict[str, Any]:
        row = self._shelf(call).get(call.params["id"])
        if row is None:
            body = {"status": "ok", "results": {"status": "NOT_FOUND", "result": "", "distinct_ids": []}}
            raise Refused(Reply(body))
        return row

    def _show(self, call: Call) -> Reply:
        row = self._row(call)
        status = self._status(row)
        results: dict[str, Any] = {"status": status, "distinct_ids": row["ids"]}
        if "retrievals" in call.path:
            done = status == "SUCCESS"
            results["results"] = f"http://{call.headers['host']}/files/{call.params['id']}" if done else ""
        elif status == "SUCCESS":
            for user in row["ids"]:
                if self.table("users").pop(user, None) is not None:
                    self.effect("user.deleted", user)
        return Reply({"status": "ok", "results": results})

    def _cancel(self, call: Call) -> Reply:
        row = self._row(call)
        need(self._status(row) in ("PENDING", "STAGING"), self.error(400, message="The task has started"))
        row["revoked"] = True
        self.effect("deletion.revoked", call.params["id"])
        return Reply(None, 204)

    def _file(self, call: Call) -> Reply:
        row = self.table("retrievals").get(call.params["name"])
        if row is None:
            return self.error(404, message="Not found")
        users = self.table("users")
        rows = [{"distinct_id": user} | users[user] for user in row["ids"] if user in users]
        text = "".join(json.dumps(one) + "\n" for one in rows)
        return Reply(text.encode(), 200, {}, "application/octet-stream")
