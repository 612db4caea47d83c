"""Tasks, letters, recipients, packages, the audit chain, deadlines: what is read about a case."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import ActionKey, Answer, Body, CategoryId, Code, Instant, KnownAs, Line, Plain, PlainObject
from app.schemas.erasure import PlannedOut
from app.schemas.requests import Page


class TaskRecipient(Answer):
    """Who is asked."""

    id: UUID
    key: str
    title: str
    kind: str


class TaskOut(Answer):
    """One action asked of one recipient."""

    id: UUID
    request_id: UUID
    claim_id: UUID | None = None
    controller: str
    processor: TaskRecipient
    action: str
    categories: list[str]
    state: Literal["open", "sending", "accepted", "needs_person", "closed"]
    outcome: str | None = None
    attention: str | None = Field(default=None, description="Why a person is needed.", examples=["deadline_near"])
    former: Literal["another", "more_known"] | None = Field(
        default=None,
        description="Why it counts no more for whoever is known now: it was asked for `another`, or for the same "
        "person while less was known of them. Everybody is asked anew.",
    )
    last_code: str | None = Field(
        default=None, description="What the last call came to, in the adapter's words.", examples=["http_503"]
    )
    answer_by: date
    attempts: int
    created_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None


class TaskList(Answer):
    items: list[TaskOut]


class TaskPage(Page):
    items: list[TaskOut]


class ReplayIn(Body):
    """Which of a recipient's tasks that wait for a person are to be sent again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"processor": "0199d0f0-5f0e-7a51-9c0c-3a5ad0a0b0c1", "attention": "processor_down", "dry_run": True}
            ]
        }
    )

    processor: Annotated[UUID, Field(strict=False)]
    attention: Code | None = Field(default=None, description="Only those that wait for this reason.")
    action: ActionKey | None = None
    created_before: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 200
    dry_run: bool = Field(default=False, description="Say which, and send none.")


class ReplayOut(Answer):
    """What was sent again; the lane's limits pace it."""

    replay: UUID = Field(description="Stands in the audit entry of each task.")
    dry_run: bool
    matched: int = Field(description="Tasks the filter finds, before `limit`.")
    count: int
    tasks: list[UUID] = Field(description="Those that are sent again, or would be.")
    skipped: list[UUID] = Field(description="Those that cannot be now, such as a stopped request's.")


class TaskMailOut(Answer):
    """A mail to the task's recipient: that it was `sent` says that a mail server has taken it, and nothing more."""

    id: UUID
    purpose: Literal["asked", "reminder", "code"]
    state: Literal["waiting", "sent", "failed"]
    made_at: datetime
    sent_at: datetime | None = None
    failure: str | None = Field(default=None, description="Why it did not go out, or came back; a code.")


class TaskFileOut(Answer):
    """A file that came with the answer."""

    id: UUID
    category: str
    media_type: str = Field(description="Told by its content.")
    size: int
    sha256: str
    scan: Literal["clean", "infected", "pending", "not_scanned"] = Field(
        description="`not_scanned`: nobody scans files here. `infected`: it has been destroyed."
    )
    via: Literal["page", "callback"]
    uploaded_at: datetime
    destroyed_at: datetime | None = None
    name: str | None = Field(default=None, description="What it was called there; staff only.")


class TaskFileList(Answer):
    items: list[TaskFileOut]


class TaskWhole(TaskOut):
    """A task with what has to be done: only the identifiers this recipient may know."""

    mails: list[TaskMailOut] = Field(default_factory=list, description="Mails to the recipient, the oldest first.")
    page_answered_at: datetime | None = Field(default=None, description="When its page was last answered on.")
    files: list[TaskFileOut] = Field(default_factory=list)

    reference: str
    identifiers: list[KnownAs]
    details: dict[str, Any]
    contact: str | None = None
    answer: dict[str, Any] = Field(default_factory=dict)


class DisclosureIn(Body):
    """To whom data of a category were handed, by name, and when."""

    to: Line
    on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None


class RecordIn(Body):
    """Rows of one category, and to whom they were disclosed."""

    category: CategoryId
    rows: list[PlainObject] = Field(default_factory=list, max_length=10_000)
    description: Plain | None = None
    disclosures: list[DisclosureIn] = Field(default_factory=list, max_length=200)


class RetainedIn(Body):
    """What is kept, under which law, until when."""

    category: CategoryId
    law: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=40)]
    until: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    reason: Code | None = None


