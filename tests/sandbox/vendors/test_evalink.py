"""The simulated evalink talos, as its documentation reads."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.vendors._base import guid
from sandbox.vendors.evalink import COMPANY, TOKEN, Evalink
from tests.sandbox.vendors.calling import calling

HOME, MARIA = guid("evalink", "INST-4711"), guid("evalink-contact", "maria-nyberg")
CONTACTS = "/api/contact-service/contacts"


@pytest.fixture
def vendor() -> Evalink:
    return Evalink()


@pytest.fixture
async def http(vendor: Evalink) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(vendor) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield client


class TestReading:
    async def test_lists_are_embedded(self, http: httpx.AsyncClient) -> None:
        path = "/api/device-service/devices/search/findByCompanyId"
        homes = (await http.get(path, params={"companyId": COMPANY})).json()["_embedded"]["devices"]
        assert {"C-10001", "C-10002"} <= {one["customerNumber"] for one in homes}
        assert (await http.get(path, params={"companyId": HOME})).status_code == 403

    async def test_a_home_has_contacts_with_code_words(self, http: httpx.AsyncClient) -> None:
        answer = await http.get(f"{CONTACTS}/search/findByDeviceIdIn", params={"deviceIds": HOME})
        names = {one["name"] for one in answer.json()["_embedded"]["contacts"]}
        assert names == {"Anna Lindqvist", "Björn Lindqvist", "Maria Nyberg"}
        assert all(one["codeword"] for one in answer.json()["_embedded"]["contacts"])

    async def test_the_running_alarms_of_a_home_can_be_asked_for(self, http: httpx.AsyncClient) -> None:
        path = "/api/alarm-service/alarms/search/findByDeviceId"
        assert len((await http.get(path, params={"deviceId": HOME})).json()["_embedded"]["alarms"]) == 1
        assert (await http.get(path)).status_code == 400


class TestWriting:
    async def test_a_contact_is_changed_by_one_of_two_verbs(self, vendor: Evalink, http: httpx.AsyncClient) -> None:
        """Which one is not documented."""
        assert (await http.patch(f"{CONTACTS}/{MARIA}", json={"email": None})).status_code == 200
        assert vendor.effects == [{"what": "contacts.updated", "id": MARIA, "changed": ["email"]}]
        vendor.set(update_method="PUT")
        assert (await http.patch(f"{CONTACTS}/{MARIA}", json={"name": "M"})).status_code == 405

    async def test_an_alarm_may_be_taken_with_406(self, vendor: Evalink, http: httpx.AsyncClient) -> None:
        vendor.set(alarms_taken=False)
        assert (await http.post("/api/alarm-service/alarms", json={"deviceId": HOME})).status_code == 406
        assert (await http.post("/api/alarm-service/alarms", json={})).status_code == 400
