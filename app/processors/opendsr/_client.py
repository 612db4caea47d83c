"""The adapter of the kind ``opendsr``: ask, look, take back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.domain.fanout import TERMINAL, Action, Outcome
from app.processors import _answers
from app.processors._egress import AddressNotAllowed, AnswerTooLarge, TlsFailed, check_resolved, read_capped
from app.processors._port import Answer, Order, Target
from app.processors.opendsr import _trust, _words
from app.processors.opendsr._discovery import DIRECTORY, Announced, Directory, NotAnnounced
from app.processors.opendsr._results import ResultsNotReadable, read_records
from app.processors.opendsr._wiring import PROFILE, credentials, is_on, is_same_origin, read, request_id

_LATER = frozenset({408, 425, 500, 502, 504})
#: What a processor may say in our extension of a request that it calls completed.
_LAST_WORDS = TERMINAL | {Outcome.REFUSED, Outcome.FAILED, Outcome.AMBIGUOUS, Outcome.EFFECTIVE_LATER}


@dataclass(frozen=True)
class _Reply:
    """What came back, unread."""

    status: int
    headers: Mapping[str, str]
    raw: bytes


class OpenDsr:
    """One processor reached over OpenDSR. *wall_clock* gives the instant that certificates are held against."""

    def __init__(
        self,
        target: Target,
        client: httpx.AsyncClient,
        *,
        sandbox: bool,
        directory: Directory = DIRECTORY,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._target = target
        self._client = client
        self._sandbox = sandbox
        self._directory = directory
        self._wall_clock = wall_clock
        self._wiring = read(target)
        self._domain = self._wiring.domain_of(target)
        self._url = target.endpoint.rstrip("/") + self._wiring.path

    async def send(self, order: Order) -> Answer:
        """Ask, once the processor has said that it does this and shown who it is."""
        try:
            announced = await self._announced()
            self._check_identity(announced)
        except NotAnnounced as error:
            return Answer(outcome=Outcome.RETRY if error.later else Outcome.FAILED, code=error.code)
        except _trust.NotTrusted as error:
            # Nothing about anybody is told to whoever cannot show who they are.
            return Answer(outcome=Outcome.FAILED, code=error.code)
        type_ = _words.type_for(order, self._wiring, announced)
        if type_ is None:
            return Answer(outcome=Outcome.REFUSED, code="type_not_announced")
        if PROFILE not in announced.profiles and _words.needs_extension(order, self._target.categories):
            return Answer(outcome=Outcome.REFUSED, code="extension_not_announced")
        identities = _words.identities_for(order, self._wiring, announced)
        if not identities:
            return Answer(outcome=Outcome.REFUSED, code="identity_not_announced")
        made = _words.message(order, type_, identities, wiring=self._wiring, announced=announced, domain=self._domain)
        reply = await self._call("POST", self._url, json.dumps(made, ensure_ascii=False).encode())
        return reply if isinstance(reply, Answer) else await self._sent(order, reply)

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self.ask(order)

    async def ask(self, order: Order) -> Answer:
        """Ask what has become of the request: 404 means it never arrived and may be sent (again)."""
        reply = await self._call("GET", self._address(order.task_id))
        if isinstance(reply, Answer):
            return reply
        if reply.status == 404 or (reply.status == 400 and self._wiring.dialect == "appsflyer"):
            return Answer(outcome=Outcome.RETRY, code="never_arrived")
        if reply.status != 200:
            return self._declined(reply)
        return await self._read(order, reply)

    async def recall(self, task_id: str) -> str:
        """Take back a request that nobody waits for any more; a machine word for what came of it."""
        reply = await self._call("DELETE", self._address(task_id))
        return reply.code if isinstance(reply, Answer) else f"http_{reply.status}"

    async def aclose(self) -> None:
        await self._client.aclose()

    def _address(self, task_id: str) -> str:
        return f"{self._url}/{request_id(task_id)}"

    async def _sent(self, order: Order, reply: _Reply) -> Answer:
        if reply.status in (200, 201, 202):
            return await self._read(order, reply, is_new=True)
        if reply.status in (400, 409):
            # "There already": what we asked before and did not hear the end of. Whatever else it is, it is not there.
            asked = await self.ask(order)
            return asked if asked.code != "never_arrived" else Answer(outcome=Outcome.FAILED, code=_code(reply))
        return self._declined(reply)

    def _declined(self, reply: _Reply) -> Answer:
        wait = _answers.read_wait(reply.headers.get("retry-after"))
        if reply.status in (429, 503):
            return Answer(outcome=Outcome.RETRY, code=_code(reply), wait=wait)
        if reply.status in _LATER:
            return Answer(outcome=Outcome.UNKNOWN, code=_code(reply), wait=wait)
        return Answer(outcome=Outcome.FAILED, code=_code(reply))

    async def _read(self, order: Order, reply: _Reply, *, is_new: bool = False) -> Answer:
        """What a signed answer says; nothing of it is looked at before the signature."""
        try:
            await self._check_signed(reply)
            said = _answers.parse_json(reply.raw)
        except _trust.NotTrusted as error:
            return Answer(outcome=Outcome.UNKNOWN, code=error.code)
        except NotAnnounced as error:
            return Answer(outcome=Outcome.UNKNOWN, code=error.code)
        except _answers.AnswerNotUnderstood:
            return Answer(outcome=Outcome.UNKNOWN, code="malformed")
        if said.get("subject_request_id", request_id(order.task_id)) != request_id(order.task_id):
            return Answer(outcome=Outcome.UNKNOWN, code="another_request")
        status = _words.status_of(said)
        if status is None and not is_new:
            return Answer(outcome=Outcome.UNKNOWN, code="status_unknown")
        if status in (None, "pending", "in_progress"):
            return self._accepted(said, status or "pending", reply)
        if status == "cancelled":
            return Answer(outcome=Outcome.REFUSED, code="cancelled")
        return await self._completed(order, said)

    def _accepted(self, said: Mapping[str, Any], status: str, reply: _Reply) -> Answer:
        expected = said.get("expected_completion_time")
        # The base64 of all we sent comes back in ``encoded_request``: it is neither read nor kept.
        progress = {"status": status} | ({"expected": expected[:40]} if isinstance(expected, str) else {})
        wait = _answers.read_wait(reply.headers.get("retry-after"))
        pace = timedelta(seconds=self._wiring.poll_seconds)
        return Answer(outcome=Outcome.ACCEPTED, code=status, wait=wait or pace, progress=progress)

    async def _completed(self, order: Order, said: Mapping[str, Any]) -> Answer:
        if _words.has_failed_further_on(said):
            return Answer(outcome=Outcome.FAILED, code="failed_further_on")
        try:
            body = self._outcome(order, said)
            results = said.get("results_url")
            if order.action is Action.EXPORT and isinstance(results, str) and results:
                body["records"] = await self._results(order, results)
                if not body["records"] and body["outcome"] == Outcome.COMPLETED:
                    body["outcome"] = Outcome.NOT_FOUND.value
            return _answers.read_outcome(body, code="completed")
        except _answers.AnswerNotUnderstood:
            return Answer(outcome=Outcome.UNKNOWN, code="malformed")
        except ResultsNotReadable as error:
            return Answer(outcome=Outcome.FAILED, code=error.code)
        except _Elsewhere as error:
            return error.answer

    def _outcome(self, order: Order, said: Mapping[str, Any]) -> dict[str, Any]:
        """The processor's outcome in our words: from our extension, else what "completed" can mean at most."""
        own = _words.outcome_in(said, self._domain)
        if own is not None:
            if not (isinstance(own["outcome"], str) and own["outcome"] in _LAST_WORDS):
                raise _answers.AnswerNotUnderstood
            return {name: value for name, value in own.items() if name != "profile"}
        count = said.get("results_count")
        nothing = order.action is Action.EXPORT and count == 0 and not said.get("results_url")
        evidence = {"status": "completed"} | ({"results_count": str(count)} if isinstance(count, int) else {})
        return {"outcome": (Outcome.NOT_FOUND if nothing else Outcome.COMPLETED).value, "evidence": evidence}

    async def _results(self, order: Order, url: str) -> list[dict[str, Any]]:
        """The rows; fetched only from where the processor was registered, with our credentials nowhere else."""
        is_own = is_same_origin(url, self._target.endpoint)
        if not is_own and not is_on(url, self._wiring.results_hosts):
            raise ResultsNotReadable("results_elsewhere")
        reply = await self._call("GET", url, with_credentials=is_own)
        if isinstance(reply, Answer):
            raise _Elsewhere(reply)
        if reply.status in (404, 410):
            raise ResultsNotReadable("results_gone")
        if reply.status != 200:
            raise _Elsewhere(self._declined(reply))
        return read_records(
            reply.raw,
            content_type=reply.headers.get("content-type", ""),
            categories=order.categories,
            category=self._wiring.results_category,
        )

    async def _announced(self, *, anew: bool = False) -> Announced:
        return await self._directory.look(self._target, self._wiring, self._client, sandbox=self._sandbox, anew=anew)

    def _check_identity(self, announced: Announced) -> None:
        anchors = _trust.anchors_of(self._target.named)
        if self._wiring.unsigned_answers and not announced.chain and not anchors.pinned:
            return
        _trust.check_identity(announced.chain, anchors, domain=self._domain, now=self._wall_clock())

    async def _check_signed(self, reply: _Reply) -> None:
        if self._wiring.unsigned_answers and _trust.signed_by(reply.headers) is None:
            return
        announced = await self._announced()
        try:
            self._check_message(reply, announced)
        except _trust.NotTrusted:
            # A new certificate, perhaps: looked up once more.
            newest = await self._announced(anew=True)
            if newest == announced:
                raise
            self._check_message(reply, newest)

    def _check_message(self, reply: _Reply, announced: Announced) -> None:
        _trust.check_message(
            reply.headers,
            reply.raw,
            chain=announced.chain,
            anchors=_trust.anchors_of(self._target.named),
            domain=self._domain,
            now=self._wall_clock(),
        )

    async def _call(
        self, method: str, url: str, body: bytes = b"", *, with_credentials: bool = True
    ) -> _Reply | Answer:
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body else {})
        if with_credentials:
            headers |= credentials(self._target, self._wiring)
        try:
            await check_resolved(url, sandbox=self._sandbox)
            async with self._client.stream(method, url, content=body, headers=headers) as response:
                raw = await read_capped(response, most=_answers.MOST_BYTES)
        except AddressNotAllowed:
            return Answer(outcome=Outcome.FAILED, code="address_not_allowed")
        except TlsFailed as failed:
            return Answer(outcome=Outcome.FAILED if failed.is_ours else Outcome.RETRY, code=failed.code)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Answer(outcome=Outcome.RETRY, code="not_reached")
        except httpx.HTTPError:
            return Answer(outcome=Outcome.UNKNOWN, code="cut_off")
        except AnswerTooLarge:
            return Answer(outcome=Outcome.UNKNOWN, code="too_large")
        return _Reply(response.status_code, response.headers, raw)


class _Elsewhere(Exception):
    """The results were not to be had; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


def _code(reply: _Reply) -> str:
    return f"http_{reply.status}"
