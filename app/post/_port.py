"""What a postman is asked, and what can come of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Mail:
    """
    One mail to one address. ``to`` is personal data and shown nowhere; subject and text hold none.

    The id is the mail's for ever: sent twice, it is the same message to whoever receives it. *written_at* (aware) is
    its date for the same reason. *return_path* is where servers on the way report that it did not arrive; None: to
    the sender.
    """

    id: UUID
    controller: str
    to: str = field(repr=False)
    sender_name: str
    subject: str
    text: str = field(repr=False)
    language: str
    written_at: datetime
    return_path: str | None = None


@dataclass(frozen=True)
class Sent:
    """A mail server has taken it and answers for it from here on (RFC 5321, 4.2.5)."""


@dataclass(frozen=True)
class NotNow:
    """Not sent, or nobody knows whether it was; try again, not sooner than *after*."""

    code: str
    after: timedelta = timedelta()


@dataclass(frozen=True)
class Never:
    """This mail will not be taken, however often it is tried; a person must find another way."""

    code: str


CameOfIt = Sent | NotNow | Never


class Postman(Protocol):
    """Carries one mail as far as a mail server; never raises for what a server or the network does."""

    async def send(self, mail: Mail) -> CameOfIt: ...
