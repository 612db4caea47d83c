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
from app.profiles.links import is_usable_contact, mere_links
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
        "dsr_contact_unusable",
        "only_a_link",
        "transfers_missing",
        "automated_decisions_missing",
    }
)


def problems(profile: Profile) -> list[Problem]:
    """Return what is to be settled: what blocks first, then by place and code; the same order every time."""
    found = [
        *_of_controller(profile),
        *_of_the_way_in(profile),
        *_of_what_nobody_states(profile),
        *_of_links(profile),
        *_of_laws(profile),
        *(problem for category in profile.categories for problem in _of_category(category)),
        *_of_recipients(profile),
        *_of_the_wiring(profile),
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
        "automated_decisions": ("automated_decisions", profile.automated_decisions),
        "data_requirement": ("data_requirement", profile.data_requirement),
    }
    for path, (word, fact) in stated.items():
        if fact is not None and fact.gap is not None:
            yield _problem(f"{word}_{'missing' if fact.value is None else 'unclear'}", path, fact.gap)
    if (gap := profile.policy.gap) is not None:
        yield _problem("policy_scope_unclear", "policy", gap)
    if (gap := profile.authority_in_policy.gap) is not None:
        yield _problem("authority_not_named", "authority_in_policy", gap)
    if (gap := profile.complaints.gap) is not None:
        code = "complaint_not_mentioned" if profile.complaints.value is None else "complaint_unclear"
        yield _problem(code, "complaints", gap)
    if (gap := profile.request_form_preference.gap) is not None:
        yield _problem("request_form_not_stated", "request_form_preference", gap)


def _of_the_way_in(profile: Profile) -> Iterator[Problem]:
    contact = profile.controller.dsr_contact.value
    if contact is not None and not is_usable_contact(contact):
        yield _seen(
            "dsr_contact_unusable",
            "controller.dsr_contact",
            sv="Det som står är ingen väg in: varken e-postadress, telefonnummer, postadress eller formulär.",
            en="What is given is no way in: neither an e-mail or postal address, a telephone number nor a form.",
            law="GDPR Art. 12(2), 13(1)(a)",
        )


def _of_what_nobody_states(profile: Profile) -> Iterator[Problem]:
    """What the law wants told and the profile has no word on (R13-1)."""
    if profile.transfers is None:
        yield _seen(
            "transfers_missing",
            "transfers",
            sv="Om uppgifter förs över till land utanför EES, med vilket skydd och hur man får del av det, sägs inte.",
            en="Whether data go outside the EEA, under which safeguard and how to get a copy of it, is not said.",
            law="GDPR Art. 13(1)(f), 15(2)",
        )
    if profile.automated_decisions is None:
        yield _seen(
            "automated_decisions_missing",
            "automated_decisions",
            sv="Om automatiserade beslut fattas, och efter vilken logik, sägs inte.",
            en="Whether automated decisions are made, and by what logic, is not said.",
            law="GDPR Art. 13(2)(f), 15(1)(h), 22",
        )
    if profile.data_requirement is None:
        yield _seen(
            "data_requirement_missing",
            "data_requirement",
            sv="Om det är ett krav i lag eller avtal att lämna uppgifterna, och vad som annars händer, sägs inte.",
            en="Whether law or contract demands the data, and what follows otherwise, is not said.",
            law="GDPR Art. 13(2)(e)",
        )


def _of_links(profile: Profile) -> Iterator[Problem]:
    """F02: a link to a policy is no information; it satisfies no field."""
    for path in mere_links(profile):
        yield _seen(
            "only_a_link",
            path,
            sv="Här står bara en hänvisning till en sida. En länk till policyn är ingen upplysning.",
            en="Only a pointer to a page stands here. A link to the policy is no information.",
            law="GDPR Art. 12(1), 13, 15(1); DI-2019-6696",
        )


def _of_laws(profile: Profile) -> Iterator[Problem]:
    """A statute the policy names in a way that no longer holds, or leaves out although it plays a part."""
    for index, statute in enumerate(profile.special_laws):
        if statute.note is not None:
            code = "law_not_mentioned" if statute.quote is None else "law_reference_outdated"
            gap = Gap(
                sv=f"{statute.name}: {statute.note.sv}", en=f"{statute.name}: {statute.note.en}", law="GDPR Art. 12(1)"
            )
            yield _problem(code, f"special_laws.{index}", gap)


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
    if "legitimate_interest" in category.legal_bases.values and category.legal_bases.interest is None:
        yield _seen(
            "legitimate_interest_unstated",
            f"{path}.legal_bases",
            sv="Intresseavvägning anges som grund, men inte vilket berättigat intresse det gäller.",
            en="Legitimate interest is given as the basis, but not which interest is pursued.",
            law="GDPR Art. 13(1)(d), 21(1)",
        )
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


def _of_the_wiring(profile: Profile) -> Iterator[Problem]:
    for system in profile.systems:
        if system.assumption is None:
            continue
        yield _seen(
            "wiring_assumed",
            f"systems.{system.id}",
            sv=f"{system.title.sv}: vilka uppgifter som finns här är ett antagande, policyn säger det inte.",
            en=f"{system.title.en}: which data are here is an assumption, the policy does not say.",
            law="GDPR Art. 5(2), 15(1)(c), 30(1)(d)",
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
