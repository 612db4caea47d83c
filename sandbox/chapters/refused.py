"""A no that holds: documented, agreed to by a second person, told with its reasons and with where to complain."""

from datetime import timedelta

from sandbox.chapters.stage import Case, Stage

WHO, WHERE = "karin-ek", "westila"
REASONS = "Begäran görs för att tvinga fram en ersättning och inte för att få veta något om uppgifterna."
INTENT = {
    "objective": "Samma dag som begäran kom ett brev som kräver 50 000 kr för att den ska dras tillbaka.",
    "subjective": "Brevet säger att begäran bara är till för att ställa till besvär tills pengarna är betalda.",
}


async def play(stage: Stage) -> None:
    """Karin's first request to Westila comes with an offer to drop it for money."""
    case = await stage.file(WHO, WHERE, "access", message="Allt. Betala 50 000 kr så drar jag tillbaka begäran.")
    await stage.say(f"Karin asks Westila for everything, and offers to drop it for 50 000 kr: {case.reference}.")
    await stage.until(case, "awaiting_decision")
    await _try(stage, case)
    await _refuse(stage, case)
    await _tell_the_end(stage, case)


async def _try(stage: Stage, case: Case) -> None:
    said = {"ground": "excessive", "reasons": REASONS}
    bare = await stage.try_to_decide(case, "access", "refused", **said)
    text = await stage.refused(bare, 422, "evidence-needed")
    await stage.say(f"The agent calls it excessive. Insyn: 422, {text}")
    day = (await stage.today()).isoformat()
    number = {"evidence": [{"kind": "conduct", "on": day, "what": "Tjugo frågor om samma sak på en förmiddag."}]}
    first = await stage.try_to_decide(case, "access", "refused", record=number, **said)
    text = await stage.refused(first, 422, "first-request-not-excessive")
    await stage.say(f"With one fact: 422, {text}")


async def _refuse(stage: Stage, case: Case) -> None:
    day = (await stage.today()).isoformat()
    offer = {"kind": "offer_to_withdraw", "on": day, "what": "Brev: begäran dras tillbaka om 50 000 kr betalas."}
    record = {"evidence": [offer], "intent": INTENT}
    approval = await stage.decide(case, "access", "refused", ground="excessive", reasons=REASONS, record=record)
    await stage.say("With the letter that asks for money, and the aim it shows, the no is taken, and waits.")
    await stage.agree(case, approval)
    await stage.until_closed(case)


async def _tell_the_end(stage: Stage, case: Case) -> None:
    letter = await stage.letter(case, "refusal")
    told = {"Integritetsskyddsmyndigheten": "IMY", "domstol": "the court", "50 000 kr": "the evidence"}
    missing = [name for word, name in told.items() if word not in letter]
    stage.must(not missing, f"the refusal should name {', '.join(missing)}")
    view = await stage.view(case)
    stage.must(view["claims"][0]["outcome"] == "refused", "the claim should be refused")
    stage.must(not view["refusal_late"], "the no was told in time")
    stage.must("sent_at" in (await stage.letters(case))["refusal"], "the refusal should be out")
    await stage.say("A second person agrees. The letter gives the facts, and says how to complain to IMY and sue.")
    await stage.go_to(await stage.today() + timedelta(days=1))
    await stage.caller.sign_in("dpo", role="dpo", sub="story-dpo")
    pack = await stage.caller.answer("GET", f"{case.path}/evidence", "dpo")
    stage.keep("evidence.zip", pack.content)
    await stage.say("Karin complains. The data protection officer takes out the case as one ZIP for IMY.")
    stage.cases["refused"] = case
