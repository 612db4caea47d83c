"""The reference server and the service, end to end: a task leaves, a person answers on the page, Insyn hears."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import ProcessorRow, TaskRow
from app.processors import Kind
from app.services import registration, tasks
from tests.harness.house import AGENT, House, eventually
from tests.processor_kit.desk_world import Clerk, a_desk
from tests.services.lane_world import CONTROLLER, quiet_request, rows
from tests.services.street import Street

ROWS = '[{"email": "anna@example.org"}]'


@pytest.fixture
async def clerk(street: Street, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Clerk]:
    async with a_desk(tmp_path / "guard", unused_tcp_port, insyn=street.url) as clerk:
        yield clerk


async def registered(house: House, clerk: Clerk, kind: Kind, **changed: Any) -> ProcessorRow:
    """The desk as a processor of one of the two kinds it speaks."""
    is_webhook = kind is Kind.WEBHOOK
    new = registration.NewProcessor(
        key=f"desk-{kind.value}",
        title="Desk",
        kind=kind,
        recipient_kind="processor",
        actions=[],
        categories=["contact"],
        identifier_types=["email"],
        **({"answer_mode": "callback" if is_webhook else "poll", "idempotency": "query"} | changed),
    )
    secrets = {"signing": clerk.config.secrets[0]}
    if not is_webhook:
        ca = (clerk.config.folder / "ca.pem").read_text()
        secrets = {"token": clerk.config.token, "ca": ca}
    settings = {} if is_webhook else {"domain": clerk.config.domain, "poll_seconds": 3600}
    endpoint = clerk.config.public_url + ("/insyn" if is_webhook else "/v2")
    async with house.tx(CONTROLLER) as tx:
        row = await registration.register(tx, house.ctx, CONTROLLER, new)
        for name, secret in secrets.items():
            await registration.add_secret(tx, house.ctx, row, secret, name=name)
        change = {"endpoint": endpoint, "state": "active", "settings": settings}
        return await registration.change(tx, house.ctx, row, change)


async def asked(house: House, processor: ProcessorRow, action: Action) -> TaskRow:
    """One task for the processor."""
    async with house.tx(CONTROLLER) as tx:
        row = await quiet_request(house, tx)
        return await tasks.create(tx, house.ctx, row, CreateTask(None, str(processor.id), action, ("contact",)))


async def now(house: House, task: TaskRow) -> TaskRow:
    return (await rows(house, [task.id]))[0]


async def waiting(clerk: Clerk) -> list[str]:
    return await eventually(clerk.waiting)


async def over(house: House, task: TaskRow) -> TaskRow:
    async def look() -> TaskRow | None:
        seen = await now(house, task)
        return seen if seen.state == "closed" else None

    return await eventually(look)


async def with_a_person(house: House, task: TaskRow) -> TaskRow:
    async def look() -> TaskRow | None:
        seen = await now(house, task)
        return seen if seen.state == "needs_person" else None

    return await eventually(look)


@pytest.mark.parametrize("kind", [Kind.WEBHOOK, Kind.OPENDSR])
class TestTheDesk:
    async def test_is_asked_answers_and_is_heard(self, house: House, clerk: Clerk, kind: Kind) -> None:
        """
        A copy: the rows that a person put on the page are the rows in the case.
        """
        processor = await registered(house, clerk, kind)
        async with house.working():
            task = await asked(house, processor, Action.EXPORT)
            (id_,) = await waiting(clerk)
            assert (await clerk.answer(id_, "completed", rows_0=ROWS)).status_code == 303
            seen = await over(house, task)
        async with house.tx(CONTROLLER) as tx:
            row, held = await tasks.hold_with_request(tx, task.id)
            said = tasks.answer_of(house.ctx, row, held)

        assert seen.outcome == "completed"
        assert said["records"] == [{"category": "contact", "rows": [{"email": "anna@example.org"}]}]

    @pytest.mark.parametrize(
        ("action", "outcome", "fields"),
        [
            (Action.LOCATE, "completed", {"found_0": "1", "contract": "ended", "ended_on": "2025-12-31"}),
            (Action.LOCATE, "not_found", {}),
            (Action.FREEZE, "completed", {}),
            (Action.EXPORT, "not_found", {}),
            (Action.RESTRICT, "completed", {}),
            (Action.STOP_MARKETING, "completed", {}),
            (Action.NOTIFY, "completed", {}),
        ],
    )
    async def test_answers_every_kind_of_task(
        self, house: House, clerk: Clerk, kind: Kind, action: Action, outcome: str, fields: dict[str, str]
    ) -> None:
        """
        Every action of the contract, over both; OpenDSR's own three types would not reach that far.
        """
        processor = await registered(house, clerk, kind)
        async with house.working():
            task = await asked(house, processor, action)
            (id_,) = await waiting(clerk)
            assert (await clerk.answer(id_, outcome, **fields)).status_code == 303
            seen = await over(house, task)

        assert seen.outcome == outcome

    async def test_that_has_reviewed_a_decision_is_read_before_its_word_counts(
        self, house: House, clerk: Clerk, kind: Kind
    ) -> None:
        """GDPR Art. 22(3): what a review came to is told to the person; somebody of the controller's reads it first."""
        processor = await registered(house, clerk, kind)
        async with house.working():
            task = await asked(house, processor, Action.REVIEW_DECISION)
            (id_,) = await waiting(clerk)
            await clerk.answer(id_, "completed", message="Beslutet ändrades.")
            seen = await with_a_person(house, task)

        assert seen.attention == "words_to_read"

    async def test_that_says_no_hands_the_task_to_a_person(self, house: House, clerk: Clerk, kind: Kind) -> None:
        """
        A refusal is never an end that nobody saw, also where the protocol has no word for it.
        """
        processor = await registered(house, clerk, kind)
        async with house.working():
            task = await asked(house, processor, Action.ERASE)
            (id_,) = await waiting(clerk)
            await clerk.answer(id_, "refused", message="Vi är inte personuppgiftsbiträde.")
            seen = await with_a_person(house, task)

        assert (seen.attention, seen.outcome) == ("refused", "refused")


class TestATaskThatAPersonEnds:
    async def test_is_taken_back_from_an_opendsr_processor(self, house: House, clerk: Clerk) -> None:
        """
        Nobody waits any more: the desk is told (OpenDSR 2.0, 9), and nobody works on it in vain.
        """
        processor = await registered(house, clerk, Kind.OPENDSR)
        async with house.working():
            task = await asked(house, processor, Action.FREEZE)
            await waiting(clerk)

            async def accepted() -> bool:
                return (await now(house, task)).state == "accepted"

            await eventually(accepted)
            async with house.tx(CONTROLLER) as tx:
                await tasks.resolve(tx, house.ctx, task.id, {"outcome": "completed", "message": "Ringt."}, actor=AGENT)

            async def taken_back() -> bool:
                return not await clerk.waiting()

            await eventually(taken_back)

        assert "Återtagen" in await clerk.page()
