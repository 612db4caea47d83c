"""
What every chapter plays on: the people, the clock, and what is done in each case before it becomes interesting.

All of it goes through the public API; only tokens, clock, outbox and the look into processors are the sandbox's.
"""

import asyncio
import io
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from sandbox.caller import MOVED, Caller, CallFailed
from sandbox.desks import Desks
from sandbox.people import BY_ID
from sandbox.tour import BY_HAND, left_to_staff

STOCKHOLM = ZoneInfo("Europe/Stockholm")
#: How long the story waits for one thing to happen by itself (real seconds).
PATIENCE_SECONDS = 60.0
#: Whoever works for the companies here; *handler-* are trained for people who must not be found.
STAFF: dict[str, dict[str, Any]] = {
    "agent": {"role": "agent", "sub": "story-agent"},
    "second agent": {"role": "agent", "sub": "story-second-agent"},
    "approver": {"role": "approver", "sub": "story-approver"},
    "dpo": {"role": "dpo", "sub": "story-dpo"},
    "auditor": {"role": "auditor", "sub": "story-auditor"},
    "integrator": {"role": "integrator", "sub": "story-integrator"},
    "handler": {"role": "agent", "sub": "story-handler", "also": ["protected_handler"]},
    "second handler": {"role": "approver", "sub": "story-second-handler", "also": ["protected_handler"]},
    "third handler": {"role": "dpo", "sub": "story-third-handler", "also": ["protected_handler"]},
}
AGREED = {"verdict": "approved", "reason": "Granskat av en andra person."}

Tell = Callable[[str, str], None]


class StoryFailed(CallFailed):
    """A chapter did not end as it must; the text says where."""


@dataclass(frozen=True)
class Team:
    """Who works on a case: one decides, another agrees, a third lets out what two have to."""

    decides: str = "agent"
    agrees: str = "approver"
    third: str = "dpo"


ORDINARY = Team()


@dataclass
class Case:
    """One request of the story. *person* is the id of who asked."""

    id: str
    reference: str
    controller: str
    person: str
    due_on: str
    team: Team = ORDINARY
    claims: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/v1/requests/{self.id}"

    @property
    def own_path(self) -> str:
        return f"/v1/self-service/requests/{self.id}"


def what_became(planned: Mapping[str, Any]) -> str:
    """What was decided about one category of an erasure, in words."""
    law = {"BFL_7_2": "the Bookkeeping Act 7:2"}.get(str(planned.get("law")), "a law")
    because = {
        "not_necessary": "no longer needed",
        "objection": "advertising only",
        "consent_withdrawn": "consent gone",
    }
    until = f", until {planned['until']}" if "until" in planned else ""
    match planned["fate"]:
        case "erase_now":
            return f"erased: {because.get(planned['ground'], planned['ground'])}"
        case "erase_beyond_hold":
            return f"erased but for what {law} keeps{until}"
        case "keep_until":
            return f"kept under {law}{until}"
        case "keep_while":
            return f"kept while the contract runs, looked at again on {planned['review_on']}"
        case "not_held":
            return "nothing held"
        case fate:
            raise StoryFailed(f"a category was left {fate}")


