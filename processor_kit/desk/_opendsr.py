"""OpenDSR 2.0's side of the desk, under ``/v2``: discovery, certificate, requests, results. Every answer is signed."""

import asyncio
import base64
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.domain.fanout import Action
from app.processors.opendsr import PROFILE
from processor_kit.desk._config import Config
from processor_kit.desk._incoming import Refused, body_of, object_in
from processor_kit.desk._store import Store, Task, now

#: What can be asked here, and which action each is.
TYPES: dict[str, Action] = {
    "access": Action.EXPORT,
    "portability": Action.EXPORT,
    "erasure": Action.ERASE,
    "rectification": Action.RECTIFY,
    "restriction": Action.RESTRICT,
    "restriction_lift": Action.LIFT_RESTRICTION,
    "objection": Action.STOP_PURPOSES,
    "consent_withdrawal": Action.STOP_PURPOSES,
    "automated_decision_review": Action.REVIEW_DECISION,
    "locate": Action.LOCATE,
    "freeze": Action.FREEZE,
    "notice": Action.NOTIFY,
}
IDENTITIES = ("controller_customer_id", "email", "phone", "personnummer", "installation_id", "name", "address")
#: Where the controller does not say when it wants to know.
_USUAL_TIME = timedelta(days=14)
_STATUS = {"open": "pending", "answered": "completed", "cancelled": "cancelled"}


class Door:
    """Takes OpenDSR requests in."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    async def discovery(self, _request: Request) -> Response:
        """What is done here, whom the desk knows by what, and the certificate it signs with."""
        return self._signed(
            {
                "api_version": "2.0",
                "supported_identities": [{"identity_type": one, "identity_format": "raw"} for one in IDENTITIES],
                "supported_subject_request_types": list(TYPES),
                "processor_certificate": f"{self._config.public_url}/v2/certificate.pem",
                "profiles": [PROFILE],
            }
        )

    async def certificate(self, _request: Request) -> Response:
        return Response(self._config.signer.chain, media_type="application/x-pem-file")

    async def take(self, request: Request) -> Response:
        """A new request lies on the desk; a known one is answered as before."""
        self._check_token(request)
        raw = await body_of(request)
        task = await asyncio.to_thread(self._store.take, self._task(object_in(raw)))
        if task.via != "opendsr":
            raise Refused(400, "That id is another request's.")
        received = {
            "controller_id": task.controller,
            "expected_completion_time": _expected(task),
            "received_time": task.received_at,
            "encoded_request": base64.b64encode(raw).decode(),
            "subject_request_id": task.id,
        }
        return self._signed(received, 201)

    async def tell(self, request: Request) -> Response:
        self._check_token(request)
        return self._signed(status_of(await self._known(request), self._config))

    async def cancel(self, request: Request) -> Response:
        """Nobody waits any more; only while nothing has been answered."""
        self._check_token(request)
        task = await self._known(request)
        if not await asyncio.to_thread(self._store.cancel, task.id):
            raise Refused(400, "The request is not pending any more.")
        said = {"controller_id": task.controller, "received_time": now(), "subject_request_id": task.id}
        return self._signed(said | {"api_version": "2.0"}, 202)

    async def results(self, request: Request) -> Response:
        """The rows of an export; gone when the desk no longer keeps them."""
        self._check_token(request)
        task = await self._known(request)
        if task.emptied:
            raise Refused(410, "The results are not kept any longer.")
        return self._signed({"records": (task.outcome or {}).get("records", [])})

    async def _known(self, request: Request) -> Task:
        task = await asyncio.to_thread(self._store.task, request.path_params["id"])
        if task is None or task.via != "opendsr":
            raise Refused(404, "No such request has arrived here.")
        return task

    def _check_token(self, request: Request) -> None:
        said = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(said, f"Bearer {self._config.token}".encode()):
            raise Refused(401, "A bearer token is needed.")

    def _task(self, said: dict[str, Any]) -> Task:
        id, kind = said.get("subject_request_id"), said.get("subject_request_type")
        if not (isinstance(id, str) and _is_guid(id)):
            raise Refused(400, "subject_request_id is a version 4 UUID in small letters.")
        if not isinstance(kind, str) or kind not in TYPES:
            raise Refused(400, "subject_request_type is not one that is done here.")
        extension = self._extension(said)
        callbacks = said.get("status_callback_urls", [])
        if not isinstance(callbacks, list) or len(callbacks) > 1:
            raise Refused(400, "status_callback_urls holds one address.")
        for url in callbacks:
            if not (isinstance(url, str) and self._config.may_be_called(url)):
                raise Refused(400, "The callback address is not that of an Insyn this desk answers.")
        return Task(
            id=id,
            via="opendsr",
            kind=kind,
            action=extension.get("action", TYPES[kind].value),
            controller=extension.get("controller", ""),
            reference=extension.get("reference", ""),
            categories=extension.get("data_categories", []),
            identifiers=_identities(said.get("subject_identities")),
            details=extension.get("details", {}),
            answer_by=extension.get("answer_by", (datetime.now(UTC) + _USUAL_TIME).date().isoformat()),
            callback_url=callbacks[0] if callbacks else "",
            received_at=now(),
        )

    def _extension(self, said: dict[str, Any]) -> dict[str, Any]:
        extensions = said.get("extensions") or {}
        own = extensions.get(self._config.domain) if isinstance(extensions, dict) else None
        if not isinstance(own, dict) or own.get("profile") != PROFILE:
            return {}
        texts = all(isinstance(own.get(name), str) for name in ("action", "controller", "reference", "answer_by"))
        categories = own.get("data_categories")
        named = isinstance(categories, list) and all(isinstance(one, str) for one in categories)
        if not (texts and named and isinstance(own.get("details"), dict) and own["action"] in list(Action)):
            raise Refused(400, "The extension does not have the agreed shape.")
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", own["answer_by"]):
            raise Refused(400, "answer_by is a civil date.")
        return own

    def _signed(self, value: object, status: int = 200) -> Response:
        return signed(self._config, value, status)


def signed(config: Config, value: object, status: int = 200) -> Response:
    """A JSON answer under the desk's signature."""
    raw = json.dumps(value, ensure_ascii=False).encode()
    headers = {"X-OpenDSR-Processor-Domain": config.domain, "X-OpenDSR-Signature": config.signer.sign(raw)}
    return Response(raw, status, headers, media_type="application/json")


