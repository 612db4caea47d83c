"""A person who must not be found: her file vanishes from everybody but a few, and nothing says where she is."""

import re

from sandbox.chapters.stage import Case, Stage, Team
from sandbox.chapters.words import letters_in_words
from sandbox.people import BY_ID

WHO, WHERE = "elin-dahl", "sensor-alarm"
ELIN = BY_ID[WHO]
HANDLERS = Team(decides="handler", agrees="second handler", third="third handler")


async def play(stage: Stage) -> None:
    """Elin's address is secret; the first system that is asked about her knows it."""
    mails_before = len(await stage.mails(WHO))
    case = await stage.file(WHO, WHERE, "access", team=HANDLERS, contact={})
    await stage.say(f"Elin asks Sensor Alarm for a copy: {case.reference}. She does not say that she is in hiding.")
    await stage.until(case, "identity_wanted")
    await _only_handlers(stage, case)
    await _proves_more(stage, case)
    approval = await stage.decide(case, "access")
    await stage.agree(case, approval)
    await stage.say("Here even a yes takes two: a second handler agrees.")
    await stage.until(case, "cooling_off")
    await stage.say("A copy that shows how a home is protected waits, in case it was not her who asked.")
    await stage.pass_time("P3D")
    await stage.until(case, "awaiting_release")
    await stage.release(case)
    await _by_hand(stage, case)
    stage.must(not await stage.mails(WHO, mails_before), "no mail may leave a trace")
    await _no_place(stage, case)


async def _only_handlers(stage: Stage, case: Case) -> None:
    for who in ("agent", "approver", "dpo"):
        answer = await stage.caller.attempt("GET", case.path, who, language="en")
        stage.must(answer.status_code == 404, f"an ordinary {who} should not find the file")
    found = await stage.caller.items("/v1/requests", "agent", reference=case.reference)
    stage.must(not found, "the work list should not name her")
    view = await stage.view(case)
    stage.must(view["protected"], "the first search should have marked her")
    await stage.say("The first search comes back with a mark. From then on agent, approver and officer get 404.")
    await stage.say("Trained handlers see the file, and what it is; one decides, another looks before anything leaves.")


async def _proves_more(stage: Stage, case: Case) -> None:
    await stage.say("Her BankID is no longer enough: whoever holds her phone may be whom she hides from.")
    proof = {"method": "letter_to_registered_address", "personnummer": ELIN.personnummer}
    await stage.caller.call("POST", f"{case.path}/identity-proofs", case.team.decides, json=proof)
    await stage.until(case, "awaiting_decision")
    await stage.say("A letter goes by way of the Tax Agency, who alone knows the address; she answers it.")


async def _by_hand(stage: Stage, case: Case) -> None:
    posted: list[str] = []
    while await stage.until(case, "letter_waiting", "closed") == "letter_waiting":
        posted += await stage.post_letters(case, how="in_person")
    await stage.until_closed(case)
    letters = await stage.letters(case)
    ways = {kind: one["via"] for kind, one in letters.items()}
    stage.must("email" not in ways.values(), f"no letter of hers may be mailed: {ways}")
    stage.must("fulfilment" in posted and ways["fulfilment"] == "post", f"the answer should go by hand: {ways}")
    await stage.say(f"No mail to anybody. A person hands her what is written to her: {letters_in_words(posted)}.")


async def _no_place(stage: Stage, case: Case) -> None:
    stage.must((await stage.outcomes(case))["access"] in ("granted", "partly_granted"), "she should get her copy")
    files = await stage.package(case)
    told = b"\n".join(content for name, content in files.items() if _is_a_copy(name))
    stage.must(ELIN.address.encode() not in told, "the package should not say where she is")
    stage.must(b'"address": "[withheld: place]"' in told, "the address should be masked, with its reason")
    stage.must(not re.search(rb'"address": "(?!\[withheld)', told), "every address should be masked")
    await stage.say("Her package holds her data; where an address stands in a row it says '[withheld: place]'.")
    stage.cases["protected"] = case


def _is_a_copy(name: str) -> bool:
    """What processors gave; what is said about the company holds the company's own address."""
    return name.endswith(".json") and not name.startswith("data/_")
