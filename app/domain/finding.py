"""
Which identifiers may travel to a processor, and what they may be used for.

Finding is never proving (GDPR Art. 11, 12(6)). An address or an installation is a household's, not a person's: whoever
moved out of it would otherwise be handed, or could change, what belongs to those who stayed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.domain.fanout import Action

#: What several people have in common; it never decides whose data are meant.
SHARED = frozenset({"name", "address", "installation_id"})
#: Actions that show and change nothing: looking, and holding a deletion back.
HARMLESS = frozenset({Action.LOCATE, Action.FREEZE})


@dataclass(frozen=True)
class Known:
    """One way a person is known; *vouched* if a login or a member of staff answers for it."""

    type: str
    value: str
    vouched: bool

    def __repr__(self) -> str:
        return f"<Known {self.type}>"


def may_travel(known: Iterable[Known], *, accepts: Collection[str], action: Action, checked: bool) -> list[Known]:
    """
    Return what a processor may be told for *action*; empty means that a person has to see to it.

    Args:
        accepts: The identifier types the processor declared.
        checked: Whether nobody need answer for what the person wrote: a member of staff has compared it, or the right
            asks for no proof at all (Art. 21(2)).
    """
    fitting = [one for one in known if one.type in accepts]
    personal = [one for one in fitting if one.type not in SHARED]
    sure = [one for one in personal if one.vouched or checked or action in HARMLESS]
    if sure or action is not Action.LOCATE:
        return sure
    return fitting  # only to look, and only where nothing better is accepted
