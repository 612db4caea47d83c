"""
In which form a person is answered.

An electronic request has an electronic answer unless the person asks otherwise (GDPR Art. 12(3), 15(3)); an oral one
is given only to somebody who asks for it and whose identity is proved by other means (Art. 12(1)).
"""

from enum import StrEnum

from app.domain.errors import DomainError
from app.domain.identity import Level, suffices


class AnswerForm(StrEnum):
    """How the answer is given."""

    ELECTRONIC = "electronic"
    PAPER = "paper"
    ORAL = "oral"  #: in writing too: what was said is kept as the letters


#: How a request came in that asks for no form. Who calls or comes has given no electronic way, so a letter goes out.
_BY_CHANNEL = {"web": AnswerForm.ELECTRONIC, "email": AnswerForm.ELECTRONIC, "chat": AnswerForm.ELECTRONIC}


class OralAnswerNotAsked(DomainError):
    """An answer is given orally only to somebody who has asked for it."""


class OralAnswerNeedsProof(DomainError):
    """An answer is given orally only once the person's identity is proved by other means than the conversation."""


def form_for(channel: str, asked: str | None) -> AnswerForm:
    """The form of the answer to a request that came by *channel* (R12-3)."""
    return AnswerForm(asked) if asked is not None else _BY_CHANNEL.get(channel, AnswerForm.PAPER)


def check_oral(form: str, *, held: Level, needed: Level) -> None:
    """
    Refuse an oral answer that was not asked for or whose hearer is not proved (R12-10).

    Raises:
        OralAnswerNotAsked, OralAnswerNeedsProof
    """
    if form != AnswerForm.ORAL:
        raise OralAnswerNotAsked
    if not suffices(held, needed=max(needed, Level.SUBSTANTIAL)):
        raise OralAnswerNeedsProof
