"""Figures and the register: answers."""

from datetime import date

from pydantic import Field

from app.schemas.base import Answer
from app.schemas.requests import Page


class ErasedCount(Answer):
    """How many claims ended so in a month, of requests whose case file is erased."""

    controller: str
    month: date = Field(description="Its first day.")
    right: str
    outcome: str
    in_time: bool
    n: int


class Summary(Answer):
    """Counts, nothing else; case files that are over and erased are counted with the rest."""

    by_phase: dict[str, int]
    by_right: dict[str, int]
    by_outcome: dict[str, int] = Field(description="Claims that are closed.")
    overdue: int = Field(description="Open requests past their due date.")
    closed_in_time: int
    closed_late: int
    case_files_erased: int
    erased: list[ErasedCount]


class RegisterLine(Answer):
    """One request; nothing about the person."""

    reference: str
    controller: str
    channel: str
    received_on: date
    due_on: date
    extended: bool
    closed_on: date | None = None
    rights: list[str]
    outcomes: list[str] = Field(description="Of each right, in the same order; `open` while it is not decided.")
    grounds: list[str] = Field(description="Codes of the legal grounds on which something was refused.")
    in_time: bool | None = Field(default=None, description="Absent while there is still time.")
    recipients_told: int = Field(description="Recipients that know of a change (GDPR Art. 19).")


class RegisterPage(Page):
    items: list[RegisterLine]
