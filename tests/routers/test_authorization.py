"""Who may do what: every route and every kind of bearer. A route that is not in the table fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from app.main import ROUTERS
from app.models import RestrictionRow
from app.routers.conditions import etag
from app.services.context import Context
from tests.routers.conftest import (
    ADMIN,
    AGENT,
    ANNA_BEARER,
    APPROVER,
    AUDITOR,
    BO_BEARER,
    DPO,
    FOREIGN_AGENT,
    INTEGRATOR,
    Advance,
    Bearer,
    File,
)

BEARERS: Mapping[str, Bearer | None] = {
    "anonymous": None,
    "the person": ANNA_BEARER,
    "another person": BO_BEARER,
    "agent": AGENT,
    "approver": APPROVER,
    "dpo": DPO,
    "admin": ADMIN,
    "integrator": INTEGRATOR,
    "auditor": AUDITOR,
    "another tenant's agent": FOREIGN_AGENT,
}
ALL = frozenset(BEARERS)
PERSONS = frozenset({"the person", "another person"})
OWN = frozenset({"the person"})
STAFF = frozenset({"agent", "approver", "dpo"})
#: Lists are open to another tenant's staff too: they are empty there.
LISTS = STAFF | {"another tenant's agent"}
SECOND = frozenset({"approver", "dpo"})
READERS = STAFF | {"auditor"}
SETTLERS = frozenset({"admin", "dpo"})
SETTLED = {"path": "transfers", "sv": "Inga överföringar.", "en": "No transfers."}
REGISTRY = STAFF | {"admin", "integrator"}


@dataclass(frozen=True)
class Row:
    """One route: who gets in, and a call that reaches the thing it is about."""

    allowed: frozenset[str]
    json: Any = None
    query: dict[str, str] = field(default_factory=dict)


CLAIMS = [{"right": "access"}]
PERSON = {"identifiers": [{"type": "email", "value": "anna@example.org"}]}
FILED = {
    "controller": "westra",
    "channel": "phone",
    "received_at": "2026-01-01T10:00:00+01:00",
    "claims": CLAIMS,
    "subject": PERSON,
}
REGISTERED = {
    "controller": "westra",
    "key": "new",
    "title": "New",
    "kind": "manual",
    "actions": ["export"],
    "categories": [],
}
QUESTION = {"kind": "clarification", "reason": "unclear_request", "question": "Do you want the calls or all of it?"}
LIFTING = {
    "ground_ended": "corrected",
    "outcome": "The address has been corrected.",
    "lifting_on": "2099-01-01",
    "then": "The address is used for invoices again.",
}
PAGE_STEPS = ("code", "session", "files", "answer", "confirmation", "end")
OWN_PATH, PATH = "/v1/self-service/requests", "/v1/requests"

TABLE: Mapping[tuple[str, str], Row] = {
    ("GET", "/livez"): Row(ALL),
    ("GET", "/readyz"): Row(ALL),
    ("GET", "/metrics"): Row(ALL),
    ("GET", "/.well-known/oauth-protected-resource"): Row(ALL),
    ("GET", "/openapi-3.0.json"): Row(ALL),
    ("GET", "/problems/{type}"): Row(ALL),
    ("GET", "/v1/intake/{controller}"): Row(ALL),
    # its own kind of login: a signature, see test_callbacks
    ("POST", "/v1/callbacks/{token}"): Row(ALL),
    ("POST", "/v1/callbacks/vendors/{controller}/{processor_id}"): Row(ALL),
    ("GET", "/v1/callbacks/vendors/{controller}/{processor_id}"): Row(ALL),
    ("POST", "/v1/callbacks/{token}/opendsr"): Row(ALL),
    ("POST", OWN_PATH): Row(PERSONS, {"claims": CLAIMS}),
    ("GET", OWN_PATH): Row(PERSONS),
    ("GET", OWN_PATH + "/{id}"): Row(OWN),
    ("GET", OWN_PATH + "/{id}/timeline"): Row(OWN),
    ("GET", OWN_PATH + "/{id}/recipients"): Row(OWN),
    ("GET", OWN_PATH + "/{id}/letters"): Row(OWN),
    ("GET", OWN_PATH + "/{id}/letters/{letter}"): Row(OWN),
    ("GET", OWN_PATH + "/{id}/letters/{letter}.pdf"): Row(OWN),
    ("POST", OWN_PATH + "/{id}/withdrawal"): Row(OWN, {}),
    ("GET", OWN_PATH + "/{id}/package"): Row(OWN),
    ("POST", OWN_PATH + "/{id}/package/downloads"): Row(OWN),
    ("GET", "/v1/downloads/{token}"): Row(PERSONS),
    ("POST", PATH): Row(STAFF, FILED),
    ("GET", PATH): Row(LISTS | {"auditor"}),
    ("POST", PATH + "/search"): Row(LISTS, PERSON),
    ("GET", PATH + "/{id}"): Row(STAFF),
    ("GET", PATH + "/{id}/tasks"): Row(STAFF),
    ("GET", PATH + "/{id}/recipients"): Row(STAFF),
    ("GET", PATH + "/{id}/letters"): Row(STAFF),
    ("GET", PATH + "/{id}/letters/{letter}"): Row(STAFF),
    ("GET", PATH + "/{id}/letters/{letter}/pdf"): Row(STAFF),
    ("POST", PATH + "/{id}/letters/{letter}/posting"): Row(STAFF, {"posted_on": "2026-01-01"}),
    ("GET", "/v1/letters"): Row(LISTS),
    ("GET", "/v1/letter-templates/{sha256}"): Row(frozenset({"dpo", "auditor"})),
    ("GET", PATH + "/{id}/audit"): Row(READERS),
    ("GET", PATH + "/{id}/evidence"): Row(frozenset({"dpo"})),
    ("GET", PATH + "/{id}/package"): Row(STAFF),
    ("POST", PATH + "/{id}/package/release"): Row(SECOND, {"sha256": "0" * 64}),
    ("GET", PATH + "/{id}/package/redactions"): Row(STAFF),
    ("PUT", PATH + "/{id}/package/redactions"): Row(STAFF, {"redactions": []}),
    ("POST", PATH + "/{id}/identity-proofs"): Row(STAFF, {"method": "seen_in_person"}),
    ("GET", PATH + "/{id}/claims/{claim}/plan"): Row(STAFF),
    ("POST", PATH + "/{id}/claims/{claim}/decision"): Row(STAFF, {"outcome": "granted"}),
    ("POST", PATH + "/{id}/extension"): Row(STAFF, {"ground": "complexity", "reasons": "Too thin."}),
    ("POST", PATH + "/{id}/clarifications"): Row(STAFF, QUESTION),
    ("POST", PATH + "/{id}/clarifications/{question}/answer"): Row(
        STAFF, {"answer": "The calls.", "answered_at": "2026-01-01T10:00:00+01:00"}
    ),
    ("POST", PATH + "/{id}/deadline-confirmation"): Row(STAFF),
    ("POST", OWN_PATH + "/{id}/clarification"): Row(OWN, {"answer": "The calls of last spring."}),
    ("POST", PATH + "/{id}/claims/{claim}/fee"): Row(
        STAFF,
        {
            "ground": "manifestly_unfounded",
            "amount_ore": 100,
            "reason": "What the copy costs to make.",
            "record": {"evidence": [{"kind": "other", "on": "2020-01-01", "what": "Something that happened."}]},
        },
    ),
    ("POST", PATH + "/{id}/classification"): Row(STAFF, {"claims": CLAIMS}),
    ("POST", PATH + "/{id}/notes"): Row(STAFF, {"text": "Called back."}),
    ("POST", PATH + "/{id}/assignee"): Row(STAFF, {}),
    ("POST", PATH + "/{id}/statement"): Row(STAFF, {"text": "I do not agree."}),
    ("POST", OWN_PATH + "/{id}/statement"): Row(OWN, {"text": "I do not agree."}),
    ("GET", "/v1/approvals"): Row(LISTS),
    ("POST", "/v1/approvals/{id}"): Row(SECOND, {"verdict": "approved", "reason": "Checked."}),
    ("GET", "/v1/tasks"): Row(LISTS),
    ("GET", "/v1/tasks/{id}"): Row(STAFF),
    ("POST", "/v1/tasks/{id}/outcome"): Row(STAFF, {"outcome": "not_found"}),
    ("POST", "/v1/tasks/{id}/retry"): Row(STAFF),
    ("POST", "/v1/tasks/replays"): Row(STAFF, {"processor": "{processor}", "dry_run": True}),
    ("GET", "/v1/scheduled-erasures"): Row(LISTS),
    ("POST", "/v1/suppressions/lookup"): Row(frozenset({"integrator"}), {"controller": "westra", **PERSON}),
    ("GET", "/v1/restorations/pending"): Row(frozenset({"admin", "dpo"}), query={"processor": "{processor}"}),
    ("POST", PATH + "/{id}/recipients/{entry}"): Row(STAFF, {"state": "sent"}),
    ("GET", PATH + "/{id}/recipients/{entry}/notice"): Row(STAFF),
    ("GET", PATH + "/{id}/forwardings"): Row(STAFF),
    ("POST", PATH + "/{id}/forwardings/{forwarding}"): Row(STAFF, {"state": "confirmed"}),
    ("GET", PATH + "/{id}/forwardings/{forwarding}/letter"): Row(STAFF),
    ("POST", "/v1/restrictions/lookup"): Row(frozenset({"integrator"}), PERSON),
    ("GET", "/v1/restrictions"): Row(LISTS),
    ("POST", "/v1/restrictions/{id}/lift-notice"): Row(STAFF, LIFTING),
    ("POST", "/v1/restrictions/{id}/lift"): Row(STAFF),
    ("POST", "/v1/restrictions/{id}/uses"): Row(
        frozenset({"integrator"}), {"use": "protect_others", "reason": "alarm_response"}
    ),
    ("GET", "/v1/deadlines"): Row(READERS, query={"controller": "westra", "received_at": "2026-01-01T10:00:00+01:00"}),
    ("GET", "/v1/controllers"): Row(REGISTRY | {"another tenant's agent"}),
    ("GET", "/v1/controllers/{id}/profile"): Row(REGISTRY),
    ("GET", "/v1/controllers/{id}/profile/problems"): Row(REGISTRY),
    ("GET", "/v1/controllers/{id}/procedure"): Row(REGISTRY),
    ("GET", "/v1/controllers/{id}/supplements"): Row(SETTLERS),
    ("PUT", "/v1/controllers/{id}/supplements"): Row(SETTLERS, {"supplements": [SETTLED]}),
    ("GET", "/v1/processors"): Row(REGISTRY | {"another tenant's agent"}),
    ("POST", "/v1/processors"): Row(frozenset({"admin"}), REGISTERED),
    ("GET", "/v1/processors/{id}"): Row(REGISTRY),
    ("PATCH", "/v1/processors/{id}"): Row(frozenset({"admin"}), {"title": "Other"}),
    ("POST", "/v1/processors/{id}/secrets"): Row(frozenset({"admin"}), {"secret": "whsec_" + "QUJD" * 8}),
    ("DELETE", "/v1/processors/{id}/secrets/{name}"): Row(frozenset({"admin"})),
    ("POST", "/v1/processors/{id}/lane/reset"): Row(frozenset({"admin"})),
    ("DELETE", "/v1/processors/{id}"): Row(frozenset({"admin"})),
    ("GET", "/v1/reports/register"): Row(frozenset({"dpo", "auditor"})),
    ("POST", "/v1/intake/{controller}/requests"): Row(ALL, {"claims": CLAIMS, **PERSON}),
    ("POST", "/v1/intake/{controller}/requests/{id}/proof"): Row(ALL, {"code": "1234 5678"}),
    ("POST", OWN_PATH + "/{id}/stop"): Row(OWN),
    ("POST", "/v1/self-service/stops"): Row(OWN, {"reference": "{reference}"}),
    ("POST", OWN_PATH + "/{id}/identifiers"): Row(OWN, {"identifiers": PERSON["identifiers"]}),
    ("POST", PATH + "/{id}/stop"): Row(STAFF),
    ("POST", PATH + "/{id}/stop-settlement"): Row(STAFF, {"verdict": "genuine", "method": "seen_in_person"}),
    ("POST", PATH + "/{id}/protected-identity"): Row(STAFF, {"mark": "on", "reason": "Secrecy mark."}),
    ("POST", PATH + "/{id}/risk-marks"): Row(STAFF, {"marks": ["household_split"]}),
    ("GET", "/v1/reports/summary"): Row(frozenset({"dpo", "auditor"})),
    # its own kind of login: a signature, see tests/services/test_task_files.py
    ("POST", "/v1/callbacks/{token}/files"): Row(ALL, {}),
    ("GET", "/v1/callbacks/{token}/files"): Row(ALL),
    ("GET", "/v1/tasks/{id}/files/{file}"): Row(STAFF),
    ("POST", "/v1/mail/bounces"): Row(frozenset({"integrator"}), {"report": "aGVq"}),
    # its own kind of login: a code, see tests/services/test_recipient_page.py
    ("GET", "/p/{token}"): Row(ALL),
    ("GET", "/p/{token}/{step}"): Row(ALL),
    **{("POST", f"/p/{{token}}/{step}"): Row(ALL) for step in PAGE_STEPS},
}
#: "There is no such thing" about what is asked for, not about what it belongs to: the bearer was let in.
INSIDE = {
    *("/problems/no-package", "/problems/unknown-download", "/problems/unknown-callback"),
    *(
        "/problems/unknown-secret",
        "/problems/unknown-question",
        "/problems/unknown-entry",
        "/problems/unknown-forwarding",
    ),
}
INSIDE |= {"/problems/unknown-file"}
#: About who did what before, not about the role.
INSIDE |= {"/problems/second-person-needed"}


def routes() -> set[tuple[str, str]]:
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


@pytest.fixture
async def ids(
    client: httpx.AsyncClient, file: File, advance: Advance, registered: None, ctx: Context
) -> dict[str, dict[str, str]]:
    """What the paths' names stand for: a request under way with tasks, a letter and a decision that waits."""
    filed = await file("access", "erasure")
    await advance(filed["id"])
    path = f"{PATH}/{filed['id']}"
    version = (await client.get(path, headers=AGENT.headers())).headers["etag"]
    decided = await client.post(
        f"{path}/claims/{filed['claims'][1]['id']}/decision",
        json={"outcome": "granted", "plan": {"facts": {"contract": "ended"}}},
        headers=AGENT.headers(**{"If-Match": version}),
    )
    tasks = (await client.get(f"{path}/tasks", headers=AGENT.headers())).json()["items"]
    processors = (await client.get("/v1/processors", headers=ADMIN.headers())).json()["items"]
    letters = (await client.get(f"{path}/letters", headers=AGENT.headers())).json()["items"]
    (letter,) = [one for one in letters if one["kind"] == "receipt"]
    request = {"id": filed["id"], "claim": filed["claims"][0]["id"], "letter": letter["id"], "question": str(uuid4())}
    request |= {"entry": str(uuid4()), "forwarding": str(uuid4())}
    restriction = RestrictionRow(
        id=uuid4(),
        controller_id="westra",
        request_id=UUID(filed["id"]),
        claim_id=UUID(filed["claims"][0]["id"]),
        reference=filed["reference"],
        ground="accuracy_contested",
        categories=["contact"],
        since=datetime.now(UTC),
    )
    async with ctx.database.transaction(["westra"]) as tx:
        tx.session.add(restriction)
        await tx.session.flush()
        restricted = str(restriction.id)
    return {
        "reference": {"reference": filed["reference"]},
        "/v1/restrictions": {"id": restricted},
        OWN_PATH: request,
        PATH: request,
        "/v1/approvals": {"id": decided.json()["approval_id"]},
        "/v1/tasks": {"id": tasks[0]["id"], "file": str(uuid4())},
        "/p/": {"token": "westra." + "x" * 43, "step": "answer"},
        "/v1/processors": {"id": processors[0]["id"], "name": "signing"},
        "/v1/restorations": {"processor": processors[0]["id"]},
        "/v1/controllers": {"id": "westra"},
        "/v1/intake": {"controller": "westra", "id": filed["id"]},
        "/v1/downloads": {"token": "westra." + "x" * 43},
        "/v1/callbacks/vendors": {"controller": "westra", "processor_id": processors[0]["id"]},
        "/v1/callbacks": {"token": "westra." + "x" * 43},
        "/v1/letter-templates": {"sha256": letter["template_sha256"]},
        "/problems": {"type": "fault"},
    }


