"""
The written procedure of one controller, exported from what the service really does (CEF 2024: there must be one).

Every line comes from a table the service acts on, so the procedure cannot say anything else than what happens.
"""

from collections.abc import Iterator
from typing import Any

from app.domain import clarification, deadlines
from app.domain.extension import GROUNDS
from app.domain.four_eyes import Subject
from app.domain.identity import METHODS, Level, suffices
from app.domain.own_retention import PACKAGE_DAYS
from app.domain.rights import RIGHTS, Right
from app.letters.words import ACTIONS, Language, article, say
from app.letters.words import METHODS as METHOD_WORDS
from app.letters.words import RIGHTS as RIGHT_WORDS
from app.profiles import Profile
from app.services.approving import FOLLOWS

View = dict[str, Any]
Texts = tuple[str, str]

_TITLES: dict[str, Texts] = {
    "intake": ("Hur en begäran kommer in", "How a request comes in"),
    "rights": (
        "Rättigheterna, och hur säkra vi ska vara på vem som frågar",
        "The rights, and how sure we are of who asks",
    ),
    "identity": ("Så styrks identitet", "How identity is proved"),
    "deadlines": ("Tiderna", "The times"),
    "refusals": ("När vi får säga nej", "When we may say no"),
    "four_eyes": ("Vad ingen gör ensam", "What nobody does alone"),
    "search": ("Var vi söker", "Where we look"),
    "case_files": ("Vad som sparas om ärendet", "What is kept of the case"),
}
_LEVELS: dict[Level, Texts] = {
    Level.NONE: ("ingen identitetskontroll", "no proof of identity"),
    Level.CHANNEL: ("en väg som vi redan känner till", "a way that we know already"),
    Level.SUBSTANTIAL: ("e-legitimation eller motsvarande", "an e-ID or its equal"),
    Level.HIGH: ("den högsta nivån", "the highest level"),
}
_SUBJECTS: dict[Subject, Texts] = {
    Subject.DECISION: (
        "varje nej, helt eller delvis, och varje radering",
        "every no, whole or in part, and every erasure",
    ),
    Subject.EXTENSION: ("att förlänga tiden", "extending the time"),
    Subject.RELEASE: (
        "att lämna ut det som visar hur ett hem är skyddat",
        "releasing what shows how a home is protected",
    ),
    Subject.RESTRICTION_LIFT: ("att häva en begränsning", "lifting a restriction"),
    Subject.FEE: (
        "att ta ut en avgift; personen får besked först och kan avstå",
        "charging a fee; the person is told first and may decline",
    ),
    Subject.PROTECTED_IDENTITY: ("det som rör skyddade personuppgifter", "whatever touches a protected identity"),
}


def of(profile: Profile, language: Language) -> View:
    """The procedure as titled sections of sentences, in *language*."""
    makers = {
        "intake": _intake,
        "rights": _rights,
        "identity": _identity,
        "deadlines": _deadlines,
        "refusals": _refusals,
        "four_eyes": _four_eyes,
        "search": _search,
        "case_files": _case_files,
    }
    return {
        "controller": profile.id,
        "language": language,
        "sections": [
            {"key": key, "title": _in(_TITLES[key], language), "lines": list(made(profile, language))}
            for key, made in makers.items()
        ],
    }


def _in(texts: Texts, language: Language) -> str:
    return texts[0] if language == "sv" else texts[1]


def _intake(profile: Profile, language: Language) -> Iterator[str]:
    yield _in(
        (
            "Varje väg in räknas: brev, telefon, besök, e-post, webb. Ingen blankett, underskrift eller motivering"
            " krävs (artikel 12.2).",
            "Every way in counts: letter, telephone, visit, e-mail, web. No form, signature or reason is demanded"
            " (Article 12(2)).",
        ),
        language,
    )
    yield _in(
        (
            "Det finns ingen gräns för hur ofta någon får begära. Det är gratis; en avgift kommer bara i fråga för det"
            " som är uppenbart ogrundat eller orimligt (artikel 12.5).",
            "There is no limit to how often somebody may ask. It is free of charge; a fee is possible only for what"
            " is manifestly unfounded or excessive (Article 12(5)).",
        ),
        language,
    )
    contact = profile.controller.dsr_contact.value
    none = _in(("ingen är publicerad än", "none is published yet"), language)
    yield f"{_in(('Publicerad väg in', 'Published way in'), language)}: {contact or none}."
    yield _in(
        (
            "Från mottagandet stoppas automatisk gallring hos den som kan.",
            "From receipt on, automatic deletion is held by whoever can.",
        ),
        language,
    )


def _rights(profile: Profile, language: Language) -> Iterator[str]:
    for right in RIGHTS.values():
        # What stops at once is as easy as the law has it; no profile makes it harder (F12).
        needed = right.needs if right.granted_at_once else profile.identity.needed(right.key)
        extra = _at_once(right, language)
        yield (
            f"{say(RIGHT_WORDS, right.key, language)} ({article(right.source, language)}): "
            f"{_in(_LEVELS[needed], language)}{extra}."
        )


def _at_once(right: Right, language: Language) -> str:
    if not right.granted_at_once:
        return ""
    return _in(("; görs genast, utan prövning", "; done at once, without weighing"), language)


