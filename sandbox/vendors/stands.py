"""
The vendors that the shipped profiles name, as they stand in the sandbox: who is served, and how each is connected.

A registration of kind ``rest`` says in its profile which connector it uses and what its outputs are; what else it
needs (tenant numbers, secrets) is here, as a vendor's console would give it out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.store import Store
from sandbox.vendors import adobe, billecta, google_analytics, meta, webcrm
from sandbox.vendors._base import Vendor

SECRETS = "vendor_secrets"


@dataclass(frozen=True)
class Stand:
    """One vendor: how it is made, and the settings and secrets of whoever has an account there."""

    make: Callable[[Store], Vendor]
    secrets: Callable[[Vendor], Mapping[str, str]]
    settings: Mapping[str, Any] = field(default_factory=dict)


def _key_of(vendor: Vendor) -> Mapping[str, str]:
    assert isinstance(vendor, google_analytics.GoogleAnalytics)  # noqa: S101 - a stand knows its vendor
    return {"client_email": google_analytics.ACCOUNT, "private_key": vendor.private_key}


#: By the connector's name.
STANDS: Mapping[str, Stand] = {
    "billecta": Stand(
        make=lambda store: billecta.Billecta(store=store),
        secrets=lambda _: {"username": billecta.USER, "password": billecta.PASSWORD},
        settings={"creditor_id": billecta.CREDITOR},
    ),
    "webcrm": Stand(
        make=lambda store: webcrm.WebCrm(store=store),
        secrets=lambda _: {"auth_code": webcrm.AUTH_CODE},
    ),
    "google_analytics": Stand(
        make=lambda store: google_analytics.GoogleAnalytics(store=store),
        secrets=_key_of,
        settings={"property_id": google_analytics.PROPERTY},
    ),
    "adobe_privacy": Stand(
        make=lambda store: adobe.Adobe(store=store),
        secrets=lambda _: {"client_secret": adobe.CLIENT_SECRET},
        settings={"org_id": adobe.ORG, "client_id": adobe.CLIENT_ID, "products": ["analytics", "target"]},
    ),
    "meta_audiences": Stand(
        make=lambda store: meta.Meta(store=store),
        secrets=lambda _: {"access_token": meta.TOKEN},
        settings={"ad_account": meta.ACCOUNT},
    ),
}


def open_all(store: Store) -> dict[str, Vendor]:
    """Every vendor of the shipped profiles, with its secrets written down for whoever connects it."""
    made = {name: stand.make(store) for name, stand in STANDS.items()}
    store.put_fact(SECRETS, {name: dict(STANDS[name].secrets(vendor)) for name, vendor in made.items()})
    return made
