"""
The street the tests' houses stand in: the simulated processors' servers, the API's front door, a furnished house.

Made once for a test worker. A house is a copy of the furnished one's database, so it costs a tenth of a second. What
the process itself has built for one house, its routes and its compiled statements, serves the next.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.bootstrap import apply_profiles, root
from app.db import Database, make_engine
from app.main import create_app
from app.profiles import Profile, System, load_profiles
from app.services.context import Context
from app.settings import Settings
from app.tokens.verifier import Verifier
from app.vault.envelope import Vault
from app.vault.files import FileStore
from app.vault.journal import Journal
from app.vault.key_store import FileKeyStore
from app.vault.keys import MasterKeys
from sandbox.processors import running
from sandbox.services._service import Pace
from sandbox.serving import served
from sandbox.store import Connection, Store
from sandbox.world import start_again
from tests.harness.database import TestDatabase, TestServer
from tests.harness.house import House
from tests.harness.service import the_app


@dataclass
class Way:
    """An engine that leads to one database after the other; the statements it has compiled stay compiled."""

    engine: AsyncEngine
    database: str = ""

    @classmethod
    def on(cls, server: TestServer) -> "Way":
        way = cls(make_engine(server.app_dsn, pool_size=30))

        @event.listens_for(way.engine.sync_engine, "do_connect")
        def lead(_dialect: object, _record: object, _args: object, named: dict[str, Any]) -> None:
            named["database"] = way.database

        return way


class FrontDoor:
    """Where callbacks come in: the API of whichever house stands; without one, as a service that is down."""

    def __init__(self) -> None:
        self.house: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.house or Response(status_code=503))(scope, receive, send)


def api_of(ctx: Context) -> FastAPI:
    """The API of a house; nobody can log in there, and no callback needs to."""
    return create_app(ctx, verifier=nobody())


def nobody() -> Verifier:
    """Who lets nobody in."""
    return Verifier([], fetch=_no_keys)


async def _no_keys(_url: str) -> bytes:
    raise OSError("nothing is fetched in tests")


@dataclass
class Street:
    """What stands for all houses of one test worker: the processors' servers, the front door, and a furnished house."""

    server: TestServer
    store: Store
    urls: Mapping[str, str]
    front_door: FrontDoor
    url: str
    profiles: Mapping[str, Profile] = field(repr=False)
    master_key: str
    #: A database with the registry in it, to copy from; and what was agreed with the processors there.
    template: str
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    connections: Sequence[Connection] = ()
    #: Ways that lead to no house just now.
    free: list[Way] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_name(self) -> str:
        return f"{self.template}_{next(self._numbers)}"

    @asynccontextmanager
    async def way_to(self, db: TestDatabase) -> AsyncIterator[AsyncEngine]:
        """An engine on *db*; afterwards nothing of it is open."""
        way = self.free.pop() if self.free else Way.on(self.server)
        way.database = db.name
        try:
            yield way.engine
        finally:
            await way.engine.dispose()
            self.free.append(way)

    def first_day(self) -> None:
        """Bring the outside world back to its first day, as connected as it was then."""
        start_again(self.store)
        with self.store.transaction() as db:
            db.execute("DELETE FROM connections")
            for connection in self.connections:
                self.store.connect(connection)


#: Vendors of Sensor Alarm that have tests of their own, and the sandbox's processor that stands for each here.
PLAYED = {
    "billecta": {"sandbox_service": "billing", "answer_mode": "sync", "idempotency": "yes"},
    "webcrm": {"sandbox_service": "crm", "answer_mode": "poll", "idempotency": "query"},
}
_SHARED = ("name", "email", "address", "customer_number")


def as_played(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """The shipped profiles, with four scripted processors at Sensor Alarm, one of every way of answering."""
    whole = profiles["sensor-alarm"]
    systems = [
        System.model_validate(
            one.model_dump(exclude={"settings", "kind", "identifiers"})
            | {"kind": "webhook", "identifiers": (*_SHARED, *(("phone",) if one.id == "webcrm" else ()))}
            | ({"categories": ("customer", "emergency_contacts", "referrals")} if one.id == "webcrm" else {})
            | PLAYED[one.id]
        )
        if one.id in PLAYED
        else one
        for one in whole.systems
    ]
    return {**profiles, "sensor-alarm": whole.model_copy(update={"systems": tuple(systems)})}


@asynccontextmanager
async def a_street(folder: Path, server: TestServer, worker_id: str) -> AsyncIterator[Street]:
    """Serve the simulated processors and the front door, and furnish the house all others are copied from."""
    async with AsyncExitStack() as stack:
        store = Store(folder / "outside.sqlite")
        stack.callback(store.close)
        front_door = FrontDoor()
        street = Street(
            server=server,
            store=store,
            urls=await stack.enter_async_context(running(store, pace=Pace(callback_after=0.05, poll_after=0.2))),
            front_door=front_door,
            url=await stack.enter_async_context(served(front_door)),
            profiles=as_played(load_profiles(root() / "profiles")),
            master_key=MasterKeys.generate(),
            template=f"insyn_house_{server.run}_{worker_id}",
        )
        made = await server.copy(street.template)
        async with street.way_to(made) as engine:
            house = _house(street, made, engine, folder, {})
            await apply_profiles(house.ctx)
            for controller in street.profiles:
                await house.settle(controller)
                await house.connect(controller)
        # A house begins with no chain: those of the secrets it was furnished with are nobody's in the tests.
        async with house.superuser() as connection:
            await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER; TRUNCATE audit_entry")
            await connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
        street.secrets, street.connections = house.secrets, store.connections()
        yield street
        await server.drop(street.template)


@asynccontextmanager
async def a_house(street: Street, folder: Path, **settings: Any) -> AsyncIterator[House]:
    """A house on a database of its own: profiles applied, simulated processors connected and on their first day."""
    name = street.new_name()
    made = await street.server._create(name, street.template)
    try:
        async with street.way_to(made) as engine:
            house = _house(street, made, engine, folder, settings)
            await asyncio.to_thread(street.first_day)
            street.front_door.house = the_app(house.ctx, verifier=nobody())
            try:
                yield house
            finally:
                street.front_door.house = None
    finally:
        await street.server.drop(name)


def _house(street: Street, db: TestDatabase, engine: AsyncEngine, folder: Path, settings: Mapping[str, Any]) -> House:
    database = Database(engine, movable_clock=True)
    ctx = context_on(street, database, folder, database_url=SecretStr(db.app_dsn), **settings)
    return House(ctx=ctx, db=db, store=street.store, urls=street.urls, secrets=dict(street.secrets))


def context_on(street: Street, database: Database, folder: Path, **settings: Any) -> Context:
    """The fixed things of a process that works on *database*."""
    given: dict[str, Any] = {"sweep_seconds": 0.5, "master_key": SecretStr(street.master_key)} | settings
    return Context(
        settings=Settings(sandbox=True, sandbox_on_this_database=True, data_dir=folder, public_url=street.url, **given),
        database=database,
        vault=Vault(MasterKeys.from_settings(text=street.master_key)),
        files=FileStore(folder / "packages"),
        shares=FileKeyStore(folder / "keys"),
        journal=Journal(folder / "journal"),
        profiles=street.profiles,
    )
