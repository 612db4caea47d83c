"""Files that come with a processor's answer: handed in by its systems, fetched by staff."""

import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from app.routers.callbacks import Signed, signed_headers
from app.routers.dependencies import House, Staff
from app.routers.documented import READS, problems
from app.schemas.records import Accepted, TaskFileList
from app.services import callback_files, callbacks, recipient_views, task_files, tasks

router = APIRouter()

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/TaskFileSent"},
                "example": {
                    "type": "task.file",
                    "timestamp": "2026-02-03T10:15:00Z",
                    "data": {
                        "task_id": "0198c0de-0000-7000-8000-000000000000",
                        "category": "contact",
                        "name": "export.csv",
                        "content": "bmFtbjttb2JpbApBbm5hOzA3MC0xMjMKCg==",
                    },
                },
            }
        },
    }
}


@router.post(
    "/v1/callbacks/{token}/files",
    status_code=202,
    operation_id="takeFile",
    tags=["callbacks"],
    response_model=Accepted,
    responses=problems(401, 404, 409, 410, 413),
    openapi_extra=_BODY,
)
async def take(
    request: Request,
    ctx: House,
    token: str,
    webhook_id: Signed = None,
    webhook_timestamp: Signed = None,
    webhook_signature: Signed = None,
) -> dict[str, str]:
    """
    A file that belongs to the answer of an `export` task; hand files in first, then answer.

    At most 10 MB and twenty files. What it is, is told by its content: CSV, JSON, text, PDF, PNG, JPEG, WAV, MP3, MP4
    or ZIP. A repeated event, and the very same file again, are thanked and change nothing.
    """
    body = await request.body()
    headers = signed_headers(webhook_id, webhook_timestamp, webhook_signature)
    controller = callbacks.controller_of(ctx, token)
    async with ctx.database.transaction([controller]) as tx:
        sent = await callback_files.read(tx, ctx, token, headers=headers, body=body, wall_clock=time.time())
    upload = await task_files.receive(ctx, sent.content, name=sent.name)
    async with ctx.database.transaction([controller]) as tx:
        counted = await callback_files.keep(tx, ctx, sent, upload)
    return {"status": "accepted" if counted else "repeated"}


@router.get(
    "/v1/callbacks/{token}/files",
    operation_id="listSentFiles",
    tags=["callbacks"],
    response_model=TaskFileList,
    response_model_exclude_none=True,
    responses=problems(401, 404, 410),
)
async def sent(
    ctx: House,
    token: str,
    webhook_id: Signed = None,
    webhook_timestamp: Signed = None,
    webhook_signature: Signed = None,
) -> recipient_views.View:
    """The files that have arrived for a task: their sizes and digests. Signed over an empty body."""
    headers = signed_headers(webhook_id, webhook_timestamp, webhook_signature)
    async with ctx.database.transaction([callbacks.controller_of(ctx, token)]) as tx:
        task = await callback_files.task_of(tx, ctx, token, headers=headers, wall_clock=time.time())
        return {"items": await recipient_views.files(tx, task)}


@router.get(
    "/v1/tasks/{id}/files/{file}",
    operation_id="fetchTaskFile",
    tags=["tasks"],
    response_class=StreamingResponse,
    responses=READS
    | problems(401, 403, 404, 409)
    | {
        200: {
            "description": "The file.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def fetch(
    work: Staff,
    id: UUID,
    file: UUID,
    unscanned: Annotated[
        bool, Query(description="Take a file that no scanner has looked at, as it is; on your own responsibility.")
    ] = False,
) -> StreamingResponse:
    """A file that a recipient handed in, to be looked at and never opened where it could do harm; written down."""
    row, task = await tasks.hold_with_request(work.tx, id)
    found = await task_files.fetch(work.tx, work.ctx, row, task, file, as_it_is=unscanned, actor=work.actor)
    headers = {
        "content-disposition": f'attachment; filename="{found.filename}"',
        "content-length": str(found.size),
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    return StreamingResponse(found.chunks, media_type="application/octet-stream", headers=headers)
