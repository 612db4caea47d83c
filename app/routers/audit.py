"""The chain of what was done: read as JSON, taken away as the lines that can be checked without us."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.audit import AuditStep
from app.domain.audit_export import export_lines, heads_of
from app.repositories import audit
from app.routers.dependencies import Reader
from app.routers.documented import READS, reply
from app.schemas.records import AuditList
from app.services import steps, views

router = APIRouter(tags=["requests"])

LINES = "application/jsonl"


@router.get(
    "/v1/requests/{id}/audit",
    operation_id="getAudit",
    response_model=AuditList,
    responses=READS | {200: {"content": {LINES: {"schema": {"type": "string"}}}}},
)
async def read(work: Reader, request: Request, id: UUID) -> Response:
    """
    Everything that was done with the request, this reading included.

    With ``Accept: application/jsonl`` as an export: a header with the chain's head, then one entry a line.
    """
    row = await steps.hold(work.tx, id)
    if LINES not in request.headers.get("accept", ""):
        await steps.note(work.tx, row, AuditStep.AUDIT_READ, actor=work.actor)
        entries = await views.chain(work.tx, row)
        return reply(AuditList, {"items": [views.audit_entry(one) for one in entries]})
    await steps.note(work.tx, row, AuditStep.AUDIT_EXPORTED, actor=work.actor)
    links = [audit.as_link(one) for one in await views.chain(work.tx, row)]
    lines = export_lines(links, controller=row.controller_id, exported_at=work.tx.now, heads=heads_of(links))
    name = {"content-disposition": f'attachment; filename="{row.reference}-audit.jsonl"'}
    return Response("".join(f"{line}\n" for line in lines), media_type=LINES, headers=name)
