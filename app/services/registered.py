"""What a registration says, where it leads, and what is written down when somebody changes it (GDPR Art. 5(2), 32)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.db import Tx
from app.domain import whereabouts
from app.domain.audit import AuditStep, as_code
from app.models import ProcessorRow
from app.services import steps
from app.services.context import Actor

#: All that a registration says besides its settings; whoever changes any of it is written down.
_SAID = (
    "kind", "state", "endpoint", "actions", "categories", "identifier_types", "title", "recipient_kind", "after",
    "answer_mode", "idempotency", "rate_per_second", "burst", "concurrency", "quota", "contact", "country",
    "sandbox_service",
)  # fmt: skip
#: What more of it means more that is told, or more that may be done there.
_REACH = ("actions", "categories", "identifier_types")


@dataclass(frozen=True, kw_only=True)
class Before:
    """What a registration said before it was changed."""

    said: Mapping[str, Any]
    settings: Mapping[str, Any]
    was_on: bool

    @classmethod
    def of(cls, row: ProcessorRow) -> "Before":
        said = {name: getattr(row, name) for name in _SAID}
        return cls(said=said, settings=dict(row.settings), was_on=row.was_on)

    def is_left_by(self, row: ProcessorRow) -> bool:
        before = whereabouts.place_of(self.said["endpoint"], self.settings)
        after = place_of(row)
        return self.said["kind"] != row.kind or whereabouts.is_elsewhere(before, after, was_on=self.was_on)

    def changed_in(self, row: ProcessorRow) -> list[str]:
        names = [name for name, value in self.said.items() if value != getattr(row, name)]
        return names + [f"settings/{one}" for one in whereabouts.changes_in(self.settings, row.settings)]

    def widened_in(self, row: ProcessorRow) -> list[str]:
        return [name for name in _REACH if set(getattr(row, name)) - set(self.said[name])]


def place_of(row: ProcessorRow) -> dict[str, str]:
    """Where a registration leads, see :func:`app.domain.whereabouts.place_of`."""
    return whereabouts.place_of(row.endpoint, row.settings)


async def write_down(tx: Tx, row: ProcessorRow, before: Before, forgotten: Sequence[str], actor: Actor) -> None:
    """Write down who changed a registration, and what of it: names, and no values."""
    if not (changed := before.changed_in(row)):
        return
    facts = {
        "changed": [as_code(one) for one in changed],
        "state": row.state,
        "elsewhere": before.is_left_by(row),
        "widened": before.widened_in(row),
        "secrets_forgotten": [as_code(one) for one in forgotten],
    }
    await steps.note(tx, row, AuditStep.PROCESSOR_CHANGED, actor=actor, facts=facts)
