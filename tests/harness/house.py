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
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from app import clock
from app.bootstrap import make_postman
from app.db import Tx
from app.domain import notifying
from app.domain.case import ClaimState, Phase
from app.domain.decisions import Verdict
from app.domain.erasure_decision import Entry, NothingToErase
from app.domain.erasure_plan import Contract, Fate
from app.domain.fanout import TaskState
from app.domain.four_eyes import Subject
from app.domain.identity import Level
from app.domain.ledger import EntryState
from app.domain.records import Balancing, Fact, FactKind, Intent, Record, Review, Statute, Weighed
from app.domain.snapshot import ForwardingState, letter_key
from app.models import ApprovalRow, ClaimRow, PackageRow, ProcessorRow, RequestRow, TaskRow
from app.processors import Kind
from app.repositories import approvals, audit, cases, jobs, outward, registry
from app.repositories import letters as stored_letters
from app.services import (
    approving,
    case_rows,
    casework,
    correspondence,
    erasing,
    intake,
    ledger,
    packaging,
    passing_on,
    posting,
    redacting,
    registration,
    steps,
    supplements,
    tasks,
)
from app.services.context import Actor, Context
from app.worker import Worker
from sandbox import faults
from sandbox.people import BY_ID, Person
from sandbox.services._opendsr import domain_of, papers
from sandbox.settled import settled_by
from sandbox.store import Connection, Store
from tests.harness.database import TestDatabase

#: Long enough for a busy machine; a condition that holds is seen at once.
PATIENCE_SECONDS = 45.0
LOOK_EVERY_SECONDS = 0.1

