"""
Twilio's 2010 API as documented: calls, recordings and messages of one account.

What a client must live with: HTTP Basic with the account's own SID, lists that page by a relative
``next_page_uri``, numbers that only match with their plus sign (``%2B`` in a query), recordings that hang on a call and
outlive it, deletes that answer 204 with no body, and 20009 for what is not complete yet. Forms, never JSON.

unverified: the exact error body of this API; the status that goes with 20009 (409 here); how long a recording's media
outlives it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, need
from sandbox.vendors._people import basic, e164, hex_of, is_customer

ACCOUNT = "AC00000000000000000000000000000017"
TOKEN = "sandbox-auth-token"  # noqa: S105
OWN_NUMBER = "+46313900600"
_ROOT = "/2010-04-01/Accounts/{account}"
_COMPLETE = {"completed", "busy", "failed", "no-answer", "canceled", "delivered", "undelivered", "received", "sent"}
_FILTERS = {"calls": {"To": "to", "From": "from"}, "messages": {"To": "to", "From": "from"}}
_FILTERS_OF_RECORDINGS = {"CallSid": "call_sid"}
_LARGEST_PAGE = 1000


class Twilio(Vendor):
    """One account: ``calls``, ``messages`` and ``recordings`` by SID."""

    name = "twilio"
    settings_at_first: Mapping[str, Any] = {"busy": False}  #: busy: every call is one too many

    def routes(self) -> dict[str, Handler]:
        found: dict[str, Handler] = {}
        for title in ("Calls", "Messages", "Recordings"):
            shelf = title.lower()
            found[f"GET {_ROOT}/{title}.json"] = partial(self._list, shelf=shelf)
            found[f"GET {_ROOT}/{title}/{{sid}}.json"] = partial(self._show, shelf=shelf)
            found[f"DELETE {_ROOT}/{title}/{{sid}}.json"] = partial(self._delete, shelf=shelf)
        found[f"POST {_ROOT}/Messages/{{sid}}.json"] = self._redact
        return found

    def authorise(self, call: Call) -> None:
        need(basic(call) == (ACCOUNT, TOKEN), self.error(401, "20003", "Authenticate"))
        need(call.params["account"] == ACCOUNT, self.error(404))
        # A call that was one too many was never begun: it may be made again.
        need(not self.settings["busy"], self.error(429, "20429", "Too Many Requests"))

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        number = int(code or {404: 20404, 405: 20004}.get(status, 20001))
        info = f"https://www.twilio.com/docs/errors/{number}"
        message = message or "The requested resource was not found"
        return Reply({"code": number, "message": message, "more_info": info, "status": status}, status)

    def fill(self, person: Person) -> None:
        """A customer has rung and been rung, with one recording each way, and had a message each way."""
        if is_customer(person):
            number = e164(person)
            self.ring(number, OWN_NUMBER, recordings=1)
            self.ring(OWN_NUMBER, number, recordings=1)
            self.text(OWN_NUMBER, number)
            self.text(number, OWN_NUMBER)

    # ---- what the account lived through

    def ring(self, origin: str, to: str, *, status: str = "completed", recordings: int = 0) -> str:
        """A call between two numbers with that many recordings; return its SID."""
        calls = self.table("calls")
        sid = "CA" + hex_of(f"call {len(calls)} {origin} {to}")
        calls[sid] = {"sid": sid, "from": origin, "to": to, "status": status, "duration": "41"} | self._dated()
        for number in range(recordings):
            recording = "RE" + hex_of(f"{sid} {number}")
            media = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}"
            row = {"sid": recording, "call_sid": sid, "duration": "41", "media_url": media} | self._dated()
            self.table("recordings")[recording] = row
        return sid

    def text(self, origin: str, to: str, *, status: str = "delivered") -> str:
        """A message between two numbers; return its SID."""
        messages = self.table("messages")
        sid = "SM" + hex_of(f"message {len(messages)} {origin} {to}")
        body = "Larmet är åter i drift."
        messages[sid] = {
            "sid": sid,
            "from": origin,
            "to": to,
            "body": body,
            "status": status,
            "num_segments": "1",
        } | self._dated()
        return sid

    def held_about(self, number: str) -> dict[str, list[str]]:
        """What is left of a number: SIDs by shelf; a recording counts where its call once was the number's."""
        return {
            shelf: [sid for sid, row in self.table(shelf).items() if number in (row["from"], row["to"])]
            for shelf in ("calls", "messages")
        }

    def _dated(self) -> dict[str, str]:
        stamp = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S +0000")
        return {"account_sid": ACCOUNT, "date_created": stamp, "date_updated": stamp, "api_version": "2010-04-01"}

    # ---- what it answers

    def _list(self, call: Call, shelf: str) -> Reply:
        asked = dict(call.query)
        filters = _FILTERS.get(shelf, _FILTERS_OF_RECORDINGS)
        rows = [
            row
            for row in reversed(self.table(shelf).values())
            if all(row[key] == asked[name] for name, key in filters.items() if name in asked)
        ]
        size, page = asked.get("PageSize", "50"), asked.get("Page", "0")
        sound = size.isdecimal() and 1 <= int(size) <= _LARGEST_PAGE and page.isdecimal()
        need(sound, self.error(400, "20001", "PageSize must be between 1 and 1000"))
        begin, end = int(page) * int(size), (int(page) + 1) * int(size)
        # A page beyond the first is only reached by the address the page before it gave.
        need(not begin or asked.get("PageToken") == _token(begin), self.error(400, "20007", "Page out of range"))
        onwards = asked | {"Page": str(int(page) + 1), "PageSize": size, "PageToken": _token(end)}
        return Reply(
            {
                shelf: rows[begin:end],
                "page": int(page),
                "page_size": int(size),
                "uri": f"{call.path}?{urlencode(asked)}",
                "next_page_uri": f"{call.path}?{urlencode(onwards)}" if end < len(rows) else None,
            }
        )

    def _show(self, call: Call, shelf: str) -> Reply:
        return Reply(self._row(call, shelf))

    def _row(self, call: Call, shelf: str) -> dict[str, Any]:
        row = self.table(shelf).get(call.params["sid"])
        if row is None:
            raise Refused(self.error(404))
        return row

    def _delete(self, call: Call, shelf: str) -> Reply:
        row = self._row(call, shelf)
        if row.get("status", "completed") not in _COMPLETE:
            return self.error(409, "20009", "Cannot delete this resource before it is complete")
        del self.table(shelf)[row["sid"]]
        self.effect(f"{shelf}.deleted", row["sid"])
        return Reply(None, 204)

    def _redact(self, call: Call) -> Reply:
        """Empty the body of a message; nothing else of it can be changed once it was sent."""
        row = self._row(call, "messages")
        need(call.form == {"Body": ""}, self.error(400, "21604", "Only an empty Body can be given afterwards"))
        need(row["status"] in _COMPLETE, self.error(409, "20009", "Cannot redact this resource before it is complete"))
        row["body"] = ""
        self.effect("messages.redacted", row["sid"])
        return Reply(row)


def _token(begin: int) -> str:
    return "PA" + hex_of(str(begin), length=16)
