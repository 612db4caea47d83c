"""The tables, and nothing but the tables. Seen only by repositories and services."""

from app.models._base import METADATA, Row
from app.models.cases import ApprovalRow, AttemptRow, ClaimRow, IdentifierRow, RequestRow, TaskRow
from app.models.guarding import ContactChangeRow, KnownChannelRow, OneTimeCodeRow, ProtectionMarkRow
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
    "ContactChangeRow",
    "DownloadRow",
    "IdempotencyRow",
    "IdentifierRow",
    "KnownChannelRow",
    "LaneRow",
    "LetterRow",
    "OneTimeCodeRow",
    "OutgoingMailRow",
    "PackageRow",
    "ProcessorRow",
    "ProfileAppliedRow",
    "ProtectionMarkRow",
    "RequestRow",
    "Row",
    "TaskRow",
]
