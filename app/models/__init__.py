"""The tables, and nothing but the tables. Seen only by repositories and services."""

from app.models._base import METADATA, Row
from app.models.cases import ApprovalRow, AttemptRow, ClaimRow, IdentifierRow, RequestRow, TaskRow
from app.models.clock import SuspensionRow
from app.models.erasure import ErasedDataRow, ErasurePlanRow, ScheduledErasureRow, SuppressionRow
from app.models.guarding import ContactChangeRow, KnownChannelRow, OneTimeCodeRow, ProtectionMarkRow
from app.models.notes import CaseNoteRow, DisagreementNoteRow, FeeNoticeRow
from app.models.outward import ForwardingRow, LedgerEntryRow, RestrictionIdentifierRow, RestrictionRow
from app.models.records import (
    AuditEntryRow,
    CallbackEventRow,
    CaseCountRow,
    DownloadRow,
    IdempotencyRow,
    LetterRow,
    LetterTemplateRow,
    OutgoingMailRow,
    PackageRow,
)
from app.models.registry import ClockOffsetRow, LaneCallRow, LaneRow, ProcessorRow, ProfileAppliedRow
from app.models.supplements import SupplementRow

__all__ = [
    "METADATA",
    "ApprovalRow",
    "AttemptRow",
    "AuditEntryRow",
    "CallbackEventRow",
    "CaseCountRow",
    "CaseNoteRow",
    "ClaimRow",
    "ClockOffsetRow",
    "ContactChangeRow",
    "DisagreementNoteRow",
    "DownloadRow",
    "ErasedDataRow",
    "ErasurePlanRow",
    "FeeNoticeRow",
    "ForwardingRow",
    "IdempotencyRow",
    "IdentifierRow",
    "KnownChannelRow",
    "LaneCallRow",
    "LaneRow",
    "LedgerEntryRow",
    "LetterRow",
    "LetterTemplateRow",
    "OneTimeCodeRow",
    "OutgoingMailRow",
    "PackageRow",
    "ProcessorRow",
    "ProfileAppliedRow",
    "ProtectionMarkRow",
    "RequestRow",
    "RestrictionIdentifierRow",
    "RestrictionRow",
    "Row",
    "ScheduledErasureRow",
    "SupplementRow",
    "SuppressionRow",
    "SuspensionRow",
    "TaskRow",
]
