import asyncio
import json
import time
from uuid import uuid4

import httpx
import pytest

from sandbox import faults
from sandbox.faults import CallbackFault, Delay, Plain, Status
from sandbox.processors import running
from sandbox.services import SERVICES
from sandbox.services._service import Pace

from .outside import OTHER_SECRET, SECRET, Outside, signed, until

ALL = [service.name for service in SERVICES]


@pytest.mark.parametrize("service", ALL)
class TestProcessor:
    async def test_believes_only_its_own_callers(self, outside, service):
        """
        Standard Webhooks: a task signed with another key is refused and has no effect.
        """
        response = await outside.ask(service, "erase", secret=OTHER_SECRET)

        assert response.status_code == 401
        assert outside.effects(service) == []

    async def test_refuses_a_stale_message(self, outside, service):
        """
        A recorded message is worth nothing after five minutes.
        """
        body = b"{}"
        old = signed(SECRET, "id", body) | {"webhook-timestamp": str(int(time.time()) - 301)}
        response = await outside.client.post(f"{outside.urls[service]}/sensor-alarm", content=body, headers=old)

        assert response.status_code == 401

    async def test_refuses_what_is_no_task(self, outside, service):
        """
        Rightly signed and still not understood: said so, nothing done.
        """
        response = await outside.ask(service, "explode")

        assert response.status_code == 400
        assert outside.effects(service) == []

    async def test_refuses_a_task_for_another_controller(self, outside, service):
        """
        The address and the body must speak of the same controller.
        """
        body = json.dumps(
            {
                "type": "task.requested",
                "timestamp": "2026-11-22T09:00:00Z",
                "data": {"task_id": "t", "controller": "westra", "action": "locate"},
            }
        ).encode()
        headers = signed(SECRET, "t", body) | {"Idempotency-Key": "t"}
        response = await outside.client.post(f"{outside.urls[service]}/sensor-alarm", content=body, headers=headers)

        assert response.status_code == 400

    async def test_does_a_task_once_or_knows_that_it_does_not(self, outside, service):
        """
        Same Idempotency-Key twice: one effect where the service is idempotent, two where it is not.
        """
        task = str(uuid4())
        first = await outside.ask(service, "export", task=task)
        second = await outside.ask(service, "export", task=task)
        idempotent = next(each.idempotency for each in SERVICES if each.name == service) == "yes"

        assert len(outside.effects(service, task)) == (1 if idempotent else 2)
        assert first.status_code == second.status_code
        if idempotent:
            assert first.json() == second.json()

    async def test_does_many_tasks_once_each(self, outside, service):
        """
        Calls at the same time do not lose or double an effect.
        """
        tasks = [str(uuid4()) for _ in range(20)]
        await asyncio.gather(*(outside.ask(service, "freeze", task=task) for task in tasks))

        assert sorted(effect["idempotency_key"] for effect in outside.effects(service)) == sorted(tasks)


class TestIdempotentProcessor:
    async def test_has_one_effect_when_the_same_task_comes_many_times_at_once(self, outside):
        """
        A race between two deliveries is no second effect.
        """
        task = str(uuid4())
        answers = await asyncio.gather(*(outside.ask("billing", "erase", task=task) for _ in range(10)))

        assert len(outside.effects("billing", task)) == 1
        assert len({answer.text for answer in answers}) == 1


class TestPolling:
    async def test_leads_to_the_outcome(self, outside):
        """
        202 with Location and Retry-After; there 202 until it is ready, 200 from then on.
        """
        task = str(uuid4())
        response = await outside.ask("crm", "export", task=task)
        at_first = await outside.look(response.headers["location"], task)

        async def ready() -> bool:
            return (await outside.look(response.headers["location"], task)).status_code == 200

        await until(ready)
        answer = await outside.look(response.headers["location"], task)

        assert (response.status_code, response.headers["retry-after"]) == (202, "1")
        assert (at_first.status_code, at_first.headers["retry-after"]) == (202, "1")
        assert answer.json()["outcome"] == "completed"

    async def test_stays_on_the_same_origin(self, outside):
        """
        The status resource stands below the endpoint that was called.
        """
        task = str(uuid4())
        response = await outside.ask("crm", "locate", task=task)

        assert response.headers["location"] == f"{outside.urls['crm']}/sensor-alarm/{task}"

    async def test_says_when_a_task_never_came(self, outside):
        """
        404 means: it was not done, sending it is safe.
        """
        response = await outside.look(f"{outside.urls['crm']}/sensor-alarm/never", "never")

        assert response.status_code == 404

    async def test_needs_a_signature_too(self, outside):
        """
        An outcome may hold personal data; only the one who ordered it reads it.
        """
        response = await outside.client.get(f"{outside.urls['crm']}/sensor-alarm/never")

        assert response.status_code == 401

    @pytest.mark.parametrize("service", ["guard-company", "billing", "telephony"])
    async def test_is_not_everywhere(self, outside, service):
        """
        A service that cannot be asked about a task has no such resource.
        """
        response = await outside.look(f"{outside.urls[service]}/sensor-alarm/task", "task")

        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/plain")


