"""The registry of recipients over HTTP."""

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
