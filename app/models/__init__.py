"""The tables, and nothing but the tables. Seen only by repositories and services."""

from app.models._base import METADATA, Row
from app.models.cases import ApprovalRow, AttemptRow, ClaimRow, IdentifierRow, RequestRow, TaskRow
from app.models.outward import ForwardingRow, LedgerEntryRow, RestrictionIdentifierRow, RestrictionRow
from app.models.records import (
    AuditEntryRow,
    CallbackEventRow,
    DownloadRow,
    IdempotencyRow,
    LetterRow,
    OutgoingMailRow,
    PackageRow,
)
from app.models.registry import ClockOffsetRow, LaneRow, ProcessorRow, ProfileAppliedRow

__all__ = [
    "METADATA",
    "ApprovalRow",
    "AttemptRow",
    "AuditEntryRow",
    "CallbackEventRow",
    "ClaimRow",
    "ClockOffsetRow",
    "DownloadRow",
    "ForwardingRow",
    "IdempotencyRow",
    "IdentifierRow",
    "LaneRow",
    "LedgerEntryRow",
    "LetterRow",
    "OutgoingMailRow",
    "PackageRow",
    "ProcessorRow",
    "ProfileAppliedRow",
    "RequestRow",
    "RestrictionIdentifierRow",
    "RestrictionRow",
    "Row",
    "TaskRow",
]
