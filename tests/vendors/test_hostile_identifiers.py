"""What a requester writes about themselves goes into vendors' queries, paths and bodies: it must stay a value there."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.domain.fanout import Action, AnswerMode, Outcome
from sandbox.vendors import adobe, billecta, evalink, fortnox, google_analytics, meta, visma, webcrm
from sandbox.vendors._base import Vendor
from tests.vendors.connected import connected, order

EVIL = (
    "../../../v1/creditors/creditors",
    "..%2f..%2fv1%2fdebtors",
    "%00",
    "x?externalid=C-10001",
    "x&externalid=C-10001",
    "x#C-10001",
    "x' OR '1'='1",
    "x' OR PersonStatus = 'Active",
    "x'; DELETE FROM Person; --",
    "x' or CustomerNumber eq '10001",
    '"}, "clientId": "1.1',
    "{{ secrets.password }}",
    "{{ settings }}",
    "x\r\nX-Injected: 1",
    "x\r\n\r\nDELETE /v1/debtors/debtor/1 HTTP/1.1",
    "*",
    "%",
    "' || '1",
    "\\' OR PersonId = 4711 --",
    "<script>alert(1)</script>",
    "A" * 4000,
    "\u202egro.elpmaxe@anna",
)


@dataclass(frozen=True)
class Case:
    """A connector, its simulated vendor, and its registration."""

    connector: str
    vendor: type[Vendor]
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]
    mode: AnswerMode = AnswerMode.SYNC


CASES = (
    Case(
        "billecta",
        billecta.Billecta,
        {"username": billecta.USER, "password": billecta.PASSWORD},
        {"creditor_id": billecta.CREDITOR},
    ),
    Case("webcrm", webcrm.WebCrm, {"auth_code": webcrm.AUTH_CODE}, {}),
    Case(
        "google_analytics",
        google_analytics.GoogleAnalytics,
        {"client_email": google_analytics.ACCOUNT},
        {"property_id": google_analytics.PROPERTY, "sends_customer_number": "upper", "collects_contact_data": "yes"},
    ),
    Case(
        "adobe_privacy",
        adobe.Adobe,
        {"client_secret": adobe.CLIENT_SECRET},
        {"org_id": adobe.ORG, "client_id": adobe.CLIENT_ID, "products": ["analytics"]},
        AnswerMode.POLL,
    ),
    Case("meta_audiences", meta.Meta, {"access_token": meta.TOKEN}, {"ad_account": meta.ACCOUNT}),
    Case(
        "fortnox",
        fortnox.Fortnox,
        {"client_secret": fortnox.CLIENT_SECRET},
        {"tenant_id": fortnox.TENANT, "client_id": fortnox.CLIENT_ID},
    ),
    Case(
        "visma",
        visma.Visma,
        {"client_secret": visma.CLIENT_SECRET, "refresh_token": visma.FIRST_REFRESH},
        {"client_id": visma.CLIENT_ID},
    ),
    Case("evalink", evalink.Evalink, {"api_token": evalink.TOKEN}, {"company_id": evalink.COMPANY}),
)
OUTPUTS = {
    "billecta": ("customer", "events", "open_invoices", "closed_invoices"),
    "webcrm": ("person", "activities", "cases", "documents"),
    "google_analytics": ("visits",),
    "adobe_privacy": ("visits",),
    "meta_audiences": ("audiences",),
    "fortnox": ("customer", "invoices", "offers", "orders"),
    "visma": ("customer", "invoices"),
    "evalink": ("site", "contact", "alarms"),
}
#: What changes at a vendor by being called at all, and with nobody's data.
_NOBODYS = ("effects", "tokens", "refresh", "jobs")


def _held(vendor: Vendor) -> dict[str, Any]:
    return copy.deepcopy({name: rows for name, rows in vendor.state.items() if name not in _NOBODYS})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.connector)
class TestAnIdentifierWrittenToDoHarm:
    @pytest.mark.parametrize("action", [Action.ERASE, Action.EXPORT, Action.RECTIFY])
    async def test_reaches_nobody_and_opens_nothing(self, case: Case, action: Action) -> None:
        """
        Nobody's record is read out or changed, no call leaves the vendor's documented ones, no secret goes along.
        """
        vendor = case.vendor()
        # A service account's key is made anew for each vendor.
        own_key = {"private_key": vendor.private_key} if isinstance(vendor, google_analytics.GoogleAnalytics) else {}
        secrets = {**case.secrets, **own_key}
        categories = dict.fromkeys(OUTPUTS[case.connector], "contact")
        before = _held(vendor)
        async with connected(
            vendor, case.connector, categories=categories, secrets=secrets, mode=case.mode, **case.settings
        ) as there:
            for evil in EVIL:
                known = [{"type": one, "value": evil, "format": "text"} for one in ("customer_number", "email")]
                asked = order(action, "anna-lindqvist", corrections=[{"field": "city", "value": "Lund"}])
                answer = await there.do(action, replace(asked, identifiers=tuple(known)))
                assert not answer.body.get("records"), evil
                assert answer.outcome is not Outcome.COMPLETED or case.connector == "adobe_privacy", evil
        assert vendor.calls or action is not Action.ERASE or case.connector == "evalink"  # whose erasure is a person's
        assert _held(vendor) == before
        assert not [one for one in vendor.effects if one.get("persons") or one.get("visitor") or one.get("person")]
        assert {call.status for call in vendor.calls} <= {200, 202, 400, 404}
        sent = str([(call.path, call.query, call.body) for call in vendor.calls if call.line not in case.vendor.public])
        assert not [one for one in secrets.values() if one in sent]
        assert not [call for call in vendor.calls if "x-injected" in call.headers]
