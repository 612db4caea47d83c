"""A desk on the loopback address, and somebody at its page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from processor_kit.desk import Config, Wishes, furnish, open_desk
from sandbox.serving import served

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
