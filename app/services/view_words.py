"""Plain words for the person: what happened, and what a recipient did."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.letters.words import day

_STEPS: dict[str, tuple[str, str]] = {
    "request:received": ("Vi tog emot din begäran.", "We received your request."),
    "request:identity_asked": (
        "Vi behöver veta säkert vem du är innan vi går vidare.",
        "We need to be sure who you are before we go on.",
    ),
    "request:identity_proven": ("Du styrkte vem du är.", "You proved who you are."),
    "request:clarification_asked": ("Vi skrev en fråga till dig.", "We wrote you a question."),
    "request:clarified": ("Ditt svar på vår fråga kom in.", "Your answer to our question came in."),
    "request:extended": (
        "Vi förlängde tiden för vårt svar; skälen står i ett brev.",
        "We extended the time for our answer; a letter gives the reasons.",
    ),
    "request:deadline_moved": ("Dagen för vårt svar flyttades.", "The day of our answer moved."),
    "request:assessment_begun": ("Vi började bedöma din begäran.", "We began to assess your request."),
    "request:execution_begun": ("Vi började utföra det vi beslutat.", "We began to carry out what was decided."),
    "request:answer_begun": ("Vi började skriva svaret.", "We began to write the answer."),
    "request:withdrawn": (
        "Du tog tillbaka din begäran, helt eller delvis.",
        "You took back your request, whole or in part.",
    ),
    "request:cooling_begun": (
        "Vi berättade för alla adresser vi har till dig, och väntar innan vi gör det som inte går att ångra.",
        "We told every address we have for you, and wait before we do what cannot be undone.",
    ),
    "request:contact_changed": (
        "En kontaktuppgift ändrades; de adresser vi hade sedan förut fick veta det.",
        "A contact detail was changed; the addresses we had before were told.",
    ),
    "request:stopped": (
        "Begäran stoppades: någon sa att den inte är deras. Inget mer görs förrän det är utrett.",
        "The request was stopped: somebody said that it is not theirs. Nothing more is done until that is settled.",
    ),
    "request:stop_settled": (
        "En handläggare avgjorde vem som gjorde begäran.",
        "A case officer settled who made the request.",
    ),
    "request:more_told": (
        "Du berättade mer som hjälper oss att hitta dina uppgifter.",
        "You told us more that helps us find your data.",
    ),
    "request:closed": ("Din begäran är avslutad.", "Your request is closed."),
    "claim:decided": ("Ett beslut fattades.", "A decision was made."),
    "request:classified": ("Vi läste vad du har skrivit.", "We read what you have written."),
    "claim:raised": (
        "Vi började också pröva om uppgifter ska raderas.",
        "We also began to look at whether data are to be erased.",
    ),
    "claim:disagreed": ("Din anteckning sparades.", "Your note was kept."),
    "letter:written": ("Vi skrev ett brev till dig.", "We wrote you a letter."),
    "letter:sent": ("Brevet gick ut till dig.", "The letter went out to you."),
    "package:sealed": ("Dina uppgifter sammanställdes.", "Your data was put together."),
    "package:released": ("Dina uppgifter finns att hämta.", "Your data is ready to be fetched."),
    "restriction:set": (
        "Dina uppgifter begränsades: de sparas men används inte.",
        "Your data were restricted: they are stored but not used.",
    ),
    "restriction:lifted": ("Begränsningen av dina uppgifter hävdes.", "The restriction of your data was lifted."),
    "request:forwarded": (
        "En del av din begäran skickades vidare till den som ansvarar för uppgifterna.",
        "A part of your request was passed on to whoever is responsible for the data.",
    ),
    "package:downloaded": ("Du hämtade dina uppgifter.", "You fetched your data."),
    "retention:scheduled": (
        "Det som sparas har fått en dag då det raderas eller prövas på nytt.",
        "What is kept has been given a day on which it is erased or looked at again.",
    ),
    "retention:ended": (
        "Skälet att spara uppgifterna är slut eller ska prövas på nytt.",
        "The reason for keeping the data is over, or is looked at again.",
    ),
    "retention:erased": ("Det som sparades är nu raderat.", "What was kept has now been erased."),
}
#: The same where the last day of what was kept is known.
_ERASED_AFTER = ("Det som sparades till och med {day} är nu raderat.", "What was kept until {day} has now been erased.")

_STATUS: dict[str, tuple[str, str]] = {
    "asked": ("Frågan är ställd.", "We have asked."),
    "working": ("Mottagaren arbetar med det.", "The recipient is working on it."),
    "needs_person": ("En person hos oss tar hand om det.", "A person here is taking care of it."),
    "done": ("Klart.", "Done."),
}

_OUTCOMES: dict[str, tuple[str, str]] = {
    "completed": ("Utfört.", "Carried out."),
    "completed_partial": ("Utfört till en del.", "Carried out in part."),
    "not_found": ("Inget om dig finns där.", "Nothing about you is held there."),
    "retained": ("Uppgifterna måste sparas enligt lag.", "The data has to be kept by law."),
    "refused": ("Mottagaren sa nej; skälet står i svaret.", "The recipient said no; the answer says why."),
    "failed": ("Det gick inte att utföra; svaret säger varför.", "It could not be done; the answer says why."),
}


_ENTRIES: dict[str, tuple[str, str]] = {
    "pending": ("Ska få besked.", "Will be told."),
    "sent": ("Har fått besked.", "Has been told."),
    "confirmed": ("Har fått besked och bekräftat det.", "Has been told and has confirmed it."),
    "impossible": ("Har inte kunnat få besked.", "Could not be told."),
    "disproportionate": (
        "Har inte fått besked: det skulle kräva orimligt mycket arbete.",
        "Has not been told: that would take a disproportionate effort.",
    ),
}


def of_entry(state: str, language: str) -> str:
    """Where a recipient's notification stands (GDPR Art. 19), in words."""
    return _ENTRIES[state][1 if language == "en" else 0]


def former_person(language: str) -> str:
    """What whoever something was done to, without having asked, is called in the ledger."""
    return "Whoever it was done to" if language == "en" else "Den som det gjordes mot"


def of_step(step: str, language: str) -> str | None:
    """A step in words; None for what is ours to know."""
    found = _STEPS.get(step)
    return None if found is None else found[1 if language == "en" else 0]


def of_noted(step: str, facts: Mapping[str, Any], language: str) -> str | None:
    """A step in words, with its day where that is what the person wants to know."""
    if step == "retention:erased" and "until" in facts:
        last = day(date.fromisoformat(str(facts["until"])), "en" if language == "en" else "sv")
        return _ERASED_AFTER[1 if language == "en" else 0].format(day=last)
    return of_step(step, language)


def of_task(status: str, outcome: str | None, language: str) -> str:
    """Where a recipient stands, in words."""
    found = _OUTCOMES.get(outcome or "", _STATUS[status])
    return found[1 if language == "en" else 0]
