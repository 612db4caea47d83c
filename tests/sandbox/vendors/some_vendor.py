"""The smallest vendor there can be."""

from collections.abc import Mapping

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor


class SomeVendor(Vendor):
    name = "some"
    public = ("POST /login",)
    settings_at_first: Mapping[str, object] = {"deletes": True}

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /login": lambda call: Reply({"token": "t"}),
            "GET /people/{id}": lambda call: Reply(self.table("people")[call.params["id"]]),
            "DELETE /people/{id}": self.delete,
        }

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != "Bearer t":
            raise Refused(self.error(401))

    def fill(self, person: Person) -> None:
        self.table("people")[person.id] = {"name": person.name}

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        return Reply({"error": status}, status)

    def delete(self, call: Call) -> Reply:
        del self.table("people")[call.params["id"]]
        self.effect("deleted", call.params["id"])
        return Reply(None, 204)
