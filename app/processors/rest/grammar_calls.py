"""
The grammar of one call of a connector: what is sent, how the answer is read, paged and judged.

Every text that may hold ``{{ … }}`` is a :data:`Template`; a :data:`JsonPath` follows RFC 9535, and a
:data:`Predicate` is the inside of an RFC 9535 filter, with ``@`` for the answer's body (or the item looked at).
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Template = Annotated[str, Field(max_length=8_000)]
JsonPath = Annotated[str, Field(pattern=r"^\$", max_length=500)]
Predicate = Annotated[str, Field(min_length=1, max_length=500)]
#: A condition: a dotted path that has a value, or "not " before it; of a list all hold.
Condition = Annotated[str, Field(pattern=r"^(not )?[a-z_]+(\.[A-Za-z0-9_@-]+)*$", max_length=200)]
Conditions = Condition | list[Condition]
Duration = Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=400))]
Status = Annotated[int, Field(ge=100, le=599)] | Literal["1xx", "2xx", "3xx", "4xx", "5xx"]


class Part(BaseModel):
    """A part of a connector file: what is not known is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def exactly_one(part: BaseModel, *names: str, least: int = 1) -> None:
    """Raise unless exactly one of the named fields is given (or at most one, with *least* 0)."""
    given = [name for name in names if name in part.model_fields_set]
    if not least <= len(given) <= 1:
        raise ValueError(f"needs {'exactly' if least else 'at most'} one of {', '.join(names)}")


class Columns(Part):
    """An answer with the columns' names in one place and rows of bare values in another."""

    names: JsonPath
    rows: JsonPath


class Extraction(Part):
    """Where in an answer something stands."""

    json_path: JsonPath | None = Field(default=None, alias="json")
    xpath: Annotated[str, Field(max_length=500)] | None = None
    namespaces: dict[str, str] = Field(default_factory=dict, description="Prefixes that the XPath uses.")
    header: str | None = None
    regex: Annotated[str, Field(max_length=300)] | None = Field(
        default=None, description="In the body's text (its first 64 kB); its first group, else all of it."
    )
    columns: Columns | None = Field(default=None, description="Column names here, rows of values there.")
    text: Literal[True] | None = Field(default=None, description="The whole body as text.")
    file: Literal[True] | None = Field(default=None, description="The whole body as a file: one row about it.")

    @model_validator(mode="after")
    def _one(self) -> "Extraction":
        exactly_one(self, "json_path", "xpath", "header", "regex", "columns", "text", "file")
        return self


class Literalised(Part):
    """A query in a vendor's own language: each ``{{ … }}`` becomes a quoted literal; write no quotes around it."""

    soql: Template | None = Field(default=None, description="Salesforce: quotes and backslashes are escaped.")
    sql: Template | None = None
    quotes: Literal["double", "refuse"] = Field(
        default="double", description="sql: a quote is doubled, or a value with one is refused."
    )

    @model_validator(mode="after")
    def _one(self) -> "Literalised":
        exactly_one(self, "soql", "sql")
        return self


class JsonText(Part):
    """A JSON value written as the text of one form or query field."""

    json_value: JsonValue = Field(alias="json")


Value = Template | int | bool | Literalised | JsonText


class IdempotencyKey(Part):
    """Where the key goes that stays the same for a task and a step."""

    header: str | None = None
    field: Name | None = Field(default=None, description="A top-level field of the JSON or form body.")

    @model_validator(mode="after")
    def _one(self) -> "IdempotencyKey":
        exactly_one(self, "header", "field")
        return self


class Request(Part):
    """One HTTP call. A value that is missing stops it before anything is sent, unless it says ``| optional``."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[Template, Field(pattern=r"^/")] | None = Field(default=None, description="On base_url.")
    url: Annotated[Template, Field(pattern=r"^https://")] | None = Field(
        default=None, description="Whole, on a host that `hosts` allows."
    )
    query: dict[str, Value | list[Value]] = Field(default_factory=dict)
    headers: dict[str, Template] = Field(default_factory=dict)
    json_body: JsonValue = Field(
        default=None, alias="json", description="Lone expressions keep their type; an object with `$when` is optional."
    )
    form: dict[str, Value | list[Value]] | None = None
    multipart: dict[str, Value] | None = None
    xml: Template | None = None
    text: Template | None = None
    content_type: str | None = None
    auth: str | None = Field(default=None, description="A name of `auths`, or 'none'; left out: the connector's.")
    idempotency_key: IdempotencyKey | None = None
    repeatable: bool | None = Field(
        default=None,
        description="Whether twice is as once; left out: GET HEAD PUT DELETE and what has a key are, others not.",
    )
    decode: list[Literal["json", "jsonl", "csv", "xml", "text", "gzip", "zip"]] = Field(
        default_factory=list, max_length=3, description="Left out: by the answer's content type."
    )
    redirects: Literal["none", "allowed_hosts"] = "none"
    max_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 4 * 1024 * 1024
    cost: Annotated[int, Field(ge=1, le=10_000)] = Field(default=1, description="What it counts against `limits`.")

    @model_validator(mode="after")
    def _one(self) -> "Request":
        exactly_one(self, "path", "url")
        exactly_one(self, "json_body", "form", "multipart", "xml", "text", least=0)
        return self


class HeaderIs(Part):
    """A header of the answer, and what it has to be or hold (case does not matter)."""

    name: str
    equals: str | None = None
    contains: str | None = None


class After(Part):
    """How long to wait, where the vendor says it, bounded to three days."""

    header: str | None = None
    json_path: JsonPath | None = Field(default=None, alias="json")
    regex: Annotated[str, Field(max_length=300)] | None = Field(default=None, description="Its first group.")
    fixed: Duration | None = None
    unit: Literal["seconds", "milliseconds", "epoch", "http_date", "rfc3339"] = "seconds"

    @model_validator(mode="after")
    def _one(self) -> "After":
        exactly_one(self, "header", "json_path", "regex", "fixed")
        return self


class Retain(Part):
    """What a law keeps, its code, and until when; a decided day of the task's `keep` list goes before `until`."""

    outputs: list[Name] = Field(min_length=1)
    law: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
    until: Template = Field(description="A civil date, as in '{{ today | end_of_year(7) }}'.")


