"""
What an evidence pack says beside decisions and chain: whom a change was told to, what was written down, asked for,
restricted, passed on, kept, and how it was seen to who asks. Facts, never the thing that proved them.
"""

from collections.abc import Sequence
from typing import Any

from app.db import Tx
from app.domain.audit import AuditStep
from app.letters import pdf
from app.letters.markup import UnknownMarkup
from app.models import AuditEntryRow, ErasurePlanRow, FeeNoticeRow, LetterRow, RequestRow, RestrictionRow
from app.repositories import dossier, erasure, letters, outward
from app.repositories import notes as stored_notes
from app.repositories.cases import CaseRows
from app.services import (
    case_rows,
    clock_views,
    correspondence,
    erasing,
    erasure_views,
    fees,
    ledger,
    notes,
    passing_on,
    posting,
    restricting,
    sealing,
)
from app.services.context import Context

View = dict[str, Any]
#: A letter's id, and it as it went on paper; None for what cannot be set.
Papers = dict[Any, bytes | None]

_PROOFS = (AuditStep.REQUEST_IDENTITY_PROVEN, AuditStep.REQUEST_IDENTITY_REFUSED)
_CODE = ("wanted_at", "made_at", "expires_at", "channel", "tries", "used_at")
_CHANNEL = ("type", "since", "source", "told_at")
_STOP = ("stopped_at", "stopped_by", "stop_verdict", "stop_settled_at", "stop_settled_by")


async def said(tx: Tx, ctx: Context, row: RequestRow, entries: Sequence[AuditEntryRow]) -> dict[str, Any]:
    """Each file's contents, by its name without ending."""
    case = await case_rows.read(tx, ctx, row)
    clock = await clock_views.staff(tx, ctx, row)
    return {
        "recipients": _recipients(ctx, case),
        "notes": await notes.of(tx, ctx, row),
        "disagreements": await _disagreements(tx, ctx, row),
        "fees": [_fee(ctx, row, one) for one in await stored_notes.fees_of(tx, row.id)],
        "restrictions": [_restriction(ctx, row, one) for one in await outward.restrictions_of(tx, row.id)],
        "forwardings": passing_on.views(ctx, case),
        "erasure": await _erasure(tx, ctx, row),
        "questions": clock["questions"],
        "extension": clock["extension"],
        "identity": await _identity(tx, row, entries),
    }


def _recipients(ctx: Context, case: CaseRows) -> list[View]:
    """The recipients' ledger (GDPR Art. 19): who was told of what, when, and why not."""
    shown = ledger.views(ctx, case, for_staff=True)
    more = [{"named_at": one.made_at, "settled_by": one.settled_by} for one in case.ledger]
    return [view | one for view, one in zip(shown, more, strict=True)]


async def _disagreements(tx: Tx, ctx: Context, row: RequestRow) -> list[View]:
    """The person's own words beside what was not rectified."""
    return [
        {
            "claim_id": one.claim_id,
            "made_at": one.made_at,
            "made_by": one.made_by,
            "text": sealing.unseal(
                ctx, row, one.text_sealed, table="disagreement_note", column="text", id=one.id
            )["text"],
        }
        for one in await stored_notes.disagreements_of(tx, row.id)
    ]  # fmt: skip


def _fee(ctx: Context, row: RequestRow, one: FeeNoticeRow) -> View:
    names = ("claim_id", "ground", "amount_ore", "asked_by", "asked_at", "approved_by", "approved_at")
    record, reason = fees.opened(ctx, row, one)
    return {name: getattr(one, name) for name in names} | {"reason": reason, "record": record.as_plain()}


def _restriction(ctx: Context, row: RequestRow, one: RestrictionRow) -> View:
    names = (
        "lift_proposed_at", "lift_ending", "notice_sent_at", "lift_asked_by", "lift_approved_by",
    )  # fmt: skip
    told = None
    if one.lift_sealed is not None:
        told = sealing.unseal(ctx, row, one.lift_sealed, table="restriction", column="lift", id=one.id)
    return restricting.view(one) | {name: getattr(one, name) for name in names} | {"told": told}