def _identity(_profile: Profile, language: Language) -> Iterator[str]:
    for level in (Level.CHANNEL, Level.SUBSTANTIAL, Level.HIGH):
        ways = [
            say(METHOD_WORDS, method, language) for method, given in METHODS.items() if suffices(given, needed=level)
        ]
        yield f"{_in(_LEVELS[level], language)}: {'; '.join(ways)}."
    yield _in(
        (
            "Aldrig: id-kopior, kontrollfrågor, namnteckningar. Sättet, tiden och vem som kontrollerade sparas.",
            "Never: copies of identity documents, secret questions, signatures. The way, time and checker are kept.",
        ),
        language,
    )


def _deadlines(profile: Profile, language: Language) -> Iterator[str]:
    grounds = "; ".join(_in((one.sv, one.en), language).lower() for one in GROUNDS.values())
    stops = "; ".join(_in((one.sv, one.en), language).lower() for one in clarification.REASONS.values() if one.stops)
    alarms = ", ".join(str(abs(day)) for day in deadlines.ALARM_WORKING_DAYS)
    yield _in(
        (
            f"Svar inom {deadlines.ANSWER_WITHIN_MONTHS} månad från mottagandet i {profile.timezone}; slutar den på en"
            " lördag, söndag eller helgdag gäller nästa arbetsdag.",
            f"An answer within {deadlines.ANSWER_WITHIN_MONTHS} month from receipt in {profile.timezone}; if that ends"
            " on a Saturday, Sunday or public holiday, the next working day.",
        ),
        language,
    )
    yield _in(
        (
            f"Eget mål: {abs(deadlines.INTERNAL_TARGET_WORKING_DAYS)} arbetsdagar tidigare. Larm {alarms} arbetsdagar"
            " före och dagen efter.",
            f"Our own target: {abs(deadlines.INTERNAL_TARGET_WORKING_DAYS)} working days earlier. Alarms {alarms}"
            " working days ahead and on the day after.",
        ),
        language,
    )
    yield _in(
        (
            f"Förlängning en gång, till {deadlines.EXTENDED_TO_MONTHS} månader, bara för: {grounds}. Gäller när"
            " personen har fått skälen i tid.",
            f"Extended once, to {deadlines.EXTENDED_TO_MONTHS} months, only for: {grounds}. It counts when the"
            " person has been told the reasons in time.",
        ),
        language,
    )
    yield _in(
        (
            f"Uppehåll bara för en fråga som är ute inom {deadlines.ASK_WITHIN_DAYS} dagar: {stops}.",
            f"The clock stands still only for a question that is out within {deadlines.ASK_WITHIN_DAYS} days: {stops}.",
        ),
        language,
    )
    yield _in(
        (
            "Ett nej ska vara sagt inom månaden, även om tiden är förlängd (artikel 12.4).",
            "A no is told within the month, also where the time is extended (Article 12(4)).",
        ),
        language,
    )


def _refusals(_profile: Profile, language: Language) -> Iterator[str]:
    yield _in(
        (
            "En handläggare beslutar varje yrkande för sig, med grund och skäl; tjänsten säger aldrig nej själv.",
            "A case worker decides each claim alone, with ground and reasons; the service never says no by itself.",
        ),
        language,
    )
    for right in RIGHTS.values():
        grounds = "; ".join(
            f"{_in((one.sv, one.en), language)} ({article(one.source, language)})" for one in right.refusal_grounds
        )
        never = _in(("nekas inte", "is not refused"), language)
        yield f"{say(RIGHT_WORDS, right.key, language)}: {grounds or never}."


def _four_eyes(_profile: Profile, language: Language) -> Iterator[str]:
    for subject in FOLLOWS:
        yield f"{_in(_SUBJECTS[subject], language)}."
    yield _in(
        (
            "Den som begär, den som beslutar och den som godkänner är tre personer; databasen håller det.",
            "Who asks, who decides and who approves are three people; the database holds it.",
        ),
        language,
    )


def _search(profile: Profile, language: Language) -> Iterator[str]:
    for system in profile.systems:
        actions = ", ".join(say(ACTIONS, action.value, language).lower() for action in system.actions)
        yield f"{system.title.in_language(language)}: {actions}."


def _case_files(profile: Profile, language: Language) -> Iterator[str]:
    yield _in(
        (
            f"Paketet och det som hämtats till det förstörs {PACKAGE_DAYS} dagar efter att det lämnats ut, men inte"
            f" medan ärendet är öppet. Lämnas inget ut räknas {PACKAGE_DAYS} dagar från avslutet.",
            f"The package and what was fetched for it are destroyed {PACKAGE_DAYS} days after its release, but not"
            f" while the case is open. Where nothing is released, {PACKAGE_DAYS} days count from closing.",
        ),
        language,
    )
    yield _in(
        (
            f"Ärendet sparas {profile.case_file_months} månader efter att det avslutats, hur det än slutade; därefter"
            " raderas det och dess nyckel. Antal per månad, rättighet och utfall finns kvar.",
            f"The case file is kept for {profile.case_file_months} months after closing, however it ended; then it"
            " is erased with its key. Numbers by month, right and outcome remain.",
        ),
        language,
    )
    yield _in(
        (
            "Varje steg skrivs i en kedja av koder, id och dagar, utan personuppgifter. Kedjan finns kvar.",
            "Every step is written into a chain of codes, ids and dates, without personal data. The chain remains.",
        ),
        language,
    )
