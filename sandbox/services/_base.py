"""
A simulated processor as a web server: it checks who calls, suffers its fault script, does the work, answers.

``POST /{controller}`` takes a task. Where answers are fetched, ``GET /{controller}/{task}`` gives them.
``POST /{controller}/uses`` is the service's own daily work ("may I send this person an advertisement?"), so
that a restriction can be seen to hold.
"""

import asyncio
import time
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.domain.webhook_signature import WebhookRefused, verify
from sandbox import faults
from sandbox.services import _actions, _desk, _opendsr
from sandbox.services._service import Pace, Service
from sandbox.services._task import Identifier, Outcome, Task
from sandbox.store import Connection, Store

_LARGEST = 1024 * 1024


@dataclass(frozen=True)
class _Server:
    service: Service
    store: Store
    pace: Pace

    async def take_task(self, request: Request) -> Response:
        body = await _bounded(request)
        if body is None:
            return _problem(413, "The body is too large.")
        controller = request.path_params["controller"]
        caller = await asyncio.to_thread(self._caller, controller, request, body)
        if caller is None:
            return _problem(401, "The signature cannot be trusted.")
        try:
            task = Task.model_validate_json(body)
        except ValidationError:
            return _problem(400, "The body is no task of the contract.")
        key = request.headers.get("idempotency-key")
        if key is None or task.data.controller != controller:
            return _problem(400, "A task needs an Idempotency-Key and the controller of its address.")
        fault = await asyncio.to_thread(
            faults.take, self.store, self.service.name, action=task.data.action, controller=controller
        )
        if isinstance(fault, faults.Status):
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return _problem(fault.status, "Out of order by script.", headers)
        if isinstance(fault, faults.Delay):
            await asyncio.sleep(fault.seconds)
        order = _desk.Order(task=task, key=key, caller=caller, fault=fault.fault, ready_at=self._ready_at())
        outcome = await asyncio.to_thread(_desk.handle, self.store, self.service, order)
        return _misled(fault.fault) or self._answer(request, task.data.task_id, outcome)

    def _caller(self, controller: str, request: Request, body: bytes) -> Connection | None:
        """Return the connection whose secret signed the request, or none."""
        for connection in self.store.connections(self.service.name, controller):
            try:
                verify([connection.secret], dict(request.headers), body, int(time.time()))
            except WebhookRefused:
                continue
            return connection
        return None

    def _ready_at(self) -> float:
        after = {"sync": 0.0, "poll": self.pace.poll_after, "callback": self.pace.callback_after}
        return time.time() + after[self.service.answers]

    def _answer(self, request: Request, task: str, outcome: Outcome) -> Response:
        match self.service.answers:
            case "sync":
                return JSONResponse(outcome)
            case "callback":
                return JSONResponse({"outcome": "accepted"}, 202)
            case "poll":
                headers = {"Location": f"{str(request.url).rstrip('/')}/{task}", "Retry-After": "1"}
                return JSONResponse({"outcome": "accepted"}, 202, headers)

    async def tell(self, request: Request) -> Response:
        """What has become of a task; 404 says that it never arrived, so that it can be sent without fear."""
        controller, task = request.path_params["controller"], request.path_params["task"]
        if await asyncio.to_thread(self._caller, controller, request, await request.body()) is None:
            return _problem(401, "The signature cannot be trusted.")
        answer = await asyncio.to_thread(_desk.answer_to, self.store, self.service.name, controller, task)
        if answer is None:
            return _problem(404, "No such task has arrived here.")
        if answer.ready_at > time.time():
            return JSONResponse({"outcome": "accepted"}, 202, {"Retry-After": "1"})
        return JSONResponse(answer.outcome)

    async def use(self, request: Request) -> Response:
        try:
            wish = _Wish.model_validate_json(await request.body())
        except ValidationError:
            return _problem(400, "Say who and what for.")
        allowed = await asyncio.to_thread(self._may_use, request.path_params["controller"], wish)
        return JSONResponse({"allowed": True}) if allowed else _problem(409, "This file must not be used for that.")

    def _may_use(self, controller: str, wish: "_Wish") -> bool:
        people = _actions.find(self.store, self.service.name, controller, [wish.identifier])
        marks = [self.store.marks(self.service.name, controller, person) for person in people]
        return bool(marks) and all(_actions.may_use(each, wish.purpose) for each in marks)


async def _bounded(request: Request) -> bytes | None:
    """The body, unless it is larger than anything Insyn sends."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > _LARGEST:
            return None
    return bytes(read)


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: Identifier
    purpose: str


def application(service: Service, store: Store, pace: Pace) -> Starlette:
    """Return *service* as an ASGI application; what it owes as callbacks is sent by somebody else."""
    server = _Server(service, store, pace)
    routes = [
        Route("/livez", _alive),
        Route("/{controller}", server.take_task, methods=["POST"]),
        Route("/{controller}/uses", server.use, methods=["POST"]),
        *_opendsr.Front(service, store, pace).routes(),
    ]
    if service.idempotency == "query" or service.answers == "poll":
        routes.append(Route("/{controller}/{task}", server.tell, methods=["GET"]))
    return Starlette(routes=routes)


async def _alive(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _problem(status: int, title: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "title": title, "status": status}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _misled(fault: str) -> Response | None:
    """The answer of a server that did the work and then fails to say so."""
    if fault == "malformed":
        return Response(b'{"outcome": "comple', media_type="application/json")
    return _CutShort() if fault == "drop_after_processing" else None


class _CutShort(Response):
    """Promises more than it sends; the server then closes the connection, as a crash would."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
