"""Our words in OpenDSR's, and back: actions and request types, identifiers, statuses; one place for every dialect."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.domain.fanout import Action
from app.processors._port import Order, spelt
from app.processors.opendsr._discovery import Announced
from app.processors.opendsr._wiring import PROFILE, Wiring, request_id

#: By action, the types that ask for it, the best first. All but the first three are extensions.
_TYPES: Mapping[Action, tuple[str, ...]] = {
    Action.EXPORT: ("access", "portability"),
    Action.ERASE: ("erasure",),
    Action.RECTIFY: ("rectification",),
    Action.RESTRICT: ("restriction",),
    Action.LIFT_RESTRICTION: ("restriction_lift", "re-enable"),
    Action.STOP_PURPOSES: ("objection",),
    Action.STOP_MARKETING: ("objection",),
    Action.REVIEW_DECISION: ("automated_decision_review",),
    Action.LOCATE: ("locate",),
    Action.FREEZE: ("freeze",),
    Action.NOTIFY: ("notice",),
}
#: An objection to a consent is its withdrawal.
_WITHDRAWAL = "consent_withdrawal"
#: Looking, and deleting nothing for a while, may be about more than was asked for.
_MORE_HARMS_NOBODY = frozenset({Action.LOCATE, Action.FREEZE})
_API_VERSION = {"2.0": "2.0", "mparticle": "3.0", "legacy": "1.0"}
_STATUSES = {
    "pending": "pending",
    "in_progress": "in_progress",
    "in-progress": "in_progress",
    "processing": "in_progress",
    "completed": "completed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
MPARTICLE = "opendsr.mparticle.com"


def type_for(order: Order, wiring: Wiring, announced: Announced) -> str | None:
    """What to ask for; None where the processor does not say that it does it."""
    if (own := wiring.names.get(order.action)) is not None:
        return own if own in announced.types else None
    wanted = _TYPES[order.action]
    if order.action is Action.STOP_PURPOSES and order.details.get("legal_bases") == ["consent"]:
        wanted = (_WITHDRAWAL, *wanted)
    return next((one for one in wanted if one in announced.types), None)


def needs_extension(order: Order, declared: Collection[str]) -> bool:
    """
    Whether a bare request would ask for something else than the order: OpenDSR has no word for what a correction or a
    notice says, for what is to be kept, or for less than everything.

    Args:
        declared: The categories that the processor is registered with; none: nobody has said what it holds.
    """
    if order.action in _MORE_HARMS_NOBODY:
        return False
    if order.action is Action.RECTIFY or (order.action is Action.NOTIFY and order.details):
        return True
    if order.action is Action.ERASE and order.details.get("keep"):
        return True
    return bool(order.categories) and not set(declared) <= set(order.categories)


def identities_for(order: Order, wiring: Wiring, announced: Announced) -> list[tuple[str, str, str]]:
    """Type, value and format of all the processor knows people by; SHA-256 where it is wanted or all there is."""
    found = []
    for one in order.identifiers:
        type_ = wiring.known_as.get(one["type"])
        if type_ is None:
            continue
        format_ = _format(type_, wiring, announced)
        if format_ is not None:
            value = spelt(one) if format_ == "raw" else hashlib.sha256(spelt(one).encode()).hexdigest()
            found.append((type_, value, format_))
    return found


def _format(type_: str, wiring: Wiring, announced: Announced) -> str | None:
    other = "raw" if wiring.identity_format == "sha256" else "sha256"
    if announced.identities is None:
        return wiring.identity_format
    return next((one for one in (wiring.identity_format, other) if (type_, one) in announced.identities), None)


def message(
    order: Order,
    type_: str,
    identities: Iterable[tuple[str, str, str]],
    *,
    wiring: Wiring,
    announced: Announced,
    domain: str,
) -> dict[str, Any]:
    """The body of the request."""
    made: dict[str, Any] = {
        "subject_request_id": request_id(order.task_id),
        "subject_request_type": type_,
        "submitted_time": order.asked_at.isoformat().replace("+00:00", "Z"),
        "status_callback_urls": [callback_url(order)],
        "subject_identities": _identities(identities, wiring),
    }
    if wiring.dialect != "legacy":  # the field came with 2.0
        made["regulation"] = "gdpr"
    if wiring.dialect in _API_VERSION:
        made["api_version"] = _API_VERSION[wiring.dialect]
    if wiring.dialect == "appsflyer":
        made["property_id"] = wiring.property_id
        if wiring.platform:
            made["platform"] = wiring.platform
    extensions: dict[str, Any] = {}
    if wiring.skip_waiting_period is not None:
        extensions[MPARTICLE] = {"skip_waiting_period": wiring.skip_waiting_period}
    if PROFILE in announced.profiles:
        extensions[domain] = _extension(order)
    return made | ({"extensions": extensions} if extensions else {})


def _identities(identities: Iterable[tuple[str, str, str]], wiring: Wiring) -> list[Any] | dict[str, Any]:
    if wiring.dialect == "mparticle":
        return {type_: {"value": value, "encoding": format_} for type_, value, format_ in identities}
    return [
        {"identity_type": type_, "identity_value": value, "identity_format": format_}
        for type_, value, format_ in identities
    ]


def _extension(order: Order) -> dict[str, Any]:
    """What OpenDSR has no field for; told only to whom says that it knows our extension."""
    return {
        "profile": PROFILE,
        "action": order.action.value,
        "reference": order.reference,
        "controller": order.controller,
        "data_categories": list(order.categories),
        "details": dict(order.details),
        "answer_by": order.answer_by.isoformat(),
    }


def callback_url(order: Order) -> str:
    return f"{order.callback_url}/opendsr"


def status_of(said: Mapping[str, Any]) -> str | None:
    """The status in the specification's spelling; None for one that nobody knows."""
    status = said.get("request_status")
    return _STATUSES.get(status) if isinstance(status, str) else None


def outcome_in(said: Mapping[str, Any], domain: str) -> dict[str, Any] | None:
    """The outcome that a processor gives in our extension; None where it gives none."""
    extensions = said.get("extensions")
    own = extensions.get(domain) if isinstance(extensions, dict) else None
    return own if isinstance(own, dict) and own.get("profile") == PROFILE and "outcome" in own else None


def has_failed_further_on(said: Mapping[str, Any]) -> bool:
    """Whether a processor that passes requests on says that one of those it told has failed (mParticle)."""
    extensions = said.get("extensions")
    own = extensions.get(MPARTICLE) if isinstance(extensions, dict) else None
    told = own.get("distribution_status") if isinstance(own, dict) else None
    return isinstance(told, list) and any(isinstance(one, dict) and one.get("status") == "failed" for one in told)
