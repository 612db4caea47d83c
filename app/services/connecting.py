"""Trying a vendor's connection before anything is asked of it."""

from app.processors import Kind, Line, Target, lacks, try_connection
from app.repositories import registry
from app.services import registration
from app.services.context import Context


async def check(ctx: Context, controller: str, key: str) -> str:
    """
    ``ok``, or a short machine word for what stands in the way; never anything of what the vendor said.

    Raises:
        UnknownProcessor: No such processor of the kind ``rest``.
        NotConnectable: With everything that its registration still lacks.
    """
    target: Target | None = None
    async with ctx.database.transaction([controller]) as tx:
        row = await registry.processor_by_key(tx, controller, key)
        if row is not None and row.kind == Kind.REST and row.state != "removed":
            target = registration.target_of(ctx, row)
    if target is None:
        raise registration.UnknownProcessor
    if faults := lacks(Kind.REST, target):
        raise registration.NotConnectable(faults=faults)
    line = Line(connections=1, seconds=ctx.settings.processor_timeout_seconds, sandbox=ctx.settings.sandbox)
    return await try_connection(target, line)
