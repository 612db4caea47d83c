"""The right to take along, in a machine's format, what one has provided (dataportabilitet)."""

from app.domain.decisions import COMMON, RIGHTS_OF_OTHERS, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

NOT_PORTABLE = Ground(
    key="not_portable",
    source="GDPR Art. 20(1)",
    sv="Uppgifterna behandlas inte med stöd av samtycke eller avtal, eller har inte lämnats av dig",
    en="The data do not rest on consent or contract, or were not provided by you",
)

PORTABILITY = Right(
    key="portability",
    source="GDPR Art. 20",
    action=Action.EXPORT,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, NOT_PORTABLE, RIGHTS_OF_OTHERS),
    yields_package=True,
    freezes=True,
)
