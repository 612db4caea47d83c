"""Checking the audit chain offline, beside hashing the same bytes and nothing else."""

import hashlib
import time
from datetime import UTC, datetime
from uuid import UUID

from app.domain.audit import AuditStep, Entry, Head, Link, canonical_json, chain, entry_as_json
from app.domain.audit_export import export_lines, heads_of, verify_export

CHAINS, LENGTH = 400, 40


def _links() -> list[Link]:
    links = []
    for number in range(CHAINS):
        head: Head | None = None
        for seq in range(1, LENGTH + 1):
            entry = Entry(
                controller="westra", request_id=str(UUID(int=number)), seq=seq, at=datetime.now(UTC),
                actor_role="processor", actor_ref="customer-records", step=AuditStep.TASK_CLOSED,
                facts={"task_id": str(UUID(int=seq)), "action": "export", "outcome": "completed", "by": "callback"},
            )  # fmt: skip
            links.append(chain(head, entry))
            head = Head(seq=seq, hash=links[-1].hash)
    return links


def entries_per_second() -> tuple[float, float]:
    """Entries checked per second, and the same entries' bytes hashed per second."""
    links = _links()
    heads = heads_of(links)
    lines = list(export_lines(links, controller="westra", exported_at=datetime.now(UTC), heads=heads))
    began = time.perf_counter()
    assert verify_export(lines, checkpoint=heads).is_sound
    ours = len(links) / (time.perf_counter() - began)
    spelt = [canonical_json({"entry": entry_as_json(one.entry), "prev": one.prev_hash}) for one in links]
    began = time.perf_counter()
    for one in spelt:
        hashlib.sha256(one).hexdigest()
    return ours, len(links) / (time.perf_counter() - began)
