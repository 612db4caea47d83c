"""Controllers and processors: bodies and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.domain import quotas
from app.domain.processor_secrets import LONGEST, OVERLAP_PATTERN
from app.processors import Kind
from app.schemas.base import ActionKey, Answer, Body, CategoryId, IdentifierType, Line, Plain, Slug

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
PROCESSOR_KEY = r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$"
SecretName = Annotated[str, Field(pattern=NAME_PATTERN)]
AnswerModeKey = Literal["sync", "poll", "callback", "human"]
IdempotencyKey = Literal["yes", "no", "query"]
Endpoint = Annotated[Plain, Field(min_length=8, max_length=2_000)]


KindSettings = Annotated[
    dict[str, Any], Field(max_length=50, description="The kind's own settings, never a secret; see docs/processors.md.")
]


class Quota(Body):
    """At most so many calls in any such window; a sliding one reaches back from every instant."""

    calls: Annotated[int, Field(ge=1, le=10_000_000)]
    per: Annotated[str, Field(pattern=quotas.PERIOD, examples=["PT1M", "P1D"])]
    kind: Literal["sliding", "fixed"] = "sliding"
    zone: Annotated[Plain, Field(max_length=60, description="Whose midnight begins a fixed day.")] = "UTC"
    cost: Annotated[int, Field(ge=1, le=10_000, description="How many calls one task takes there.")] = 1

    @model_validator(mode="after")
    def _holds(self) -> "Quota":
        quotas.read([self.model_dump()])
        return self


Quotas = Annotated[list[Quota], Field(max_length=5)]


class Limits(Body):
    """What a processor can bear."""

    rate_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = 1.0
    burst: Annotated[int, Field(ge=1, le=10_000)] = 1
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 1
    quota: Quotas = Field(default_factory=list)


class LimitsChange(Body):
    """The limits to change; the others stay."""

    rate_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    burst: Annotated[int, Field(ge=1, le=10_000)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=1_000)] | None = None
    quota: Quotas | None = Field(default=None, description="All there are from now on; an empty list ends them.")


class ProcessorIn(Body):
    """A recipient to register."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "controller": "westra",
                    "key": "crm",
                    "title": "Kundregister",
                    "kind": "webhook",
                    "actions": ["locate", "freeze", "export", "erase"],
                    "categories": ["contact"],
                    "identifier_types": ["email", "customer_number"],
                    "answer_mode": "callback",
                    "idempotency": "yes",
                    "endpoint": "https://crm.example.com/insyn",
                }
            ]
        }
    )

    controller: Slug | None = Field(default=None, description="Or as a query parameter.")
    key: Annotated[str, Field(pattern=PROCESSOR_KEY, max_length=60)]
    title: Line
    kind: Annotated[Kind, Field(strict=False)]
    recipient_kind: Literal["own", "processor", "independent_controller", "group", "authority", "internal"] = (
        "processor"
    )
    actions: Annotated[list[ActionKey], Field(min_length=1, max_length=11)]
    categories: Annotated[list[CategoryId], Field(max_length=200)]
    identifier_types: Annotated[list[IdentifierType], Field(max_length=9)] = Field(default_factory=list)
    after: Annotated[list[Plain], Field(max_length=50)] = Field(default_factory=list)
    answer_mode: AnswerModeKey | None = Field(
        default=None, description="A webhook says it; the other kinds have their own, and `human` is for `manual`."
    )
    idempotency: IdempotencyKey | None = Field(
        default=None, description="What the same task sent twice does there; left out: `no`, or as the kind has it."
    )
    limits: Limits = Limits()
    endpoint: Endpoint | None = None
    contact: Line | None = None
    country: Line | None = None
    settings: KindSettings = Field(default_factory=dict)


_UNTIL_USED = "Only while it is unconnected and has had no task."


