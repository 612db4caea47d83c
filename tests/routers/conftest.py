"""
The whole way of a call, on the database that is rolled back: a client, bearers by name, the five shipped profiles.

Tokens have their own tests; here the verifier believes what it reads.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.db import Database
from app.domain.identity import Level
from app.profiles import Profile, load_profiles
from app.services import fulfilment, registration, supplements
from app.services.context import Actor, Context
from app.settings import Settings
from app.tokens.principal import Principal
from app.tokens.verifier import Fault, TokenRefused
from app.vault import FileKeyStore, FileStore, MasterKeys, Vault
from app.vault.journal import Journal
from tests.harness.database import REPOSITORY
from tests.harness.house import settled
from tests.harness.service import the_app

#: Birth numbers 980 to 999 are given to nobody: Skatteverket keeps them for tests.
ANNA, BO = "198001019804", "197001019806"
#: A record that bears out "excessive", also of a first request.
ABUSE = {
    "evidence": [{"kind": "offer_to_withdraw", "on": "2026-01-12", "what": "Offered to drop it for 5,000 kr."}],
    "intent": {
        "objective": "The request came with an offer to drop it for money.",
        "subjective": "The message says that the data are of no interest.",
    },
}


@dataclass(frozen=True)
class Bearer:
    """Somebody with a token."""

    role: str
    sub: str = "somebody"
    controllers: tuple[str, ...] = ("westra",)
    number: str | None = None
    level: str = "substantial"
    auth_age: float | None = 10.0
    also: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()

    def headers(self, **more: str) -> dict[str, str]:
        said = {**self.__dict__, "controllers": list(self.controllers)}
        token = json.dumps(said).encode().hex()
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4()), **more}


class Believer:
    """A verifier that believes."""

    async def verify(self, token: str) -> Principal:
        try:
            said = json.loads(bytes.fromhex(token))
        except ValueError:
            raise TokenRefused(Fault.MALFORMED) from None
        at = None if said["auth_age"] is None else datetime.fromtimestamp(time.time() - said["auth_age"], UTC)
        return Principal(
            issuer="https://issuer.example.com",
            subject=said["sub"],
            roles=frozenset({said["role"], *said["also"]}),
            controllers=frozenset(said["controllers"]),
            level=Level.from_key(said["level"]),
            auth_time=at,
            subject_number=said["number"],
            identifiers=tuple((type, value) for type, value in said["identifiers"]),
        )


ANNA_BEARER = Bearer("subject", sub="anna", number=ANNA)
BO_BEARER = Bearer("subject", sub="bo", number=BO)
AGENT = Bearer("agent", sub="agent-1")
APPROVER = Bearer("approver", sub="approver-1")
DPO = Bearer("dpo", sub="dpo-1")
ADMIN = Bearer("admin", sub="admin-1")
INTEGRATOR = Bearer("integrator", sub="integrator-1")
AUDITOR = Bearer("auditor", sub="auditor-1")
#: Trained for people who must not be found.
HANDLER = Bearer("agent", sub="handler-1", also=("protected_handler",))
SECOND_HANDLER = Bearer("approver", sub="handler-2", also=("protected_handler",))
FOREIGN_AGENT = Bearer("agent", sub="agent-2", controllers=("westila",))


@pytest.fixture(autouse=True)
def unwritten_log() -> Iterator[None]:
    """Log lines are taken, not written: rendering a fault with all its frames takes longer than the test."""
    with capture_logs():
        yield


@pytest.fixture(scope="session")
def profiles() -> dict[str, Profile]:
    return load_profiles(REPOSITORY / "profiles")


@pytest.fixture
def ctx(db: Database, profiles: dict[str, Profile], tmp_path: Path) -> Context:
    return Context(
        settings=Settings(master_key=None, public_url="https://insyn.example.com"),
        database=db,
        vault=Vault(MasterKeys.from_settings(text=MasterKeys.generate())),
        files=FileStore(tmp_path),
        shares=FileKeyStore(tmp_path / "keys"),
        journal=Journal(tmp_path / "journal"),
        profiles=profiles,
    )


@pytest.fixture
def app(ctx: Context) -> FastAPI:
    return the_app(ctx, verifier=Believer())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://insyn.example.com") as client:
        yield client


@pytest.fixture
async def registered(ctx: Context) -> None:
    """Westra's recipients, as its profile wires them."""
    async with ctx.database.transaction(["westra"]) as tx:
        await registration.apply_profile(tx, ctx, ctx.profiles["westra"])
        await supplements.settle(tx, ctx, "westra", settled("westra"), actor=Actor("admin", "admin"))


File = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def file(client: httpx.AsyncClient) -> File:
    """File a request in self-service and give what was answered."""

    async def filed(*rights: str, bearer: Bearer = ANNA_BEARER, **more: Any) -> dict[str, Any]:
        body = {"claims": [{"right": right} for right in rights or ("access",)], **more}
        answer = await client.post("/v1/self-service/requests", json=body, headers=bearer.headers())
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return filed


Advance = Callable[[str], Awaitable[int]]


@pytest.fixture
def advance(ctx: Context) -> Advance:
    """Do what the worker does when a case wakes."""

    async def advanced(request_id: str) -> int:
        async with ctx.database.transaction(["westra"]) as tx:
            return await fulfilment.advance(tx, ctx, UUID(request_id))

    return advanced


Count = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
def count(session: AsyncSession) -> Count:
    """How many rows there are of everything a call could write."""

    async def counted() -> dict[str, int]:
        await session.execute(text("SELECT set_config('insyn.controllers', 'westra,westila', false)"))
        tables = ("request", "claim", "audit_entry", "idempotency", "processor", "pgqueuer")
        found = {}
        for table in tables:
            found[table] = int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608
        return found

    return counted
