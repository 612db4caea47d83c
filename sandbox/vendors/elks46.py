"""
46elks' API as documented: the history of calls, texts and picture messages, and the recordings of calls.

What a client must live with: newest first, ``start`` is the *upper* end of the window and ``end`` the lower, at most
100 rows a page, ``next`` only where there is more; calls and picture messages know no filter by number and texts only
one by recipient, so the whole history is read and compared at home. Errors are plain text. A recording is named after
its call and can be fetched for 72 hours.

unverified: that recordings cannot be deleted (no document names a DELETE, so it answers 405); the status of a delete
(204 here); the text and status of errors; whether the times carry an offset (none here).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, need
from sandbox.vendors._people import basic, e164, hex_of, is_customer

USERNAME, PASSWORD = "u0000000000000000000000000000046", "SANDBOX46"
OWN_NUMBER = "+46766860046"
_SHELVES = {"calls": "c", "sms": "s", "mms": "m"}
_MOST = 100
KEPT = timedelta(hours=72)


class Elks46(Vendor):
    """One account: ``calls``, ``sms``, ``mms`` and ``recordings`` by id."""

    name = "elks46"
    settings_at_first: Mapping[str, Any] = {"busy": False}

    def routes(self) -> dict[str, Handler]:
        found: dict[str, Handler] = {}
        for shelf in _SHELVES:
            found[f"GET /a1/{shelf}"] = partial(self._list, shelf=shelf)
            found[f"GET /a1/{shelf}/{{id}}"] = partial(self._show, shelf=shelf)
            found[f"DELETE /a1/{shelf}/{{id}}"] = partial(self._delete, shelf=shelf)
        found["GET /a1/recordings"] = partial(self._list, shelf="recordings")
        found["GET /a1/recordings/{id}.wav"] = self._wav
        found["GET /a1/recordings/{id}"] = partial(self._show, shelf="recordings")
        return found

    def authorise(self, call: Call) -> None:
        need(basic(call) == (USERNAME, PASSWORD), self.error(401, message="API access requires Basic authentication"))
        need(not self.settings["busy"], self.error(429, message="Too many requests"))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        text = message or {404: "Not found", 405: "Method not allowed"}.get(status, "Bad request")
        return Reply(f'"{text}"'.encode(), status, {}, "text/plain")

    def fill(self, person: Person) -> None:
        """A customer has rung (recorded) and been rung, and had a text each way and a picture."""
        if is_customer(person):
            number = e164(person)
            self.happen("calls", number, OWN_NUMBER, recorded=True)
            self.happen("calls", OWN_NUMBER, number)
            self.happen("sms", OWN_NUMBER, number)
            self.happen("sms", number, OWN_NUMBER)
            self.happen("mms", OWN_NUMBER, number)

    def happen(self, shelf: str, origin: str, to: str, *, recorded: bool = False, state: str = "success") -> str:
        """A call or message between two numbers; return its id. Each is a minute younger than the one before."""
        rows = self.table(shelf)
        id = _SHELVES[shelf] + hex_of(f"{shelf} {len(rows)} {origin} {to}")
        created = _text(self.clock.now() - timedelta(days=9) + timedelta(minutes=len(rows)))
        direction = "incoming" if to == OWN_NUMBER else "outgoing"
        rows[id] = {"id": id, "from": origin, "to": to, "direction": direction, "created": created, "cost": 3500}
        if shelf == "calls":
            legs = [{"from": origin, "to": to, "state": state, "duration": 17}]
            rows[id] |= {"state": state, "duration": 17, "owner": USERNAME, "actions": [], "legs": legs}
        else:
            rows[id] |= {"message": "Larmet är åter i drift."} | ({"status": "delivered"} if shelf == "sms" else {})
        if recorded:
            made = _text(self.clock.now() - timedelta(hours=1))
            recording = {"id": f"{id}-r0", "duration": 17, "created": made}
            self.table("recordings")[f"{id}-r0"] = recording
        return id

    def held_about(self, number: str) -> list[str]:
        """Ids of all calls and messages to or from the number."""
        rows = [row for shelf in _SHELVES for row in self.table(shelf).values()]
        return [row["id"] for row in rows if number in (row["from"], row["to"])]

    def _kept(self, shelf: str) -> list[dict[str, Any]]:
        rows = list(self.table(shelf).values())
        if shelf == "recordings":
            oldest = _text(self.clock.now() - KEPT)
            rows = [row for row in rows if row["created"] > oldest]
        return rows

    def _list(self, call: Call, shelf: str) -> Reply:
        known = {"start", "end", "limit"} | ({"to"} if shelf == "sms" else set())
        asked = dict(call.query)
        need(set(asked) <= known, self.error(400, message="Unknown parameter"))
        limit = asked.get("limit", str(_MOST))
        need(limit.isdecimal() and 1 <= int(limit) <= _MOST, self.error(400, message="limit is 1 to 100"))
        start, end = (self._moment(asked.get(name)) for name in ("start", "end"))
        rows = sorted(self._kept(shelf), key=lambda row: row["created"], reverse=True)
        rows = [row for row in rows if (not start or row["created"] < start) and (not end or row["created"] > end)]
        if "to" in asked:
            rows = [row for row in rows if row["to"] == asked["to"]]
        page = rows[: int(limit)]
        body: dict[str, Any] = {"data": page}
        if len(rows) > len(page):
            body["next"] = page[-1]["created"]
        return Reply(body)

    def _moment(self, text: str | None) -> str:
        if not text:
            return ""
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            raise Refused(self.error(400, message="start and end are timestamps")) from None
        need(read.tzinfo is None, self.error(400, message="start and end are timestamps"))
        return _text(read)

    def _show(self, call: Call, shelf: str) -> Reply:
        return Reply(self._row(call, shelf))

    def _row(self, call: Call, shelf: str) -> dict[str, Any]:
        found = next((row for row in self._kept(shelf) if row["id"] == call.params["id"]), None)
        if found is None:
            raise Refused(self.error(404))
        return found

    def _delete(self, call: Call, shelf: str) -> Reply:
        row = self._row(call, shelf)
        need(row.get("state") != "ongoing", self.error(403, message="The call is ongoing"))
        del self.table(shelf)[row["id"]]
        self.effect(f"{shelf}.deleted", row["id"])
        return Reply(None, 204)

    def _wav(self, call: Call) -> Reply:
        row = self._row(call, "recordings")
        return Reply(b"RIFF" + row["id"].encode(), 200, {}, "audio/wav")


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")
