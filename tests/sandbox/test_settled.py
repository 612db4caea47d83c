"""What the sandbox's controllers have settled: all of it made up, told once."""

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.bootstrap import root
from app.profiles import load_profiles
from app.services.supplements import NewSupplement, check
from sandbox.categories import CONTROLLERS
from sandbox.settled import MADE_UP, settle, settled_by


class Desk:
    """The part of the service that takes what a controller settles."""

    def __init__(self) -> None:
        self.kept: dict[str, list[dict]] = {}
        path = "/v1/controllers/{id}/supplements"
        self.app = Starlette(routes=[Route(path, self.read), Route(path, self.take, methods=["PUT"])])

    def _shown(self, controller: str) -> Response:
        items = self.kept.setdefault(controller, [])
        return JSONResponse({"items": items, "version": len(items)}, headers={"ETag": f'"{len(items)}"'})

    async def read(self, request: Request) -> Response:
        return self._shown(request.path_params["id"])

    async def take(self, request: Request) -> Response:
        controller = request.path_params["id"]
        assert request.headers["if-match"] == f'"{len(self.kept[controller])}"'
        self.kept[controller] += json.loads(await request.body())["supplements"]
        return self._shown(controller)


class TestWhatIsSettled:
    @pytest.mark.parametrize("controller", CONTROLLERS)
    def test_says_of_itself_that_it_is_made_up(self, controller):
        """
        Facts about a real company are never invented in silence.
        """
        for one in settled_by(controller):
            assert all(one[language].endswith(mark) for language, mark in MADE_UP.items())

    @pytest.mark.parametrize("controller", CONTROLLERS)
    def test_has_its_place_in_the_profile(self, controller):
        """
        Each can be settled; a typing error would be found at the first start.
        """
        profile = load_profiles(root() / "profiles")[controller]
        for one in settled_by(controller):
            check(profile, NewSupplement(**one | {"codes": tuple(one.get("codes", ()))}))

    async def test_is_told_once(self):
        """
        A second start tells nothing anew, and what somebody has settled meanwhile stays.
        """
        desk = Desk()
        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://insyn.example") as client:
            first, second = await settle(client, "token"), await settle(client, "token")

        assert (first, second) == (sum(len(settled_by(one)) for one in CONTROLLERS), 0)
