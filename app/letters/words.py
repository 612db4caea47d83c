"""
Codes in words, Swedish and English: rights, actions, outcomes, laws, ways of proving identity, days.

A code that has no words here never reaches a person: asking for it raises :class:`NoWords`.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from app.domain.errors import DomainError

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")
Words = Mapping[str, tuple[str, str]]  #: code -> (Swedish, English)


class NoWords(DomainError):
    """There are no words for that code, so it cannot stand in a letter."""


def say(table: Words, code: str, language: Language) -> str:
    """Return the words for *code*; raises :class:`NoWords`."""
    try:
        return table[code][LANGUAGES.index(language)]
    except KeyError:
        raise NoWords from None


RIGHTS: Words = {
    "access": ("Tillgång till dina uppgifter (registerutdrag)", "Access to your data"),
    "rectification": ("Rättelse av uppgifter", "Correction of data"),
    "erasure": ("Radering av uppgifter", "Erasure of data"),
    "restriction": ("Begränsning av hur uppgifterna används", "Restriction of how the data are used"),
    "portability": ("Att få ut och flytta dina uppgifter (dataportabilitet)", "Taking your data along (portability)"),
    "objection": ("Invändning mot att uppgifterna används", "Objection to the use of your data"),
    "marketing_objection": ("Nej till marknadsföring", "No to marketing"),
    "automated_decision": ("Ny prövning av ett automatiserat beslut", "Review of an automated decision"),
    "consent_withdrawal": ("Återkallat samtycke", "Withdrawn consent"),
}
#: The same, told to somebody else than the person.
RIGHTS_OF_SOMEBODY: Words = {
    **RIGHTS,
    "access": ("Tillgång till sina uppgifter (registerutdrag)", "Access to their data"),
    "portability": ("Att få ut och flytta sina uppgifter (dataportabilitet)", "Taking their data along (portability)"),
    "objection": ("Invändning mot att uppgifterna används", "Objection to the use of their data"),
}

ACTIONS: Words = {
    "locate": ("Söka efter dina uppgifter", "Look for your data"),
    "freeze": ("Stoppa automatisk gallring", "Stop automatic deletion"),
    "export": ("Lämna ut dina uppgifter", "Hand over your data"),
    "rectify": ("Rätta dina uppgifter", "Correct your data"),
    "erase": ("Radera dina uppgifter", "Erase your data"),
    "restrict": ("Begränsa användningen", "Restrict the use"),
    "lift_restriction": ("Häva begränsningen", "Lift the restriction"),
    "stop_purposes": ("Sluta använda uppgifterna", "Stop using the data"),
    "stop_marketing": ("Stoppa marknadsföringen", "Stop the marketing"),
    "review_decision": ("Pröva beslutet på nytt", "Review the decision"),
    "notify": ("Få besked om ändringen", "Be told of the change"),
}

#: What a recipient said that lets a letter speak of it; anything else is not over yet.
OUTCOMES: Words = {
    "completed": ("Gjort", "Done"),
    "completed_partial": ("Delvis gjort", "Partly done"),
    "not_found": ("Inga uppgifter om dig", "No data about you"),
    "retained": ("Uppgifterna sparas", "The data are kept"),
    "refused": ("Inte gjort", "Not done"),
    "failed": ("Gick inte att göra", "Could not be done"),
}

#: What is said in the place of "no data about you" where the recipient may know the person, and this is not there.
NOTHING: Words = {
    "not_applicable": ("Gör inget sådant", "Does no such thing"),
    "field_not_held": ("Har inte den uppgiften", "Does not hold that"),
    "no_automated_decision": ("Gör inget sådant", "Does no such thing"),
}

#: Reasons of recipients that need nobody to read them first; any other code of theirs a person takes over, or leaves.
KNOWN_REASONS: Words = {
    "field_not_held": ("det som skulle rättas finns inte där", "what was to be corrected is not held there"),
    "no_automated_decision": ("inget automatiserat beslut finns där", "there is no automated decision there"),
}

#: Why there is nothing from a recipient in a package, after its name.
EMPTY: Words = {
    "not_held": ("inga uppgifter om dig", "no data about you"),
    "not_given": (
        "mottagaren säger att uppgifter har lämnats ut, men inga följde med svaret till oss",
        "the recipient says that data were handed over, but none came with its answer to us",
    ),
    "not_done": ("inga uppgifter har lämnats ut härifrån", "no data have been handed over from here"),
}

#: Why the right to take data along does not reach a category.
NOT_PORTABLE: Words = {
    "no_basis": (
        "ingen har fastställt att uppgifterna vilar på samtycke eller avtal (artikel 20.1 a)",
        "nobody has established that the data rest on consent or contract (Article 20(1)(a))",
    ),
    "other_basis": (
        "uppgifterna vilar inte på samtycke eller avtal (artikel 20.1 a)",
        "the data do not rest on consent or contract (Article 20(1)(a))",
    ),
    "not_provided": (
        "uppgifterna kommer inte från dig, eller är våra egna slutsatser (artikel 20.1)",
        "the data do not come from you, or are conclusions of our own (Article 20(1))",
    ),
    "others": (
        "uppgifterna handlar om andra människor (artikel 20.4)",
        "the data are about other people (Article 20(4))",
    ),
    "not_automated": (
        "uppgifterna behandlas inte med dator (artikel 20.1 b)",
        "the data are not processed by machine (Article 20(1)(b))",
    ),
    "never_leaves": (
        "uppgifterna är hemliga eller måste granskas av en människa (artikel 20.4, 32)",
        "the data are secret or must be reviewed by a person (Articles 20(4) and 32)",
    ),
}

#: Where a recipient's notification stands (GDPR Art. 19), after its name.
TOLD: Words = {
    "pending": ("ska få besked", "will be told"),
    "sent": ("har fått besked", "has been told"),
    "confirmed": ("har fått besked och bekräftat det", "has been told and has confirmed it"),
    "impossible": ("har inte kunnat få besked", "could not be told"),
    "disproportionate": (
        "har inte fått besked, eftersom det skulle kräva orimligt mycket arbete",
        "has not been told, since that would take a disproportionate effort",
    ),
}

#: How a request reached us.
CHANNELS: Words = {
    "phone": ("telefon", "telephone"),
    "letter": ("brev", "letter"),
    "in_person": ("besök", "a visit"),
    "email": ("e-post", "e-mail"),
    "web": ("våra egna sidor", "our own pages"),
    "other": ("annan väg", "another way"),
}

CLAIM_OUTCOMES: Words = {
    "granted": ("Du har fått det du bad om.", "You have been given what you asked for."),
    "partly_granted": ("Du har delvis fått det du bad om.", "You have been given part of what you asked for."),
    "refused": ("Vi har sagt nej.", "We have said no."),
    "nothing_held": (
        "Det fanns inget som gäller det du bad om.",
        "There was nothing that concerns what you asked for.",
    ),
    "not_identified": ("Vi kunde inte ta reda på vem du är.", "We could not establish who you are."),
    "withdrawn": ("Du har tagit tillbaka din begäran.", "You have withdrawn your request."),
    "forwarded": ("Vi har skickat din begäran vidare.", "We have passed your request on."),
}

#: Hold codes: the law that keeps data alive.
LAWS: Words = {
    "BFL_7_2": (
        "bokföringslagen (1999:1078) 7 kap. 2 §",
        "the Swedish Bookkeeping Act (1999:1078), chapter 7, section 2",
    ),
    "CLAIM_OWN": (
        "vårt anspråk på dig: preskriptionslagen (1981:130) 2 § och artikel 17.3 e i dataskyddsförordningen (GDPR)",
        "our claim on you: the Swedish Limitations Act (1981:130), section 2, and GDPR Article 17(3)(e)",
    ),
    "CLAIM_AGAINST": (
        "ett anspråk mot oss: preskriptionslagen (1981:130) 2 § och artikel 17.3 e i dataskyddsförordningen (GDPR)",
        "a claim against us: the Swedish Limitations Act (1981:130), section 2, and GDPR Article 17(3)(e)",
    ),
    "CRIME_REPORT": (
        "en pågående utredning av en händelse: artikel 17.3 e i dataskyddsförordningen (GDPR)",
        "an investigation of an event that is under way: GDPR Article 17(3)(e)",
    ),
    "SOS_1981_1104": (
        "tillståndet att spela in nödsamtal: lagen (1981:1104) 2–4 §§",
        "the permit to record emergency calls: Swedish Act 1981:1104, sections 2–4",
    ),
    "LEK_2022_482": (
        "lagen (2022:482) om elektronisk kommunikation",
        "the Swedish Electronic Communications Act (2022:482)",
    ),
    "DSL_5": ("dataskyddslagen (2018:218) 5 kap.", "the Swedish Data Protection Act (2018:218), chapter 5"),
}

#: What keeps data whose last day nobody can know.
KEPT_WHILE: Words = {
    "contract_runs": ("Sparas så länge avtalet löper.", "Kept as long as the contract runs."),
    "dispute": ("Sparas så länge tvisten pågår.", "Kept as long as the dispute goes on."),
    "crime_case_open": ("Sparas så länge utredningen pågår.", "Kept as long as the investigation goes on."),
    "permit": ("Sparas så länge tillståndet kräver det.", "Kept as long as the permit demands it."),
    "other": ("Sparas så länge skälet finns kvar.", "Kept as long as the reason remains."),
}

METHODS: Words = {
    "one_time_code": (
        "engångskod till ett telefonnummer eller en e-postadress som vi redan har",
        "a one-time code to a telephone number or e-mail address that we already have",
    ),
    "known_channel_callback": (
        "att vi ringer upp dig på ett nummer som vi redan har",
        "a call from us to a number that we already have",
    ),
    "e_id": ("e-legitimation, till exempel BankID eller Freja", "an e-ID, for example BankID or Freja"),
    "e_id_in_call": ("e-legitimation medan du talar med oss i telefon", "an e-ID while you talk to us on the phone"),
    "seen_in_person": ("besök hos oss", "a visit to us"),
    "letter_to_registered_address": ("brev till din folkbokföringsadress", "a letter to your registered address"),
}

IDENTIFIERS: Words = {
    "personnummer": ("personnummer", "personal identity number"),
    "email": ("e-postadress", "e-mail address"),
    "phone": ("telefonnummer", "telephone number"),
    "customer_number": ("kundnummer", "customer number"),
    "name": ("namn", "name"),
    "address": ("adress", "address"),
    "installation_id": ("anläggningsnummer", "installation number"),
    "ga_client_id": ("värdet i kakan _ga", "the value of the cookie _ga"),
    "ecid": ("Adobes nummer för din webbläsare", "Adobe's number for your browser"),
}

#: What helps to find somebody's data. Finding is never proving: GDPR Art. 11(2).
HINTS: Words = {
    **IDENTIFIERS,
    "site": ("platsen där larmet eller kameran finns", "the place where the alarm or camera is"),
    "date_and_time": ("dag och ungefärlig tid för händelsen", "the day and approximate time of the event"),
    "role": (
        "hur du har haft med oss att göra, till exempel som kontaktperson",
        "how you came across us, for example as a contact person",
    ),
}

_WEEKDAYS = (
    ("måndagen", "tisdagen", "onsdagen", "torsdagen", "fredagen", "lördagen", "söndagen"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_MONTHS = (
    ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november",
     "december"),
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"),
)  # fmt: skip


def day(value: date, language: Language) -> str:
    """``16 mars 2026`` / ``16 March 2026``."""
    return f"{value.day} {_MONTHS[LANGUAGES.index(language)][value.month - 1]} {value.year}"


def day_said(text: str, language: Language) -> str:
    """The same of ``2026-03-16``; a text that is no day stays as it is."""
    try:
        return day(date.fromisoformat(text), language)
    except ValueError:
        return text


def weekday(value: date, language: Language) -> str:
    """``måndagen den 16 mars 2026`` / ``Monday 16 March 2026``."""
    name = _WEEKDAYS[LANGUAGES.index(language)][value.weekday()]
    return f"{name} den {day(value, 'sv')}" if language == "sv" else f"{name} {day(value, 'en')}"


_GDPR = "GDPR Art. "
_SUBDIVIDED = re.compile(r"(\d+)((?:\([0-9a-z]+\))+)(?:-\((\d+)\))?")


def article(source: str, language: Language) -> str:
    """
    Return a citation as the person knows it: ``GDPR Art. 12(5)(b)`` becomes ``artikel 12.5 b i …``.

    A source that is no article of the GDPR (a Swedish statute) is returned as it stands. A judgment after a semicolon
    is the Court of Justice's, and stands in no article.
    """
    first, _, case = source.partition("; C-")
    court = {"sv": "EU-domstolens mål", "en": "case"}[language]
    judged = f"; {court} C-{case}" if case else ""
    if not first.startswith(_GDPR):
        return first + judged
    numbers = first.removeprefix(_GDPR)
    if language == "en":
        return f"GDPR Article {numbers}{judged}"
    return f"artikel {_SUBDIVIDED.sub(_as_swedish, numbers)} i dataskyddsförordningen (GDPR){judged}"


def _as_swedish(found: re.Match[str]) -> str:
    parts = re.findall(r"\(([0-9a-z]+)\)", found[2])
    text = found[1] + "".join(f".{part}" if part.isdigit() else f" {part}" for part in parts)
    return f"{text}–{found[3]}" if found[3] else text
