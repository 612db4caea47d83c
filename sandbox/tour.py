"""
The tour: one request of every right at every controller, through the public API, until each is closed.

It plays the people: customers who ask, staff who decide and do what only people can do, a second person who approves
and releases, customers who fetch their package. Processors answer by themselves.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.domain.rights import RIGHTS
from sandbox import people
from sandbox.caller import MOVED, Caller, CallFailed
from sandbox.categories import CONTROLLERS
from sandbox.desks import Desks

#: Who asks for what; one person a right, so that an erasure takes nothing from anybody else's answer.
ASKED_BY: dict[str, str] = {
    "access": "anna-lindqvist",
    "portability": "anna-lindqvist",
    "rectification": "karin-ek",
    "erasure": "omar-aziz",
    "restriction": "tove-berg",
    "objection": "leif-strand",
    "marketing_objection": "leif-strand",
    "automated_decision": "anna-lindqvist",
    "consent_withdrawal": "karin-ek",
}
DETAILS: dict[str, dict[str, Any]] = {
    "rectification": {"field": "email", "value": "karin.ek.ny@example.org"},
    "objection": {"purposes": ["profiling"]},
    "automated_decision": {"decision": "credit check"},
}
#: Rights whose person leaves an address: a mail tells them that a letter waits, and the case waits for that mail.
MAILED = frozenset({"access", "erasure"})
#: What staff document a yes with, where the law wants more than the yes.
RECORDS: dict[str, dict[str, Any]] = {
    "restriction": {"ground_18": "a"},
    "automated_decision": {
        "review": {
            "new_decision": "Avtalet beviljas på vanliga villkor.",
            "why": "Kreditupplysningen gällde en annan person med liknande namn.",
        }
    },
}
#: An erasure is granted in part everywhere: the person's contract runs, and where it does not matter (Westila, SOS
#: Alarm) bookkeeping law keeps the invoices. The answer says what is kept, why, and until when.
ERASED_IN_PART = frozenset(CONTROLLERS)
#: What staff write about a task they did by hand.
BY_HAND: dict[str, dict[str, str]] = {
    "completed": {
        "sv": "Gjort för hand och kontrollerat av handläggaren.",
        "en": "Done by hand and checked by the case officer.",
    },
    "not_found": {
        "sv": "Genomsökt för hand av handläggaren.",
        "en": "Searched by hand by the case officer.",
    },
}
#: How long nothing moves before a day passes: what is left then waits for a later instant.
QUIET_SECONDS = 3.0
#: How long none of the requests may close before the tour gives up; a slow machine only takes longer in all.
PATIENCE_SECONDS = 150.0
STOCKHOLM = ZoneInfo("Europe/Stockholm")

#: What a request that is not closed waits for, by where the work lists show it.
WAITS_FOR: dict[str, str] = {
    "awaiting_decision": "a decision",
    "awaiting_approval": "a second person",
    "awaiting_release": "a package's release",
    "letter_waiting": "a letter's posting",
    "recipients_to_tell": "recipients to be told",
    "forwarding_wanted": "being passed on",
    "forwarding_late": "being passed on",
    "cooling_off": "the days in which the person may say no",
}
#: Of those in no work list.
ELSEWHERE = "processors' answers"

Progress = Callable[[int, int, str], None]


class TourFailed(CallFailed):
    """The tour did not end as it must; the text says where."""


def expected_outcomes(controller: str, right: str) -> tuple[str, ...]:
    """
    How a request of the tour may end.

    At Securitas the answer covers what it is the controller of; what it holds for a customer is passed on, and that
    does not make the own part less whole. A copy is given whole or in part: whether rows about others or about the
    home's protection are withheld depends on what the processors hold about the person, and only Insyn's answer says
    so.
    """
    if RIGHTS[right].yields_package:
        return ("granted", "partly_granted")
    return ("partly_granted",) if right == "erasure" and controller in ERASED_IN_PART else ("granted",)


def expected_outcome(controller: str, right: str) -> str:
    """The same in one word for a report."""
    return " or ".join(expected_outcomes(controller, right))


def left_to_staff(plan: Mapping[str, Any], *, contract: str = "active") -> dict[str, Any]:
    """
    What staff add to the proposal of an erasure: what is known of the contract, where no processor told it, and that
    what it leaves to a person is not needed.
    """
    planned = {one["id"]: one["planned"] for step in plan["steps"] for one in step["categories"]}
    asked = {id: one.get("asks", []) for id, one in planned.items() if one["fate"] == "undecided"}
    said: dict[str, Any] = {"facts": {}, "categories": []}
    if any("contract" in asks for asks in asked.values()):
        said["facts"] = {"contract": contract}
    said["categories"] = [
        {"category": each, "verdict": "erase", "ground": "not_necessary", "reason": "Behövs inte för avtalet."}
        for each, asks in sorted(asked.items())
        if "contract" not in asks
    ]
    return said


@dataclass
class Filed:
    """One request of the tour, from filing to its end."""

    id: str
    reference: str
    controller: str
    right: str
    language: str
    person: str
    due_on: str
    deadline: Mapping[str, Any]
    began: float
    seconds: float | None = None
    outcome: str | None = None
    recipients: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_as_expected(self) -> bool:
        return self.outcome in expected_outcomes(self.controller, self.right)


class Tour:
    """Plays all the people against one running Insyn."""

    def __init__(self, base_url: str, folder: Path, progress: Progress) -> None:
        self._as = Caller(base_url)
        self._folder = folder
        self._progress = progress
        self._desks = Desks(base_url, self._mails)
        self._released: set[str] = set()
        self._moved_at = time.monotonic()
        self._stands: dict[str, str] = {}
        self.filed: list[Filed] = []

    def waiting_for(self) -> str:
        """What the open requests wait for, as the last look at the work lists showed it; empty if nothing is open."""
        left = (one.id for one in self.filed if one.seconds is None)
        waits = Counter(WAITS_FOR.get(self._stands.get(id, ""), ELSEWHERE) for id in left)
        return ", ".join(f"{what} ({number})" for what, number in sorted(waits.items()))

    async def run(self) -> list[Filed]:
        """File everything, play everybody, fetch the answers; raises :class:`TourFailed`."""
        async with self._as:
            await self._sign_in()
            for controller in CONTROLLERS:
                for right in RIGHTS:
                    self.filed.append(await self._file(controller, right))
                    self._tell(f"{controller}: {right} filed")
            await self._play_until_closed()
            await asyncio.gather(*(self._fetch(one) for one in self.filed))
        return self.filed

    def _tell(self, text: str) -> None:
        self._moved_at = time.monotonic()
        self._progress(sum(one.seconds is not None for one in self.filed), len(CONTROLLERS) * len(RIGHTS), text)

    async def _sign_in(self) -> None:
        people: dict[str, dict[str, Any]] = {
            "agent": {"role": "agent", "sub": "tour-agent"},
            "approver": {"role": "approver", "sub": "tour-approver"},
            "chief": {"role": "dpo", "sub": "tour-dpo"},
        }
        people |= {person: {"role": "subject", "person": person} for person in set(ASKED_BY.values())}
        for name, wanted in people.items():
            await self._as.sign_in(name, **wanted)

    async def _file(self, controller: str, right: str) -> Filed:
        person = ASKED_BY[right]
        language = "sv" if right != "portability" else "en"
        said = await self._as.call(
            "POST",
            "/v1/self-service/requests",
            person,
            json={
                "controller": controller,
                "claims": [{"right": right, "details": DETAILS.get(right, {})}],
                "language": language,
                "contact": {"email": people.BY_ID[person].email} if right in MAILED else {},
            },
        )
        return Filed(
            id=said["id"],
            reference=said["reference"],
            controller=controller,
            right=right,
            language=language,
            person=person,
            due_on=said["due_on"],
            deadline=said["deadline"],
            began=time.monotonic(),
        )

    async def _play_until_closed(self) -> None:
        left, ends = len(self.filed), time.monotonic() + PATIENCE_SECONDS
        while open_ones := [f"{one.controller}/{one.right}" for one in self.filed if one.seconds is None]:
            if len(open_ones) < left:
                left, ends = len(open_ones), time.monotonic() + PATIENCE_SECONDS
            if time.monotonic() > ends:
                raise TourFailed("not closed in time: " + ", ".join(open_ones))
            await self._staff_tasks()
            for number in await self._desks.answer_all():
                self._tell(f"{number} answered at a recipient's desk")
            await self._staff_cases()
            await self._let_time_pass()
            await asyncio.sleep(0.1)

    async def _mails(self) -> Sequence[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = (await self._as.call("GET", "/sandbox/outbox", None))["mails"]
        return found

    async def _staff_tasks(self) -> None:
        """
        Do by hand what only people can do, and say so in the language of whoever asked.

        What only people reach (a mailbox, a binder) holds nothing about the tour's people, so there is nothing to copy.
        """
        filed = {one.id: one for one in self.filed}
        for task in await self._as.items("/v1/tasks", "agent", state="needs_person"):
            if (one := filed.get(task["request_id"])) is not None:
                outcome = "not_found" if task["action"] == "export" else "completed"
                said = {"outcome": outcome, "message": BY_HAND[outcome][one.language]}
                await self._as.call("POST", f"/v1/tasks/{task['id']}/outcome", "agent", json=said)
                self._tell(f"{task['processor']}: {task['action']} done by hand")

    async def _staff_cases(self) -> None:
        """Look at the work lists, as staff do, and open only what waits for somebody or has just ended."""
        waiting = {one.id: one for one in self.filed if one.seconds is None}
        self._stands.clear()
        for status in ("awaiting_decision", "awaiting_approval", "awaiting_release", "letter_waiting"):
            for listed in await self._as.items("/v1/requests", "agent", status=status):
                if listed["id"] in waiting:
                    self._stands[listed["id"]] = status
                    await self._carry_on(waiting[listed["id"]])
        for status in ("recipients_to_tell", "forwarding_wanted", "forwarding_late"):
            for listed in await self._as.items("/v1/requests", "agent", status=status):
                if listed["id"] in waiting:
                    self._stands[listed["id"]] = status
                    await self._tell_others(waiting[listed["id"]])
        for listed in await self._as.items("/v1/requests", "agent", phase="closed"):
            if listed["id"] in waiting:
                one = waiting[listed["id"]]
                ended = next(claim for claim in listed["claims"] if claim["right"] == one.right)
                one.seconds, one.outcome = time.monotonic() - one.began, ended["outcome"]
                self._tell(f"{one.controller}: {one.right} closed")

    async def _let_time_pass(self) -> None:
        """
        Move the clock once nothing is left but what cools off, or what takes effect at a vendor some other day.

        What cannot be undone waits for days in which the person may say that it was not them.
        """
        waiting = {one.id for one in self.filed if one.seconds is None}
        cooling = {one["id"] for one in await self._as.items("/v1/requests", "agent", status="cooling_off")}
        self._stands |= dict.fromkeys(cooling, "cooling_off")
        if waiting and waiting <= cooling:
            self._tell("what cannot be undone has waited its days")
            await self._as.call("POST", "/sandbox/clock", None, json={"advance": "P3D"})
        elif waiting and time.monotonic() - self._moved_at > QUIET_SECONDS:
            self._tell("a day passes until a vendor's word takes effect")
            await self._as.call("POST", "/sandbox/clock", None, json={"advance": "P1D"})

    async def _tell_others(self, one: Filed) -> None:
        """Tell the recipients that no system reaches, and pass on what belongs to another controller."""
        path = f"/v1/requests/{one.id}"
        for entry in (await self._as.call("GET", f"{path}/recipients", "agent"))["ledger"]:
            if entry["by_hand"] and entry["state"] == "pending":
                await self._as.call("POST", f"{path}/recipients/{entry['id']}", "agent", json={"state": "sent"})
                self._tell(f"{one.controller}: {entry['name']} told by hand")
        for part in (await self._as.call("GET", f"{path}/forwardings", "agent"))["items"]:
            if part["state"] == "pending":
                said = {} if "to_name" in part else {"to_name": "Kunden enligt avtalet AB"}
                await self._as.call("POST", f"{path}/forwardings/{part['id']}", "agent", json={"state": "sent"} | said)
                self._tell(f"{one.controller}: {one.right} passed on to the customer")

    async def _carry_on(self, one: Filed) -> None:
        answer = await self._as.answer("GET", f"/v1/requests/{one.id}", "agent")
        case, etag = answer.json(), answer.headers["etag"]
        # What a claim has raised (a withdrawn consent, an objection) is decided too, one at a time.
        open_claim = next((claim for claim in case["claims"] if claim["state"] == "open"), None)
        if case["status"] == "awaiting_decision" and open_claim is not None:
            await self._decide(one, open_claim, etag)
        elif case["status"] == "awaiting_approval":
            await self._approve(one)
        elif case["status"] == "awaiting_release" and one.id not in self._released:
            await self._release(one)
            self._released.add(one.id)
            self._tell(f"{one.controller}: package of {one.right} released")
        elif case["status"] == "letter_waiting":
            await self._post_letters(one)

    async def _post_letters(self, one: Filed) -> None:
        """Put what goes on paper into the letter-box, and say so."""
        path = f"/v1/requests/{one.id}/letters"
        now = datetime.fromisoformat((await self._as.call("GET", "/sandbox/clock", None))["now"])
        today = now.astimezone(STOCKHOLM).date().isoformat()
        for letter in (await self._as.call("GET", path, "agent"))["items"]:
            if letter["via"] == "post" and "sent_at" not in letter:
                await self._as.call("POST", f"{path}/{letter['id']}/posting", "agent", json={"posted_on": today})
                self._tell(f"{one.controller}: {letter['kind']} posted")

    async def _decide(self, one: Filed, claim: Mapping[str, Any], etag: str) -> None:
        path = f"/v1/requests/{one.id}/claims/{claim['id']}"
        body: dict[str, Any] = {"outcome": "granted", "record": RECORDS.get(claim["right"], {})}
        if claim["right"] == "erasure":
            body["plan"] = left_to_staff(await self._as.call("GET", f"{path}/plan", "agent"))
        answer = await self._as.attempt("POST", f"{path}/decision", "agent", etag=etag, json=body)
        if answer.status_code == MOVED:
            return  # something came in meanwhile: the next look reads the case again
        if answer.is_error:
            raise CallFailed(f"deciding {one.reference}: {answer.status_code} {answer.text[:300]}")
        self._tell(f"{one.controller}: {claim['right']} granted")

    async def _release(self, one: Filed) -> None:
        """Look at what the person will see, and let out that very version; where two are needed, so do they."""
        path = f"/v1/requests/{one.id}/package"
        seen = await self._as.call("GET", f"{path}/redactions", "approver")
        said = await self._as.call("POST", f"{path}/release", "approver", json={"sha256": seen["sha256"]})
        if said["state"] == "awaiting_approval":
            await self._as.call("GET", f"{path}/redactions", "chief")
            agreed = {"verdict": "approved", "reason": "Förhandsvisningen är granskad av en andra person."}
            await self._as.call("POST", f"/v1/approvals/{said['approval_id']}", "chief", json=agreed)

    async def _approve(self, one: Filed) -> None:
        for approval in await self._as.items("/v1/approvals", "approver"):
            if approval["request_id"] == one.id:
                said = {"verdict": "approved", "reason": "Granskat av en andra person."}
                await self._as.call("POST", f"/v1/approvals/{approval['id']}", "approver", json=said)
                self._tell(f"{one.controller}: {one.right} approved by a second person")

    async def _fetch(self, one: Filed) -> None:
        """The person reads the letters, sees who did what, and fetches the package."""
        mine = f"/v1/self-service/requests/{one.id}"
        folder = self._folder / one.controller / f"{one.right}-{one.reference}"
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        one.recipients = (await self._as.call("GET", f"{mine}/recipients", one.person))["items"]
        for letter in (await self._as.call("GET", f"{mine}/letters", one.person))["items"]:
            about = letter.get("about", "")
            page = await self._as.answer("GET", f"{mine}/letters/{letter['kind']}", one.person, params={"about": about})
            name = "-".join(part for part in (letter["kind"], *about.split(":")) if part)
            await asyncio.to_thread((folder / f"{name}.html").write_bytes, page.content)
        if RIGHTS[one.right].yields_package:
            link = await self._as.call("POST", f"{mine}/package/downloads", one.person)
            package = await self._as.answer("GET", httpx.URL(link["url"]).raw_path.decode(), one.person)
            await asyncio.to_thread((folder / "package.zip").write_bytes, package.content)
