"""Evidence for an authority: one ZIP a request, streamed and never kept."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.routers.dependencies import Officer
from app.routers.documented import READS
from app.services import evidence, evidence_files, steps

router = APIRouter(tags=["requests"])

_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
CHUNK = 64 * 1024


@router.get(
    "/v1/requests/{id}/evidence",
    operation_id="exportEvidence",
    response_class=StreamingResponse,
    responses=READS | {200: {"description": "The evidence pack.", "content": _ZIP}},
)
async def export(work: Officer, id: UUID) -> StreamingResponse:
    """
    Everything about a request for the supervisory authority: timeline, decisions, letters, proof, and an offline check.

    For the data protection officer, with a login of the last five minutes: it holds everything about a person at once.
    """
    work.check_fresh_login()
    # Set before the request is held: nobody waits for the press.
    papers = await evidence_files.papers(work.tx, work.ctx, await steps.find(work.tx, id))
    row = await steps.hold(work.tx, id)
    found = await evidence.export(work.tx, work.ctx, row, actor=work.actor, papers=papers)
    headers = {
        "content-disposition": f'attachment; filename="{found.filename}"',
        "content-length": str(len(found.content)),
        "cache-control": "no-store",
    }
    pieces = (found.content[start : start + CHUNK] for start in range(0, len(found.content), CHUNK))
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
