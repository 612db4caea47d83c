"""The right to know what is stored and to have a copy of it (tillgång, registerutdrag)."""

from app.domain.decisions import COMMON, RIGHTS_OF_OTHERS, SECRECY
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

ACCESS = Right(
    key="access",
    source="GDPR Art. 15",
    action=Action.EXPORT,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, RIGHTS_OF_OTHERS, SECRECY),
    yields_package=True,
    freezes=True,
)