def refusal(config: Config, refused: Refused) -> Response:
    """An error as the protocol writes it."""
    inner = [{"domain": "Validation", "reason": "IllegalArgument", "message": refused.text}]
    return signed(config, {"error": {"code": refused.status, "message": refused.text, "errors": inner}}, refused.status)


def status_of(task: Task, config: Config) -> dict[str, Any]:
    """A request's status: the same object when asked for and when called back."""
    said: dict[str, Any] = {
        "api_version": "2.0",
        "controller_id": task.controller,
        "expected_completion_time": _expected(task),
        "subject_request_id": task.id,
        "request_status": _STATUS[task.state],
    }
    if task.outcome is not None:
        rows = sum(len(one.get("rows", [])) for one in task.outcome.get("records", []))
        outcome = {name: value for name, value in task.outcome.items() if name != "records"}
        said["extensions"] = {config.domain: {"profile": PROFILE} | outcome}
        if rows:
            said |= {"results_url": f"{config.public_url}/v2/results/{task.id}", "results_count": rows}
    return said


def _expected(task: Task) -> str:
    return f"{task.answer_by}T23:59:59Z"


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text and UUID(text).version == 4
    except ValueError:
        return False


def _identities(said: object) -> list[dict[str, str]]:
    names = ("identity_type", "identity_value", "identity_format")
    if not isinstance(said, list) or not said or len(said) > 100:
        raise Refused(400, "subject_identities is a list of identities.")
    found = []
    for one in said:
        if not (isinstance(one, dict) and all(isinstance(one.get(name), str) for name in names)):
            raise Refused(400, "An identity has a type, a value and a format.")
        found.append({"type": one[names[0]], "value": one[names[1]], "format": one[names[2]]})
    return found
