"""
Fault scripts: what goes wrong at a simulated processor, one entry for each task call that comes in.

Entries are taken in order. One with a filter (``action``, ``controller``) waits for a call that fits and lets
others pass; ``times`` makes an entry count for several calls. The script is kept in the store, so a restarted
server goes on where it stopped.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.store import Store


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str | None = Field(default=None, max_length=40, description="Only for calls with this action.")
    controller: str | None = Field(default=None, max_length=63, description="Only for this controller.")
    times: int = Field(default=1, ge=1, le=100_000, description="For how many calls.")


class Delay(_Fault):
    """Wait, then do the work and answer as usual."""

    fault: Literal["delay"]
    seconds: float = Field(ge=0, le=600)


class Status(_Fault):
    """Do nothing and answer with this status."""

    fault: Literal["status"]
    status: int = Field(ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0, description="Seconds, sent as Retry-After.")


class Plain(_Fault):
    """
    A fault without a number.

    ``malformed``: the work is done, the answer is broken JSON. ``drop_after_processing``: the work is done, the
    connection is cut before the answer is whole. ``ok``: nothing goes wrong.
    """

    fault: Literal["ok", "malformed", "drop_after_processing"]


class CallbackFault(_Fault):
    """
    A fault of the answer that comes later; only where answers come as callbacks.

    ``duplicate_callback``: the final event twice. ``reorder_callbacks``: an event ``accepted`` comes after the
    final one. ``wrong_signature_callback``: first a forged event, then the real one.
    """

    fault: Literal["duplicate_callback", "reorder_callbacks", "wrong_signature_callback"]


Fault = Annotated[Delay | Status | Plain | CallbackFault, Field(discriminator="fault")]
_ONE: TypeAdapter[Fault] = TypeAdapter(Fault)
NO_FAULT = Plain(fault="ok")


def add(store: Store, service: str, script: list[Fault]) -> None:
    """Put *script* at the end of what is still to go wrong at *service*."""
    rows = [(service, fault.model_dump_json(exclude_none=True), fault.times) for fault in script]
    with store.transaction() as db:
        db.executemany("INSERT INTO faults (service, script, remaining) VALUES (?, ?, ?)", rows)


def pending(store: Store, service: str) -> list[Fault]:
    """Return what is still to go wrong at *service*, in order; ``times`` is what remains."""
    rows = store.read("SELECT script, remaining FROM faults WHERE service = ? ORDER BY id", service)
    return [_ONE.validate_json(row["script"]).model_copy(update={"times": row["remaining"]}) for row in rows]


def clear(store: Store, service: str) -> None:
    with store.transaction() as db:
        db.execute("DELETE FROM faults WHERE service = ?", (service,))


def take(store: Store, service: str, *, action: str, controller: str) -> Fault:
    """Use up and return the fault for this call; :data:`NO_FAULT` if the script has none that fits."""
    # Looked at without the write lock first: most calls are those in which nothing goes wrong.
    if not store.read("SELECT 1 FROM faults WHERE service = ? LIMIT 1", service):
        return NO_FAULT
    with store.transaction() as db:
        for row in db.execute("SELECT id, script FROM faults WHERE service = ? ORDER BY id", (service,)).fetchall():
            fault = _ONE.validate_json(row["script"])
            if fault.action not in (None, action) or fault.controller not in (None, controller):
                continue
            db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (row["id"],))
            db.execute("DELETE FROM faults WHERE remaining <= 0")
            return fault
    return NO_FAULT
