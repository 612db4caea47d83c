"""
Amplitude's User Privacy API (v1), its Data Subject Access Request API and its search for users, as documented.

What a client must live with: the search finds whoever's id *begins* as asked; ids it does not know are an error unless
one asks it to pass over them; a deletion is gathered into a job of some day ten to thirteen days ahead (``staging``),
is fixed three days before (``submitted``), and ``done`` after; until fixed it can be taken back; the answer is an
object or a list. An access request takes up to three days; its files are gzipped JSON lines behind the same
credentials and a redirect, for two days.

unverified: the second version of the API (another host; not simulated); the name of the switch that passes over
unknown ids (pages disagree on ``ignore_invalid_id`` and ``ignore_invalid_ids``; both are taken); the status of a file
that has expired (410 here).
"""

import gzip
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Reply, Vendor, Window, iso, json_object, need
from sandbox.vendors._people import basic, hex_of, is_customer, number_of

KEY, SECRET = "amp-key", "amp-secret"
_DELETIONS, _DSAR = "/api/2/deletions/users", "/api/2/dsar/requests"
_FIELDS = ("user_ids", "amplitude_ids", "ignore_invalid_id", "ignore_invalid_ids", "delete_from_org", "requester")
AHEAD, FIXED = timedelta(days=11), timedelta(days=3)
READY, EXPIRES = timedelta(days=2), timedelta(days=2)
_BUDGET = 14_400


