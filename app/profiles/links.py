"""
What only looks like a fact: a link to a policy where information should stand, a contact nobody can use.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.profiles.model import Profile

_URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:se|com|nu|net|org|eu|io)(?:/\S*)?", re.IGNORECASE
)
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
#: Words that only lead to the link.
_POINTING_WORDS: Final = """
se vår våra vårt på i läs mer om det om detta här finns hos vid enligt även gärna webbplats webbplatsen
hemsida hemsidan sida sidan länk länken policy policyn integritetspolicy integritetspolicyn
personuppgiftspolicy dataskyddspolicy cookiepolicy och för information see our on at read more about this here
in the website web page site link privacy notice statement and for please refer to
"""
_POINTING: Final = frozenset(_POINTING_WORDS.split())
#: A link to one of these is a policy, not a form somebody could use to ask.
_A_POLICY: Final = re.compile(r"polic|integritet|privacy|gdpr|personuppgift|cookie", re.IGNORECASE)
#: Where words of a policy's text itself stand, or the wiring; neither is a fact told to the person.
_NOT_TOLD: Final = frozenset({"quote", "systems", "identity", "title", "document", "law", "gap", "id", "timezone"})
_LEAST_DIGITS: Final = 6


def is_mere_link(text: str) -> bool:
    """Whether a text says nothing but where to read."""
    without_mails = _EMAIL.sub("mail", text)
    found = _URL.search(without_mails)
    words = re.findall(r"[^\W\d_]+", _URL.sub(" ", without_mails).casefold())
    points_only = all(word in _POINTING for word in words)
    return points_only and (found is not None or any("policy" in word for word in words))


def is_usable_contact(text: str) -> bool:
    """Whether somebody could ask by it: an e-mail or postal address, a telephone number, or a form's address."""
    if _EMAIL.search(text) or len(re.findall(r"\d", text)) >= _LEAST_DIGITS:
        return True
    found = _URL.search(text)
    return found is not None and not _A_POLICY.search(found[0])


def mere_links(profile: Profile) -> Iterator[str]:
    """Places of a profile where a mere link stands for a fact; the way in may be a form (:func:`is_usable_contact`)."""
    for path, text in _texts(profile.model_dump(mode="json", exclude_none=True), ""):
        is_form = path == "controller.dsr_contact.value" and is_usable_contact(text)
        if is_mere_link(text) and not is_form:
            yield re.sub(r"\.(?:value|text)?(?:\.?(?:sv|en))?$", "", path)


def _texts(part: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield path, part
    elif isinstance(part, Mapping):
        for name, inner in part.items():
            if name not in _NOT_TOLD and name != "en":  # both languages say the same; one place, one problem
                yield from _texts(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            name = inner.get("id", index) if isinstance(inner, Mapping) else index
            yield from _texts(inner, f"{path}.{name}")
