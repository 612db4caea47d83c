"""
The package: what the person gets, put together from processors' answers, reviewed, sealed, released by a person.

It is downloaded with a fresh login and a token that works once; only the token's hash is kept.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from app.db import Tx
from app.domain import release as rules
from app.domain.audit import AuditStep
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.domain.rights import right
from app.letters.facts import LeftOut
from app.letters.package import build
from app.letters.package_facts import CategoryRows, PackageContents, PackagePart
from app.models import DownloadRow, PackageRow, RequestRow, TaskRow
from app.profiles import Profile
from app.repositories import cases, outward, registry, replays
from app.services import information, orders, sealing, steps, tasks, telling
from app.services.context import INSYN, Actor, Context

#: How long a download token lives, and how often it works.
TOKEN_LIVES = timedelta(hours=24)
TOKEN_USES = 1


class NoPackage(DomainError):
    """There is no package for this request, or it has not been released."""


class PackageReleased(DomainError):
    """The package has been released already."""


class PackageExpired(DomainError):
    """The package is no longer available; ask again and a new one is made."""


class UnknownDownload(DomainError):
    """There is no such download, or it has been used."""


class ReleasedByTheRequester(DomainError):
    """The person who asked cannot release their own package."""


class NoWayToDeliver(DomainError):
    """Nobody could log in and fetch the package: record a proof of identity that gives the personnummer first."""


@dataclass(frozen=True)
class Download:
    """A package on its way out: plain bytes, decrypted as they stream."""

    row: RequestRow
    filename: str
    size: int
    chunks: AsyncIterator[bytes]


async def seal(tx: Tx, ctx: Context, row: RequestRow) -> PackageRow:
    """
    Put the package together and seal it as a file, under the request's own key.

    The file is complete on disk before the row that speaks of it commits; without the row it is nobody's.
    """
    await tx.session.flush()  # what the package holds is read from the tables
    contents = await _contents(tx, ctx, row)
    chunks = await asyncio.to_thread(lambda: list(build(contents)))
    stored = await ctx.files.write(f"{row.controller_id}/{row.id}", chunks, sealing.key_of(ctx, row))
    withheld = [asdict(one) for one in contents.left_out]
    made = PackageRow(
        request_id=row.id,
        controller_id=row.controller_id,
        file=stored.name,
        sha256=stored.sha256,
        size=stored.size,
        sealed_at=tx.now,
        left_out=sum(one.count for one in contents.left_out if one.what == "row"),
        left_out_sealed=sealing.seal(ctx, row, withheld, table="package", column="left_out", id=row.id),
    )
    tx.session.add(made)
    facts = {"sha256": stored.sha256, "size": stored.size, "left_out": sum(one.count for one in contents.left_out)}
    await steps.note(tx, row, AuditStep.PACKAGE_SEALED, actor=INSYN, facts=facts)
    return made


async def _contents(tx: Tx, ctx: Context, row: RequestRow) -> PackageContents:
    profile = ctx.profile(row.controller_id)
    language = telling.language_of(row)
    claims = [
        claim
        for claim in await cases.claims_of(tx, [row.id])
        if right(claim.right).yields_package and claim.verdict in (Verdict.GRANTED, Verdict.PARTLY_GRANTED)
    ]
    wanted = {claim.id for claim in claims}
    exports = [t for t in await cases.tasks_of(tx, row.id) if t.claim_id in wanted and t.action == Action.EXPORT]
    names = {
        one.id: (one.key, information.recipient_title(profile, one, language))
        for one in await registry.processors_of(tx, [row.controller_id], with_removed=True)
    }
    reviewer = _Reviewer(ctx, row, profile)
    parts = [reviewer.part(*names[processor], found) for processor, found in _by_processor(exports).items()]
    held = dict.fromkeys(category.key for part in parts for category in part.categories)
    is_access = any(claim.right == "access" for claim in claims)
    return PackageContents(
        language=language,
        reference=row.reference,
        created_at=tx.now.astimezone(ctx.zone(row.controller_id)),
        controller=telling.controller_facts(profile),
        rights=frozenset(claim.right for claim in claims),
        parts=tuple(parts),
        left_out=(*reviewer.left_out, *await _passed_on(tx, row, profile, names)),
        information=information.about(profile, held, language) if is_access else (),
        automated_decisions=information.automated_decisions(language) if is_access else None,
    )


async def _passed_on(tx: Tx, row: RequestRow, profile: Profile, names: Mapping[UUID, tuple[str, str]]) -> list[LeftOut]:
    """Categories that belong to another controller: nobody was asked to export them, and the package says so."""
    language = telling.language_of(row)
    held = {
        (one.processor_id, category) for one in await outward.forwardings_of(tx, row.id) for category in one.categories
    }
    return [
        LeftOut(
            recipient=names[processor][1],
            category_title=information.title_of(profile.category(category)).in_language(language),
            what="category",
            count=1,
            reason_code="forwarded",
        )
        for processor, category in sorted(held, key=lambda one: (names[one[0]][0], one[1]))
    ]


def _by_processor(exports: Sequence[TaskRow]) -> dict[UUID, list[TaskRow]]:
    found: dict[UUID, list[TaskRow]] = {}
    for task in exports:
        found.setdefault(task.processor_id, []).append(task)
    return found


def _why_empty(exports: Sequence[TaskRow]) -> Literal["not_held", "not_given", "not_done"]:
    """What it means that these answers bring no data: only "not found" says that there are none."""
    outcomes = {task.outcome for task in exports}
    if outcomes & set(DONE):
        return "not_given"
    return "not_held" if outcomes <= {Outcome.NOT_FOUND} else "not_done"


class _Reviewer:
    """Lets out of each processor's answer what may leave, and keeps count of the rest."""

    def __init__(self, ctx: Context, row: RequestRow, profile: Profile) -> None:
        self._ctx, self._row, self._profile = ctx, row, profile
        self._level = Level.from_key(row.assurance)
        self._known = _vouched(orders.person_of(ctx, row)["identifiers"])
        self.left_out: list[LeftOut] = []

    def part(self, key: str, name: str, exports: Sequence[TaskRow]) -> PackagePart:
        """What one processor gave; two claims of a request may have asked it for the same rows, which count once."""
        rows: dict[str, list[Mapping[str, Any]]] = {}
        for task in exports:
            given: dict[str, list[Mapping[str, Any]]] = {}
            for record in tasks.answer_of(self._ctx, self._row, task).get("records", []):
                given.setdefault(record["category"], []).extend(record.get("rows", []))
            for category, found in given.items():
                rows.setdefault(category, found)
        return PackagePart(
            key=key,
            name=name,
            categories=tuple(self._category(name, category, found) for category, found in rows.items()),
            empty=_why_empty(exports),
        )

    def _category(self, recipient: str, category_id: str, rows: Sequence[Mapping[str, Any]]) -> CategoryRows:
        category = self._profile.category(category_id)
        released = rules.review(
            category=category_id, data_class=category.data_class, rows=rows, level=self._level, known=self._known
        )
        title = information.title_of(category)
        language = telling.language_of(self._row)
        self.left_out += [
            LeftOut(
                recipient=recipient,
                category_title=title.in_language(language),
                what=one.what,
                count=one.count,
                reason_code=one.reason_code,
            )
            for one in released.withheld
        ]
        return CategoryRows(key=category_id, title=title, rows=released.rows)


