"""
A billing service: invoices under bookkeeping law, the payer's details and the bank mandate.

It answers on the spot. A task that comes twice under one Idempotency-Key is done once. What the bookkeeping
act wants kept, it keeps and says so.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.services._service import Hold, Service

#: Years after the one in which the financial year ended (the calendar year, here).
KEPT_FOR_YEARS = 7


def bookkeeping(kind: str, row: Mapping[str, Any]) -> Hold | None:
    """
    Say until when a row is kept as accounting material: the last day of the seventh year after its own.

    Sources:
        Bokföringslagen (1999:1078) 7 kap. 2 §.
    """
    if kind != "invoices":
        return None
    year = date.fromisoformat(row["bookkeeping_date"]).year
    return Hold(law="BFL_7_2", until=date(year + KEPT_FOR_YEARS, 12, 31), reason="accounting_material")


def books(rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The ends of the financial years that the person's invoices lie in: calendar years, here."""
    years = sorted({row["bookkeeping_date"][:4] for kind, row in rows if kind == "invoices"})
    return {"fiscal_years_ended": [f"{year}-12-31" for year in years]} if years else {}


BILLING = Service(name="billing", answers="sync", idempotency="yes", holds=bookkeeping, facts=books)
