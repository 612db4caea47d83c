"""
What each simulated processor has on file about each fictional person.

Rows are flat. Where several people's doings meet in one row, the row says whose it is: ``user_is_subject`` in an
alarm's history, ``speaker`` in a transcript, ``supplied_by_subject`` on a contact person.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.people import BILLING, CRM, GUARD, TELEPHONY, Person

Row = dict[str, Any]

_USERS = {
    "INST-4711": {"01": "Anna Lindqvist", "02": "Björn Lindqvist"},
    "INST-4714": {"01": "Eva Johansson", "02": "Eva Johansson"},
    "INST-4720": {"01": "Butikschef", "02": "Städfirman", "03": "Petra Sund"},
}
#: What happened, when, by whom, and how the panel said so: SIA DC-03 and Contact ID (DC-05).
_HISTORY = (
    ("2026-09-01T07:42:10+02:00", "armed", "01", "CL", "3401"),
    ("2026-09-01T17:05:33+02:00", "disarmed", "02", "OP", "1401"),
    ("2026-09-14T22:31:02+02:00", "alarm", None, "BA", "1130"),
    ("2026-09-14T22:33:47+02:00", "disarmed", "01", "OR", "1401"),
    ("2026-10-03T08:12:55+02:00", "armed", "02", "CL", "3401"),
    ("2026-10-03T18:20:09+02:00", "disarmed", "03", "OP", "1401"),
)


def _self(person: Person) -> list[Row]:
    row: Row = {"name": person.name, "address": person.address, "phone": person.phone, "email": person.email}
    if person.customer_number:
        row["customer_number"] = person.customer_number
    if person.story == "protected_identity":
        row["protected_identity"] = True
    return [row]


def _contract(person: Person) -> Row:
    if person.story == "former_customer":
        return {"contract": "ended", "contract_ended_on": "2024-06-30"}
    return {"contract": "active"}


def _card(person: Person) -> list[Row]:
    return [_self(person)[0] | _contract(person)]


def _account(person: Person) -> list[Row]:
    about = {"installation_id": person.home, "user_code": person.user_code} | _contract(person)
    # The card stands among other people's contact cards at some companies; this one is the person's own.
    return [_self(person)[0] | about | {"user_is_subject": True}]


def _payer(person: Person) -> list[Row]:
    return [_self(person)[0] | {"payment": "autogiro"}]


def _caller(person: Person) -> list[Row]:
    return [{"name": person.name, "phone": person.phone}]


def _identity_number(person: Person) -> list[Row]:
    return [{"personnummer": person.personnummer}]


def _decisions(person: Person) -> list[Row]:
    return [
        {
            "decision_id": f"AD-{person.home[5:]}",
            "at": "2026-02-02",
            "made_by": "automatic",
            "result": "approved",
        }
    ]


def _alarm_events(person: Person) -> list[Row]:
    users = _USERS.get(person.home, {"01": person.name, "02": "Gäst"})
    rows = []
    for number, (at, event, code, sia, contact_id) in enumerate(_HISTORY, start=1):
        row: Row = {"event_id": f"{person.home}-{number}", "at": at, "event": event}
        row |= {"sia_code": sia, "contact_id": contact_id}
        if code is None:
            row |= {"zone": "2", "user_is_subject": False}
        elif code in users:
            row |= {"user_code": code, "user_name": users[code], "user_is_subject": code == person.user_code}
        else:
            continue
        rows.append(row)
    return rows


def _zones(person: Person) -> list[Row]:
    return [
        {"installation_id": person.home, "zone": "1", "place": "Entré", "detector": "magnetkontakt"},
        {"installation_id": person.home, "zone": "2", "place": "Altandörr", "detector": "glaskross"},
    ]


def _key_holders(person: Person) -> list[Row]:
    return [{"name": "Väktare 17", "key_tag": "K-0815", "cabinet": "B", "relation": "guard"}]


def _contacts(person: Person) -> list[Row]:
    neighbour = {"name": "Maria Nyberg", "phone": "070-174 06 11", "email": "maria.nyberg@example.net"}
    if person.story == "contact_person":
        return [neighbour | {"contact_for": person.home, "since": "2024-05-02", "supplied_by_subject": False}]
    return [neighbour | {"relation": "granne", "since": "2024-05-02", "supplied_by_subject": True}]


def _call_outs(person: Person) -> list[Row]:
    return [
        {
            "case_id": f"{person.home}-U1",
            "at": "2026-09-14T22:33:00+02:00",
            "cause": "inbrottslarm zon 2",
            "guard": "Väktare 17",
            "on_site_after_minutes": 14,
            "finding": "Ingen åverkan. Kontaktperson nådd per telefon.",
        }
    ]


def _credentials(person: Person) -> list[Row]:
    return [{"user_name": person.email, "password": "provlösenord", "code_word": "provord"}]


def _images(person: Person) -> list[Row]:
    return [
        {
            "image_id": f"{person.home}-B1",
            "at": "2026-09-14T22:31:05+02:00",
            "camera": "Altan",
            "people_seen": 1,
        }
    ]


def _transmitter(person: Person) -> list[Row]:
    return [
        {
            "at": "2026-10-01T03:00:00+02:00",
            "ip": "192.0.2.17",
            "event": "testsignal",
            "sia_code": "RP",
            "contact_id": "1602",
            "installation": person.home,
        }
    ]


def _gps(person: Person) -> list[Row]:
    return [
        {
            "at": "2026-10-02T12:00:00+02:00",
            "latitude": 57.7,
            "longitude": 11.97,
            "device": f"P-{person.home}",
        }
    ]


def _errands(person: Person) -> list[Row]:
    return [
        {
            "errand_id": f"{person.home}-J1",
            "at": "2026-08-20T21:10:00+02:00",
            "apartment": "1102",
            "text": "Läcka",
        }
    ]


def _invoices(person: Person) -> list[Row]:
    years = (2017, 2018, 2024) if person.story == "former_customer" else (2018, 2025, 2026)
    return [
        {
            "invoice_number": f"{year}-{person.home[5:]}",
            "bookkeeping_date": f"{year}-03-31",
            "amount_sek": "1497.00",
            "text": "Larmabonnemang kvartal 1",
            "payer": person.name,
        }
        for year in years
    ]


def _bank(person: Person) -> list[Row]:
    return [{"mandate": f"AG-{person.home[5:]}", "account": "8000-2 000 000 000-0", "bank": "Exempelbanken"}]


def _consents(person: Person) -> list[Row]:
    return [
        {"purpose": "marketing", "given": True, "at": "2025-01-15"},
        {"purpose": "surveys", "given": True, "at": "2025-01-15"},
    ]


def _notes(person: Person) -> list[Row]:
    return [
        {
            "at": "2026-04-11T10:02:00+02:00",
            "author": "Kundtjänst 4",
            "text": "Vill ha kortare bindningstid.",
        }
    ]


def _offers(person: Person) -> list[Row]:
    return [{"offer_id": f"O-{person.home[5:]}", "at": "2026-06-01", "what": "Rökdetektor", "price_sek": "990.00"}]


def _orders(person: Person) -> list[Row]:
    return [
        {
            "order_id": f"B-{person.home[5:]}",
            "at": "2025-01-20",
            "what": "Larmpaket Hem",
            "price_sek": "4990.00",
        }
    ]


def _referrals(person: Person) -> list[Row]:
    referred = {
        "name": "Siv Holm",
        "phone": "070-174 06 12",
        "email": "siv.holm@example.com",
        "at": "2026-05-05",
    }
    if person.story == "referral":
        return [referred | {"source": "recommended by a customer", "supplied_by_subject": False}]
    return [referred | {"supplied_by_subject": True}] if person.id == "karin-ek" else []


def _web_visits(person: Person) -> list[Row]:
    return [{"at": "2026-07-07T20:15:00+02:00", "ip": "198.51.100.24", "page": "/larm/hem", "seconds": 41}]


def _traffic(person: Person) -> list[Row]:
    return [{"at": "2026-05-19T06:44:00+02:00", "number": person.phone, "cell": "Provstad N", "seconds": 62}]


def _sign_ups(person: Person) -> list[Row]:
    return [{"at": "2026-03-12", "activity": "Webbinarium om trygghetslarm", "email": person.email}]


def _subscriptions(person: Person) -> list[Row]:
    return [{"list": "Nyhetsbrev", "since": "2025-01-15", "email": person.email}]


def _recordings(person: Person) -> list[Row]:
    call = {
        "call_id": f"{person.home}-S1",
        "at": "2026-09-14T22:32:10+02:00",
        "seconds": 38,
        "audio": "call.opus",
    }
    return [
        call
        | {
            "turn": 1,
            "speaker": "agent",
            "own_voice": False,
            "transcript": "Larmcentralen, vem talar jag med?",
        },
        call
        | {
            "turn": 2,
            "speaker": "caller",
            "own_voice": True,
            "transcript": f"{person.name}. Det var jag själv.",
        },
    ]


_FILES: dict[str, dict[str, Callable[[Person], list[Row]]]] = {
    GUARD: {
        "account": _account, "identity_number": _identity_number, "alarm_events": _alarm_events, "zones": _zones,
        "key_holders": _key_holders, "contacts": _contacts, "call_outs": _call_outs, "credentials": _credentials,
        "images": _images, "transmitter": _transmitter, "gps": _gps, "errands": _errands, "decisions": _decisions,
    },
    BILLING: {
        "payer": _payer, "identity_number": _identity_number, "invoices": _invoices, "bank": _bank,
        "decisions": _decisions,
    },
    CRM: {
        "card": _card, "identity_number": _identity_number, "consents": _consents, "notes": _notes,
        "offers": _offers, "orders": _orders, "referrals": _referrals, "web_visits": _web_visits,
        "contacts": _contacts, "traffic": _traffic, "sign_ups": _sign_ups, "subscriptions": _subscriptions,
        "decisions": _decisions,
    },
    TELEPHONY: {"caller": _caller, "recordings": _recordings},
}  # fmt: skip

#: People who are no customers are in few files; everybody else is in all of their service's.
_FEW: dict[str, frozenset[str]] = {
    "ex_partner": frozenset({"account", "alarm_events"}),
    "contact_person": frozenset({"contacts", "call_outs"}),
    "referral": frozenset({"referrals"}),
    "employee": frozenset({"alarm_events", "caller", "recordings"}),
}


def rows_about(person: Person, service: str) -> Iterator[tuple[str, Row]]:
    """Yield (kind, row) for everything *service* has on file about *person*."""
    few = _FEW.get(person.story)
    for kind, rows in _FILES[service].items():
        if few is None or kind in few:
            for row in rows(person):
                yield kind, row
