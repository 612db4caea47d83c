"""The simulated Segment, Amplitude, Mixpanel and Braze keep to their documented contracts."""

import gzip
import json
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from sandbox.vendors import amplitude, braze, mixpanel, segment
from tests.sandbox.vendors.calling import calling

ANNA = "C-10001"


def regulation(kind: str, *ids: str) -> dict[str, Any]:
    return {"regulationType": kind, "subjectType": "USER_ID", "subjectIds": list(ids)}


class TestSegment:
    @pytest.fixture
    def vendor(self) -> segment.Segment:
        return segment.Segment()

    def http(self, vendor: segment.Segment) -> Any:
        return calling(vendor, headers={"authorization": f"Bearer {segment.TOKEN}"})

    async def test_can_fail_overall_though_its_own_part_went_well(self, vendor: segment.Segment) -> None:
        vendor.set(ends="FAILED", destination="FAILED")
        async with self.http(vendor) as http:
            asked = await http.post("/regulations", json=regulation("SUPPRESS_WITH_DELETE", ANNA))
            id = asked.json()["data"]["regulateId"]
            vendor.clock.advance(days=11)
            told = (await http.get(f"/regulations/{id}")).json()["data"]["regulation"]
        assert told["overallStatus"] == "FAILED"
        assert [one["status"] for one in told["streamStatus"][0]["destinationStatus"]] == ["FINISHED", "FAILED"]
        assert vendor.done("user.deleted") == [ANNA]

    async def test_holds_back_and_lets_in_again(self, vendor: segment.Segment) -> None:
        async with self.http(vendor) as http:
            await http.post("/regulations", json=regulation("SUPPRESS_ONLY", ANNA))
            assert list(vendor.table("suppressed")) == [ANNA]
            await http.post("/regulations", json=regulation("UNSUPPRESS", ANNA))
        assert vendor.table("suppressed") == {}

    async def test_takes_ids_it_has_never_seen(self, vendor: segment.Segment) -> None:
        """Nobody can be looked up: every id is answered alike."""
        async with self.http(vendor) as http:
            assert (await http.post("/regulations", json=regulation("DELETE_ONLY", "C-0"))).status_code == 200

    async def test_takes_a_hundred_and_ten_thousand_ids_a_month(self, vendor: segment.Segment) -> None:
        vendor.quota.take(vendor.clock.today()[:7], 110_000)
        async with self.http(vendor) as http:
            refused = await http.post("/regulations", json=regulation("DELETE_ONLY", ANNA))
        assert refused.json()["errors"][0]["status"] == refused.status_code == 429

    async def test_names_the_field_that_is_wrong(self, vendor: segment.Segment) -> None:
        async with self.http(vendor) as http:
            refused = await http.post("/regulations", json=regulation("FORGET", ANNA))
        assert refused.json()["errors"][0]["field"] == "regulationType"


class TestAmplitude:
    @pytest.fixture
    def vendor(self) -> amplitude.Amplitude:
        return amplitude.Amplitude()

    def http(self, vendor: amplitude.Amplitude) -> Any:
        return calling(vendor, auth=(amplitude.KEY, amplitude.SECRET))

    async def test_gathers_fixes_and_runs_a_deletion_over_two_weeks(self, vendor: amplitude.Amplitude) -> None:
        today = date.fromisoformat(vendor.clock.today())
        window = {"start_day": today.isoformat(), "end_day": (today + timedelta(days=30)).isoformat()}
        async with self.http(vendor) as http:
            asked = (await http.post("/api/2/deletions/users", json={"user_ids": [ANNA]})).json()
            assert asked["status"] == "staging"
            walk = []
            for _ in range(13):
                walk.append((await http.get("/api/2/deletions/users", params=window)).json()[0]["status"])
                vendor.clock.advance(days=1)
        assert walk == ["staging"] * 8 + ["submitted"] * 4 + ["done"]
        assert vendor.done("user.deleted") == [ANNA]

    async def test_takes_a_deletion_back_only_until_it_is_fixed(self, vendor: amplitude.Amplitude) -> None:
        async with self.http(vendor) as http:
            asked = (await http.post("/api/2/deletions/users", json={"user_ids": [ANNA]})).json()
            path = f"/api/2/deletions/users/{asked['amplitude_ids'][0]['amplitude_id']}/{asked['day']}"
            vendor.clock.advance(days=9)
            assert (await http.delete(path)).status_code == 400
            vendor.clock.advance(days=-9)
            assert (await http.delete(path)).status_code == 200
            vendor.clock.advance(days=20)
        assert ANNA in vendor.table("users")

    async def test_refuses_ids_it_does_not_know_unless_told_to_pass_over_them(
        self, vendor: amplitude.Amplitude
    ) -> None:
        async with self.http(vendor) as http:
            strict = await http.post("/api/2/deletions/users", json={"user_ids": ["C-0"]})
            body = {"user_ids": ["C-0"], "ignore_invalid_id": "true"}
            lenient = await http.post("/api/2/deletions/users", json=body)
        assert strict.status_code == 400
        assert lenient.json()["amplitude_ids"] == []

    async def test_finds_whoever_begins_alike(self, vendor: amplitude.Amplitude) -> None:
        async with self.http(vendor) as http:
            found = (await http.get("/api/2/usersearch", params={"user": "C-1000"})).json()["matches"]
        assert len(found) > 1

    async def test_gives_a_copy_behind_a_redirect_for_two_days(self, vendor: amplitude.Amplitude) -> None:
        body = {"userId": ANNA, "startDate": "2020-01-01", "endDate": "2026-11-26"}
        async with self.http(vendor) as http:
            id = (await http.post("/api/2/dsar/requests", json=body)).json()["requestId"]
            assert (await http.get(f"/api/2/dsar/requests/{id}")).json()["status"] == "staging"
            vendor.clock.advance(days=2)
            urls = (await http.get(f"/api/2/dsar/requests/{id}")).json()["urls"]
            assert (await http.get(urls[0], auth=("no", "body"))).status_code == 401
            moved = await http.get(urls[0])
            raw = (await http.get(moved.headers["location"])).content
            vendor.clock.advance(days=3)
            assert (await http.get(urls[0])).status_code == 410
        assert moved.status_code == 302
        assert json.loads(gzip.decompress(raw))["user_id"] == ANNA


