"""
evalink talos (Sitasys): the alarm receiving centre's sites, contacts and running alarms.

A site is a "device" with its customer's name and address; contacts belong to a company, a group or a site, and carry
a code word. Lists come in ``_embedded``. The alarms that can be asked for are the running ones. Sending an alarm
in answers 406 where the configuration does not take it, which is a success; 400 must never be sent again.

unverified: the verbs and paths of updating and deleting contacts and devices (``update_method``; here ``PATCH`` or
``PUT``, and ``DELETE`` of the item); history of closed alarms (no call is known); the bodies of errors; paging of
lists; whether both hosts are one.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.people import GUARD, PEOPLE, Person
from sandbox.vendors._base import (
    Call,
    Handler,
    Refused,
    Reply,
    Vendor,
    bearer,
    e164,
    guid,
    json_object,
    need,
    street_zip_city,
    words,
)

COMPANY, TOKEN = guid("evalink", "company"), "evalink-api-token"
_DEVICE = words(
    "id companyId evalinkDeviceId active testMode customerNumber customerCompany customerFirstName customerLastName"
    " customerPhone customerEmail customerZip customerCity customerStreet installerCompany installerFirstName"
    " installerLastName installerEmail installerPhone"
)
_CONTACT = words(
    "id companyId deviceId deviceGroupId name description email codeword available phones phone updatedAt updatedBy"
)


class Evalink(Vendor):
    """One company; each home is a site whose contacts are everybody who is known there."""

    name = "evalink"
    settings_at_first: Mapping[str, Any] = {
        "update_method": "PATCH",
        "alarms_taken": True,  #: off: an alarm sent in is answered 406
    }

    def routes(self) -> Mapping[str, Handler]:
        devices, contacts = "/api/device-service/devices", "/api/contact-service/contacts"
        return {
            f"GET {devices}/search/findByCompanyId": self._devices,
            f"GET {devices}/{{id}}": lambda call: Reply(self._one("devices", call)),
            f"PATCH {devices}/{{id}}": self._update("devices", _DEVICE),
            f"PUT {devices}/{{id}}": self._update("devices", _DEVICE),
            f"DELETE {devices}/{{id}}": self._delete("devices"),
            f"GET {contacts}/search/findGlobalContacts": self._global_contacts,
            f"GET {contacts}/search/findByDeviceIdIn": self._contacts,
            f"GET {contacts}/{{id}}": lambda call: Reply(self._one("contacts", call)),
            f"POST {contacts}": self._add_contact,
            f"PATCH {contacts}/{{id}}": self._update("contacts", _CONTACT),
            f"PUT {contacts}/{{id}}": self._update("contacts", _CONTACT),
            f"DELETE {contacts}/{{id}}": self._delete("contacts"),
            "GET /api/alarm-service/alarms/search/findByDeviceId": self._alarms,
            "POST /api/alarm-service/alarms": self._alarm_in,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"status": status, "error": code or "Error", "message": message or f"Error {status}"}, status)

    def authorise(self, call: Call) -> None:
        need(bearer(call) == TOKEN, self.error(401, "Unauthorized"))

    def fill(self, person: Person) -> None:
        if not any(GUARD in services for services in person.known_by.values()) or person.home == "INST-0":
            return
        device = guid("evalink", person.home)
        if device not in self.table("devices"):
            self._add_site(device, person.home)
        id = guid("evalink-contact", person.id)
        phone = {"id": guid("phone", id), "number": e164(person.phone), "phoneType": "MAIN", "customType": None}
        self.table("contacts")[id] = {
            "id": id,
            "companyId": COMPANY,
            "deviceId": device,
            "deviceGroupId": None,
            "name": person.name,
            "description": None,
            "email": person.email,
            "codeword": f"Kodord-{person.user_code}",
            "available": True,
            "phones": [phone],
            "phone": phone["number"],
            "updatedAt": 1_700_000_000_000,
            "updatedBy": "Larmcentralen",
        }

    def _add_site(self, device: str, home: str) -> None:
        owner = next(one for one in PEOPLE if one.home == home)
        street, zip_code, city = street_zip_city(owner)
        first, _, last = owner.name.partition(" ")
        told = {
            "id": device,
            "companyId": COMPANY,
            "evalinkDeviceId": home,
            "active": True,
            "testMode": False,
            "customerNumber": owner.customer_number,
            "customerFirstName": first,
            "customerLastName": last,
            "customerPhone": e164(owner.phone),
            "customerEmail": owner.email,
            "customerZip": zip_code,
            "customerCity": city,
            "customerStreet": street,
            "installerCompany": "Provinstallation AB",
        }
        self.table("devices")[device] = dict.fromkeys(_DEVICE) | told
        alarm = guid("evalink-alarm", device)
        self.table("alarms")[alarm] = {
            "id": alarm,
            "shortId": alarm[:6],
            "deviceId": device,
            "alarmCode": "BA",
            "alarmMsg": "Inbrottslarm",
            "alarmStatus": "OPEN",
            "alarmZone": "01",
            "alarmZoneName": "Hall",
            "severity": "HIGH",
            "source": "EVALINK",
            "protocol": "CONTACT_ID",
            "timestamp": 1_764_000_000_000,
        }

    # ---- reading

    def _embedded(self, name: str, rows: list[dict[str, Any]], call: Call) -> Reply:
        here = f"http://{call.headers['host']}{call.path_raw}"
        return Reply({"_embedded": {name: rows}, "_links": {"self": {"href": here}}})

    def _one(self, table: str, call: Call) -> dict[str, Any]:
        found = self.table(table).get(call.params["id"])
        if found is None:
            raise Refused(self.error(404, "Not Found"))
        return found

    def _own_company(self, call: Call) -> None:
        need(call.arg("companyId"), self.error(400, "Bad Request", "companyId is missing"))
        need(call.arg("companyId") == COMPANY, self.error(403, "Forbidden"))

    def _devices(self, call: Call) -> Reply:
        self._own_company(call)
        return self._embedded("devices", list(self.table("devices").values()), call)

    def _global_contacts(self, call: Call) -> Reply:
        self._own_company(call)
        return self._embedded("contacts", [one for one in self.table("contacts").values() if not one["deviceId"]], call)

    def _contacts(self, call: Call) -> Reply:
        wanted = {id for value in (v for k, v in call.query if k == "deviceIds") for id in value.split(",")}
        need(wanted, self.error(400, "Bad Request", "deviceIds is missing"))
        rows = [one for one in self.table("contacts").values() if one["deviceId"] in wanted]
        return self._embedded("contacts", rows, call)

    def _alarms(self, call: Call) -> Reply:
        need(call.arg("deviceId"), self.error(400, "Bad Request", "deviceId is missing"))
        rows = [one for one in self.table("alarms").values() if one["deviceId"] == call.arg("deviceId")]
        return self._embedded("alarms", rows, call)

    # ---- writing

    def _update(self, table: str, fields: list[str]) -> Handler:
        def handler(call: Call) -> Reply:
            need(call.method == self.settings["update_method"], self.error(405, "Method Not Allowed"))
            there = self._one(table, call)
            body = json_object(call, self.error(400, "Bad Request", "malformed"), only=fields)
            base = there if call.method == "PATCH" else dict.fromkeys(fields)
            after = {**base, **body, "id": there["id"]}
            changed = sorted(name for name in fields if after.get(name) != there.get(name))
            self.table(table)[there["id"]] = after
            self.effect(f"{table}.updated", there["id"], changed=changed)
            return Reply(after)

        return handler

    def _delete(self, table: str) -> Handler:
        def handler(call: Call) -> Reply:
            id = self._one(table, call)["id"]
            del self.table(table)[id]
            self.effect(f"{table}.deleted", id)
            return Reply(None, 204)

        return handler

    def _add_contact(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, "Bad Request", "malformed"), only=_CONTACT)
        need(body.get("companyId") == COMPANY and body.get("name"), self.error(400, "Bad Request", "name is missing"))
        id = guid("evalink-contact", f"new-{len(self.table('contacts'))}")
        self.table("contacts")[id] = dict.fromkeys(_CONTACT) | body | {"id": id}
        self.effect("contacts.added", id)
        return Reply(self.table("contacts")[id], 201)

    def _alarm_in(self, call: Call) -> Reply:
        body = json_object(call, self.error(400, "Bad Request", "malformed"))
        need(body.get("deviceId"), self.error(400, "Bad Request", "deviceId is missing"))
        if not self.settings["alarms_taken"]:
            return self.error(406, "Not Acceptable", "Not taken by configuration")
        self.effect("alarm.in", str(body["deviceId"]))
        return Reply({"id": guid("alarm-in", str(len(self.effects)))}, 201)
