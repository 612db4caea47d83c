"""Erasure over the API: the proposal, decisions that the law does not carry, what is kept, who is suppressed."""

from typing import Any

import httpx
import pytest

from tests.routers.conftest import ADMIN, AGENT, APPROVER, INTEGRATOR, Advance, File

WHY = "Kunden har stämt bolaget vid Göteborgs tingsrätt."
ENDED = {"contract": "ended"}


def path_of(made: dict[str, Any]) -> str:
    return f"/v1/requests/{made['id']}/claims/{made['claims'][0]['id']}"


async def decide(client: httpx.AsyncClient, made: dict[str, Any], plan: dict[str, Any], **said: Any) -> httpx.Response:
    version = (await client.get(f"/v1/requests/{made['id']}", headers=AGENT.headers())).headers["etag"]
    body = {"outcome": "granted", "plan": {"facts": ENDED} | plan} | said
    return await client.post(f"{path_of(made)}/decision", json=body, headers=AGENT.headers(**{"If-Match": version}))


async def planned(client: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    plan = (await client.get(f"{path_of(made)}/plan", headers=AGENT.headers())).json()
    return {one["id"]: one["planned"] for step in plan["steps"] for one in step["categories"]}


class TestPlan:
    async def test_r17_1_proposes_for_every_category_and_names_the_missing_fact(
        self, client: httpx.AsyncClient, file: File, registered: None
    ) -> None:
        """
        R17-1: what the law makes of each category; before anybody has told of the contract, a question.
        """
        shown = await planned(client, await file("erasure"))

        assert shown["transmitter_log"] == {
            "fate": "undecided", "asks": ["contract"], "decided": False, "by_person": False,
        }  # fmt: skip
        assert (shown["photo_video"]["fate"], shown["photo_video"]["ground"]) == ("erase_now", "not_necessary")
        assert shown["bookkeeping_records"]["law"] == "BFL_7_2"

    async def test_shows_the_second_person_what_was_decided(
        self, client: httpx.AsyncClient, file: File, registered: None
    ) -> None:
        """
        Four eyes see each category, its law and its end before they agree.
        """
        made = await file("erasure")
        dispute = {"category": "contact", "verdict": "keep", "exception": "legal_claims", "hold": "CLAIM_AGAINST",
                   "review_on": "2027-02-01", "reason": WHY}  # fmt: skip
        answer = await decide(client, made, {"categories": [dispute]})
        assert answer.status_code == 200, answer.text
        shown = (await planned(client, made))["contact"]
        (waits,) = (await client.get("/v1/approvals", headers=APPROVER.headers())).json()["items"]

        assert (shown["decided"], shown["by_person"], shown["reason"]) == (True, True, WHY)
        assert (shown["condition"], shown["review_on"]) == ("dispute", "2027-02-01")
        assert (waits["facts"]["kept"], waits["facts"]["contract"]) == (["contact"], "ended")
        assert WHY not in str(waits)


class TestDecision:
    @pytest.mark.parametrize(
        ("entry", "problem"),
        [
            ({"verdict": "erase"}, "erasure-ground-needed"),
            ({"verdict": "keep", "until": "2030-01-01", "reason": WHY}, "exemption-needed"),
            (
                {"verdict": "keep", "exception": "legal_obligation", "hold": "SSF 136:4/5", "until": "2030-01-01"},
                "not-a-law",
            ),
            (
                {"verdict": "keep", "exception": "legal_obligation", "hold": "BFL_7_2", "until": "2030-12-31"},
                "only-bookkeeping",
            ),
            ({"verdict": "keep", "exception": "still_necessary", "reason": WHY}, "until-needed"),
            ({"verdict": "keep", "exception": "legal_obligation", "until": "2030-01-01", "reason": WHY}, "law-needed"),
        ],
    )
    async def test_r17_2_against_the_law_is_refused_with_what_is_wrong(
        self, client: httpx.AsyncClient, file: File, registered: None, entry: dict[str, Any], problem: str
    ) -> None:
        """
        R17-1, R17-2, F28: keep without exemption, hold without law, no end, a norm as law, bookkeeping of a recording.
        """
        answer = await decide(client, await file("erasure"), {"categories": [{"category": "photo_video"} | entry]})

        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
        assert answer.json()["errors"][0]["pointer"] == "#/plan/categories"

    @pytest.mark.parametrize(
        ("facts", "status", "problem"),
        [({}, 422, "category-undecided"), ({"contract": "active"}, 409, "live-alarm-not-erased")],
    )
    async def test_does_not_disarm(
        self, client: httpx.AsyncClient, file: File, registered: None, facts: dict[str, Any], status: int, problem: str
    ) -> None:
        """
        security.md 5.5: not while nobody knows, and not while the contract runs.
        """
        zones = {"category": "transmitter_log", "verdict": "erase", "ground": "not_necessary"}
        plan = {"facts": facts, "categories": [zones] if facts else []}
        answer = await decide(client, await file("erasure"), plan)

        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")

    async def test_of_another_right_has_no_plan_by_category(
        self, client: httpx.AsyncClient, file: File, registered: None
    ) -> None:
        """
        Categories are planned for erasure alone.
        """
        answer = await decide(client, await file("access"), {})

        assert answer.json()["type"] == "/problems/plan-for-erasure-only"


class TestSuppression:
    async def test_f13_is_looked_up_in_the_body_and_found_however_it_is_spelt(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        F13: stopped for every channel as soon as the objection is in.
        """
        made = await file("marketing_objection", identifiers=[{"type": "email", "value": "anna@example.org"}])
        await advance(made["id"])
        body = {"controller": "westra", "identifiers": [{"type": "email", "value": " Anna@Example.org "}]}
        answer = await client.post("/v1/suppressions/lookup", json=body, headers=INTEGRATOR.headers())

        assert answer.json() == {"marketing_stopped": True, "do_not_import": False}
        assert "anna" not in answer.text


class TestLists:
    async def test_of_what_is_kept_and_what_was_erased_are_there(
        self, client: httpx.AsyncClient, registered: None
    ) -> None:
        """
        R17-4: operators ask what must be erased once more after a restore.
        """
        kept = await client.get("/v1/scheduled-erasures?state=waiting", headers=AGENT.headers())
        (processor, *_) = (await client.get("/v1/processors", headers=ADMIN.headers())).json()["items"]
        query = {"processor": processor["id"], "since": "2026-01-01"}
        erased = await client.get("/v1/restorations/pending", params=query, headers=ADMIN.headers())
        nobody = {"processor": "01990000-0000-7000-8000-000000000000"}
        unknown = await client.get("/v1/restorations/pending", params=nobody, headers=ADMIN.headers())

        assert (kept.json()["items"], erased.json()["items"]) == ([], [])
        assert unknown.status_code == 404