class TestMixpanel:
    @pytest.fixture
    def vendor(self) -> mixpanel.Mixpanel:
        return mixpanel.Mixpanel()

    def http(self, vendor: mixpanel.Mixpanel) -> Any:
        headers = {"authorization": f"Bearer {mixpanel.TOKEN}"}
        return calling(vendor, headers=headers, params={"token": mixpanel.PROJECT})

    async def test_walks_to_success_over_days(self, vendor: mixpanel.Mixpanel) -> None:
        async with self.http(vendor) as http:
            asked = await http.post("/api/app/data-deletions/v3.0/", json={"distinct_ids": [ANNA]})
            assert asked.status_code == 201
            path = f"/api/app/data-deletions/v3.0/{asked.json()['results']['task_id']}"
            walk = []
            for hours in (0, 2, 5, 72):
                vendor.clock.advance(seconds=hours * 3600)
                walk.append((await http.get(path)).json()["results"]["status"])
        assert walk == ["PENDING", "STAGING", "STARTED", "SUCCESS"]
        assert ANNA not in vendor.table("users")

    async def test_takes_a_deletion_back_until_it_starts(self, vendor: mixpanel.Mixpanel) -> None:
        async with self.http(vendor) as http:
            asked = await http.post("/api/app/data-deletions/v3.0", json={"distinct_ids": [ANNA]})
            path = f"/api/app/data-deletions/v3.0/{asked.json()['results']['task_id']}"
            assert (await http.delete(path)).status_code == 204
            assert (await http.get(path)).json()["results"]["status"] == "REVOKED"

    async def test_wants_the_projects_token_beside_the_bearers(self, vendor: mixpanel.Mixpanel) -> None:
        async with calling(vendor, headers={"authorization": f"Bearer {mixpanel.TOKEN}"}) as http:
            refused = await http.post("/api/app/data-deletions/v3.0", json={"distinct_ids": [ANNA]})
        assert refused.json()["status"] == "error"

    async def test_does_not_know_another_task(self, vendor: mixpanel.Mixpanel) -> None:
        async with self.http(vendor) as http:
            told = (await http.get("/api/app/data-retrievals/v3.0/x")).json()
        assert told["results"]["status"] == "NOT_FOUND"


class TestBraze:
    @pytest.fixture
    def vendor(self) -> braze.Braze:
        return braze.Braze()

    def http(self, vendor: braze.Braze) -> Any:
        return calling(vendor, headers={"authorization": f"Bearer {braze.KEY}"})

    async def test_takes_exactly_one_kind_of_id(self, vendor: braze.Braze) -> None:
        both = {"external_ids": [ANNA], "braze_ids": ["x"]}
        async with self.http(vendor) as http:
            assert (await http.post("/users/delete", json=both)).status_code == 400
            assert (await http.post("/users/delete", json={})).status_code == 400

    async def test_says_how_many_are_queued_and_deletes_them_later(self, vendor: braze.Braze) -> None:
        async with self.http(vendor) as http:
            told = (await http.post("/users/delete", json={"external_ids": [ANNA, "C-0"]})).json()
            assert told == {"deleted": 1, "message": "success"}
            assert vendor.done("user.deleted") == []
            vendor.clock.advance(seconds=3600)
            await self.export(http, ANNA)
        assert len(vendor.done("user.deleted")) == 1

    async def test_names_the_second_at_which_there_is_room_and_no_wait(self, vendor: braze.Braze) -> None:
        vendor.set(full=True)
        async with self.http(vendor) as http:
            refused = await self.export(http, ANNA)
        assert refused.status_code == 429
        assert "retry-after" not in refused.headers
        assert int(refused.headers["x-ratelimit-reset"]) > vendor.clock.time()

    async def test_makes_a_profile_of_a_stranger_unless_asked_not_to(self, vendor: braze.Braze) -> None:
        stranger = {"external_id": "C-0", "email_subscribe": "unsubscribed"}
        async with self.http(vendor) as http:
            await http.post("/users/track", json={"attributes": [stranger | {"_update_existing_only": True}]})
            assert vendor.done("user.made") == []
            await http.post("/users/track", json={"attributes": [stranger]})
        assert len(vendor.done("user.made")) == 1

    async def export(self, http: httpx.AsyncClient, external: str) -> httpx.Response:
        body = {"external_ids": [external], "fields_to_export": ["braze_id", "external_id"]}
        return await http.post("/users/export/ids", json=body)
