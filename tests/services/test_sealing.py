"""
The canary: unique words in every field a person, a processor or a colleague can write, sought in every place they
must not reach. Sealed is what lies there; destroying one key makes it rubbish.
"""

import asyncio
import io
import logging
import secrets
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from app.domain.decisions import Verdict
from app.observability import configure_logging, render_metrics
from app.repositories import cases
from app.services import approving, intake, orders, packaging, steps, tasks
from app.vault.errors import Unreadable
from app.vault.identifiers import MalformedIdentifier
from sandbox.people import BY_ID
from tests.harness.house import AGENT, APPROVER, CUSTOMER
from tests.services.lane_world import counting, register

CONTROLLER = "westra"
ANNA = BY_ID["anna-lindqvist"]
#: Hers as they are kept: normalised.
KNOWN = {"phone": "+46701740605", "personnummer": ANNA.personnummer}


class Canaries:
    """Unique words by the field they were written into."""

    def __init__(self) -> None:
        self.sung: dict[str, str] = dict(KNOWN)

    def __call__(self, field: str) -> str:
        return self.sung.setdefault(field, f"kanarie{secrets.token_hex(6)}")

    def seen_in(self, text: str) -> set[str]:
        """The fields whose words stand in *text*, plainly or as the hex of their bytes."""
        lowered = text.lower()
        return {f for f, w in self.sung.items() if w.lower() in lowered or w.encode().hex() in lowered}


@pytest.fixture
def canary() -> Canaries:
    return Canaries()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a worker process logs, at its most talkative."""
    before, root, hook = structlog.get_config(), logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure_logging("DEBUG", stream=written)
    yield written
    structlog.configure(**before)
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)


def identifiers(canary):
    return [
        intake.Identifier("phone", ANNA.phone),
        intake.Identifier("personnummer", ANNA.personnummer),
        intake.Identifier("email", f"{canary('email')}@example.org"),
        intake.Identifier("name", canary("name")),
        intake.Identifier("address", f"{canary('address')} 4"),
        intake.Identifier("customer_number", canary("customer_number")),
        intake.Identifier("installation_id", canary("installation")),
    ]


async def file(house, canary, *rights):
    async with house.tx(CONTROLLER) as tx:
        new = house.request_of(
            ANNA,
            CONTROLLER,
            [],
            received_at=tx.now,
            claims=[intake.NewClaim(right, {"field": canary("field"), "value": canary("value")}) for right in rights],
            identifiers=identifiers(canary),
            message=f"Hej! {canary('message')}",
            contact={"email": canary("contact"), "note": canary("contact_note")},
        )
        assert canary("message") not in repr(new)
        return (await intake.file(tx, house.ctx, new, actor=CUSTOMER)).id


async def a_succeeding_request(house, canary):
    """A copy in part and a correction; words in the reasons, in what processors answer and in what people record."""
    house.store.add_record(
        service="guard-company", controller=CONTROLLER, person=ANNA.id, kind="notes", body={"text": canary("row")}
    )
    house.by_hand = lambda _task: {
        "outcome": "completed_partial",
        "message": canary("hand_message"),
        "reason": canary("hand_reason"),
        "records": [],
    }
    request_id = await file(house, canary, "access", "rectification")
    await house.until(request_id, lambda seen: seen.row.status == "awaiting_decision")
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        claims = {claim.right: claim for claim in await cases.claims_of(tx, [request_id])}
        approval = await house.decide(
            tx,
            row,
            claims["access"],
            verdict=Verdict.PARTLY_GRANTED,
            ground="rights_of_others",
            reasons=f"Andras uppgifter finns i dem: {canary('reasons')}",
            exclude=["call_recording"],
        )
        await approving.give(tx, house.ctx, approval.id, approved=True, reason=canary("approval"), actor=APPROVER)
        await house.decide(tx, row, claims["rectification"], verdict=Verdict.GRANTED)
    await house.until_closed(request_id)
    return request_id


async def a_failing_request(house, canary):
    """One whose processor answers with nonsense, and whose key is lost half-way: everything about it fails."""
    async with counting() as server:
        answer = {"outcome": "refused", "reason": canary("answer_reason"), "message": canary("answer_message")}
        server.answer = (answer | {canary("answer_key"): "x", "evidence": {"receipt": canary("receipt")}}, 200)
        await register(house, server, actions=["locate", "freeze"])
        request_id = await file(house, canary, "access")
        seen = await house.until(request_id, lambda seen: any(t.attention == "refused" for t in seen.tasks))
        await house.sql("UPDATE request SET wrapped_key = $1 WHERE id = $2", secrets.token_bytes(63), request_id)
        stuck = next(task for task in seen.tasks if task.attention == "refused")
        async with house.tx() as tx:
            await tasks.retry(tx, house.ctx, stuck.id, actor=AGENT)
        await house.until(request_id, lambda seen: any(t.attention == "unreadable" for t in seen.tasks))


async def everything_stored(house):
    """Every column of every row of every table, as text; a table's name with it."""
    tables = await house.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        for (row,) in await house.sql(f'SELECT t::text FROM "{table}" t'):  # noqa: S608
            yield table, row


