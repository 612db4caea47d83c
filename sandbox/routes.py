"""
``/sandbox``: what a developer or integrator plays with.

Tokens for every role, fictional people, the movable clock, the simulated processors with their faults, ledgers
and data, and the letters that went out. The clock and the letters belong to Insyn; whoever mounts this router
hands in how to reach them, as :class:`Hooks`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from sandbox import durations, faults, people, retention
from sandbox.categories import CONTROLLERS
from sandbox.inspection import held_about, held_at_vendor, overview
from sandbox.issuer import LIVES_SECONDS, Issuer, Wish
from sandbox.processors import known_urls
from sandbox.services import SERVICES
from sandbox.store import AHEAD, Store
from sandbox.vendors.stands import STANDS
from sandbox.world import start_again


@dataclass(frozen=True)
class Hooks:
    """How to reach the parts of Insyn that the sandbox plays with."""

    now: Callable[[], Awaitable[datetime]]
    advance_clock: Callable[[timedelta], Awaitable[None]]
    set_clock: Callable[[datetime], Awaitable[None]]
    run_due: Callable[[], Awaitable[None]]
    outbox: Callable[[], Awaitable[list[dict[str, Any]]]]
    reset: Callable[[], Awaitable[None]]


#: Where the processors' civil day is counted.
SWEDEN = ZoneInfo("Europe/Stockholm")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class TokenIn(_Body):
    """Who the token is for; only *role* is needed."""

    role: Literal["subject", "agent", "approver", "dpo", "admin", "integrator", "auditor", "protected_handler"]
    also: list[Literal["protected_handler"]] = Field(
        default=[], max_length=1, description="Roles beside it: a trained handler is an agent or an approver too."
    )
    controllers: list[_Slug] = Field(default=list(CONTROLLERS), description="Default: all five.")
    sub: str | None = Field(default=None, min_length=1, max_length=200)
    person: str | None = Field(default=None, description="Id of one of the fictional people.")
    acr: str | None = Field(default=None, max_length=200)
    auth_age_seconds: int = Field(default=0, ge=0, description="How long ago the person signed in.")
    scope: str | None = Field(default=None, max_length=500)


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not one
    expires_in: int = LIVES_SECONDS


class ClockIn(_Body):
    """One of the two: a step forward, or an instant (which may also lie in the past)."""

    advance: str | None = Field(default=None, description="ISO 8601 duration: P31D, P1M, PT5M.")
    now: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ClockIn":
        if (self.advance is None) == (self.now is None):
            raise ValueError("Give either 'advance' or 'now'.")
        return self


class ClockOut(BaseModel):
    now: AwareDatetime


class ScriptIn(_Body):
    script: list[faults.Fault] = Field(max_length=1000)


def router(store: Store, issuer: Issuer, hooks: Hooks) -> APIRouter:
    """Return everything under ``/sandbox``."""
    whole = APIRouter(prefix="/sandbox", tags=["sandbox"])
    _issuing(whole, issuer)
    _playing(whole, store, hooks)
    _watching(whole, store, hooks)
    return whole


def _issuing(routes: APIRouter, issuer: Issuer) -> None:
    @routes.get("/.well-known/openid-configuration", operation_id="getSandboxIssuer")
    def configuration() -> dict[str, Any]:
        return issuer.configuration()

    @routes.get("/jwks.json", operation_id="getSandboxKeys")
    def jwks() -> dict[str, Any]:
        return issuer.jwks()

    @routes.post("/tokens", operation_id="createSandboxToken")
    def token(wanted: TokenIn) -> TokenOut:
        """Issue an ordinary access token."""
        person = people.BY_ID.get(wanted.person) if wanted.person else None
        if wanted.person and person is None:
            raise HTTPException(422, "No such person; see /sandbox/people.")
        chosen = wanted.model_dump(exclude={"person"})
        return TokenOut(access_token=issuer.token(Wish(**chosen, person=person)))


def _playing(routes: APIRouter, store: Store, hooks: Hooks) -> None:
    @routes.get("/people", operation_id="listSandboxPeople")
    def everybody() -> dict[str, Any]:
        """Fictional people: who they are, what they can say about themselves, who knows them."""
        return {"items": [people.as_json(person) for person in people.PEOPLE]}

    @routes.get("/clock", operation_id="getSandboxClock")
    async def clock() -> ClockOut:
        return ClockOut(now=await hooks.now())

    @routes.post("/clock", operation_id="moveSandboxClock")
    async def move(wanted: ClockIn) -> ClockOut:
        """Move the service's clock, then do what has fallen due."""
        if wanted.now is not None:
            await hooks.set_clock(wanted.now)
        elif wanted.advance is not None:
            now = await hooks.now()
            await hooks.advance_clock(_step(wanted.advance, now))
        await asyncio.to_thread(store.put_fact, AHEAD, (await hooks.now() - datetime.now(UTC)).total_seconds())
        await hooks.run_due()
        return ClockOut(now=await hooks.now())

    @routes.get("/outbox", operation_id="listSandboxOutbox")
    async def outbox() -> dict[str, Any]:
        """Letters that Insyn wrote, and the mails that arrived in the sandbox's mailbox, the newest first."""
        return {"items": await hooks.outbox(), "mails": await asyncio.to_thread(store.mails)}

    @routes.post("/reset", status_code=204, operation_id="resetSandbox")
    async def reset() -> None:
        """Start again: Insyn's cases and the outside world as on the first day."""
        await hooks.reset()
        await asyncio.to_thread(start_again, store)


