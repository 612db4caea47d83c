"""Read-modify-write: the object as the vendor has it, the fields that change, and values that say nothing."""

import copy
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from app.domain.fanout import Outcome
from app.processors.rest.building import filled
from app.processors.rest.expressions import MissingValue, Omitted, Scope
from app.processors.rest.extraction import field_of, json_path
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar import Masks
from app.processors.rest.grammar_steps import Mask, MergePut
from app.processors.rest.run import Run, Stop, corrections, missing


def object_in(merge: MergePut, source: Any) -> dict[str, Any]:
    """The object to change, as it stands in what was read; raises :class:`Stop` where there is none."""
    found = json_path(merge.body).findall(source)
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Stop(Outcome.REFUSED, "object_not_found", message="The record to change is not where it should be.")
    return copy.deepcopy(found[0])


def changes(run: Run, merge: MergePut, source: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The fields that change, by their names at the vendor, with their new values."""
    made: dict[str, Any] = {}
    for field, described in merge.set.items():
        try:
            made[field] = filled(described, scope)
        except Omitted:
            continue
        except MissingValue as error:
            raise missing(error.path) from None
    for field, mask in merge.mask.items():
        if field_of(source, field) not in (MISSING, None, "", [], {}):
            made[field] = _masked(mask, run.connector.masks, run.order.task_id)
    if merge.map:
        wanted = corrections(run.order)
        tell_unmapped(run, merge.map, otherwise=bool(made))
        made |= {merge.map[ours]: value for ours, value in wanted.items() if ours in merge.map}
    return {field: value for field, value in made.items() if field_of(source, field) != value}


def tell_unmapped(run: Run, known: Collection[str], *, otherwise: bool = False) -> None:
    """
    Note the corrections of fields that the vendor is not told about.

    Raises:
        Stop: It would be told of none, and nothing else changes either.
    """
    run.had_map = True
    wanted = corrections(run.order)
    run.unmapped += [ours for ours in wanted if ours not in known]
    if run.unmapped and not otherwise and not any(ours in known for ours in wanted):
        raise Stop(Outcome.REFUSED, "field_not_mapped", message="The vendor is told of none of these fields.")


def body_of(merge: MergePut, source: dict[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent back."""
    body: dict[str, Any] = {} if merge.only_changed else source
    for field, value in changed.items():
        _put(body, field, value)
    for field in merge.drop:
        body.pop(field, None)
    return {merge.wrap: body} if merge.wrap else body


def _put(body: dict[str, Any], field: str, value: Any) -> None:
    if field in body or "." not in field:
        body[field] = value
        return
    *above, last = field.split(".")
    for step in above:
        inner = body.get(step)
        if not isinstance(inner, dict):
            inner = body[step] = {}
        body = inner
    body[last] = value


def _masked(mask: Mask, masks: Masks, task_id: str) -> Any:
    """A value that says nothing of anybody, the same for a task."""
    sign = hashlib.sha256(f"mask:{task_id}".encode()).hexdigest()[:12]
    match mask:
        case "null":
            return None
        case "blank":
            return masks.blank
        case "pseudonym":
            return f"Raderad {sign}"
        case "pseudonym_email":
            return f"{sign}@{masks.domain}"
        case "pseudonym_phone":
            return masks.phone
        case "false":
            return False
    return 0
