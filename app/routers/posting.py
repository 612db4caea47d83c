"""Letters that wait for a person: to be posted, because their mail failed; and what exactly a version of one said."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from app.routers.conditions import Made, OnceOnly
from app.routers.dependencies import Dpo, Staff
from app.routers.documented import ACTS, READS, dump, problems
from app.routers.paging import Paging, page
from app.schemas.records import LetterOut, LetterTemplateOut, PostingIn, UnsentLetterPage
from app.services import correspondence, posting, steps, views, wording
from app.services.posting import Waiting

router = APIRouter(prefix="/v1", tags=["letters"])


@router.get(
    "/letters",
    operation_id="listUnsentLetters",
    response_model=UnsentLetterPage,
    response_model_exclude_none=True,
    responses=problems(401, 403),
)
async def list_unsent(
    work: Staff,
    pages: Paging,
    state: Annotated[
        Waiting,
        Query(
            description="`to_post`: for staff; `failed`: of these, whose mail failed; `waiting`: a mail is on its way."
        ),
    ] = Waiting.TO_POST,
    controller: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,63}$")] = None,
) -> views.View:
    """Letters that are not out yet, the oldest first."""
    after = UUID(pages.after[0]) if pages.after else None
    found = await posting.unsent(work.tx, state=state, controller=controller, after=after, limit=pages.limit + 1)
    items, links = pages.of(found, place=lambda one: [one.letter.id])
    return page([views.unsent_letter(one) for one in items], links)


@router.post(
    "/requests/{id}/letters/{letter}/posting",
    operation_id="recordPosting",
    response_model=LetterOut,
    response_model_exclude_none=True,
    responses=ACTS,
)
async def record(work: Staff, once: OnceOnly, id: UUID, letter: UUID, body: PostingIn) -> JSONResponse:
    """Say on which day a letter left the house; from then on the person has been told."""
    row = await steps.hold(work.tx, id)

    async def act() -> Made:
        found = await correspondence.letter_of(work.tx, row, str(letter))
        await posting.posted(work.tx, work.ctx, row, found, on=body.posted_on, how=body.how, actor=work.actor)
        return Made(dump(LetterOut, views.letter(found)), request_id=row.id)

    return await once.answer(work, row.controller_id, act)


@router.get(
    "/letter-templates/{sha256}",
    operation_id="getLetterTemplate",
    response_model=LetterTemplateOut,
    responses=READS,
)
async def template(work: Dpo, sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> views.View:
    """The wording a letter was made from, whatever the wording is today."""
    return views.letter_template(await wording.version(work.tx, sha256))
