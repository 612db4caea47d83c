"""The ex-partner: he is who he says he is, and still gets nothing of hers; nor does he become her."""

from collections import Counter
from typing import Any

from sandbox.chapters.stage import Case, Stage
from sandbox.people import BY_ID
from sandbox.vendors._base import e164

HE, SHE, WHERE = "bjorn-lindqvist", "anna-lindqvist", "sensor-alarm"
ANNA, BJORN = BY_ID[SHE], BY_ID[HE]
#: What of hers must never reach him, in whatever way it is written. Their surname, home and address are his too.
HERS = (
    ANNA.name, ANNA.personnummer, ANNA.email, ANNA.phone, "0701740605", "+46701740605", str(ANNA.customer_number),
    "Maria Nyberg", BY_ID["maria-nyberg"].phone,
)  # fmt: skip


async def play(stage: Stage) -> None:
    """Björn has moved out of Anna's home; his code still works there."""
    await _asks_for_her_home(stage)
    await _tries_to_become_her(stage)


# --- everything about her home ----------------------------------------------------------------------------------------


async def _asks_for_her_home(stage: Stage) -> None:
    typed = [{"type": "installation_id", "value": ANNA.home}, {"type": "address", "value": ANNA.address}]
    case = await stage.file(HE, WHERE, "access", identifiers=typed, language="en")
    await stage.say(f"Björn logs in and asks for all about {ANNA.home}, the home he left: {case.reference}.")
    await stage.until(case, "awaiting_decision")
    answer = await stage.try_to_decide(case, "access", "granted")
    text = await stage.refused(answer, 409, "identifiers-not-checked")
    await stage.say(f"The agent says yes. Insyn: 409, {text}")
    await stage.decide(case, "access", identifiers_checked=True)
    await stage.until(case, "awaiting_release")
    seen = await stage.release(case)
    await _say_what_stays(stage, seen)
    await stage.until_closed(case)
    await _nothing_of_hers(stage, case)


async def _say_what_stays(stage: Stage, seen: dict[str, Any]) -> None:
    left_out: Counter[str] = Counter()
    for one in seen["left_out"]:
        left_out[f"{one['what']} of '{one['category_title']}': {one['text'].rstrip('.')} ({one['source']})"] += one[
            "count"
        ]
    reasons = {one["reason_code"] for one in seen["left_out"]}
    stage.must("rights_of_others" in reasons, f"her movements should stay for her sake, not for {sorted(reasons)}")
    await stage.say("An approver sees what he will see, and what stays with its reason:")
    for reason, count in sorted(left_out.items()):
        await stage.say(f"  {count} × {reason}")


async def _nothing_of_hers(stage: Stage, case: Case) -> None:
    files = await stage.package(case)
    letters = await stage.all_letters(case)
    stage.must(letters, "he should have letters")
    everything = b"\n".join(files.values()).decode("utf-8", "replace") + "\n".join(letters)
    found = [value for value in HERS if value in everything]
    stage.must(not found, f"nothing of Anna's should reach him, and {len(found)} values did")
    stage.must(BJORN.name in everything, "his own data are his")
    await stage.say(f"He gets his own {len(files)} files. Searched for Anna's name, numbers and contacts: 0 found.")
    stage.cases["ex_partner"] = case


# --- to become her ----------------------------------------------------------------------------------------------------


async def _tries_to_become_her(stage: Stage) -> None:
    mails_before = len(await stage.mails(SHE))
    changed = {"right": "rectification", "details": {"field": "phone", "value": BJORN.phone}}
    case = await stage.file(SHE, WHERE, changed, contact={"email": BJORN.email})
    await stage.say(
        f"On her tablet, still logged in, he has her telephone number 'corrected' to his: {case.reference}."
    )
    await stage.until(case, "awaiting_decision")
    await stage.decide(case, "rectification")
    await stage.until(case, "cooling_off")
    told = await stage.mails(SHE, mails_before)
    stage.must(told, "Anna should be told at the address that was known before")
    texts = " ".join(one["text"] for one in told)
    stage.must(BJORN.phone not in texts and "http" not in texts, "the mail should say no more, and link nowhere")
    await stage.say("Whoever changes where somebody is reached waits: every address on file before gets a mail first.")
    await _calls(stage)
    await _she_says_no(stage, case)


async def _calls(stage: Stage) -> None:
    """He does not wait: by telephone, in her name, from the number he wants to be hers."""
    now = (await stage.now()).isoformat()
    known = {"identifiers": [{"type": "customer_number", "value": ANNA.customer_number}]}
    said = await stage.caller.call(
        "POST",
        "/v1/requests",
        "agent",
        json={"controller": WHERE, "channel": "phone", "received_at": now, "claims": [{"right": "access"}]}
        | {"subject": known | {"contact": {"phone": BJORN.phone}}},
    )
    ids = {claim["right"]: claim["id"] for claim in said["claims"]}
    case = Case(said["id"], said["reference"], WHERE, SHE, said["due_on"], claims=ids)
    proof = {"method": "known_channel_callback", "contact": {"type": "phone", "value": BJORN.phone}}
    await stage.caller.attempt("POST", f"{case.path}/identity-proofs", "agent", json=proof)
    await stage.until(case, "identity_wanted")
    text = await stage.refused(await stage.try_to_decide(case, "access", "granted"), 409, "identity-not-proven")
    await stage.say(
        f"He calls as Anna and wants her copy, and to be called back on 'her' new number. Insyn: 409, {text}"
    )
    await stage.post_letters(case)  # the receipt says how one proves who one is
    given_up = {"result": "not_possible", "reason": "He was called back on no number we know, and shows no e-ID."}
    await stage.caller.call("POST", f"{case.path}/identity-proofs", "agent", json=given_up)
    await stage.until_closed(case)
    stage.must(await stage.outcomes(case) == {"access": "not_identified"}, "the call should end as not identified")


async def _she_says_no(stage: Stage, case: Case) -> None:
    said = {"reference": case.reference}
    await stage.caller.call("POST", "/v1/self-service/stops", SHE, json=said)
    await stage.until(case, "stopped")
    await stage.say("Anna reads her mail and says: that was not me. Everything halts.")
    await stage.pass_time("P5D")
    stage.must(await stage.status(case) == "stopped", "no day passes into a yes")
    await stage.say("Five days later nothing has moved: time is no answer.")
    path = f"{case.path}/stop-settlement"
    said = {"verdict": "not_genuine", "reason": "Called back on the number known for years: she did not ask for it."}
    answer = await stage.caller.attempt("POST", path, "second agent", json=said, language="en")
    stage.must(answer.status_code == 403, "an agent alone should not end what a login asked for")
    await stage.caller.call("POST", path, "approver", json=said)
    await stage.until_closed(case)
    stage.must(await stage.outcomes(case) == {"rectification": "not_identified"}, "it should end as not hers")
    done = [e for one in ("guard-company", "telephony") for e in await stage.effects(one, SHE, WHERE)]
    texts = [str(await stage.at_vendor(one, SHE)) for one in ("billecta", "webcrm")]
    is_hers = all(e164(ANNA.phone) in text and e164(BJORN.phone) not in text for text in texts)
    stage.must("rectify" not in done and is_hers, "her number should be as it was")
    await stage.say("An approver settles it, in writing: not genuine. Her number stands in every system as before.")
    stage.cases["not hers"] = case
