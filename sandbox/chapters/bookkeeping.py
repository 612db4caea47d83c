"""What a law keeps has a last day, and on the next one it goes, though nobody thinks of it any more."""

import asyncio
import time
from datetime import date, timedelta

from sandbox.chapters.stage import PATIENCE_SECONDS, Case, Stage, StoryFailed, what_became

WHO, WHERE = "tove-berg", "westila"
BOOKS = "bookkeeping_records"
HOLDERS = ("billing", "crm")


async def play(stage: Stage) -> None:
    """Tove left years ago and wants to be forgotten; her invoices may not be yet."""
    case = await stage.file(WHO, WHERE, "erasure", language="en")
    await stage.say(f"Tove left Westila years ago and asks to be forgotten: {case.reference}.")
    await stage.until(case, "awaiting_decision")
    await _decide(stage, case)
    kept = await _kept(stage, case)
    await _years_pass(stage, case, kept)


async def _decide(stage: Stage, case: Case) -> None:
    plan = await stage.erasure_plan(case, contract="ended")
    approval = await stage.decide(case, "erasure", plan=plan)
    await stage.agree(case, approval)
    await stage.until(case, "cooling_off")
    await stage.pass_time("P3D")
    await stage.until_closed(case)
    stage.must((await stage.outcomes(case))["erasure"] == "partly_granted", "the erasure should be granted in part")
    await stage.say("Two people decide, three days pass, the processors erase. The answer says:")
    for title, one in sorted((await stage.planned(case)).items()):
        await stage.say(f"  {title}: {what_became(one)}")


async def _kept(stage: Stage, case: Case) -> dict[str, str]:
    """What waits for its day, and that nothing else is left."""
    waiting = [one for one in await stage.caller.items("/v1/scheduled-erasures", "agent") if _is_of(one, case)]
    held = await stage.held("billing", WHO, WHERE)
    stage.must(set(held) == {"invoices"}, f"billing should hold invoices only, and holds {sorted(held)}")
    others = [one for one in HOLDERS if one != "billing" and await stage.held(one, WHO, WHERE)]
    stage.must(not others, f"{', '.join(others)} should hold nothing any more")
    latest = max(int(row["bookkeeping_date"][:4]) for row in held["invoices"])
    kept: dict[str, str] = next(one for one in waiting if one["category"] == BOOKS and "until" in one)
    stage.must(kept["law"] == "BFL_7_2" and kept["until"].endswith("-12-31"), "until the last day of a year, by law")
    stage.must(kept["until"] == f"{latest + 7}-12-31", "seven years after the year of the last invoice")
    await stage.say(f"Billing keeps her last invoice, of {latest}, until {kept['until']}, and nothing else.")
    return kept


def _is_of(one: dict[str, str], case: Case) -> bool:
    return one["reference"] == case.reference


async def _years_pass(stage: Stage, case: Case, kept: dict[str, str]) -> None:
    last = date.fromisoformat(kept["until"])
    await stage.go_to(last)
    stage.must("invoices" in await stage.held("billing", WHO, WHERE), "on the last day they should still be there")
    await stage.say("Years pass. On the last day the invoices are still there; nobody there remembers Tove.")
    await stage.go_to(last + timedelta(days=1))
    follow_up = await _follow_up(stage, case)
    await stage.until_closed(follow_up)
    stage.must(await stage.outcomes(follow_up) == {"erasure": "granted"}, "the rest should be erased")
    held = [await stage.held(one, WHO, WHERE) for one in HOLDERS]
    stage.must(not any(held), "no processor should hold anything of hers")
    await stage.say(
        f"The next morning a request of Insyn's own, {follow_up.reference}, erases them. Nobody asked for it."
    )
    mine = await stage.caller.items("/v1/self-service/requests", WHO)
    stage.must(follow_up.id in {one["id"] for one in mine}, "her own page should show what was done")
    stage.must("kept_erased" in await stage.letters(follow_up), "a letter should tell her")
    await stage.say("Tove's page shows it, with a letter. No processor holds anything about her any more.")
    stage.cases["follow-up"] = follow_up
    stage.cases["bookkeeping"] = case


async def _follow_up(stage: Stage, case: Case) -> Case:
    """The request that follows, as soon as there is one."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        for state in ("begun", "performed"):  # it may be over before anybody looks
            for one in await stage.caller.items("/v1/scheduled-erasures", "agent", request=case.id, state=state):
                if one["category"] == BOOKS and "follow_up" in one:
                    view = await stage.caller.call("GET", f"/v1/requests/{one['follow_up']}", "agent")
                    ids = {claim["right"]: claim["id"] for claim in view["claims"]}
                    return Case(view["id"], view["reference"], WHERE, WHO, view["due_on"], claims=ids)
        await asyncio.sleep(0.1)
    raise StoryFailed(f"nothing follows {case.reference} on the day after its last")
