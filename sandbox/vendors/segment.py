"""
Segment's Public API for regulations as documented: what is done about a user, here and at the destinations.

What a client must live with: nobody can be looked up, every id is taken; the answer is only a ``regulateId``, and up
to thirty days pass; ``SUPPRESS_ONLY`` holds a user back and ``UNSUPPRESS`` lets them in again; **the overall status may
be FAILED although Segment's own part went well**, because one destination said no.

unverified: the host of a region; how Segment's own part is named among the destinations ("segment" here); that a
user's suppression holds from the moment it is asked for.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, DayQuota, Handler, Refused, Reply, Vendor, iso, need
from sandbox.vendors._people import bearer, hex_of, is_customer

TOKEN = "sgp_sandbox"  # noqa: S105
TYPES = ("SUPPRESS_ONLY", "UNSUPPRESS", "DELETE_ONLY", "SUPPRESS_WITH_DELETE")
_INTERNAL = ("DELETE_INTERNAL", "SUPPRESS_WITH_DELETE_INTERNAL")
BEGINS, TAKES = timedelta(hours=1), timedelta(days=10)
_MOST_IDS = 5000


class Segment(Vendor):
    """One workspace: ``users`` and ``suppressed`` by user id, ``regulations`` by theirs."""

    name = "segment"
    #: ends: how the next regulations end. destination: what the destination then says.
    settings_at_first: Mapping[str, Any] = {
        "busy": False,
        "ends": "FINISHED",
        "internal": "FINISHED",
        "destination": "FINISHED",
    }

    def __init__(self, **how: Any) -> None:
        self.quota = DayQuota(110_000)
        super().__init__(**how)

    def routes(self) -> dict[str, Handler]:
        return {"POST /regulations": self._create, "GET /regulations/{id}": self._show}

    def authorise(self, call: Call) -> None:
        need(bearer(call) == TOKEN, self.error(401, "unauthorized", "Unauthorized"))
        if self.settings["busy"]:
            raise Refused(self.error(429, "too-many-requests", "Too many requests"))

    def error(self, status: int, code: str = "", message: str = "", field: str = "") -> Reply:
        kind = code or {404: "not-found", 405: "method-not-allowed"}.get(status, "validation")
        one = {"type": kind, "message": message or kind, "status": status} | ({"field": field} if field else {})
        return Reply({"errors": [one]}, status, {"Retry-After": "5"} if status == 429 else {})

    def fill(self, person: Person) -> None:
        if is_customer(person):
            self.table("users")[str(person.customer_number)] = {"events": 12}

    def _create(self, call: Call) -> Reply:
        good_type = call.media_type in ("application/json", "application/vnd.segment.v1+json")
        need(good_type, self.error(415, "unsupported-media-type"))
        try:
            body = json.loads(call.body)
        except ValueError:
            return self.error(400, "bad-request", "The body is no JSON")
        known = {"regulationType", "subjectType", "subjectIds"}
        need(isinstance(body, dict) and set(body) == known, self.error(400, message="Missing or unknown field"))
        need(body["regulationType"] in TYPES + _INTERNAL, self.error(422, message="bad type", field="regulationType"))
        need(body["subjectType"] in ("USER_ID", "ANONYMOUS_ID"), self.error(422, message="bad", field="subjectType"))
        ids = body["subjectIds"]
        sound = isinstance(ids, list) and 1 <= len(ids) <= _MOST_IDS and all(isinstance(id, str) and id for id in ids)
        need(sound, self.error(422, message="1 to 5000 ids", field="subjectIds"))
        need(self.quota.take(self.clock.today()[:7], len(ids)), self.error(429, "limit", "Monthly limit"))
        regulations = self.table("regulations")
        id = "rgl_" + hex_of(f"regulation {len(regulations)}", length=20)
        now = iso(self.clock.now())
        ends = {name: self.settings[name] for name in ("ends", "internal", "destination")}
        regulations[id] = {"type": body["regulationType"], "ids": ids, "at": now, "done": False} | ends
        for user in ids:
            if body["regulationType"].startswith("SUPPRESS"):
                self.table("suppressed")[user] = {"since": now}
            elif body["regulationType"] == "UNSUPPRESS":
                self.table("suppressed").pop(user, None)
            self.effect(body["regulationType"], user, regulation=id)
        return Reply({"data": {"regulateId": id}})

    def _show(self, call: Call) -> Reply:
        row = self.table("regulations").get(call.params["id"])
        if row is None:
            return self.error(404, message="The regulation was not found")
        asked = datetime.fromisoformat(row["at"])
        age = self.clock.now() - asked
        if age < TAKES:
            status = internal = destination = "INITIALIZED" if age < BEGINS else "RUNNING"
            finished = None
        else:
            status, internal, destination = row["ends"], row["internal"], row["destination"]
            finished = iso(asked + TAKES)
            self._carry_out(row)
        parts = [("segment", internal), ("Braze", destination)]
        streams: list[dict[str, Any]] = []
        for name, state in parts:
            error = {"errString": "The destination did not accept the request"} if state == "FAILED" else {}
            one = {"name": name, "id": hex_of(name, length=10), "status": state, "finishedAt": finished}
            streams.append({**one, **error})
        body: dict[str, Any] = {"id": call.params["id"], "workspaceId": "ws_sandbox", "overallStatus": status}
        body["createdAt"] = row["at"]
        body |= {"finishedAt": finished, "streamStatus": [{"id": "src_site", "destinationStatus": streams}]}
        return Reply({"data": {"regulation": body}})

    def _carry_out(self, row: dict[str, Any]) -> None:
        if row["done"]:
            return
        row["done"] = True
        if "DELETE" in row["type"] and row["internal"] == "FINISHED":
            for user in row["ids"]:
                self.table("users").pop(user, None)
                self.effect("user.deleted", user)
