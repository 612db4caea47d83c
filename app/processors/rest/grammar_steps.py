"""The grammar of what a connector does for an action: finding the person, steps, jobs, copies."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from app.domain.fanout import Action
from app.processors.rest.grammar_calls import (
    Call,
    Code,
    Conditions,
    Duration,
    Extraction,
    JsonPath,
    Name,
    Part,
    Predicate,
    Reading,
    Request,
    Retain,
    Rule,
    Template,
    exactly_one,
)

#: A field of an item: a name, a dotted path, or a JSONPath.
Field_ = Annotated[str, Field(min_length=1, max_length=300)]


class Check(Part):
    """One comparison of a match: a field of the item with what is known of the person."""

    field: Field_
    eq: Template | None = None
    ieq: Template | None = Field(default=None, description="Case and blanks around do not matter.")
    digits: Template | None = Field(default=None, description="Only the digits count, and all of them.")
    phone: Template | None = Field(default=None, description="The same number, however written; Swedish if bare.")
    personnummer: Template | None = Field(default=None, description="With or without its century and hyphen.")

    @model_validator(mode="after")
    def _one(self) -> "Check":
        exactly_one(self, "eq", "ieq", "digits", "phone", "personnummer")
        return self


class Match(Part):
    """Which of the items found are the person's. A comparison with an identifier that is not known never holds."""

    any: list[Check] = Field(default_factory=list)
    all: list[Check] = Field(default_factory=list)

    @model_validator(mode="after")
    def _some(self) -> "Match":
        if not self.any and not self.all:
            raise ValueError("needs any or all")
        return self


class Within(Part):
    """What a lookup is made in, once for each: the lists, accounts or teams that the vendor itself names."""

    reading: Reading = Field(alias="read")
    as_: Name = Field(alias="as")


class Lookup(Reading):
    """
    One way to find the person. With ``when: id.email`` it is tried once for each such address that is known.
    """

    within: Within | None = Field(default=None, description="Made once in each of these, which its calls may name.")

    id: Name | None = None
    when: Conditions | None = None
    match: Match | None = Field(default=None, description="Checked here, whatever the vendor's search promised.")
    verified_by: str | None = Field(
        default=None, description="Instead of match: why the answer can be nobody else's (an exact key in the path)."
    )
    phone_enough: str | None = Field(
        default=None,
        description="Why a find by telephone alone may be copied, changed, erased: what is kept is the number's own.",
    )
    key: Field_ | None = Field(default=None, description="The field that tells two finds apart.")
    on_empty: Literal["next", "no_match", "needs_review"] | None = None


class Guard(Part):
    """A mark on what was found that a person has to see before anything happens."""

    predicate: Predicate = Field(alias="if", description="`@` is the find.")
    reason: Code
    outcome: Literal["needs_review", "rejected"] = "needs_review"
    fact: Literal["protected", "household_split"] | None = Field(
        default=None, description="With locate: said as a fact instead, and the search goes on."
    )


class Receipt(Extraction):
    """A field kept as evidence: a job's id, a receipt. ``hash`` keeps only its SHA-256."""

    hash: bool = False


Effect = Literal[
    "read",
    "erased",
    "anonymised",
    "soft_deleted",
    "suppressed",
    "queued",
    "changed",
    "restricted",
    "released",
    "notified",
]


class StepBase(Part):
    id: Name | None = None
    when: Conditions | None = Field(default=None, description="Skipped where it does not hold.")
    covers: list[Name] = Field(
        default_factory=list,
        description="The outputs it takes effect on: it runs only if all are asked for and none is to be kept.",
    )
    otherwise: Name | None = Field(default=None, description="A later step to go to when it does not run.")
    done: Literal["end"] | None = Field(default=None, description="end: nothing after it once it has succeeded.")
    effect: Effect | None = Field(default=None, description="Where it does something else than the action's effect.")


class CallStep(Call, StepBase):
    """One call."""

    outputs: dict[Name, Extraction] = Field(
        default_factory=dict, description="Kept as `steps.<id>.<name>` for later steps, across attempts."
    )
    receipt: dict[Name, Receipt] = Field(default_factory=dict)
    outcome: Literal["success", "partial", "retained"] = "success"
    retain: Retain | None = Field(default=None, description="What stays all the same once this has succeeded.")
    corrects: list[str] = Field(
        default_factory=list,
        description="Our fields of a correction that this call writes; the others are said not to be held there.",
    )
    dry_run: JsonValue = Field(
        default=None, description="A vendor's own rehearsal: merged into the JSON body or the form in a dry run."
    )


