"""Whether the service lives and is ready, its figures, and what clients discover by themselves."""

import time
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from app.observability import render_metrics
from app.repositories.system import Standing, standing
from app.routers import openapi
from app.routers.dependencies import House, Language
from app.routers.problem_kinds import KINDS
from app.routers.problem_words import TITLES, in_words
from app.routers.problems import slug_of
from app.services import own_retention
from app.services.context import Context

router = APIRouter(tags=["system"])
log = structlog.get_logger()

#: Seconds the database's clock may differ from ours before leases and signatures become doubtful.
MOST_SKEW = 5.0


@router.get("/livez", operation_id="getLiveness")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="getReadiness")
async def ready(request: Request, ctx: House) -> JSONResponse:
    """Whether calls can be served: database, migrations, role, clock, keys, key store. Says which, never why."""
    checks = {"keys": _keys_open(ctx)} | await _database(ctx, request.app.state.migration_head)
    if checks["database"]:
        checks["key_store"] = await own_retention.has_its_keys(ctx)
    is_ready = all(checks.values())
    body = {
        "status": "ok" if is_ready else "not_ready",
        "checks": {k: "ok" if v else "failed" for k, v in checks.items()},
    }
    return JSONResponse(body, 200 if is_ready else 503)


def _keys_open(ctx: Context) -> bool:
    key = ctx.vault.new_data_key("readiness")
    return ctx.vault.open_data_key(key.wrapped, "readiness").wrapped == key.wrapped


async def _database(ctx: Context, head: str | None) -> dict[str, bool]:
    try:
        async with ctx.database.transaction() as tx:
            found = await standing(tx)
    except Exception:
        log.warning("database.unreachable", exc_info=True)
        return {"database": False}
    return {"database": True} | _judged(found, head)


def _judged(found: Standing, head: str | None) -> dict[str, bool]:
    return {
        "migrations": head is None or found.revision == head,
        "role": not found.is_too_mighty,
        "clock": abs(found.clock - time.time()) < MOST_SKEW,
    }


@router.get("/metrics", operation_id="getMetrics", include_in_schema=False)
async def metrics() -> Response:
    """Figures for Prometheus; nobody in particular."""
    body, media_type = render_metrics()
    return Response(body, media_type=media_type)


@router.get("/.well-known/oauth-protected-resource", operation_id="getProtectedResource")
async def protected_resource(ctx: House) -> dict[str, Any]:
    """Where tokens for this service come from (RFC 9728)."""
    return {
        "resource": ctx.settings.base_url,
        "authorization_servers": [str(issuer.get("issuer")) for issuer in ctx.settings.issuers],
        "bearer_methods_supported": ["header"],
    }


@router.get("/openapi-3.0.json", include_in_schema=False)
async def older_document(request: Request) -> JSONResponse:
    """The same document for tools that do not read OpenAPI 3.1."""
    return JSONResponse(openapi.older(request.app.openapi()))


_BY_SLUG = {slug_of(kind): kind for kind in KINDS}
#: Problems that are no refusal of the domain: their status and their words.
_EDGE = {
    "validation-error": (422, "validation"),
    "malformed-json": (400, "json_invalid"),
    "bad-request": (400, "http_400"),
    "not-found": (404, "http_404"),
    "method-not-allowed": (405, "http_405"),
    "body-too-large": (413, "http_413"),
    "media-type": (415, "http_415"),
    "fault": (500, "fault"),
}


@router.get("/problems/{type}", operation_id="getProblem", include_in_schema=False)
async def explain_problem(type: str, language: Language) -> dict[str, Any]:
    """What a problem's ``type`` means."""
    if type in _EDGE:
        status, words = _EDGE[type]
        detail = in_words(words, {}, language)
    elif type in _BY_SLUG:
        kind = _BY_SLUG[type]
        status, sv = KINDS[kind].status, KINDS[kind].sv
        detail = sv if language == "sv" else " ".join((kind.__doc__ or "").split())
    else:
        raise HTTPException(404)
    title = TITLES.get(status, TITLES[500])[language]
    return {"type": f"/problems/{type}", "title": title, "status": status, "detail": detail}
