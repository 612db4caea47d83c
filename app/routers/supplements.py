"""What a controller has settled beside its published policy: the facts an honest access answer needs."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.domain.errors import DomainError
from app.repositories import supplements as stored
from app.routers.conditions import IfMatch, etag
from app.routers.dependencies import Settler, Work
from app.routers.documented import DECIDES, READS
from app.routers.refusals import At, NoSuchController
from app.schemas.packages import SupplementList, SupplementsIn
from app.services import supplements
from app.services.supplements import NewSupplement
from app.services.views import View

router = APIRouter(prefix="/v1")
ControllerId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


async def _shown(work: Work, controller: str, response: Response) -> View:
    rows = [row for row in await stored.newest(work.tx, controller) if row.sv is not None]
    version = await stored.version(work.tx, controller)
    response.headers["ETag"] = etag(version)
    names = ("path", "sv", "en", "codes", "settled_at", "settled_by")
    return {"version": version, "items": [{name: getattr(row, name) for name in names} for row in rows]}


def _check(work: Work, controller: str) -> None:
    if controller not in work.tx.controllers:
        raise NoSuchController


@router.get(
    "/controllers/{id}/supplements",
    operation_id="listSupplements",
    tags=["controllers"],
    response_model=SupplementList,
    responses=READS,
)
async def listed(work: Settler, id: ControllerId, response: Response) -> View:
    """What the controller has settled, by path."""
    _check(work, id)
    return await _shown(work, id, response)


@router.put(
    "/controllers/{id}/supplements",
    operation_id="settleSupplements",
    tags=["controllers"],
    response_model=SupplementList,
    responses=DECIDES,
)
async def settle(work: Settler, version: IfMatch, id: ControllerId, body: SupplementsIn, response: Response) -> View:
    """
    Settle facts: only the named paths change. Answers that waited for them go on.

    Paths: `categories.<id>.purposes|recipients|retention|source|legal_bases`, `recipients.<id>`, `recipient_list`,
    `transfers`, `automated_decisions`.
    """
    _check(work, id)
    said = [NewSupplement(path=one.path, sv=one.sv, en=one.en, codes=tuple(one.codes)) for one in body.supplements]
    for index, one in enumerate(said):
        try:
            supplements.check(work.ctx.profile(id), one)
        except DomainError as error:
            raise At(f"#/supplements/{index}", error) from None
    await supplements.settle(work.tx, work.ctx, id, said, actor=work.actor, version=version)
    return await _shown(work, id, response)
