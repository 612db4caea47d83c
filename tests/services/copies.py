"""A copy on its way out: made by hand, looked at, opened."""

import io
import json
import zipfile

from app.domain.redaction import Redaction, RedactionAction
from app.services import redacting, steps
from app.services.redacting import Asked
from tests.harness.house import AGENT, APPROVER
from tests.services.by_hand import DONE, answer_all, found, grant

NOTE = "Granskat mot originalet av handläggaren."


def gives(**records):
    """What a recipient answers: rows by category."""
    return DONE | {"records": [{"category": category, "rows": rows} for category, rows in records.items()]}


async def sealed(house, right, *, alarm_centre, others=None, **changed):
    """A request whose copy waits to be let out; everybody but the alarm centre knows nothing, unless said."""
    request_id = await found(house, right, **changed)
    seen = await grant(house, request_id, right)
    said = {"alarm-centre": alarm_centre} | (others or {})
    await answer_all(house, request_id, lambda task: said.get(seen.keys[task.processor_id], {"outcome": "not_found"}))
    return request_id


async def preview(house, request_id, *, actor=APPROVER):
    async with house.tx() as tx:
        return await redacting.preview(tx, house.ctx, await steps.hold(tx, request_id), actor=actor)


async def redact(house, request_id, *changes, version=1, actor=AGENT):
    """Change what leaves: each change is (row of the preview with its place, action, reason, more)."""
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        return await redacting.redact(tx, house.ctx, row, changes, version=version, actor=actor)


def change(place, action, reason, *, note=NOTE, **more):
    processor, category, row = place
    said = Redaction(row=row["row"], action=RedactionAction(action), reason=reason, note=note, **more)
    return Asked(processor=processor, category=category, redaction=said)


def rows_in(seen):
    """Every row of a preview with its place."""
    return [
        (part["processor"], category["category"], row)
        for part in seen["processors"]
        for category in part["categories"]
        for row in category["rows"]
    ]


async def files_of(house, request_id):
    with zipfile.ZipFile(io.BytesIO(await house.package(request_id))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def copy_of(house, request_id, key="alarm-centre"):
    """The rows of one recipient's copy, by category."""
    part = json.loads((await files_of(house, request_id))[f"data/{key}.json"])
    return {category["category"]: category["rows"] for category in part["categories"]}
