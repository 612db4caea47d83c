"""How a person is known: what the login answers for, what was only written, and who has to compare."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.repositories import cases
from app.services import channels, steps, tasks
from app.services.context import Actor, Context
from app.tokens.principal import Principal
from tests.harness.service import the_app
from tests.routers.conftest import ABUSE, AGENT, ANNA, BO, HANDLER, Advance, Bearer, Believer

OWN, STAFF = "/v1/self-service/requests", "/v1/requests"
REASONS = "The same copy was sent a week ago and nothing has changed since then."
MAIL = {"type": "email", "value": "anna@example.org"}
NUMBER = {"type": "personnummer", "value": ANNA}
NAME = {"type": "name", "value": "Anna Andersson"}


@dataclass(frozen=True)
class Known(Bearer):
    """A customer whose issuer also says how the person is known."""

    role: str = "subject"
    sub: str = "anna"
    identifiers: tuple[tuple[str, str], ...] = ()


#: A session of hers in somebody's hands: weak, and tied to a customer number only.
STOLEN = Known(level="channel", identifiers=(("customer_number", "C-10001"),))


class BelieverInMore(Believer):
    """Believes what is said of identifiers too."""

    async def verify(self, token: str) -> Principal:
        found = await super().verify(token)
        said = json.loads(bytes.fromhex(token)).get("identifiers", [])
        return replace(found, identifiers=tuple((type_, value) for type_, value in said))


@pytest.fixture
def app(ctx: Context) -> FastAPI:
    return the_app(ctx, verifier=BelieverInMore())


async def filed(client: httpx.AsyncClient, bearer: Bearer, *named: dict[str, str], right: str = "access") -> str:
    """File a request in self-service and return its id."""
    body = {"claims": [{"right": right}], "identifiers": list(named)}
    answer = await client.post(OWN, json=body, headers=bearer.headers())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def taken_in(client: httpx.AsyncClient, *typed: dict[str, str]) -> str:
    """Take a call in and return the request's id."""
    said = {"controller": "westra", "channel": "phone", "received_at": "2026-02-03T10:15:00+01:00"}
    body = said | {"claims": [{"right": "access"}], "subject": {"identifiers": list(typed)}}
    answer = await client.post(STAFF, json=body, headers=AGENT.headers())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def known_for_years(ctx: Context, id: str) -> None:
    """The controller has had the address for long."""
    async with ctx.database.transaction(["westra"]) as tx:
        row = await steps.hold(tx, UUID(id))
        since = tx.now.date() - timedelta(days=400)
        await channels.note(tx, ctx, row, type="email", value=MAIL["value"], since=since, source="crm")


async def prove(client: httpx.AsyncClient, id: str, **said: str) -> httpx.Response:
    return await client.post(f"{STAFF}/{id}/identity-proofs", json=said, headers=AGENT.headers())


