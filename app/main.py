"""The HTTP service: the routers put together, and how a server process starts and ends."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, FastAPI
from starlette.types import Lifespan

from app import bootstrap
from app.observability import RequestLog, configure_logging
from app.processors import MOST_BYTES
from app.routers import (
    audit,
    callbacks,
    casework,
    claims,
    clock,
    deadlines,
    erasure,
    evidence,
    guarding,
    intake,
    letters,
    openapi,
    packages,
    posting,
    problems,
    public_intake,
    recipients,
    redactions,
    registry,
    reports,
    requests,
    restrictions,
    self_service,
    supplements,
    system,
    tasks,
    vendor_callbacks,
    webhooks,
)
from app.routers.headers import BodyLimit, SecurityHeaders
from app.services.context import Context
from app.tokens.verifier import TokenVerifier

ROUTERS: tuple[APIRouter, ...] = (
    intake.router,
    self_service.router,
    letters.router,
    packages.router,
    posting.router,
    redactions.router,
    requests.router,
    casework.router,
    clock.router,
    claims.router,
    erasure.router,
    tasks.router,
    audit.router,
    evidence.router,
    deadlines.router,
    recipients.router,
    restrictions.router,
    callbacks.router,
    vendor_callbacks.router,
    registry.router,
    supplements.router,
    reports.router,
    system.router,
    public_intake.router,
    guarding.router,
)

DESCRIPTION = (
    "Data-subject rights for companies that guard homes: requests taken in, proved, fanned out and answered in time. "
    "Instants are RFC 3339 with offset, civil dates YYYY-MM-DD in the controller's time zone, errors RFC 9457."
)


def create_app(
    ctx: Context,
    *,
    verifier: TokenVerifier,
    extra_routers: Iterable[APIRouter] = (),
    migration_head: str | None = None,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """
    The service on a built house.

    Args:
        verifier: The way in for bearer tokens.
        extra_routers: Mounted beside ours, such as the sandbox's.
        migration_head: What the tables must stand at to be ready; None asks for nothing.
    """
    app = FastAPI(
        title="Insyn",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    app.state.ctx, app.state.verifier, app.state.migration_head = ctx, verifier, migration_head
    app.openapi = openapi.document(app)  # type: ignore[method-assign]
    problems.install(app)
    app.webhooks.include_router(webhooks.router)
    for router in (*ROUTERS, *extra_routers):
        app.include_router(router)
    app.add_middleware(BodyLimit, most=ctx.settings.max_body_bytes, most_by_callback=MOST_BYTES)
    app.add_middleware(SecurityHeaders, https=ctx.settings.base_url.startswith("https://"))
    app.add_middleware(RequestLog)
    return app


def newest_migration() -> str | None:
    """The revision the code is written for."""
    config = Config(bootstrap.root() / "alembic.ini")
    config.set_main_option("script_location", str(bootstrap.root() / "alembic"))
    return ScriptDirectory.from_config(config).get_current_head()


def serve_app() -> FastAPI:
    """The service from the environment's settings: what ``insyn serve`` runs."""
    chosen = bootstrap.read_settings()
    configure_logging(chosen.log_level)
    house = bootstrap.build(chosen)

    @asynccontextmanager
    async def alive(_app: FastAPI) -> AsyncIterator[None]:
        await bootstrap.apply_profiles(house.ctx)
        try:
            yield
        finally:
            await house.close()

    return create_app(
        house.ctx, verifier=bootstrap.make_verifier(chosen), migration_head=newest_migration(), lifespan=alive
    )
