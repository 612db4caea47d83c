"""
The shape of one controller's profile.

A profile has two parts that are kept apart:

* what the controller's own privacy policy says (:mod:`app.profiles.facts`): who it is, which data, why, how
  long, to whom;
* ``systems``: the wiring, who is sent tasks. No policy tells that; it is what the controller sets up.

Cross references (a system that names a category, ...) are checked by :mod:`app.profiles.loader`, which reports
all faults of all files at once. Rights come from the law: nothing here can take one away.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain import quotas
from app.domain.fanout import Action, AnswerMode, Idempotency
from app.domain.guarding import LEAST_COOLING_HOURS, MOST_COOLING_HOURS
from app.domain.identity import CLASS_FLOOR, Level
from app.domain.own_retention import DEFAULT_CASE_FILE_MONTHS, LEAST_CASE_FILE_MONTHS, MOST_CASE_FILE_MONTHS
from app.domain.processor_secrets import SecretInSettings, check_settings
from app.domain.rights import RIGHTS
from app.profiles import vocabulary as v
from app.profiles.facts import (
    Absent,
    Bilingual,
    Category,
    Controller,
    OfferedRight,
    Part,
    Policy,
    Purpose,
    Recipient,
    RecipientList,
    Reference,
    RequestForm,
    Stated,
    TensionAt,
)


class Identity(Part):
    """The proof of identity each right needs, and where a data class needs more. Raises the floor, never lowers it."""

    by_right: Mapping[v.Right, v.LevelKey]
    by_class: Mapping[v.Right, Mapping[v.DataClass, v.LevelKey]] = Field(default_factory=dict)
    #: How long what cannot be undone waits for a "that was not me", the statutory clock running.
    cooling_off_hours: Annotated[int, Field(ge=LEAST_COOLING_HOURS, le=MOST_COOLING_HOURS)] = 48

    @model_validator(mode="after")
    def _keeps_the_floor(self) -> Self:
        missing = [right for right in RIGHTS if right not in self.by_right]
        low = [r for r, key in self.by_right.items() if Level.from_key(key) < RIGHTS[r].needs]
        said = [f"no level for {right}" for right in missing]
        said += [f"{right} is below its floor {RIGHTS[right].needs.key}" for right in low]
        for right, levels in self.by_class.items():
            below = [name for name, key in levels.items() if Level.from_key(key) < CLASS_FLOOR.get(name, Level.NONE)]
            said += [f"{name} for {right} is below its floor {CLASS_FLOOR[name].key}" for name in below]
        if said:
            raise PydanticCustomError("floor", "{said}", {"said": "; ".join(said)})
        return self

    def needed(self, right: str, *, data_classes: frozenset[str] = frozenset()) -> Level:
        """The level *right* needs when data of these classes are in scope."""
        by_class = self.by_class.get(right, {})
        keys = [self.by_right[right], *(key for name, key in by_class.items() if name in data_classes)]
        return max(Level.from_key(key) for key in keys)

    def class_levels(self, right: str) -> dict[str, Level]:
        """What the profile asks for classes of data where *right* is invoked."""
        return {name: Level.from_key(key) for name, key in self.by_class.get(right, {}).items()}


class Quota(Part):
    """So many calls in any such window (``PT1M``, ``P1D``); a task takes ``cost`` of them."""

    calls: Annotated[int, Field(ge=1)]
    per: Annotated[str, Field(pattern=quotas.PERIOD)]
    kind: Literal["sliding", "fixed"] = "sliding"
    zone: str = "UTC"
    cost: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _holds(self) -> Self:
        quotas.read([self.model_dump()])
        return self


class Limits(Part):
    """What a system can bear: calls per second, calls at once after a pause, calls in flight, and over longer times."""

    rate_per_second: Annotated[float, Field(gt=0)]
    burst: Annotated[int, Field(ge=1)]
    concurrency: Annotated[int, Field(ge=1)]
    quota: Annotated[tuple[Quota, ...], Field(max_length=5)] = ()


class System(Part):
    """
    One place tasks are sent to. ``recipient`` is a recipient's id, or ``own`` for the controller's own system.

    There is no endpoint here: it is connected while the service runs, together with its secret.
    ``backups_overwritten_after`` is how long an erased record lives on in backups (``P30D``), where that is settled.
    """

    id: v.Slug
    title: Bilingual
    recipient: v.Slug
    kind: v.SystemKind
    sandbox_service: v.SandboxService | None = None
    actions: tuple[v.Action, ...]
    categories: tuple[v.Slug, ...]
    identifiers: tuple[v.IdentifierType, ...] = ()
    answer_mode: v.AnswerMode = AnswerMode.HUMAN
    idempotency: v.Idempotency = Idempotency.NO
    limits: Limits | None = None
    after: tuple[v.Slug, ...] = ()
    contact: v.Words | None = None
    backups_overwritten_after: v.Days | None = None
    assumption: v.Words | None = None
    settings: dict[str, v.Setting] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _kind_fits(self) -> Self:
        said = list(_misfits(self))
        if said:
            raise PydanticCustomError("misfit", "{said}", {"said": "; ".join(said)})
        return self


def _misfits(system: System) -> list[str]:
    said = []
    actions = set(system.actions)
    if system.kind == "webhook":
        if system.limits is None or not system.identifiers:
            said.append("a webhook needs limits and at least one identifier")
        if system.answer_mode is AnswerMode.HUMAN:
            said.append("a webhook is not answered by a human")
        if not {Action.LOCATE, Action.FREEZE} <= actions:
            said.append("a webhook is asked to locate and to freeze")
    elif system.kind == "manual":
        if system.sandbox_service or system.limits or system.answer_mode is not AnswerMode.HUMAN:
            said.append("a manual system has no sandbox service, no limits and a human answer mode")
        if Action.LOCATE in actions:
            said.append("a person is not asked to locate")
    if (Action.RESTRICT in actions) != (Action.LIFT_RESTRICTION in actions):
        said.append("restrict and lift_restriction go together")
    try:
        check_settings(system.settings)
    except SecretInSettings as error:
        said.append(f"a secret stands in {error.pointer}: profiles are read by many, give it to the processor instead")
    return said


class Profile(Part):
    """One controller. ``id`` is its slug, its file name and the tenant's key; times are in ``timezone``."""

    version: Annotated[int, Field(ge=1, le=1)]
    id: v.Slug
    policy: Policy
    controller: Controller
    authority: Annotated[str, v.Known("authority", ("IMY",))]
    authority_in_policy: Stated
    complaints: Stated
    languages: tuple[v.Language, ...] = ("sv", "en")
    timezone: v.TimeZone
    calendar: v.CalendarName = "strict"
    #: How long the file of a closed request is kept; then only counts.
    case_file_months: Annotated[int, Field(ge=LEAST_CASE_FILE_MONTHS, le=MOST_CASE_FILE_MONTHS)] = (
        DEFAULT_CASE_FILE_MONTHS
    )
    request_form_preference: RequestForm
    rights_offered: tuple[OfferedRight, ...]
    rights_missing: tuple[v.Right, ...]
    purposes: tuple[Purpose, ...]
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    stated_absent: tuple[Absent, ...] = ()
    recipient_list: RecipientList
    recipients: tuple[Recipient, ...]
    transfers: Stated | None = None
    automated_decisions: Stated | None = None  #: GDPR Art. 13(2)(f), 15(1)(h)
    data_requirement: Stated | None = None  #: whether giving data is a duty, GDPR Art. 13(2)(e)
    standards: tuple[Reference, ...] = ()
    special_laws: tuple[Reference, ...] = ()
    tensions: tuple[TensionAt, ...] = ()
    identity: Identity
    systems: Annotated[tuple[System, ...], Field(min_length=1)]

    def category(self, category_id: str) -> Category:
        """The category with that id; raises KeyError."""
        return {category.id: category for category in self.categories}[category_id]

    def recipient(self, recipient_id: str) -> Recipient:
        """The recipient with that id; raises KeyError (``own`` is no recipient)."""
        return {recipient.id: recipient for recipient in self.recipients}[recipient_id]

    def art28_role(self, system: System) -> str:
        """``own``, or the role of the recipient behind *system*."""
        return "own" if system.recipient == "own" else self.recipient(system.recipient).kind
