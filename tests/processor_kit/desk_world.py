"""A desk on the loopback address, and somebody at its page."""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.domain import webhook_signature
from processor_kit.desk import Config, Wishes, furnish, open_desk
from sandbox.serving import served
from tests.processor_kit.receiver import Receiver

PASSWORD = "ett-ganska-långt-lösenord"


@dataclass
class Clerk:
    """Somebody who answers what lies on the desk, through the page as a browser would."""

    config: Config
    client: httpx.AsyncClient
    told: list[str] = field(default_factory=list)

    async def log_in(self, password: str = PASSWORD) -> httpx.Response:
        return await self.client.post("/login", data={"password": password})

    async def page(self) -> str:
        return (await self.client.get("/")).text

    async def waiting(self) -> list[str]:
        """The ids of the open tasks, as the page shows them."""
        return re.findall(r'<article id="task-([^"]+)">', await self.page())

    async def has_told(self) -> bool:
        """Whether the page says that Insyn has an answer."""
        return "Insyn har fått svaret." in await self.page()

    async def answer(
        self, task: str, outcome: str, *, files: dict[str, Any] | None = None, **fields: str
    ) -> httpx.Response:
        (form, *_) = re.findall(r'name="form" value="([^"]+)"', await self.page()) or [""]
        data = {"form": form, "outcome": outcome} | fields
        # A browser sends this form as multipart, with or without a file in it.
        return await self.client.post(f"/tasks/{task}", data=data, files=files or {"none": ("", b"")})


@asynccontextmanager
async def a_desk(folder: Path, port: int, *, insyn: str, **changed: Any) -> AsyncIterator[Clerk]:
    """A served desk that answers *insyn*, and its clerk, logged in."""
    config = replace(furnished(folder, port, insyn=insyn), **{"first_retry_seconds": 0.05} | changed)
    async with (
        open_desk(config) as app,
        served(app, port) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client,
    ):
        clerk = Clerk(config, client)
        assert (await clerk.log_in()).status_code == 303
        yield clerk


def furnished(folder: Path, port: int, *, insyn: str) -> Config:
    """The configuration of a desk in *folder*."""
    folder.mkdir(exist_ok=True)
    (folder / "password").write_text(PASSWORD)
    wishes = Wishes(
        folder=folder / "desk",
        public_url=f"http://127.0.0.1:{port}",
        insyn=(insyn,),
        domain="opendsr.guard.example",
        password_file=folder / "password",
    )
    return furnish(wishes)[0]


def message(insyn: Receiver, action: str = "export", **changed: Any) -> tuple[str, dict[str, Any]]:
    id = str(uuid4())
    data = {
        "task_id": id,
        "reference": "INS-2026-7K2M9QXA",
        "controller": "westra",
        "action": action,
        "data_categories": ["contact", "visits"],
        "identifiers": [{"type": "email", "value": "anna@example.org", "format": "rfc5321"}],
        "details": {},
        "answer_by": "2026-12-08",
        "callback_url": f"{insyn.url}/v1/callbacks/x",
    }
    return id, {"type": "task.requested", "timestamp": "2026-11-22T08:15:00Z", "data": data | changed}


async def put(clerk: Clerk, said: dict[str, Any], *, secret: str | None = None) -> httpx.Response:
    body, id, stamp = json.dumps(said).encode(), said["data"]["task_id"], int(time.time())
    signature = webhook_signature.sign(secret or clerk.config.secrets[0], id, stamp, body)
    headers = {"webhook-id": id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
    return await clerk.client.post("/insyn", content=body, headers=headers | {"idempotency-key": id})
