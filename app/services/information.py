"""
What must be told about the processing itself (GDPR Art. 15(1)(a)-(h), 15(2)), per category, from the profile.

What the controller has not settled is said as the gap it is; nothing is made up to fill a field.
"""

from collections.abc import Iterable

from app.letters.package_facts import ProcessingInformation, Title, Told
from app.letters.processing_text import BASES, say_retention
from app.letters.words import Language, say
from app.models import ProcessorRow
from app.profiles import Category, Profile

_NO_PURPOSE = (
    "Policyn anger inget ändamål för uppgifterna.",
    "The policy states no purpose for the data.",
)
_NO_AUTOMATED = (
    "Policyn beskriver inga automatiserade beslut som avses i artikel 22.",
    "The policy describes no automated decisions of the kind meant in Article 22.",
)
_NO_RECIPIENTS = ("Policyn namnger inga mottagare.", "The policy names no recipients.")
_NO_TRANSFERS = (
    "Policyn säger inget om överföring till länder utanför EES.",
    "The policy says nothing about transfers outside the EEA.",
)


def title_of(category: Category) -> Title:
    return Title(sv=category.title.sv, en=category.title.en)


def recipient_title(profile: Profile, processor: ProcessorRow, language: Language) -> str:
    """What a recipient is called in the person's language; one the profile does not know has its registered name."""
    system = next((one for one in profile.systems if one.id == processor.key), None)
    return processor.title if system is None else system.title.in_language(language)


def about(profile: Profile, categories: Iterable[str], language: Language) -> tuple[ProcessingInformation, ...]:
    """What must be told about each of these categories, in their order."""
    return tuple(_about(profile, profile.category(category), language) for category in categories)


def _about(profile: Profile, category: Category, language: Language) -> ProcessingInformation:
    purposes = {purpose.id: purpose for purpose in profile.purposes}
    bases, source, retention = category.legal_bases, category.source, category.retention
    rule = retention.parsed
    return ProcessingInformation(
        category=category.id,
        title=category.title.in_language(language),
        purposes=_told([purposes[one].in_language(language) for one in category.purposes], _NO_PURPOSE, language),
        legal_bases=Told(
            said=tuple(say(BASES, basis, language) for basis in bases.values),
            gap=bases.gap.in_language(language) if bases.gap else None,
        ),
        recipients=recipients(profile, language),
        retention=Told(
            said=(say_retention(rule, language),) if rule is not None else (),
            gap=retention.gap.in_language(language) if retention.gap else None,
        ),
        source=Told(
            said=(source.text.in_language(language),) if source.text else (),
            gap=source.gap.in_language(language) if source.gap else None,
        ),
        transfers=_transfers(profile, language),
    )


def recipients(profile: Profile, language: Language) -> Told:
    """The recipients by name (C-154/21); a list known not to be whole says so."""
    named = [f"{one.name} ({one.does.in_language(language)})" for one in profile.recipients if one.current]
    gap = profile.recipient_list.gap
    if gap is not None:
        return Told(said=tuple(named), gap=gap.in_language(language))
    return _told(named, _NO_RECIPIENTS, language)


def _transfers(profile: Profile, language: Language) -> Told:
    stated = profile.transfers
    if stated is None:
        return Told(gap=_pick(_NO_TRANSFERS, language))
    return Told(
        said=(stated.value,) if stated.value else (),
        gap=stated.gap.in_language(language) if stated.gap else None,
    )


def automated_decisions(language: Language) -> Told:
    """GDPR Art. 15(1)(h): none of the five policies describes any."""
    return Told(gap=_pick(_NO_AUTOMATED, language))


def _told(said: list[str], otherwise: tuple[str, str], language: Language) -> Told:
    return Told(said=tuple(said)) if said else Told(gap=_pick(otherwise, language))


def _pick(words: tuple[str, str], language: Language) -> str:
    return words[0] if language == "sv" else words[1]