class OutcomeIn(Body):
    """What a person says came of a task."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "completed", "message": "Done by phone."}]})

    outcome: Literal["completed", "completed_partial", "not_found", "retained", "refused", "failed"]
    reason: Code | None = None
    message: Annotated[Plain, Field(max_length=2_000)] | None = None
    records: list[RecordIn] | None = Field(default=None, max_length=100)
    retained: list[RetainedIn] | None = Field(default=None, max_length=100)
    found_categories: list[CategoryId] | None = Field(default=None, max_length=200)
    erased_categories: list[CategoryId] | None = Field(
        default=None, max_length=200, description="With `erase`: the categories of which nothing is left."
    )
    take_answer: bool = Field(
        default=False,
        description="Take over what the recipient itself answered (its records, what it keeps, its words), where you "
        "say nothing else; its words are then read by the person who asked.",
    )
    take_files: bool = Field(
        default=False, description="Take the rows of the task's CSV and JSON files as its records, scanned or not."
    )


class LetterOut(Answer):
    """A letter, without its text."""

    id: UUID
    kind: str
    about: str | None = Field(default=None, description="What it is about, where a case has several of the kind.")
    language: str
    written_at: datetime
    via: Literal["portal", "email", "post"]
    sent_at: datetime | None = Field(default=None, description="When it was out; absent while it is not.")
    template_sha256: str


class LetterList(Answer):
    items: list[LetterOut]


class UnsentLetter(LetterOut):
    """A letter that is not out yet, with its case."""

    request_id: UUID
    reference: str
    controller: str
    due_on: date
    attempts: int = Field(description="How often a mail that tells of it was tried.")
    failure: str | None = Field(default=None, description="Why no mail server has taken it, a code.")


class UnsentLetterPage(Page):
    items: list[UnsentLetter]


class PostingIn(Body):
    """On which day the letter left the house, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"posted_on": "2026-03-20"}]})

    posted_on: Annotated[date, Field(strict=False, description="Civil date; not in the future.")]
    how: Literal["post", "in_person", "secure_message"] = "post"


class LetterSource(Answer):
    name: str
    text: str


class LetterTemplateOut(Answer):
    """One version of a letter's wording, as it was when the first letter was made from it."""

    sha256: str
    kind: str
    language: str
    kept_at: datetime
    sources: list[LetterSource]


class RecipientOut(Answer):
    """What one recipient was asked and what came of it, in plain words too."""

    title: str
    action: str
    status: Literal["asked", "working", "needs_person", "done"]
    outcome: str | None = None
    text: str
    at: datetime | None = None


class LedgerEntry(Answer):
    """One recipient that is told of one change (GDPR Art. 19), in plain words."""

    name: str
    about: Literal["change", "meanwhile", "lift", "former"] = Field(
        description="`change`: what the claim wanted was done; `meanwhile`: restricted while the claim was pending; "
        "`lift`: that restriction ended; `former` (staff only): something was done for somebody else than whoever "
        "asked turned out to be: have the recipient undo what can be undone, and tell `former_person` (Art. 33, 34)."
    )
    right: str
    state: Literal["pending", "sent", "confirmed", "impossible", "disproportionate"]
    text: str
    at: datetime | None = None


class StaffLedgerEntry(LedgerEntry):
    """The same for staff: what only a person can do is ``by_hand``."""

    id: UUID
    recipient: str = Field(description="The recipient's id in the profile, or the processor's key.")
    by_hand: bool
    reason_code: str | None = None
    reason: str | None = None


class RecipientList(Answer):
    """Who was asked what, and who was told of what was done."""

    items: list[RecipientOut]
    ledger: list[LedgerEntry] = Field(default_factory=list)


class StaffRecipientList(Answer):
    """Who was asked what, and who was told or still has to be told of what was done."""

    items: list[RecipientOut]
    ledger: list[StaffLedgerEntry] = Field(default_factory=list)


class TimelineEntry(Answer):
    at: datetime
    step: str
    text: str


class Timeline(Answer):
    items: list[TimelineEntry]


class PackageOut(Answer):
    """The package and whether it may be fetched."""

    state: Literal["sealed", "released", "expired"]
    size: int
    sha256: str
    sealed_at: datetime
    released_at: datetime | None = None
    available_until: datetime | None = None


class DownloadOut(Answer):
    """A way to the package that works once, for the person it was made for."""

    url: str
    expires_at: datetime
    uses_left: int


class AuditEntryOut(Answer):
    seq: int
    at: datetime
    step: str
    actor_role: str
    actor_ref: str
    facts: dict[str, Any]
    prev_hash: str
    hash: str


class AuditList(Answer):
    items: list[AuditEntryOut]


class PlanCategory(Answer):
    """One category a recipient holds, and what speaks for or against acting on it."""

    id: str
    title: str
    data_class: str
    legal_bases: list[str]
    retention: str | None = None
    law: str | None = None
    gap: str | None = None
    excluded: bool = False
    planned: PlannedOut | None = Field(default=None, description="For an erasure.")


class PlanStep(Answer):
    """What would be asked of one recipient if the claim were granted."""

    processor: TaskRecipient
    action: str | None = None
    categories: list[PlanCategory]


class PlanOut(Answer):
    claim_id: UUID
    right: str
    steps: list[PlanStep]


class Accepted(Answer):
    status: Literal["accepted", "repeated"]
