"""
What a task comes to in the controller's own database.

First the person is looked for, by a role that can only read; one person, or nobody goes on. What is then done to them
is one transaction, bounded in rows, under a role of its own.
"""

import asyncio
import itertools
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.fanout import Action, Outcome
from app.domain.faults import Fault, secret_missing
from app.processors._faults import unfit
from app.processors._port import Answer, Line, Order, Target, spelt
from app.processors.sql import database, plan
from app.processors.sql.database import Database
from app.processors.sql.plan import CHANGES, Plan, names_in

READ_URL, WRITE_URL, CA = "read_url", "write_url", "ca"
SECRETS = frozenset({READ_URL, WRITE_URL, CA})
#: Rows of one search that are read: a join may give one person many times.
MOST_FOUND = 1_000
#: Looking, and deleting nothing for a while, may be about another of the household.
_HARMS_NOBODY = frozenset({Action.LOCATE, Action.FREEZE})


def lacks(target: Target) -> list[Fault]:
    """Settings that can be read, and the database's address for a role that reads and, if need be, one that writes."""
    found = plan.read(target.settings)
    if not isinstance(found, Plan):
        return found + ([] if target.named.get(READ_URL) else [secret_missing(READ_URL)])
    wanted = [READ_URL, WRITE_URL] if found.writes else [READ_URL]
    faults = [fault for name in wanted if (fault := _address_fault(found, target, name)) is not None]
    try:
        database.trust(_ca(target))
    except database.UnfitCa:
        faults.append(
            unfit(("secrets", CA), "Must be certificates of a CA as PEM.", "Ska vara en utfärdares certifikat som PEM.")
        )
    return faults


def _address_fault(found: Plan, target: Target, name: str) -> Fault | None:
    if not (values := target.named.get(name)):
        return secret_missing(name)
    closed = database.TLS_SAID[found.dialect]
    try:
        database.address(found.dialect, values[0])
    except database.OpenWay:
        return unfit(
            ("secrets", name),
            f"Must end with {closed}: the database is not on this machine, so its certificate has to be looked at.",
            f"Ska sluta med {closed}: databasen finns inte på den här maskinen, så dess certifikat måste granskas.",
        )
    except database.UnfitAddress:
        return unfit(
            ("secrets", name),
            f"Must be {found.dialect}://role:password@host:port/database, with nothing after it but {closed}.",
            f"Ska vara {found.dialect}://roll:lösenord@värd:port/databas, och inget därefter utom {closed}.",
        )
    return None


def _ca(target: Target) -> str | None:
    """Every CA that is given under the name: while one replaces another both are believed."""
    return "\n".join(target.named.get(CA, ())) or None


class _Stays(Exception):
    """The task is for a person: the answer says why, and whatever was done is taken back."""

    def __init__(self, code: str, reason: str, *, outcome: Outcome = Outcome.REFUSED, **evidence: Any) -> None:
        super().__init__(code)
        self.answer = Answer(outcome=outcome, code=code, body={"reason": reason, "evidence": evidence})


@dataclass(frozen=True)
class _Done:
    """How many rows each statement changed, before it is made to last."""

    rows: Mapping[str, int]

    @property
    def changed(self) -> bool:
        return any(self.rows.values())


