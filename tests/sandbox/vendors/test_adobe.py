"""The simulated Adobe Privacy Service, as its documentation reads."""

import io
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.people import BY_ID
from sandbox.serving import served
from sandbox.vendors.adobe import CLIENT_ID, CLIENT_SECRET, ORG, SCOPES, Adobe, ecid
from tests.sandbox.vendors.calling import calling

JOBS = "/data/core/privacy/jobs"
ANNA = {"namespace": "ECID", "value": ecid(BY_ID["anna-lindqvist"]), "type": "standard"}


@pytest.fixture
def vendor() -> Adobe:
    return Adobe()


@pytest.fixture
async def http(vendor: Adobe) -> AsyncIterator[httpx.AsyncClient]:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": SCOPES}
    async with calling(vendor) as client:
        token = (await client.post("/ims/token/v3", data=form)).json()["access_token"]
        client.headers.update({"authorization": f"Bearer {token}", "x-api-key": CLIENT_ID, "x-gw-ims-org-id": ORG})
        yield client


def _order(*actions: str, **other: Any) -> dict[str, Any]:
    user = {"key": "C-10001", "action": list(actions), "userIDs": [ANNA]}
    contexts = [{"namespace": "imsOrgID", "value": ORG}]
    return {
        "companyContexts": contexts,
        "users": [user],
        "include": ["analytics", "target"],
        "regulation": "gdpr",
    } | other


class TestAPost:
    async def test_becomes_a_job_for_each_user_and_action(self, vendor: Adobe, http: httpx.AsyncClient) -> None:
        answer = (await http.post(JOBS, json=_order("access", "delete"))).json()
        assert answer["totalRecords"] == 2
        assert [one["customer"]["user"]["action"] for one in answer["jobs"]] == [["access"], ["delete"]]
        assert [one["persons"] for one in vendor.effects] == [["anna-lindqvist"]] * 2

    @pytest.mark.parametrize(
        "wrong",
        [
            {"regulation": "gdpr2"},
            {"include": ["photoshop"]},
            {"companyContexts": []},
            {"users": []},
            {"users": [{"key": "a", "action": ["purge"], "userIDs": [ANNA]}]},
            {"users": [{"key": "a", "action": ["delete"], "userIDs": [ANNA] * 10}]},
            {"users": [{"key": "a", "action": ["delete"], "userIDs": [{"namespace": "ECID", "value": "1"}]}]},
            {"colour": "red"},
        ],
    )
    async def test_is_checked(self, vendor: Adobe, http: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
        assert (await http.post(JOBS, json=_order("delete", **wrong))).status_code == 400
        assert vendor.effects == []

    async def test_beyond_the_days_limit_is_400_and_not_429(self, vendor: Adobe, http: httpx.AsyncClient) -> None:
        vendor.set(jobs_a_day=3)
        statuses = [(await http.post(JOBS, json=_order("access", "delete"))).status_code for _ in range(2)]
        assert statuses == [202, 400]
        assert len(vendor.effects) == 2
        vendor.clock.advance(days=1)
        http.headers["authorization"] = f"Bearer {await _fresh(http)}"
        assert (await http.post(JOBS, json=_order("access", "delete"))).status_code == 202

    async def test_needs_all_three_headers(self, http: httpx.AsyncClient) -> None:
        for name in ("authorization", "x-api-key", "x-gw-ims-org-id"):
            answer = await http.post(JOBS, json=_order("delete"), headers={name: "wrong"})
            assert answer.status_code in (401, 403)


async def _fresh(http: httpx.AsyncClient) -> str:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": SCOPES}
    token: str = (await http.post("/ims/token/v3", data=form)).json()["access_token"]
    return token


class TestAJob:
    async def test_walks_and_leaves_a_zip_for_sixty_days(self, vendor: Adobe, http: httpx.AsyncClient) -> None:
        job = (await http.post(JOBS, json=_order("access"))).json()["jobs"][0]["jobId"]
        seen = []
        for seconds in (0, 61, 3600):
            vendor.clock.advance(seconds=seconds)
            told = (await http.get(f"{JOBS}/{job}")).json()
            seen.append((told["status"], "downloadURL" in told))
        assert seen == [("submitted", False), ("processing", False), ("complete", True)]
        assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d [AP]M GMT", told["createdDate"])
        archive = zipfile.ZipFile(io.BytesIO((await http.get(told["downloadURL"])).content))
        assert archive.namelist() == ["analytics/result.json", "target/result.json"]
        vendor.clock.advance(days=61)
        assert (await http.get(told["downloadURL"])).status_code in (401, 404)

    async def test_fails_with_one_product_or_ends_in_part(self, vendor: Adobe, http: httpx.AsyncClient) -> None:
        job = (await http.post(JOBS, json=_order("delete"))).json()["jobs"][0]["jobId"]
        vendor.clock.advance(seconds=3601)
        vendor.set(fails_at="target")
        told = (await http.get(f"{JOBS}/{job}")).json()
        states = [one["productStatusResponse"]["status"] for one in told["productResponses"]]
        assert (told["status"], states) == ("error", ["complete", "error"])
        vendor.set(fails_at=None, partial_at="analytics")
        told = (await http.get(f"{JOBS}/{job}")).json()
        codes = [one["productStatusResponse"]["responseMsgCode"] for one in told["productResponses"]]
        assert (told["status"], codes) == ("complete", ["PRVCY-6054-200", "PRVCY-6000-200"])

    async def test_is_listed_in_pages_from_nought(self, http: httpx.AsyncClient) -> None:
        await http.post(JOBS, json=_order("access", "delete"))
        first = (await http.get(JOBS, params={"regulation": "gdpr", "page": 0, "size": 1})).json()
        assert (len(first["jobs"]), first["totalRecords"]) == (1, 2)
        assert (await http.get(JOBS, params={"regulation": "gdpr", "size": 1001})).status_code == 400


class TestEvents:
    async def test_a_subscription_proves_itself_first(self, vendor: Adobe) -> None:
        got: list[Any] = []

        async def hook(request: Request) -> Response:
            if request.method == "GET":
                return JSONResponse({"challenge": request.query_params["challenge"]})
            got.append(await request.json())
            return Response(status_code=200)

        app = Starlette(routes=[Route("/hook", hook, methods=["GET", "POST"])])
        async with served(app) as url, httpx.AsyncClient(trust_env=False) as client:
            assert await vendor.prove(f"{url}/hook", client)
            assert await vendor.tell(f"{url}/hook", client, "job-1") == 200
        assert got[0]["event"]["data"]["jobId"] == "job-1"
