"""
Where privacy policies of the trade and the law pull apart: known patterns, and what Insyn does about each.

A profile lists the ones that concern it. Those that can be read off its data are found even if it does not.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.profiles.model import Profile


@dataclass(frozen=True)
class Tension:
    """One pattern: its code, the law it runs into, and what to tell the controller."""

    code: str
    law: str
    sv: str
    en: str
    blocks: bool = False  #: an honest answer cannot be given before it is settled


TENSIONS: Final[dict[str, Tension]] = {
    "T1": Tension(
        "form_demanded",
        "GDPR Art. 12(2), 12(3), 15(3); IMY-2022-1032",
        "Policyn kräver undertecknad begäran på papper. Det kravet får inte ställas; alla vägar in godtas.",
        "The policy demands a signed request on paper. That may not be demanded; every way in is accepted.",
    ),
    "T2": Tension(
        "controller_and_dpo_mixed",
        "GDPR Art. 4(7), 37-39, 38(6)",
        "Personuppgiftsansvarig och dataskyddsombud blandas ihop. De är olika roller och visas var för sig.",
        "The controller and its data protection officer are mixed up. They are two roles and shown apart.",
    ),
    "T3": Tension(
        "authority_outdated",
        "GDPR Art. 12(4), 13(2)(d), 15(1)(f)",
        "Tillsynsmyndigheten kallas Datainspektionen. Den heter Integritetsskyddsmyndigheten (IMY).",
        "The authority is called Datainspektionen. Its name is Integritetsskyddsmyndigheten (IMY).",
    ),
    "T4": Tension(
        "split_roles",
        "GDPR Art. 4(7), 26, 28(3)(e)",
        "Ansvarig för vissa kategorier, biträde för andra: en begäran kan både besvaras och vidarebefordras.",
        "Controller for some categories, processor for others: one request may be both answered and forwarded.",
    ),
    "T5": Tension(
        "archived_not_erased",
        "GDPR Art. 5(1)(e), 15(1)(d), 17(1)(a)",
        "Uppgifter arkiveras utan slutdatum. Arkivet måste få ett slut och omfattas av tillgång och radering.",
        "Data are archived without an end. The archive needs one, and access and erasure reach it.",
        blocks=True,
    ),
    "T6": Tension(
        "norm_is_no_law",
        "GDPR Art. 17(3)(b)",
        "En certifieringsnorm anges som skäl att spara. Bara lag kan vara det undantaget från radering.",
        "A certification norm is given as reason to keep. Only law can be that exception from erasure.",
    ),
    "T7": Tension(
        "kept_until_asked",
        "GDPR Art. 5(1)(e), 25",
        "Uppgifter sparas tills någon begär radering. En lagringstid behövs ändå.",
        "Data are kept until somebody asks for erasure. A storage period is needed all the same.",
        blocks=True,
    ),
    "T8": Tension(
        "periods_left_out",
        "GDPR Art. 13(2)(a), 15(1)(d)",
        "Lagringstider saknas. Utan tid eller kriterier per kategori är ett registerutdrag ofullständigt.",
        "Storage periods are left out. Without a period or criteria per category an access answer is incomplete.",
        blocks=True,
    ),
    "T9": Tension(
        "others_informed_by_customer",
        "GDPR Art. 14(3)",
        "Kunden förväntas informera kontaktpersoner och rekommenderade. Plikten är bolagets, inom en månad.",
        "Customers are expected to inform contacts and referrals. The duty is the company's, within a month.",
    ),
    "T10": Tension(
        "consent_unclear",
        "GDPR Art. 4(11), 7, 7(3)",
        "Samtycke åberopas genom användning eller utan att säga för vad. Återkallelse kräver grund per ändamål.",
        "Consent is taken from use, or named without saying for what. Withdrawal needs a basis per purpose.",
    ),
    "T11": Tension(
        "passwords_stored",
        "GDPR Art. 5(1)(f), 32",
        "Lösenord sparas. De lämnas aldrig ut; svaret säger bara att de finns.",
        "Passwords are stored. They never leave; the answer only says that they exist.",
    ),
    "T12": Tension(
        "others_in_material",
        "GDPR Art. 15(4), 20(4)",
        "Bilder, loggar och kontaktlistor rör även andra. De delarna maskeras före utlämnande.",
        "Pictures, logs and contact lists concern others too. Those parts are masked before release.",
    ),
    "T13": Tension(
        "contract_not_a_basis",
        "GDPR Art. 6(1)(b), 20(1)(a)",
        "Avtal är ändamål men inte rättslig grund. Dataportabilitet kan inte avgöras utan grund per kategori.",
        "Contract is a purpose but not a legal basis. Portability cannot be decided without a basis per category.",
    ),
    "T14": Tension(
        "ip_called_impersonal",
        "GDPR Art. 4(1), recital 30",
        "IP-adresser i webbanalysen sägs inte vara personuppgifter. De utesluts inte av sig själva.",
        "IP addresses in web analytics are said to be impersonal. They are not left out by themselves.",
    ),
    "T15": Tension(
        "rights_left_out",
        "GDPR Art. 17(1)(c), 18, 20, 21, 77",
        "Radering efter invändning och flera rättigheter nämns inte. Rättigheterna gäller enligt lag ändå.",
        "Erasure after an objection and several rights are not mentioned. The rights come from the law anyway.",
    ),
}


def tensions_of(profile: Profile) -> list[tuple[str, str]]:
    """Return (tension id, place) for what the profile lists and what its data show, without repeats."""
    found = {(tension.id, tension.at) for tension in profile.tensions}
    listed = {name for name, _ in found}
    for name, places in DETECTED.items():
        # A pattern the profile places itself is not placed a second time.
        if name not in listed:
            found |= {(name, place) for place in places(profile)}
    return sorted(found, key=lambda pair: (int(pair[0][1:]), pair[1]))


def _form(profile: Profile) -> Iterator[str]:
    if profile.request_form_preference.value == "written_signed_paper":
        yield "request_form_preference"


def _authority(profile: Profile) -> Iterator[str]:
    if profile.authority_in_policy.value not in (None, profile.authority):
        yield "authority_in_policy"


def _roles(profile: Profile) -> Iterator[str]:
    if len({category.role for category in profile.categories}) > 1:
        yield "categories"


def _archives(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if (rule := category.retention.parsed) and rule.archives:
            yield f"categories.{category.id}.retention"


def _until_asked(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if (rule := category.retention.parsed) and rule.condition == "erasure_request":
            yield f"categories.{category.id}.retention"


def _secrets(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if category.data_class == "secret":
            yield f"categories.{category.id}"


def _mixed_up(profile: Profile) -> Iterator[str]:
    """The controller is asked to be its own data protection officer."""
    for name in ("dsr_contact", "dpo"):
        quote = (getattr(profile.controller, name).quote or "").casefold()
        if "personuppgiftsansvarig" in quote and ("dpo" in quote or "dataskyddsombud" in quote):
            yield "controller.dpo"
            return


def _norms(profile: Profile) -> Iterator[str]:
    if profile.standards:
        yield "standards"


def _periods(profile: Profile) -> Iterator[str]:
    """A third of the policy's own periods are left out, or more; a statute's do not count."""
    own = [category.retention for category in profile.categories if category.retention.law is None]
    if own and sum(retention.rule is None for retention in own) > len(own) / 3:
        yield "categories"


def _told_by_customers(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if category.data_class == "third_party" and category.source.kind == "third_party":
            yield f"categories.{category.id}.source"


def _consents(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if "consent" in category.legal_bases.values and category.legal_bases.gap is not None:
            yield f"categories.{category.id}.legal_bases"


def _others(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if category.data_class != "third_party" and any("kontaktperson" in one for one in category.examples):
            yield f"categories.{category.id}"


def _contract(profile: Profile) -> Iterator[str]:
    bases = {basis for category in profile.categories for basis in category.legal_bases.values}
    if bases and not bases & {"contract", "pre_contract"}:
        for category in profile.categories:
            if any(purpose.startswith("contract") for purpose in category.purposes):
                yield f"categories.{category.id}.legal_bases"


def _impersonal(profile: Profile) -> Iterator[str]:
    for category in profile.categories:
        if re.search(r"\bIP\b.*\binte\b.*personuppgift", category.quote or ""):
            yield f"categories.{category.id}"


def _rights(profile: Profile) -> Iterator[str]:
    offered = {one.right for one in profile.rights_offered}
    if "erasure" in offered and "objection" in profile.rights_missing and profile.complaints.value is None:
        yield "rights_missing"


DETECTED: Final[dict[str, Callable[[Profile], Iterator[str]]]] = {
    "T1": _form,
    "T2": _mixed_up,
    "T3": _authority,
    "T4": _roles,
    "T5": _archives,
    "T6": _norms,
    "T7": _until_asked,
    "T8": _periods,
    "T9": _told_by_customers,
    "T10": _consents,
    "T11": _secrets,
    "T12": _others,
    "T13": _contract,
    "T14": _impersonal,
    "T15": _rights,
}
