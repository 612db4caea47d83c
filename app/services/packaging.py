"""
The package: what the person gets, put together from processors' answers, reviewed, sealed, released by a person.

It is downloaded with a fresh login and a token that works once; only the token's hash is kept.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from app.db import Tx
from app.domain import waiting
from app.domain.audit import AuditStep
from app.domain.case import ClaimState
from app.domain.errors import DomainError
from app.domain.four_eyes import SecondPersonNeeded, Subject
from app.domain.guarding import CoolingOff
from app.domain.redaction import Redaction
from app.domain.rights import right
from app.letters.package import build
from app.models import ApprovalRow, DownloadRow, PackageRow, RequestRow
from app.repositories import approvals, audit, cases, replays
from app.services import assembling, four_eyes, sealing, steps, telling
from app.services.assembling import Sources
from app.services.context import INSYN, Actor, Context
from app.vault.envelope import DataKey

#: How long a download token lives, and how often it works.
TOKEN_LIVES = timedelta(hours=24)
TOKEN_USES = 1


class NoPackage(DomainError):
    """There is no package for this request, or it has not been released."""


class PackageReleased(DomainError):
    """The package has been released already."""


class PackageMoved(DomainError):
    """The package has been made again since you saw it; look at it again."""


class PackageNotSeen(DomainError):
    """Nobody lets out what they have not seen: open the preview of this very version first."""


class PackageStale(DomainError):
    """What the package is made of has changed since it was sealed: set its redactions again, and it is made anew."""


class ReleaseAsked(DomainError):
    """The release has been asked for; it waits for a second person."""


class PackageExpired(DomainError):
    """The package is no longer available; ask again and a new one is made."""


class UnknownDownload(DomainError):
    """There is no such download, or it has been used."""


class DecisionTakenBack(DomainError):
    """The decision behind this package is no longer taken: decide the claim first."""


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

    Raises:
        InformationIncomplete: A piece the law demands about the data in it is empty; ``missing`` names each.
        PackageRefused
    """
    made = PackageRow(
        request_id=row.id,
        controller_id=row.controller_id,
        file=f"{row.controller_id}/{row.id}",
        sha256="",
        size=0,
        sealed_at=tx.now,
        left_out=0,
        left_out_sealed=b"",
    )
    await _fill(tx, ctx, row, made, await assembling.read(tx, ctx, row), ())
    tx.session.add(made)
    return made


async def remake(
    tx: Tx, ctx: Context, row: RequestRow, package: PackageRow, sources: Sources, redactions: Sequence[Redaction]
) -> None:
    """
    Make the package again as its next version; whatever was asked or seen of the one before no longer counts.

    The file of the version before is destroyed once this one is committed (:func:`destroy_former`).
    """
    if package.former_file is not None:
        await ctx.files.delete(package.former_file)  # of the version before the last: no row speaks of it
    package.former_file = package.file
    package.version += 1
    package.file = f"{row.controller_id}/{row.id}-{package.version}"
    package.sealed_at, package.asked_by = tx.now, None
    await approvals.forget_open_about(tx, row.id, Subject.RELEASE)
    await _fill(tx, ctx, row, package, sources, redactions)


async def _fill(
    tx: Tx, ctx: Context, row: RequestRow, package: PackageRow, sources: Sources, redactions: Sequence[Redaction]
) -> None:
    made = assembling.assemble(sources, redactions, created_at=sealed_at(ctx, row, package))
    made.check()
    contents = made.contents
    chunks = await asyncio.to_thread(lambda: list(build(contents)))
    stored = await ctx.files.write(package.file, chunks, await sealing.hold_contents_key(ctx, row))
    withheld = {
        "left_out": [asdict(one) for one in contents.left_out],
        "not_portable": [asdict(one) for one in contents.not_portable],
    }
    package.sha256, package.size = stored.sha256, stored.size
    package.left_out = sum(one.count for one in contents.left_out if one.what == "row")
    package.left_out_sealed = sealing.seal(ctx, row, withheld, table="package", column="left_out", id=row.id)
    package.has_security, package.to_review = made.has_security, made.to_review
    facts = {"sha256": stored.sha256, "size": stored.size, "version": package.version}
    facts |= {"left_out": sum(one.count for one in contents.left_out)}
    await steps.note(tx, row, AuditStep.PACKAGE_SEALED, actor=INSYN, facts=facts)


def sealed_at(ctx: Context, row: RequestRow, package: PackageRow) -> datetime:
    """When the package was put together, in the controller's time zone: a part of its contents."""
    return package.sealed_at.astimezone(ctx.zone(row.controller_id))


async def destroy_former(tx: Tx, ctx: Context, row: RequestRow, package: PackageRow) -> None:
    """Destroy the file of a version that has been made again; only in a later transaction than that."""
    if package.former_file is not None:
        await ctx.files.delete(package.former_file)
        package.former_file = None
        facts = {"version": package.version - 1}
        await steps.note(tx, row, AuditStep.PACKAGE_DESTROYED, actor=INSYN, facts=facts)


async def destroy(tx: Tx, ctx: Context, row: RequestRow, package: PackageRow) -> None:
    """Destroy a package that nobody gets: its row, and as the last thing before that commits its files."""
    files = [file for file in (package.file, package.former_file) if file is not None]

    async def delete_files() -> None:
        await tx.session.flush()  # what the database refuses has destroyed nothing
        for file in files:
            await ctx.files.delete(file)

    tx.finishing[f"package.destroy:{row.id}"] = delete_files
    await tx.session.delete(package)
    await steps.note(tx, row, AuditStep.PACKAGE_DESTROYED, actor=INSYN)
    await tx.session.flush()


