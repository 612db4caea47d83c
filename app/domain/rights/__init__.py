"""
The nine rights, one file each.

They come from the law, never from a controller's profile: a policy that leaves one out does not take it away.
"""

from app.domain.errors import DomainError
from app.domain.rights._right import Right as Right
from app.domain.rights.access import ACCESS
from app.domain.rights.automated_decision import AUTOMATED_DECISION
from app.domain.rights.consent_withdrawal import CONSENT_WITHDRAWAL
from app.domain.rights.erasure import ERASURE
from app.domain.rights.marketing_objection import MARKETING_OBJECTION
from app.domain.rights.objection import OBJECTION
from app.domain.rights.portability import PORTABILITY
from app.domain.rights.rectification import RECTIFICATION
from app.domain.rights.restriction import RESTRICTION

RIGHTS: dict[str, Right] = {
    right.key: right
    for right in (
        ACCESS,
        RECTIFICATION,
        ERASURE,
        RESTRICTION,
        PORTABILITY,
        OBJECTION,
        MARKETING_OBJECTION,
        AUTOMATED_DECISION,
        CONSENT_WITHDRAWAL,
    )
}


class UnknownRight(DomainError):
    """There is no such right."""


def right(key: str) -> Right:
    """The right with that wire name; raises :class:`UnknownRight`."""
    try:
        return RIGHTS[key]
    except KeyError:
        raise UnknownRight from None
