"""The rules, one a promise of the contract. Each says what the contract says and finds out whether it is kept."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.fanout import Action, Outcome, is_empty_handed
from app.domain.webhook_signature import UnfitWebhookSecret, WebhookRefused, verify
from app.processors import AnswerNotUnderstood, parse_json, read_outcome
from processor_kit.conformance._bench import Bench, Exchange, is_same_origin, new_id

#: Larger than any task that Insyn sends, by far.
HUGE = 2 * 1024 * 1024
FOREIGN = "category-nobody-agreed-on"
STRANGER = "whsec_" + base64.b64encode(b"nobody-agreed-on-this-secret-00").decode()


class Broken(Exception):
    """The rule is not kept; the text says how."""


class NotTested(Exception):
    """The rule does not apply to what was agreed; the text says why."""


Check = Callable[[Bench], Awaitable[None]]


@dataclass(frozen=True)
class Rule:
    """One promise: its name, what the contract says, how it is tried."""

    name: str
    contract: str
    check: Check


RULES: list[Rule] = []


def rule(name: str, contract: str) -> Callable[[Check], Check]:
    def take(check: Check) -> Check:
        RULES.append(Rule(name, contract, check))
        return check

    return take


# ---- who speaks


@rule("signature-valid", "A task signed with the agreed secret is taken: 200 with an outcome, or 202.")
async def _(bench: Bench) -> None:
    _taken(await bench.ask())


@rule("signature-missing", "A call without a signature is refused: 401, before its body is read.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    kept = {name: value for name, value in bench.headers(id, body).items() if name != "webhook-signature"}
    _refused(await bench.post(body, kept), "a call without a signature")


@rule("signature-wrong", "A call signed with another secret is refused: 401.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    _refused(await bench.post(body, bench.headers(id, body, secret=STRANGER)), "another secret's signature")


@rule("signature-body", "The signature covers the body byte for byte: a changed body is refused, 401.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    _refused(await bench.post(body + b" ", bench.headers(id, body)), "a body that was changed after signing")


@rule("signature-id", "The signature covers the id: the same call under another webhook-id is refused, 401.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    headers = bench.headers(id, body) | {"webhook-id": new_id()}
    _refused(await bench.post(body, headers), "an id that was changed after signing")


@rule("signature-old", "A timestamp more than five minutes old is refused, however well it is signed: 401.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    _refused(await bench.post(body, bench.headers(id, body, late=400)), "a timestamp of 400 seconds ago")


@rule("signature-future", "A timestamp more than five minutes ahead is refused as well: 401.")
async def _(bench: Bench) -> None:
    body = bench.message(id=(id := new_id()))
    _refused(await bench.post(body, bench.headers(id, body, late=-400)), "a timestamp 400 seconds ahead")


# ---- once is once


@rule("idempotency-same-answer", "Idempotency 'yes': the same id again is the same task, with the first answer.")
async def _(bench: Bench) -> None:
    _only_if_idempotent(bench)
    first = await bench.ask(id=(id := new_id()))
    again = await bench.ask(id=id)
    _same(_taken(first), _taken(again))


@rule("idempotency-at-once", "Idempotency 'yes': the same id several times at once is still one task, one answer.")
async def _(bench: Bench) -> None:
    _only_if_idempotent(bench)
    id = new_id()
    answers = await asyncio.gather(*(bench.ask(id=id) for _ in range(5)))
    # "Come again" is no second answer.
    taken = [_taken(one) for one in answers if one.status not in (429, 503)]
    if not taken:
        raise Broken("None of five calls at once was taken.")
    for one in taken[1:]:
        _same(taken[0], one)


@rule("replay", "Idempotency 'yes': the very same bytes again, as from somebody who copied them, change nothing.")
async def _(bench: Bench) -> None:
    _only_if_idempotent(bench)
    body = bench.message(id=(id := new_id()))
    headers = bench.headers(id, body)
    _same(_taken(await bench.post(body, headers)), _taken(await bench.post(body, headers)))


# ---- what is answered


@rule("outcome-readable", "Every outcome has the agreed shape and names only categories that were asked for.")
async def _(bench: Bench) -> None:
    for action in bench.setup.actions:
        first = await bench.ask(action, id=(id := new_id()))
        word = await bench.last_word(id, _taken(first))
        if word is None:
            raise NotTested(f"No last word about '{action}' came in time; see answer-in-time.")
        _readable(bench, action, word)


@rule("answer-in-time", "A task that was accepted (202) is answered: by callback, or at its Location.")
async def _(bench: Bench) -> None:
    first = await bench.ask(id=(id := new_id()))
    if _taken(first).status == 200:
        raise NotTested("This processor answers at once.")
    if await bench.last_word(id, first) is None:
        raise Broken(f"No last word within {bench.setup.within:g} seconds.")


@rule("location", "The Location of a 202 is on the endpoint's own scheme, host and port; elsewhere nobody looks.")
async def _(bench: Bench) -> None:
    where = bench.location(_taken(await bench.ask()))
    if where is None:
        raise NotTested("No Location was named.")
    if not is_same_origin(where, bench.setup.endpoint):
        raise Broken("The Location is on another host, scheme or port.")


# ---- calling back


@rule("callback-signed", "A callback is signed with the agreed secret over its own id, and is a task.outcome.")
async def _(bench: Bench) -> None:
    id = await _called_back(bench)
    for call in bench.receiver.of(id):
        try:
            verify([bench.setup.secret], call.headers, call.body, int(time.time()))
        except (WebhookRefused, UnfitWebhookSecret):
            raise Broken("The callback's signature, id or timestamp is missing or wrong.") from None
        _is_message(call.body, id)


@rule("callback-repeated", "A callback that was not taken (5xx) comes again, under the same webhook-id.")
async def _(bench: Bench) -> None:
    bench.receiver.turned_away.add(id := new_id())
    await _called_back(bench, id)
    calls = bench.receiver.of(id)
    final = [one for one in calls if b'"accepted"' not in one.body] or calls
    if len({one.headers.get("webhook-id") for one in final}) != 1:
        raise Broken("The event came again under another webhook-id, so it would count twice.")


# ---- being asked


@rule("query-known", "GET {endpoint}/{task_id} of a task that arrived: 200 with the outcome, or 202.")
async def _(bench: Bench) -> None:
    _only_if_asked(bench)
    _taken(await bench.ask(id=(id := new_id())))
    asked = await bench.query(id)
    if asked.status not in (200, 202):
        raise Broken(f"It had arrived, and the answer was {_status(asked)}.")


@rule("query-unknown", "GET {endpoint}/{task_id} of a task that never arrived: 404, so that it can be sent.")
async def _(bench: Bench) -> None:
    _only_if_asked(bench)
    asked = await bench.query(new_id())
    if asked.status != 404:
        raise Broken(f"It never arrived, and the answer was {_status(asked)}.")


@rule("query-signed", "GET without a signature is refused: 401. An outcome is personal data.")
async def _(bench: Bench) -> None:
    _only_if_asked(bench)
    _taken(await bench.ask(id=(id := new_id())))
    _refused(await bench.query(id, is_signed=False), "a question without a signature")


# ---- wrong input


@rule("input-not-json", "A signed body that is not JSON is answered 4xx, never 5xx.")
async def _(bench: Bench) -> None:
    body, id = b'{"type": "task.requested", ', new_id()
    _refused(await bench.post(body, bench.headers(id, body)), "a body that is not JSON")


@rule("input-not-a-task", "A signed JSON body that is no task is answered 4xx, never 5xx.")
async def _(bench: Bench) -> None:
    for body in (b"[]", b"null", b'{"type": "task.requested"}', b'{"type": "task.requested", "data": []}'):
        _refused(await bench.post(body, bench.headers(new_id(), body)), f"the body {body.decode()}")


@rule("input-unknown-action", "An action nobody agreed on is answered 4xx, never 5xx, and nothing is done.")
async def _(bench: Bench) -> None:
    _refused(await bench.ask("teleport"), "the action 'teleport'")


@rule("input-foreign-category", "A category nobody agreed on: 4xx, or an answer that does not name it; never 5xx.")
async def _(bench: Bench) -> None:
    first = await bench.ask(id=(id := new_id()), data_categories=[FOREIGN])
    if 400 <= first.status < 500:
        return
    word = await bench.last_word(id, _taken(first))
    if word is not None and FOREIGN.encode() in word:
        raise Broken("The answer claims to hold a category that nobody agreed on.")


@rule("input-huge", "A body of two megabytes (Insyn's are far smaller) is answered 4xx, never 5xx, and not worked on.")
async def _(bench: Bench) -> None:
    answer = await bench.ask(details={"text": "x" * HUGE})
    # Whoever closes the connection while it is still coming has refused it as well.
    if not (400 <= answer.status < 500 or (answer.status == 0 and answer.seconds < bench.setup.call_seconds)):
        raise Broken(f"The answer was {_status(answer)}.")


@rule("input-new-field", "Fields may be added to the contract: what is not known is passed over.")
async def _(bench: Bench) -> None:
    _taken(await bench.ask(a_later_field={"of": ["some", "kind"]}))


# ---- time


@rule("time", "Each call is answered within 15 seconds; later counts as 'nobody knows'.")
async def _(bench: Bench) -> None:
    slow = [one for one in bench.said if one.seconds > bench.setup.call_seconds]
    if slow:
        raise Broken(f"{len(slow)} calls took longer; the slowest {max(one.seconds for one in slow):.1f} seconds.")


# ---- how they look


def _taken(answer: Exchange) -> Exchange:
    if answer.status not in (200, 202):
        raise Broken(
            f"A task of the contract was answered {answer.status}."
            if answer.status
            else f"A task of the contract got no answer: {answer.note}."
        )
    return answer


def _refused(answer: Exchange, what: str) -> None:
    if not answer.status:
        raise Broken(f"For {what} there was no answer: {answer.note}.")
    if not 400 <= answer.status < 500:
        raise Broken(f"For {what} the answer was {answer.status}.")


def _status(answer: Exchange) -> str:
    return str(answer.status) if answer.status else answer.note


def _same(first: Exchange, again: Exchange) -> None:
    # What was accepted may have been finished in the meantime.
    if (first.status, again.status) == (202, 200):
        return
    if first.status != again.status:
        raise Broken(f"First {first.status}, then {again.status}.")
    if first.status == 200 and _json(first.body) != _json(again.body):
        raise Broken("The second answer differs from the first: it was done twice, or is remembered otherwise.")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _only_if_idempotent(bench: Bench) -> None:
    if bench.setup.idempotency != "yes":
        raise NotTested(f"Idempotency is '{bench.setup.idempotency}'.")


def _only_if_asked(bench: Bench) -> None:
    if bench.setup.idempotency != "query" and bench.answers != "poll":
        raise NotTested("Idempotency is not 'query' and answers are not polled: Insyn never asks.")


async def _called_back(bench: Bench, id: str | None = None) -> str:
    """Ask something and wait until it has been called back about for good; the task's id."""
    if bench.answers != "callback":
        raise NotTested("This processor does not call back.")
    first = await bench.ask(id=(id := id or new_id()))
    if _taken(first).status == 200:
        raise NotTested("This task was answered at once.")
    ends = time.monotonic() + bench.setup.within
    while bench.taken(id) is None:
        if time.monotonic() > ends:
            came = "no callback came" if not bench.receiver.of(id) else "what came did not come again or is no outcome"
            raise Broken(f"Within {bench.setup.within:g} seconds {came}.")
        await bench.receiver.wait(0.5)
    return id


