"""What the profile validator finds, over HTTP: the same as on the command line."""

import httpx
import pytest

from app.profiles import Profile, problems
from tests.routers.conftest import ADMIN, Bearer

CONTROLLERS = ("securitas", "sensor-alarm", "sos-alarm", "westila", "westra")
EVERYBODYS_ADMIN = Bearer("admin", sub="admin-9", controllers=CONTROLLERS)


class TestProblems:
    @pytest.mark.parametrize("language", ["sv", "en"])
    @pytest.mark.parametrize("name", CONTROLLERS)
    async def test_r13_1_are_those_of_the_check(
        self, client: httpx.AsyncClient, profiles: dict[str, Profile], name: str, language: str
    ) -> None:
        """
        R13-1, F04: code, place, severity, text, law and pattern, in the same order.
        """
        headers = EVERYBODYS_ADMIN.headers(**{"Accept-Language": language})
        answer = await client.get(f"/v1/controllers/{name}/profile/problems", headers=headers)

        assert [
            (one["code"], one["path"], one["severity"], one["text"], one["law"], one.get("tension"))
            for one in answer.json()["items"]
        ] == [
            (one.code, one.path, one.severity, one.text(language), one.law, one.tension)
            for one in problems(profiles[name])
        ]

    async def test_f27_go_with_the_procedure(self, client: httpx.AsyncClient) -> None:
        """
        F27: the written procedure is one call away for whoever must show it.
        """
        headers = ADMIN.headers(**{"Accept-Language": "sv"})
        answer = await client.get("/v1/controllers/westra/procedure", headers=headers)

        assert answer.status_code == 200
        assert {one["key"] for one in answer.json()["sections"]} >= {"rights", "identity", "deadlines", "four_eyes"}
