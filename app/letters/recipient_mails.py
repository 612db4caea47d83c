"""
Mails to a recipient that has no API: a task waits, until when, and where it is answered. Nothing about anybody.

The task number is ours and means nothing elsewhere. The page behind the link asks for a code before it shows anything,
so a mail that is passed on or read by a scanner tells no more than that a company has a task.
"""

from dataclasses import dataclass, field
from datetime import date

from app.letters.words import Language, day


@dataclass(frozen=True, kw_only=True)
class RecipientMail:
    """A subject and a text."""

    subject: str
    text: str = field(repr=False)


def asked(
    language: Language, *, controller: str, recipient: str, number: str, answer_by: date, link: str, reminds: bool
) -> RecipientMail:
    """The mail that tells of a task, or reminds of it; both say all that is needed to answer."""
    if language == "en":
        subject = f"{'Reminder: a' if reminds else 'A'} data protection task waits for your answer ({number})"
        opening = (
            f"{controller} has not had your answer to data protection task {number} yet."
            if reminds
            else f"{controller} needs your answer to a data protection task. Its number is {number}."
        )
        text = f"""To {recipient}

{opening}

Answer by {day(answer_by, "en")}, on this page:
{link}

The page asks for a code, which we send to this address when you ask for it. Only then does it show what the task is
about. There you also say what you have done, and hand in files if there are any.

Please do not answer this mail: nobody reads the address it comes from, and personal data must not travel by mail.

Are you not the right person? Pass the mail on within your company to whoever answers for personal data. The code still
comes to this address.

{controller}
"""
        return RecipientMail(subject=subject, text=text)
    subject = f"{'Påminnelse: en' if reminds else 'En'} dataskyddsuppgift väntar på ert svar ({number})"
    opening = (
        f"{controller} har ännu inte fått ert svar på dataskyddsuppgift {number}."
        if reminds
        else f"{controller} behöver ert svar på en dataskyddsuppgift. Den har nummer {number}."
    )
    text = f"""Till {recipient}

{opening}

Svara senast {day(answer_by, "sv")}, på den här sidan:
{link}

Sidan frågar efter en kod, som vi skickar till den här adressen när ni ber om den. Först då visar den vad uppgiften
gäller. Där säger ni också vad ni har gjort, och lämnar filer om det finns några.

Svara inte på det här mejlet: ingen läser adressen det kommer från, och personuppgifter ska inte skickas med e-post.

Är du inte rätt person? Skicka mejlet vidare inom företaget till den som svarar för personuppgifter. Koden kommer
ändå till den här adressen.

{controller}
"""
    return RecipientMail(subject=subject, text=text)


def code(language: Language, *, controller: str, number: str, code: str, minutes: int) -> RecipientMail:
    """The mail with a one-time code for a task's page."""
    if language == "en":
        text = f"""Code: {code}

It opens the page of data protection task {number} for {controller}. It works once and for {minutes} minutes. Type it on
the page on which you asked for it and nowhere else. We never ask for it by telephone or mail.

If nobody with you has asked for a code, do nothing.
"""
        return RecipientMail(subject=f"Your code for task {number}", text=text)
    text = f"""Kod: {code}

Den öppnar sidan för dataskyddsuppgift {number} åt {controller}. Den gäller en gång och i {minutes} minuter. Skriv in
den på sidan där ni bad om den och ingen annanstans. Vi frågar aldrig efter den i telefon eller mejl.

Har ingen hos er bett om en kod behöver ni inte göra något.
"""
    return RecipientMail(subject=f"Er kod för uppgift {number}", text=text)
