"""A request to the wrong one of two: what Securitas answers for itself, and what belongs to its customer."""

from sandbox.chapters.stage import Case, Stage

WHO, WHERE = "anna-lindqvist", "securitas"
CUSTOMER = "Bostadsrättsföreningen Exempelhöjden"


async def play(stage: Stage) -> None:
    """Anna asks the alarm centre; her alarm was ordered by her housing cooperative."""
    case = await stage.file(WHO, WHERE, "access")
    await stage.say(f"Anna asks Securitas what it knows about her: {case.reference}.")
    await stage.until(case, "awaiting_decision")
    await _pass_on(stage, case)
    await _own_part(stage, case)


async def _pass_on(stage: Stage, case: Case) -> None:
    (part,) = (await stage.caller.call("GET", f"{case.path}/forwardings", "agent"))["items"]
    stage.must(part["to_name"] == CUSTOMER, "the production system knows who ordered the monitoring")
    stage.must(part["due_by"] < part["controller_due_on"], "passing on comes long before the answer")
    await stage.say(
        f"Her alarm's data belong to {CUSTOMER}; Insyn gives Securitas until {part['due_by']} to pass it on."
    )
    await stage.pass_time("P1D")
    path = f"{case.path}/forwardings/{part['id']}"
    await stage.caller.call("POST", path, "agent", json={"state": "sent"})
    (sent,) = (await stage.caller.call("GET", f"{case.path}/forwardings", "agent"))["items"]
    stage.must(
        sent["state"] == "sent" and sent["forwarded_at"][:10] <= part["due_by"], "it should be passed on in time"
    )
    await stage.say(f"The next day it is passed on; {CUSTOMER} has to answer by {part['controller_due_on']}.")


async def _own_part(stage: Stage, case: Case) -> None:
    await stage.decide(case, "access")
    await stage.until(case, "awaiting_release")
    seen = await stage.release(case)
    forwarded = [one["category_title"] for one in seen["left_out"] if one["what"] == "category"]
    stage.must(forwarded, "the package should say what belongs to the customer")
    await stage.say("What Securitas is itself the controller of goes into Anna's package.")
    await stage.until_closed(case)
    letters = await stage.letters(case)
    stage.must("fulfilment" in letters, "Anna should be answered for Securitas' own part")
    told = await stage.letter(case, "forwarding")
    stage.must(CUSTOMER in told, "Anna should be told to whom the rest went")
    to_customer = letters.get("forwarding_controller")
    stage.must(to_customer is None or "sent_at" in to_customer, "the customer's letter should be out")
    stage.must((await stage.outcomes(case))["access"] in ("granted", "partly_granted"), "the own part should be given")
    await stage.package(case)
    await stage.say(f"Anna has her own part, and a letter that names {CUSTOMER} for the rest.")
    stage.cases["forwarded"] = case
