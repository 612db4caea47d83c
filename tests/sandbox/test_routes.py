from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from sandbox.faults import Plain, add
from sandbox.issuer import Issuer
from sandbox.people import BY_ID
from sandbox.routes import Hooks, router


class Clockwork:
    """Insyn's side of the sandbox: a clock that moves, letters, and what was asked of it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self.did: list[str] = []

    async def now(self) -> datetime:
        return self.at

    async def advance(self, step: timedelta) -> None:
        self.at += step
        self.did.append("advance")

    async def set(self, instant: datetime) -> None:
        self.at = instant
        self.did.append("set")

    async def run_due(self) -> None:
        self.did.append("run")

    async def outbox(self) -> list[dict[str, str]]:
        return [{"letter": "receipt"}]

    async def reset(self) -> None:
        self.did.append("reset")

    @property
    def hooks(self) -> Hooks:
        return Hooks(
            now=self.now,
            advance_clock=self.advance,
            set_clock=self.set,
            run_due=self.run_due,
            outbox=self.outbox,
            reset=self.reset,
        )


@pytest.fixture
def insyn():
    return Clockwork()


@pytest.fixture
async def api(store, insyn):
    app = FastAPI()
    app.include_router(router(store, Issuer(store, "http://insyn"), insyn.hooks))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://insyn") as client:
        yield client


class TestTokens:
    async def test_are_given_for_a_role(self, api):
        """
        One field is enough.
        """
        answer = (await api.post("/sandbox/tokens", json={"role": "agent"})).json()

        assert answer["token_type"] == "Bearer"
        assert answer["expires_in"] == 3600
        assert answer["access_token"].count(".") == 2

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({}, id="no role"),
            pytest.param({"role": "king"}, id="unknown role"),
            pytest.param({"role": "subject", "person": "nobody"}, id="unknown person"),
            pytest.param({"role": "agent", "auth_age_seconds": -1}, id="signed in tomorrow"),
            pytest.param({"role": "agent", "rolle": "x"}, id="unknown field"),
            pytest.param({"role": "agent", "controllers": ["Not a slug"]}, id="no controller id"),
        ],
    )
    async def test_are_refused_for(self, api, body):
        """
        A malformed wish is a 422, not a strange token.
        """
        assert (await api.post("/sandbox/tokens", json=body)).status_code == 422

    async def test_can_be_checked_from_the_addresses_they_name(self, api):
        """
        Discovery leads to the keys.
        """
        found = (await api.get("/sandbox/.well-known/openid-configuration")).json()
        keys = (await api.get(found["jwks_uri"])).json()

        assert keys["keys"][0]["alg"] == "ES256"


class TestClock:
    @pytest.mark.parametrize(
        ("body", "now"),
        [
            ({"advance": "P31D"}, datetime(2026, 3, 3, 12, tzinfo=UTC)),
            ({"advance": "P1M"}, datetime(2026, 2, 28, 12, tzinfo=UTC)),
            ({"now": "2027-05-01T08:00:00+02:00"}, datetime(2027, 5, 1, 6, tzinfo=UTC)),
        ],
    )
    async def test_moves_and_lets_things_fall_due(self, api, insyn, body, now):
        """
        A month passes in a second; afterwards what was due has been done.
        """
        answer = (await api.post("/sandbox/clock", json=body)).json()

        assert datetime.fromisoformat(answer["now"]) == now
        assert insyn.did[-1] == "run"
        assert (await api.get("/sandbox/clock")).json() == answer

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"advance": "a month"},
            {"advance": "P9999Y"},
            {"now": "2026-01-01T00:00:00"},
            {"advance": "P1D", "now": "2026-01-01T00:00:00Z"},
        ],
    )
    async def test_stands_still_for_anything_else(self, api, insyn, body):
        """
        One of two, well formed, with an offset; otherwise 422 and nothing moves.
        """
        assert (await api.post("/sandbox/clock", json=body)).status_code == 422
        assert insyn.did == []


class TestPeople:
    async def test_are_told_with_their_story_and_who_knows_them(self, api):
        """
        Enough to play each of them.
        """
        people = {each["id"]: each for each in (await api.get("/sandbox/people")).json()["items"]}
        anna = people["anna-lindqvist"]

        assert len(people) == len(BY_ID)
        assert {"type": "personnummer", "value": BY_ID["anna-lindqvist"].personnummer} in anna["identifiers"]
        assert {"controller": "westra", "processors": ["guard-company", "telephony"]} in anna["known_by"]
        assert people["nils-falk"]["known_by"] == []


class TestProcessors:
    async def test_are_listed_with_how_they_answer(self, api, store):
        """
        Where each one stands, what sets it apart, how much it has done.
        """
        store.put_fact("urls", {"crm": "http://127.0.0.1:9"})
        found = {each["name"]: each for each in (await api.get("/sandbox/processors")).json()["items"]}

        assert [(e["answer_mode"], e["idempotency"]) for e in found.values()] == [
            ("callback", "yes"),
            ("sync", "yes"),
            ("poll", "query"),
            ("sync", "no"),
        ]
        assert found["crm"]["url"] == "http://127.0.0.1:9"
        assert "whsec_" not in str(found)

    async def test_take_a_fault_script(self, api):
        """
        What was put in is what is pending, until it is cleared.
        """
        script = [{"fault": "delay", "seconds": 1.5}, {"fault": "status", "status": 429, "retry_after": 2, "times": 3}]
        added = await api.post("/sandbox/processors/billing/faults", json={"script": script})
        pending = (await api.get("/sandbox/processors/billing/faults")).json()["script"]
        cleared = await api.delete("/sandbox/processors/billing/faults")

        assert (added.status_code, cleared.status_code) == (201, 204)
        assert pending == [script[0] | {"times": 1}, script[1]]
        assert (await api.get("/sandbox/processors/billing/faults")).json() == {"script": []}

    @pytest.mark.parametrize(
        "fault",
        [
            {"fault": "earthquake"},
            {"fault": "delay"},
            {"fault": "status", "status": 200},
            {"fault": "ok", "times": 0},
            {"fault": "duplicate_callback"},
        ],
    )
    async def test_refuse_a_script_that_cannot_happen(self, api, fault):
        """
        Billing never calls back; and a fault nobody wrote cannot happen.
        """
        answer = await api.post("/sandbox/processors/billing/faults", json={"script": [fault]})

        assert answer.status_code == 422

    @pytest.mark.parametrize("path", ["ledger", "faults", "data?identifier=x"])
    async def test_are_four(self, api, path):
        """
        A name nobody has is 404.
        """
        assert (await api.get(f"/sandbox/processors/nobody/{path}")).status_code == 404

    async def test_show_their_ledger(self, api, store):
        """
        Every effect with its key.
        """
        store.enter(
            service="crm", controller="westila", action="erase", key="k", person=None, outcome="not_found", detail={},
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        (effect,) = (await api.get("/sandbox/processors/crm/ledger")).json()["items"]

        assert (effect["idempotency_key"], effect["action"]) == ("k", "erase")

    @pytest.mark.parametrize(
        "identifier", ["198504129829", "850412-9829", "070-1740605", "ANNA.LINDQVIST@example.org", "C-10001"]
    )
    async def test_show_what_they_still_hold(self, api, identifier):
        """
        By any identifier, in any writing.
        """
        found = (await api.get("/sandbox/processors/crm/data", params={"identifier": identifier})).json()["items"]

        assert {(each["controller"], each["person"]) for each in found} == {
            (controller, "anna-lindqvist") for controller in ("westila", "sos-alarm", "sensor-alarm")
        }


class TestOutbox:
    async def test_shows_what_insyn_sent(self, api, store):
        """
        Letters are Insyn's and shown as it hands them over; mails are what arrived in the mailbox.
        """
        store.put_mail({"to": ["anna@example.org"]})
        shown = (await api.get("/sandbox/outbox")).json()

        assert shown == {"items": [{"letter": "receipt"}], "mails": [{"to": ["anna@example.org"]}]}


class TestReset:
    async def test_starts_both_worlds_again(self, api, store, insyn):
        """
        Insyn's cases and the processors' files, effects and faults.
        """
        add(store, "crm", [Plain(fault="malformed")])
        answer = await api.post("/sandbox/reset")

        assert answer.status_code == 204
        assert insyn.did == ["reset"]
        assert (await api.get("/sandbox/processors/crm/faults")).json() == {"script": []}
