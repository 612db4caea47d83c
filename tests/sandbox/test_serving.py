"""A server for as long as somebody needs it; a test run starts hundreds, so nobody may have to wait for its end."""

import asyncio
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sandbox import serving
from sandbox.serving import served


async def say_so(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("so")


class TestServer:
    async def test_stops_at_once_though_a_client_keeps_its_connection(self) -> None:
        """The quickest of some: on a busy machine anything may take long once."""
        app, took = Starlette(routes=[Route("/", say_so)]), []
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(5):
                async with served(app) as url:
                    assert "date" in (await client.get(url)).headers
                    stopping = time.monotonic()
                took.append(time.monotonic() - stopping)
                with pytest.raises(httpx.ConnectError):
                    await client.get(url)
        assert min(took) < 0.1

    async def test_answers_what_it_has_taken_on_before_it_stops(self) -> None:
        taken_on, goes_on = asyncio.Event(), asyncio.Event()

        async def answer(request: Request) -> PlainTextResponse:
            taken_on.set()
            await goes_on.wait()
            return await say_so(request)

        async with httpx.AsyncClient(trust_env=False) as client:
            async with served(Starlette(routes=[Route("/", answer)])) as url:
                asked = asyncio.create_task(client.get(url))
                await taken_on.wait()
                asyncio.get_running_loop().call_later(0.05, goes_on.set)
            assert (await asked).text == "so"

    async def test_leaves_unanswered_what_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What hangs on purpose holds up nobody who is done with it."""
        monkeypatch.setattr(serving, "GRACE_SECONDS", 0.05)
        taken_on = asyncio.Event()

        async def hang(_request: Request) -> PlainTextResponse:
            taken_on.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        async with httpx.AsyncClient(trust_env=False) as client:
            async with served(Starlette(routes=[Route("/", hang)])) as url:
                asked = asyncio.create_task(client.get(url))
                await taken_on.wait()
            assert (await asked).is_server_error
