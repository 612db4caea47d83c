"""What every kind of adapter offers, and the words it speaks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome


@dataclass(frozen=True, kw_only=True)
class Order:
    """
    One task as a processor is told of it. Holds personal data: shown by its id only.

    An identifier has ``type``, ``value`` (the one spelling, small letters) and ``format``; ``as_given`` beside it where
    its spelling was kept.
    """

    task_id: str
    reference: str
    controller: str
    action: Action
    categories: tuple[str, ...]
    identifiers: tuple[Mapping[str, str], ...]
    details: Mapping[str, Any]
    answer_by: date
    callback_url: str
    callback_expires_at: datetime
    asked_at: datetime  #: when the task was asked for, in the law's time
    progress: Mapping[str, Any] | None = None  #: what the last :class:`Answer` left to go on from

    def __repr__(self) -> str:
        return f"<Order {self.task_id}>"


def spelt(one: Mapping[str, str]) -> str:
    """An identifier as it was given, where that is known; else in the one spelling it is matched by."""
    return one.get("as_given") or one["value"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    Where and how a processor is reached. Holds secrets: shown by its key only.

    ``settings`` are the kind's own, and no secrets; ``named`` holds each secret's values by its name, the newest first.
    ``categories`` are what the registration says is kept there: an order about fewer is not about everything.
    """

    key: str
    endpoint: str
    secrets: tuple[str, ...]  #: the Standard Webhooks secrets, the newest first; that one signs
    answer_mode: AnswerMode
    idempotency: Idempotency
    settings: Mapping[str, Any] = field(default_factory=dict)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    categories: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Target {self.key}>"


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a lane lends its adapter: how many calls at once, how long one may take, whether loopback is allowed."""

    connections: int
    seconds: float
    sandbox: bool
    mails: bool = False  #: whether there is a mail server to hand mails to
    keep: Callable[[str, str], Awaitable[None]] | None = None  #: seals a secret the other side has changed, by name


@dataclass(frozen=True, kw_only=True)
class MailDue:
    """
    A mail to the recipient itself, written in the transaction that records the answer it came with.

    ``kind`` is ``asked`` or ``reminder``; what it says is not the adapter's, and nothing of the person's is in it.
    """

    to: str = field(repr=False)
    language: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What came back, in our words.

    ``body`` is the processor's own answer, kept sealed as evidence; ``code`` a short machine word for logs;
    ``progress`` plain JSON that the next call for the task is given back, kept sealed (a job's ids, steps done).
    """

    outcome: Outcome
    code: str
    body: Mapping[str, Any] = field(default_factory=dict)
    wait: timedelta | None = None
    poll_url: str | None = None
    effective_at: datetime | None = None
    progress: Mapping[str, Any] | None = None
    mail: MailDue | None = None

    def __repr__(self) -> str:
        return f"<Answer {self.outcome} {self.code}>"


class Adapter(Protocol):
    """A kind of processor. Never raises for what the other side does: every failure is an :class:`Answer`."""

    async def send(self, order: Order) -> Answer:
        """Ask for the action."""

    async def poll(self, order: Order, *, url: str) -> Answer:
        """Ask whether an accepted task has been answered; *url* is empty where only ``order.progress`` says how."""

    async def ask(self, order: Order) -> Answer:
        """Ask what became of a task whose outcome is unknown; ``RETRY`` when it never arrived."""

    async def aclose(self) -> None:
        """Let go of connections."""