class Sql:
    """One database, reached under two roles."""

    def __init__(self, target: Target, line: Line) -> None:
        read = plan.read(target.settings)
        self._plan = read if isinstance(read, Plan) and not lacks(target) else None
        self._seconds = line.seconds
        self._reads: Database | None = None
        self._writes: Database | None = None
        if self._plan is not None:
            self._reads = self._open(self._plan, target, READ_URL, line)
            self._writes = self._open(self._plan, target, WRITE_URL, line) if self._plan.writes else None

    def _open(self, found: Plan, target: Target, name: str, line: Line) -> Database:
        url = database.address(found.dialect, target.named[name][0])
        return Database(found.dialect, url, connections=line.connections, seconds=line.seconds, ca=_ca(target))

    async def send(self, order: Order) -> Answer:
        if self._plan is None or self._reads is None:
            return Answer(outcome=Outcome.FAILED, code="not_connected")
        try:
            # Several statements and a wait for locks; each has the whole time of one call in the database itself.
            async with asyncio.timeout(self._seconds * 3):
                return await self._do(self._plan, self._reads, order)
        except _Stays as stays:
            return stays.answer
        except _Unsure as unsure:
            return Answer(outcome=Outcome.UNKNOWN, code="cut_off", progress={"rows": dict(unsure.rows)})
        except TimeoutError:
            return Answer(outcome=Outcome.RETRY, code="timeout")  # never committed: taken back with its connection
        except DBAPIError as error:
            return _broken(error)
        except ssl.SSLError:  # whoever answers has not shown that it is the database; nothing was told
            return Answer(outcome=Outcome.RETRY, code="not_trusted")
        except (SQLAlchemyError, OSError):
            return Answer(outcome=Outcome.RETRY, code="not_reached")

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self.send(order)

    async def ask(self, order: Order) -> Answer:
        """The database is its own ledger: what is done once more there changes nothing more."""
        return await self.send(order)

    async def aclose(self) -> None:
        for one in (self._reads, self._writes):
            if one is not None:
                await one.aclose()

    async def _do(self, found: Plan, reads: Database, order: Order) -> Answer:
        if order.action not in (Action.LOCATE, Action.EXPORT, Action.RECTIFY, *CHANGES):
            raise _Stays("manual", "No statement is declared for this; do it by hand.")
        asked = {"today": order.asked_at.astimezone(ZoneInfo(found.timezone)).date(), "task_id": order.task_id}
        async with reads.transaction(reads_only=True) as connection:
            who, has = await _search(connection, found, order, asked)
            if who is None:
                return self._nobody(order)
            values = asked | {plan.PERSON: who}
            if order.action is Action.LOCATE:
                return await _located(connection, found, order, values, has)
            if order.action is Action.EXPORT:
                return await _exported(connection, found, order, values)
        return await self._changed(found, order, values)

    def _nobody(self, order: Order) -> Answer:
        """Nobody is here; after a commit that nobody saw the end of, that is what was wanted."""
        before = (order.progress or {}).get("rows")
        if before and order.action is Action.ERASE:
            return Answer(outcome=Outcome.COMPLETED, code="erased_before", body={"evidence": {"rows": before}})
        return Answer(outcome=Outcome.NOT_FOUND, code="nobody")

    def _unchanged(self, order: Order, body: Mapping[str, Any]) -> Answer:
        """No row was touched: nothing was there to erase or correct; what was to be marked is a person's to look at."""
        if order.action is Action.ERASE and (before := (order.progress or {}).get("rows")):
            return Answer(outcome=Outcome.COMPLETED, code="erased_before", body={"evidence": {"rows": before}})
        if order.action in (Action.ERASE, Action.RECTIFY):
            return Answer(outcome=Outcome.NOT_FOUND, code="nothing_there", body=body)
        raise _Stays("nothing_changed", "The person is here and no row was changed; look at the statement.")

    async def _changed(self, found: Plan, order: Order, values: Mapping[str, Any]) -> Answer:
        statements = _statements(found, order)
        if self._writes is None or not statements:
            raise _Stays("manual", "No statement is declared for this; do it by hand.")
        retained = _kept(found, order)
        async with self._writes.transaction(reads_only=False) as connection:
            done = _Done(
                {
                    name: await database.change(connection, sql, _named(sql, {**values, **extra}))
                    for name, sql, extra in statements
                }
            )
            if max(done.rows.values()) > found.most_changed:
                raise _Stays("too_many_rows", "More rows would change than one person has.", rows=dict(done.rows))
            if found.dry_run:
                raise _Stays("dry_run", "A dry run: counted and taken back.", rows=dict(done.rows))
            try:
                await connection.commit()
            except (SQLAlchemyError, OSError, asyncio.CancelledError) as error:  # cancelled: its time was over
                raise _Unsure(done.rows) from error
        body: dict[str, Any] = {"evidence": {"rows": dict(done.rows)}}
        if retained:
            gone = sorted(set(order.categories) - {one["category"] for one in retained})
            body |= {"retained": retained, "erased_categories": gone}
            return Answer(outcome=Outcome.RETAINED, code="kept_by_law", body=body)
        if not done.changed:
            return self._unchanged(order, body)
        return Answer(outcome=Outcome.COMPLETED, code="committed", body=body)


