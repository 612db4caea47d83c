"""
An OpenDSR processor calls back: who says it is proved by its certificate, and what it says is looked up, not believed.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import clock
from app.domain.fanout import Action
from app.domain.process import CreateTask
from app.models import TaskRow
from app.processors import Kind, Reported
from app.processors.opendsr import request_id
from app.repositories import cases
from app.services import opendsr_callbacks, registration, tasks
from app.services.callbacks import UnknownCallback
from tests.harness.house import House, eventually
from tests.processors.opendsr_peer import DOMAIN, Peer, a_peer, signer_of
from tests.services.lane_world import CONTROLLER, counting, put_on_lane, quiet_request, register, rows
from tests.services.street import Street


@dataclass
class Caller:
    """The processor with one task of its own, and what it sends to the front door."""

    house: House
    peer: Peer
    task_id: Any
    url: str

    def body(self, **changed: Any) -> bytes:
        said = {
            "controller_id": CONTROLLER,
            "expected_completion_time": "2026-12-02T00:00:00Z",
            "status_callback_url": self.url,
            "subject_request_id": request_id(str(self.task_id)),
            "request_status": "completed",
        }
        return json.dumps({name: value for name, value in (said | changed).items() if value is not None}).encode()

    def headers(self, body: bytes, name: str = "opendsr", **changed: str) -> dict[str, str]:
        signed = {f"x-{name}-processor-domain": DOMAIN, f"x-{name}-signature": self.peer.signer.sign(body)}
        return signed | {f"x-{name}-{key}": value for key, value in changed.items()}

    async def post(self, body: bytes, headers: dict[str, str], url: str | None = None) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(url or self.url, content=body, headers=headers)

    async def task(self) -> TaskRow:
        return (await rows(self.house, [self.task_id]))[0]

    async def when_over(self) -> TaskRow | None:
        task = await self.task()
        return task if task.state == "closed" else None


@pytest.fixture
async def caller(house: House, street: Street, tmp_path: Path) -> AsyncIterator[Caller]:
    """A processor with one task that has been sent."""
    async with a_peer(tmp_path / "peer") as peer:
        target = peer.target()
        new = registration.NewProcessor(
            key="dsr", title="DSR", kind=Kind.OPENDSR, recipient_kind="processor", actions=[], categories=["contact"],
            identifier_types=["email"], answer_mode="poll", idempotency="query",
        )  # fmt: skip
        async with house.tx(CONTROLLER) as tx:
            row = await registration.register(tx, house.ctx, CONTROLLER, new)
            for name in ("token", "ca"):
                await registration.add_secret(tx, house.ctx, row, target.named[name][0], name=name)
            change = {"endpoint": peer.url, "state": "active", "settings": dict(target.settings)}
            await registration.change(tx, house.ctx, row, change)
            request = await quiet_request(house, tx)
            wanted = CreateTask(None, str(row.id), Action.ERASE, ("contact",))
            task = await tasks.create(tx, house.ctx, request, wanted)
            # As it stands once it has been sent: the next look would come in an hour.
            task.state, task.next_at = "accepted", tx.now + timedelta(hours=1)
        token = tasks.callback_token(house.ctx, CONTROLLER, task.id)
        yield Caller(house, peer, task.id, f"{street.url}/v1/callbacks/{token}/opendsr")


class TestCallback:
    async def test_makes_us_look_and_is_not_the_answer(self, caller: Caller) -> None:
        """202, and the task is due at once; it is not over because somebody says so (it could be an old copy)."""
        body = caller.body()
        answer = await caller.post(body, caller.headers(body))
        task = await caller.task()

        assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
        assert (task.state, task.outcome) == ("accepted", None)
        assert task.next_at is not None
        async with caller.house.tx(CONTROLLER) as tx:
            assert task.next_at <= tx.now

    async def test_is_followed_by_what_the_processor_says_itself(self, caller: Caller) -> None:
        """The signed status is what ends the task."""
        status = {"subject_request_id": request_id(str(caller.task_id)), "request_status": "completed"}
        caller.peer.status = (200, status)
        body = caller.body()
        async with caller.house.working():
            await caller.post(body, caller.headers(body))
            task = await eventually(caller.when_over)

        assert (task.outcome, task.closed_by) == ("completed", "answer")

    async def test_counts_once(self, caller: Caller) -> None:
        """The same bytes again are thanked and change nothing, also when all is over."""
        body = caller.body()
        await caller.post(body, caller.headers(body))
        again = await caller.post(body, caller.headers(body))
        events = await caller.house.sql("SELECT 1 FROM callback_event")

        assert (again.status_code, again.json(), len(events)) == (202, {"status": "repeated"}, 1)

    async def test_under_the_former_name_of_the_headers_is_read(self, caller: Caller) -> None:
        """Specification 10.1."""
        body = caller.body()

        assert (await caller.post(body, caller.headers(body, "opengdpr"))).status_code == 202

    async def test_as_mparticle_really_sends_it_is_read(self, caller: Caller) -> None:
        """Nulls for what is not there, and no address of its own."""
        body = caller.body(status_callback_url=None)[:-1] + b', "results_url": null, "extensions": null}'

        assert (await caller.post(body, caller.headers(body))).status_code == 202

    @pytest.mark.parametrize("fault", ["unsigned", "changed", "thief", "another domain", "junk"])
    async def test_that_is_not_proved_is_refused(self, caller: Caller, tmp_path: Path, fault: str) -> None:
        """403 whatever is wrong, and the task stays as it was."""
        body = caller.body()
        before = (await caller.task()).next_at
        thief, _ = signer_of(tmp_path / "thief")
        headers = {
            "unsigned": {},
            "changed": caller.headers(body + b" "),
            "thief": caller.headers(body, signature=thief.sign(body)),
            "another domain": caller.headers(body) | {"x-opendsr-processor-domain": "other.example"},
            "junk": caller.headers(body, signature="%%%"),
        }[fault]
        answer = await caller.post(body, headers)

        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/callback-refused")
        assert (await caller.task()).next_at == before

    async def test_of_a_stranger_makes_us_call_nobody(self, caller: Caller) -> None:
        """Another domain's name is refused before anything is fetched."""
        body = caller.body()
        await caller.post(body, caller.headers(body) | {"x-opendsr-processor-domain": "other.example"})

        assert caller.peer.calls == []

    async def test_whose_certificate_cannot_be_had_may_come_again(self, caller: Caller) -> None:
        """503: it may well be true, and nobody can tell just now."""
        caller.peer.discovery = {"processor_certificate": f"{caller.peer.url}/results"}
        body = caller.body()
        answer = await caller.post(body, caller.headers(body))

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/signer-not-reached")

    @pytest.mark.parametrize(
        "changed",
        [
            {"subject_request_id": "0198c0de-0000-4000-8000-000000000000"},
            {"status_callback_url": "https://elsewhere.example/v1/callbacks/x/opendsr"},
            {"request_status": "done"},
            {"request_status": ["completed"]},
        ],
    )
    async def test_about_something_else_is_refused(self, caller: Caller, changed: dict[str, Any]) -> None:
        """Signed, and yet not about this task at this address: 422."""
        body = caller.body(**changed)
        answer = await caller.post(body, caller.headers(body))

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/answer-not-understood")

    async def test_after_the_end_is_told_that_it_is_over(self, caller: Caller) -> None:
        """410 for anything new; the statutory end counts as one."""
        async with caller.house.tx(CONTROLLER) as tx:
            await clock.move(tx.session, to=tx.now + timedelta(days=31 * 3 + 7))
        body = caller.body()

        assert (await caller.post(body, caller.headers(body))).status_code == 410

    async def test_to_a_processor_of_another_kind_is_unknown(self, house: House, caller: Caller) -> None:
        """404: a webhook's address is not spoken to in OpenDSR."""
        async with counting() as server:
            processor = await register(house, server)
            (task_id,) = await put_on_lane(house, processor, 1)
        token = tasks.callback_token(house.ctx, CONTROLLER, task_id)
        url = caller.url.rsplit("/", 2)[0] + f"/{token}/opendsr"
        body = caller.body()

        assert (await caller.post(body, caller.headers(body), url)).status_code == 404

    @pytest.mark.parametrize("how", ["removed", "unconnected"])
    async def test_of_a_processor_that_has_left_is_unknown(self, house: House, caller: Caller, how: str) -> None:
        """404 before any certificate is fetched (GDPR Art. 28(3)(a)): nobody looks there any more."""
        await leave(caller, how)
        body, before = caller.body(), await caller.task()
        answer = await caller.post(body, caller.headers(body))
        after = await caller.task()

        assert (answer.status_code, caller.peer.calls) == (404, [])
        assert (after.state, after.next_at) == (before.state, before.next_at)

    @pytest.mark.parametrize("how", ["removed", "unconnected"])
    async def test_of_one_that_left_while_it_was_checked_is_unknown(
        self, house: House, caller: Caller, how: str
    ) -> None:
        """It was proved whose it is, and meanwhile somebody had taken it out: nothing of it is written."""
        await leave(caller, how)
        async with house.tx(CONTROLLER) as tx:
            with pytest.raises(UnknownCallback):
                await opendsr_callbacks.receive(
                    tx, house.ctx, caller.task_id, Reported(event_id="e1", status="completed")
                )


async def leave(caller: Caller, how: str) -> None:
    async with caller.house.tx(CONTROLLER) as tx:
        task = await cases.task(tx, caller.task_id)
        assert task is not None
        held = await registration.hold(tx, task.processor_id)
        if how == "removed":
            await registration.remove(tx, held)
        else:
            await registration.change(tx, caller.house.ctx, held, {"state": how})
