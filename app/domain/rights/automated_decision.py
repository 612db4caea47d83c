"""The right to have a person look again at what a machine decided (automatiserat beslut)."""

from app.domain.decisions import COMMON, NOT_IDENTIFIABLE, Ground
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

NOT_AUTOMATED = Ground(
    key="not_automated",
    source="GDPR Art. 22(1)",
    sv="Beslutet fattades inte enbart automatiserat",
    en="The decision was not solely automated",
)

AUTOMATED_DECISION = Right(
    key="automated_decision",
    source="GDPR Art. 22",
    action=Action.REVIEW_DECISION,
    needs=Level.SUBSTANTIAL,
    refusal_grounds=(*COMMON, NOT_IDENTIFIABLE, NOT_AUTOMATED),
    by_a_person=True,
)
