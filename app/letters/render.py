"""Letters: from facts to the page a person reads, or a refusal to write it."""

from dataclasses import dataclass, field

from app.letters.environment import environment, template_sha256
from app.letters.facts import LetterFacts
from app.letters.kinds import KINDS, LetterIncomplete, UnknownLetter, missing_facts, missing_sections
from app.letters.words import LANGUAGES, Language


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter as it is sealed. ``template_sha256`` tells which wording it was made from."""

    kind: str
    language: Language
    subject: str
    html: str = field(repr=False)
    template_sha256: str


def render(kind: str, language: Language, facts: LetterFacts) -> Letter:
    """
    Return the letter of *kind* in *language* ("sv" or "en") as one HTML page without anything external.

    The subject holds the reference and nothing personal.

    Raises:
        UnknownLetter: If there is no such letter in that language.
        LetterIncomplete: If a mandatory part is missing; nothing was written then.
        NoWords: If a code in *facts* has no words for a person.

    Sources:
        GDPR Art. 12(1), 12(3)-(4), 77, 79, 82.
    """
    if kind not in KINDS or language not in LANGUAGES:
        raise UnknownLetter
    wanted = KINDS[kind]
    if missing := missing_facts(wanted, facts):
        raise LetterIncomplete(missing)
    subject = f"{wanted.sv if language == 'sv' else wanted.en} ({facts.reference})"
    page = environment(language).get_template(f"{kind}/{language}.html.j2")
    html = page.render(
        facts=facts,
        claims=[claim for claim in facts.claims if wanted.speaks_of(claim)],
        subject=subject,
        language=language,
    )
    if missing := missing_sections(wanted, html):
        raise LetterIncomplete(missing)
    return Letter(
        kind=kind,
        language=language,
        subject=subject,
        html=html,
        template_sha256=template_sha256(kind, language),
    )
