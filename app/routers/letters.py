"""Letters as they are read: by the person, by staff, as a page or as the paper that is posted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse

from app.domain.audit import AuditStep
from app.letters import pdf
from app.repositories import letters as stored_letters
from app.routers.dependencies import Staff, Subject, Work
from app.routers.documented import READS
from app.schemas.records import LetterList
from app.services import correspondence, posting, steps, views

router = APIRouter()

#: A letter's id; or its kind, where the case has one of the kind (or with ``about``, which).
Named = Annotated[
    str, Path(pattern=r"^[a-z_]{1,40}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", examples=["receipt"])
]
About = Annotated[str, Query(max_length=64, description="What a letter named by its kind is about.")]
PAGE = READS | {200: {"description": "The letter.", "content": {"text/html": {"schema": {"type": "string"}}}}}
_PDF = READS | {
    200: {"description": "The letter.", "content": {"application/pdf": {"schema": {"type": "string"}}}},
}
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
    "/v1/self-service/requests/{id}/letters/{letter}.pdf",
    operation_id="readOwnLetterPdf",
    tags=["self-service"],
    response_class=Response,
    responses=_PDF,
)
async def read_own_pdf(work: Subject, id: UUID, letter: Named, about: About = "") -> Response:
    """One letter, to keep or to print."""
    await views.own_row(work.tx, id, work.own_keys())
    return await _paper(work, id, letter, about, own=True)


@router.get(
    "/v1/self-service/requests/{id}/letters/{letter}",
    operation_id="readOwnLetter",
    tags=["self-service"],
    response_class=HTMLResponse,
    responses=PAGE,
)
async def read_own(work: Subject, id: UUID, letter: Named, about: About = "") -> HTMLResponse:
    """One letter, as a page."""
    await views.own_row(work.tx, id, work.own_keys())
    return await _page(work, id, letter, about, own=True)


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
    "/v1/requests/{id}/letters/{letter}",
    operation_id="readLetter",
    tags=["requests"],
    response_class=HTMLResponse,
    responses=PAGE,
)
async def read(work: Staff, id: UUID, letter: Named, about: About = "") -> HTMLResponse:
    """One letter, as a page; that it was read is written down."""
    return await _page(work, id, letter, about)


@router.get(
    "/v1/requests/{id}/letters/{letter}/pdf",
    operation_id="readLetterPdf",
    tags=["requests"],
    response_class=Response,
    responses=_PDF,
)
async def read_pdf(work: Staff, id: UUID, letter: Named, about: About = "") -> Response:
    """One letter, ready for the envelope (PDF/A-2a, PDF/UA-1); that it was read is written down."""
    return await _paper(work, id, letter, about)


async def _page(work: Work, id: UUID, named: str, about: str, *, own: bool = False) -> HTMLResponse:
    row = await steps.hold(work.tx, id)
    letter = await correspondence.letter_of(work.tx, row, named, about=about)
    facts = {"letter_id": str(letter.id), "kind": letter.kind, "form": "html"}
    await steps.note(work.tx, row, AuditStep.LETTER_READ, actor=work.actor, facts=facts)
    if own:
        await posting.read_by_the_person(work.tx, row, letter)
    return page_of(correspondence.opened(work.ctx, row, letter), letter.language)


def page_of(html: str, language: str) -> HTMLResponse:
    """A letter's page, fenced in."""
    return HTMLResponse(html, headers={"content-security-policy": _POLICY, "content-language": language})


async def _paper(work: Work, id: UUID, named: str, about: str, *, own: bool = False) -> Response:
    row = await steps.find(work.tx, id)  # held only when it is noted: nobody waits for the press
    letter = await correspondence.letter_of(work.tx, row, named, about=about)
    made = await pdf.press(posting.as_paper(work.ctx, row, letter))
    facts = {"letter_id": str(letter.id), "kind": letter.kind, "form": "pdf"}
    row = await steps.hold(work.tx, id)
    await steps.note(work.tx, row, AuditStep.LETTER_READ, actor=work.actor, facts=facts)
    if own:
        await posting.read_by_the_person(work.tx, row, letter)
    headers = {
        "content-disposition": f'inline; filename="{row.reference}-{letter.kind}.pdf"',
        "content-security-policy": _POLICY,
        "content-language": letter.language,
    }
    return Response(made, media_type="application/pdf", headers=headers)
