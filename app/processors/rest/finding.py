"""Finding the person at the vendor: lookups in their order, verified, counted, guarded."""

import hashlib
import json
import re
from typing import Any

from app.domain.fanout import Action, Outcome
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, Omitted, Scope, as_text, evaluate, parse
from app.processors.rest.extraction import field_of, is_true
from app.processors.rest.filters import FILTERS, MISSING
from app.processors.rest.grammar_steps import Check, Identifiers, Lookup, Match
from app.processors.rest.reading import read
from app.processors.rest.run import Run, Stop


def check_known(run: Run) -> None:
    """
    Refuse an order for which the person is not known well enough (Art. 11): never a guess.

    Raises:
        Stop: Naming what would help.
    """
    wanted = run.plan.identifiers or run.connector.identifiers
    known = {one["type"] for one in run.order.identifiers}
    if (not wanted.any or known & set(wanted.any)) and known >= set(wanted.all):
        return
    raise Stop(Outcome.REFUSED, "no_identifier", message=_would_help(wanted, known))


def _would_help(wanted: Identifiers, known: set[str]) -> str:
    parts = [one for one in wanted.all if one not in known]
    if wanted.any and not known & set(wanted.any):
        parts.append(" or ".join(wanted.any))
    return f"The vendor cannot find the person by what is known. It would help to know: {', '.join(parts)}."


#: What tells a find from another, and the find.
Find = tuple[str, Any]


async def find(run: Run) -> list[Find]:
    """
    The person's finds at the vendor, verified.

    Raises:
        Stop: Nobody found, several where one is expected, or something that a person has to see first.
    """
    if run.progress.finds is not None:
        run.verified = True  # it was, before the first effect
        return [(str(name), item) for name, item in run.progress.finds]
    finds = await _looked_up(run)
    expect = run.plan.expect or run.connector.expect
    if expect == "exactly_one" and len(finds) > 1:
        raise Stop(Outcome.AMBIGUOUS, "several_found", message="Several fit; a person has to choose.")
    for _, one in finds:
        _guard(run, one)
    return finds


async def _looked_up(run: Run) -> list[Find]:
    found: dict[str, Any] = {}
    tried = False
    for lookup in run.connector.lookup:
        if not run.scope.all_hold(lookup.when):
            continue
        tried = True
        for scope in [inner for bound in _bound(run, lookup) for inner in await _inside(run, lookup, bound)]:
            for item in await read(run, lookup, scope):
                if lookup.match is None or fits(lookup.match, item, run, scope):
                    name = hashlib.sha256(identity(item, lookup.key).encode()).hexdigest()[:12]
                    _note_phone(run, lookup, name, known=name in found, alone=_by_phone_alone(lookup, item, run, scope))
                    found.setdefault(name, item)
                    run.verified = run.verified and (lookup.match is not None or lookup.verified_by is not None)
        if found and run.connector.find == "first":
            break
        if not found and lookup.on_empty == "no_match":
            break
        if not found and lookup.on_empty == "needs_review":
            raise Stop(Outcome.REFUSED, "not_found_for_sure")
    if not tried:
        wanted = [name for one in run.connector.lookup for name in identifiers_in(one)]
        helps = Identifiers(any=list(dict.fromkeys(wanted)) or ["customer_number"])
        raise Stop(Outcome.REFUSED, "no_identifier", message=_would_help(helps, set()))
    if not found and not run.progress.done and run.connector.lookup[-1].on_empty == "needs_review":
        # Lookups that were not made say nothing: what follows where nobody is found is the last one's to say.
        raise Stop(Outcome.REFUSED, "not_found_for_sure")
    if not found and not run.progress.done:
        raise Stop(Outcome.NOT_FOUND, "no_match")
    return list(found.items())  # none any more, where an earlier attempt has seen to the last of them


def _note_phone(run: Run, lookup: Lookup, name: str, *, known: bool, alone: bool) -> None:
    """Remember the finds of which no lookup has said more than their telephone number."""
    if not alone or lookup.phone_enough is not None:
        run.by_phone.discard(name)
    elif not known:
        run.by_phone.add(name)


def _by_phone_alone(lookup: Lookup, item: Any, run: Run, scope: Scope) -> bool:
    """Whether an item that fits has nothing of the person's but the number, which a household may share."""
    if lookup.match is None:
        return identifiers_in(lookup) == ["phone"]
    checks = [*lookup.match.any, *lookup.match.all]
    kinds = [_about(one) for one in checks]
    if ["phone"] not in kinds:
        return False
    others = [check for check, kind in zip(checks, kinds, strict=True) if kind and kind != ["phone"]]
    return not any(_holds(one, item, run, scope) for one in others)


def _template(check: Check) -> str:
    return check.eq or check.ieq or check.digits or check.phone or check.personnummer or ""


