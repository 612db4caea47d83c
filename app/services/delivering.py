"""Which way a letter takes to the person of a request, and the mail that tells of it."""

from dataclasses import dataclass, field
from uuid import UUID

from app.db import Tx
from app.domain import delivery
from app.domain.delivery import Reach, Via, Way
from app.domain.identity import Level
from app.letters.notice import notice
from app.models import RequestRow
from app.services import orders, outbox, telling
from app.services.context import Context

#: Who writes down an address that a person gave them, and answers for having heard it from that person.
_STAFF = frozenset({"agent", "approver", "dpo"})
#: An address nobody answers for hears of a request once, however many letters there are.
ONCE = "notice:unvouched"


@dataclass(frozen=True)
class Plan:
    """The way of a letter, and the address a mail goes to, if one does."""

    way: Way
    address: str | None = field(default=None, repr=False)
    vouched: bool = False


def plan(ctx: Context, row: RequestRow) -> Plan:
    """How the next letter reaches the person; opens the sealed person for this one use."""
    person = orders.person_of(ctx, row)
    address = person["contact"].get("email")
    known = {one["value"] for one in person["identifiers"] if one["type"] == "email" and one["vouched"]}
    proved = Level.from_key(row.assurance) >= Level.SUBSTANTIAL
    vouched = address is not None and (address in known or proved or row.filed_by_role in _STAFF)
    reach = Reach(
        channel=row.channel,
        answer_form=row.answer_form,
        can_log_in=row.subject_key is not None,
        has_email=address is not None,
        email_vouched=vouched,
        may_mail=delivery.may_mail(row),
    )
    way = delivery.way_of(reach)
    return Plan(way, address if way.mails else None, vouched)


async def tell(tx: Tx, ctx: Context, row: RequestRow, planned: Plan, letter_id: UUID) -> None:
    """Write the mail that a letter waits, where one is due."""
    if planned.address is None:
        return
    waits_for_it = planned.way.via is Via.EMAIL
    said = notice(
        telling.controller_facts(ctx.profile(row.controller_id)),
        row.reference,
        telling.language_of(row),
        vouched=planned.vouched,
    )
    await outbox.put(
        tx,
        ctx,
        row,
        to=planned.address,
        subject=said.subject,
        text=said.text,
        dedupe=f"letter:{letter_id}" if waits_for_it else ONCE,
        letter_id=letter_id if waits_for_it else None,
    )
