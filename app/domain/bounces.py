"""
Reading a mail that says that another mail did not arrive (RFC 3464), and finding out which one it was.

It comes from anybody who knows the address, so nothing in it is believed but this: the id of one of our own mails,
which only its recipient and the servers on the way have seen, and a permanent failure (5.x.x). A delay is no failure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from uuid import UUID

#: More than a report and the head of the mail it is about is not read.
MOST_BYTES = 262_144
_MOST_PARTS = 50
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MESSAGE_ID = re.compile(rf"^\s*<({_ID})@[^<>@\s]+>\s*$")
#: Our return path, where each mail has its own: ``bounces+<id of the mail>@…``.
_RETURN = re.compile(rf"\+({_ID})@")
_PERMANENT = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """Which of our mails did not arrive, and the class of trouble (``5.1.1``)."""

    mail_id: UUID
    status: str


def return_path(address: str, mail_id: UUID) -> str:
    """The address that a failure of this one mail is reported to: ``bounces@a.se`` → ``bounces+<id>@a.se``."""
    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}+{mail_id}@{domain}"


def read_bounce(raw: bytes) -> Bounce | None:
    """What a report says for good of one of our mails; None if it says nothing of the kind."""
    message = message_from_bytes(raw[:MOST_BYTES], policy=policy.compat32)
    parts = list(_parts(message))
    status = next(filter(None, (_permanent(part) for part in parts)), None)
    if status is None:
        return None
    mail_id = _returned_to(message) or next(filter(None, (_spoken_of(part) for part in parts)), None)
    return None if mail_id is None else Bounce(mail_id=mail_id, status=status)


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            return
        yield part


def _permanent(part: Message) -> str | None:
    """The status of a recipient the report gives up on; ``message/delivery-status`` holds one block each."""
    if part.get("Action", "").strip().lower() != "failed":
        return None
    status = str(part.get("Status", ""))
    return status.strip().split()[0] if _PERMANENT.match(status) else None


def _returned_to(message: Message) -> UUID | None:
    for name in ("Delivered-To", "X-Original-To", "Envelope-To", "To"):
        found = _RETURN.search(str(message.get(name, "")))
        if found is not None:
            return UUID(found[1])
    return None


def _spoken_of(part: Message) -> UUID | None:
    """The id of the mail whose head, or whole, came back with the report."""
    if part.get_content_type() == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        part = message_from_bytes(payload if isinstance(payload, bytes) else b"", policy=policy.compat32)
    found = _MESSAGE_ID.match(str(part.get("Message-ID", "")))
    return UUID(found[1]) if found is not None else None