def _vouched(identifiers: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """By type, what somebody answers for; what the person only wrote speaks for no row."""
    known: dict[str, set[str]] = {}
    for one in identifiers:
        if one["vouched"]:
            known.setdefault(one["type"], set()).add(one["value"])
    return {type_: frozenset(values) for type_, values in known.items()}


async def package_of(tx: Tx, row: RequestRow) -> PackageRow:
    """A request's package; raises :class:`NoPackage`."""
    found = await tx.session.get(PackageRow, row.id)
    if found is None:
        raise NoPackage
    return found


async def release(tx: Tx, ctx: Context, row: RequestRow, *, actor: Actor) -> PackageRow:
    """
    Let the person have the package: a person's act, and never the requester's own.

    Raises:
        NoPackage, PackageReleased, ReleasedByTheRequester, NoWayToDeliver, SecondPersonNeeded
    """
    package = await package_of(tx, row)
    if package.released_at is not None:
        raise PackageReleased
    if actor.ref == row.requester_ref:
        raise ReleasedByTheRequester
    if row.subject_key is None:
        raise NoWayToDeliver
    for claim in await cases.claims_of(tx, [row.id]):
        if right(claim.right).yields_package and claim.decided_by == actor.ref:
            raise SecondPersonNeeded
    package.released_at, package.released_by = tx.now, actor.ref
    await steps.note(tx, row, AuditStep.PACKAGE_RELEASED, actor=actor, facts={"sha256": package.sha256})
    await steps.changed(tx, row)
    return package


def expires_at(package: PackageRow) -> datetime | None:
    """Until when a released package waits for the person."""
    return None if package.released_at is None else package.released_at + telling.PACKAGE_WAITS


async def new_download(
    tx: Tx, ctx: Context, row: RequestRow, *, subject_key: bytes, actor: Actor
) -> tuple[str, datetime, int]:
    """
    Make a one-time token for a released package: (token, expires_at, uses_left). Only its hash stays here.

    Raises:
        NoPackage, PackageExpired
    """
    package = await package_of(tx, row)
    ends = expires_at(package)
    if ends is None:
        raise NoPackage
    if tx.now >= ends:
        raise PackageExpired
    token = f"{row.controller_id}.{secrets.token_urlsafe(32)}"
    expires = min(tx.now + TOKEN_LIVES, ends)
    tx.session.add(
        DownloadRow(
            token_hash=_hash(token),
            request_id=row.id,
            controller_id=row.controller_id,
            subject_key=subject_key,
            created_at=tx.now,
            expires_at=expires,
            uses_left=TOKEN_USES,
        )
    )
    await steps.note(tx, row, AuditStep.PACKAGE_LINKED, actor=actor)
    return token, expires, TOKEN_USES


async def open_download(tx: Tx, ctx: Context, token: str, *, subject_keys: Sequence[bytes], actor: Actor) -> Download:
    """
    Use a token up and open the package for its person.

    Raises:
        UnknownDownload: No such token, used, expired, or somebody else's; all the same from outside.
    """
    found = await replays.download(tx, _hash(token))
    if found is None or found.uses_left < 1 or tx.now >= found.expires_at or found.subject_key not in subject_keys:
        raise UnknownDownload
    row = await steps.hold(tx, found.request_id)
    package = await package_of(tx, row)
    found.uses_left -= 1
    await steps.note(tx, row, AuditStep.PACKAGE_DOWNLOADED, actor=actor, facts={"sha256": package.sha256})
    return Download(
        row=row,
        filename=f"{row.reference}.zip",
        size=package.size,
        chunks=ctx.files.read(package.file, sealing.key_of(ctx, row)),
    )


def controller_of(ctx: Context, token: str) -> str:
    """The tenant a download token enters; raises :class:`UnknownDownload`. Says nothing about its truth."""
    controller, _, secret = token.partition(".")
    if controller not in ctx.profiles or not 40 <= len(secret) <= 64:
        raise UnknownDownload
    return controller


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
