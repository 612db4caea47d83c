"""
What the right to take data along reaches (GDPR Art. 20): what the person provided, processed by machine, on consent
or contract.

"Provided" is also what is observed of the person (a log, a position), but not what somebody concluded from it (WP 242).
Where no legal basis has been settled for a category nothing is portable by itself: the basis decides, not the wish.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why a category is not covered."""

    NO_BASIS = "no_basis"  #: nobody has said on which basis it rests
    OTHER_BASIS = "other_basis"  #: it rests on something other than consent or contract
    NOT_PROVIDED = "not_provided"  #: it came from somebody else, or was concluded
    OTHERS = "others"  #: it is about other people: GDPR Art. 20(4)
    NOT_AUTOMATED = "not_automated"  #: paper and memory: GDPR Art. 20(1)(b)
    NEVER_LEAVES = "never_leaves"  #: secrets, and what a person must review first


#: Bases of Art. 20(1)(a). What is done before a contract at the person's request is the contract's (Art. 6(1)(b)).
_PORTABLE_BASES = frozenset({"consent", "contract", "pre_contract"})
#: Sources that count as provided by the person: given, and observed by what the person uses.
_PROVIDED = frozenset({"data_subject", "systems", "observed", "mixed"})
_OTHERS = frozenset({"third_party"})
_CLOSED = frozenset({"secret", "offence"})


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whether a category is covered; ``why`` not, if it is not."""

    category: str
    why: Why | None = None

    @property
    def is_covered(self) -> bool:
        return self.why is None


def scope_of(
    *, category: str, data_class: str, legal_bases: Collection[str], source: str, automated: bool = True
) -> Scope:
    """
    Return whether the right reaches a category.

    Args:
        legal_bases: As settled; empty where nobody has settled any. One portable basis is enough.
        source: Kind of source; ``inferred`` and ``third_party`` are not the person's giving.
        automated: Whether it is held by a machine.

    Sources:
        GDPR Art. 20(1), 20(4); WP 242 rev.01.
    """
    return Scope(category=category, why=_why_not(data_class, frozenset(legal_bases), source, automated))


def _why_not(data_class: str, bases: frozenset[str], source: str, automated: bool) -> Why | None:
    if data_class in _CLOSED:
        return Why.NEVER_LEAVES
    if not bases:
        return Why.NO_BASIS
    if not bases & _PORTABLE_BASES:
        return Why.OTHER_BASIS
    if source not in _PROVIDED:
        return Why.NOT_PROVIDED
    if data_class in _OTHERS:
        return Why.OTHERS
    return None if automated else Why.NOT_AUTOMATED