class Stage:
    """One running Insyn with everybody on it; *tell* takes a day and a sentence."""

    def __init__(self, caller: Caller, folder: Path, journal: Path, tell: Tell) -> None:
        self.caller = caller
        self._desks = Desks(caller.base_url, self._all_mails)
        #: Where what people take away is kept, and where Insyn keeps its signed checkpoints.
        self.folder, self.journal = folder, journal
        self._tell = tell
        self.day = ""
        #: What an earlier chapter leaves to a later one: the cases, and files that were taken out.
        self.cases: dict[str, Case] = {}

    # --- the clock and the pen ---------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        said = await self.caller.call("GET", "/sandbox/clock", None)
        return datetime.fromisoformat(said["now"]).astimezone(STOCKHOLM)

    async def today(self) -> date:
        return (await self.now()).date()

    async def say(self, text: str) -> None:
        """Narrate, with the day it is."""
        self.day = (await self.today()).isoformat()
        self._tell(self.day, text)

    async def pass_time(self, step: str) -> None:
        """Let time pass, and do what falls due; *step* is an ISO 8601 duration."""
        await self.caller.call("POST", "/sandbox/clock", None, json={"advance": step})

    async def go_to(self, day: date) -> None:
        """Let it be nine o'clock of *day*, unless that is past; a year at a time, as time passes."""
        instant = datetime(day.year, day.month, day.day, 9, tzinfo=STOCKHOLM)
        while (now := await self.now()) < instant:
            to = min(instant, now + timedelta(days=365))
            await self.caller.call("POST", "/sandbox/clock", None, json={"now": to.isoformat()})

    def must(self, is_so: object, text: str) -> None:
        """Fail the story unless *is_so*; *text* says what should have been."""
        if not is_so:
            raise StoryFailed(f"{self.day}: {text}")

    # --- people ------------------------------------------------------------------------------------------------------

    async def enter(self, *people: str) -> None:
        """Sign in staff and *people*; an hour's token outlives any story."""
        for name, wanted in STAFF.items():
            await self.caller.sign_in(name, **wanted)
        for person in people:
            await self.caller.sign_in(person, role="subject", person=person)

    async def file(
        self, person: str, controller: str, *rights: str | Mapping[str, Any], team: Team = ORDINARY, **more: Any
    ) -> Case:
        """A request from the person's own login, who leaves a mail address."""
        claims = [{"right": one} if isinstance(one, str) else dict(one) for one in rights]
        body = {"contact": {"email": BY_ID[person].email}} | more
        said = await self.caller.call(
            "POST", "/v1/self-service/requests", person, json={"controller": controller, "claims": claims} | body
        )
        ids = {claim["right"]: claim["id"] for claim in said["claims"]}
        return Case(said["id"], said["reference"], controller, person, said["due_on"], team, ids)

    # --- a case ------------------------------------------------------------------------------------------------------

    async def view(self, case: Case, who: str | None = None) -> dict[str, Any]:
        """The case as staff see it."""
        return await self.caller.call("GET", case.path, who or case.team.decides)

    async def status(self, case: Case) -> str:
        """Where it stands, from the work list: looking there is not reading the file."""
        found = await self.caller.items("/v1/requests", case.team.decides, reference=case.reference)
        return str(found[0]["status"]) if found else "unseen"

    async def until(self, case: Case, *wanted: str) -> str:
        """
        Wait for one of the statuses *wanted*; meanwhile people do what only people can do, here and at other desks.

        Raises:
            StoryFailed: It does not come, or the case ends before.
        """
        ends = time.monotonic() + PATIENCE_SECONDS
        while (status := await self.status(case)) not in wanted:
            if time.monotonic() > ends or status == "closed":
                raise StoryFailed(f"{case.reference} is {status} and should be {' or '.join(wanted)}")
            await self._do_by_hand(case, status)
            await self._desks.answer_all()
            await asyncio.sleep(0.1)
        return status

    async def until_closed(self, case: Case) -> None:
        """Wait for the end, and see that no letter still lies somewhere: written is not sent."""
        await self.until(case, "closed")
        await self.post_letters(case)  # what a case does not wait for is posted all the same
        ends = time.monotonic() + PATIENCE_SECONDS
        while inside := [kind for kind, one in (await self.letters(case)).items() if "sent_at" not in one]:
            if time.monotonic() > ends:
                break
            await asyncio.sleep(0.1)  # a mail may still be on its way
        self.must(not inside, f"letters of {case.reference} should be out: {', '.join(inside)}")

    async def until_due_moves(self, case: Case) -> None:
        """Wait for a later due date."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while (await self.caller.call("GET", case.own_path, case.person))["due_on"] <= case.due_on:
            if time.monotonic() > ends:
                raise StoryFailed(f"{case.reference} is still due on {case.due_on}")
            await asyncio.sleep(0.1)

    async def _do_by_hand(self, case: Case, status: str) -> None:
        if status == "needs_person":
            await self.tasks_by_hand(case)
        elif status == "recipients_to_tell":
            await self.settle_ledger(case)
        elif status == "letter_waiting":
            await self.post_letters(case)

    async def tasks_by_hand(self, case: Case) -> int:
        """What no system does for itself: searched and done by a member of staff, who finds nothing more."""
        who = case.team.decides
        tasks = await self.caller.call("GET", f"{case.path}/tasks", who)
        waiting = [one for one in tasks["items"] if one["state"] == "needs_person"]
        for task in waiting:
            outcome = "not_found" if task["action"] == "export" else "completed"
            said: dict[str, Any] = {"outcome": outcome, "message": BY_HAND[outcome]["sv"]}
            if task.get("last_code") == "kept_without_day":
                said |= {"outcome": "retained", "retained": [await self._read_off(one) for one in task["categories"]]}
            await self.caller.call("POST", f"/v1/tasks/{task['id']}/outcome", who, json=said)
        return len(waiting)

    async def _read_off(self, category: str) -> dict[str, str]:
        """What staff read off the invoices at a vendor: the newest is this year's (BFL 7 kap. 2 §)."""
        return {"category": category, "law": "BFL_7_2", "until": f"{(await self.today()).year + 7}-12-31"}

    async def settle_ledger(self, case: Case) -> list[str]:
        """Tell the recipients that no system reaches; their names."""
        told = []
        for entry in (await self.caller.call("GET", f"{case.path}/recipients", case.team.decides))["ledger"]:
            if entry["by_hand"] and entry["state"] == "pending":
                path = f"{case.path}/recipients/{entry['id']}"
                await self.caller.call("POST", path, case.team.decides, json={"state": "sent"})
                told.append(str(entry["name"]))
        return told

    async def post_letters(self, case: Case, how: str = "post") -> list[str]:
        """Put into somebody's hands what goes on paper; the kinds of the letters."""
        who, out = case.team.decides, []
        today = (await self.today()).isoformat()
        for letter in (await self.caller.call("GET", f"{case.path}/letters", who))["items"]:
            if letter["via"] == "post" and "sent_at" not in letter:
                path = f"{case.path}/letters/{letter['id']}/posting"
                await self.caller.call("POST", path, who, json={"posted_on": today, "how": how})
                out.append(str(letter["kind"]))
        return out

    async def decide(self, case: Case, right: str, outcome: str = "granted", **more: Any) -> str | None:
        """Decide a claim; the id of the approval it waits for, if it does."""
        answer = await self.try_to_decide(case, right, outcome, **more)
        if answer.is_error:
            raise StoryFailed(f"{case.reference}: {right} {outcome}: {answer.status_code} {answer.text[:300]}")
        said: dict[str, Any] = answer.json()
        return said.get("approval_id")

    async def try_to_decide(self, case: Case, right: str, outcome: str, **more: Any) -> httpx.Response:
        """The same, whatever comes of it. A version that moved meanwhile is read again, as the API says."""
        who, path = case.team.decides, f"{case.path}/claims/{case.claims[right]}/decision"
        while True:
            etag = (await self.caller.answer("GET", case.path, who)).headers["etag"]
            answer = await self.caller.attempt(
                "POST", path, who, etag=etag, language="en", json={"outcome": outcome} | more
            )
            if answer.status_code != MOVED:
                return answer

    async def refused(self, answer: httpx.Response, status: int, problem: str) -> str:
        """That Insyn says no, and why; its sentence, in English where it was asked for."""
        kind = answer.json().get("type", "") if answer.is_error else "a yes"
        self.must(
            (answer.status_code, kind) == (status, f"/problems/{problem}"),
            f"{problem} expected, not {answer.status_code} {kind}",
        )
        return str(answer.json()["detail"])

    async def erasure_plan(self, case: Case, *, contract: str = "active") -> dict[str, Any]:
        """What staff add to the proposal: the contract, and what the facts left open."""
        path = f"{case.path}/claims/{case.claims['erasure']}/plan"
        return left_to_staff(await self.caller.call("GET", path, case.team.decides), contract=contract)

    async def planned(self, case: Case) -> dict[str, dict[str, Any]]:
        """What was decided about each category of an erasure, by its title."""
        path = f"{case.path}/claims/{case.claims['erasure']}/plan"
        plan = await self.caller.call("GET", path, case.team.decides)
        return {one["title"]: one["planned"] for step in plan["steps"] for one in step["categories"]}

    async def agree(self, case: Case, approval: str | None) -> None:
        """The second person's word."""
        self.must(approval, f"{case.reference} should wait for a second person")
        await self.caller.call("POST", f"/v1/approvals/{approval}", case.team.agrees, json=AGREED)

    async def release(self, case: Case) -> dict[str, Any]:
        """Look at what the person will see, and let out that very version; where two are needed, two do."""
        team, path = case.team, f"{case.path}/package"
        seen = await self.caller.call("GET", f"{path}/redactions", team.agrees)
        said = await self.caller.call("POST", f"{path}/release", team.agrees, json={"sha256": seen["sha256"]})
        if said["state"] == "awaiting_approval":
            await self.caller.call("GET", f"{path}/redactions", team.third)
            await self.caller.call("POST", f"/v1/approvals/{said['approval_id']}", team.third, json=AGREED)
        return seen

    # --- what came of it ---------------------------------------------------------------------------------------------

    async def outcomes(self, case: Case) -> dict[str, str]:
        """How each claim ended."""
        return {one["right"]: one.get("outcome", "open") for one in (await self.view(case))["claims"]}

    async def letters(self, case: Case) -> dict[str, dict[str, Any]]:
        """Letters by their kind, as staff list them."""
        found = await self.caller.call("GET", f"{case.path}/letters", case.team.decides)
        return {one["kind"]: one for one in found["items"]}

    async def letter(self, case: Case, kind: str) -> str:
        """One letter as the person reads it."""
        return (await self.caller.answer("GET", f"{case.own_path}/letters/{kind}", case.person)).text

    async def all_letters(self, case: Case) -> list[str]:
        """Every letter there is, as the person reads it."""
        found = (await self.caller.call("GET", f"{case.own_path}/letters", case.person))["items"]
        return [await self.letter(case, one["id"]) for one in found]

    async def package(self, case: Case) -> dict[str, bytes]:
        """The person fetches the package; its files."""
        await self.caller.sign_in(case.person, role="subject", person=case.person)
        link = await self.caller.call("POST", f"{case.own_path}/package/downloads", case.person)
        answer = await self.caller.answer("GET", httpx.URL(link["url"]).raw_path.decode(), case.person)
        await asyncio.to_thread(self.keep, f"{case.reference}-package.zip", answer.content)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def keep(self, name: str, content: bytes) -> Path:
        """Put a file beside the story's others."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_bytes(content)
        return path

    async def mails(self, person: str, since: int = 0) -> list[dict[str, Any]]:
        """What arrived at the person's address, the newest first, without the *since* oldest."""
        found = [one for one in (await self._outbox())["mails"] if BY_ID[person].email in one["to"]]
        return found[: len(found) - since]

    async def _all_mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._outbox())["mails"]
        return found

    async def _outbox(self) -> dict[str, Any]:
        return await self.caller.call("GET", "/sandbox/outbox", None)

    async def held(self, processor: str, person: str, controller: str) -> dict[str, list[dict[str, Any]]]:
        """What a processor still has on file about somebody, by kind of row."""
        path = f"/sandbox/processors/{processor}/data"
        found = await self.caller.call("GET", path, None, params={"identifier": person})
        mine = [one for one in found["items"] if one["controller"] == controller and one["person"] == person]
        return {each["kind"]: each["rows"] for one in mine for each in one["records"]}

    async def at_vendor(self, vendor: str, person: str) -> dict[str, list[dict[str, Any]]]:
        """What a vendor behind a connector still has on file about somebody, by table."""
        path = f"/sandbox/vendors/{vendor}/data"
        found = await self.caller.call("GET", path, None, params={"person": person})
        return {one["table"]: one["rows"] for one in found["items"]}

    async def effects(self, processor: str, person: str, controller: str) -> list[str]:
        """What a processor did about somebody, in order."""
        found = await self.caller.call("GET", f"/sandbox/processors/{processor}/ledger", None)
        return [e["action"] for e in found["items"] if (e.get("person"), e["controller"]) == (person, controller)]