RuleOutcome = Literal[
    "success",
    "no_match",
    "already_done",
    "retry",
    "quota",
    "auth_expired",
    "rejected",
    "retained",
    "partial",
    "ambiguous",
    "needs_review",
    "unknown",
    "fail",
]


class Rule(Part):
    """What an answer means. All that is named must hold; a rule that names nothing is the default."""

    status: Status | list[Status] | None = None
    header: HeaderIs | None = None
    predicate: Predicate | None = Field(default=None, alias="if")
    body_contains: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    outcome: RuleOutcome | None = None
    goto: Name | None = Field(default=None, description="A later step of the same list to go on with.")
    after: After | None = Field(default=None, description="retry: how long to wait.")
    resume: Literal["next_utc_day", "next_hour"] | Duration | None = Field(default=None, description="quota: when.")
    reason: Code | None = None
    retain: Retain | None = None
    note: str | None = Field(default=None, description="For readers of the file; where a vendor fact is unverified.")

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        exactly_one(self, "outcome", "goto")
        if (self.outcome == "retained") != (self.retain is not None):
            raise ValueError("'retained' says what is kept, in retain; nothing else does")
        return self

    @property
    def is_default(self) -> bool:
        """Whether it matches every answer."""
        return self.status is None and self.header is None and self.predicate is None and self.body_contains is None


class PerItem(Part):
    """An answer with a result for each item (207, arrays): each is judged, and they are added up."""

    items: Extraction
    rules: list[Rule] = Field(min_length=1, description="`if` looks at one item; status and header are not asked.")


class PageNumber(Part):
    kind: Literal["page"]
    param: str = "page"
    size_param: str | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    start: Literal[0, 1] = 1
    stop: Literal["empty", "short", "total_pages"] = "empty"
    total_pages: Extraction | None = None
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 100


class Offset(Part):
    kind: Literal["offset"]
    param: str = "offset"
    size_param: str = "limit"
    size: Annotated[int, Field(ge=1, le=10_000)] = 100
    stop: Literal["empty", "short"] = "short"
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 100


class Cursor(Part):
    kind: Literal["cursor"]
    param: Annotated[str, Field(description="Query parameter; with in: json a top-level field.")]
    cursor: Extraction
    place: Literal["query", "json"] = Field(default="query", alias="in")
    more: Predicate | None = Field(default=None, description="Go on only while it holds.")
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 100


class Link(Part):
    """The next page's address, relative or whole; only ever on the host that was asked."""

    kind: Literal["link"]
    url: Extraction | None = Field(default=None, description="Left out: the Link header's rel=next.")
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 100


class TimeWindow(Part):
    """One call for each span of time, from long ago until now."""

    kind: Literal["time_window"]
    since: Annotated[str, Field(pattern=r"^P(\d+[YMWD])+$")] = Field(alias="from", description="How far back: P8Y.")
    step: Annotated[str, Field(pattern=r"^P(\d+[YMWD])+$")]
    params: tuple[str, str]
    format: Literal["date", "rfc3339", "epoch"] = "date"
    max_pages: Annotated[int, Field(ge=1, le=10_000)] = 100


Paging = Annotated[PageNumber | Offset | Cursor | Link | TimeWindow, Field(discriminator="kind")]


class Call(Part):
    """A request and how its answer is judged and read."""

    request: Request
    rules: list[Rule] = Field(default_factory=list, description="Before the connector's common rules.")
    per_item: PerItem | None = None


class Reading(Call):
    """A call that brings items."""

    items: Extraction | None = Field(default=None, description="Left out: the whole body, or its items if a list.")
    paginate: Paging | None = None
    max_items: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1_000, description="More is nobody's honest answer about one person: a person looks (not `limit`)."
    )


Json = dict[str, Any]