async def _erasure(tx: Tx, ctx: Context, row: RequestRow) -> View:
    """What was decided of each category, and what is kept until when."""
    kept = await dossier.kept_of(tx, row.id)
    return {
        "planned": [_planned(ctx, row, one) for one in await erasure.plan_of_request(tx, row.id)],
        "kept": [
            erasure_views.scheduled(one, processor)
            | {"decided_by": one.decided_by, "decided_at": one.decided_at, "approved_by": one.approved_by}
            for one, processor in kept
        ],
    }


def _planned(ctx: Context, row: RequestRow, one: ErasurePlanRow) -> View:
    names = (
        "claim_id", "category", "fate", "ground", "exception", "hold", "until", "condition", "review_on", "by_person",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names} | {"reason": erasing.reason_of(ctx, row, one)}


async def _identity(tx: Tx, row: RequestRow, entries: Sequence[AuditEntryRow]) -> View:
    """
    That it was seen to who asks: methods, instants, persons. No copy, no code, no address (R12-9).

    A mark of somebody who must not be found is in here no more than in the chain.
    """
    codes, channels = await dossier.codes_of(tx, row.id), await dossier.channels_of(tx, row.id)
    return {
        "assurance": row.assurance,
        "proofs": [_proof(one) for one in entries if one.step in _PROOFS],
        "codes": [{name: getattr(one, name) for name in _CODE} for one in codes],
        "channels": [{name: getattr(one, name) for name in _CHANNEL} for one in channels],
        "stop": None if row.stopped_at is None else {name: getattr(row, name) for name in _STOP},
    }


def _proof(entry: AuditEntryRow) -> View:
    """Method and time; there is no copy to show (R12-9)."""
    return {"at": entry.at, "step": entry.step, "checked_by_role": entry.actor_role, "checked_by": entry.actor_ref} | {
        name: entry.facts[name] for name in ("method", "level") if name in entry.facts
    }


# --- letters ---------------------------------------------------------------------------------------------------------


async def papers(tx: Tx, ctx: Context, row: RequestRow, *, known: Papers | None = None) -> Papers:
    """
    A request's letters as they go on paper, those that are *known* already left as they are.

    Setting takes its time: done before the request is held, and for what was written meanwhile once more.
    """
    made = dict(known or {})
    for letter in await letters.letters_of(tx, row):
        if letter.id not in made:
            made[letter.id] = await _set(ctx, row, letter)
    return made


async def _set(ctx: Context, row: RequestRow, letter: LetterRow) -> bytes | None:
    try:
        return await pdf.press(posting.as_paper(ctx, row, letter))
    except (UnknownMarkup, pdf.CannotBeSet):  # the page is there; for want of its paper no evidence is held back
        return None


async def pages(tx: Tx, ctx: Context, row: RequestRow, made: Papers) -> tuple[dict[str, bytes], list[View]]:
    """Every letter as it was rendered and as it goes on paper, those to other controllers too; and a list of them."""
    files: dict[str, bytes] = {}
    listed: list[View] = []
    names = ("kind", "about", "language", "template_sha256", "written_at", "via", "sent_at")
    for number, letter in enumerate(await letters.letters_of(tx, row), start=1):
        name = f"letters/{number:02d}-{letter.kind}"
        files[f"{name}.html"] = correspondence.opened(ctx, row, letter).encode()
        paper = made.get(letter.id)
        if paper is not None:
            files[f"{name}.pdf"] = paper
        listed.append(
            {"file": f"{name}.html", "pdf": None if paper is None else f"{name}.pdf"}
            | {one: getattr(letter, one) for one in names}
        )
    for number, forwarding in enumerate(await outward.forwardings_of(tx, row.id), start=1):
        html = passing_on.sent_letter(ctx, row, forwarding)
        if html is not None:
            files[f"forwardings/{number:02d}.html"] = html.encode()
    return files, listed
