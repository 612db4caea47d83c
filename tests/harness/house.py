"""
The whole service for one test: a database of its own, the simulated processors connected, callbacks let in.

``house`` has no worker yet: a test says with :meth:`House.working` when the work is done. What people do with a case
(decide, approve, release, resolve) is done by :meth:`House.staff_do_their_part`.
"""

import asyncio
import base64
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from app.db import Tx
from app.domain import notifying
from app.domain.case import ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.fanout import TaskState
from app.domain.identity import Level
from app.domain.ledger import EntryState
from app.domain.snapshot import ForwardingState, letter_key
from app.models import ApprovalRow, ClaimRow, ProcessorRow, RequestRow, TaskRow
from app.repositories import approvals, audit, cases, outward, registry
from app.repositories import letters as stored_letters
from app.services import (
    approving,
    case_rows,
    casework,
    correspondence,
    intake,
    ledger,
    packaging,
    passing_on,
    registration,
    sealing,
    steps,
    tasks,
)
from app.services.context import Actor, Context
from app.worker import Worker
from sandbox import faults
from sandbox.people import BY_ID, Person
from sandbox.store import Connection, Store
from tests.harness.database import TestDatabase

#: Long enough for a busy machine; a condition that holds is seen at once.
PATIENCE_SECONDS = 45.0
LOOK_EVERY_SECONDS = 0.1

CUSTOMER = Actor("subject", "33333333-1111-4111-8111-111111111111")
AGENT = Actor("agent", "11111111-1111-4111-8111-111111111111")
APPROVER = Actor("approver", "22222222-2222-4222-8222-222222222222")
DETAILS: Mapping[str, Mapping[str, Any]] = {"rectification": {"field": "email", "value": "ny.adress@example.org"}}

#: Statuses in which a person has to tell somebody of the case.
TO_TELL = ("recipients_to_tell", "forwarding_wanted", "forwarding_late")

Found = TypeVar("Found")


class TookTooLong(AssertionError):
    """What the test waited for did not come true."""


async def eventually(
    look: Callable[[], Awaitable[Found | None] | Found | None], *, seconds: float = PATIENCE_SECONDS
) -> Found:
    """Look until something true is seen and return it; raises :class:`TookTooLong`."""

    async def seen() -> Found | None:
        found = look()
        return await found if isinstance(found, Awaitable) else found

    ends = time.monotonic() + seconds
    while not (found := await seen()):
        if time.monotonic() > ends:
            raise TookTooLong(f"waited {seconds:.0f} s")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return found


@dataclass(frozen=True)
class Seen:
    """A case as it stood at one moment."""

    row: RequestRow
    claims: list[ClaimRow]
    tasks: list[TaskRow]
    keys: Mapping[UUID, str]

    def outcomes(self) -> dict[str, str | None]:
        """Per right how its claim ended."""
        return {claim.right: claim.outcome for claim in self.claims}

    def of(self, action: str, processor: str | None = None) -> list[TaskRow]:
        return [t for t in self.tasks if t.action == action and processor in (None, self.keys[t.processor_id])]

    @property
    def is_closed(self) -> bool:
        return self.row.phase == Phase.CLOSED


