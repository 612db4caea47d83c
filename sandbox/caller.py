"""
One HTTP client that plays several people at one running Insyn: each signed in under a name, each by their own token.
"""

import uuid
from typing import Any

import httpx

#: The status of a call made on a version that has moved; who gets it reads again.
MOVED = 412


class CallFailed(Exception):
    """A call was not answered as it must be; the text says which."""


class Caller:
    """Speaks to Insyn's public API, and to ``/sandbox``, in the name of whoever signed in."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._client = httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=30)
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> "Caller":
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, name: str, **wanted: Any) -> None:
        """Get *name* a token; *wanted* is what ``POST /sandbox/tokens`` takes."""
        said = await self.call("POST", "/sandbox/tokens", None, json=wanted)
        self._tokens[name] = said["access_token"]

    async def call(
        self, method: str, path: str, who: str | None, *, etag: str | None = None, **content: Any
    ) -> dict[str, Any]:
        """The JSON of an answer that is a yes; empty where it has no body."""
        answer = await self.answer(method, path, who, etag=etag, **content)
        return dict(answer.json()) if answer.content else {}

    async def answer(
        self, method: str, path: str, who: str | None, *, etag: str | None = None, **content: Any
    ) -> httpx.Response:
        """The answer, which is a yes; raises :class:`CallFailed`."""
        answer = await self.attempt(method, path, who, etag=etag, **content)
        if answer.is_error:
            raise CallFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    async def attempt(
        self,
        method: str,
        path: str,
        who: str | None,
        *,
        etag: str | None = None,
        language: str = "sv",
        accept: str = "*/*",
        **content: Any,
    ) -> httpx.Response:
        """The answer, whatever it is. *who* is None for whoever has not signed in."""
        headers = {"Accept-Language": language, "Accept": accept}
        if who is not None:
            headers["Authorization"] = f"Bearer {self._tokens[who]}"
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if etag is not None:
            headers["If-Match"] = etag
        try:
            return await self._client.request(method, path, headers=headers, **content)
        except httpx.TransportError as error:
            raise CallFailed(f"{method} {path}: {type(error).__name__}") from error

    async def items(self, path: str, who: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        page = await self.call("GET", path, who, params=query | {"limit": 200})
        found: list[dict[str, Any]] = page["items"]
        while page.get("next"):
            page = await self.call("GET", page["next"], who)
            found += page["items"]
        return found