class TestCallback:
    async def test_brings_the_outcome_rightly_signed(self, outside, ear):
        """
        202 at once, then one event with the outcome, signed with the secret of this connection.
        """
        task = str(uuid4())
        response = await outside.ask("guard-company", "locate", task=task, callback_url=ear.url)
        await ear.wait_for(lambda: bool(ear.heard))
        ((event, message),) = ear.heard

        assert response.status_code == 202
        assert event == f"evt_{task}"
        assert message["type"] == "task.outcome"
        assert message["data"]["task_id"] == task
        assert message["data"]["outcome"] == "completed"

    async def test_is_repeated_until_it_is_taken(self, outside, ear):
        """
        An event that was not taken comes again under the same id.
        """
        ear.answers = [503, 500]
        await outside.ask("guard-company", "locate", callback_url=ear.url)
        await ear.wait_for(lambda: bool(ear.heard))

        assert len(ear.heard) == 1

    async def test_ends_when_the_task_is_over(self, outside, ear):
        """
        410: nobody waits for this answer any more.
        """
        ear.answers = [410]
        await outside.ask("guard-company", "locate", callback_url=ear.url)

        async def settled() -> bool:
            rows = outside.store.read("SELECT status FROM deliveries")
            return [row["status"] for row in rows] == [410]

        await until(settled)

        assert ear.heard == []

    async def test_survives_the_end_of_the_server(self, store, client, ear):
        """
        What was owed when the server stopped is sent by the next one.
        """
        async with running(store, pace=Pace(callback_after=0.3)) as urls:
            await Outside(store, urls, client).ask("guard-company", "locate", callback_url=ear.url)
            unsaid = list(ear.heard)
        async with running(store):
            await ear.wait_for(lambda: bool(ear.heard))

        assert unsaid == []
        assert len(ear.heard) == 1

    async def test_is_sent_again_to_whoever_asks_again(self, outside, ear):
        """
        A task that comes twice is done once and told twice, under the same event id.
        """
        task = str(uuid4())
        await outside.ask("guard-company", "erase", task=task, callback_url=ear.url)
        await ear.wait_for(lambda: len(ear.heard) == 1)

        async def settled() -> bool:
            return outside.store.read("SELECT status FROM deliveries")[0]["status"] == 202

        await until(settled)
        await outside.ask("guard-company", "erase", task=task, callback_url=ear.url)
        await ear.wait_for(lambda: len(ear.heard) == 2)

        assert ear.heard[0][0] == ear.heard[1][0]
        assert len(outside.effects("guard-company", task)) == 1


