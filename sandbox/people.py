"""
The fictional people of the sandbox, and who knows them.

Nobody here exists. The personal numbers have a right check digit and serial numbers from 980 up; telephone
numbers come from the ranges set aside for fiction, e-mail addresses from the domains reserved for examples.
Each person has a story, because the hard cases of the trade are stories: an ex-partner who shares the home, a
contact person who never was a customer, a hidden address, two of the same name behind one door.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.categories import CONTROLLERS, SERVICES_OF

GUARD, BILLING, CRM, TELEPHONY = "guard-company", "billing", "crm", "telephony"


@dataclass(frozen=True)
class Person:
    """
    One fictional person.

    *told* names the identifier types the processors have on file; *known_by* the services per controller;
    *user_code* the code that arms and disarms the installation at *home*.
    """

    id: str
    name: str
    story: str
    about: str
    personnummer: str
    email: str
    phone: str
    address: str
    home: str
    user_code: str = "01"
    customer_number: str | None = None
    told: frozenset[str] = frozenset(
        {"personnummer", "email", "phone", "customer_number", "name", "address", "installation_id"}
    )
    known_by: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(SERVICES_OF))

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """What the person can say about themselves, as (type, value)."""
        values = {
            "personnummer": self.personnummer,
            "email": self.email,
            "phone": self.phone,
            "customer_number": self.customer_number,
            "name": self.name,
            "address": self.address,
            "installation_id": self.home,
        }
        return [(type, value) for type, value in values.items() if value]

    def __repr__(self) -> str:
        return f"Person({self.id})"


def _only(*services: str, at: tuple[str, ...] = CONTROLLERS) -> dict[str, tuple[str, ...]]:
    """Known to these services, wherever one of them is used."""
    known = {controller: tuple(s for s in SERVICES_OF[controller] if s in services) for controller in at}
    return {controller: found for controller, found in known.items() if found}


_LINDEN, _PROVGRAND = "Exempelvägen 4, 999 01 Provstad", "Provgränd 2, 999 02 Provstad"

PEOPLE: tuple[Person, ...] = (
    Person("anna-lindqvist", "Anna Lindqvist", "customer", "Has an alarm at home; all processors know her.",
           "198504129829", "anna.lindqvist@example.org", "070-174 06 05", _LINDEN, "INST-4711",
           customer_number="C-10001"),
    Person("bjorn-lindqvist", "Björn Lindqvist", "ex_partner",
           "Moved out of Anna's home; still second user of her alarm, no customer himself.",
           "198209179814", "bjorn.lindqvist@example.net", "070-174 06 06", _LINDEN, "INST-4711", "02",
           known_by=_only(GUARD)),
    Person("karin-ek", "Karin Ek", "customer", "Lives alone, has an alarm at home.",
           "199102039840", "karin.ek@example.org", "070-174 06 07", "Exempelvägen 9, 999 01 Provstad", "INST-4712",
           customer_number="C-10002"),
    Person("omar-aziz", "Omar Aziz", "customer", "Has an alarm at home and many invoices.",
           "197707149899", "omar.aziz@example.com", "070-174 06 08", "Mallgatan 11, 999 03 Provstad", "INST-4713",
           customer_number="C-10003"),
    Person("eva-johansson", "Eva Johansson", "namesake", "Shares name and address with her daughter.",
           "195506309839", "eva.johansson@example.org", "070-174 06 09", _PROVGRAND, "INST-4714",
           customer_number="C-10004"),
    Person("eva-johansson-junior", "Eva Johansson", "namesake", "The daughter; same name, same door.",
           "198806309855", "eva.junior@example.org", "070-174 06 10", _PROVGRAND, "INST-4714", "02",
           customer_number="C-10005"),
    Person("maria-nyberg", "Maria Nyberg", "contact_person", "Anna's neighbour, called when the alarm goes off.",
           "197801219861", "maria.nyberg@example.net", "070-174 06 11", "Exempelvägen 6, 999 01 Provstad",
           "INST-4711", told=frozenset({"name", "phone", "email"}),
           known_by=_only(GUARD, at=("securitas", "sensor-alarm"))),
    Person("siv-holm", "Siv Holm", "referral", "Recommended by a customer; never bought anything.",
           "199311089883", "siv.holm@example.com", "070-174 06 12", "Mallgatan 3, 999 03 Provstad", "INST-0",
           told=frozenset({"name", "phone", "email"}), known_by=_only(CRM, at=("sensor-alarm",))),
    Person("elin-dahl", "Elin Dahl", "protected_identity", "Customer whose address must not be known to anyone.",
           "199005159802", "elin.dahl@example.org", "070-174 06 13", "Skyddad adress", "INST-4716",
           customer_number="C-10006", known_by=_only(GUARD, CRM)),
    Person("nils-falk", "Nils Falk", "unknown", "Asks everywhere, is known nowhere.",
           "196909119874", "nils.falk@example.net", "070-174 06 14", "Mallgatan 30, 999 03 Provstad", "INST-0",
           known_by={}),
    Person("petra-sund", "Petra Sund", "employee", "Works for a customer; opens and locks its shop with her code.",
           "198402269925", "petra.sund@example.com", "031-390 06 01", "Provtorget 1, 999 04 Provstad", "INST-4720",
           "03", known_by=_only(GUARD, TELEPHONY)),
    Person("tove-berg", "Tove Berg", "former_customer", "Left years ago; old and newer invoices remain.",
           "197403039907", "tove.berg@example.org", "070-174 06 15", "Exempelvägen 12, 999 01 Provstad", "INST-4717",
           customer_number="C-10007"),
    Person("leif-strand", "Leif Strand", "coordination_number", "Customer with a coordination number (day + 60).",
           "196604819935", "leif.strand@example.com", "070-174 06 16", "Provtorget 8, 999 04 Provstad", "INST-4718",
           customer_number="C-10008"),
)  # fmt: skip
BY_ID = {person.id: person for person in PEOPLE}


def as_json(person: Person) -> dict[str, Any]:
    """Return what ``GET /sandbox/people`` shows of one person."""
    return {
        "id": person.id,
        "name": person.name,
        "story": person.story,
        "about": person.about,
        "identifiers": [{"type": type, "value": value} for type, value in person.identifiers],
        "known_by": [{"controller": c, "processors": list(s)} for c, s in person.known_by.items()],
    }
