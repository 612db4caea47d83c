"""The package: seen and released by staff, fetched by the person with a fresh login and a token that works once."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.routers.conditions import Made, OnceOnly, etag
from app.routers.dependencies import Approver, Staff, Subject
from app.routers.documented import ACTS, READS, dump, problems, reply
from app.schemas.packages import ReleaseIn, StaffPackageOut
from app.schemas.records import DownloadOut, PackageOut
from app.services import packaging, steps, views
from app.services.packaging import UnknownDownload

router = APIRouter()


@router.get(
    "/v1/self-service/requests/{id}/package",
    operation_id="getOwnPackage",
    tags=["self-service"],
    response_model=PackageOut,
    response_model_exclude_none=True,
    responses=READS,
)
async def get_own(work: Subject, id: UUID) -> views.View:
    """Whether your package is ready, and until when."""
    return views.package(
        work.tx, await packaging.package_of(work.tx, await views.own_row(work.tx, id, work.own_keys()))
    )


@router.post(
    "/v1/self-service/requests/{id}/package/downloads",
    status_code=201,
    operation_id="createDownload",
    tags=["self-service"],
    response_model=DownloadOut,
    responses=ACTS,
)
async def new_download(work: Subject, id: UUID) -> JSONResponse:
    """
    Get an address to fetch the package at, good once, for you only. Needs a login of the last five minutes.

    No Idempotency-Key: a kept answer would be a kept token, and another token does no harm.
    """
    work.check_fresh_login()
    row = await views.own_row(work.tx, id, work.own_keys(), hold=True)
    key = work.own_keys()[row.controller_id][0]
    token, expires_at, uses = await packaging.new_download(work.tx, work.ctx, row, subject_key=key, actor=work.actor)
    url = f"{work.ctx.settings.base_url}/v1/downloads/{token}"
    return reply(DownloadOut, {"url": url, "expires_at": expires_at, "uses_left": uses}, status=201)


@router.get(
    "/v1/downloads/{token}",
    operation_id="download",
    tags=["self-service"],
    response_class=StreamingResponse,
    responses=READS
    | {
        200: {
            "description": "The package.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def download(work: Subject, token: str) -> StreamingResponse:
    """The package itself. The token is used up before the first byte leaves."""
    controller = packaging.controller_of(work.ctx, token)
    if controller not in work.tx.controllers:
        raise UnknownDownload
    found = await packaging.open_download(
        work.tx, work.ctx, token, subject_keys=work.own_keys()[controller], actor=work.actor
    )
    headers = {"content-disposition": f'attachment; filename="{found.filename}"', "content-length": str(found.size)}
    return StreamingResponse(found.chunks, media_type="application/zip", headers=headers)


@router.get(
    "/v1/requests/{id}/package",
    operation_id="getPackage",
    tags=["requests"],
    response_model=StaffPackageOut,
    response_model_exclude_none=True,
    responses=READS,
)
async def get(work: Staff, id: UUID, response: Response) -> views.View:
    """The package's state; what is in it is shown by its preview."""
    found = await packaging.package_of(work.tx, await steps.hold(work.tx, id))
    response.headers["ETag"] = etag(found.version)
    return await views.staff_package(work.tx, found)


@router.post(
    "/v1/requests/{id}/package/release",
    operation_id="releasePackage",
    tags=["requests"],
    response_model=StaffPackageOut,
    response_model_exclude_none=True,
    responses=problems(401, 403, 404, 409, 412, 413),
)
async def release(work: Approver, once: OnceOnly, id: UUID, body: ReleaseIn) -> JSONResponse:
    """
    Let the person have the version that you have seen in the preview. Never the requester's own act.

    A package that shows how a home is protected then waits for a second person: `approval_id` names the question.
    """
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        made = await packaging.release(work.tx, work.ctx, row, sha256=body.sha256, actor=work.actor)
        return Made(dump(StaffPackageOut, await views.staff_package(work.tx, made)), request_id=row.id)

    return await once.answer(work, row.controller_id, act)
