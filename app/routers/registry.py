"""Controllers, their profiles, and the processors that are asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from app.domain.faults import no_such_name
from app.domain.processor_secrets import SecretInSettings, overlap_of
from app.repositories import registry
from app.routers.conditions import IfMatch, Made, OnceOnly, etag
from app.routers.dependencies import Admin, Language, RegistryReader, Work
from app.routers.documented import ACTS, DECIDES, READS, dump, problems
from app.routers.refusals import At, ControllerNeeded, NoSuchController
from app.schemas.registry import (
    ControllerList,
    ProcedureOut,
    ProcessorChange,
    ProcessorIn,
    ProcessorList,
    ProcessorOut,
    ProfileProblemList,
    SecretIn,
)
from app.services import catalogue, lane_health, procedure, registration, registration_rules
from app.services.casework import UnknownCategory
from app.services.registration import NewProcessor, UnknownProcessor

router = APIRouter(prefix="/v1")
View = catalogue.View
ControllerId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
SecretPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ControllerQuery = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


def _profile(work: Work, controller: str) -> Any:
    if controller not in work.tx.controllers:
        raise NoSuchController
    return work.ctx.profile(controller)


@router.get(
    "/controllers",
    operation_id="listControllers",
    tags=["controllers"],
    response_model=ControllerList,
    responses=problems(401, 403),
)
async def controllers(work: RegistryReader) -> View:
    """The controllers your token speaks for."""
    return {"items": [catalogue.controller(work.ctx.profile(one)) for one in sorted(work.tx.controllers)]}


@router.get("/controllers/{id}/profile", operation_id="getProfile", tags=["controllers"], responses=READS)
async def profile(work: RegistryReader, id: ControllerId) -> dict[str, Any]:
    """What the controller's privacy policy says, with its gaps, and how it is wired."""
    found: dict[str, Any] = _profile(work, id).model_dump(mode="json", exclude_none=True)
    return found


@router.get(
    "/controllers/{id}/profile/problems",
    operation_id="listProfileProblems",
    tags=["controllers"],
    response_model=ProfileProblemList,
    response_model_exclude_none=True,
    responses=READS,
)
async def profile_problems(work: RegistryReader, id: ControllerId, language: Language) -> View:
    """What an honest access answer still lacks."""
    return {"items": catalogue.profile_problems(_profile(work, id), language)}


@router.get(
    "/controllers/{id}/procedure",
    operation_id="getProcedure",
    tags=["controllers"],
    response_model=ProcedureOut,
    responses=READS,
)
async def written_procedure(work: RegistryReader, id: ControllerId, language: Language) -> View:
    """How the controller handles requests, in words: rights, identity, times, refusals, four eyes, where it looks."""
    return procedure.of(_profile(work, id), "en" if language == "en" else "sv")


