"""
What the tests of recipients by mail need: a recipient, its tasks, its mailbox at a real mail server, its desk.
"""

import itertools
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app import clock
from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import ProcessorRow, TaskRow
from app.processors import Kind
from app.repositories import cases, jobs
from app.services import recipient_mail, registration, tasks
from sandbox.recipient_desk import Desk
from tests.harness.house import House, eventually
from tests.harness.mail_server import MailServer
from tests.services.lane_world import CONTROLLER, quiet_request
from tests.services.street import Street, a_house

ADDRESS = "dataskydd@leverantor.example"
SENDER = "brev@insyn.example"
SECONDS = 1.0
_numbers = itertools.count(1)


def wired(box: MailServer, **more: Any) -> dict[str, Any]:
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": box.port,
        "smtp_security": "none",
        "smtp_sender": SENDER,
        "smtp_timeout_seconds": SECONDS,
        **more,
    }


async def register(
    house: House, actions: Sequence[str] = (), *, categories: Sequence[str] = ("contact",), **settings: Any
) -> ProcessorRow:
    """A recipient by mail, switched on."""
    new = registration.NewProcessor(
        key=f"leverantor-{next(_numbers)}",
        title="Leverantören AB",
        kind=Kind.EMAIL,
        recipient_kind="processor",
        actions=list(actions),
        categories=list(categories),
        identifier_types=["email", "customer_number"],
        rate_per_second=1000.0,
        burst=1000,
        concurrency=4,
        settings={"address": ADDRESS} | settings,
    )
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new)
        return await registration.change(tx, house.ctx, row, {"state": "active"})


@dataclass
class World:
    """A house that mails, the mailbox it mails to, and the way to its pages."""

    house: House
    box: MailServer
    url: str

    async def mails(self) -> list[Mapping[str, Any]]:
        """What arrived, the newest first, as the sandbox's mailbox shows it."""
        return [
            {
                "to": [str(one["to"])],
                "subject": str(one["subject"]),
                "text": one.get_content(),
                "message_id": str(one["message-id"]),
            }
            for one in reversed(self.box.messages)
        ]

    @property
    def desk(self) -> Desk:
        return Desk(base_url=self.url, address=ADDRESS, mails=self.mails)

    async def ask(
        self, processor: ProcessorRow, action: Action = Action.ERASE, categories: Sequence[str] = ("contact",)
    ) -> UUID:
        """A task on the recipient's lane; no worker is at it yet unless the test has one."""
        async with self.house.tx(CONTROLLER) as tx:
            row = await quiet_request(self.house, tx)
            made = await tasks.create(
                tx, self.house.ctx, row, CreateTask(None, str(processor.id), action, tuple(categories))
            )
            return made.id

    async def mailed(self, processor: ProcessorRow, action: Action = Action.ERASE, **more: Any) -> tuple[UUID, str]:
        """A task that was mailed, with its page's path. A worker is at it."""
        task_id = await self.ask(processor, action, **more)
        path = self.path(task_id)
        await eventually(lambda: self.has_link(path))
        await self.until(task_id, "accepted")

        async def written_down() -> bool:
            return "task:sent" in await self.steps(task_id)

        await eventually(written_down)  # after the mail has left, in a transaction of its own
        return task_id, path

    def path(self, task_id: UUID) -> str:
        return f"/p/{recipient_mail.page_token(self.house.ctx, CONTROLLER, task_id)}"

    def has_link(self, path: str) -> bool:
        return any(path in one.get_content() for one in self.box.messages)

    async def task(self, task_id: UUID) -> TaskRow:
        async with self.house.tx(CONTROLLER) as tx:
            found = await cases.task(tx, task_id)
            assert found is not None
            return found

    async def until(self, task_id: UUID, state: str) -> TaskRow:
        async def look() -> TaskRow | None:
            found = await self.task(task_id)
            return found if found.state == state else None

        return await eventually(look)

    async def pass_time(self, time: timedelta, processor: ProcessorRow | None = None) -> None:
        """Move the law's clock; what has fallen due is found by the sweep, or at once where a lane is named."""
        async with self.house.tx(CONTROLLER) as tx:
            await clock.move(tx.session, to=tx.now + time)
        if processor is not None:
            async with self.house.tx(CONTROLLER) as tx:
                jobs.wake(tx, "lane.drain", controller=CONTROLLER, id=processor.id)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30, follow_redirects=True)

    async def code(self, client: httpx.AsyncClient, path: str) -> str:
        """Ask for a code and read it from the mailbox."""
        before = len(self.box.messages)
        answer = await client.post(f"{path}/code", data={})
        assert answer.status_code == 200, answer.text
        return await eventually(lambda: code_in(self.box.messages[before:]))

    async def enter(self, client: httpx.AsyncClient, path: str) -> str:
        """Get into a page; the token its forms carry."""
        page = await client.post(f"{path}/session", data={"code": await self.code(client, path)})
        assert page.status_code == 200, page.text
        return form_of(page)

    async def steps(self, task_id: UUID) -> list[str]:
        return await self.house.steps_of((await self.task(task_id)).request_id)


def code_in(messages: Sequence[Any]) -> str | None:
    found = [re.search(r"Ko?de?: ([0-9]{4} [0-9]{4})", one.get_content()) for one in messages]
    return next((one[1] for one in found if one), None)


def form_of(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


@asynccontextmanager
async def a_world(street: Street, folder: Path, box: MailServer, **settings: Any) -> AsyncIterator[World]:
    async with a_house(street, folder, **wired(box, **settings)) as house:
        yield World(house, box, street.url)