def _step(text: str, now: datetime) -> timedelta:
    try:
        return durations.parse(text).after(now) - now
    except (durations.NotADuration, OverflowError, ValueError):
        raise HTTPException(422, "A duration is written like P31D, P1M or PT5M and ends in this era.") from None


def _watching(routes: APIRouter, store: Store, hooks: Hooks) -> None:
    @routes.get("/processors", operation_id="listSandboxProcessors")
    def processors() -> dict[str, Any]:
        return {"items": [overview(store, service) for service in SERVICES]}

    @routes.get("/vendors", operation_id="listSandboxVendors")
    def vendors() -> dict[str, Any]:
        """The simulated vendors behind the connectors; ``control`` shows what was called and done there."""
        urls = known_urls(store)
        return {"items": [{"name": n, "url": urls[n], "control": f"{urls[n]}/__control"} for n in STANDS if n in urls]}

    @routes.get("/vendors/{name}/data", operation_id="getSandboxVendorData")
    def at_vendor(name: str, person: Annotated[str, Query(max_length=100)]) -> dict[str, Any]:
        """What a vendor still holds about one of the people, as no real vendor would show it."""
        if name not in STANDS or person not in people.BY_ID:
            raise HTTPException(404, "No such vendor or person; see /sandbox/vendors and /sandbox/people.")
        return {"items": held_at_vendor(store, name, people.BY_ID[person])}

    @routes.get("/processors/{name}/faults", operation_id="listSandboxFaults")
    def pending(name: str) -> dict[str, Any]:
        """What is still to go wrong."""
        return _script(store, _named(name))

    @routes.post("/processors/{name}/faults", status_code=201, operation_id="addSandboxFaults")
    def add(name: str, wanted: ScriptIn) -> dict[str, Any]:
        """Let the next calls go wrong, one entry a call; added behind what is still to go wrong."""
        service = next(each for each in SERVICES if each.name == _named(name))
        if service.answers != "callback" and any(isinstance(f, faults.CallbackFault) for f in wanted.script):
            raise HTTPException(422, "This processor does not call back; nothing of that kind can go wrong.")
        faults.add(store, name, wanted.script)
        return _script(store, name)

    @routes.delete("/processors/{name}/faults", status_code=204, operation_id="clearSandboxFaults")
    def clear(name: str) -> None:
        faults.clear(store, _named(name))

    @routes.post("/processors/{name}/retention-runs", operation_id="runSandboxRetention")
    async def retention_run(name: str) -> dict[str, int]:
        """Let the processor delete what is old by its own routine, as of Insyn's clock, but for what is frozen."""
        service = next(each for each in SERVICES if each.name == _named(name))
        today = (await hooks.now()).astimezone(SWEDEN).date()
        return await asyncio.to_thread(retention.run, store, service, today=today)

    @routes.get("/processors/{name}/ledger", operation_id="listSandboxEffects")
    def ledger(name: str) -> dict[str, Any]:
        """Every effect with its idempotency key, in order."""
        return {"items": store.ledger(_named(name))}

    @routes.get("/processors/{name}/data", operation_id="getSandboxData")
    def data(name: str, identifier: Annotated[str, Query(min_length=1, max_length=200)]) -> dict[str, Any]:
        """What that processor still holds about whoever has this identifier; fictional people only."""
        return {"items": held_about(store, _named(name), identifier)}


def _script(store: Store, name: str) -> dict[str, Any]:
    return {"script": [fault.model_dump(exclude_none=True) for fault in faults.pending(store, name)]}


def _named(name: str) -> str:
    if name not in {service.name for service in SERVICES}:
        raise HTTPException(404, "No such simulated processor.")
    return name
