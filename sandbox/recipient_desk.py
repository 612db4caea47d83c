"""
The desk of a recipient without an API: reads its mail, follows the link, types the code, answers on the page.

It knows nothing but its own mailbox and what a browser shows, as any company that is mailed a task does.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

Mails = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]

_LINK = re.compile(r"https?://[^\s/]+(/p/[A-Za-z0-9._-]+)")
_CODE = re.compile(r"(?:Kod|Code): ([0-9]{4} [0-9]{4})")
_FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
_NUMBER = re.compile(r"INS-[0-9]{4}-[0-9A-Z]+/[0-9A-F]{4}")
PATIENCE_SECONDS = 30.0


class DeskFailed(Exception):
    """Something at the desk did not go as it must; the text says what, and holds nothing of the page."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to hand in, for one of the task's categories."""

    name: str
    content: bytes
    category: str


@dataclass(frozen=True)
class Reply:
    """What the recipient says of a task; ``kept`` is (category, law, until) where something must stay."""

    outcome: str = "completed"
    message: str = ""
    kept: tuple[str, str, str] | None = None
    files: tuple[File, ...] = ()

    def fields(self) -> dict[str, str]:
        kept = dict(zip(("category", "law", "until"), self.kept or (), strict=False))
        return {"outcome": self.outcome, "message": self.message} | kept


@dataclass(frozen=True, kw_only=True)
class Desk:
    """
    One recipient's desk.

    Attributes:
        base_url: Where Insyn is.
        address: The mailbox this desk reads.
        mails: All mails there are, the newest first: ``{"to", "subject", "text"}``.
    """

    base_url: str
    address: str
    mails: Mails
    #: For tests that bring their own way to the service.
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    async def waiting(self) -> dict[str, str]:
        """Tasks that were mailed here: the page's path by the task's number."""
        found: dict[str, str] = {}
        for mail in await self._own():
            link, number = _LINK.search(mail["text"]), _NUMBER.search(mail["subject"])
            if link and number:
                found.setdefault(number[0], link[1])
        return found

    async def answer(self, path: str, reply: Reply | Callable[[str], Reply]) -> str:
        """
        Answer one task on its page; the text of the page that says thank you. *reply* may depend on what the page asks.

        Raises:
            DeskFailed: The page is gone, no code came, or it did not take what was typed.
        """
        async with self.open(path) as client:
            page = await self._enter(client, path)
            reply = reply if isinstance(reply, Reply) else reply(page.text)
            for one in reply.files:
                page = await self._hand_in(client, path, page, one)
            asked = await self._post(client, f"{path}/answer", _fields(page) | reply.fields())
            done = await self._post(client, f"{path}/confirmation", _fields(asked) | reply.fields())
            return done.text

    def open(self, path: str) -> httpx.AsyncClient:
        """A browser of its own for one page: its cookies are that page's."""
        return httpx.AsyncClient(
            base_url=self.base_url, trust_env=False, timeout=30, follow_redirects=True, transport=self.transport
        )

    async def _enter(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        if (await client.get(path)).status_code != 200:
            raise DeskFailed("the page is not there")
        before = {str(mail.get("message_id")) for mail in await self._own()}
        await self._post(client, f"{path}/code", {})
        code = await self._code(before)
        page = await client.post(f"{path}/session", data={"code": code})
        if page.status_code != 200 or not _FORM.search(page.text):
            raise DeskFailed(f"the code opened nothing ({page.status_code})")
        return page

    async def _code(self, before: set[str]) -> str:
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            for mail in await self._own():
                code = _CODE.search(mail["text"])
                if code and str(mail.get("message_id")) not in before:
                    return code[1]
            await asyncio.sleep(0.1)
        raise DeskFailed("no code came")

    async def _hand_in(self, client: httpx.AsyncClient, path: str, page: httpx.Response, file: File) -> httpx.Response:
        fields = _fields(page) | {"category": file.category}
        answer = await client.post(f"{path}/files", data=fields, files={"file": (file.name, file.content)})
        if answer.is_error:
            raise DeskFailed(f"the file was not taken ({answer.status_code})")
        return answer

    @staticmethod
    async def _post(client: httpx.AsyncClient, path: str, fields: Mapping[str, str]) -> httpx.Response:
        answer = await client.post(path, data=dict(fields))
        if answer.is_error:
            raise DeskFailed(f"the form was not taken ({answer.status_code})")
        return answer

    async def _own(self) -> list[Mapping[str, Any]]:
        return [mail for mail in await self.mails() if self.address in mail["to"]]


def _fields(page: httpx.Response) -> dict[str, str]:
    found = _FORM.search(page.text)
    if found is None:
        raise DeskFailed("the page has no form")
    return {"form": found[1]}
