"""Plain words for the person: what happened, and what a recipient did."""

_STEPS: dict[str, tuple[str, str]] = {
    "request:received": ("Vi tog emot din begäran.", "We received your request."),
    "request:identity_asked": (
        "Vi behöver veta säkert vem du är innan vi går vidare.",
        "We need to be sure who you are before we go on.",
    ),
    "request:identity_proven": ("Du styrkte vem du är.", "You proved who you are."),
    "request:assessment_begun": ("Vi började bedöma din begäran.", "We began to assess your request."),
    "request:execution_begun": ("Vi började utföra det vi beslutat.", "We began to carry out what was decided."),
    "request:answer_begun": ("Vi började skriva svaret.", "We began to write the answer."),
    "request:withdrawn": (
        "Du tog tillbaka din begäran, helt eller delvis.",
        "You took back your request, whole or in part.",
    ),
    "request:closed": ("Din begäran är avslutad.", "Your request is closed."),
    "claim:decided": ("Ett beslut fattades.", "A decision was made."),
    "letter:written": ("Vi skrev ett brev till dig.", "We wrote you a letter."),
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
}

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


def of_step(step: str, language: str) -> str | None:
    """A step in words; None for what is ours to know."""
    found = _STEPS.get(step)
    return None if found is None else found[1 if language == "en" else 0]


def of_task(status: str, outcome: str | None, language: str) -> str:
    """Where a recipient stands, in words."""
    found = _OUTCOMES.get(outcome or "", _STATUS[status])
    return found[1 if language == "en" else 0]
