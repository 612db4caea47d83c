"""
What a controller has settled since its policy was written: the facts an honest access answer needs (GDPR Art. 15(1)).

They stand beside the profile and never in it: the profile says what the published policy says, a supplement what the
controller has said to us, who said it and when. The answer tells the two apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.db import Tx
from app.domain.completeness import KIND_REASONS, OnlyALink, known_paths, tells_something
from app.domain.errors import DomainError
from app.models import SupplementRow
from app.profiles import Profile
from app.repositories import cases
from app.repositories import supplements as stored
from app.services import steps
from app.services.context import Actor, Context
from app.services.ids import new_id

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:slot, 0))")
#: The codes a supplement may carry, by the last word of its path or by where it belongs.
BASES = ("contract", "pre_contract", "legal_obligation", "legitimate_interest", "consent")
SOURCES = ("data_subject", "observed", "systems", "mixed", "third_party", "inferred", "paper")


class UnknownPath(DomainError):
    """There is nothing in the profile that could be settled at that path."""


class CodeNotAllowed(DomainError):
    """That code does not go with what is to be settled there."""


class BothLanguagesNeeded(DomainError):
    """What is settled is said in Swedish and in English, or in neither to take it back."""


class SupplementsMoved(DomainError):
    """The supplements have changed since you read them; read them again."""


@dataclass(frozen=True, kw_only=True)
class Supplement:
    """One settled fact. ``codes`` are legal bases, kinds of source, or the reason why a recipient has no name."""

    path: str
    sv: str
    en: str
    codes: tuple[str, ...] = ()
    settled_on: date

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.sv


@dataclass(frozen=True, kw_only=True)
class NewSupplement:
    """A fact to settle; without texts what was said at the path is taken back."""

    path: str
    sv: str | None = None
    en: str | None = None
    codes: tuple[str, ...] = ()


async def of(tx: Tx, ctx: Context, controller: str) -> dict[str, Supplement]:
    """What counts for a controller, by path."""
    return {
        row.path: Supplement(
            path=row.path,
            sv=row.sv,
            en=row.en,
            codes=tuple(row.codes),
            settled_on=ctx.today(controller, row.settled_at),
        )
        for row in await stored.newest(tx, controller)
        if row.sv is not None and row.en is not None
    }


async def settle(
    tx: Tx,
    ctx: Context,
    controller: str,
    said: Sequence[NewSupplement],
    *,
    actor: Actor,
    version: int | None = None,
) -> int:
    """
    Settle facts, and let the answers that waited for them go on; the new version.

    Raises:
        UnknownController, UnknownPath, CodeNotAllowed, BothLanguagesNeeded, OnlyALink, SupplementsMoved
    """
    profile = ctx.profile(controller)
    await tx.session.execute(_LOCK, {"slot": f"insyn.supplements.{controller}"})
    held = await stored.version(tx, controller)
    if version is not None and version != held:
        raise SupplementsMoved
    for one in said:
        check(profile, one)
        tx.session.add(
            SupplementRow(
                id=new_id(),
                controller_id=controller,
                path=one.path,
                sv=one.sv,
                en=one.en,
                codes=list(one.codes),
                settled_by=actor.ref,
                settled_at=tx.now,
            )
        )
    await tx.session.flush()
    for request_id in await cases.with_status(tx, controller, "package_incomplete"):
        await steps.changed(tx, await steps.hold(tx, request_id))
    return held + len(said)


def check(profile: Profile, one: NewSupplement) -> None:
    """
    Refuse what cannot be settled.

    Raises:
        UnknownPath, CodeNotAllowed, BothLanguagesNeeded, OnlyALink
    """
    paths = known_paths([c.id for c in profile.categories], [r.id for r in profile.recipients])
    if one.path not in paths:
        raise UnknownPath
    if set(one.codes) - set(codes_of(one.path)):
        raise CodeNotAllowed
    if (one.sv is None) != (one.en is None):
        raise BothLanguagesNeeded
    if one.sv is not None and one.en is not None and not all(tells_something([said]) for said in (one.sv, one.en)):
        raise OnlyALink


def codes_of(path: str) -> Sequence[str]:
    """The codes that go with a path."""
    by_end: Mapping[str, Sequence[str]] = {"legal_bases": BASES, "source": SOURCES}
    if path.startswith("recipients."):
        return KIND_REASONS
    return by_end.get(path.rsplit(".", 1)[-1], ())