class TestFault:
    async def test_delay_answers_late_but_right(self, outside):
        """
        The work is done and the answer comes, only later.
        """
        faults.add(outside.store, "billing", [Delay(fault="delay", seconds=0.25)])
        began = time.monotonic()
        response = await outside.ask("billing", "locate")

        assert time.monotonic() - began >= 0.25
        assert response.json()["outcome"] == "completed"

    @pytest.mark.parametrize(("status", "after"), [(500, None), (503, None), (429, 2)])
    async def test_status_does_nothing_and_says_so(self, outside, status, after):
        """
        A refused call has no effect; the same call afterwards has one.
        """
        faults.add(outside.store, "billing", [Status(fault="status", status=status, retry_after=after)])
        task = str(uuid4())
        refused = await outside.ask("billing", "locate", task=task)
        taken = await outside.ask("billing", "locate", task=task)

        assert (refused.status_code, taken.status_code) == (status, 200)
        assert refused.headers.get("retry-after") == (str(after) if after else None)
        assert len(outside.effects("billing")) == 1

    async def test_malformed_does_the_work_and_spoils_the_answer(self, outside):
        """
        The nasty kind: done, but nobody can read it.
        """
        faults.add(outside.store, "billing", [Plain(fault="malformed")])
        response = await outside.ask("billing", "locate")

        assert response.status_code == 200
        with pytest.raises(ValueError, match="Unterminated"):
            response.json()
        assert len(outside.effects("billing")) == 1

    @pytest.mark.parametrize("service", ALL)
    async def test_drop_after_processing_has_the_effect_and_cuts_the_line(self, outside, service):
        """
        The caller cannot know whether it was done. It was.
        """
        faults.add(outside.store, service, [Plain(fault="drop_after_processing")])
        with pytest.raises(httpx.TransportError):
            await outside.ask(service, "freeze")

        assert len(outside.effects(service)) == 1

    async def test_drop_after_processing_can_be_asked_about_where_the_service_tells(self, outside):
        """
        Idempotency 'query': the outcome is there for whoever asks instead of sending again.
        """
        faults.add(outside.store, "crm", [Plain(fault="drop_after_processing")])
        task = str(uuid4())
        with pytest.raises(httpx.TransportError):
            await outside.ask("crm", "freeze", task=task)
        response = await outside.look(f"{outside.urls['crm']}/sensor-alarm/{task}", task)

        assert response.status_code in (200, 202)

    async def test_duplicate_callback_says_the_same_twice(self, outside, ear):
        """
        Same event id, same outcome, two deliveries.
        """
        faults.add(outside.store, "guard-company", [CallbackFault(fault="duplicate_callback")])
        await outside.ask("guard-company", "locate", callback_url=ear.url)
        await ear.wait_for(lambda: len(ear.heard) == 2)

        assert ear.heard[0] == ear.heard[1]

    async def test_reorder_callbacks_says_accepted_after_the_end(self, outside, ear):
        """
        The earlier news arrives later.
        """
        faults.add(outside.store, "guard-company", [CallbackFault(fault="reorder_callbacks")])
        await outside.ask("guard-company", "locate", callback_url=ear.url)
        await ear.wait_for(lambda: len(ear.heard) == 2)

        assert [message["data"]["outcome"] for _, message in ear.heard] == ["completed", "accepted"]
        assert ear.heard[0][0] != ear.heard[1][0]

    async def test_wrong_signature_callback_comes_before_the_real_one(self, outside, ear):
        """
        A forged event is sent once and refused; the real one is believed.
        """
        faults.add(outside.store, "guard-company", [CallbackFault(fault="wrong_signature_callback")])
        await outside.ask("guard-company", "locate", callback_url=ear.url)
        await ear.wait_for(lambda: bool(ear.heard))

        assert (ear.refused, len(ear.heard)) == (1, 1)

    async def test_waits_for_the_action_it_is_meant_for(self, outside):
        """
        A filter lets other calls pass; ``times`` counts only calls that fit.
        """
        faults.add(outside.store, "billing", [Status(fault="status", status=500, action="erase", times=2)])
        actions = ["locate", "erase", "locate", "erase", "erase"]
        statuses = [(await outside.ask("billing", action)).status_code for action in actions]

        assert statuses == [200, 500, 200, 500, 200]

    async def test_is_used_up_in_order(self, outside):
        """
        One entry a call, 'ok' included.
        """
        faults.add(
            outside.store, "telephony", [Plain(fault="ok"), Status(fault="status", status=502), Plain(fault="ok")]
        )
        statuses = [(await outside.ask("telephony", "locate")).status_code for _ in range(4)]

        assert statuses == [200, 502, 200, 200]
        assert faults.pending(outside.store, "telephony") == []

    async def test_is_not_used_up_by_a_stranger(self, outside):
        """
        Only calls that are believed take from the script.
        """
        faults.add(outside.store, "billing", [Status(fault="status", status=500)])
        await outside.ask("billing", "locate", secret=OTHER_SECRET)

        assert len(faults.pending(outside.store, "billing")) == 1


class TestServers:
    async def test_stand_on_the_ports_asked_for(self, store):
        """
        A taken port is an error at the start, not a silent other port.
        """
        async with running(store) as urls:
            taken = int(urls["guard-company"].rsplit(":", 1)[1])
            with pytest.raises(OSError, match="in use"):
                async with running(store, base_port=taken):
                    pytest.fail("two servers on one port")

    async def test_are_alive(self, outside):
        """
        Each answers on its own port.
        """
        answers = [await outside.client.get(f"{url}/livez") for url in outside.urls.values()]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
        assert len(set(outside.urls.values())) == 4