CUSTOMER = Actor("subject", "33333333-1111-4111-8111-111111111111")
AGENT = Actor("agent", "11111111-1111-4111-8111-111111111111")
APPROVER = Actor("approver", "22222222-2222-4222-8222-222222222222")
WORDS = "Det är kontrollerat mot avtalet och mot loggen."
#: What any decision could be asked to rest on; what it is not asked for does no harm.
RECORD = Record(
    evidence=(
        Fact(FactKind.ANSWER_GIVEN, date(2020, 1, 7), "Samma kopia lämnades ut."),
        Fact(FactKind.NOTHING_CHANGED, date(2020, 1, 8), "Inget nytt har tillkommit sedan dess."),
    ),
    intent=Intent(objective=WORDS, subjective=WORDS),
    statute=Statute("2018:218", "5 kap. 1 §"),
    balancing=Balancing(interest=WORDS, necessity=WORDS, impact_on_person=WORDS, why_overrides=WORDS),
    checked=WORDS,
)
#: What a yes must be documented with, where it must.
RECORDS: Mapping[str, Record] = {
    "restriction": Record(ground_18="a"),
    "automated_decision": Record(
        review=Review(new_decision="Avtalet beviljas utan deposition.", why="Kreditvärdet var hämtat för fel person.")
    ),
}
CHIEF = Actor("dpo", "55555555-5555-4555-8555-555555555555")
ADMIN = Actor("admin", "66666666-6666-4666-8666-666666666666")
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
    #: Whether somebody posts the letters that are to go on paper.
    posts: bool = True
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

    async def settle(self, controller: str) -> None:
        """Say what the sandbox's controllers have settled, so that an access answer can leave."""
        async with self.tx(controller) as tx:
            await supplements.settle(tx, self.ctx, controller, settled(controller), actor=ADMIN)

    async def connect(self, controller: str) -> None:
        """Connect every simulated processor of *controller*, each with a secret of its own."""
        async with self.tx(controller) as tx:
            for row in await registry.processors_of(tx, [controller]):
                if row.sandbox_service is not None:
                    await self._connect(tx, row)

    async def _connect(self, tx: Tx, row: ProcessorRow) -> None:
        secret, service = new_secret(), str(row.sandbox_service)
        endpoint = f"{self.urls[service]}/{row.controller_id}"
        change: dict[str, Any] = {"state": "active"}
        if row.kind == Kind.OPENDSR:
            ca = papers(self.store, service)["ca.pem"]
            await registration.add_secret(tx, self.ctx, row, secret, name="token")
            await registration.add_secret(tx, self.ctx, row, ca, name="ca")
            endpoint += "/v2"
            change["settings"] = {"domain": domain_of(service), "poll_seconds": 1} | row.settings
        else:
            await registration.add_secret(tx, self.ctx, row, secret)
        await registration.change(tx, self.ctx, row, change | {"endpoint": endpoint})
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
            new = self.request_of(BY_ID[person], controller, rights, **{"received_at": tx.now, **changed})
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

    async def pass_cooling_off(self, request_id: UUID) -> None:
        """Move the clock past the wait of whatever cannot be undone, and let the case be looked at then."""
        async with self.tx() as tx:
            ends = [one.cooling_until for one in await cases.claims_of(tx, [request_id]) if one.cooling_until]
            row = await steps.hold(tx, request_id)
            if ends and max(ends) >= tx.now:
                await clock.move(tx.session, to=max(ends) + timedelta(seconds=1))
            jobs.wake(tx, "case.advance", controller=row.controller_id, id=request_id)

    async def staff_do_their_part(self, request_id: UUID) -> Seen:
        """Whatever waits for a person in a case is done once: tasks by hand, decisions, second persons, release."""
        seen = await self.see(request_id)
        if seen.row.status == "cooling_off":
            await self.pass_cooling_off(request_id)
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
                        await self.answer(tx, seen.row, claim)
            if seen.row.status in TO_TELL:
                await self.tell_everybody(tx, seen.row)
            if seen.row.status == "awaiting_release" and self.releases:
                # The status follows a moment later, when the case is carried on.
                with suppress(packaging.PackageReleased):
                    await self.release(tx, seen.row)
            if seen.row.status == "letter_waiting" and self.posts:
                await self._post_letters(tx, seen.row)
        return seen

    async def release(self, tx: Tx, row: RequestRow, *, actor: Actor = APPROVER) -> PackageRow:
        """Look at the package as its person will see it, and let that very version go, with two people if need be."""
        seen = await redacting.preview(tx, self.ctx, row, actor=actor)
        package = await packaging.release(tx, self.ctx, row, sha256=seen["sha256"], actor=actor)
        for waiting in await approvals.open_of(tx, row.id):
            if waiting.subject == Subject.RELEASE:
                await redacting.preview(tx, self.ctx, row, actor=CHIEF)
                await approving.give(tx, self.ctx, waiting.id, approved=True, reason="", actor=CHIEF)
        return package

    @staticmethod
    def _waits_for_staff(seen: Seen) -> bool:
        by_hand = any(task.state == TaskState.NEEDS_PERSON for task in seen.tasks)
        return by_hand or seen.row.status in ("awaiting_decision", "awaiting_release", "letter_waiting", *TO_TELL)

    async def post_letters(self, request_id: UUID) -> int:
        """Post every letter of a case that is to go on paper, today; without a mail server every one."""
        async with self.tx() as tx:
            return await self._post_letters(tx, await steps.hold(tx, request_id))

    async def _post_letters(self, tx: Tx, row: RequestRow) -> int:
        today = self.ctx.today(row.controller_id, tx.now)
        by_hand = ("post",) if self.ctx.settings.smtp_host else ("post", "email")
        found = await stored_letters.letters_of(tx, row)
        waiting = [one for one in found if one.via in by_hand and one.sent_at is None]
        for letter in waiting:
            await posting.posted(tx, self.ctx, row, letter, on=today, how="post", actor=AGENT)
        return len(waiting)

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

    async def answer(self, tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
        """Say yes wherever the law lets it be a yes; an erasure by which everything stays is a no, with its ground."""
        try:
            await self.grant(tx, row, claim)
        except NothingToErase:
            waits = await self.decide(tx, row, claim, verdict=Verdict.REFUSED, ground="no_ground", reasons=WORDS)
            assert waits is not None
            await approving.give(tx, self.ctx, waits.id, approved=True, reason="", actor=APPROVER)

    async def grant(self, tx: Tx, row: RequestRow, claim: ClaimRow) -> None:
        """Say yes to a claim, with a second person where one is needed."""
        waits = await self.decide(tx, row, claim, verdict=Verdict.GRANTED)
        if waits is not None:
            await approving.give(tx, self.ctx, waits.id, approved=True, reason="", actor=APPROVER)

    async def decide(self, tx: Tx, row: RequestRow, claim: ClaimRow, **said: Any) -> ApprovalRow | None:
        given: dict[str, Any] = {"ground": None, "reasons": "", "exclude": [], "actor": AGENT} | said
        given.setdefault("record", self._record(claim, given))
        if claim.right == "erasure" and "plan" not in said and given["verdict"] is not Verdict.REFUSED:
            given["plan"] = await self.plan_of_staff(tx, row)
        return await casework.decide(tx, self.ctx, row, claim, **given)

    @staticmethod
    def _record(claim: ClaimRow, given: Mapping[str, Any]) -> Record:
        """Staff document what they decide; a test of what must be documented brings a record of its own."""
        yes = RECORDS.get(claim.right, Record())
        if given["verdict"] is Verdict.GRANTED:
            return yes
        weighed = tuple(Weighed(category, WORDS) for category in given["exclude"])
        return dataclasses.replace(RECORD, weighed=weighed, ground_18=yes.ground_18, review=yes.review)

    async def plan_of_staff(self, tx: Tx, row: RequestRow) -> erasing.Said:
        """
        What staff say of an erasure: where no processor told, the contract has ended; what is left open is erased.
        """
        today, facts = self.ctx.today(row.controller_id, tx.now), erasing.SaidFacts()
        prepared = await erasing.prepare(tx, self.ctx, row)
        if prepared.facts.contract is Contract.UNKNOWN:
            facts = erasing.SaidFacts(contract=Contract.ENDED)
            prepared = await erasing.prepare(tx, self.ctx, row, facts)
        undecided = [one.category for one in prepared.proposal(today) if one.fate is Fate.UNDECIDED]
        entries = tuple(Entry(category=one, verdict="erase", ground="not_necessary") for one in undecided)
        return erasing.Said(entries=entries, facts=facts)

    # --- time passes -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def working(self, workers: int = 1) -> AsyncIterator[list[Worker]]:
        """Have workers at it; they have stopped when this is left."""
        stop = asyncio.Event()
        postman = make_postman(self.ctx.settings)
        made = [Worker(self.ctx, url=self.db.app_dsn, postman=postman) for _ in range(workers)]
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
            found = await stored_letters.letters_of(tx, row)
            return {letter_key(one.kind, one.about): correspondence.opened(self.ctx, row, one) for one in found}

    async def package(self, request_id: UUID) -> bytes:
        """A case's package, opened; raises ``NoPackage``."""
        async with self.tx() as tx:
            row = await steps.hold(tx, request_id)
            package = await packaging.package_of(tx, row)
            chunks = self.ctx.files.read(package.file, packaging.key_of(self.ctx, row))
            return b"".join([chunk async for chunk in chunks])

    async def steps_of(self, request_id: UUID) -> list[str]:
        async with self.tx() as tx:
            return [entry.step for entry in await audit.entries_of(tx, request_id)]

    async def waiting_approvals(self, request_id: UUID) -> list[ApprovalRow]:
        async with self.tx() as tx:
            return list(await approvals.open_of(tx, request_id))


def settled(controller: str) -> list[supplements.NewSupplement]:
    """The sandbox's supplements of a controller."""
    return [supplements.NewSupplement(**one | {"codes": tuple(one.get("codes", ()))}) for one in settled_by(controller)]


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
