"""
The service's application for one house after the other.

Its routes are built when they are first called, which takes longer than most tests do; so they are built once.
"""

from fastapi import FastAPI

from app.main import create_app
from app.services.context import Context
from app.tokens.verifier import TokenVerifier

#: By what :func:`create_app` itself reads of the settings; everything else is read from the context at each call.
_built: dict[tuple[int, str], FastAPI] = {}


def the_app(ctx: Context, *, verifier: TokenVerifier) -> FastAPI:
    """
    The application on *ctx*, from now until it is asked for again: whoever needs two at once calls ``create_app``.
    """
    of_settings = ctx.settings.max_body_bytes, ctx.settings.base_url
    app = _built.get(of_settings)
    if app is None:
        app = _built[of_settings] = create_app(ctx, verifier=verifier)
    app.state.ctx, app.state.verifier, app.state.migration_head = ctx, verifier, None
    return app
