"""
The first day of the simulated outside world: every processor's files about the fictional people.
"""

from sandbox.categories import category_of
from sandbox.identifiers import normalise
from sandbox.people import PEOPLE, Person
from sandbox.records import rows_about
from sandbox.store import AHEAD, WORLD, Store

_POPULATED = "populated"


def populate(store: Store) -> None:
    """Fill an empty store; one that was filled before stays as it is, whatever has become of its people."""
    with store.transaction():
        if store.fact(_POPULATED):
            return
        for person in PEOPLE:
            for controller, services in person.known_by.items():
                for service in services:
                    _file(store, person, controller, service)
        store.put_fact(_POPULATED, True)


def start_again(store: Store) -> None:
    """Bring the world back to its first day; connections and the issuer's keys stay."""
    with store.transaction():
        store.reset()
        store.put_fact(_POPULATED, False)
        store.put_fact(WORLD, (store.fact(WORLD) or 0) + 1)
        store.put_fact(AHEAD, 0.0)
        populate(store)


def _file(store: Store, person: Person, controller: str, service: str) -> None:
    identifiers = {type: [normalise(type, value)] for type, value in person.identifiers if type in person.told}
    store.add_subject(service=service, controller=controller, person=person.id, identifiers=identifiers)
    kept = category_of(controller)
    for kind, body in rows_about(person, service):
        if kind in kept:
            store.add_record(service=service, controller=controller, person=person.id, kind=kind, body=body)
