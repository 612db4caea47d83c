"""The right to have data kept but not used (begränsning)."""

from app.domain.decisions import COMMON, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

NO_GROUND = Ground(
    key="no_ground",
    source="GDPR Art. 18(1)",
    sv="Inget av skälen i artikel 18.1 föreligger",
    en="None of the grounds in Article 18(1) applies",
)

RESTRICTION = Right(
    key="restriction",
    source="GDPR Art. 18",
    action=Action.RESTRICT,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, NO_GROUND),
    rank=1,
    tells_recipients=True,
    freezes=True,
)