Mask = Literal["null", "blank", "pseudonym", "pseudonym_email", "pseudonym_phone", "false", "zero"]


class MergePut(Part):
    """Read, change the named fields, write back."""

    read: Request | None = Field(default=None, alias="get", description="Left out: the find of the lookup.")
    body: JsonPath = Field(default="$", description="Where the object stands in what was read.")
    write: Request = Field(alias="put", description="Its JSON body is the object.")
    wrap: str | None = Field(default=None, description="The key that the object goes back under.")
    only_changed: bool = Field(default=False, description="Send the changed fields only (PATCH, or a PUT that merges).")
    drop: list[str] = Field(default_factory=list, description="Fields that may not be sent back.")
    set: dict[str, JsonValue] = Field(default_factory=dict)
    mask: dict[str, Mask] = Field(default_factory=dict, description="Values that say nothing, valid for the vendor.")
    map: dict[str, Field_] = Field(
        default_factory=dict, description="Our field of a correction (details.corrections) to the vendor's."
    )

    @model_validator(mode="after")
    def _some(self) -> "MergePut":
        if not (self.set or self.mask or self.map):
            raise ValueError("needs set, mask or map")
        return self


class MergeStep(StepBase):
    """Read-modify-write."""

    merge_put: MergePut
    rules: list[Rule] = Field(default_factory=list, description="Of both calls.")
    receipt: dict[Name, Receipt] = Field(default_factory=dict)
    outcome: Literal["success", "partial", "retained"] = "success"
    retain: Retain | None = None


class Loop(Part):
    """What to go through: what a call brings, or a list that is there already."""

    reading: Reading | None = Field(default=None, alias="read")
    over: Annotated[str, Field(pattern=r"^[a-z_]+(\.[A-Za-z0-9_]+)*$")] | None = Field(
        default=None, alias="in", description="A dotted path: m.CreditCards, steps.find.ids."
    )
    as_: Name = Field(alias="as")
    match: Match | None = None
    key: Field_ | None = None
    max_items: Annotated[int, Field(ge=1, le=10_000)] | None = None
    on_empty: Literal["skip", "no_match", "needs_review"] | None = None
    steps: "list[Step]" = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _one(self) -> "Loop":
        exactly_one(self, "reading", "over")
        return self


class LoopStep(StepBase):
    """The same steps for each of several things; loops may stand in loops, three deep."""

    foreach: Loop


class Finish(Part):
    """An end of the action that no call brings."""

    outcome: Literal["success", "no_match", "partial", "retained", "rejected", "needs_review"]
    reason: Code | None = None
    retain: Retain | None = None


class FinishStep(StepBase):
    finish: Finish


def _step_kind(raw: Any) -> str | None:
    keys = raw if isinstance(raw, dict) else getattr(raw, "model_fields_set", ())
    return next((kind for kind in ("request", "merge_put", "foreach", "finish") if kind in keys), None)


Step = Annotated[
    Annotated[CallStep, Tag("request")]
    | Annotated[MergeStep, Tag("merge_put")]
    | Annotated[LoopStep, Tag("foreach")]
    | Annotated[FinishStep, Tag("finish")],
    Discriminator(
        _step_kind,
        custom_error_type="step_kind",
        custom_error_message="a step has request, merge_put, foreach or finish",
    ),
]


class Collected(Part):
    """One of the connector's outputs, and where its rows come from."""

    source: Annotated[str, Field(pattern=r"^(lookup|m(\.[A-Za-z0-9_]+)+|steps(\.[A-Za-z0-9_]+)+)$")] | None = Field(
        default=None, alias="from", description="lookup: the finds; or a list or object that is there already."
    )
    reading: Reading | None = Field(default=None, alias="read")
    each: Name | None = Field(default=None, description="Once for each row of that output, which is `row`.")
    when: Conditions | None = None
    where: Predicate | None = Field(default=None, description="Rows of this output, where others come with them; `@`.")
    match: Match | None = Field(default=None, description="Rows that are the person's; others are never shown.")
    hidden: bool = Field(default=False, description="Only for `each` of others; not part of the copy.")

    @model_validator(mode="after")
    def _one(self) -> "Collected":
        exactly_one(self, "source", "reading")
        return self