async def seen_by_staff(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{STAFF}/{id}", headers=AGENT.headers())).json()
    return found


async def decide(client: httpx.AsyncClient, id: str, **said: object) -> httpx.Response:
    seen = await client.get(f"{STAFF}/{id}", headers=AGENT.headers())
    path = f"{STAFF}/{id}/claims/{seen.json()['claims'][0]['id']}/decision"
    return await client.post(path, json=said, headers=AGENT.headers(**{"If-Match": seen.headers["etag"]}))


class TestPerson:
    async def test_is_shown_to_staff_with_what_the_login_answers_for(self, client: httpx.AsyncClient) -> None:
        """
        Staff see which of it is proven and which is only written, in one spelling.
        """
        known = (("email", "Anna@Example.org"), ("phone", "070-174 06 05"), ("customer_number", "C-10001"))
        id = await filed(client, Known(number=ANNA, identifiers=known), NAME)
        shown = (await seen_by_staff(client, id))["subject"]["identifiers"]

        assert [(one["type"], one["vouched"]) for one in shown] == [
            ("personnummer", True), ("email", True), ("phone", True), ("customer_number", True), ("name", False),
        ]  # fmt: skip
        assert [one["value"] for one in shown][:3] == [ANNA, "anna@example.org", "+46701740605"]

    async def test_who_writes_what_the_login_says_is_known_once(self, client: httpx.AsyncClient) -> None:
        """
        Repeated in another spelling it is still the login's word.
        """
        bearer = Known(number=ANNA, identifiers=(("email", "anna@example.org"),))
        id = await filed(client, bearer, MAIL | {"value": "ANNA@example.org"}, NAME, NAME)
        shown = (await seen_by_staff(client, id))["subject"]["identifiers"]

        assert [(one["type"], one["vouched"]) for one in shown] == [
            ("personnummer", True), ("email", True), ("name", False),
        ]  # fmt: skip

    async def test_is_not_refused_for_the_issuers_slip(self, client: httpx.AsyncClient) -> None:
        """
        GDPR Art. 12(2): an address the issuer spells wrongly is left out; the request is taken in.
        """
        bearer = Known(number=ANNA, identifiers=(("phone", "12"), ("email", "nobody")))
        shown = (await seen_by_staff(client, await filed(client, bearer)))["subject"]["identifiers"]

        assert [one["type"] for one in shown] == ["personnummer"]

    async def test_whom_nobody_names_cannot_file(self, client: httpx.AsyncClient) -> None:
        """
        Without anything to find the person by there is nothing to ask a processor.
        """
        answer = await client.post(OWN, json={"claims": [{"right": "access"}]}, headers=Known().headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/identifiers")


class TestAssurance:
    @pytest.mark.parametrize(
        ("bearer", "worth"),
        [
            pytest.param(Known(number=ANNA), "substantial", id="a number"),
            pytest.param(Known(identifiers=(("customer_number", "C-10001"),)), "substantial", id="a customer number"),
            pytest.param(Known(), "none", id="nothing"),
            pytest.param(Known(identifiers=(("phone", "12"),)), "none", id="nothing that can be read"),
        ],
    )
    async def test_is_the_logins_only_if_it_names_somebody(
        self, client: httpx.AsyncClient, bearer: Bearer, worth: str
    ) -> None:
        """
        A login that names nobody proves that somebody logged in, not that the address they wrote is theirs.
        """
        assert (await seen_by_staff(client, await filed(client, bearer, MAIL)))["assurance"] == worth

    async def test_of_none_lets_nobody_decide_yet(self, client: httpx.AsyncClient) -> None:
        """
        Compared or not, it must be known first who asks.
        """
        id = await filed(client, Known(), MAIL)
        answer = await decide(client, id, outcome="granted", identifiers_checked=True)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/identity-not-proven")


class TestDecision:
    async def test_that_says_yes_waits_until_somebody_has_compared(self, client: httpx.AsyncClient) -> None:
        """
        409 and where to say it; said, the same yes counts.
        """
        id = await filed(client, Known(number=ANNA), MAIL)
        refused = await decide(client, id, outcome="granted")
        given = await decide(client, id, outcome="granted", identifiers_checked=True)

        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identifiers-not-checked")
        assert MAIL["value"] not in refused.text
        assert (given.status_code, given.json()["claim"]["state"]) == (200, "decided")

    async def test_that_says_no_waits_for_no_comparison(self, client: httpx.AsyncClient) -> None:
        """
        A no lets nothing out; it waits for the second person only.
        """
        id = await filed(client, Known(number=ANNA), MAIL)
        answer = await decide(client, id, outcome="refused", ground="excessive", reasons=REASONS, record=ABUSE)

        assert (answer.status_code, answer.json()["claim"]["state"]) == (200, "awaiting_approval")

    @pytest.mark.parametrize("named", [[], [MAIL]], ids=["nothing written", "the same written"])
    async def test_on_what_the_login_says_needs_none(
        self, client: httpx.AsyncClient, named: list[dict[str, str]]
    ) -> None:
        """
        What the issuer answers for nobody compares a second time.
        """
        id = await filed(client, Known(number=ANNA, identifiers=(("email", MAIL["value"]),)), *named)

        assert (await decide(client, id, outcome="granted")).status_code == 200

    @pytest.mark.parametrize("typed", [(MAIL, NAME), (NUMBER, MAIL)], ids=["without a number", "with a number"])
    @pytest.mark.parametrize(
        "how",
        [
            pytest.param({"method": "seen_in_person"}, id="seen"),
            pytest.param({"method": "seen_in_person", "personnummer": ANNA}, id="seen, number read"),
            pytest.param({"method": "e_id_in_call", "personnummer": ANNA}, id="e-ID in the call"),
        ],
    )
    async def test_on_what_staff_entered_waits_however_the_caller_is_proved(
        self, client: httpx.AsyncClient, typed: tuple[dict[str, str], ...], how: dict[str, str]
    ) -> None:
        """
        GDPR Art. 12(6), 32: her former partner proves himself and gives her address; only his number is his.
        """
        id = await taken_in(client, *typed)
        proved = await prove(client, id, **how)
        shown = (await seen_by_staff(client, id))["subject"]["identifiers"]
        refused = await decide(client, id, outcome="granted")
        given = await decide(client, id, outcome="granted", identifiers_checked=True)

        assert proved.status_code == 200
        assert {one["type"] for one in shown if one["vouched"]} == (
            {"personnummer"} if "personnummer" in how else set()
        )
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identifiers-not-checked")
        assert given.status_code == 200

    async def test_on_what_every_proof_established_needs_no_comparison(self, client: httpx.AsyncClient) -> None:
        """
        A number that was proved is not doubted because of the next proof.
        """
        id = await taken_in(client, NUMBER)
        for how in ({"method": "e_id_in_call", "personnummer": ANNA}, {"method": "seen_in_person"}):
            assert (await prove(client, id, **how)).status_code == 200

        assert (await decide(client, id, outcome="granted")).status_code == 200


class TestProof:
    @pytest.mark.parametrize("method", ["e_id", "e_id_in_call"])
    async def test_by_e_id_says_whose_whether_somebody_logged_in_or_not(
        self, client: httpx.AsyncClient, method: str
    ) -> None:
        """
        An e-ID that is not tied to a number may be anybody's; a login may have been stolen.
        """
        for id in (
            await taken_in(client, MAIL, NAME),
            await filed(client, STOLEN),
            await filed(client, Known(number=ANNA)),
        ):
            before = await seen_by_staff(client, id)
            refused = await prove(client, id, method=method)

            assert (refused.status_code, refused.json()["type"]) == (422, "/problems/proof-without-number")
            assert (await seen_by_staff(client, id))["assurance"] == before["assurance"]

    @pytest.mark.parametrize(
        "how",
        [
            pytest.param({"method": "e_id_in_call", "personnummer": BO}, id="his e-ID"),
            pytest.param({"method": "seen_in_person"}, id="seen"),
            pytest.param({"method": "letter_to_registered_address"}, id="his letter"),
        ],
    )
    async def test_beside_a_login_that_names_nobody_vouches_for_none_of_it(
        self, client: httpx.AsyncClient, how: dict[str, str]
    ) -> None:
        """
        GDPR Art. 12(6), 32: whoever stole a session with her customer number proves himself; a yes needs a comparison.
        """
        id = await filed(client, STOLEN)
        assert (await prove(client, id, **how)).status_code == 200
        shown = {one["type"]: one["vouched"] for one in (await seen_by_staff(client, id))["subject"]["identifiers"]}
        refused = await decide(client, id, outcome="granted")

        assert shown == {"customer_number": False} | ({"personnummer": True} if "personnummer" in how else {})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identifiers-not-checked")
        assert (await prove(client, id, method="e_id_in_call", personnummer=ANNA)).status_code == (
            409 if "personnummer" in how else 200
        )

    async def test_over_a_channel_names_nobody_and_says_what_it_went_to(self, client: httpx.AsyncClient) -> None:
        """
        GDPR Art. 12(6): a call back proves a telephone; the number that the caller gave is heard, and not proved.
        """
        id = await taken_in(client, MAIL)
        called = {"method": "known_channel_callback"}
        number = await prove(client, id, **called, personnummer=ANNA)
        nothing = await prove(client, id, **called)

        assert (number.status_code, number.json()["type"]) == (422, "/problems/number-by-channel")
        assert (nothing.status_code, nothing.json()["type"]) == (422, "/problems/contact-needed")

    async def test_that_is_stronger_leaves_nothing_vouched_for_that_was_proved_less(
        self, client: httpx.AsyncClient, ctx: Context
    ) -> None:
        """
        GDPR Art. 12(6), 32: called back at an address, then somebody is seen: the address proves an address still.
        """
        id = await taken_in(client, NUMBER, MAIL)
        await known_for_years(ctx, id)
        for how in ({"method": "known_channel_callback", "contact": MAIL}, {"method": "seen_in_person"}):
            answer = await client.post(f"{STAFF}/{id}/identity-proofs", json=how, headers=AGENT.headers())
            assert answer.status_code == 200, answer.text
            shown = await seen_by_staff(client, id)
            vouched = [one["type"] for one in shown["subject"]["identifiers"] if one["vouched"]]
            assert vouched == (["email"] if "contact" in how else [])
        refused = await decide(client, id, outcome="granted")

        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identifiers-not-checked")

    @pytest.mark.parametrize("method", ["e_id_in_call", "seen_in_person", "letter_to_registered_address"])
    async def test_of_somebody_else_counts_for_nothing(self, client: httpx.AsyncClient, method: str) -> None:
        """
        The number a proof names is the request's, whether staff took it down, a login gave it or a proof did before.
        """
        by_staff = await taken_in(client, {"type": "personnummer", "value": ANNA}, MAIL)
        by_login = await filed(client, Known(number=ANNA), MAIL)
        by_proof = await taken_in(client, MAIL)
        assert (await prove(client, by_proof, method="seen_in_person", personnummer=ANNA)).status_code == 200
        for id in (by_staff, by_login, by_proof):
            before = await seen_by_staff(client, id)
            refused = await prove(client, id, method=method, personnummer=BO)
            after = await seen_by_staff(client, id)

            assert (refused.status_code, refused.json()["type"]) == (409, "/problems/proof-of-somebody-else")
            assert BO not in refused.text
            assert (after["assurance"], after["subject"]) == (before["assurance"], before["subject"])
            assert (await prove(client, id, method=method, personnummer=ANNA)).status_code == 200


class TestComparison:
    async def test_that_brings_a_danger_to_light_is_refused_and_hides_the_case_at_once(
        self, client: httpx.AsyncClient, ctx: Context, advance: Advance, registered: None
    ) -> None:
        """GDPR Art. 5(1)(f), 32: the very agent who compared finds the case no more; a trained handler does."""
        id = await filed(client, Known(number=ANNA), MAIL)
        await advance(id)
        async with ctx.database.transaction(["westra"], sees_protected=True) as tx:
            for task in await cases.tasks_of(tx, UUID(id)):
                if task.action == "locate":
                    said = {"outcome": "completed", "message": "Found.", "facts": {"protected": True}}
                    await tasks.resolve(tx, ctx, task.id, said, actor=Actor("agent", "handler-1"))
        assert (await client.get(f"{STAFF}/{id}", headers=AGENT.headers())).status_code == 200
        refused = await decide(client, id, outcome="granted", identifiers_checked=True)
        hidden = await client.get(f"{STAFF}/{id}", headers=AGENT.headers())
        seen = (await client.get(f"{STAFF}/{id}", headers=HANDLER.headers())).json()

        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/danger-reported")
        assert refused.headers["content-type"].startswith("application/problem+json")
        assert hidden.status_code == 404
        assert (seen["protected"], seen["claims"][0]["needs"], seen["claims"][0]["state"]) == (True, "high", "open")
