"""What is written down when a claim is granted at once: GDPR Art. 7(3), 21(2)-(3)."""

from app.domain import raising
from app.models import ClaimRow, RequestRow
from app.services import documenting
from app.services.context import Context


def document(ctx: Context, row: RequestRow, claim: ClaimRow) -> None:
    """
    Say since when a consent is withdrawn, and leave out what never rested on one (R7-2, R7-3).

    The withdrawal takes effect when it reached the controller, forward only.
    """
    if claim.right == "consent_withdrawal":
        claim.basis = {"withdrawn_at": row.received_at.isoformat()}
        claim.excluded = sorted(raising.outside_consent(documenting.held_by(ctx, row.controller_id)))
