"""
The page of a recipient without an API. Nothing here is JSON, nothing runs in a browser, and looking changes nothing.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from app import pages
from app.db import Tx
from app.domain import recipient_page as rules
from app.domain.errors import DomainError
from app.letters.words import Language
from app.pages import FileLine, PageFacts, View
from app.processors import spelt
from app.routers.dependencies import House
from app.routers.forms import FormNotReadable, read_fields, read_file
from app.routers.refusals import language_of
from app.services import recipient_mail, recipient_page, task_files, telling
from app.services.context import Context
from app.services.recipient_page import FormForged, Found, NothingAnyMore, PageClosed, UnknownPage
from app.services.recipient_words import details_of
from app.vault import uploads

#: Where the pages are; what follows is a secret.
PAGES = "/p/"
router = APIRouter(prefix=PAGES.rstrip("/"), include_in_schema=False)

_HEADERS = {
    "content-security-policy": pages.CONTENT_SECURITY_POLICY,
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
#: Which words of the page a refusal of a file is.
_FILE_ERRORS: Mapping[type[DomainError], str] = {
    uploads.UploadTooLarge: "file_size",
    uploads.ArchiveRefused: "file_archive",
    uploads.UploadRefused: "file_kind",
    uploads.TooManyFiles: "file_many",
    task_files.FilesNotWanted: "file_kind",
    FormNotReadable: "file_kind",
}


@router.get("/{token}")
async def look(request: Request, ctx: House, token: str) -> Response:
    """The page as it stands for whoever looks: a question for a code, or the task."""
    try:
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx))
            return await _page(request, tx, ctx, token, found)
    except UnknownPage:
        return _gone(request)


@router.get("/{token}/{step}")
async def come_back(request: Request, token: str, step: str) -> Response:
    """To the page itself: an address that a form led to, opened once more from the history or a bookmark."""
    return RedirectResponse(_path(token), 303, headers=_HEADERS)


@router.post("/{token}/code")
async def send_code(request: Request, ctx: House, token: str) -> Response:
    """Send a code to the registered address."""
    try:
        said = await _own_form(request)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=None, hold=True)
            is_sent = await recipient_page.ask_code(tx, ctx, found)
            told = Told(said, notice="sent") if is_sent else Told(said, error="too_many", status=429)
            return await _page(request, tx, ctx, token, found, told)
    except (UnknownPage, FormNotReadable):
        return _gone(request)


@router.post("/{token}/session")
async def open_session(request: Request, ctx: House, token: str) -> Response:
    """Let in whoever has the code."""
    try:
        said = await _own_form(request)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=None, hold=True)
            session = await recipient_page.try_code(tx, ctx, found, said.get("code", ""))
            if session is None:
                return await _page(request, tx, ctx, token, found, Told(said, error="code", status=403))
    except (UnknownPage, FormNotReadable):
        return _gone(request)
    response = RedirectResponse(f"{_path(token)}?language={_language(request, found, said)}", 303, headers=_HEADERS)
    _set_cookie(response, ctx, token, session)
    return response


@router.post("/{token}/files")
async def hand_in(request: Request, ctx: House, token: str) -> Response:
    """Take one file in. Who is not in is sent away before anything of the body is read."""
    try:
        _check_site(request)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx))
            recipient_page.check_in(found)
        said, file = await read_file(request)
        recipient_page.check_form(ctx, found, said.get("form", ""))
        upload = await task_files.receive(ctx, file.content, name=file.name)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx), hold=True)
            recipient_page.check_form(ctx, found, said.get("form", ""))
            kept = await recipient_page.take_file(tx, ctx, found, upload, category=said.get("category", ""))
            language = {"language": said.get("language", "")}
            told = Told(language, notice="file_again" if kept is None else "file")
            if kept is not None and kept.scan == "infected":
                told = Told(language, error="file_virus", status=422)
            return await _page(request, tx, ctx, token, found, told)
    except UnknownPage:
        return _gone(request)
    except (PageClosed, FormForged, NothingAnyMore):
        return _gone(request, status=403)
    except HTTPException:  # larger than any form may be; said while it came
        return await _again(request, ctx, token, error="file_size")
    except tuple(_FILE_ERRORS) as refused:
        return await _again(request, ctx, token, error=_FILE_ERRORS[type(refused)])


@router.post("/{token}/answer")
async def prepare(request: Request, ctx: House, token: str) -> Response:
    """Show an answer before it counts; nothing is written."""
    return await _answered(request, ctx, token, counts=False)


@router.post("/{token}/confirmation")
async def confirm(request: Request, ctx: House, token: str) -> Response:
    """Take the answer."""
    return await _answered(request, ctx, token, counts=True)


@router.post("/{token}/end")
async def leave(request: Request, ctx: House, token: str) -> Response:
    """Close the page."""
    try:
        said = await _own_form(request)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx), hold=True)
            recipient_page.check_form(ctx, found, said.get("form", ""))
            await recipient_page.leave(tx, found)
    except (UnknownPage, PageClosed, FormForged, FormNotReadable):
        return _gone(request)
    language = _language(request, found, said)
    response = RedirectResponse(f"{_path(token)}?language={language}&closed=1", 303, headers=_HEADERS)
    response.delete_cookie(_cookie(ctx), path=_path(token))
    return response


async def _answered(request: Request, ctx: Context, token: str, *, counts: bool) -> Response:
    try:
        said = await _own_form(request)
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx), hold=counts)
            recipient_page.check_form(ctx, found, said.get("form", ""))
            try:
                if not counts and said.get("back"):
                    return await _page(request, tx, ctx, token, found, Told(said))
                if not counts:
                    answer = await recipient_page.check_answer(tx, found, said)
                    told = Told(_said_again(answer) | {"language": said.get("language", "")}, view="confirm")
                    return await _page(request, tx, ctx, token, found, told)
                await recipient_page.answer(tx, ctx, found, said)
            except rules.PageAnswerNotUnderstood as refused:
                return await _page(request, tx, ctx, token, found, Told(said, error=refused.what, status=422))
            except NothingAnyMore:
                return await _page(request, tx, ctx, token, found, Told(said, status=410))
            return await _page(request, tx, ctx, token, found, Told(said, view="done"))
    except (UnknownPage, FormNotReadable):
        return _gone(request)
    except (PageClosed, FormForged):
        return _gone(request, status=403)


# --- what comes in ---------------------------------------------------------------------------------------------------


def _transaction(ctx: Context, token: str) -> Any:
    return ctx.database.transaction([recipient_page.controller_of(ctx, token)])


def _check_site(request: Request) -> None:
    """
    Refuse a form that a page of somebody else's sends. (``Origin`` says nothing: without referrer it is ``null``.)
    """
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise FormNotReadable


async def _own_form(request: Request) -> Mapping[str, str]:
    _check_site(request)
    return await read_fields(request)


def _path(token: str) -> str:
    return f"{PAGES}{token}"


def _cookie(ctx: Context) -> str:
    return "__Secure-insyn_page" if ctx.settings.base_url.startswith("https://") else "insyn_page"


def _session(request: Request, ctx: Context) -> str | None:
    return request.cookies.get(_cookie(ctx))


def _set_cookie(response: Response, ctx: Context, token: str, session: str) -> None:
    response.set_cookie(
        _cookie(ctx),
        session,
        max_age=int(rules.SESSION_LIVES.total_seconds()),
        path=_path(token),
        secure=ctx.settings.base_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )


# --- what goes out ---------------------------------------------------------------------------------------------------


def _language(request: Request, found: Found, said: Mapping[str, str]) -> Language:
    chosen = said.get("language") or request.query_params.get("language") or found.language
    return "en" if chosen == "en" else "sv"


def _gone(request: Request, *, status: int = 404) -> HTMLResponse:
    language: Language = "en" if language_of(request) == "en" and "accept-language" in request.headers else "sv"
    return HTMLResponse(pages.gone(language), status, headers=_HEADERS | {"content-language": language})


@dataclass(frozen=True, repr=False)
class Told:
    """What a page says of the form it answers: our words, and the fields as they came."""

    said: Mapping[str, str] = field(default_factory=dict)
    _: KW_ONLY
    view: View | None = None
    error: str = ""
    notice: str = ""
    status: int = 200


async def _again(request: Request, ctx: Context, token: str, *, error: str) -> Response:
    """The page once more, with what was wrong."""
    try:
        async with _transaction(ctx, token) as tx:
            found = await recipient_page.find(tx, ctx, token, session=_session(request, ctx))
            return await _page(request, tx, ctx, token, found, Told(error=error, status=422))
    except UnknownPage:
        return _gone(request)


async def _page(
    request: Request,
    tx: Tx,
    ctx: Context,
    token: str,
    found: Found,
    told: Told | None = None,
) -> HTMLResponse:
    told = told or Told()
    language = _language(request, found, told.said)
    shown, notice = told.view or found.stage, told.notice
    facts: dict[str, Any] = {}
    if shown in ("task", "confirm"):
        more = await _task(tx, ctx, found, language)
        shown = "held" if more is None else shown
        facts = more or {}
        if found.page.answered_at is not None and not (told.error or notice):
            notice = "answered"
    if shown == "code" and request.query_params.get("closed") and not told.error:
        notice = notice or "closed"
    if shown in ("task", "confirm"):
        facts["said"] = tuple((name, told.said[name]) for name in _SAID if told.said.get(name))
    profile = ctx.profile(found.row.controller_id)
    made = PageFacts(
        view=shown,
        language=language,
        path=_path(token),
        controller=recipient_mail.name_of(ctx, found.row.controller_id),
        number=recipient_mail.number_of(found.row, found.task),
        contact=telling.controller_facts(profile).contact,
        form=recipient_page.form_token(ctx, found) if found.session is not None else "",
        error=told.error,
        notice=notice,
        **facts,
    )
    return HTMLResponse(pages.render(made), told.status, headers=_HEADERS | {"content-language": language})


_SAID = ("outcome", "message", "category", "law", "until")


def _said_again(answer: Mapping[str, Any]) -> dict[str, str]:
    """An answer as the fields of the form it came from: what was understood, and nothing else that was sent along."""
    kept = answer.get("retained", [{}])[0]
    return {name: str(value) for name in _SAID if (value := answer.get(name) or kept.get(name))}


async def _task(tx: Tx, ctx: Context, found: Found, language: Language) -> dict[str, Any] | None:
    """The task in the recipient's words: what any adapter would have been told, and no more."""
    order = await recipient_page.order_of(tx, ctx, found)
    if order is None:
        return None
    profile = ctx.profile(found.row.controller_id)
    until = found.page.session_until
    titles = {one.id: one.title.in_language(language) for one in profile.categories}
    return {
        "action": order.action.value,
        "answer_by": order.answer_by,
        "identifiers": tuple((one["type"], spelt(one)) for one in order.identifiers),
        "categories": tuple((one, titles.get(one, one)) for one in order.categories),
        "details": details_of(order.details, titles=titles, language=language),
        "answers": rules.answers_to(order.action),
        "laws": tuple(sorted(rules.LAWS)),
        "takes_files": order.action.value == "export",
        "files": tuple(
            FileLine(name=name, size=one.size, scan=one.scan)
            for one, name in await recipient_page.files_of(tx, ctx, found)
        ),
        "until": pages.instant(until, ctx.zone(found.row.controller_id), language) if until else "",
    }
