"""
The mail that tells that a letter waits: nothing about the case, nothing to click, the same for everybody.

Whoever reads somebody else's mail learns that a company has written and no more; whoever gets one by mistake learns
that an address was given. No link, so that no one gets used to logging in from a mail.
"""

from dataclasses import dataclass, field

from app.letters.facts import ControllerFacts
from app.letters.words import Language


@dataclass(frozen=True)
class Notice:
    """A mail's subject and text."""

    subject: str
    text: str = field(repr=False)


def notice(controller: ControllerFacts, reference: str, language: Language, *, vouched: bool) -> Notice:
    """
    Return the mail for a letter that waits behind the login.

    Args:
        vouched: Somebody answers for the address. If not, it names no case: anybody could have typed it.
    """
    write = _swedish if language == "sv" else _english
    return write(controller, reference if vouched else None)


def _swedish(controller: ControllerFacts, reference: str | None) -> Notice:
    if reference is None:
        opening = f"Någon har uppgett den här adressen till {controller.name}, och ett brev väntar."
    else:
        opening = f"{controller.name} har skrivit ett brev till dig. Ärendet har nummer {reference}."
    reach = f" eller skriv till {controller.contact}" if controller.contact is not None else ""
    text = f"""Hej!

{opening}

Så läser du brevet: gå till vår webbplats så som du brukar, och logga in där.

I det här mejlet finns ingen länk, och vi skickar aldrig någon. Vi ber dig aldrig om lösenord, koder eller \
personnummer i ett mejl. Får du ett mejl som gör det kommer det inte från oss.

Har du inte bett oss om något? Då kan någon ha uppgett din adress av misstag. Du behöver inte göra något. Vill du \
berätta det för oss, ring oss{reach}.

Du kan inte svara på det här mejlet.

{controller.name}
"""
    return Notice("Ett brev väntar på dig" + _mark(reference), text)


def _english(controller: ControllerFacts, reference: str | None) -> Notice:
    if reference is None:
        opening = f"Somebody gave this address to {controller.name}, and a letter is waiting."
    else:
        opening = f"{controller.name} has written you a letter. The case has the number {reference}."
    reach = f" or write to {controller.contact}" if controller.contact is not None else ""
    text = f"""Hello,

{opening}

To read the letter, go to our website the way you always do, and log in there.

There is no link in this mail, and we never send one. We never ask for passwords, codes or personal identity numbers \
in a mail. A mail that does is not from us.

Have you not asked us for anything? Then somebody may have given your address by mistake. You need not do anything. \
If you want to tell us, call us{reach}.

You cannot reply to this mail.

{controller.name}
"""
    return Notice("A letter is waiting for you" + _mark(reference), text)


def _mark(reference: str | None) -> str:
    return "" if reference is None else f" ({reference})"
