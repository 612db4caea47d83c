"""
The look before anything leaves: what the person will see, row by row, and what a member of staff changes about it.

The preview is made the way the sealed file was made, and compared with it to the byte: what is shown is what is sent.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.db import Tx
from app.domain import redaction
from app.domain.audit import AuditStep
from app.domain.redaction import Redaction, RedactionAction, UnknownRow
from app.domain.release import REASONS, Reviewed
from app.domain.release_fields import Hidden, Sight, hide_fields
from app.letters.package import build, words_in
from app.letters.words import NOT_PORTABLE, Language, say
from app.models import PackageRow, RequestRow
from app.services import assembling, packaging, sealing, steps
from app.services.assembling import Assembled, ReviewedCategory, Sources
from app.services.context import Actor, Context
from app.services.packaging import PackageMoved, PackageReleased, PackageStale, ReleasedByTheRequester

View = dict[str, Any]


@dataclass(frozen=True, kw_only=True, repr=False)
class Asked:
    """A change as somebody asks for it, with the place where they saw the row."""

    processor: str
    category: str
    redaction: Redaction


async def preview(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor) -> View:
    """
    What the person will see, and why not the rest. The look is written down (F21).

    Raises:
        NoPackage
        ReleasedByTheRequester: What is kept back from somebody is not shown to them at their desk either.
        PackageStale: The sealed file would no longer come out the same.
    """
    package = await packaging.package_of(tx, row)
    if actor.ref == row.requester_ref:
        raise ReleasedByTheRequester
    sources = await assembling.read(tx, ctx, row)
    kept = kept_redactions(ctx, row, package)
    made = assembling.assemble(
        sources, [one.redaction for one, _ in kept], created_at=packaging.sealed_at(ctx, row, package)
    )
    if await asyncio.to_thread(_sha256, made) != package.sha256:
        raise PackageStale
    facts = {"sha256": package.sha256, "version": package.version}
    await steps.note(tx, row, AuditStep.PACKAGE_READ, actor=actor, facts=facts)
    await tx.session.flush()
    return _shown(package, sources, made, kept)


def _sha256(made: Assembled) -> str | None:
    if made.missing:
        return None
    digest = hashlib.sha256()
    for chunk in build(made.contents):
        digest.update(chunk)
    return digest.hexdigest()


async def redact(
    tx: Tx, ctx: Context, row: RequestRow, asked: Sequence[Asked], *, version: int, actor: Actor
) -> PackageRow:
    """
    Set what is changed about the answer, all of it, and make the package anew. The next look is at the new one.

    Raises:
        NoPackage, PackageReleased, PackageMoved, ReleasedByTheRequester, InformationIncomplete,
        UnknownRow, RowTwice, RedactionReasonNotAllowed, NotReviewable, NoteNeeded, TextNeeded
    """
    package = await packaging.package_of(tx, row)
    if package.released_at is not None:
        raise PackageReleased
    if actor.ref == row.requester_ref:
        raise ReleasedByTheRequester
    if version != package.version:
        raise PackageMoved
    sources = await assembling.read(tx, ctx, row)
    plain = assembling.assemble(sources, (), created_at=packaging.sealed_at(ctx, row, package))
    places = {key: (one.processor, one.category.id) for one in plain.reviewed for key in one.keys}
    if any(places.get(one.redaction.row) != (one.processor, one.category) for one in asked):
        raise UnknownRow
    changes = [one.redaction for one in asked]
    redaction.check(changes, _subjects(plain))
    before = {_told(one): by for one, by in kept_redactions(ctx, row, package)}
    kept = [(one, before.get(_told(one), actor.ref)) for one in asked]
    package.opened_by = sorted({by for one, by in kept if one.redaction.action in redaction.OPENING})
    # They may hold what a recording says, so they go with the contents and not with the case file.
    key = await sealing.hold_contents_key(ctx, row)
    package.redactions_sealed = key.seal_json(
        [_sealed(one, by) for one, by in kept], where=sealing.where(row, "package", "redactions", row.id)
    )
    await packaging.remake(tx, ctx, row, package, sources, changes)
    counts = {action.value: sum(one.action is action for one in changes) for action in RedactionAction}
    await steps.note(tx, row, AuditStep.PACKAGE_REDACTED, actor=actor, facts=counts | {"version": package.version})
    await steps.changed(tx, row)
    return package


def _subjects(plain: Assembled) -> dict[str, redaction.Subject]:
    return {
        key: reviewed.subject
        for one in plain.reviewed
        for key, reviewed in zip(one.keys, one.released.reviewed, strict=True)
    }


def _told(one: Asked) -> tuple[object, ...]:
    said = one.redaction
    return (said.row, said.field, said.action, said.reason, said.note, said.text)


def _sealed(one: Asked, by: str) -> Mapping[str, Any]:
    return {"processor": one.processor, "category": one.category, "by": by} | vars(one.redaction)


def kept_redactions(ctx: Context, row: RequestRow, package: PackageRow) -> list[tuple[Asked, str]]:
    """What was changed, opened, each with who first said so; nothing once the contents are destroyed."""
    if package.redactions_sealed is None or row.contents_key is None:
        return []
    opened = sealing.contents_key_of(ctx, row).open_json(
        package.redactions_sealed, where=sealing.where(row, "package", "redactions", row.id)
    )
    found = []
    for one in opened:
        place = {name: one.pop(name) for name in ("processor", "category")}
        by = one.pop("by")
        change = Redaction(**one | {"action": RedactionAction(one["action"])})
        found.append((Asked(redaction=change, **place), by))
    return found


# --- how it is shown -------------------------------------------------------------------------------------------------


def _shown(package: PackageRow, sources: Sources, made: Assembled, kept: Sequence[tuple[Asked, str]]) -> View:
    language, words = sources.language, words_in(made.contents)
    names = {name for one in made.reviewed for row in one.released.rows for name in row}
    return {
        "version": package.version,
        "sha256": package.sha256,
        "has_security": package.has_security,
        "to_review": package.to_review,
        "redactions": [_redaction(one, by) for one, by in kept],
        "processors": [
            {
                "processor": gave.key,
                "title": gave.name,
                "empty": None if any(gave.rows.values()) else gave.empty,
                "categories": [
                    _category(one, gave.rows[one.category.id], sources)
                    for one in made.reviewed
                    if one.processor == gave.key
                ],
            }
            for gave in sources.gave
        ],
        "left_out": [asdict(one) | _reason(one.reason_code, language) for one in made.contents.left_out],
        "not_portable": [
            {"category_title": one.category_title, "why": one.why, "text": say(NOT_PORTABLE, one.why, language)}
            for one in made.contents.not_portable
        ],
        "unknown_codes": list(words.unknown),
        "unexplained_fields": sorted(name for name in names if words.field(name, language) is None),
    }


def _redaction(one: Asked, by: str) -> View:
    return {"processor": one.processor, "category": one.category, "by": by} | {
        name: value for name, value in vars(one.redaction).items() if value
    }


def _category(one: ReviewedCategory, rows: assembling.Rows, sources: Sources) -> View:
    return {
        "category": one.category.id,
        "title": one.category.title.in_language(sources.language),
        "data_class": one.category.data_class,
        "leaves": one.leaves,
        "rows": [
            _row(key, before, reviewed, sources.language, leaves=one.leaves)
            for key, before, reviewed in zip(one.keys, rows, one.released.reviewed, strict=True)
        ],
    }


def _row(key: str, before: Mapping[str, Any], reviewed: Reviewed, language: Language, *, leaves: bool) -> View:
    offers = {action.value: sorted(reviewed.subject.may(action)) for action in RedactionAction}
    opening = any(offers[action] for action in redaction.OPENING)
    fields = {
        field: sorted(reviewed.subject.may(RedactionAction.SHOW, field))
        for field in reviewed.subject.masked
        if reviewed.subject.may(RedactionAction.SHOW, field)
    }
    stays = reviewed.stays if leaves else (reviewed.stays or "not_portable")
    return {
        "row": key,
        "leaves": reviewed.row is not None and leaves,
        "content": reviewed.row if leaves else None,
        "reason": None if stays is None else _reason(stays, language),
        "rule": reviewed.rule,
        "masks": [{"field": field} | _reason(code, language) for field, code in reviewed.masked],
        "may": {action: reasons for action, reasons in offers.items() if reasons},
        "may_show_fields": fields,
        # To decide about what stays a person has to see it; a secret not even then.
        "before": hide_fields(before, Hidden(), Sight(may_see_security=True)) if opening else None,
    }


def _reason(code: str, language: Language) -> View:
    reason = REASONS[code]
    return {"code": code, "source": reason.source, "text": reason.in_language(language)}
