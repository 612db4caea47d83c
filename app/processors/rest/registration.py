"""What a registration says, read against its connector: settings by type, secrets by name, categories by output."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.fanout import Action, AnswerMode, Idempotency
from app.processors._egress import SERVER_CA, UNFIT, UnfitCertificate, names_authorities
from app.processors._port import Target
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, Omitted, Scope
from app.processors.rest.grammar import Connector, Setting
from app.processors.rest.grammar_auth import ClientCertificate
from app.processors.rest.grammar_steps import ActionPlan, CallStep, LoopStep, MergeStep, Native, SameAs, Step
from app.processors.rest.places import NotAllowed, Places
from app.processors.rest.run import is_repeatable
from app.processors.rest.showing import pairs

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Unfit(Exception):
    """What the registration lacks, as a machine word; never a value."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(word)


@dataclass(frozen=True)
class Given:
    """A registration that fits its connector."""

    scope: Scope
    places: Places
    categories: Mapping[str, str]
    dry_run: bool
    authorities: str | None  #: who signs the vendor's certificates, where it is nobody the machine knows (PEM)


def given(connector: Connector, target: Target, *, sandbox: bool) -> Given:
    """
    Read a registration.

    Raises:
        Unfit: Naming the first thing that is missing or wrong.
    """
    settings = {name: _setting(one, target.settings.get(name), name) for name, one in connector.settings.items()}
    secrets = {}
    for name, secret in connector.secrets.items():
        values = target.named.get(name, ())
        if values:
            secrets[name] = values[0]
        elif not secret.optional:
            raise Unfit(f"secret.{name}")
    scope = Scope({"settings": settings, "secrets": secrets}, connector.values)
    chosen = target.settings.get("base_url")
    try:
        places = Places.of(connector, None if chosen is None else str(chosen), scope, sandbox=sandbox)
    except (NotAllowed, MissingValue, BadValue, Omitted):
        raise Unfit("setting.base_url") from None
    authorities = target.settings.get(SERVER_CA)
    if not names_authorities(authorities):
        raise Unfit(f"setting.{SERVER_CA}")
    categories = target.settings.get("categories", {})
    if not isinstance(categories, Mapping) or not all(isinstance(one, str) for one in categories.values()):
        raise Unfit("setting.categories")
    known = {name: str(one) for name, one in categories.items() if name in connector.outputs}
    if connector.outputs and (not known or len(known) != len(categories)):
        raise Unfit("setting.categories")
    return Given(scope, places, known, target.settings.get("dry_run") is True, authorities)


def _setting(described: Setting, value: Any, name: str) -> Any:
    if value is None:
        if described.default is not None or described.optional:
            return described.default
        raise Unfit(f"setting.{name}")
    if not _fits(described, value):
        raise Unfit(f"setting.{name}")
    return value


def _fits(described: Setting, value: Any) -> bool:
    listed = value if described.type == "list" and isinstance(value, list) else [value]
    if described.values and not all(str(one) in described.values for one in listed):
        return False
    if described.pattern and not all(re.fullmatch(described.pattern, str(one)[:500]) for one in listed):
        return False
    match described.type:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
        case "host_label":
            return isinstance(value, str) and _LABEL.fullmatch(value) is not None
        case "uuid":
            return _reads(UUID, value)
        case "date":
            return _reads(date.fromisoformat, value)
    return isinstance(value, str) and value != ""


def _reads(read: Any, value: Any) -> bool:
    try:
        read(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return isinstance(value, str)


def lacking(connector: Connector, target: Target) -> str | None:
    """
    What the registration still needs.

    A loopback address is taken here: whether the house is the sandbox is checked when the lane opens, and at each call.
    """
    try:
        fit = given(connector, target, sandbox=True)
    except Unfit as unfit:
        return unfit.word
    if (name := _unfit_certificate(connector, target)) is not None:
        return f"secret.{name}"
    if connector.outputs and not set(target.categories) <= set(fit.categories.values()):
        return "categories"
    plans = [plan for action in Action if isinstance(plan := plan_of(connector, action), Native)]
    if target.answer_mode is not AnswerMode.POLL and any(plan.job is not None for plan in plans):
        return "answer_mode"
    later = any(plan.effective_after is not None for plan in plans)
    if later and target.idempotency is Idempotency.NO:
        return "idempotency"
    if target.idempotency is Idempotency.YES and not all(repeats_well(plan) for plan in plans):
        return "idempotency"
    return None


def _unfit_certificate(connector: Connector, target: Target) -> str | None:
    """
    The secret of a certificate that can never be shown; what is wrong with it today only is said by the first call.
    """
    for auth in (connector.auth, *connector.auths.values()):
        if not isinstance(auth, ClientCertificate):
            continue
        try:
            pairs(target.named, auth)
        except UnfitCertificate as error:
            if error.code == UNFIT:
                return auth.certificate
    return None


def plan_of(connector: Connector, action: Action) -> ActionPlan | None:
    """What the connector does for an action, ``same_as`` followed; None where it says nothing."""
    plan = connector.actions.get(action)
    return connector.actions.get(plan.same_as) if isinstance(plan, SameAs) else plan


def repeats_well(plan: Native) -> bool:
    """Whether the whole action may be sent again when nobody knows what became of it."""
    if plan.job is not None and not is_repeatable(plan.job.start.request):
        return False
    return all(_repeats(step) for step in plan.steps)


def _repeats(step: Step) -> bool:
    match step:
        case CallStep():
            return is_repeatable(step.request)
        case MergeStep():
            return is_repeatable(step.merge_put.write)
        case LoopStep():
            return all(_repeats(one) for one in step.foreach.steps)
    return True