async def package_of(tx: Tx, row: RequestRow) -> PackageRow:
    """A request's package; raises :class:`NoPackage`."""
    found = await tx.session.get(PackageRow, row.id)
    if found is None:
        raise NoPackage
    return found


async def release(tx: Tx, ctx: Context, row: RequestRow, *, sha256: str, actor: Actor) -> PackageRow:
    """
    Let the person have the package: a person's act, and never the requester's own.

    What shows how a home is protected waits for a second person: then nothing is released yet, and ``asked_by`` says
    who asked.

    Args:
        sha256: Of the very version that was seen in the preview.

    Raises:
        NoPackage, PackageReleased, ReleasedByTheRequester, NoWayToDeliver, SecondPersonNeeded, RequestStopped,
        PackageMoved,
        PackageNotSeen, CoolingOff, ReleaseAsked, DecisionTakenBack
    """
    package = await package_of(tx, row)
    if package.released_at is not None:
        raise PackageReleased
    if actor.ref == row.requester_ref:
        raise ReleasedByTheRequester
    if row.subject_key is None:
        raise NoWayToDeliver
    await _check_decided(tx, row)
    await _check_who(tx, row, package, actor)
    if sha256 != package.sha256:
        raise PackageMoved
    await _check_seen(tx, row, package, actor)
    await _check_time(tx, row)
    if not package.has_security:
        await _let_go(tx, row, package, released_by=actor.ref, actor=actor)
        await steps.changed(tx, row)
        return package
    if package.asked_by is not None:
        raise ReleaseAsked
    package.asked_by = actor.ref
    facts = {"sha256": package.sha256, "version": package.version}
    await four_eyes.ask(tx, row, Subject.RELEASE, facts=facts, actor=actor)
    await steps.changed(tx, row)
    return package


async def take_second_word(
    tx: Tx, _ctx: Context, row: RequestRow, approval: ApprovalRow, *, approved: bool, actor: Actor
) -> None:
    """
    A package that shows how a home is protected leaves, or stays as if nobody had asked.

    Raises:
        PackageReleased, SecondPersonNeeded, PackageMoved, PackageNotSeen, CoolingOff
    """
    package = await package_of(tx, row)
    if package.released_at is not None:
        raise PackageReleased
    if not approved:
        package.asked_by = None
        return
    await _check_who(tx, row, package, actor)
    if approval.facts.get("sha256") != package.sha256:
        raise PackageMoved
    await _check_seen(tx, row, package, actor)
    await _check_time(tx, row)
    package.approved_by = actor.ref  # first: the database lets no such package go without it
    await _let_go(tx, row, package, released_by=approval.asked_by, actor=actor)


async def _check_decided(tx: Tx, row: RequestRow) -> None:
    """A stop that was settled for somebody else than was decided on hands the decision back."""
    copies = [one for one in await cases.claims_of(tx, [row.id]) if right(one.right).yields_package]
    if any(one.state in (ClaimState.OPEN, ClaimState.AWAITING_APPROVAL) for one in copies):
        raise DecisionTakenBack


async def _check_time(tx: Tx, row: RequestRow) -> None:
    """What cannot be called back waits for its time, and for nobody who said that it was not them."""
    steps.check_not_stopped(row)
    if waiting.package_waits(await cases.snapshot(tx, row)):
        raise CoolingOff


async def _check_who(tx: Tx, row: RequestRow, package: PackageRow, actor: Actor) -> None:
    """Neither who decided about the copy nor who opened what the rules keep back looks it through."""
    if actor.ref in package.opened_by:
        raise SecondPersonNeeded
    for claim in await cases.claims_of(tx, [row.id]):
        if right(claim.right).yields_package and claim.decided_by == actor.ref:
            raise SecondPersonNeeded


async def _check_seen(tx: Tx, row: RequestRow, package: PackageRow, actor: Actor) -> None:
    await tx.session.flush()
    if not await audit.has_read(tx, row.id, actor_ref=actor.ref, sha256=package.sha256):
        raise PackageNotSeen


async def _let_go(tx: Tx, row: RequestRow, package: PackageRow, *, released_by: str, actor: Actor) -> None:
    package.released_at, package.released_by = tx.now, released_by
    facts = {"sha256": package.sha256, "version": package.version}
    await steps.note(tx, row, AuditStep.PACKAGE_RELEASED, actor=actor, facts=facts)


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
    if ends is None or row.stop_verdict == "not_genuine":
        raise NoPackage
    steps.check_not_stopped(row)
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
    steps.check_not_stopped(row)
    package = await package_of(tx, row)
    found.uses_left -= 1
    await steps.note(tx, row, AuditStep.PACKAGE_DOWNLOADED, actor=actor, facts={"sha256": package.sha256})
    return Download(
        row=row,
        filename=f"{row.reference}.zip",
        size=package.size,
        chunks=ctx.files.read(package.file, key_of(ctx, row)),
    )


def key_of(ctx: Context, row: RequestRow) -> DataKey:
    """What a request's package is sealed with: the contents' key, or the case's for one sealed before there was any."""
    return sealing.key_of(ctx, row) if row.contents_id is None else sealing.contents_key_of(ctx, row)


def controller_of(ctx: Context, token: str) -> str:
    """The tenant a download token enters; raises :class:`UnknownDownload`. Says nothing about its truth."""
    controller, _, secret = token.partition(".")
    if controller not in ctx.profiles or not 40 <= len(secret) <= 64:
        raise UnknownDownload
    return controller


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