class Download(Part):
    """The file that a finished job leaves: its rows become an output."""

    url: Extraction | None = Field(default=None, description="In the answer to the poll; several are fetched in turn.")
    request: Request | None = None
    auth: str | None = Field(default="none", description="For url: a name of `auths`, 'none', or 'same'.")
    decode: list[Literal["json", "jsonl", "csv", "xml", "text", "gzip", "zip"]] = Field(default_factory=list)
    redirects: Literal["none", "allowed_hosts"] = "none"
    items: Extraction | None = None
    output: Name
    max_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 16 * 1024 * 1024

    @model_validator(mode="after")
    def _one(self) -> "Download":
        exactly_one(self, "url", "request")
        return self


JobState = Literal["pending", "running", "complete", "partial", "failed", "cancelled", "confirm", "needs_review"]


class Job(Part):
    """Work that the vendor does later: started, asked after, fetched. ``{{ job }}`` is the id."""

    covers: list[Name] = Field(
        default_factory=list,
        description="The outputs it takes effect on: it starts only if all are asked for and none is to be kept.",
    )
    start: Call
    ids: Extraction = Field(description="One or several; all have to end.")
    poll: Call
    status: Extraction
    map: dict[str, JobState] = Field(min_length=1, description="The vendor's words; one not listed: a person looks.")
    every: Duration = timedelta(minutes=5)
    backoff: Annotated[float, Field(ge=1, le=10)] = 1
    longest: Duration = timedelta(days=1)
    first_after: Duration | None = None
    deadline: Duration = Field(description="After it `cancel` is tried and a person looks.")
    partial_if: Predicate | None = None
    confirm: Call | None = Field(default=None, description="The second phase, sent once when the map says confirm.")
    download: Download | None = None
    cancel: Call | None = None
    receipt: dict[Name, Receipt] = Field(default_factory=dict, description="Read from each job's last poll.")


class Identifiers(Part):
    """What has to be known of the person; without it nothing is asked, and what would help is said (Art. 11)."""

    any: list[Name] = Field(default_factory=list)
    all: list[Name] = Field(default_factory=list)


class Native(Part):
    """An action that the vendor's API really has."""

    identifiers: Identifiers | None = Field(default=None, description="Left out: the connector's.")
    effect: Effect = "changed"
    irreversible: bool = False
    lookup: bool = Field(default=True, description="Find the person first, where the connector has lookups.")
    no_lookup: str | None = Field(
        default=None, description="Why something irreversible may do without: the vendor takes exact keys only."
    )
    expect: Literal["exactly_one", "one_or_more"] | None = None
    collect: dict[Name, Collected] = Field(default_factory=dict, description="A copy: rows by output.")
    steps: list[Step] = Field(default_factory=list, max_length=40)
    job: Job | None = None
    effective_after: Duration | None = Field(default=None, description="Done now, in effect so much later.")
    verify: Call | None = Field(default=None, description="Asked once that time has passed, before it counts.")
    finally_: list[CallStep] = Field(default_factory=list, alias="finally", max_length=5)
    unverified: list[str] = Field(default_factory=list, description="What nobody has tried against the live vendor.")


class Manual(Part):
    """Only a person can do it: why, and what to do."""

    manual: Annotated[str, Field(min_length=10, max_length=1_000)]


class NotApplicable(Part):
    """The vendor holds nothing that the action could concern: why."""

    not_applicable: Annotated[str, Field(min_length=10, max_length=1_000)]


class SameAs(Part):
    """What another action does is what this one means."""

    same_as: Action


class AssumeHeld(Part):
    """For locate, where the vendor cannot be searched: taken to be held, and why that is right."""

    assume_held: Annotated[str, Field(min_length=10, max_length=1_000)]


_OTHER = ("manual", "not_applicable", "same_as", "assume_held")


def _action_kind(raw: Any) -> str:
    keys = raw if isinstance(raw, dict) else getattr(raw, "model_fields_set", ())
    return next((kind for kind in _OTHER if kind in keys), "native")


ActionPlan = Annotated[
    Annotated[Native, Tag("native")]
    | Annotated[Manual, Tag("manual")]
    | Annotated[NotApplicable, Tag("not_applicable")]
    | Annotated[SameAs, Tag("same_as")]
    | Annotated[AssumeHeld, Tag("assume_held")],
    Discriminator(_action_kind),
]
