"""The simulated Google Analytics Admin API, as its documentation reads."""

import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from jose import jwt

from sandbox.people import BY_ID
from sandbox.vendors.google_analytics import (
    CLIENT_ID,
    CLIENT_SECRET,
    PROPERTY,
    REFRESH_TOKEN,
    SCOPE,
    GoogleAnalytics,
    client_id,
)
from tests.sandbox.vendors.calling import calling

PATH = f"/v1alpha/properties/{PROPERTY}:submitUserDeletion"
REFRESH = {
    "grant_type": "refresh_token",
    "refresh_token": REFRESH_TOKEN,
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}


@pytest.fixture
def vendor() -> GoogleAnalytics:
    return GoogleAnalytics()


@pytest.fixture
async def http(vendor: GoogleAnalytics) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        token = (await client.post("/token", data=REFRESH)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


class TestTokens:
    @pytest.mark.parametrize(("scope", "status"), [(SCOPE, 200), ("https://www.googleapis.com/auth/other", 403)])
    async def test_a_service_account_signs_for_one(
        self, vendor: GoogleAnalytics, http: httpx.AsyncClient, scope: str, status: int
    ) -> None:
        account = json.loads(vendor.service_account(str(http.base_url).rstrip("/")))
        claims = {"iss": account["client_email"], "aud": account["token_uri"], "scope": scope}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 600}
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
        form["assertion"] = jwt.encode(claims, account["private_key"], algorithm="RS256")
        token = (await http.post("/token", data=form)).json()["access_token"]
        answer = await http.post(PATH, json={"userId": "C-10001"}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status

    async def test_others_are_refused(self, vendor: GoogleAnalytics, http: httpx.AsyncClient) -> None:
        assert (await http.post("/token", data=REFRESH | {"refresh_token": "x"})).json() == {"error": "invalid_grant"}
        vendor.clock.advance(seconds=3601)
        assert (await http.post(PATH, json={"userId": "1"})).json()["error"]["status"] == "UNAUTHENTICATED"


class TestADeletion:
    async def test_is_acknowledged_whoever_it_is(self, vendor: GoogleAnalytics, http: httpx.AsyncClient) -> None:
        anna = BY_ID["anna-lindqvist"]
        for body in ({"clientId": client_id(anna)}, {"userProvidedData": anna.email.upper()}, {"userId": "nobody"}):
            answer = await http.post(PATH, json=body)
            assert set(answer.json()) == {"deletionRequestTime"}
        assert [one["visitor"] for one in vendor.effects] == ["anna-lindqvist", None, None]

    @pytest.mark.parametrize(
        "body", [{}, {"userId": "a", "clientId": "b"}, {"email": "a@example.org"}, {"userId": ""}, {"userId": 1}]
    )
    async def test_names_exactly_one_user(
        self, vendor: GoogleAnalytics, http: httpx.AsyncClient, body: dict[str, object]
    ) -> None:
        answer = await http.post(PATH, json=body)
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert vendor.effects == []

    async def test_counts_against_the_day(self, vendor: GoogleAnalytics, http: httpx.AsyncClient) -> None:
        vendor.set(deletions_a_day=1)
        answers = [await http.post(PATH, json={"userId": "C-10001"}) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 429]
        assert answers[1].json()["error"]["status"] == "RESOURCE_EXHAUSTED"

    async def test_is_gone_from_the_older_api(self, http: httpx.AsyncClient) -> None:
        path = "/analytics/v3/userDeletion/userDeletionRequests:upsert"
        assert (await http.post(path, json={})).status_code == 410
