"""
The recipients' ledger carried out: opened, kept in step with tasks, settled by people, shown (GDPR Art. 19).
"""

from typing import Any
from uuid import UUID

from app.db import Tx
from app.domain import ledger as rules
from app.domain import notifying
from app.domain.audit import AuditStep
from app.domain.identity import Level
from app.domain.ledger import About, EntryFollowsTask, EntryState, UnknownEntry
from app.domain.notifying import ToTell
from app.domain.outward import MoveEntry
from app.letters.render import render
from app.letters.words import Language
from app.models import LedgerEntryRow, ProcessorRow, RequestRow
from app.profiles import Profile
from app.repositories import outward
from app.repositories.cases import CaseRows
from app.services import case_rows, information, orders, persons, sealing, steps, telling, view_words
from app.services.context import INSYN, Actor, Context
from app.services.ids import new_id

#: The step that each state is written down as.
_WRITTEN_AS = {
    EntryState.SENT: AuditStep.RECIPIENT_NOTIFIED,
    EntryState.CONFIRMED: AuditStep.RECIPIENT_CONFIRMED,
    EntryState.IMPOSSIBLE: AuditStep.RECIPIENT_EXCUSED,
    EntryState.DISPROPORTIONATE: AuditStep.RECIPIENT_EXCUSED,
}


async def open_(tx: Tx, case: CaseRows, to_tell: ToTell) -> None:
    """Write down everybody a change has to be told to."""
    keys = {str(one.id): one.key for one in case.processors}
    told = [(keys[one], UUID(one)) for one in to_tell.processors] + [(one, None) for one in to_tell.recipients]
    for recipient, processor in told:
        entry = LedgerEntryRow(
            id=new_id(),
            request_id=case.row.id,
            claim_id=UUID(to_tell.claim),
            processor_id=processor,
            controller_id=case.row.controller_id,
            about=to_tell.about.value,
            recipient=recipient,
            state=EntryState.PENDING.value,
            made_at=tx.now,
        )
        tx.session.add(entry)
        case.ledger.append(entry)
    if not told:
        return
    facts = {"claim_id": to_tell.claim, "about": to_tell.about.value, "recipients": [one for one, _ in told]}
    await steps.note(tx, case.row, AuditStep.RECIPIENT_NAMED, actor=INSYN, facts=facts)


async def move(tx: Tx, case: CaseRows, act: MoveEntry) -> None:
    """Let an entry say what its recipient's task says."""
    entry = next(one for one in case.ledger if str(one.id) == act.entry)
    await _settle(tx, case.row, entry, act.state, code=act.reason or None, actor=INSYN)


async def _settle(
    tx: Tx, row: RequestRow, entry: LedgerEntryRow, state: EntryState, *, code: str | None, actor: Actor
) -> None:
    entry.state, entry.reason_code, entry.at = state.value, code, tx.now
    if state not in _WRITTEN_AS:
        return
    facts = {"entry_id": str(entry.id), "recipient": entry.recipient, "about": entry.about, "state": state.value}
    facts |= {"reason": code} if code else {}
    await steps.note(tx, row, _WRITTEN_AS[state], actor=actor, facts=facts)


async def settle(
    tx: Tx, ctx: Context, row: RequestRow, entry_id: UUID, *, state: EntryState, reason: str, actor: Actor
) -> LedgerEntryRow:
    """
    Say of a recipient that only a person reaches that it was told, confirmed, or could not be told and why.

    Raises:
        UnknownEntry, EntryFollowsTask, EntryNotSettled, EntrySettled, ExcuseNeedsReason
    """
    case = await case_rows.read(tx, ctx, row)
    entry = _entry(case, entry_id)
    if not notifying.is_by_hand(case.seen(), outward.entry_seen(entry)):
        raise EntryFollowsTask
    rules.check_settling(now=EntryState(entry.state), to=state, reason=reason)
    if reason.strip():
        entry.reason_sealed = sealing.seal(
            ctx, row, {"text": reason}, table="ledger_entry", column="reason", id=entry.id
        )
    entry.settled_by = actor.ref
    await _settle(tx, row, entry, state, code="by_hand" if state in rules.EXCUSES else None, actor=actor)
    await steps.changed(tx, row)
    return entry


