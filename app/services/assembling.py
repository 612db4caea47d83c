"""
Putting an answer together: from what processors said, the rules, what a person changed, and what is told beside it.

:func:`read` opens what is sealed, :func:`assemble` is the one way from there to what leaves. The preview that staff see
and the file that is sealed are both its work, so they cannot differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from app.db import Tx
from app.domain import portability, redaction
from app.domain import release as rules
from app.domain.completeness import Missing
from app.domain.decisions import Verdict
from app.domain.execution import DONE
from app.domain.fanout import Action, Outcome
from app.domain.identity import Level, suffices
from app.domain.redaction import Redaction
from app.domain.release import Released
from app.domain.rights import right
from app.letters.facts import LeftOut, NotPortable
from app.letters.package_facts import CategoryRows, Disagreed, InformationIncomplete, PackageContents, PackagePart
from app.letters.words import Language
from app.models import ProcessorRow, RequestRow, TaskRow
from app.profiles import Category, Profile
from app.repositories import cases, outward, registry
from app.services import disagreement, information, orders, supplements, tasks, telling
from app.services.context import Context
from app.services.information import Disclosed, Held, Informer
from app.services.supplements import Supplement

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, repr=False)
class Gave:
    """What one processor gave: rows by category, to whom it disclosed them; ``empty`` is what no data means."""

    key: str
    name: str
    recipient: str  #: the recipient's id in the profile, or ``own``
    on: date | None
    rows: Mapping[str, Rows]
    disclosed: Mapping[str, tuple[Disclosed, ...]]
    empty: Literal["not_held", "not_given", "not_done"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Sources:
    """Everything an answer is made of, opened."""

    request_id: str
    reference: str
    language: Language
    profile: Profile
    rights: frozenset[str]
    level: Level
    known: Mapping[str, frozenset[str]]
    protected: bool
    gave: tuple[Gave, ...]
    strangers: frozenset[str]  #: recipients that know nothing of the person
    supplements: Mapping[str, Supplement]
    disagreed: tuple[Disagreed, ...] = ()  #: the person's own notes beside the data (GDPR Art. 16)
    passed_on: tuple[LeftOut, ...] = ()  #: categories of another controller, whom the request goes to as well


@dataclass(frozen=True, kw_only=True, repr=False)
class ReviewedCategory:
    """One category of one processor, row by row: the keys and what the rules and people made of them."""

    processor: str
    name: str
    category: Category
    keys: tuple[str, ...]
    released: Released
    leaves: bool  #: whether the request reaches it at all


@dataclass(frozen=True, kw_only=True, repr=False)
class Assembled:
    """An answer: what leaves, how each row came to be as it is, and what is still to be said."""

    contents: PackageContents
    reviewed: tuple[ReviewedCategory, ...]
    missing: tuple[Missing, ...]

    @property
    def has_security(self) -> bool:
        return any(one.leaves and one.released.shows_security for one in self.reviewed)

    @property
    def to_review(self) -> int:
        """Rows that stay although a person could let them out."""
        return sum(
            1
            for one in self.reviewed
            if one.leaves
            for row in one.released.reviewed
            if row.stays is not None and any(row.subject.may(action) for action in redaction.OPENING)
        )

    def check(self) -> None:
        """Raise :class:`InformationIncomplete` while a piece that the law demands is empty."""
        if self.missing:
            raise InformationIncomplete(self.missing)


async def read(tx: Tx, ctx: Context, row: RequestRow) -> Sources:
    """Open everything the answer to a request is made of."""
    await tx.session.flush()  # what the answer holds is read from the tables
    profile, language = ctx.profile(row.controller_id), telling.language_of(row)
    claims = [
        claim
        for claim in await cases.claims_of(tx, [row.id])
        if right(claim.right).yields_package and claim.verdict in (Verdict.GRANTED, Verdict.PARTLY_GRANTED)
    ]
    wanted = {claim.id: claim for claim in claims}
    found = await cases.counting_tasks_of(tx, row.id)
    processors = {one.id: one for one in await registry.processors_of(tx, [row.controller_id], with_removed=True)}
    exports = [
        task
        for task in found
        if task.action == Action.EXPORT
        and (claim := wanted.get(task.claim_id)) is not None  # type: ignore[arg-type]
        and task.asked_for == claim.decided_for
    ]
    reader = _Reader(ctx, row, profile, language, {claim.id: frozenset(claim.excluded) for claim in claims})
    return Sources(
        request_id=str(row.id),
        reference=row.reference,
        language=language,
        profile=profile,
        rights=frozenset(claim.right for claim in claims),
        level=Level.from_key(row.assurance),
        known=_known(orders.person_of(ctx, row)["identifiers"], checked=any(one.identifiers_checked for one in claims)),
        protected=row.protected,
        gave=tuple(reader.gave(processors[one], of_one) for one, of_one in _by_processor(exports).items()),
        strangers=_strangers(profile, found, processors),
        supplements=await supplements.of(tx, ctx, row.controller_id),
        disagreed=tuple(Disagreed(**one) for one in await disagreement.notes_of_person(tx, ctx, row)),
        passed_on=tuple(await _passed_on(tx, row, profile, processors, language)),
    )


async def _passed_on(
    tx: Tx, row: RequestRow, profile: Profile, processors: Mapping[UUID, ProcessorRow], language: Language
) -> list[LeftOut]:
    """Categories that belong to another controller: nobody was asked to export them, and the package says so."""
    held = {
        (information.recipient_title(profile, processors[one.processor_id], language), category)
        for one in await outward.forwardings_of(tx, row.id)
        for category in one.categories
    }
    return [
        LeftOut(
            recipient=name,
            category_title=profile.category(category).title.in_language(language),
            what="category",
            count=1,
            reason_code="forwarded",
        )
        for name, category in sorted(held)
    ]


def _by_processor(exports: Sequence[TaskRow]) -> dict[UUID, list[TaskRow]]:
    found: dict[UUID, list[TaskRow]] = {}
    for task in exports:
        found.setdefault(task.processor_id, []).append(task)
    return found


def _strangers(profile: Profile, found: Sequence[TaskRow], processors: Mapping[UUID, ProcessorRow]) -> frozenset[str]:
    """Recipients all of whose systems were asked and said that nothing about the person is there."""
    said: dict[str, set[bool]] = {}
    for task in found:
        if task.action in (Action.LOCATE, Action.EXPORT) and task.outcome is not None:
            recipient = _recipient_of(profile, processors[task.processor_id].key)
            said.setdefault(recipient, set()).add(task.outcome == Outcome.NOT_FOUND)
    return frozenset(one for one, nothing in said.items() if nothing == {True}) - {"own"}


def _recipient_of(profile: Profile, key: str) -> str:
    return next((system.recipient for system in profile.systems if system.id == key), "own")


def _known(identifiers: Sequence[Mapping[str, Any]], *, checked: bool) -> dict[str, frozenset[str]]:
    """
    By type, what somebody answers for; where nobody does, what was only written, once somebody has compared it.

    A compared value never stands beside a vouched one: it may only hold rows back, never let another's through.
    """
    known: dict[str, set[str]] = {}
    for answered_for in (True, False) if checked else (True,):
        before = frozenset(known)
        for one in identifiers:
            if one["vouched"] == answered_for and one["type"] not in before:
                known.setdefault(one["type"], set()).add(one["value"])
    return {type_: frozenset(values) for type_, values in known.items()}


class _Reader:
    """Opens one request's answers."""

    def __init__(
        self,
        ctx: Context,
        row: RequestRow,
        profile: Profile,
        language: Language,
        excluded: Mapping[UUID | None, frozenset[str]],
    ) -> None:
        self._ctx, self._row, self._profile, self._language = ctx, row, profile, language
        self._excluded = excluded

    def gave(self, processor: ProcessorRow, exports: Sequence[TaskRow]) -> Gave:
        """What one processor gave; two claims of a request may have asked it for the same rows, which count once."""
        rows: dict[str, list[Mapping[str, Any]]] = {}
        disclosed: dict[str, tuple[Disclosed, ...]] = {}
        for task in exports:
            given: dict[str, list[Mapping[str, Any]]] = {}
            for record in tasks.answer_of(self._ctx, self._row, task).get("records", []):
                if record["category"] in self._excluded.get(task.claim_id, ()):
                    continue  # whatever came, two people have left it out (Art. 12(4), 15(4))
                given.setdefault(record["category"], []).extend(record.get("rows", []))
                if told := tuple(map(_disclosed, record.get("disclosures", []))):
                    disclosed[record["category"]] = told
            for category, found in given.items():
                rows.setdefault(category, found)
        closed = [task.closed_at for task in exports if task.closed_at is not None]
        return Gave(
            key=processor.key,
            name=information.recipient_title(self._profile, processor, self._language),
            recipient=_recipient_of(self._profile, processor.key),
            on=self._ctx.today(self._row.controller_id, max(closed)) if closed else None,
            rows=rows,
            disclosed=disclosed,
            empty=_why_empty(exports),
        )


