"""A processor that keeps the contract, but for the one fault a test asks for."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.domain.fanout import Action
from app.domain.webhook_signature import WebhookRefused, sign, verify
from sandbox.serving import served
from tests.harness.house import new_secret

MANY = 1024 * 1024


@dataclass
class Breakable:
    """Answers at once, by poll or by callback; ``fault`` names the rule it breaks."""

    fault: str = ""
    answers: str = "sync"
    url: str = ""
    secret: str = field(default_factory=new_secret)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    effects: int = 0
    says: dict[str, Any] = field(default_factory=dict)  #: what it answers instead
    _calling: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if self.fault == "time":
            await asyncio.sleep(0.5)
        if self.fault == "signature-valid" or (len(body) > MANY and self.fault != "input-huge"):
            return Response(status_code=413)
        if not self._is_signed(request, body):
            return Response(status_code=401)
        try:
            data = json.loads(body)["data"]
            id, action = data["task_id"], data["action"]
        except (ValueError, KeyError, TypeError) as error:
            is_fault = self.fault == ("input-not-json" if isinstance(error, ValueError) else "input-not-a-task")
            return Response(status_code=500 if is_fault else 400)
        if action not in list(Action):
            return Response(status_code=200 if self.fault == "input-unknown-action" else 400)
        if "a_later_field" in data and self.fault == "input-new-field":
            return Response(status_code=400)
        if self.fault == "idempotency-at-once":
            was_there = id in self.done
            await asyncio.sleep(0.05)
            if was_there:
                return self._answer(id)
            self.done.pop(id, None)
        self._do(id, data)
        return self._answer(id, data["callback_url"])

    def _is_signed(self, request: Request, body: bytes) -> bool:
        headers, now = dict(request.headers), int(time.time())
        wrong = {"signature-missing": "webhook-signature" not in headers, "query-signed": request.method == "GET"}
        late = now - int(headers.get("webhook-timestamp", now))
        wrong |= {"signature-old": late > 300, "signature-future": late < -300}
        wrong["signature-body"] = body.endswith(b" ")
        id = "" if request.method == "GET" else json.loads(body or b"{}").get("data", {}).get("task_id") \
            if body.startswith(b'{"type": "task.requested", "timestamp"') else ""  # fmt: skip
        wrong["signature-id"] = bool(id) and headers.get("webhook-id") != id
        if wrong.get(self.fault):
            return True
        try:
            verify([self.secret], headers, body, now)
        except WebhookRefused:
            return self.fault == "signature-wrong"
        return True

    def _do(self, id: str, data: dict[str, Any]) -> None:
        if id in self.done and self.fault not in ("idempotency-same-answer", "replay"):
            return
        self.effects += 1
        outcome: dict[str, Any] = {"outcome": "not_found", "evidence": {"receipt": str(self.effects)}}
        if self.fault == "outcome-readable":
            outcome["outcome"] = "maybe"
        if self.fault == "input-foreign-category":
            outcome |= {"outcome": "completed", "found_categories": data["data_categories"]}
        self.done[id] = outcome | self.says

    def _answer(self, id: str, callback_url: str = "") -> Response:
        if self.answers == "sync":
            return JSONResponse(self.done[id])
        if self.answers == "callback":
            if self.fault != "answer-in-time":
                calling = asyncio.create_task(self._call_back(id, callback_url))
                self._calling.add(calling)
                calling.add_done_callback(self._calling.discard)
            return JSONResponse({"outcome": "accepted"}, 202)
        where = "http://127.0.0.1:9/" if self.fault == "location" else self.url
        return JSONResponse({"outcome": "accepted"}, 202, {"Location": f"{where}/{id}"})

    async def tell(self, request: Request) -> Response:
        if not self._is_signed(request, b""):
            return Response(status_code=401)
        id = request.path_params["task"]
        if id not in self.done:
            return Response(status_code=200 if self.fault == "query-unknown" else 404)
        return Response(status_code=404) if self.fault == "query-known" else JSONResponse(self.done[id])

    async def _call_back(self, id: str, url: str) -> None:
        said = {"type": "task.outcome", "timestamp": "2026-11-24T10:00:00Z", "data": {"task_id": id} | self.done[id]}
        body, event = json.dumps(said).encode(), f"evt_{id}"
        secret = new_secret() if self.fault == "callback-signed" else self.secret
        async with httpx.AsyncClient(trust_env=False) as client:
            for attempt in range(3):
                event = f"{event}_{attempt}" if self.fault == "callback-repeated" else event
                stamp = int(time.time())
                headers = {"webhook-id": event, "webhook-timestamp": str(stamp)}
                headers["webhook-signature"] = sign(secret, event, stamp, body)
                if (await client.post(url, content=body, headers=headers)).status_code == 202:
                    return


@asynccontextmanager
async def a_processor(fault: str = "", answers: str = "sync") -> AsyncIterator[Breakable]:
    processor = Breakable(fault, answers)
    routes = [
        Route("/insyn", processor.take, methods=["POST"]),
        Route("/insyn/{task}", processor.tell, methods=["GET"]),
    ]
    async with served(Starlette(routes=routes)) as url:
        processor.url = f"{url}/insyn"
        yield processor
