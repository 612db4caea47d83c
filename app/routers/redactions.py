"""The look before anything leaves: the preview of a package, and what staff change about it."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.domain.redaction import Redaction, RedactionAction
from app.routers.conditions import IfMatch, etag
from app.routers.dependencies import Staff
from app.routers.documented import DECIDES, problems, reply
from app.schemas.packages import PreviewOut, RedactionIn, RedactionsIn, StaffPackageOut
from app.services import redacting, steps, views
from app.services.redacting import Asked

router = APIRouter()


@router.get(
    "/v1/requests/{id}/package/redactions",
    operation_id="previewPackage",
    tags=["requests"],
    response_model=PreviewOut,
    response_model_exclude_none=True,
    responses=problems(401, 403, 404, 409),
)
async def preview(work: Staff, id: UUID, response: Response) -> views.View:
    """What the person will see, row by row, each mask with its reason, and what stays. The look is written down."""
    row = await steps.hold(work.tx, id)
    seen = await redacting.preview(work.tx, work.ctx, row, actor=work.actor)
    response.headers["ETag"] = etag(seen["version"])
    return seen


@router.put(
    "/v1/requests/{id}/package/redactions",
    operation_id="redactPackage",
    tags=["requests"],
    response_model=StaffPackageOut,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def redact(work: Staff, version: IfMatch, id: UUID, body: RedactionsIn) -> JSONResponse:
    """
    Hide more, or open what the rules leave to a person; the package is made anew and must be looked at again.

    The list is the whole of what is changed. Whoever shows or replaces a row cannot release the package.
    """
    row = await steps.hold_open(work.tx, id)
    made = await redacting.redact(
        work.tx,
        work.ctx,
        row,
        [_asked(one) for one in body.redactions],
        version=version,
        actor=work.actor,
    )
    view = await views.staff_package(work.tx, made)
    return reply(StaffPackageOut, view, headers={"ETag": etag(made.version)})


def _asked(one: RedactionIn) -> Asked:
    change = Redaction(
        row=one.row,
        action=RedactionAction(one.action),
        reason=one.reason,
        field=one.field,
        note=one.note,
        text=one.text,
    )
    return Asked(processor=one.processor, category=one.category, redaction=change)
