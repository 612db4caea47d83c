"""
Cooling-off: everybody who can be reached is told, and what cannot be undone waits.

The letter behind the login says until when; the messages to every known address say no more than that something was
asked for, and what to do if it was not you.
"""

from app.db import Tx
from app.domain import guarding
from app.domain.audit import AuditStep
from app.domain.snapshot import letter_key
from app.letters.notices import say_instant
from app.models import ClaimRow
from app.repositories.cases import CaseRows
from app.services import channels, correspondence, steps, telling
from app.services.context import INSYN, Context

#: How a letter goes that must not only lie behind a login.
BY_POST = "post"


async def begin(tx: Tx, ctx: Context, case: CaseRows, claim: ClaimRow) -> None:
    """Tell every known address and start the wait of a claim; all claims that start together end together."""
    row = case.row
    hours = ctx.profile(row.controller_id).identity.cooling_off_hours
    claim.cooling_until = guarding.ends_at(tx.now, hours=hours)
    await channels.learn_from_login(tx, ctx, row)
    until = claim.cooling_until
    said = say_instant(until, ctx.zone(row.controller_id), telling.language_of(row))
    told = await channels.tell(tx, ctx, row, "cooling_off", once=until.strftime("%Y%m%d%H"), until=said)
    await steps.note(
        tx,
        row,
        AuditStep.REQUEST_COOLING_BEGUN,
        actor=INSYN,
        facts={"claim_id": str(claim.id), "until": until.strftime("%Y-%m-%dT%H:%M:%SZ"), **told.facts()},
    )
    for about in ("", BY_POST) if told.needs_post else ("",):
        if letter_key("cooling_off_notice", about) not in case.letters:
            made = await correspondence.write(tx, ctx, case, "cooling_off_notice", about=about)
            if about == BY_POST and not row.protected:
                made.via, made.sent_at = BY_POST, None
    row.version += 1
