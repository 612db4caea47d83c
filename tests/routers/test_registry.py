"""The registry of recipients over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.routers.conftest import ADMIN

NEW = {
    "controller": "westra",
    "key": "helpdesk",
    "title": "Helpdesk",
    "kind": "webhook",
    "actions": ["locate", "export"],
    "categories": [],
    "limits": {"rate_per_second": 2.5, "burst": 2, "concurrency": 1},
}
SECRET = "whsec_" + "QUJD" * 8


async def register(client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    answer = await client.post("/v1/processors", json=NEW, headers=ADMIN.headers())
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.json()


class TestProcessor:
    async def test_starts_unconnected(self, client: httpx.AsyncClient) -> None:
        """
        It takes part once it can be called.
        """
        _, made = await register(client)

        assert (made["state"], made["has_secret"], made["version"]) == ("unconnected", False, 1)
        assert made["limits"] == NEW["limits"]

    async def test_key_is_taken_once(self, client: httpx.AsyncClient) -> None:
        """
        409 for the second of the same name.
        """
        await register(client)
        again = await client.post("/v1/processors", json=NEW, headers=ADMIN.headers())

        assert (again.status_code, again.json()["type"]) == (409, "/problems/key-taken")

    async def test_is_connected_by_secret_and_endpoint(self, client: httpx.AsyncClient) -> None:
        """
        Active without them is refused; a secret goes in and never comes out.
        """
        path, _ = await register(client)
        early = await client.patch(path, json={"state": "active"}, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        secret = await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        change = {"state": "active", "endpoint": "https://desk.example.com/", "limits": {"burst": 9}}
        done = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))

        assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "#/state")
        assert secret.status_code == 204
        assert (done.status_code, done.json()["state"], done.json()["has_secret"]) == (200, "active", True)
        assert done.json()["limits"] == {"rate_per_second": 2.5, "burst": 9, "concurrency": 1}
        assert done.headers["etag"] != version
        assert SECRET[6:] not in done.text

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    @pytest.mark.parametrize(("match", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_is_changed_only_as_it_was_read(
        self, client: httpx.AsyncClient, method: str, match: dict[str, str], status: int
    ) -> None:
        """
        Two administrators do not overwrite each other.
        """
        path, made = await register(client)
        body = {"title": "Other"} if method == "PATCH" else None
        answer = await client.request(method, path, json=body, headers=ADMIN.headers(**match))
        after = (await client.get(path, headers=ADMIN.headers())).json()

        assert answer.status_code == status
        assert after == made

    async def test_is_gone_once_removed(self, client: httpx.AsyncClient) -> None:
        """
        It is no longer listed; its past stays on the cases.
        """
        path, _ = await register(client)
        removed = await client.delete(path, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        gone = await client.get(path, headers=ADMIN.headers())

        assert (removed.status_code, gone.status_code) == (204, 404)

    @pytest.mark.parametrize("secret", ["whsec_short", "x" * 60])
    async def test_secret_is_long_and_well_formed(self, client: httpx.AsyncClient, secret: str) -> None:
        """
        422 that names the field and not the secret.
        """
        path, _ = await register(client)
        answer = await client.post(f"{path}/secrets", json={"secret": secret}, headers=ADMIN.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/secret")
        assert secret not in answer.text


class TestSecret:
    async def test_is_shown_by_name_and_date_and_never_itself(self, client: httpx.AsyncClient) -> None:
        """
        When it was set, by whom, how long the one before is good.
        """
        path, _ = await register(client)
        for secret, overlap in ((SECRET, "P0D"), ("whsec_" + "RUZH" * 8, "PT36H")):
            body = {"secret": secret, "overlap": overlap}
            assert (await client.post(f"{path}/secrets", json=body, headers=ADMIN.headers())).status_code == 204
        shown = await client.get(path, headers=ADMIN.headers())
        (said,) = shown.json()["secrets"]

        assert said.keys() == {"name", "set_at", "set_by", "set_by_role", "previous_until"}
        assert (said["name"], said["set_by_role"], shown.json()["secret_names"]) == ("signing", "admin", ["signing"])
        between = datetime.fromisoformat(said["previous_until"]) - datetime.fromisoformat(said["set_at"])
        assert between == timedelta(hours=36)
        assert "QUJD" not in shown.text
        assert "RUZH" not in shown.text

    @pytest.mark.parametrize("overlap", ["", "7", "P91D", "P1M", "P1DT1H", "-P1D", "PT1000H", "P7D\n", 7])
    async def test_is_replaced_with_an_overlap_nobody_misreads(self, client: httpx.AsyncClient, overlap: Any) -> None:
        """
        Whole days to ninety, or hours.
        """
        path, _ = await register(client)
        body = {"secret": SECRET, "overlap": overlap}
        answer = await client.post(f"{path}/secrets", json=body, headers=ADMIN.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/overlap")

    async def test_is_removed_by_name(self, client: httpx.AsyncClient) -> None:
        """
        Only as it was read, and only what there is.
        """
        path, _ = await register(client)
        await client.post(f"{path}/secrets", json={"secret": "x", "name": "api_key"}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        statuses = []
        for name, match in (
            ("api_key", {}),
            ("api_key", {"If-Match": '"1"'}),
            ("other", {"If-Match": version}),
            ("No Name", {"If-Match": version}),
            ("api_key", {"If-Match": version}),
        ):
            answer = await client.delete(f"{path}/secrets/{name}", headers=ADMIN.headers(**match))
            statuses.append(answer.status_code)
        shown = (await client.get(path, headers=ADMIN.headers())).json()

        assert statuses == [428, 412, 404, 404, 204]
        assert (shown["secrets"], shown["has_secret"]) == ([], False)

    async def test_that_is_needed_is_not_removed(self, client: httpx.AsyncClient) -> None:
        """
        409: set another first, or pause the processor.
        """
        path, _ = await register(client)
        await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        change = {"state": "active", "endpoint": "https://desk.example.com/"}
        done = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))
        match = {"If-Match": done.headers["etag"]}
        answer = await client.delete(f"{path}/secrets/signing", headers=ADMIN.headers(**match))

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/secret-needed")

    @pytest.mark.parametrize(
        ("settings", "pointer"),
        [
            ({"api_key": "abc"}, "#/settings/api_key"),
            ({"auth": [{"password": "abc"}]}, "#/settings/auth/0/password"),
            ({"note": "Bearer abc"}, "#/settings/note"),
        ],
    )
    @pytest.mark.parametrize(("language", "said"), [("sv", "lämna den med namn"), ("en", "give it by name")])
    async def test_has_no_place_among_settings(
        self, client: httpx.AsyncClient, settings: dict[str, Any], pointer: str, language: str, said: str
    ) -> None:
        """
        422 that says which one, and where secrets go.
        """
        path, made = await register(client)
        headers = ADMIN.headers(**{"If-Match": f'"{made["version"]}"', "Accept-Language": language})
        changed = await client.patch(path, json={"settings": settings}, headers=headers)
        body = NEW | {"key": "another", "settings": settings}
        registered = await client.post("/v1/processors", json=body, headers=ADMIN.headers())

        for answer in (changed, registered):
            assert (answer.status_code, answer.json()["type"]) == (422, "/problems/secret-in-settings")
            assert answer.json()["errors"][0]["pointer"] == pointer
            assert "abc" not in answer.text
        assert said in changed.json()["detail"]
        assert "/v1/processors/{id}/secrets" in changed.json()["detail"]


class TestProfile:
    async def test_shows_what_the_policy_lacks(self, client: httpx.AsyncClient) -> None:
        """
        What an honest answer still lacks is said in the reader's language.
        """
        path = "/v1/controllers/westra/profile/problems"
        sv = (await client.get(path, headers=ADMIN.headers(**{"Accept-Language": "sv"}))).json()["items"]
        en = (await client.get(path, headers=ADMIN.headers(**{"Accept-Language": "en"}))).json()["items"]

        assert [one["code"] for one in sv] == [one["code"] for one in en]
        assert sv[0]["text"] != en[0]["text"]
