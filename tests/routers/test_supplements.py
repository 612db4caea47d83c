"""What a controller has settled beside its policy, over HTTP."""

import httpx
import pytest

from tests.routers.conftest import ADMIN, DPO

PATH = "/v1/controllers/westra/supplements"
TRANSFERS = {"path": "transfers", "sv": "Till Norge.", "en": "To Norway."}


class TestSupplements:
    async def test_are_settled_one_path_at_a_time_and_read_back(
        self, client: httpx.AsyncClient, registered: None
    ) -> None:
        """
        Only the named paths change; who said it and when is told.
        """
        before = await client.get(PATH, headers=ADMIN.headers())
        match = {"If-Match": before.headers["etag"]}
        answer = await client.put(PATH, json={"supplements": [TRANSFERS]}, headers=DPO.headers(**match))
        items = {one["path"]: one for one in answer.json()["items"]}

        assert (answer.status_code, answer.json()["version"]) == (200, before.json()["version"] + 1)
        assert {one["path"] for one in before.json()["items"]} == set(items)
        assert items["transfers"]["sv"] == "Till Norge."
        assert items["transfers"]["settled_by"] != items["recipient_list"]["settled_by"]

    async def test_without_texts_are_taken_back(self, client: httpx.AsyncClient, registered: None) -> None:
        """
        What is no longer so is said no longer.
        """
        match = {"If-Match": (await client.get(PATH, headers=ADMIN.headers())).headers["etag"]}
        answer = await client.put(PATH, json={"supplements": [{"path": "transfers"}]}, headers=ADMIN.headers(**match))

        assert "transfers" not in {one["path"] for one in answer.json()["items"]}

    @pytest.mark.parametrize(
        ("said", "type_"),
        [
            (TRANSFERS | {"sv": "https://example.com/policy"}, "only-a-link"),
            (TRANSFERS | {"path": "categories.unheard_of.retention"}, "unknown-path"),
            (TRANSFERS | {"codes": ["contract"]}, "code-not-allowed"),
            ({"path": "transfers", "sv": "Till Norge."}, "both-languages-needed"),
        ],
    )
    async def test_are_refused_where_they_stand(
        self, client: httpx.AsyncClient, registered: None, said: dict[str, object], type_: str
    ) -> None:
        """
        F02 and the like: named at the item, and nothing is kept.
        """
        match = {"If-Match": (await client.get(PATH, headers=ADMIN.headers())).headers["etag"]}
        answer = await client.put(PATH, json={"supplements": [TRANSFERS, said]}, headers=ADMIN.headers(**match))

        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{type_}")
        assert answer.json()["errors"][0]["pointer"] == "#/supplements/1"
        assert (await client.get(PATH, headers=ADMIN.headers())).headers["etag"] == match["If-Match"]

    async def test_hold_for_the_version_that_was_read(self, client: httpx.AsyncClient, registered: None) -> None:
        """
        Two people settle at once: the second reads again.
        """
        answer = await client.put(PATH, json={"supplements": [TRANSFERS]}, headers=ADMIN.headers(**{"If-Match": '"0"'}))

        assert (answer.status_code, answer.json()["type"]) == (412, "/problems/supplements-moved")
