"""The right to take consent back, as easily as it was given (återkallande av samtycke)."""

from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights._right import Right

CONSENT_WITHDRAWAL = Right(
    key="consent_withdrawal",
    source="GDPR Art. 7(3)",
    action=Action.STOP_PURPOSES,
    needs=Level.CHANNEL,
    refusal_grounds=(),
    granted_at_once=True,
)
