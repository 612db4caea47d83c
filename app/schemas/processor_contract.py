"""What Insyn and a processor say to each other: the webhook contract, for the OpenAPI document."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.schemas.base import ActionKey, IdentifierType


class Contract(BaseModel):
    """A message of the contract; either side ignores what it does not know."""

    model_config = ConfigDict(extra="ignore")


class TaskIdentifier(Contract):
    """One way the person is known; only types the processor declared are sent."""

    type: IdentifierType
    value: Annotated[str, Field(description="In the one spelling people are matched by: small letters, trimmed.")]
    format: str
    as_given: Annotated[
        str | None, Field(description="As it was written, for who tells capitals apart; where that was kept.")
    ] = None


class TaskData(Contract):
    """One action asked of the processor about one person."""

    task_id: Annotated[str, Field(description="Also the webhook-id and the Idempotency-Key of every attempt.")]
    reference: str
    controller: str
    action: ActionKey
    data_categories: list[str]
    identifiers: list[TaskIdentifier]
    details: dict[str, Any]
    answer_by: date
    callback_url: str
    callback_token_expires_at: AwareDatetime


class TaskRequested(Contract):
    """
    Sent to the endpoint of a processor of kind `webhook`, signed as Standard Webhooks 1.0 has it.

    Answer 200 with an outcome, or 202 and the outcome later: to `callback_url`, or at the `Location` you name.
    """

    type: Literal["task.requested"]
    timestamp: AwareDatetime
    data: TaskData


class Disclosure(Contract):
    """To whom the processor handed the person's data of a category, by name, and when."""

    to: str
    on: date | None = None


class Record(Contract):
    """Rows of one data category of the task, and to whom they were disclosed (GDPR Art. 15(1)(c))."""

    category: str
    rows: list[dict[str, Any]] = Field(default_factory=list)
    disclosures: list[Disclosure] = Field(default_factory=list)


class RetainedCategory(Contract):
    """What is kept, the code of the law that keeps it, and its last day."""

    category: str
    law: str
    until: date


class ContactFact(Contract):
    """An address the processor has for the person; younger than thirty days it proves nothing."""

    type: Literal["email", "phone"]
    value: str
    since: Annotated[str, Field(description="Civil date; left out: not known, so taken as new.")] = ""


class SearchFacts(Contract):
    """What a search may say besides. Sealed, and used to plan an erasure and to guard the person, for nothing else."""

    contract: Literal["active", "ended", "none"] | None = None
    relationship_ended_on: date | None = None
    fiscal_years_ended: Annotated[
        list[date], Field(description="Ends of the financial years that bookkeeping records about the person lie in.")
    ] = Field(default_factory=list)
    customer: Annotated[
        dict[str, Any] | None,
        Field(description="Whose data they are, where they are held on a customer's behalf: `{name, contact}`."),
    ] = None
    customers: Annotated[
        list[dict[str, Any]], Field(description="The same for several customers, each with its `categories`.")
    ] = Field(default_factory=list)
    contacts: list[ContactFact] = Field(default_factory=list)
    protected: Annotated[bool, Field(description="The person must not be found: secrecy mark or the like.")] = False
    household_split: Annotated[bool, Field(description="People who shared the home no longer do.")] = False


class TaskOutcome(Contract):
    """What came of a task."""

    outcome: Literal[
        "completed",
        "completed_partial",
        "not_found",
        "retained",
        "refused",
        "ambiguous",
        "effective_later",
        "accepted",
        "failed",
    ]
    evidence: dict[str, str] = Field(default_factory=dict)
    records: list[Record] = Field(default_factory=list)
    retained: list[RetainedCategory] = Field(default_factory=list)
    found_categories: Annotated[list[str], Field(description="For locate: what is held about the person.")] = Field(
        default_factory=list
    )
    reason: Annotated[str, Field(description="A code; refused, failed and partial outcomes need one.")] = ""
    message: Annotated[str, Field(description="Why, in words the person will read.")] = ""
    facts: Annotated[SearchFacts, Field(description="With `locate`.")] = SearchFacts()


class CallbackData(TaskOutcome):
    """The outcome together with the task it is about."""

    task_id: str


class TaskAnswered(Contract):
    """Sent by the processor to the task's callback address, signed with the same secret."""

    type: Literal["task.outcome"]
    timestamp: AwareDatetime
    data: CallbackData


class OpenDsrStatus(Contract):
    """
    What a processor of kind `opendsr` reports to a request's callback address, signed by its certificate's key.

    It only says that there is something to see: Insyn asks for the status itself, so a copy of it does no harm.
    """

    controller_id: str = ""
    subject_request_id: Annotated[str, Field(description="The task's id, in the shape of a version 4 UUID.")]
    request_status: Literal["pending", "in_progress", "completed", "cancelled"]
    status_callback_url: Annotated[str, Field(description="Where it is sent; checked if it is there.")] = ""
    expected_completion_time: str = ""
    results_url: str | None = None
    results_count: int | None = None


class SentFileData(Contract):
    """A file of an `export` task, for one of its categories."""

    task_id: str
    category: str
    name: Annotated[str, Field(description="As it is called at the processor; for staff to read, nothing more.")]
    content: Annotated[str, Field(description="base64 of at most 10 MB.")]


class TaskFileSent(Contract):
    """Sent by the processor to the files of the task's callback address, signed with the same secret."""

    type: Literal["task.file"]
    timestamp: AwareDatetime
    data: SentFileData
