"""The right to have processing in a legitimate interest stopped (invändning)."""

from app.domain.decisions import COMMON, NOT_IDENTIFIABLE, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

COMPELLING_GROUNDS = Ground(
    key="compelling_grounds",
    source="GDPR Art. 21(1)",
    sv="Tvingande berättigade skäl väger tyngre",
    en="Compelling legitimate grounds override",
)
LEGAL_CLAIMS = Ground(
    key="legal_claims",
    source="GDPR Art. 21(1)",
    sv="Uppgifterna behövs för ett bestämt rättsligt anspråk",
    en="The data are needed for a concrete legal claim",
)
OTHER_BASIS = Ground(
    key="other_basis",
    source="GDPR Art. 21(1), 6(1)",
    sv="Behandlingen grundas inte på intresseavvägning",
    en="The processing does not rest on a legitimate interest",
)

OBJECTION = Right(
    key="objection",
    source="GDPR Art. 21(1)",
    action=Action.STOP_PURPOSES,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, NOT_IDENTIFIABLE, COMPELLING_GROUNDS, LEGAL_CLAIMS, OTHER_BASIS),
    freezes=True,
)