def _disclosed(one: Mapping[str, Any]) -> Disclosed:
    return Disclosed(to=str(one["to"]), on=date.fromisoformat(one["on"]) if one.get("on") else None)


def _why_empty(exports: Sequence[TaskRow]) -> Literal["not_held", "not_given", "not_done"]:
    """What it means that these answers bring no data: only "not found" says that there are none."""
    outcomes = {task.outcome for task in exports}
    if outcomes & set(DONE):
        return "not_given"
    return "not_held" if outcomes <= {Outcome.NOT_FOUND} else "not_done"


# --- from here on nothing is read ------------------------------------------------------------------------------------


def assemble(sources: Sources, redactions: Sequence[Redaction], *, created_at: datetime) -> Assembled:
    """
    The answer as it leaves. The same sources, redactions and instant give the same answer, to the byte.

    Args:
        created_at: Aware, in the controller's time zone.
    """
    reviewed = tuple(_reviewed(sources, redaction.by_row(redactions)))
    scopes = {scope.category: scope for scope in _scopes(sources, reviewed)}
    is_access = "access" in sources.rights
    held = _held(sources) if is_access else {}
    informer = Informer(sources.profile, sources.supplements, sources.language, strangers=sources.strangers)
    missing = informer.missing(held)
    contents = PackageContents(
        language=sources.language,
        reference=sources.reference,
        created_at=created_at,
        controller=telling.controller_facts(sources.profile),
        rights=sources.rights,
        parts=tuple(_part(gave, reviewed, scopes) for gave in sources.gave),
        left_out=(*_left_out(sources, reviewed), *sources.passed_on),
        information=informer.about(held) if is_access and not missing else (),
        automated_decisions=informer.automated_decisions() if held and not missing else None,
        not_portable=tuple(_not_portable(sources, scopes)),
        disagreed=sources.disagreed if is_access else (),
    )
    return Assembled(contents=contents, reviewed=reviewed, missing=missing)


