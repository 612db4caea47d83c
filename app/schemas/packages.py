"""What leaves: the preview of a package, what is changed about it, and its release."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import Answer, Body, CategoryId, Code, Plain
from app.schemas.records import PackageOut

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RowKey = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$", description="The row's key, from the preview.")]
ActionName = Literal["hide", "show", "replace"]


class ReleaseIn(Body):
    """The version that was seen in the preview."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sha256": "9f86d081884c7d659a2feaa0c55ad015" * 2}]})

    sha256: Annotated[Sha256, Field(description="Of the package, as the preview showed it.")]


class StaffPackageOut(PackageOut):
    """The package as staff see it."""

    state: Literal["sealed", "awaiting_approval", "released", "expired"]  # type: ignore[assignment]
    version: int
    has_security: bool = Field(description="It shows how a home is protected, so two people let it go.")
    to_review: int = Field(description="Rows that stay until a person has masked, transcribed or looked at them.")
    approval_id: UUID | None = Field(default=None, description="The second person's word it waits for.")


class RedactionIn(Body):
    """One change: of a row, or of one field of it."""

    processor: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=60)]
    category: CategoryId
    row: RowKey
    field: Annotated[Plain, Field(min_length=1, max_length=200)] | None = None
    action: ActionName
    reason: Code
    note: Annotated[Plain, Field(max_length=2_000, description="Why; for show and replace.")] = ""
    text: Annotated[Plain, Field(max_length=50_000, description="What stands for the row; for replace.")] | None = None


class RedactionsIn(Body):
    """All that is changed about the answer; what is not named is as the rules have it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "redactions": [
                        {
                            "processor": "crm",
                            "category": "contact",
                            "row": "4c9f2f0a1b2c3d4e5f607182",
                            "action": "hide",
                            "reason": "others_freedoms",
                        }
                    ]
                }
            ]
        }
    )

    redactions: Annotated[list[RedactionIn], Field(max_length=5_000)]


class RedactionOut(Answer):
    """A change that was made."""

    processor: str
    category: str
    row: str
    field: str | None = None
    action: ActionName
    reason: str
    note: str = ""
    text: str | None = None
    by: str


class ReasonOut(Answer):
    """Why something stays, its law, and the words the person reads."""

    code: str
    source: str
    text: str


class MaskOut(ReasonOut):
    """A field that is masked in a row that leaves."""

    field: str


class PreviewRow(Answer):
    """One row of an answer: as it will leave, or why it stays, and what a person may change about it."""

    row: str
    leaves: bool
    content: dict[str, Any] | None = Field(default=None, description="The row as the person gets it.")
    reason: ReasonOut | None = Field(default=None, description="Why it stays.")
    rule: str = Field(description="What ruled: a data class, an identity, or staff; the list may grow.")
    masks: list[MaskOut]
    may: dict[str, list[str]] = Field(description="The reasons with which it may be hidden, shown or replaced.")
    may_show_fields: dict[str, list[str]] = Field(default_factory=dict)
    before: dict[str, Any] | None = Field(default=None, description="What stays and a person may open; no secrets.")


class PreviewCategory(Answer):
    category: str
    title: str
    data_class: str
    leaves: bool = Field(description="Whether the request reaches the category at all (GDPR Art. 20(1)).")
    rows: list[PreviewRow]


class PreviewProcessor(Answer):
    processor: str
    title: str
    empty: Literal["not_held", "not_given", "not_done"] | None = None
    categories: list[PreviewCategory]


class LeftOutOut(ReasonOut):
    """What the person is told was left out."""

    recipient: str
    category_title: str
    what: Literal["row", "field", "category"] = Field(
        description="`category`: all of it is another controller's, and the request was passed on there."
    )
    count: int
    reason_code: str


class NotPortableOut(Answer):
    category_title: str
    why: str
    text: str


class PreviewOut(Answer):
    """The package as the person will see it. Nobody releases what they have not seen here."""

    version: int
    sha256: str
    has_security: bool
    to_review: int
    redactions: list[RedactionOut]
    processors: list[PreviewProcessor]
    left_out: list[LeftOutOut]
    not_portable: list[NotPortableOut]
    unknown_codes: list[str] = Field(description="Codes nobody can explain to the person.")
    unexplained_fields: list[str]


class SupplementIn(Body):
    """A fact about the processing that the controller has settled; without texts what was said there is taken back."""

    path: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=200)]
    sv: Annotated[Plain, Field(min_length=1, max_length=2_000)] | None = None
    en: Annotated[Plain, Field(min_length=1, max_length=2_000)] | None = None
    codes: Annotated[list[Code], Field(max_length=10)] = Field(
        default_factory=list, description="Legal bases, kind of source, or why a recipient has no name."
    )


class SupplementsIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "supplements": [
                        {
                            "path": "categories.alarm_history.retention",
                            "sv": "12 månader efter händelsen.",
                            "en": "12 months after the event.",
                        }
                    ]
                }
            ]
        }
    )

    supplements: Annotated[list[SupplementIn], Field(min_length=1, max_length=500)]


class SupplementOut(Answer):
    """What the controller has said, and when; an answer tells it as the controller's own statement."""

    path: str
    sv: str
    en: str
    codes: list[str]
    settled_at: datetime
    settled_by: str


class SupplementList(Answer):
    version: int
    items: list[SupplementOut]
