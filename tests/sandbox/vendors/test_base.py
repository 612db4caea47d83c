"""What every simulated vendor stands on."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.serving import served
from sandbox.store import Store
from sandbox.vendors._base import Clock, DayQuota, Window
from tests.sandbox.vendors.some_vendor import SomeVendor

ANNA = "/people/anna-lindqvist"


@pytest.fixture
def vendor() -> SomeVendor:
    return SomeVendor()


@pytest.fixture
async def http(vendor: SomeVendor) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(vendor) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, headers={"authorization": "Bearer t"}) as client,
    ):
        yield client


class TestAVendor:
    async def test_checks_who_calls_everywhere_but_where_one_logs_in(self, http: httpx.AsyncClient) -> None:
        assert (await http.get(ANNA, headers={"authorization": "Bearer stolen"})).status_code == 401
        assert (await http.post("/login", headers={"authorization": ""})).json() == {"token": "t"}

    async def test_tells_a_wrong_method_from_a_wrong_path(self, http: httpx.AsyncClient) -> None:
        assert (await http.put(ANNA)).status_code == 405
        assert (await http.get("/nothing")).status_code == 404

    async def test_does_a_thing_once_and_notes_it(self, vendor: SomeVendor, http: httpx.AsyncClient) -> None:
        assert (await http.delete(ANNA)).status_code == 204
        assert vendor.done("deleted") == ["anna-lindqvist"]
        assert (await http.get("/__control/effects")).json() == [{"what": "deleted", "id": "anna-lindqvist"}]

    async def test_logs_every_call_without_its_secrets(self, vendor: SomeVendor, http: httpx.AsyncClient) -> None:
        await http.get(ANNA, headers={"x-api-key": "canary-1", "authorization": "Bearer canary-2"})
        assert vendor.lines() == [f"GET {ANNA}"]
        assert "canary" not in str((await http.get("/__control/calls")).json())

    async def test_keeps_what_it_knows_over_a_restart(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "outside.sqlite")
        async with served(SomeVendor(store=store)) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await client.delete(ANNA, headers={"authorization": "Bearer t"})
        again = SomeVendor(store=store)
        store.close()
        assert again.done("deleted") == ["anna-lindqvist"]
        assert "anna-lindqvist" not in again.table("people")


class TestAForcedFault:
    async def test_does_nothing_and_says_so(self, vendor: SomeVendor, http: httpx.AsyncClient) -> None:
        vendor.fail("status", "DELETE /people", status=503, headers={"Retry-After": "7"})
        answer = await http.delete(ANNA)
        assert (answer.status_code, answer.headers["retry-after"], vendor.effects) == (503, "7", [])
        assert (await http.delete(ANNA)).status_code == 204

    @pytest.mark.parametrize(("kind", "effects"), [("reset", 0), ("cut", 1)])
    async def test_cuts_the_line_before_or_after_the_work(
        self, vendor: SomeVendor, http: httpx.AsyncClient, kind: str, effects: int
    ) -> None:
        await http.post("/__control/faults", json=[{"kind": kind, "on": "DELETE"}])
        with pytest.raises(httpx.RemoteProtocolError):
            await http.delete(ANNA)
        assert len(vendor.effects) == effects

    async def test_spoils_the_answer(self, vendor: SomeVendor, http: httpx.AsyncClient) -> None:
        for kind in ("truncated", "wrong_type", "html_502"):
            vendor.fail(kind)
        with pytest.raises(ValueError):
            (await http.get(ANNA)).json()
        assert (await http.get(ANNA)).headers["content-type"] == "text/html"
        assert (await http.get(ANNA)).status_code == 502


class TestQuotas:
    def test_a_window_slides(self) -> None:
        window = Window(2, 60)
        assert [window.take(at) for at in (0, 10, 20, 59)] == [0, 0, 40, 1]
        assert window.take(61) == 0

    def test_a_day_ends_and_what_does_not_fit_does_not_count(self) -> None:
        quota = DayQuota(3)
        assert [quota.take("d1", 2), quota.take("d1", 2), quota.take("d1"), quota.take("d1")] == [
            *(True, False, True, False)
        ]
        assert quota.take("d2")

    def test_the_clock_moves_only_ahead_when_told(self) -> None:
        clock = Clock()
        before = clock.time()
        clock.advance(days=1, seconds=5)
        assert 86_405 <= clock.time() - before < 86_465
