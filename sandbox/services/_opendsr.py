"""
The simulated processors spoken to over OpenDSR: ``/{controller}/v2`` beside the webhook's address.

The same desk, the same files, the same ledger. Every answer is signed by a certificate that a CA of the sandbox's own
vouches for; that CA is pinned in Insyn when the processor is introduced. Answers are fetched, nobody is called back.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.processors.opendsr import PROFILE
from processor_kit.certificates import load_signer, make_certificate
from sandbox.services import _desk
from sandbox.services._service import Pace, Service
from sandbox.services._task import Task
from sandbox.store import Connection, Store

#: Which action each type is; what our extension says goes before it.
TYPES = {
    "access": "export",
    "portability": "export",
    "erasure": "erase",
    "rectification": "rectify",
    "restriction": "restrict",
    "restriction_lift": "lift_restriction",
    "objection": "stop_purposes",
    "consent_withdrawal": "stop_purposes",
    "automated_decision_review": "review_decision",
    "locate": "locate",
    "freeze": "freeze",
    "notice": "notify",
}
#: What identities are called here, and what the files call them.
IDENTITIES = {"controller_customer_id": "customer_number", "email": "email"}


def domain_of(service: str) -> str:
    """The domain a simulated processor signs with."""
    return f"{service}.sandbox.example"


def papers(store: Store, service: str) -> Mapping[str, str]:
    """A processor's CA, certificate and key (PEM, by file name), made once for a world."""
    made: dict[str, str] = store.fact_or_new(
        f"opendsr:{service}",
        lambda: {name: pem.decode() for name, pem in make_certificate(domain_of(service)).items()},
    )
    return made


class Front:
    """One simulated processor's OpenDSR side."""

    def __init__(self, service: Service, store: Store, pace: Pace) -> None:
        self._service = service
        self._store = store
        self._pace = pace

    def routes(self) -> list[Route]:
        base = "/{controller}/v2"
        return [
            Route(f"{base}/discovery", self.discovery),
            Route(f"{base}/certificate.pem", self.certificate),
            Route(f"{base}/requests", self.take, methods=["POST"]),
            Route(f"{base}/requests/{{id}}", self.tell, methods=["GET"]),
            Route(f"{base}/results/{{id}}", self.results),
        ]

    async def discovery(self, request: Request) -> Response:
        base = str(request.url).rsplit("/", 1)[0]
        return await self._signed(
            {
                "api_version": "2.0",
                "supported_identities": [{"identity_type": one, "identity_format": "raw"} for one in IDENTITIES],
                "supported_subject_request_types": list(TYPES),
                "processor_certificate": f"{base}/certificate.pem",
                "profiles": [PROFILE],
            }
        )

    async def certificate(self, _request: Request) -> Response:
        return Response((await self._papers())["certificate.pem"], media_type="application/x-pem-file")

    async def take(self, request: Request) -> Response:
        """A request is worked on as a webhook's task would be, under its own id."""
        caller = self._caller(request)
        try:
            said = await request.json()
            task = self._task(said, request.path_params["controller"])
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
            return await self._refused(400, "The body is no request of the protocol.")
        if caller is None:
            return await self._refused(401, "A bearer token is needed.")
        ready_at = time.time() + self._pace.poll_after
        order = _desk.Order(task=task, key=task.data.task_id, caller=caller, fault="ok", ready_at=ready_at)
        # One effect a request, whatever the webhook of this service does with a key that comes twice.
        if await self._answer(request, task.data.task_id) is None:
            await asyncio.to_thread(_desk.handle, self._store, self._service, order)
        received = {
            "controller_id": task.data.controller,
            "subject_request_id": task.data.task_id,
            "received_time": task.timestamp.isoformat(),
            "expected_completion_time": task.timestamp.isoformat(),
        }
        return await self._signed(received, 201)

    async def tell(self, request: Request) -> Response:
        answer = await self._known(request)
        if isinstance(answer, Response):
            return answer
        said: dict[str, Any] = {"subject_request_id": request.path_params["id"], "request_status": "in_progress"}
        if answer.ready_at <= time.time():
            outcome = {name: value for name, value in answer.outcome.items() if name != "records"}
            own = {"profile": PROFILE} | outcome
            said |= {"request_status": "completed", "extensions": {domain_of(self._service.name): own}}
            if "records" in answer.outcome:
                said["results_url"] = str(request.url).replace("/requests/", "/results/")
        return await self._signed(said)

    async def results(self, request: Request) -> Response:
        answer = await self._known(request)
        if isinstance(answer, Response):
            return answer
        return await self._signed({"records": answer.outcome.get("records", [])})

    async def _known(self, request: Request) -> _desk.Answer | Response:
        if self._caller(request) is None:
            return await self._refused(401, "A bearer token is needed.")
        return await self._answer(request, request.path_params["id"]) or await self._refused(404, "No such request.")

    async def _answer(self, request: Request, id: str) -> _desk.Answer | None:
        controller = request.path_params["controller"]
        return await asyncio.to_thread(_desk.answer_to, self._store, self._service.name, controller, id)

    def _caller(self, request: Request) -> Connection | None:
        said = request.headers.get("authorization")
        known = self._store.connections(self._service.name, request.path_params["controller"])
        return next((one for one in known if said == f"Bearer {one.secret}"), None)

    def _task(self, said: dict[str, Any], controller: str) -> Task:
        own = (said.get("extensions") or {}).get(domain_of(self._service.name), {})
        data = {
            "task_id": said["subject_request_id"],
            "controller": controller,
            "action": own.get("action", TYPES[said["subject_request_type"]]),
            "data_categories": own.get("data_categories", []),
            "details": own.get("details", {}),
            "identifiers": [
                {"type": IDENTITIES[one["identity_type"]], "value": one["identity_value"]}
                for one in said["subject_identities"]
            ],
        }
        return Task.model_validate({"type": "task.requested", "timestamp": said["submitted_time"], "data": data})

    async def _papers(self) -> Mapping[str, str]:
        return await asyncio.to_thread(papers, self._store, self._service.name)

    async def _refused(self, status: int, text: str) -> Response:
        return await self._signed({"error": {"code": status, "message": text, "errors": []}}, status)

    async def _signed(self, value: object, status: int = 200) -> Response:
        made = await self._papers()
        raw = json.dumps(value, ensure_ascii=False).encode()
        signer = load_signer(made["certificate.pem"].encode(), made["key.pem"].encode())
        domain = domain_of(self._service.name)
        headers = {"X-OpenDSR-Processor-Domain": domain, "X-OpenDSR-Signature": signer.sign(raw)}
        return Response(raw, status, headers, media_type="application/json")
