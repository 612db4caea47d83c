"""An access request for many sites: Christmas is no reason for more time, the request itself may be one."""

import httpx

from sandbox.caller import MOVED
from sandbox.chapters.stage import Case, Stage
from sandbox.chapters.words import alarms_in_words

WHO, WHERE = "leif-strand", "westra"
CHRISTMAS = "Vi har julbemanning och hinner därför inte med begäran i tid."
MANY_SITES = "Begäran rör fjorton anläggningar under nio år, och grannar måste maskeras i varje film."


async def play(stage: Stage) -> None:
    """Leif asks for everything about all his sites; three weeks later nobody has begun."""
    case = await stage.file(WHO, WHERE, "access", message="Allt ni har om mina fjorton butiker sedan nio år.")
    await stage.say(f"Leif asks Westra for everything about his fourteen shops: {case.reference}, due {case.due_on}.")
    await stage.until(case, "awaiting_decision")
    await stage.pass_time("P21D")
    alarms = [one["alarm"] for one in (await stage.view(case))["alarms"]]
    stage.must(alarms, "three weeks later an alarm should ring")
    await stage.say(f"Three weeks pass and nobody decides. Insyn rings: {alarms_in_words(alarms)}.")
    await _ask(stage, case)
    await _answer(stage, case)


async def _ask(stage: Stage, case: Case) -> None:
    path = f"{case.path}/extension"

    async def ask(reasons: str) -> dict[str, object]:
        answer = await _sent(stage, case, path, reasons)
        if reasons is CHRISTMAS:
            said = await stage.refused(answer, 422, "extension-reasons-refused")
            await stage.say(f"The agent wants more time: 'Christmas staffing'. Insyn: 422, {said}")
            return {}
        stage.must(answer.is_success, f"a real reason should do: {answer.text[:200]}")
        return dict(answer.json())

    await ask(CHRISTMAS)
    asked = await ask(MANY_SITES)
    stage.must(asked["due_on"] == case.due_on, "asking alone moves nothing")
    await stage.say("'Fourteen sites in nine years, neighbours in every film': taken, but it moves nothing yet.")
    await stage.agree(case, str(asked["approval_id"]))
    await stage.until_due_moves(case)


async def _sent(stage: Stage, case: Case, path: str, reasons: str) -> httpx.Response:
    """The answer to what is asked of the case as it stands; a version that moved meanwhile is read again."""
    while True:
        etag = (await stage.caller.answer("GET", case.path, "agent")).headers["etag"]
        answer = await stage.caller.attempt("POST", path, "agent", language="en", etag=etag, json=_body(reasons))
        if answer.status_code != MOVED:
            return answer


def _body(reasons: str) -> dict[str, str]:
    return {"ground": "complexity", "reasons": reasons}


async def _answer(stage: Stage, case: Case) -> None:
    view = await stage.view(case)
    letters = await stage.letters(case)
    stage.must(view["due_on"] > case.due_on and view["extension"]["state"] == "effective", "the date should have moved")
    stage.must("sent_at" in letters["extension"], "the letter should be out before the date moves")
    stage.must("fjorton anläggningar" in await stage.letter(case, "extension"), "the letter should give the reason")
    await stage.say(f"A second person agrees, the letter with the reason goes out: now it is due {view['due_on']}.")
    reckoned = (await stage.caller.call("GET", case.own_path, WHO))["deadline"]
    stage.must(reckoned["extended"] and reckoned["binding_on"] == view["due_on"], "the due date should explain itself")
    await stage.say(
        f"Leif sees how it was reckoned: one month is {reckoned['nominal_on']}, three are"
        f" {reckoned['nominal_extended_on']}; a no could still not come after {reckoned['refusal_notice_due_on']}."
    )
    await stage.decide(case, "access")
    await stage.until(case, "awaiting_release")
    await stage.release(case)
    await stage.until_closed(case)
    stage.must((await stage.outcomes(case))["access"] in ("granted", "partly_granted"), "the copy should be given")
    await stage.say("The copy is made, looked at by a second person, and given in time.")
    stage.cases["extended"] = case
