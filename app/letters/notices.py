"""
Short messages to an address: no personal data, no link to log in with, nothing that says what was asked for.

Whoever reads such an address may be somebody else by now. So a message names the company and the reference, says what
to do if it was not you, and leaves the way there to the reader: our messages will be imitated.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.letters.words import Language, day


@dataclass(frozen=True, kw_only=True)
class Message:
    """A subject and a text without anything about anybody."""

    subject: str
    text: str


_WAY = (
    "Var det inte du? Säg det genast: ring oss på det nummer du hittar på vår webbplats, eller gå dit själv och logga "
    "in. Uppge ärendenumret. Vi skickar aldrig en länk att logga in med och frågar aldrig efter koder eller lösenord.",
    "Was it not you? Tell us at once: call us on the number you find on our website, or go there yourself and log in. "
    "Give the reference. We never send a link to log in with and never ask for codes or passwords.",
)
_TEXTS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "cooling_off": (
        ("Någon har begärt något i ditt namn", "Somebody has asked for something in your name"),
        (
            "{controller} har fått en begäran om personuppgifter (ärende {reference}). Den går inte att ångra när den "
            "är utförd. Därför väntar vi till {until} innan vi gör något. Var det du behöver du inte göra något.",
            "{controller} has received a request about personal data (reference {reference}). It cannot be undone once "
            "it is carried out, so we wait until {until} before we do anything. If it was you, you need do nothing.",
        ),
    ),
    "contact_changed": (
        ("En kontaktuppgift har ändrats", "A contact detail has been changed"),
        (
            "En kontaktuppgift hos {controller} har ändrats på begäran (ärende {reference}). Under trettio dagar kan "
            "den nya uppgiften inte användas för att styrka vem du är.",
            "A contact detail at {controller} has been changed on request (reference {reference}). For thirty days the "
            "new one cannot be used to prove who you are.",
        ),
    ),
    "stopped": (
        ("En begäran har stoppats", "A request has been stopped"),
        (
            "Någon har sagt att begäran {reference} hos {controller} inte är deras. Inget mer görs och inget lämnas ut "
            "förrän en handläggare har rett ut vem som begärde.",
            "Somebody has said that request {reference} at {controller} is not theirs. Nothing more is done and "
            "nothing is handed over until a case officer has established who asked.",
        ),
    ),
    "stop_genuine": (
        ("En stoppad begäran fortsätter", "A stopped request goes on"),
        (
            "Vi har kontrollerat vem som gjorde begäran {reference} hos {controller}, och den fortsätter.",
            "We have checked who made request {reference} at {controller}, and it goes on.",
        ),
    ),
    "stop_not_genuine": (
        ("En stoppad begäran är avslutad", "A stopped request is closed"),
        (
            "Begäran {reference} hos {controller} är avslutad: vi kunde inte se att den som begärde är den uppgifterna "
            "rör. Inget mer görs.",
            "Request {reference} at {controller} is closed: we could not see that whoever asked is the person the data "
            "are about. Nothing more is done.",
        ),
    ),
}


def notice(kind: str, language: Language, *, controller: str, reference: str, until: str = "") -> Message:
    """One of the messages above."""
    at = 1 if language == "en" else 0
    subject, text = (_TEXTS[kind][0][at], _TEXTS[kind][1][at])
    said = text.format(controller=controller, reference=reference, until=until)
    return Message(subject=f"{subject} ({reference})", text=f"{said}\n\n{_WAY[at]}\n")


def code_message(code: str, language: Language, *, controller: str, reference: str, minutes: int) -> Message:
    """The message with a one-time code; it says what the code is for and nothing about whom."""
    if language == "en":
        return Message(
            subject=f"Your code ({reference})",
            text=f"Code: {code}\n\nIt shows {controller} that you read this address, for the request {reference} only. "
            f"It works once and for {minutes} minutes. Never tell it to anybody: we do not ask for it.\n\n"
            "If you have made no request, do nothing.\n",
        )
    return Message(
        subject=f"Din kod ({reference})",
        text=f"Kod: {code}\n\nDen visar {controller} att du läser den här adressen, för begäran {reference} och inget "
        f"annat. Den gäller en gång och i {minutes} minuter. Berätta den aldrig för någon: vi frågar inte efter "
        "den.\n\n"
        "Har du inte begärt något behöver du inte göra något.\n",
    )


def say_instant(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """An instant as a day and a time of day in the controller's time zone."""
    local = at.astimezone(zone)
    return f"{day(local.date(), language)} {'kl.' if language == 'sv' else 'at'} {local:%H:%M}"