def is_let_in(answer: httpx.Response) -> bool:
    if answer.headers.get("content-type", "").startswith("text/html"):
        return True  # a page: nobody needs a token to be told that there is none
    if answer.status_code in (403, 404):
        return answer.json()["type"] in INSIDE
    return answer.status_code != 401


def place(ids: dict[str, dict[str, str]], path: str) -> str:
    names = next((found for start, found in ids.items() if path.startswith(start)), {})
    return path.format(**names)


def body_of(row: Row, ids: dict[str, dict[str, str]]) -> Any:
    """A call's body, with the reference of the request there is where it names one."""
    if isinstance(row.json, dict) and "processor" in row.json:
        return row.json | ids["/v1/restorations"]
    is_named = isinstance(row.json, dict) and "reference" in row.json
    return ids["reference"] if is_named else row.json


def in_order(one: tuple[tuple[str, str], Row]) -> tuple[bool, tuple[str, str]]:
    """What takes a thing out of sight comes last."""
    (method, path), _ = one
    return method == "DELETE" or path.endswith("/protected-identity"), (method, path)


class TestEveryRoute:
    def test_is_in_the_table(self) -> None:
        """
        A new route says who may use it before it is tried.
        """
        assert routes() == set(TABLE)

    @pytest.mark.parametrize("name", BEARERS)
    async def test_lets_in_whom_the_table_names(
        self, client: httpx.AsyncClient, ids: dict[str, dict[str, str]], name: str
    ) -> None:
        """
        Role, controller and person decide; what is somebody else's is not there.
        """
        bearer = BEARERS[name]
        wrong = []
        for (method, path), row in sorted(TABLE.items(), key=in_order):
            more = {"If-Match": etag(1), "Idempotency-Key": str(uuid4())}
            headers = bearer.headers(**more) if bearer else more
            query = {name: value.format(**ids.get("/v1/restorations", {})) for name, value in row.query.items()}
            answer = await client.request(
                method, place(ids, path), json=body_of(row, ids), params=query, headers=headers
            )
            assert answer.status_code < 500, (method, path, answer.text)
            if is_let_in(answer) != (name in row.allowed):
                wrong.append((method, path, answer.status_code, answer.text))

        assert wrong == []

    async def test_shows_another_tenant_nothing(
        self, client: httpx.AsyncClient, ids: dict[str, dict[str, str]]
    ) -> None:
        """
        Lists are there for every tenant's staff, and hold the tenant's own alone.
        """
        for path in (PATH, "/v1/approvals", "/v1/tasks", "/v1/processors", "/v1/letters"):
            answer = await client.get(path, headers=FOREIGN_AGENT.headers())

            assert (path, answer.json()["items"]) == (path, [])

        found = await client.post(f"{PATH}/search", json=PERSON, headers=FOREIGN_AGENT.headers())
        assert found.json()["items"] == []

    async def test_answers_a_stranger_with_where_to_log_in(self, client: httpx.AsyncClient) -> None:
        """
        RFC 9728: the 401 says where the metadata is; without a token it says nothing about one (RFC 6750 3.1).
        """
        answer = await client.get(PATH)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == (
            'Bearer resource_metadata="https://insyn.example.com/.well-known/oauth-protected-resource"'
        )
