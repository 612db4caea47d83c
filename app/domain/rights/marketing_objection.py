"""The right to have marketing stopped: unconditional, at once, whoever asks is found, not proved."""

from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

MARKETING_OBJECTION = Right(
    key="marketing_objection",
    source="GDPR Art. 21(2)-(3)",
    action=Action.STOP_MARKETING,
    needs=Level.NONE,
    refusal_grounds=(),
    granted_at_once=True,
)