def _is_message(body: bytes, id: str) -> None:
    try:
        message = parse_json(body)
    except AnswerNotUnderstood:
        raise Broken("The callback is not a JSON object.") from None
    data = message.get("data")
    if message.get("type") != "task.outcome" or not isinstance(data, dict) or data.get("task_id") != id:
        raise Broken("The callback is not a task.outcome with the task's id in its data.")


def _readable(bench: Bench, action: Action, word: bytes) -> None:
    try:
        said = parse_json(word)
        answer = read_outcome(said, code="test")
    except AnswerNotUnderstood as error:
        raise Broken(f"The outcome of '{action}' cannot be read: {error or 'not the agreed shape'}") from None
    named = {one["category"] for part in ("records", "retained") for one in said.get(part) or ()}
    named |= set(said.get("erased_categories") or ())
    if action is Action.LOCATE:
        named |= set(said.get("found_categories") or ())
    if strange := named - set(bench.setup.categories):
        raise Broken(f"The outcome of '{action}' names {len(strange)} categories that were not asked for.")
    if is_empty_handed(action, answer.outcome, said):
        raise Broken(f"The outcome of '{action}' is done, and no data came with it.")
    if answer.outcome in (Outcome.COMPLETED_PARTIAL, Outcome.RETAINED):
        _fits(bench, action, answer.outcome, said)


def _fits(bench: Bench, action: Action, outcome: Outcome, said: Mapping[str, Any]) -> None:
    """A part, or something kept by law: only where there can be such a thing, and told so that it can end the task."""
    if action is not Action.ERASE and (outcome is Outcome.RETAINED or said.get("retained")):
        raise Broken(f"No law keeps anything from '{action}': only an erasure can be answered with 'retained'.")
    if action is Action.STOP_MARKETING:
        raise Broken(f"'{action}' has no part: marketing stops, or the outcome says that it does not.")
    if action is Action.ERASE and said.get("retained"):
        told = {one["category"] for one in said["retained"]} | set(said.get("erased_categories") or ())
        if silent := set(bench.setup.categories) - told:
            raise Broken(f"The outcome of '{action}' keeps something and is silent about {len(silent)} categories.")
