"""What a registration says, read against its connector: settings by type, secrets by name, categories by output."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.fanout import Action, AnswerMode, Idempotency
from app.domain.faults import MISSING, Fault, at, no_such_name, secret_missing, setting_missing, unknown_settings
from app.processors._egress import SERVER_CA, UNFIT, UnfitCertificate, names_authorities
from app.processors._faults import unfit, unfit_authorities
from app.processors._port import Target
from app.processors.rest.escaping import BadValue
from app.processors.rest.expressions import MissingValue, Omitted, Scope
from app.processors.rest.grammar import Connector, Setting
from app.processors.rest.grammar_auth import ClientCertificate
from app.processors.rest.grammar_steps import ActionPlan, CallStep, LoopStep, MergeStep, Native, SameAs, Step
from app.processors.rest.places import NotAllowed, Places
from app.processors.rest.run import is_repeatable
from app.processors.rest.showing import pairs

#: What every connector's registration may say beside the connector's own settings.
_EVERYONES = frozenset({"connector", "base_url", "categories", "dry_run", SERVER_CA})
_NO_PAIR = (
    "Must be a certificate in PEM with the key that is its own, and the key under no password.",
    "Ska vara ett certifikat i PEM med den nyckel som är dess egen, och nyckeln utan lösenord.",
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Unfit(Exception):
    """What the registration lacks; never a value."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.word)

    @property
    def word(self) -> str:
        """Where the first fault is, as a code names it: ``setting.base_url``."""
        return word_of(self.faults[0])


def word_of(fault: Fault) -> str:
    """A fault's place as a short machine word."""
    where = fault.pointer.removeprefix("#/").replace("/", ".")
    return where.replace("settings.", "setting.").replace("secrets.", "secret.")


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
        Unfit: Naming everything that is missing or wrong.
    """
    said = target.settings
    settings = {name: one.default if said.get(name) is None else said[name] for name, one in connector.settings.items()}
    faults = [fault for name, one in connector.settings.items() if (fault := _fault_of(one, said.get(name), name))]
    secrets = {name: target.named[name][0] for name in connector.secrets if target.named.get(name)}
    faults += [secret_missing(name) for name, one in connector.secrets.items() if not (one.optional or name in secrets)]
    scope = Scope({"settings": settings, "secrets": secrets}, connector.values)
    places = _places(connector, said.get("base_url"), scope, sandbox=sandbox)
    if places is None and not (faults and _names_a_place(connector, said.get("base_url"))):
        faults.append(_no_place(connector))
    authorities = said.get(SERVER_CA)
    if not names_authorities(authorities):
        faults.append(unfit_authorities(SERVER_CA))
    categories = said.get("categories", {})
    faults += _misread(connector, categories)
    if faults or places is None:
        raise Unfit(faults)
    known = {name: str(one) for name, one in categories.items() if name in connector.outputs}
    return Given(scope, places, known, said.get("dry_run") is True, authorities)


def _places(connector: Connector, chosen: object, scope: Scope, *, sandbox: bool) -> Places | None:
    try:
        return Places.of(connector, None if chosen is None else str(chosen), scope, sandbox=sandbox)
    except (NotAllowed, MissingValue, BadValue, Omitted):
        return None


def _names_a_place(connector: Connector, chosen: object) -> bool:
    """Whether the name is right, and what its address is made of is not: that has faults of its own."""
    return chosen in connector.base_url if chosen is not None else len(connector.base_url) == 1


def _no_place(connector: Connector) -> Fault:
    names = ", ".join(connector.base_url)
    return unfit(
        ("settings", "base_url"),
        f"Must be one of: {names}; and the settings and secrets in that address must be parts of a host's name.",
        f"Ska vara ett av: {names}; och inställningar och hemligheter i den adressen ska vara delar av ett värdnamn.",
    )


def _misread(connector: Connector, categories: object) -> list[Fault]:
    """What is wrong with the map from the connector's outputs to the controller's categories."""
    where = ("settings", "categories")
    names = ", ".join(sorted(connector.outputs))
    if not isinstance(categories, Mapping) or not all(isinstance(one, str) for one in categories.values()):
        en, sv = "Must be an object of outputs and categories.", "Ska vara ett objekt med utdata och kategorier."
        return [unfit(where, en, sv)]
    if not connector.outputs:
        return []
    if categories:
        strange = [str(one) for one in categories if one not in connector.outputs]
        return [no_such_name((*where, one), one, connector.outputs) for one in strange]
    en = f"At least one of the connector's outputs has to be a category of yours: {names}."
    return [Fault(at(*where), MISSING, en, f"Minst en av anslutningens utdata ska vara en kategori hos er: {names}.")]


def _fault_of(described: Setting, value: Any, name: str) -> Fault | None:
    if value is None:
        return None if described.optional or described.default is not None else setting_missing(name)
    if _fits(described, value):
        return None
    wanted = ", ".join(described.values) or described.pattern or described.type
    return unfit(("settings", name), f"Must be: {wanted}.", f"Ska vara: {wanted}.")


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


def lacking(connector: Connector, target: Target) -> list[Fault]:
    """
    Everything the registration still needs.

    A loopback address is taken here: whether the house is the sandbox is checked when the lane opens, and at each call.
    """
    faults = unknown_settings(target.settings, {*connector.settings, *_EVERYONES})
    try:
        given(connector, target, sandbox=True)
    except Unfit as error:
        faults += error.faults
    faults += _unmapped(connector, target)
    if (name := _unfit_certificate(connector, target)) is not None and target.named.get(name):
        faults.append(unfit(("secrets", name), *_NO_PAIR))
    return faults + _way_faults(connector, target)


def _unmapped(connector: Connector, target: Target) -> list[Fault]:
    """The categories of the registration that no output stands for, once there are any outputs named at all."""
    mapped = target.settings.get("categories")
    if not connector.outputs or not isinstance(mapped, Mapping) or not mapped:
        return []
    return [
        unfit(
            ("categories", number),
            f"No output stands for '{one}' in settings.categories.",
            f"Inget i settings.categories står för '{one}'.",
        )
        for number, one in enumerate(target.categories)
        if one not in mapped.values()
    ]


def _way_faults(connector: Connector, target: Target) -> list[Fault]:
    plans = [plan for action in Action if isinstance(plan := plan_of(connector, action), Native)]
    faults = []
    if target.answer_mode is not AnswerMode.POLL and any(plan.job is not None for plan in plans):
        en, sv = "Must be poll: the vendor has jobs to ask after.", "Ska vara poll: leverantören har jobb att fråga om."
        faults.append(unfit(("answer_mode",), en, sv))
    if target.idempotency is Idempotency.NO and any(plan.effective_after is not None for plan in plans):
        en, sv = "Must be query: something takes effect later.", "Ska vara query: något får verkan senare."
        faults.append(unfit(("idempotency",), en, sv))
    if target.idempotency is Idempotency.YES and not all(repeats_well(plan) for plan in plans):
        en, sv = (
            "Must be query: some calls may not be made twice.",
            "Ska vara query: vissa anrop får inte göras om.",
        )
        faults.append(unfit(("idempotency",), en, sv))
    return faults


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
