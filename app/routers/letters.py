"""Letters as they are read: by the person, by staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse

from app.domain.audit import AuditStep
from app.repositories import letters as stored_letters
from app.routers.dependencies import Staff, Subject, Work
from app.routers.documented import READS
from app.schemas.records import LetterList
from app.services import correspondence, steps, views

router = APIRouter()

Kind = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["receipt"])]
About = Annotated[
    str,
    Query(pattern=r"^[A-Za-z0-9:_-]*$", max_length=64, description="What it is about, where there are several."),
]
PAGE = READS | {200: {"description": "The letter.", "content": {"text/html": {"schema": {"type": "string"}}}}}
#: A letter brings its own styles and nothing else; it runs nothing and loads nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"


@router.get(
    "/v1/self-service/requests/{id}/letters",
    operation_id="listOwnLetters",
    tags=["self-service"],
    response_model=LetterList,
    response_model_exclude_none=True,
    responses=READS,
)
async def list_own(work: Subject, id: UUID) -> views.View:
    """Letters about one of your requests."""
    row = await views.own_row(work.tx, id, work.own_keys())
    return {"items": [views.letter(one) for one in await stored_letters.letters_of(work.tx, row)]}


@router.get(
    "/v1/self-service/requests/{id}/letters/{kind}",
    operation_id="readOwnLetter",
    tags=["self-service"],
    response_class=HTMLResponse,
    responses=PAGE,
)
async def read_own(work: Subject, id: UUID, kind: Kind, about: About = "") -> HTMLResponse:
    """One letter, as a page."""
    await views.own_row(work.tx, id, work.own_keys())
    return await _page(work, id, kind, about)


@router.get(
    "/v1/requests/{id}/letters",
    operation_id="listLetters",
    tags=["requests"],
    response_model=LetterList,
    response_model_exclude_none=True,
    responses=READS,
)
async def list_letters(work: Staff, id: UUID) -> views.View:
    """Letters about a request."""
    row = await steps.hold(work.tx, id)
    return {"items": [views.letter(one) for one in await stored_letters.letters_of(work.tx, row)]}


@router.get(
    "/v1/requests/{id}/letters/{kind}",
    operation_id="readLetter",
    tags=["requests"],
    response_class=HTMLResponse,
    responses=PAGE,
)
async def read(work: Staff, id: UUID, kind: Kind, about: About = "") -> HTMLResponse:
    """One letter, as a page; that it was read is written down."""
    return await _page(work, id, kind, about)


async def _page(work: Work, id: UUID, kind: str, about: str) -> HTMLResponse:
    row = await steps.hold(work.tx, id)
    html = await correspondence.read_letter(work.tx, work.ctx, row, kind, about=about)
    await steps.note(work.tx, row, AuditStep.LETTER_READ, actor=work.actor, facts={"kind": kind})
    return page_of(html, row.language)


def page_of(html: str, language: str) -> HTMLResponse:
    """A letter's page, fenced in."""
    return HTMLResponse(html, headers={"content-security-policy": _POLICY, "content-language": language})
