"""The preview and what is changed about it, over HTTP."""

from typing import Any, get_type_hints

import httpx
import pytest

from app.letters.facts import LeftOut
from app.schemas.packages import LeftOutOut
from tests.routers.conftest import AGENT, APPROVER, DPO, Advance, File
from tests.routers.test_release import PATH

RECORDS = [
    {"category": "contact", "rows": [{"name": "Anna", "text": "Hej", "author": "Kundtjänst 4"}]},
    {"category": "photo_video", "rows": [{"image_id": "B1", "camera": "Altan"}]},
    {"category": "credentials", "rows": [{"password": "zq-canary"}]},
]


@pytest.fixture
async def package(client: httpx.AsyncClient, file: File, advance: Advance, registered: None) -> str:
    """The path of a package that waits to be let out; an agent decided, and the alarm centre gave rows."""
    made = await file("access")
    id = str(made["id"])
    await answered(client, advance, id)
    seen = await client.get(f"{PATH}/{id}", headers=AGENT.headers())
    decided = await client.post(
        f"{PATH}/{id}/claims/{made['claims'][0]['id']}/decision",
        json={"outcome": "granted"},
        headers=AGENT.headers(**{"If-Match": seen.headers["etag"]}),
    )
    assert decided.status_code == 200
    await answered(client, advance, id)
    return f"{PATH}/{id}/package"


async def answered(client: httpx.AsyncClient, advance: Advance, id: str) -> None:
    while await advance(id):
        for task in (await client.get("/v1/tasks", headers=AGENT.headers())).json()["items"]:
            gives = task["action"] == "export" and task["processor"]["key"] == "alarm-centre"
            done = {"outcome": "completed", "message": "Done."} | ({"records": RECORDS} if gives else {})
            answer = await client.post(f"/v1/tasks/{task['id']}/outcome", json=done, headers=AGENT.headers())
            assert answer.status_code == 200, answer.text


def row_of(seen: dict[str, Any], category: str) -> dict[str, Any]:
    (found,) = [
        {"processor": part["processor"], "category": one["category"], "row": one["rows"][0]["row"]}
        for part in seen["processors"]
        for one in part["categories"]
        if one["category"] == category and one["rows"]
    ]
    return found


class TestPreview:
    async def test_shows_rows_masks_and_what_stays(self, client: httpx.AsyncClient, package: str) -> None:
        """
        What the person will see, each mask with its reason; its ETag is the version that changes refer to.
        """
        answer = await client.get(f"{package}/redactions", headers=AGENT.headers())
        seen = answer.json()
        state = (await client.get(package, headers=AGENT.headers())).json()

        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert (seen["sha256"], seen["to_review"]) == (state["sha256"], state["to_review"]) == (state["sha256"], 1)
        assert "zq-canary" not in answer.text
        assert {one["reason_code"] for one in seen["left_out"]} == {"employee_name", "needs_masking", "secret"}


class TestRedactions:
    async def test_make_the_next_version_which_is_seen_before_it_goes(
        self, client: httpx.AsyncClient, package: str
    ) -> None:
        """
        Hide a row, look again, let go: three calls, two people.
        """
        seen = (await client.get(f"{package}/redactions", headers=AGENT.headers())).json()
        hide = row_of(seen, "contact") | {"action": "hide", "reason": "others_freedoms"}
        made = await client.put(
            f"{package}/redactions",
            json={"redactions": [hide]},
            headers=AGENT.headers(**{"If-Match": '"1"'}),
        )
        again = (await client.get(f"{package}/redactions", headers=APPROVER.headers())).json()
        gone = await client.post(f"{package}/release", json={"sha256": again["sha256"]}, headers=APPROVER.headers())

        assert (made.status_code, made.headers["etag"], made.json()["version"]) == (200, '"2"', 2)
        assert again["redactions"][0]["reason"] == "others_freedoms"
        assert (gone.status_code, gone.json()["state"]) == (200, "released")

    @pytest.mark.parametrize(
        ("category", "said", "type_"),
        [
            ("credentials", {"action": "show", "reason": "reviewed"}, "not-reviewable"),
            ("contact", {"action": "hide", "reason": "reviewed"}, "redaction-reason-not-allowed"),
            ("photo_video", {"action": "show", "reason": "masked_externally", "note": ""}, "note-needed"),
            ("photo_video", {"action": "replace", "reason": "masked_externally"}, "text-needed"),
            ("contact", {"action": "hide", "reason": "secrecy", "row": "0" * 24}, "unknown-row"),
        ],
    )
    async def test_refuse_what_the_rules_leave_to_nobody(
        self, client: httpx.AsyncClient, package: str, category: str, said: dict[str, Any], type_: str
    ) -> None:
        """
        Each refusal by its name, and the package stays as it was.
        """
        seen = (await client.get(f"{package}/redactions", headers=AGENT.headers())).json()
        change = row_of(seen, category) | {"note": "Granskat mot originalet."} | said
        answer = await client.put(
            f"{package}/redactions",
            json={"redactions": [change]},
            headers=AGENT.headers(**{"If-Match": '"1"'}),
        )

        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{type_}")
        assert (await client.get(package, headers=AGENT.headers())).json()["version"] == 1

    @pytest.mark.parametrize(("etag", "status"), [(None, 428), ('"7"', 412)])
    async def test_hold_for_the_version_that_was_read(
        self, client: httpx.AsyncClient, package: str, etag: str | None, status: int
    ) -> None:
        """
        If-Match, as for every decision.
        """
        headers = DPO.headers(**({"If-Match": etag} if etag else {}))
        answer = await client.put(f"{package}/redactions", json={"redactions": []}, headers=headers)

        assert answer.status_code == status


class TestWhatIsLeftOut:
    def test_is_shown_in_every_word_the_letters_know(self) -> None:
        """
        R15-9: a category that was passed on to its controller is left out too, and the preview must not fail on it.
        """
        assert get_type_hints(LeftOutOut)["what"] == get_type_hints(LeftOut)["what"]
