"""One request, three rights: marketing stops at once, the copy is made before anything goes, the rest in its turn."""

from sandbox.chapters.stage import Case, Stage, what_became
from sandbox.people import BY_ID

WHO, WHERE = "omar-aziz", "sensor-alarm"
HOLDERS = ("guard-company", "telephony")


async def play(stage: Stage) -> None:
    """Omar wants a copy, then to be forgotten, and no more advertising."""
    mails_before = len(await stage.mails(WHO))
    case = await stage.file(WHO, WHERE, "access", "erasure", "marketing_objection", language="en")
    await stage.say(f"Omar asks Sensor Alarm for a copy, for erasure and for no more advertising: {case.reference}.")
    await stage.say(f"Insyn confirms the receipt; the answer is due on {case.due_on}.")
    await stage.until(case, "awaiting_decision")
    await _marketing_has_stopped(stage)
    await _decide(stage, case)
    await _copy_comes_first(stage, case)
    await _wait(stage, case, mails_before)
    await stage.until(case, "awaiting_release")
    await stage.release(case)
    await stage.say("Somebody else has looked at the package row by row; Omar may fetch it.")
    await stage.until_closed(case)
    await _tell_the_end(stage, case)


async def _marketing_has_stopped(stage: Stage) -> None:
    asked = {"controller": WHERE, "identifiers": [{"type": "email", "value": BY_ID[WHO].email}]}
    found = await stage.caller.call("POST", "/v1/suppressions/lookup", "integrator", json=asked)
    stage.must(found["marketing_stopped"], "the marketing should have stopped at once")
    await stage.say("Nobody had to decide on advertising: the newsletter system asks Insyn and hears 'stopped'.")


async def _decide(stage: Stage, case: Case) -> None:
    await stage.decide(case, "access")
    approval = await stage.decide(case, "erasure", plan=await stage.erasure_plan(case))
    await stage.say("An agent grants the copy, and the erasure category by category. That one waits for a second pair.")
    alone = await stage.caller.attempt(
        "POST",
        f"/v1/approvals/{approval}",
        "agent",
        language="en",
        json={"verdict": "approved", "reason": "It was me who decided."},
    )
    stage.must(alone.status_code == 403, "nobody approves their own erasure")
    await stage.say(f"The agent tries to approve it too. Insyn: 403, {alone.json()['title']}.")
    await stage.agree(case, approval)
    await stage.say("Another person reads the plan and agrees.")


async def _copy_comes_first(stage: Stage, case: Case) -> None:
    await stage.until(case, "cooling_off")
    chain = await stage.caller.call("GET", f"{case.path}/audit", case.team.decides)
    done = [effect for one in HOLDERS for effect in await stage.effects(one, WHO, WHERE)]
    stage.must("export" in done and "erase" not in done, "the copy should be made before anything is erased")
    stage.must("package:sealed" in {one["step"] for one in chain["items"]}, "the copy should be sealed by now")
    await stage.say("The copy is made and sealed; no processor has erased anything yet.")


async def _wait(stage: Stage, case: Case, mails_before: int) -> None:
    mails = await stage.mails(WHO, mails_before)
    letters = await stage.letters(case)
    stage.must(mails and "cooling_off_notice" in letters, "every known address should have been told before")
    await stage.say("Every address on file gets a mail: erasure is coming, say so if it was not you. Three days pass.")
    await stage.pass_time("P3D")
    told = []
    while (status := await stage.until(case, "recipients_to_tell", "awaiting_release")) == "recipients_to_tell":
        told += await stage.settle_ledger(case)
    await stage.say("The processors erase, and are asked once more whether they still find him.")
    if told:
        await stage.say(f"Recipients that no system reaches are told by a person: {', '.join(sorted(set(told)))}.")
    stage.must(status == "awaiting_release", "the package should wait for its release")


async def _tell_the_end(stage: Stage, case: Case) -> None:
    outcomes = await stage.outcomes(case)
    stage.must(outcomes["marketing_objection"] == "granted", "the objection to marketing should be granted")
    stage.must(outcomes["erasure"] == "partly_granted", "the erasure should be granted in part: the contract runs")
    stage.must(outcomes["access"] in ("granted", "partly_granted"), "the copy should be given")
    planned = await stage.planned(case)
    await stage.say("The answer tells Omar what became of each kind of data:")
    for title, one in sorted(planned.items()):
        await stage.say(f"  {title}: {what_became(one)}")
    letter = await stage.letter(case, "fulfilment")
    untold = [title for title, one in planned.items() if one["fate"] != "not_held" and title not in letter]
    stage.must(not untold, f"the answer should speak of {', '.join(untold)}")
    ledger = (await stage.caller.call("GET", f"{case.path}/recipients", case.team.decides))["ledger"]
    stage.must(all(one["state"] != "pending" for one in ledger), "every recipient should be told")
    stage.must(bool(await stage.package(case)), "Omar should get his package")
    held = await stage.at_vendor("billecta", WHO)
    stage.must("invoices" in held, "bookkeeping law keeps the invoices")
    blocked = (await stage.at_vendor("webcrm", WHO))["Person"][0]["PersonBlockMassEmail"]
    stage.must(blocked is True, "the customer register should mail him nothing any more")
    stage.cases["mixed"] = case