def _about(check: Check) -> list[str]:
    """The identifiers of the person that a check compares with."""
    return kinds_in(_template(check))


def kinds_of(match: Match) -> set[str]:
    """The identifiers of the person that a match compares with."""
    return {kind for check in (*match.any, *match.all) for kind in _about(check)}


def kinds_in(template: str) -> list[str]:
    """The identifiers that a template names."""
    return [hole.path[1] for hole in parse(template).holes if hole.path[0] == "id" and len(hole.path) == 2]


def identifiers_in(lookup: Lookup) -> list[str]:
    listed = [lookup.when] if isinstance(lookup.when, str) else lookup.when or []
    return [one.removeprefix("id.") for one in listed if one.startswith("id.")]


def _bound(run: Run, lookup: Lookup) -> list[Scope]:
    """One scope for each value that is known of the identifier the lookup is about."""
    for kind in identifiers_in(lookup):
        values = [one["value"] for one in run.order.identifiers if one["type"] == kind]
        if len(values) > 1:
            known = run.scope.names["id"]
            return [run.scope.having(id={**known, kind: value}) for value in values]
    return [run.scope]


async def _inside(run: Run, lookup: Lookup, scope: Scope) -> list[Scope]:
    """One scope for each of what the lookup is made in."""
    within = lookup.within
    if within is None:
        return [scope]
    return [scope.having(**{within.as_: one}) for one in await read(run, within.reading, scope)]


def _guard(run: Run, one: Any) -> None:
    for guard in run.connector.guard:
        if not is_true(guard.predicate, one):
            continue
        if guard.fact is not None and run.order.action is Action.LOCATE:
            run.facts[guard.fact] = True
            continue
        raise Stop(Outcome.REFUSED, guard.reason, message="The record has a mark that a person must see.")


def identity(item: Any, key: str | None) -> str:
    """What tells one find from another."""
    value = field_of(item, key) if key else MISSING
    return json.dumps(item if value is MISSING else value, sort_keys=True, ensure_ascii=False, default=str)


def fits(match: Match, item: Any, run: Run, scope: Scope) -> bool:
    """Whether an item is the person's. What is not known of the person never fits."""
    some = not match.any or any(_holds(check, item, run, scope) for check in match.any)
    return some and all(_holds(check, item, run, scope) for check in match.all)


def row_fits(match: Match, item: Any, run: Run, scope: Scope) -> bool:
    """Whether a row below a find is the person's: a shared telephone does not make it theirs against its own name."""
    return fits(match, item, run, scope) and not _is_anothers(match, item, run, scope)


def _is_anothers(match: Match, item: Any, run: Run, scope: Scope) -> bool:
    """Whether only a telephone fits, and the item bears something of a person's own that is known and is another's."""
    fitting = [check for check in match.any if _holds(check, item, run, scope)]
    if not fitting or any(_about(check) != ["phone"] for check in fitting):
        return False
    own = [check for check in match.any if check not in fitting and _about(check) not in ([], ["phone"])]
    return any(
        field_of(item, one.field) not in (MISSING, None, "") and _wanted(_template(one), run, scope) for one in own
    )


def _holds(check: Check, item: Any, run: Run, scope: Scope) -> bool:
    value = field_of(item, check.field)
    if value is MISSING or value is None or value == "":
        return False
    template = _template(check)
    values = value if isinstance(value, list) else [value]
    return any(
        _same(check, one, wanted)
        for wanted in _wanted(template, run, scope)
        for one in values
        if not isinstance(one, dict | list)
    )


def _wanted(template: str, run: Run, scope: Scope) -> list[str]:
    """What the field is compared with: once for each value known of the identifier that is named."""
    kinds = kinds_in(template)
    scopes = [scope]
    if kinds:
        known = scope.names["id"]
        values = [one["value"] for one in run.order.identifiers if one["type"] == kinds[0]]
        scopes = [scope.having(id={**known, kinds[0]: value}) for value in values]
    texts = []
    for each in scopes:
        try:
            found = evaluate(template, each)
            texts += [as_text(one) for one in (found if isinstance(found, list) else [found])]
        except (MissingValue, Omitted, BadValue):
            continue
    return [one for one in texts if one.strip()]


def _same(check: Check, value: Any, wanted: str) -> bool:
    try:
        text = as_text(value)
        if check.phone is not None:
            return bool(FILTERS["e164"](text) == FILTERS["e164"](wanted))
    except BadValue:
        return False
    if check.eq is not None:
        return text == wanted
    if check.ieq is not None:
        return text.strip().casefold() == wanted.strip().casefold()
    ours, theirs = re.sub(r"\D", "", wanted), re.sub(r"\D", "", text)
    if check.personnummer is not None:
        return len(theirs) in (10, 12) and len(ours) == 12 and ours.endswith(theirs)
    return ours != "" and ours == theirs