def _entry(case: CaseRows, entry_id: UUID) -> LedgerEntryRow:
    for entry in case.ledger:
        if entry.id == entry_id:
            return entry
    raise UnknownEntry


async def notice(tx: Tx, ctx: Context, row: RequestRow, entry_id: UUID, *, actor: Actor) -> str:
    """
    The text for a recipient that a person tells, as a page (law.md G.6); that it was read is written down.

    Nothing is stored: it holds the person's name, and the ledger says that it went out.

    Raises:
        UnknownEntry
        NobodyToAskFor: Nothing that anybody answers for may be told to this recipient.
    """
    case = await case_rows.read(tx, ctx, row)
    entry = _entry(case, entry_id)
    facts = telling.letter_facts(ctx, case, now=tx.now, about=str(entry.id))
    # The case's number names whoever it was done to; what they themselves are told a person writes.
    names_nobody = entry.about == About.FORMER and entry.recipient != rules.FORMER_PERSON
    if facts.notice is None or not (facts.notice.identified_by or names_nobody):
        raise orders.NobodyToAskFor
    letter = render("recipients_notice", telling.language_of(row), facts)
    noted = {"kind": "recipients_notice", "entry_id": str(entry.id)}
    await steps.note(tx, row, AuditStep.LETTER_READ, actor=actor, facts=noted)
    return letter.html


def name_of(profile: Profile, processors: dict[UUID, ProcessorRow], entry: LedgerEntryRow, language: Language) -> str:
    """What a recipient is called: by name, never by kind only, where the profile has one (R15-3)."""
    processor = processors.get(entry.processor_id) if entry.processor_id else None
    if processor is not None:
        return information.recipient_title(profile, processor, language)
    if entry.recipient == rules.FORMER_PERSON:
        return view_words.former_person(language)
    found = next((one for one in profile.recipients if one.id == entry.recipient), None)
    return entry.recipient if found is None else found.name


def reason_of(ctx: Context, row: RequestRow, entry: LedgerEntryRow) -> str | None:
    if entry.reason_sealed is None:
        return None
    opened = sealing.unseal(ctx, row, entry.reason_sealed, table="ledger_entry", column="reason", id=entry.id)
    return str(opened["text"])


def views(ctx: Context, case: CaseRows, *, for_staff: bool) -> list[dict[str, Any]]:
    """The ledger in plain words; the person reads names and states, staff also what is theirs to do."""
    profile, language = ctx.profile(case.row.controller_id), telling.language_of(case.row)
    processors, seen = {one.id: one for one in case.processors}, case.seen()
    rights = {claim.id: claim.right for claim in case.claims}
    shown = []
    for entry in case.ledger:
        if entry.about == About.FORMER and not for_staff:
            continue  # it is about somebody else than whoever reads here
        view: dict[str, Any] = {
            "name": name_of(profile, processors, entry, language),
            "about": entry.about,
            "right": rights[entry.claim_id],
            "state": entry.state,
            "text": view_words.of_entry(entry.state, language),
            "at": entry.at,
        }
        if for_staff:
            by_hand = notifying.is_by_hand(seen, outward.entry_seen(entry))
            view |= {
                "id": entry.id,
                "recipient": entry.recipient,
                "by_hand": by_hand,
                "reason_code": entry.reason_code,
                "reason": reason_of(ctx, case.row, entry),
            }
        shown.append(view)
    return shown


async def own(tx: Tx, ctx: Context, row: RequestRow) -> list[dict[str, Any]]:
    """
    The ledger as its person reads it (R19-2); nothing to somebody who has not proved who they are, nor of a claim for
    which nobody has compared what they typed.
    """
    if Level.from_key(row.assurance) < Level.SUBSTANTIAL:
        return []
    case = await case_rows.read(tx, ctx, row)
    unsure = persons.not_compared(ctx, row, case.claims)
    case.ledger = [one for one in case.ledger if one.claim_id not in unsure]
    return views(ctx, case, for_staff=False)
