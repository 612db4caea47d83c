"""The right to have data erased (radering)."""

from app.domain.decisions import COMMON, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

NO_GROUND = Ground(
    key="no_ground",
    source="GDPR Art. 17(1)",
    sv="Inget av skälen i artikel 17.1 föreligger",
    en="None of the grounds in Article 17(1) applies",
)
LEGAL_OBLIGATION = Ground(
    key="legal_obligation",
    source="GDPR Art. 17(3)(b)",
    sv="Lag kräver att uppgifterna sparas",
    en="The law demands that the data are kept",
)
LEGAL_CLAIMS = Ground(
    key="legal_claims",
    source="GDPR Art. 17(3)(e)",
    sv="Uppgifterna behövs för ett bestämt rättsligt anspråk",
    en="The data are needed for a concrete legal claim",
)

ERASURE = Right(
    key="erasure",
    source="GDPR Art. 17",
    action=Action.ERASE,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, NO_GROUND, LEGAL_OBLIGATION, LEGAL_CLAIMS),
    rank=3,
    tells_recipients=True,
    grant_needs_two=True,
)
