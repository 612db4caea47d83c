"""
Insyn with its sandbox: the ordinary application, plus ``/sandbox`` on the same port and the simulated processors
beside it. The sandbox's issuer is one more trusted issuer; its tokens come in on the ordinary way.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import structlog
from fastapi import FastAPI

from app import bootstrap
from app.main import create_app as create_insyn
from app.main import newest_migration
from app.observability import configure_logging
from app.settings import Settings
from sandbox import routes
from sandbox.connect import connect
from sandbox.hooks import hooks_for
from sandbox.issuer import Issuer, Wish
from sandbox.processors import known_urls
from sandbox.settled import settle
from sandbox.store import Store

log = structlog.get_logger()

#: What the sandbox's logins are worth, as a Swedish e-ID broker would name them.
ACR_LEVELS = {
    "urn:grn:authn:se:bankid": "substantial",
    "urn:grn:authn:se:frejaid": "substantial",
    "urn:insyn:sandbox:high": "high",
    "urn:insyn:sandbox:channel": "channel",
}


def world_file(chosen: Settings) -> Path:
    """Where the simulated outside world is kept."""
    return chosen.data_dir / "sandbox" / "world.sqlite"


def with_own_issuer(chosen: Settings) -> Settings:
    """The same settings, trusting the sandbox's issuer as well."""
    issuer = f"{chosen.base_url}/sandbox"
    own = {
        "issuer": issuer,
        "jwks_uri": f"http://{chosen.host}:{chosen.port}/sandbox/jwks.json",
        "audience": "insyn",
        "algorithms": ["ES256"],
        "acr_levels": ACR_LEVELS,
        "identifier_claims": {"email": "email", "phone_number": "phone", "customer_number": "customer_number"},
    }
    return chosen.model_copy(update={"issuers": [*chosen.issuers, own]})


def create_app() -> FastAPI:
    """The application for ``uvicorn --factory``; refuses to be made where the sandbox is not switched on."""
    chosen = with_own_issuer(bootstrap.read_settings())
    if not chosen.sandbox:
        raise bootstrap.Unfit(["INSYN_SANDBOX is not on."])
    configure_logging(chosen.log_level)
    house = bootstrap.build(chosen)
    path = world_file(chosen)
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store(path)
    issuer = Issuer(store, chosen.base_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await bootstrap.apply_profiles(house.ctx)
        async with _processors(chosen, path):
            connecting = asyncio.create_task(_connect_when_ready(chosen, issuer, store))
            try:
                yield
            finally:
                connecting.cancel()
                with suppress(asyncio.CancelledError):
                    await connecting
                store.close()
                await house.close()

    return create_insyn(
        house.ctx,
        verifier=bootstrap.make_verifier(chosen),
        migration_head=newest_migration(),
        lifespan=lifespan,
        extra_routers=[routes.router(store, issuer, hooks_for(house, store))],
    )


@asynccontextmanager
async def _processors(chosen: Settings, world: Path) -> AsyncIterator[None]:
    """The simulated processors as a process of their own, gone with this one."""
    arguments = ["--store", str(world), "--base-port", str(chosen.first_sandbox_port), "--with-parent"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.processors", *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _connect_when_ready(chosen: Settings, issuer: Issuer, store: Store) -> None:
    """Introduce the processors to Insyn over its own API, once both answer."""
    first = chosen.first_sandbox_port
    async with httpx.AsyncClient(base_url=f"http://{chosen.host}:{chosen.port}", trust_env=False, timeout=10) as client:
        while not await _answers(client, "/livez"):
            await asyncio.sleep(0.1)
        while not (urls := known_urls(store)) or min(_ports(urls)) != first or not await _all_answer(client, urls):
            await asyncio.sleep(0.1)
        token = issuer.token(Wish(role="admin"))
        await settle(client, token)
        changed = await connect(client, urls, token, store)
        log.info("sandbox.connected", count=len(changed))


def _ports(urls: dict[str, str]) -> list[int]:
    return [int(url.rsplit(":", 1)[1]) for url in urls.values()]


async def _all_answer(client: httpx.AsyncClient, urls: dict[str, str]) -> bool:
    return all([await _answers(client, url) for url in urls.values()])


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        await client.get(url)
    except httpx.TransportError:
        return False
    return True


def description(chosen: Settings) -> dict[str, Any]:
    """Where a developer finds things, for the demo's last lines."""
    return {
        "API": f"{chosen.base_url}/v1",
        "OpenAPI": f"{chosen.base_url}/openapi.json",
        "Sandbox": f"{chosen.base_url}/sandbox/people",
        "Metrics": f"{chosen.base_url}/metrics",
    }
