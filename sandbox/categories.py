"""
Which kinds of rows a controller counts under which of its data categories.

The processors keep rows of their own kinds (invoices, zones, transcripts); a task names the controller's
categories, as its policy has them. A kind that a controller's policy does not speak of is not kept for it;
an empty category is one whose data no simulated processor holds.
Whichever service is asked for a category answers with the rows of it that it happens to hold.
"""

from collections.abc import Iterable

#: Which simulated processors each controller uses, as its profile wires them.
SERVICES_OF: dict[str, tuple[str, ...]] = {
    "westra": ("guard-company", "telephony"),
    "westila": ("crm", "billing"),
    "sos-alarm": ("crm", "billing"),
    "securitas": ("guard-company", "telephony"),
    "sensor-alarm": ("guard-company", "billing", "crm", "telephony"),
}
CONTROLLERS = tuple(SERVICES_OF)

#: The row that describes the person itself, one kind a service: what a rectification changes.
CARDS = frozenset({"account", "payer", "card", "caller"})

_PEOPLE = ("account", "payer", "card", "caller", "consents", "decisions")

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "westra": {
        "contact": (*_PEOPLE, "notes"),
        "credentials": ("credentials",),
        "photo_video": ("images",),
        "call_recording": ("recordings",),
        "alarm_history": ("alarm_events", "call_outs"),
        "transmitter_log": ("transmitter", "zones", "key_holders"),
        "bookkeeping_records": ("invoices", "bank"),
    },
    "westila": {
        "contact": (*_PEOPLE, "notes"),
        "personnummer": ("identity_number",),
        "orders": ("orders", "offers"),
        "cookies": (),
        "bookkeeping_records": ("invoices", "bank"),
    },
    "sos-alarm": {
        "account_contact": (*_PEOPLE, "identity_number"),
        "customer_traffic_location": ("traffic",),
        "interaction": ("web_visits", "offers"),
        "case_history": ("notes",),
        "web_activity_contact": ("sign_ups",),
        "newsletter": ("subscriptions",),
        "cctv": (),
        "cctv_archived": (),
        "bookkeeping_records": ("invoices", "bank"),
    },
    "securitas": {
        "alarm_contact": (*_PEOPLE, "contacts", "images"),
        "personnummer": ("identity_number",),
        "call_audio": ("recordings",),
        "alarm_case_log": ("alarm_events", "call_outs", "zones", "key_holders", "transmitter"),
        "gps": ("gps",),
        "fastighetsjour": ("errands",),
    },
    "sensor-alarm": {
        "customer": (*_PEOPLE, "notes", "offers", "images", "call_outs", "bank"),
        "gps": ("gps",),
        "emergency_contacts": ("contacts",),
        "referrals": ("referrals",),
        "call_recording": ("recordings",),
        "arm_disarm_history": ("alarm_events",),
        "web_analytics": (),
        "cookies": (),
        "bookkeeping_records": ("invoices",),
    },
}


def category_of(controller: str) -> dict[str, str]:
    """Return the category of each kind that the controller's policy speaks of."""
    return {kind: category for category, kinds in KINDS.get(controller, {}).items() for kind in kinds}


def kinds_of(controller: str, categories: Iterable[str]) -> dict[str, str]:
    """Return kind -> category for *categories*; no categories means all of the controller's."""
    wanted = set(categories)
    return {kind: cat for kind, cat in category_of(controller).items() if not wanted or cat in wanted}


#: Who ordered the monitoring at a person's place, where the controller is only the customer's processor; of whoever
#: is not named here the production system does not know it, and a person has to find out.
CUSTOMERS: dict[str, dict[str, dict[str, str]]] = {
    "securitas": {
        "anna-lindqvist": {"name": "Bostadsrättsföreningen Exempelhöjden", "contact": "styrelsen@example.org"},
        "karin-ek": {"name": "Exempelfastigheter AB", "contact": "dso@example.org"},
        "omar-aziz": {"name": "Exempelfastigheter AB", "contact": "dso@example.org"},
    }
}


def customer_of(controller: str, person: str) -> dict[str, str] | None:
    """Return name and contact of the customer a person's alarm data are held for, as the processor knows it."""
    return CUSTOMERS.get(controller, {}).get(person)
