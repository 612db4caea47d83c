"""
Codes in words: identifiers, data categories, laws, reasons, and what a task says besides. ``(Swedish, English)``.

A code that is not here (others may add some) is shown with spaces for underscores, so that it can at least be read.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.domain.recipient_laws import LAW_NAMES
from processor_kit.desk._words import LANGUAGES

Names = Mapping[str, tuple[str, str]]

IDENTIFIERS: Names = {
    "personnummer": ("personnummer", "personal identity number"),
    "email": ("e-postadress", "e-mail address"),
    "phone": ("telefonnummer", "telephone number"),
    "customer_number": ("kundnummer", "customer number"),
    "controller_customer_id": ("kundnummer", "customer number"),
    "name": ("namn", "name"),
    "address": ("adress", "address"),
    "installation_id": ("anläggningsnummer", "installation number"),
    "ga_client_id": ("värdet i kakan _ga", "the value of the cookie _ga"),
    "ecid": ("Adobes nummer för webbläsaren", "Adobe's number for the browser"),
}
#: What categories are usually called; a controller is free to name others.
CATEGORIES: Names = {
    "contact": ("kontaktuppgifter", "contact details"),
    "account_contact": ("konto- och kontaktuppgifter", "account and contact details"),
    "personnummer": ("personnummer", "personal identity number"),
    "customer": ("kunduppgifter", "customer data"),
    "credentials": ("inloggningsuppgifter", "log-in details"),
    "alarm_contact": ("larmkontakter och larmmaterial", "alarm contacts and material"),
    "alarm_history": ("larmhistorik", "alarm history"),
    "alarm_case_log": ("logg över larmärenden", "log of alarm cases"),
    "arm_disarm_history": ("till- och frånslag av larmet", "arming and disarming of the alarm"),
    "transmitter_log": ("loggar från larmsändare", "logs of alarm transmitters"),
    "emergency_contacts": ("kontaktpersoner vid larm", "contact persons in an alarm"),
    "fastighetsjour": ("fastighetsjour", "property emergency service"),
    "gps": ("positionsuppgifter", "location data"),
    "photo_video": ("foton och video från händelser", "photos and video of events"),
    "cctv": ("kamerabevakning", "camera surveillance"),
    "cctv_archived": ("arkiverat kameramaterial", "archived camera material"),
    "call_audio": ("inspelade samtal", "recorded calls"),
    "call_recording": ("inspelade telefonsamtal", "recorded telephone calls"),
    "visits": ("besök", "visits"),
    "orders": ("beställningar och ärenden", "orders and cases"),
    "case_history": ("ärenden och ärendehistorik", "cases and their history"),
    "bookkeeping_records": ("räkenskapsinformation", "bookkeeping records"),
    "customer_traffic_location": ("kund-, trafik- och positionsuppgifter", "customer, traffic and location data"),
    "interaction": ("användning av webbplats och e-post", "use of website and e-mail"),
    "web_activity_contact": ("kontaktuppgifter från webbplatsen", "contact details from the website"),
    "web_analytics": ("webbanalys", "web analytics"),
    "cookies": ("kakor", "cookies"),
    "newsletter": ("nyhetsbrev", "newsletter"),
    "referrals": ("rekommenderade personer", "persons recommended by customers"),
}
#: Why something is not done, or not all of it; whatever else there is to say stands in the message.
REASONS: Names = {
    "not_identified": ("Vi vet inte säkert vem det är", "We are not sure who it is"),
    "not_ours": ("Uppgifterna är inte våra att ändra", "The data are not ours to change"),
    "not_agreed": ("Det ingår inte i vårt avtal", "Our agreement does not cover it"),
    "technical": ("Systemet klarar det inte", "The system cannot do it"),
    "anonymised": ("Avidentifierat i stället för raderat", "Made anonymous instead of erased"),
    "other": ("Något annat, se våra ord ovan", "Something else, see our words above"),
}
DETAILS: Names = {
    "until": ("Till och med", "Until"),
    "keep": ("Ska sparas", "To be kept"),
    "corrections": ("Rättelser", "Corrections"),
    "field": ("Uppgift", "Field"),
    "value": ("Rätt värde", "Right value"),
    "ground": ("Grund", "Ground"),
    "permitted": ("Får ändå användas för", "May still be used for"),
    "live_alarm": ("Pågående larm", "Live alarms"),
    "legal_bases": ("Rättsliga grunder som upphör", "Legal bases that end"),
    "purposes": ("Ändamål", "Purposes"),
    "right": ("Rättighet", "Right"),
    "law": ("Lag", "Law"),
    "category": ("Uppgifter", "Data"),
    "decision": ("Beslut", "Decision"),
    "text": ("Text", "Text"),
}
#: Codes that stand as values in a task's details.
VALUES: Names = {
    **CATEGORIES,
    **LAW_NAMES,
    "accuracy_contested": ("personen säger att uppgifterna är fel", "the person says that the data are wrong"),
    "erasure_opposed": ("personen vill inte att uppgifterna raderas", "the person does not want the data erased"),
    "needed_for_claims": ("personen behöver uppgifterna för ett krav", "the person needs the data for a claim"),
    "objection_pending": ("personens invändning prövas", "the person's objection is being considered"),
    "storage": ("att spara", "keeping them"),
    "consent": ("samtycke", "consent"),
    "legal_claims": ("rättsliga krav", "legal claims"),
    "protect_others": ("att skydda andra", "protecting others"),
    "public_interest": ("viktigt allmänintresse", "important public interest"),
    "override_with_reason": ("får hanteras, om ni skriver varför", "may be handled if you write down why"),
    "legitimate_interest": ("berättigat intresse", "legitimate interest"),
    "public_task": ("uppgift av allmänt intresse", "public task"),
    "contract": ("avtal", "contract"),
    "marketing": ("marknadsföring", "marketing"),
    "profiling": ("profilering", "profiling"),
    "access": ("tillgång", "access"),
    "portability": ("dataportabilitet", "portability"),
    "rectification": ("rättelse", "correction"),
    "erasure": ("radering", "erasure"),
    "restriction": ("begränsning", "restriction"),
    "objection": ("invändning", "objection"),
    "consent_withdrawal": ("återkallat samtycke", "withdrawn consent"),
    "automated_decision": ("automatiserat beslut", "automated decision"),
}
#: Parts of the details that hold codes; elsewhere a person's own word may happen to look like one.
_CODED = frozenset({"keep", "ground", "permitted", "live_alarm", "legal_bases", "purposes", "right", "law", "category"})
_MONTHS = (
    ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november",
     "december"),
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"),
)  # fmt: skip


def named(names: Names, code: str, language: str) -> str:
    """The words for a code, else the code with spaces."""
    known = names.get(code)
    return known[LANGUAGES.index(language)] if known else code.replace("_", " ")


def chosen_from(names: Names, language: str) -> dict[str, str]:
    """Code and words, to choose from."""
    return {code: words[LANGUAGES.index(language)] for code, words in names.items()}


def day(text: str, language: str) -> str:
    """``8 december 2026`` / ``8 December 2026``; what is no day stays as it is."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{value.day} {_MONTHS[LANGUAGES.index(language)][value.month - 1]} {value.year}"


def lines_of(details: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """A task's details, a line each, as ``(what it is, what it says)``."""
    lines = []
    for name, value in details.items():
        several = value if isinstance(value, list) and any(isinstance(one, dict) for one in value) else [value]
        lines += [(_heading(name, language), _said(name, one, language)) for one in several]
    return lines


def _heading(name: str, language: str) -> str:
    words = named(DETAILS, name, language)
    return words[:1].upper() + words[1:]


def _said(name: str, value: object, language: str) -> str:
    match value:
        case bool():
            return {"sv": ("nej", "ja"), "en": ("no", "yes")}[language][value]
        case list():
            return ", ".join(_said(name, one, language) for one in value)
        case dict():
            parts = [(key, one) for key, one in value.items() if one not in (None, "")]
            return "; ".join(f"{_heading(key, language)}: {_said(key, one, language)}" for key, one in parts)
        case str() if name == "field":
            return named(IDENTIFIERS, value, language)
        case str() if name in _CODED and value in VALUES:
            return named(VALUES, value, language)
        case str() if name == "until":
            return day(value, language)
    return str(value)