class _Unsure(Exception):
    """The commit was sent and its answer never came."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        super().__init__("commit")
        self.rows = rows


def _broken(error: DBAPIError) -> Answer:
    """What the database refused; its code alone, for its words quote the row."""
    if error.connection_invalidated:
        return Answer(outcome=Outcome.RETRY, code="not_reached")  # nothing was committed
    raised: Any = error.orig
    code = str(getattr(raised, "sqlstate", None) or (getattr(raised, "args", None) or ("",))[0])[:5]
    said = f"sql_{code if code.isalnum() else 'error'}".lower()  # as the log takes codes: of one case
    if code in database.PASSING:
        return Answer(outcome=Outcome.RETRY, code=said)
    outcome = Outcome.RETRY if code.startswith(("08", "57P", "2003", "2013")) else Outcome.FAILED
    return Answer(outcome=outcome, code=said)


async def _search(
    connection: AsyncConnection, found: Plan, order: Order, asked: Mapping[str, Any]
) -> tuple[Any | None, frozenset[str]]:
    """
    Who the person is here, and what the searches that found them say is held; None for nobody.

    Searches stand in the order of their strength. One that finds somebody whom a stronger one did not find may look;
    it changes nothing and hands nothing out: her customer number is unknown here, and the telephone is her husband's.
    """
    known = _known(order, asked, as_given=True)
    folded = _known(order, asked, as_given=False)
    runnable = [one for one in found.locate if names_in(one.sql) <= known.keys()]
    if not runnable:
        wanted = sorted({name for one in found.locate for name in names_in(one.sql) & plan.IDENTIFIERS})
        raise _Stays("no_identifier", f"To look here one of these is needed: {', '.join(wanted)}.")
    people: dict[Any, set[str]] = {}
    known_well: set[Any] = set()
    missed = False
    for one in runnable:
        # As it was given, for a database that tells capitals apart; then in the small letters statements expect.
        here = await _found_by(connection, one, known) or (
            await _found_by(connection, one, folded) if folded != known else set()
        )
        if here and missed and order.action is not Action.LOCATE:
            raise _Stays("weaker_find", "Only a weaker search finds anybody; compare first.", outcome=Outcome.AMBIGUOUS)
        missed = missed or not here
        for who in here:
            people.setdefault(who, set()).update(one.categories)
        known_well |= here if one.speaks_for_one else set()
    if len(people) > 1:
        raise _several()
    if people.keys() - known_well and order.action not in _HARMS_NOBODY:
        raise _Stays("found_by_phone_alone", "Only a telephone fits, and a household may share it. See whose it is.")
    return next(((who, frozenset(has)) for who, has in people.items()), (None, frozenset()))


def _known(order: Order, asked: Mapping[str, Any], *, as_given: bool) -> dict[str, list[Any]]:
    known: dict[str, list[Any]] = {name: [value] for name, value in asked.items()}
    for one in order.identifiers:
        known.setdefault(one["type"], []).append(spelt(one) if as_given else one["value"])
    return known


def _several() -> _Stays:
    return _Stays("several", "Several people fit what is known of this one.", outcome=Outcome.AMBIGUOUS)


async def _found_by(connection: AsyncConnection, search: plan.Search, known: Mapping[str, Sequence[Any]]) -> set[Any]:
    """Whom a search finds by any of the values there are; two telephones are two searches."""
    names = sorted(names_in(search.sql))
    here: set[Any] = set()
    for values in itertools.product(*(known[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        rows = await database.rows(connection, search.sql, chosen, most=MOST_FOUND)
        if len(rows) > MOST_FOUND:  # who else is among those that were not read, nobody knows
            raise _several()
        if any(plan.PERSON not in row for row in rows):
            raise _Stays("no_person_column", "A search has to give the person's key in the column 'person'.")
        here |= {row[plan.PERSON] for row in rows}
    return here


async def _located(
    connection: AsyncConnection, found: Plan, order: Order, values: Mapping[str, Any], has: frozenset[str]
) -> Answer:
    held = set(has)
    for one in found.export:
        if one.category not in held and await database.rows(connection, one.sql, _named(one.sql, values), most=0):
            held.add(one.category)
    return Answer(outcome=Outcome.COMPLETED, code="found", body={"found_categories": sorted(held)})


async def _exported(connection: AsyncConnection, found: Plan, order: Order, values: Mapping[str, Any]) -> Answer:
    asked = _asked(found, order)
    wanted = [one for one in found.export if one.category in asked]
    if missing := asked - {one.category for one in wanted}:
        raise _Stays("manual", f"No statement reads {', '.join(sorted(missing))}; give those by hand.")
    records, left = [], found.most_rows
    for one in wanted:
        rows = await database.rows(connection, one.sql, _named(one.sql, values), most=left)
        if len(rows) > left:
            raise _Stays("too_many_rows", "More rows than one person has; look at the statement first.")
        left -= len(rows)
        records.append(
            {"category": one.category, "rows": rows} | ({"description": one.description} if one.description else {})
        )
    evidence = {"rows": {record["category"]: len(record["rows"]) for record in records}}
    return Answer(outcome=Outcome.COMPLETED, code="read", body={"records": records, "evidence": evidence})


def _named(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in names_in(sql)}


def _asked(found: Plan, order: Order) -> frozenset[str]:
    """
    What an order is about; one that names no category is about all that is declared here.

    A stop is about what has a statement: a purpose is ended once, not for each category.
    """
    if order.categories:
        return frozenset(order.categories)
    if order.action in (Action.EXPORT, Action.ERASE, Action.RESTRICT):
        return found.categories
    return frozenset(one.category for one in found.changes(order.action))


def _statements(found: Plan, order: Order) -> list[tuple[str, str, dict[str, Any]]]:
    """What is to be run, each with the name its count is kept under and what it needs beside the person."""
    if order.action is Action.RECTIFY:
        return _corrections(found, order)
    asked = _asked(found, order)
    chosen = [one for one in found.changes(order.action) if one.category in asked]
    if missing := asked - {one.category for one in chosen}:
        raise _Stays("manual", f"No statement is declared for {', '.join(sorted(missing))}; do those by hand.")
    return [(f"{number}:{one.category}", one.sql, {}) for number, one in enumerate(chosen, start=1)]


def _corrections(found: Plan, order: Order) -> list[tuple[str, str, dict[str, Any]]]:
    said = order.details.get("corrections")
    wanted: Sequence[Any] = said if isinstance(said, list) else [order.details]
    chosen = []
    for one in wanted:
        field = one.get("field") if isinstance(one, Mapping) else None
        if not isinstance(field, str) or field not in found.rectify or "value" not in one:
            raise _Stays("manual", "No statement corrects that; do it by hand.")
        chosen.append((field, found.rectify[field], {plan.VALUE: one["value"]}))
    return chosen


def _kept(found: Plan, order: Order) -> list[dict[str, Any]]:
    """What a law keeps here although it is asked to be erased: only statements that spare it may run."""
    keep = order.details.get("keep") if order.action is Action.ERASE else None
    asked = _asked(found, order)
    entries = [one for one in keep if isinstance(one, Mapping)] if isinstance(keep, list) else []
    entries = [one for one in entries if one.get("category") in asked]
    named = {str(one.get("category")) for one in entries}
    for one in found.erase:
        if one.category in named and not one.spares_what_is_kept:
            raise _Stays("keep", "A law keeps part of this, and the statement does not say that it spares it.")
    if any(not one.get("law") or not one.get("until") for one in entries):
        raise _Stays("keep", "What is kept has no law or no last day; see to it by hand.")
    return [{"category": one["category"], "law": one["law"], "until": one["until"]} for one in entries]
