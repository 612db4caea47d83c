"""
Every refusal as an RFC 9457 problem: which status it has, what it says, and nothing of what was sent.

The domain raises refusals and knows no HTTP; :data:`app.routers.problem_kinds.KINDS` gives each its status. A fault of
ours says that it is one and no more.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.domain.errors import DomainError
from app.domain.four_eyes import SecondPersonNeeded
from app.routers.bodies import is_json, no_field_twice
from app.routers.problem_kinds import KINDS, Conflict, Kind
from app.routers.problem_words import TITLES, in_words
from app.routers.refusals import At, LoginTooOld, RoleNotAllowed, language_of
from app.tokens.verifier import TokenRefused

MEDIA_TYPE = "application/problem+json"
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
#: Constraints that hold the rule of two people where a race got past the service.
TWO_PEOPLE = frozenset({"ck_claim_two_people", "ck_approval_not_the_one_who_asked", "ck_approval_not_the_requester"})
#: Paths whose last part is a secret; problems show the template instead.
_SECRET_PATHS = ("/v1/callbacks/", "/v1/downloads/", "/p/")
_SAFE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


def slug_of(kind: type[Exception]) -> str:
    """``WebhookRefused`` → ``webhook-refused``: the last part of the problem's type."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def problem(
    request: Request,
    *,
    status: int,
    slug: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as an answer."""
    language = language_of(request)
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": TITLES.get(status, TITLES[500])[language],
        "status": status,
        "detail": detail,
    }
    if (instance := _instance(request)) is not None:
        body["instance"] = instance
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(
        body,
        status,
        headers=SECURITY_HEADERS | {"content-language": language} | dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def _instance(request: Request) -> str | None:
    """The path, if it is one of ours: an unknown one may hold anything."""
    if request.scope.get("route") is None:
        return None
    path = request.url.path
    for secret in _SECRET_PATHS:
        if path.startswith(secret):
            return secret + "{token}"
    return path


def kind_of(refusal: type[DomainError]) -> Kind:
    """The refusal's place in the table, or its nearest parent's; KeyError if there is none."""
    for one in refusal.__mro__:
        if one in KINDS:
            return KINDS[one]
    raise KeyError(refusal)


async def _on_refusal(request: Request, error: Exception) -> JSONResponse:
    pointer = None
    if isinstance(error, At):
        pointer, error = error.pointer, error.refusal
    if not isinstance(error, DomainError):
        raise error
    return refused(request, error, pointer=pointer)


def refused(request: Request, error: DomainError, *, pointer: str | None = None) -> JSONResponse:
    """A refusal as an answer; *pointer* says where in the body, if the table does not."""
    kind = kind_of(type(error))
    if kind.status >= 500 and kind.status != 503:
        return _fault(request)
    language = language_of(request)
    detail = kind.sv if language == "sv" else str(error)
    at = pointer or kind.pointer
    errors = [{"pointer": at, "detail": detail}] if at and kind.status == 422 else []
    if error.faults:
        errors = [{"pointer": one.pointer, "code": one.word, "detail": one.said(language)} for one in error.faults]
    return problem(
        request,
        status=kind.status,
        slug=slug_of(type(error)),
        detail=detail,
        errors=errors,
        headers=dict(kind.headers) | _challenge(request, error),
    )


def _challenge(request: Request, error: Exception) -> dict[str, str]:
    """What ``WWW-Authenticate`` says: RFC 6750, RFC 9728 (where to learn more), RFC 9470 (log in again)."""
    base = request.app.state.ctx.settings.base_url
    bearer = f'Bearer resource_metadata="{base}/.well-known/oauth-protected-resource"'
    match error:
        case TokenRefused():
            has_token = "authorization" in request.headers
            return {"www-authenticate": bearer + (', error="invalid_token"' if has_token else "")}
        case LoginTooOld():
            return {
                "www-authenticate": f'{bearer}, error="insufficient_user_authentication", max_age="{error.max_age}"'
            }
        case RoleNotAllowed():
            return {"www-authenticate": f'{bearer}, error="insufficient_scope"'}
    return {}


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    language = language_of(request)
    for unreadable in ("json_invalid", "json_field_twice"):
        if any(one["type"] == unreadable for one in found):
            return problem(request, status=400, slug="malformed-json", detail=in_words(unreadable, {}, language))
    if any(one["loc"][0] == "path" for one in found):
        # An id that cannot be one is an id of nothing.
        return plain(request, 404)
    of_whole_body = [one for one in found if tuple(one["loc"]) == ("body",)]
    if of_whole_body and of_whole_body[0]["type"] != "missing" and not is_json(request):
        return plain(request, 415)
    errors = [
        {"pointer": _pointer(one["loc"]), "detail": in_words(_what(one), one.get("ctx") or {}, language)}
        for one in found
    ]
    return problem(
        request, status=422, slug="validation-error", detail=in_words("validation", {}, language), errors=errors
    )


def _what(error: Mapping[str, Any]) -> str:
    return "body_missing" if tuple(error["loc"]) == ("body",) and error["type"] == "missing" else str(error["type"])


def _pointer(location: Sequence[int | str]) -> str:
    """``("body", "claims", 0)`` → ``#/claims/0``; ``("query", "limit")`` → ``query/limit``."""
    source, *rest = location
    parts = [str(one) if isinstance(one, int) or _SAFE_KEY.fullmatch(str(one)) else "?" for one in rest]
    return "/".join(["#" if source == "body" else str(source), *parts])


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(_allowed(request))
    return plain(request, error.status_code, detail=_own_words(error), headers=headers)


def _own_words(error: HTTPException) -> str | None:
    """What a route of ours said, a constant; None where the framework speaks."""
    return None if error.detail in (HTTPStatus(error.status_code).phrase, _FRAMEWORK_SAYS) else error.detail


def _allowed(request: Request) -> list[str]:
    """Every method of this path: several routes may share it, and the framework names those of one."""
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_FRAMEWORK_SAYS = "There was an error parsing the body"


_SLUGS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 415: "media-type"}


def plain(
    request: Request, status: int, *, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem of HTTP itself: no such path, no such method, too large. *detail* only of our own, never what came."""
    said = detail or in_words(f"http_{status}", {}, language_of(request))
    return problem(request, status=status, slug=_SLUGS.get(status, "about-blank"), detail=said, headers=headers)


def _fault(request: Request) -> JSONResponse:
    return problem(request, status=500, slug="fault", detail=in_words("fault", {}, language_of(request)))


async def _on_integrity(request: Request, error: Exception) -> JSONResponse:
    """What the database refused: the rule of two people, or two at once making the same thing."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    if getattr(cause, "constraint_name", None) in TWO_PEOPLE:
        return await _on_refusal(request, SecondPersonNeeded())
    if getattr(cause, "sqlstate", None) == "23505":
        return await _on_refusal(request, Conflict())
    raise error


async def _on_fault(request: Request, _error: Exception) -> JSONResponse:
    return _fault(request)


def install(app: FastAPI) -> None:
    """Let every error of *app* leave as a problem, and let no body in that can be read in two ways."""
    app.router.dependencies.append(Depends(no_field_twice))
    app.add_exception_handler(DomainError, _on_refusal)
    app.add_exception_handler(At, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(IntegrityError, _on_integrity)
    app.add_exception_handler(Exception, _on_fault)