@router.get(
    "/processors",
    operation_id="listProcessors",
    tags=["processors"],
    response_model=ProcessorList,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def processors(work: RegistryReader, controller: ControllerQuery = None) -> View:
    """The registered recipients; all of them, there are never many."""
    if controller is not None:
        work.check_controller(controller)
    chosen = [controller] if controller else sorted(work.tx.controllers)
    return {"items": await catalogue.processors(work.tx, await registry.processors_of(work.tx, chosen))}


@router.post(
    "/processors",
    status_code=201,
    operation_id="registerProcessor",
    tags=["processors"],
    response_model=ProcessorOut,
    responses=ACTS,
)
async def register(
    work: Admin, once: OnceOnly, body: ProcessorIn, language: Language, controller: ControllerQuery = None
) -> JSONResponse:
    """
    Register a recipient; all but a manual one start unconnected and take part once connected.

    `lacking` says everything that is missing or wrong until then.
    """
    owner = body.controller or controller
    if owner is None:
        raise ControllerNeeded
    work.check_controller(owner)
    _check_categories(work, owner, body.categories)
    await registration_rules.check_after(work.tx, owner, body.after)
    registration_rules.check_answers(body.kind, body.answer_mode)
    body_said = body.model_dump(exclude={"controller", "limits"}) | body.limits.model_dump()
    said = {name: value for name, value in body_said.items() if value is not None}

    async def act() -> Made:
        with _pointed():
            row = await registration.register(work.tx, work.ctx, owner, NewProcessor(**said), actor=work.actor)
        headers = {"Location": f"/v1/processors/{row.id}", "ETag": etag(row.version)}
        return Made(dump(ProcessorOut, await catalogue.whole(work.tx, work.ctx, row, language)), 201, headers)

    return await once.answer(work, owner, act)


@contextmanager
def _pointed() -> Iterator[None]:
    """Say where among the settings the secret stands; what it is, nobody says."""
    try:
        yield
    except SecretInSettings as error:
        raise At(error.pointer, error) from None


def _check_categories(work: Work, controller: str, categories: list[str]) -> None:
    known = {category.id for category in work.ctx.profile(controller).categories}
    faults = [
        no_such_name(("categories", index), one, known) for index, one in enumerate(categories) if one not in known
    ]
    if faults:
        raise UnknownCategory(faults=faults)


@router.get(
    "/processors/{id}",
    operation_id="getProcessor",
    tags=["processors"],
    response_model=ProcessorOut,
    response_model_exclude_none=True,
    responses=READS,
)
async def processor(work: RegistryReader, id: UUID, language: Language, response: Response) -> View:
    """One registration."""
    row = await registry.processor(work.tx, id)
    if row is None or row.state == "removed":
        raise UnknownProcessor
    response.headers["ETag"] = etag(row.version)
    return await catalogue.whole(work.tx, work.ctx, row, language)


@router.patch(
    "/processors/{id}",
    operation_id="changeProcessor",
    tags=["processors"],
    response_model=ProcessorOut,
    response_model_exclude_none=True,
    responses=DECIDES,
)
async def change(
    work: Admin, version: IfMatch, id: UUID, body: ProcessorChange, language: Language, response: Response
) -> View:
    """
    Change a registration: only the named fields.

    Where it then leads to another place (another scheme, host or port of `endpoint`, another setting that says where),
    its secrets are forgotten, but for the one that signs a webhook, and it is `unconnected` until it is switched on.
    """
    row = await registration.hold(work.tx, id, version=version)
    changes = body.model_dump(exclude_unset=True, exclude={"limits"})
    if body.limits is not None:
        changes |= body.limits.model_dump(exclude_none=True)
    for name in ("state", "title", "settings", "after", *registration_rules.SETTLED):
        if name in changes and changes[name] is None:
            del changes[name]
    _check_categories(work, row.controller_id, changes.get("categories", []))
    await registration_rules.check_changes(work.tx, row, changes)
    with _pointed():
        await registration.change(work.tx, work.ctx, row, changes, actor=work.actor)
    response.headers["ETag"] = etag(row.version)
    return await catalogue.whole(work.tx, work.ctx, row, language)


@router.delete(
    "/processors/{id}", status_code=204, operation_id="removeProcessor", tags=["processors"], responses=DECIDES
)
async def remove(work: Admin, version: IfMatch, id: UUID) -> None:
    """Take a recipient out of new work; its past stays on the cases."""
    await registration.remove(work.tx, await registration.hold(work.tx, id, version=version), actor=work.actor)


@router.post("/processors/{id}/secrets", status_code=204, operation_id="addSecret", tags=["processors"], responses=ACTS)
async def add_secret(work: Admin, id: UUID, body: SecretIn) -> None:
    """
    Give a processor a new secret; it never comes out again. The one before is good for the overlap, by default a week.

    No Idempotency-Key is needed: the same secret twice is the same secret.
    """
    row = await registration.hold(work.tx, id)
    registration.check_secret_name(row, body.name)
    overlap = overlap_of(body.overlap)
    await registration.add_secret(
        work.tx, work.ctx, row, body.secret, name=body.name, overlap=overlap, actor=work.actor
    )


@router.delete(
    "/processors/{id}/secrets/{name}",
    status_code=204,
    operation_id="removeSecret",
    tags=["processors"],
    responses=DECIDES,
)
async def remove_secret(work: Admin, version: IfMatch, id: UUID, name: SecretPath) -> None:
    """Forget a secret, and the one before it of that name. Refused while the active processor needs it."""
    row = await registration.hold(work.tx, id, version=version)
    await registration.remove_secret(work.tx, work.ctx, row, name, actor=work.actor)


@router.post(
    "/processors/{id}/lane/reset",
    operation_id="resetLane",
    tags=["processors"],
    response_model=ProcessorOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def reset_lane(work: Admin, id: UUID, response: Response) -> View:
    """
    Say that a processor is well again: its breaker is closed, its rest ended, what waits goes out at once.

    No Idempotency-Key is needed: well twice is well.
    """
    row = await registration.hold(work.tx, id)
    await lane_health.reset(work.tx, row.controller_id, row.id)
    response.headers["ETag"] = etag(row.version)
    return await catalogue.processor_and_lane(work.tx, row)
