"""The webhook contract's side of the desk: ``POST /insyn`` takes a task, ``GET /insyn/{id}`` says what became of it."""

import asyncio
import time
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.domain.fanout import Action
from app.domain.webhook_signature import WebhookRefused, verify
from processor_kit.desk._config import Config
from processor_kit.desk._incoming import Refused, as_json, body_of, object_in
from processor_kit.desk._store import Store, Task, now


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _Identifier(_Part):
    type: str = Field(max_length=60)
    value: str = Field(max_length=320)
    format: str = Field(default="text", max_length=60)
    as_given: str | None = Field(default=None, max_length=320)


class _Data(_Part):
    task_id: str = Field(pattern=r"^[A-Za-z0-9_:-]{1,100}$")
    reference: str = Field(default="", max_length=100)
    controller: str = Field(max_length=100)
    action: Action
    data_categories: list[str] = Field(default=[], max_length=500)
    identifiers: list[_Identifier] = Field(default=[], max_length=100)
    details: dict[str, Any] = {}
    answer_by: date
    callback_url: str = Field(default="", max_length=2_000)


class Door:
    """Takes tasks of the webhook contract in."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    async def take(self, request: Request) -> Response:
        """A new task lies on the desk; a known one is answered as it stands, whatever came with it."""
        body = await body_of(request)
        id = self._verified(request, body)
        data = _read(object_in(body))
        if not id == data.task_id == request.headers.get("idempotency-key"):
            raise Refused(400, "webhook-id and Idempotency-Key are the task's id.")
        if data.callback_url and not self._config.may_be_called(data.callback_url):
            raise Refused(400, "The callback address is not that of an Insyn this desk answers.")
        task = await asyncio.to_thread(self._store.take, _task(data))
        if (task.via, task.action) != ("webhook", data.action.value):
            raise Refused(409, "That id is another task's.")
        return self._answer(task)

    async def tell(self, request: Request) -> Response:
        """What became of a task: 404 says that it never arrived."""
        id = request.path_params["task"]
        if self._verified(request, b"") != id:
            raise Refused(401, "The signature cannot be trusted.")
        task = await asyncio.to_thread(self._store.task, id)
        if task is None or task.via != "webhook":
            raise Refused(404, "No such task has arrived here.")
        return self._answer(task)

    def _verified(self, request: Request, body: bytes) -> str:
        try:
            return verify(self._config.secrets, dict(request.headers), body, int(time.time()))
        except WebhookRefused:
            raise Refused(401, "The signature cannot be trusted.") from None

    def _answer(self, task: Task) -> Response:
        if task.outcome is not None and not task.emptied:
            return as_json(task.outcome)
        if task.outcome is not None:
            raise Refused(410, "That task was answered, and the answer is not kept any longer.")
        where = {"Location": f"{self._config.public_url}/insyn/{task.id}", "Retry-After": "60"}
        return as_json({"outcome": "accepted"}, 202, where)


def _read(message: dict[str, Any]) -> _Data:
    if message.get("type") != "task.requested":
        raise Refused(400, "The message is not a task.requested.")
    try:
        return _Data.model_validate(message.get("data"))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Refused(400, f"The task is not one of the contract: {'.'.join(map(str, first['loc']))}.") from None


def _task(data: _Data) -> Task:
    return Task(
        id=data.task_id,
        via="webhook",
        kind=data.action.value,
        action=data.action.value,
        controller=data.controller,
        reference=data.reference,
        categories=data.data_categories,
        identifiers=[one.model_dump(exclude_none=True) for one in data.identifiers],
        details=data.details,
        answer_by=data.answer_by.isoformat(),
        callback_url=data.callback_url,
        received_at=now(),
    )
