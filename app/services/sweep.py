"""
The sweep: whatever is due is found in the tables, whether or not an alarm clock rang for it.

It changes nothing itself; it only wakes cases, lanes and mails whose instant has passed. Lost jobs, crashed workers, a
moved clock: all end here.
"""

from datetime import timedelta

from app.observability import DUE_SOON
from app.repositories import cases, erasure, jobs, lane_state, mail
from app.services import lane_health
from app.services.context import Context

#: Five working days are a week; a figure for a wall, the alarms themselves are counted in working days.
DUE_SOON_DAYS = timedelta(days=7)


async def wake_what_is_due(ctx: Context) -> int:
    """Wake every due case, lane, mail and end of retention of every controller; return how many were woken."""
    async with ctx.database.transaction(ctx.profiles) as tx:
        requests = await cases.due_requests(tx)
        kept = await erasure.due(tx, now=tx.now)
        lanes = await lane_state.with_work(tx)
        # Where no mail server is named mails wait, and ringing for them would be in vain.
        mails = await mail.due(tx) if ctx.settings.smtp_host is not None else []
        for controller, request_id in requests:
            jobs.wake(tx, "case.advance", controller=controller, id=request_id)
        for controller, processor_id in lanes:
            jobs.wake(tx, "lane.drain", controller=controller, id=processor_id)
        for controller, mail_id in mails:
            jobs.wake(tx, "letter.send", controller=controller, id=mail_id)
        for controller, id_ in kept:
            jobs.wake(tx, "retention.end", controller=controller, id=id_)
        await lane_health.show(tx)
        soon = await cases.open_and_due_until(tx, tx.now.date() + DUE_SOON_DAYS)
    for controller in ctx.profiles:
        DUE_SOON.labels(controller=controller).set(soon.get(controller, 0))
    return len(requests) + len(lanes) + len(mails) + len(kept)


async def is_anything_due(ctx: Context) -> bool:
    """Whether a case is due that nobody has advanced yet, or something kept that nobody has begun to erase."""
    async with ctx.database.transaction(ctx.profiles) as tx:
        return bool(await cases.due_requests(tx, limit=1)) or bool(await erasure.due(tx, now=tx.now, limit=1))