class ProcessorChange(Body):
    """What is to change; what is not named stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"endpoint": "https://crm.example.com/insyn", "state": "active"}]}
    )

    endpoint: Endpoint | None = None
    state: Literal["active", "paused", "unconnected"] | None = None
    title: Line | None = None
    after: Annotated[list[Plain], Field(max_length=50)] | None = None
    limits: LimitsChange | None = None
    contact: Line | None = None
    settings: KindSettings | None = None
    actions: Annotated[list[ActionKey], Field(min_length=1, max_length=11, description=_UNTIL_USED)] | None = None
    categories: Annotated[list[CategoryId], Field(max_length=200, description=_UNTIL_USED)] | None = None
    identifier_types: Annotated[list[IdentifierType], Field(max_length=9, description=_UNTIL_USED)] | None = None
    answer_mode: AnswerModeKey | None = Field(default=None, description=_UNTIL_USED)
    idempotency: IdempotencyKey | None = Field(default=None, description=_UNTIL_USED)


class SecretIn(Body):
    """A processor's secret, by name; goes in and never comes out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"secret": "whsec_<base64 of 24 to 64 random bytes>", "overlap": "P7D"}]}
    )

    secret: Annotated[Plain, Field(min_length=1, max_length=LONGEST, repr=False, json_schema_extra={"writeOnly": True})]
    name: SecretName = Field(
        default="signing", description="Which of the kind's secrets; a webhook has one, to sign with."
    )
    overlap: Annotated[str, Field(pattern=OVERLAP_PATTERN)] = Field(
        default="P7D",
        description="How long the one before is good as well, ISO 8601: whole days (to 90) or hours; `P0D` ends it.",
    )


class SecretOut(Answer):
    """That there is a secret, and since when; never what it is."""

    name: str
    set_at: datetime | None = None
    set_by_role: str | None = None
    set_by: str | None = Field(default=None, description="Who set it, as a reference that names nobody.")
    previous_until: datetime | None = Field(default=None, description="How long the one before it is good as well.")


class LimitsOut(Answer):
    rate_per_second: float
    burst: int
    concurrency: int
    quota: list[Quota] | None = None


class LaneOut(Answer):
    """How the lane to a processor stands. Codes are the adapter's own words, such as `http_503` or `not_reached`."""

    breaker: Literal["closed", "open", "half_open"]
    failures: int = Field(description="Calls in a row that say the processor is not well.")
    opened_at: datetime | None = Field(default=None, description="When the outage began.")
    probe_at: datetime | None = Field(default=None, description="When one call tries again.")
    last_code: str | None = Field(default=None, description="What the last such call came to.")
    rests_until: datetime | None = None
    rests_for: Literal["said_by_processor", "quota"] | None = None


class Lacking(Answer):
    """Something that keeps a registration from being switched on."""

    pointer: str = Field(examples=["#/settings/dialekt", "#/secrets/signing"])
    code: Literal["missing", "unknown", "unfit"]
    detail: str


class ProcessorOut(Answer):
    """A registered recipient; whether it has a secret, never which."""

    id: UUID
    controller: str
    key: str
    title: str
    kind: str
    recipient_kind: str
    state: str
    endpoint: str | None = None
    sandbox_service: str | None = None
    actions: list[str]
    categories: list[str]
    identifier_types: list[str]
    after: list[str]
    answer_mode: str
    idempotency: str
    limits: LimitsOut
    lane: LaneOut
    contact: str | None = None
    country: str | None = None
    from_profile: bool
    has_secret: bool
    secret_names: list[str] = Field(description="Which secrets there are, never what they are.")
    secrets: list[SecretOut]
    settings: dict[str, Any] = Field(description="The kind's own settings; see docs/processors.md.")
    lacking: list[Lacking] | None = Field(
        default=None, description="All that is missing or wrong before it can be active; told of one, not in lists."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class ProcessorList(Answer):
    items: list[ProcessorOut]


class ControllerOut(Answer):
    id: str
    name: str
    languages: list[str]
    timezone: str


class ControllerList(Answer):
    items: list[ControllerOut]


class ProfileProblem(Answer):
    """Something an honest access answer still lacks."""

    code: str
    path: str
    severity: str
    text: str
    law: str
    tension: str | None = None


class ProfileProblemList(Answer):
    items: list[ProfileProblem]


class ProcedureSection(Answer):
    key: str
    title: str
    lines: list[str]


class ProcedureOut(Answer):
    """A controller's written procedure, as the service carries it out."""

    controller: str
    language: str
    sections: list[ProcedureSection]


class RightOffered(Answer):
    right: str
    source: str
    needs: str = Field(description="The level of identity that is needed.")
    identity_methods: list[str] = Field(description="Ways of proof that would do, the least intrusive first.")


class FormPreference(Answer):
    """How the controller would like to be asked. A wish: every way is taken (GDPR Art. 12(2))."""

    preference: str = Field(examples=["written_signed_paper"])
    text: str


class IntakeOut(Answer):
    """What a person can do here, before any login."""

    controller: str
    name: str
    contact: str | None = None
    dpo: str | None = None
    authority: str
    languages: list[str]
    rights: list[RightOffered]
    identity_methods: list[str]
    form: FormPreference
    protected_identity: str = Field(description="What somebody with protected personal data should do.")


class Loose(Answer):
    """An object whose shape is documented elsewhere."""

    model_config = ConfigDict(extra="allow")


ProfileOut = dict[str, Any]