def files_under(folder: Path) -> list[str]:
    """Every file, as the hex of its bytes."""
    return [path.read_bytes().hex() for path in folder.rglob("*") if path.is_file()]


def unzipped(package: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


class TestCanary:
    async def test_is_nowhere_in_clear(self, house, canary, log):
        """
        Not in a log line, a job, a table, a file or a figure: of a request that succeeds, nor of one that fails.
        """
        async with house.working():
            done = await a_succeeding_request(house, canary)
            await a_failing_request(house, canary)
        stored = {table: canary.seen_in(row) async for table, row in everything_stored(house) if canary.seen_in(row)}
        files = await asyncio.to_thread(files_under, house.ctx.settings.data_dir)
        letters = "".join((await house.letters(done)).values())
        package = await house.package(done)

        assert canary.seen_in(log.getvalue()) == set()
        assert stored == {}
        assert files
        assert [canary.seen_in(content) for content in files if canary.seen_in(content)] == []
        assert canary.seen_in(render_metrics()[0].decode()) == set()
        # The words were there to be found: opened, they are where they belong.
        assert {"reasons", "hand_message"} <= canary.seen_in(letters)
        assert "row" in canary.seen_in(unzipped(package))

    async def test_is_in_no_refusal(self, house, canary):
        """
        A malformed identifier is refused by its type, never by its value.
        """
        bad = f"{canary('bad')} at example"
        async with house.tx(CONTROLLER) as tx:
            new = house.request_of(
                ANNA, CONTROLLER, ["access"], received_at=tx.now, identifiers=[intake.Identifier("email", bad)]
            )
            with pytest.raises(MalformedIdentifier) as refusal:
                await intake.file(tx, house.ctx, new, actor=CUSTOMER)

        assert canary.seen_in(f"{refusal.value!r} {refusal.value} {refusal.value.__cause__!r}") == set()

    async def test_is_in_no_representation_of_a_row(self, house, canary):
        """
        Whoever prints a row prints its id.
        """
        request_id = await file(house, canary, "access")
        seen = await house.see(request_id)

        assert canary.seen_in(repr([seen.row, *seen.claims, *seen.tasks])) == set()


class TestDestroyedKey:
    async def test_makes_everything_of_the_person_unreadable(self, house, canary):
        """
        Destroying the shares of a request's two keys erases identity, message, reasons, answers, letters and package.
        The rows are as they were: so it is in every copy of the database.
        """
        async with house.working():
            request_id = await a_succeeding_request(house, canary)
        contents_id = (await house.see(request_id)).row.contents_id
        assert await house.ctx.shares.destroy(CONTROLLER, [request_id, contents_id]) == 2

        with pytest.raises(Unreadable):
            await house.letters(request_id)
        with pytest.raises(Unreadable):
            await house.package(request_id)
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            with pytest.raises(Unreadable):
                orders.person_of(house.ctx, row)
            assert (await packaging.package_of(tx, row)).size > 0