class Amplitude(Vendor):
    """One project: ``users`` by user id, deletion ``jobs`` by day, access ``requests`` by id."""

    name = "amplitude"
    settings_at_first: Mapping[str, Any] = {"as_list": False, "dsar": "done", "busy": False}

    def __init__(self, **how: Any) -> None:
        self.second = Window(1, 1.0)
        self.spent = 0
        super().__init__(**how)

    def routes(self) -> dict[str, Handler]:
        return {
            "GET /api/2/usersearch": self._search,
            f"POST {_DELETIONS}": self._delete,
            f"GET {_DELETIONS}": self._jobs,
            f"DELETE {_DELETIONS}/{{id}}/{{day}}": self._revoke,
            f"POST {_DSAR}": self._ask,
            f"GET {_DSAR}/{{id}}": self._asked,
            f"GET {_DSAR}/{{id}}/outputs/{{number}}": self._output,
            "GET /files/{name}": self._file,
        }

    public = ("GET /files/{name}",)

    def authorise(self, call: Call) -> None:
        need(basic(call) == (KEY, SECRET), self.error(401, message="Unauthorized"))
        cost = 8 if call.method == "POST" else 1
        if call.path.startswith(_DSAR):
            self.spent += cost
            need(self.spent <= _BUDGET, self.error(429, message="Over the hourly cost"))
        elif self.settings["busy"]:
            need(not self.second.take(self.clock.time()), self.error(429, message="Too many requests"))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"error": {"http_code": status, "type": code or "error", "message": message or "Invalid"}}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            number = str(person.customer_number)
            self.table("users")[number] = {"amplitude_id": int(number_of(number, digits=12)), "email": person.email}

    def _search(self, call: Call) -> Reply:
        """By an id or the *beginning* of one: what comes back need not be who was asked for."""
        asked = call.arg("user")
        need(asked, self.error(400, message="user is required"))
        rows = [
            {"user_id": user, "amplitude_id": row["amplitude_id"]}
            for user, row in self.table("users").items()
            if user.startswith(asked) or str(row["amplitude_id"]) == asked
        ]
        return Reply({"matches": rows, "type": "match_user_or_device_id"})

    # ---- deletions

    def _delete(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, message="invalid request"), only=_FIELDS)
        users, internal = body.get("user_ids", []), body.get("amplitude_ids", [])
        need(isinstance(users, list) and isinstance(internal, list), self.error(400, message="ids are lists"))
        need(1 <= len(users) + len(internal) <= 100, self.error(400, message="1 to 100 ids"))
        lenient = "true" in (str(body.get(name)).lower() for name in ("ignore_invalid_id", "ignore_invalid_ids"))
        known = self.table("users")
        missing = [user for user in users if user not in known]
        need(lenient or not missing, self.error(400, "invalid_id", "invalid user_ids"))
        today = self.clock.now().date()
        day = (today + AHEAD).isoformat()
        found = [known[user]["amplitude_id"] for user in users if user in known] + internal
        rows = [
            {"amplitude_id": id, "requested_on_day": today.isoformat(), "requester": body.get("requester", "")}
            for id in found
        ]
        job = self.table("jobs").setdefault(day, {"day": day, "amplitude_ids": []})
        there = {one["amplitude_id"] for one in job["amplitude_ids"]}
        job["amplitude_ids"] += [row for row in rows if row["amplitude_id"] not in there]
        for id in found:
            self.effect("deletion.asked", str(id))
        answer = {"day": day, "status": "staging", "amplitude_ids": rows}
        return Reply([answer] if self.settings["as_list"] else answer)

    def _status(self, day: str) -> str:
        runs, today = date.fromisoformat(day), self.clock.now().date()
        return "done" if today > runs else "submitted" if today >= runs - FIXED else "staging"

    def _jobs(self, call: Call) -> Reply:
        try:
            begin, end = (date.fromisoformat(call.arg(name)) for name in ("start_day", "end_day"))
        except ValueError:
            return self.error(400, message="start_day and end_day are days")
        need(timedelta() <= end - begin <= timedelta(days=186), self.error(400, message="at most six months"))
        jobs = [job for day, job in self.table("jobs").items() if begin <= date.fromisoformat(day) <= end]
        for job in jobs:
            self._carry_out(job)
        return Reply([job | {"status": self._status(job["day"])} for job in jobs if job["amplitude_ids"]])

    def _carry_out(self, job: dict[str, Any]) -> None:
        if self._status(job["day"]) != "done":
            return
        ids = {one["amplitude_id"] for one in job["amplitude_ids"]}
        users = self.table("users")
        for user in [user for user, row in users.items() if row["amplitude_id"] in ids]:
            del users[user]
            self.effect("user.deleted", user)

    def _revoke(self, call: Call) -> Reply:
        job = self.table("jobs").get(call.params["day"])
        if job is None or not any(str(one["amplitude_id"]) == call.params["id"] for one in job["amplitude_ids"]):
            return self.error(404, message="no such deletion")
        need(self._status(job["day"]) == "staging", self.error(400, message="The job has been submitted"))
        job["amplitude_ids"] = [one for one in job["amplitude_ids"] if str(one["amplitude_id"]) != call.params["id"]]
        self.effect("deletion.revoked", call.params["id"])
        return Reply({"amplitude_id": int(call.params["id"])})

    # ---- access

    def _ask(self, call: Call) -> Reply:
        only = ("userId", "amplitudeId", "startDate", "endDate")
        body = json_object(call, self.error(400, message="invalid request"), only=only)
        need(("userId" in body) != ("amplitudeId" in body), self.error(400, message="userId or amplitudeId"))
        try:
            begin, end = (date.fromisoformat(str(body.get(name))) for name in ("startDate", "endDate"))
        except ValueError:
            return self.error(400, message="startDate and endDate are days")
        need(begin <= end, self.error(400, message="startDate after endDate"))
        requests = self.table("requests")
        id = str(50_000 + len(requests))
        requests[id] = {
            "user": body.get("userId"),
            "at": iso(self.clock.now()),
            "dates": [begin.isoformat(), end.isoformat()],
        }
        return Reply({"requestId": int(id)}, 202)

    def _asked(self, call: Call) -> Reply:
        row = self.table("requests").get(call.params["id"])
        if row is None:
            return self.error(404, message="no such request")
        asked = datetime.fromisoformat(row["at"])
        age = self.clock.now() - asked
        status = "staging" if age < READY / 2 else "submitted" if age < READY else self.settings["dsar"]
        body: dict[str, Any] = {"requestId": int(call.params["id"]), "userId": row["user"], "status": status}
        body |= {"failReason": "internal" if status == "failed" else None, "urls": [], "expires": None}
        if status == "done":
            host = call.headers["host"]
            body["urls"] = [f"http://{host}{_DSAR}/{call.params['id']}/outputs/{number}" for number in range(2)]
            body["expires"] = iso(asked + READY + EXPIRES)
        return Reply(body)

    def _output(self, call: Call) -> Reply:
        row = self.table("requests").get(call.params["id"])
        if row is None:
            return self.error(404, message="no such request")
        over = self.clock.now() > datetime.fromisoformat(row["at"]) + READY + EXPIRES
        need(not over, self.error(410, message="The files have expired"))
        name = f"{call.params['id']}-{call.params['number']}-{hex_of(row['at'], length=16)}"
        return Reply(None, 302, {"Location": f"http://{call.headers['host']}/files/{name}.json.gz"})

    def _file(self, call: Call) -> Reply:
        id, number, signed = call.params["name"].removesuffix(".json.gz").split("-")
        row = self.table("requests").get(id)
        if row is None or signed != hex_of(row["at"], length=16):
            return self.error(403, message="Not signed")
        if row["user"] not in self.table("users"):
            return Reply(gzip.compress(b""), 200, {}, "application/gzip")
        rows = [{"user_id": row["user"], "event_type": f"open_app_{number}", "event_time": row["at"]}]
        text = "".join(json.dumps(one) + "\n" for one in rows)
        return Reply(gzip.compress(text.encode()), 200, {}, "application/gzip")