def _reviewed(sources: Sources, changes: Mapping[str, tuple[Redaction, ...]]) -> Sequence[ReviewedCategory]:
    found = []
    for gave in sources.gave:
        for category_id, rows in gave.rows.items():
            category = sources.profile.category(category_id)
            # A profile may ask more for a class than the release rules do; what it asks in vain stays behind.
            asked = sources.profile.identity.class_levels("access").get(category.data_class, Level.NONE)
            keys = redaction.row_keys(rows, salt=sources.request_id, processor=gave.key, category=category_id)
            released = rules.review(
                category=category_id,
                data_class=category.data_class,
                rows=rows,
                level=sources.level if suffices(sources.level, needed=asked) else Level.NONE,
                known=sources.known,
                protected=sources.protected,
                redactions=[changes.get(key, ()) for key in keys],
            )
            found.append(
                ReviewedCategory(
                    processor=gave.key,
                    name=gave.name,
                    category=category,
                    keys=tuple(keys),
                    released=released,
                    leaves="access" in sources.rights or _scope(sources, category).is_covered,
                )
            )
    return found


def _scope(sources: Sources, category: Category) -> portability.Scope:
    bases = sources.supplements.get(f"categories.{category.id}.legal_bases")
    source = sources.supplements.get(f"categories.{category.id}.source")
    kind = source.codes[0] if source is not None and source.codes else category.source.kind
    return portability.scope_of(
        category=category.id,
        data_class=category.data_class,
        legal_bases=bases.codes if bases is not None else category.legal_bases.values,
        source=kind,
        automated=kind != "paper",
    )


def _scopes(sources: Sources, reviewed: Sequence[ReviewedCategory]) -> Sequence[portability.Scope]:
    if "portability" not in sources.rights:
        return ()
    held = {one.category.id: one.category for one in reviewed if one.keys}
    return [_scope(sources, category) for category in held.values()]


def _not_portable(sources: Sources, scopes: Mapping[str, portability.Scope]) -> Sequence[NotPortable]:
    return [
        NotPortable(category_title=_title(sources, category), why=scope.why.value)
        for category, scope in scopes.items()
        if scope.why is not None
    ]


def _title(sources: Sources, category: str) -> str:
    return sources.profile.category(category).title.in_language(sources.language)


def _held(sources: Sources) -> dict[str, Held]:
    """Every category of which anything is held about the person, in the order of the answers, and by whom."""
    found: dict[str, Held] = {}
    for gave in sources.gave:
        for category, rows in gave.rows.items():
            if not rows:
                continue
            before = found.get(category, Held())
            own = {} if gave.recipient == "own" else {gave.recipient: gave.on}
            found[category] = Held(
                holders={**before.holders, **own},
                disclosed=(*before.disclosed, *gave.disclosed.get(category, ())),
            )
    return found


def _part(gave: Gave, reviewed: Sequence[ReviewedCategory], scopes: Mapping[str, portability.Scope]) -> PackagePart:
    categories = [
        CategoryRows(
            key=one.category.id,
            title=information.title_of(one.category),
            rows=one.released.rows,
            is_held=bool(one.keys),
            portable=one.category.id in scopes and scopes[one.category.id].is_covered,
        )
        for one in reviewed
        if one.processor == gave.key and one.leaves
    ]
    return PackagePart(key=gave.key, name=gave.name, categories=tuple(categories), empty=gave.empty)


def _left_out(sources: Sources, reviewed: Sequence[ReviewedCategory]) -> Sequence[LeftOut]:
    found = [
        LeftOut(
            recipient=one.name,
            category_title=_title(sources, one.category.id),
            what=withheld.what,
            count=withheld.count,
            reason_code=withheld.reason_code,
        )
        for one in reviewed
        if one.leaves
        for withheld in one.released.withheld
    ]
    if any(one.leaves and one.keys for one in reviewed):
        return found
    # Data are held and the right reaches none of them: that is no whole yes.
    return found + [
        LeftOut(
            recipient=one.name,
            category_title=_title(sources, one.category.id),
            what="row",
            count=len(one.keys),
            reason_code="not_portable",
        )
        for one in reviewed
        if one.keys
    ]