@dataclass
class House:
    """The service under test and its outside world."""

    ctx: Context
    db: TestDatabase
    store: Store
    urls: Mapping[str, str]
    #: What a person answers for a task that is theirs; the default is that it was done.
    by_hand: Callable[[TaskRow], Mapping[str, Any] | None] = lambda _task: {"outcome": "completed", "message": "Gjort."}
    #: Whether somebody releases packages as soon as they are sealed.
    releases: bool = True
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    _keys: dict[UUID, str] = field(default_factory=dict)

    @asynccontextmanager
    async def tx(self, *controllers: str) -> AsyncIterator[Tx]:
        async with self.ctx.database.transaction(controllers or tuple(self.ctx.profiles)) as tx:
            yield tx

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection no fence stops: to look, and to break things on purpose."""
        connection = await asyncpg.connect(self.db.superuser_dsn)
        try:
            yield connection
        finally:
            await connection.close()

    async def sql(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with self.superuser() as connection:
            return list(await connection.fetch(query, *values))

    # --- the outside world -------------------------------------------------------------------------------------------

    async def connect(self, controller: str) -> None:
        """Connect every simulated processor of *controller*, each with a secret of its own."""
        async with self.tx(controller) as tx:
            for row in await registry.processors_of(tx, [controller]):
                if row.sandbox_service is not None:
                    await self._connect(tx, row)

    async def _connect(self, tx: Tx, row: ProcessorRow) -> None:
        secret = new_secret()
        endpoint = f"{self.urls[str(row.sandbox_service)]}/{row.controller_id}"
        await registration.add_secret(tx, self.ctx, row, secret)
        await registration.change(tx, self.ctx, row, {"endpoint": endpoint, "state": "active"})
        self.secrets[row.controller_id, row.key] = secret
        self.store.connect(
            Connection(
                service=str(row.sandbox_service),
                controller=row.controller_id,
                processor=str(row.id),
                endpoint=endpoint,
                secret=secret,
            )
        )

    def script(self, service: str, *entries: faults.Fault) -> None:
        """Let these things go wrong at a simulated processor."""
        faults.add(self.store, service, list(entries))

    def effects(self, service: str, action: str | None = None) -> list[dict[str, Any]]:
        """What was really done at a simulated processor, oldest first."""
        return [one for one in self.store.ledger(service) if action in (None, one["action"])]

    # --- a request and its people ------------------------------------------------------------------------------------

    async def file(self, controller: str, *rights: str, person: str = "anna-lindqvist", **changed: Any) -> UUID:
        """Take a request of a fictional person in, as from a login with an e-ID."""
        async with self.tx(controller) as tx:
            new = self.request_of(BY_ID[person], controller, rights, received_at=tx.now, **changed)
            return (await intake.file(tx, self.ctx, new, actor=CUSTOMER)).id

    @staticmethod
    def request_of(
        person: Person, controller: str, rights: Iterable[str], *, received_at: datetime, **changed: Any
    ) -> intake.NewRequest:
        new = intake.NewRequest(
            controller=controller,
            channel="web",
            received_at=received_at,
            language="sv",
            claims=[intake.NewClaim(right, DETAILS.get(right, {})) for right in rights],
            identifiers=[intake.Identifier(type, value) for type, value in person.identifiers],
            assurance=Level.SUBSTANTIAL,
            requester_ref=CUSTOMER.ref,
        )
        return dataclasses.replace(new, **changed)

    async def see(self, request_id: UUID) -> Seen:
        async with self.tx() as tx:
            return await self._see(tx, request_id)

    async def _see(self, tx: Tx, request_id: UUID, *, hold: bool = False) -> Seen:
        row = await cases.request(tx, request_id, lock=hold)
        assert row is not None
        found = list(await cases.tasks_of(tx, request_id))
        for processor_id in {task.processor_id for task in found} - self._keys.keys():
            processor = await registry.processor(tx, processor_id)
            assert processor is not None
            self._keys[processor_id] = processor.key
        return Seen(row=row, claims=list(await cases.claims_of(tx, [request_id])), tasks=found, keys=self._keys)

    async def staff_do_their_part(self, request_id: UUID) -> Seen:
        """Whatever waits for a person in a case is done once: tasks by hand, decisions, second persons, release."""
        seen = await self.see(request_id)
        if not self._waits_for_staff(seen):
            return seen
        async with self.tx() as tx:
            seen = await self._see(tx, request_id, hold=True)
            for task in seen.tasks:
                said = self.by_hand(task) if task.state == TaskState.NEEDS_PERSON else None
                if said is not None:
                    await tasks.resolve(tx, self.ctx, task.id, said, actor=AGENT)
            if seen.row.status == "awaiting_decision":
                for claim in seen.claims:
                    if claim.state == ClaimState.OPEN:
                        await self.grant(tx, seen.row, claim)
            if seen.row.status in TO_TELL:
                await self.tell_everybody(tx, seen.row)
            if seen.row.status == "awaiting_release" and self.releases:
                # The status follows a moment later, when the case is carried on.
                with suppress(packaging.PackageReleased):
                    await packaging.release(tx, self.ctx, seen.row, actor=APPROVER)
        return seen

    @staticmethod
    def _waits_for_staff(seen: Seen) -> bool:
        by_hand = any(task.state == TaskState.NEEDS_PERSON for task in seen.tasks)
        return by_hand or seen.row.status in ("awaiting_decision", "awaiting_release", *TO_TELL)

    async def tell_everybody(self, tx: Tx, row: RequestRow) -> None:
        """Whoever no system reaches is told by a person, and what is another controller's is passed on."""
        case = await case_rows.read(tx, self.ctx, row)
        for entry in case.ledger:
            if entry.state == EntryState.PENDING and notifying.is_by_hand(case.seen(), outward.entry_seen(entry)):
                await ledger.settle(tx, self.ctx, row, entry.id, state=EntryState.SENT, reason="", actor=AGENT)
        for one in case.forwardings:
            if one.state == ForwardingState.PENDING:
                await passing_on.carry_on(
                    tx, self.ctx, row, one.id, state=ForwardingState.SENT, to_name="Kunden AB", actor=AGENT
                )

    async def grant(self, tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
        """Say yes to a claim, with a second person where one is needed."""
        waits = await self.decide(tx, row, claim, verdict=Verdict.GRANTED)
        if waits is not None:
            await approving.give(tx, self.ctx, waits.id, approved=True, reason="", actor=APPROVER)

    async def decide(self, tx: Tx, row: RequestRow, claim: ClaimRow, **said: Any) -> ApprovalRow | None:
        given: dict[str, Any] = {"ground": None, "reasons": "", "exclude": [], "actor": AGENT} | said
        return await casework.decide(tx, self.ctx, row, claim, **given)

    # --- time passes -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def working(self, workers: int = 1) -> AsyncIterator[list[Worker]]:
        """Have workers at it; they have stopped when this is left."""
        stop = asyncio.Event()
        made = [Worker(self.ctx, url=self.db.app_dsn) for _ in range(workers)]
        at_work = [asyncio.create_task(worker.run(stop)) for worker in made]
        try:
            yield made
        finally:
            stop.set()
            await asyncio.gather(*at_work)

    async def until(
        self,
        request_id: UUID,
        holds: Callable[[Seen], object],
        *,
        staff: bool = False,
        seconds: float = PATIENCE_SECONDS,
    ) -> Seen:
        """Wait until *holds* is true of the case; with *staff*, people do their part meanwhile."""

        async def look() -> Seen | None:
            seen = await (self.staff_do_their_part if staff else self.see)(request_id)
            return seen if holds(seen) else None

        try:
            return await eventually(look, seconds=seconds)
        except TookTooLong as error:
            raise TookTooLong(f"{error}: {described(await self.see(request_id))}") from None

    async def until_closed(self, request_id: UUID) -> Seen:
        """Carry a case on to its end, people doing their part."""
        return await self.until(request_id, lambda seen: seen.is_closed, staff=True)

    # --- what became of it -------------------------------------------------------------------------------------------

    async def letters(self, request_id: UUID) -> dict[str, str]:
        """A case's letters, opened, by kind."""
        async with self.tx() as tx:
            row = await steps.hold(tx, request_id)
            found = [(one.kind, one.about) for one in await stored_letters.letters_of(tx, row)]
            return {
                letter_key(kind, about): await correspondence.read_letter(tx, self.ctx, row, kind, about=about)
                for kind, about in found
            }

    async def package(self, request_id: UUID) -> bytes:
        """A case's package, opened; raises ``NoPackage``."""
        async with self.tx() as tx:
            row = await steps.hold(tx, request_id)
            package = await packaging.package_of(tx, row)
            chunks = self.ctx.files.read(package.file, sealing.key_of(self.ctx, row))
            return b"".join([chunk async for chunk in chunks])

    async def steps_of(self, request_id: UUID) -> list[str]:
        async with self.tx() as tx:
            return [entry.step for entry in await audit.entries_of(tx, request_id)]

    async def waiting_approvals(self, request_id: UUID) -> list[ApprovalRow]:
        async with self.tx() as tx:
            return list(await approvals.open_of(tx, request_id))


def described(seen: Seen) -> str:
    """Where a case stands, in ids and codes."""
    open_tasks = [
        f"{seen.keys[t.processor_id]}:{t.action}:{t.state}:{t.outcome}:{t.attention}:{t.attempts}"
        for t in seen.tasks
        if t.state != TaskState.CLOSED
    ]
    claims = [f"{c.right}:{c.state}:{c.verdict}:{c.outcome}" for c in seen.claims]
    return f"{seen.row.phase}/{seen.row.status} {claims} {open_tasks}"


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
