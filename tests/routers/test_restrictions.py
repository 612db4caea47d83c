"""Restrictions, recipients and forwardings over HTTP: shapes, refusals, and what nobody may learn."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from app.models import RestrictionIdentifierRow, RestrictionRow
from app.services.context import Context
from tests.routers.conftest import AGENT, ANNA_BEARER, INTEGRATOR, File

LOOKUP = "/v1/restrictions/lookup"
NOTICE = {
    "ground_ended": "accuracy_verified",
    "outcome": "The address matches the register.",
    "lifting_on": "2099-01-01",
    "then": "The address is used for invoices again.",
}


def named(value: str, **more: str) -> dict[str, object]:
    return {"identifiers": [{"type": "email", "value": value}], **more}


@pytest.fixture
async def restriction(ctx: Context, file: File) -> str:
    """A restriction of somebody whose request is there."""
    filed = await file("access")
    row = RestrictionRow(
        id=uuid4(),
        controller_id="westra",
        request_id=UUID(filed["id"]),
        claim_id=UUID(filed["claims"][0]["id"]),
        reference=filed["reference"],
        ground="accuracy_contested",
        categories=["contact"],
        since=datetime.now(UTC),
    )
    blind = ctx.vault.blind_index(controller="westra", type="email", normalised="anna@example.org")
    async with ctx.database.transaction(["westra"]) as tx:
        tx.session.add(row)
        await tx.session.flush()
        tx.session.add(RestrictionIdentifierRow(restriction_id=row.id, blind=blind, controller_id="westra"))
        return str(row.id)


class TestLookup:
    async def test_says_what_may_still_be_done(self, client: httpx.AsyncClient, restriction: str) -> None:
        """
        R18-2: restricted, since when, why, which categories, and the only uses permitted; however it is spelt.
        """
        answer = await client.post(LOOKUP, json=named(" Anna@Example.org "), headers=INTEGRATOR.headers())
        (found,) = answer.json()["restrictions"]

        assert (answer.status_code, answer.json()["restricted"]) == (200, True)
        assert (found["id"], found["ground"], found["categories"]) == (restriction, "accuracy_contested", ["contact"])
        assert found["permitted_uses"] == ["storage", "consent", "legal_claims", "protect_others", "public_interest"]

    @pytest.mark.parametrize("value", ["bo@example.org", "anna@example.org.example.org"])
    async def test_answers_alike_for_whoever_is_not_restricted(
        self, client: httpx.AsyncClient, restriction: str, value: str
    ) -> None:
        """
        A customer without a restriction and a stranger look the same.
        """
        answer = await client.post(LOOKUP, json=named(value, controller="westra"), headers=INTEGRATOR.headers())

        assert answer.json() == {"restricted": False, "restrictions": []}

    async def test_enters_no_other_controller(self, client: httpx.AsyncClient, restriction: str) -> None:
        """
        Nobody looks up another controller's customers.
        """
        body = named("anna@example.org", controller="westila")

        assert (await client.post(LOOKUP, json=body, headers=INTEGRATOR.headers())).status_code == 403


class TestLift:
    async def test_is_refused_before_its_notice(self, client: httpx.AsyncClient, restriction: str) -> None:
        """
        R18-3: in plain words, and in Swedish where that is asked for.
        """
        path = f"/v1/restrictions/{restriction}/lift"
        answer = await client.post(path, headers=AGENT.headers(**{"Accept-Language": "sv"}))

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/notice-not-out")
        assert "artikel 18.3" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"lifting_on": "2020-01-01"}, "/problems/lifting-too-soon"),
            ({"ground_ended": "objection_refused"}, "/problems/ending-does-not-fit"),
            ({"then": "kort"}, None),
            ({"lifting_on": "soon"}, None),
        ],
    )
    async def test_is_announced_as_the_law_wants_it(
        self, client: httpx.AsyncClient, restriction: str, changed: dict[str, str], problem: str | None
    ) -> None:
        """
        R18-3: a later day, an ending that fits, and what is processed then.
        """
        path = f"/v1/restrictions/{restriction}/lift-notice"
        answer = await client.post(path, json=NOTICE | changed, headers=AGENT.headers())

        assert answer.status_code == 422
        assert problem in (None, answer.json()["type"])

    async def test_is_told_in_a_letter_the_person_can_read(
        self, client: httpx.AsyncClient, restriction: str, file: File
    ) -> None:
        """
        R18-3: by its kind and what it is about; the list of restrictions says where it stands.
        """
        answer = await client.post(f"/v1/restrictions/{restriction}/lift-notice", json=NOTICE, headers=AGENT.headers())
        own = f"/v1/self-service/requests/{answer.json()['request_id']}/letters"
        listed = (await client.get(own, headers=ANNA_BEARER.headers())).json()["items"]
        (about,) = [one["about"] for one in listed if one["kind"] == "restriction_lifting"]
        page = await client.get(f"{own}/restriction_lifting", params={"about": about}, headers=ANNA_BEARER.headers())
        (live,) = (await client.get("/v1/restrictions", headers=AGENT.headers())).json()["items"]

        assert (answer.status_code, about) == (200, restriction)
        assert "The address matches the register." in page.text
        assert (live["state"], live["lifting_on"]) == ("lift_announced", "2099-01-01")


class TestUse:
    async def test_is_a_code_and_one_the_law_permits(self, client: httpx.AsyncClient, restriction: str) -> None:
        """
        R18-2: protecting others yes, marketing no, and no free text about anybody.
        """
        path = f"/v1/restrictions/{restriction}/uses"
        said = [
            {"use": "protect_others", "reason": "alarm_response"},
            {"use": "marketing", "reason": "campaign"},
            {"use": "protect_others", "reason": "Anna Lindqvist called"},
        ]
        answers = [await client.post(path, json=one, headers=INTEGRATOR.headers()) for one in said]

        assert [answer.status_code for answer in answers] == [200, 422, 422]


class TestLookupOfWhatIsShared:
    @pytest.mark.parametrize("path", [LOOKUP, "/v1/suppressions/lookup"])
    @pytest.mark.parametrize("type_", ["installation_id", "address", "name"])
    async def test_r18_2_is_refused_and_never_answered_with_no(self, client, path, type_):
        """
        R18-2: an installation is several people's, so nothing lies under it; "not restricted" would let data be used.
        """
        body = {"controller": "westra", "identifiers": [{"type": type_, "value": "INST-4711"}]}
        answer = await client.post(path, json=body, headers=INTEGRATOR.headers())

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/nothing-to-look-up"
