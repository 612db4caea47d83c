"""
What an honest answer to an access request still lacks, read off a controller's profile.

The policy is taken at its word: each gap that a profile names becomes one problem, and so does what can be seen
without being named (a recipient without a name, one that no task reaches, a right that is not mentioned). Nothing
is filled in. Problems are advice to the controller and never a reason to refuse a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.profiles.facts import Category, Gap, Recipient
from app.profiles.model import Profile
from app.profiles.tensions import TENSIONS, tensions_of


class Severity(StrEnum):
    """``blocks``: an access answer is incomplete without it; ``warns``: unclear, or wanted by another rule."""

    BLOCKS = "blocks"
    WARNS = "warns"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to settle. ``path`` is the dotted place in the profile, list items named by id."""

    code: str
    path: str
    severity: Severity
    text_sv: str
    text_en: str
    law: str
    tension: str | None = None

    def text(self, language: str) -> str:
        """The text in *language*; Swedish for any language but English."""
        return self.text_en if language == "en" else self.text_sv


#: Gaps whose absence leaves GDPR Art. 15(1) or the way in (Art. 12(2)) without an answer.
BLOCKING: Final = frozenset(
    {
        "controller_name_missing",
        "dsr_contact_missing",
        "complaint_not_mentioned",
        "legal_basis_missing",
        "purpose_missing",
        "retention_missing",
        "source_missing",
        "recipients_incomplete",
        "recipient_unnamed",
    }
)


def problems(profile: Profile) -> list[Problem]:
    """Return what is to be settled: what blocks first, then by place and code; the same order every time."""
    found = [
        *_of_controller(profile),
        *(problem for category in profile.categories for problem in _of_category(category)),
        *_of_recipients(profile),
        *_of_rights(profile),
        *_of_tensions(profile),
    ]
    return sorted(found, key=lambda problem: (problem.severity, problem.path, problem.code))


def _problem(code: str, path: str, gap: Gap) -> Problem:
    severity = Severity.BLOCKS if code in BLOCKING else Severity.WARNS
    return Problem(code, path, severity, gap.sv, gap.en, gap.law)


def _seen(code: str, path: str, *, sv: str, en: str, law: str) -> Problem:
    return _problem(code, path, Gap(sv=sv, en=en, law=law))


def _of_controller(profile: Profile) -> Iterator[Problem]:
    controller = profile.controller
    stated = {
        "controller.name": ("controller_name", controller.name),
        "controller.org_number": ("org_number", controller.org_number),
        "controller.address": ("address", controller.address),
        "controller.phone": ("phone", controller.phone),
        "controller.dsr_contact": ("dsr_contact", controller.dsr_contact),
        "controller.dpo": ("dpo", controller.dpo),
        "controller.marketing_opt_out": ("marketing_opt_out", controller.marketing_opt_out),
        "policy.dated": ("policy_date", profile.policy.dated),
        "transfers": ("transfers", profile.transfers),
    }
    for path, (word, fact) in stated.items():
        if fact is not None and fact.gap is not None:
            yield _problem(f"{word}_{'missing' if fact.value is None else 'unclear'}", path, fact.gap)
    if (gap := profile.policy.gap) is not None:
        yield _problem("policy_scope_unclear", "policy", gap)
    if (gap := profile.authority_in_policy.gap) is not None:
        yield _problem("authority_not_named", "authority_in_policy", gap)
    if (gap := profile.complaints.gap) is not None:
        yield _problem("complaint_not_mentioned", "complaints", gap)
    if (gap := profile.request_form_preference.gap) is not None:
        yield _problem("request_form_not_stated", "request_form_preference", gap)


def _of_category(category: Category) -> Iterator[Problem]:
    path = f"categories.{category.id}"
    if (gap := category.legal_bases.gap) is not None:
        code = "legal_basis_unclear" if category.legal_bases.values else "legal_basis_missing"
        yield _problem(code, f"{path}.legal_bases", gap)
    if (gap := category.retention.gap) is not None:
        code = "retention_unclear" if category.retention.rule else "retention_missing"
        yield _problem(code, f"{path}.retention", gap)
    if (gap := category.source.gap) is not None:
        code = "source_unclear" if category.source.text else "source_missing"
        yield _problem(code, f"{path}.source", gap)
    if category.gap is not None:
        yield _problem("category_unclear", path, category.gap)
    if not category.purposes:
        yield _seen(
            "purpose_missing",
            f"{path}.purposes",
            sv="Inget ändamål anges för den här kategorin.",
            en="No purpose is stated for this category.",
            law="GDPR Art. 13(1)(c), 15(1)(a)",
        )


def _of_recipients(profile: Profile) -> Iterator[Problem]:
    if (gap := profile.recipient_list.gap) is not None:
        yield _problem("recipients_incomplete", "recipient_list", gap)
    reached = {system.recipient for system in profile.systems}
    for recipient in profile.recipients:
        if recipient.current:
            yield from _of_recipient(recipient, is_reached=recipient.id in reached)


def _of_recipient(recipient: Recipient, *, is_reached: bool) -> Iterator[Problem]:
    path = f"recipients.{recipient.id}"
    name = recipient.name
    if not recipient.named:
        yield _seen(
            "recipient_unnamed",
            path,
            sv=f"{name}: mottagaren anges inte med namn.",
            en=f"{name}: the recipient is not named.",
            law="GDPR Art. 15(1)(c), C-154/21",
        )
    if recipient.gap is not None:
        yield _problem("recipient_unclear", path, recipient.gap)
    if recipient.eea != "stated" and recipient.country is None:
        yield _seen(
            "recipient_country_unverified",
            path,
            sv=f"{name}: i vilket land uppgifterna finns är inte belagt.",
            en=f"{name}: in which country the data are is not established.",
            law="GDPR Art. 13(1)(f), 15(2), 44",
        )
    if recipient.kind == "processor_or_controller":
        yield _seen(
            "recipient_role_undecided",
            path,
            sv=f"{name}: om mottagaren är biträde eller själv ansvarig framgår inte.",
            en=f"{name}: whether the recipient is a processor or a controller is not said.",
            law="GDPR Art. 4(7)-(8), 28",
        )
    if not is_reached:
        yield _seen(
            "recipient_not_reached",
            path,
            sv=f"{name}: inget system når mottagaren, så den kan inte underrättas.",
            en=f"{name}: no system reaches the recipient, so it cannot be notified.",
            law="GDPR Art. 19",
        )


def _of_rights(profile: Profile) -> Iterator[Problem]:
    if profile.rights_missing:
        names = ", ".join(profile.rights_missing)
        yield _seen(
            "rights_not_mentioned",
            "rights_missing",
            sv=f"Policyn nämner inte dessa rättigheter: {names}. De gäller ändå.",
            en=f"The policy does not mention these rights: {names}. They apply all the same.",
            law="GDPR Art. 13(2)(b)-(c), 13(2)(f), 21(4)",
        )


def _of_tensions(profile: Profile) -> Iterator[Problem]:
    for name, place in tensions_of(profile):
        tension = TENSIONS[name]
        severity = Severity.BLOCKS if tension.blocks else Severity.WARNS
        yield Problem(tension.code, place, severity, tension.sv, tension.en, tension.law, tension=name)
