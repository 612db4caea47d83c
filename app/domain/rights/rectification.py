"""The right to have data corrected or completed (rättelse)."""

from app.domain.decisions import COMMON, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

DATA_ARE_CORRECT = Ground(
    key="data_are_correct",
    source="GDPR Art. 16, 12(4)",
    sv="Uppgifterna är kontrollerade och riktiga",
    en="The data have been checked and are correct",
)

RECTIFICATION = Right(
    key="rectification",
    source="GDPR Art. 16",
    action=Action.RECTIFY,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, DATA_ARE_CORRECT),
    rank=2,
    tells_recipients=True,
)
