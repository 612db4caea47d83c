"""
The letters there are, and what each must say.

A part is mandatory because a law or an authority says so (its ``source``). Facts are checked before a letter is
filled in, the letter's own sections (where to complain, what a court can do) after it; a letter that lacks either is
never given to anybody.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import DomainError
from app.letters.facts import ClaimFacts, LetterFacts
from app.letters.parts import PER_CLAIM, Part, told_in_fulfilment, told_in_nothing_held, told_in_refusal
from app.letters.parts_clock import DOUBT, EXTENSION, QUESTION


class LetterIncomplete(DomainError):
    """The letter lacks something that the law demands in it."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"The letter lacks: {', '.join(missing)}.")
        self.missing = missing


class UnknownLetter(DomainError):
    """There is no such letter."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """
    One letter: its subject lines, the claims it speaks of, its mandatory facts and its mandatory sections.

    ``per_claim`` names the tables of :mod:`app.letters.parts` that each of those claims must satisfy. A letter that
    is not ``to_person`` goes to a recipient or another controller: it is never sealed among the person's letters.
    """

    key: str
    sv: str
    en: str
    speaks_of: Callable[[ClaimFacts], bool]
    facts: tuple[Part, ...] = ()
    per_claim: str | None = None
    sections: tuple[str, ...] = ()
    to_person: bool = True


HEAD: tuple[Part, ...] = (
    Part("reference", "GDPR Art. 5(2)", lambda facts: bool(facts.reference.strip())),
    Part("controller.name", "GDPR Art. 13(1)(a)", lambda facts: bool(facts.controller.name.strip())),
)
#: Sections no letter is without: case number, date, who writes, which right; how to reach them and their officer.
ALWAYS = ("head", "contact")

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            key="receipt",
            sv="Vi har tagit emot din begäran",
            en="We have received your request",
            speaks_of=lambda _claim: True,
            facts=(
                Part("due_on", "GDPR Art. 12(3)", lambda facts: facts.due_on is not None),
                Part("deadline", "GDPR Art. 12(1), 12(3)", lambda facts: any(map(str.strip, facts.deadline))),
                Part(
                    "identity_methods",
                    "GDPR Art. 12(6)",
                    lambda facts: bool(facts.identity_methods) or not facts.identity_wanted,
                ),
            ),
            sections=("claims", "due", "next", "no_form", "complaint", "contact", "objection"),
        ),
        Kind(
            key="fulfilment",
            sv="Svar på din begäran",
            en="The answer to your request",
            speaks_of=told_in_fulfilment,
            per_claim="fulfilment",
            sections=("claims", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="refusal",
            sv="Beslut om det vi inte gör",
            en="Our decision on what we do not do",
            speaks_of=told_in_refusal,
            per_claim="refusal",
            sections=("claims", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="not_identified",
            sv="Vi kunde inte ta reda på vem du är",
            en="We could not establish who you are",
            speaks_of=lambda claim: claim.outcome == "not_identified",
            facts=(
                Part("helps_finding", "GDPR Art. 11(2)", lambda facts: bool(facts.helps_finding)),
                Part("identity_methods", "GDPR Art. 12(6)", lambda facts: bool(facts.identity_methods)),
            ),
            sections=("claims", "next", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="withdrawal",
            sv="Du har tagit tillbaka din begäran",
            en="You have withdrawn your request",
            speaks_of=lambda claim: claim.outcome == "withdrawn",
            sections=("claims", "next", "complaint", "contact"),
        ),
        Kind(
            key="nothing_held",
            sv="Det fanns inget som gäller din begäran",
            en="There was nothing that your request concerns",
            speaks_of=told_in_nothing_held,
            per_claim="nothing_held",
            sections=("claims", "searched", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="extension",
            sv="Vi behöver längre tid för att svara",
            en="We need longer to answer",
            speaks_of=lambda _claim: True,
            facts=EXTENSION,
            sections=("claims", "due", "reasons", "partial", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="identity_wanted",
            sv="Vi behöver veta att det är du som frågar",
            en="We need to know that it is you who is asking",
            speaks_of=lambda _claim: True,
            facts=(*QUESTION, *DOUBT),
            sections=("claims", "question", "ways", "no_copy", "clock", "no_answer", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="clarification",
            sv="En fråga om din begäran",
            en="A question about your request",
            speaks_of=lambda _claim: True,
            facts=QUESTION,
            sections=("claims", "question", "clock", "no_answer", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="fee",
            sv="En avgift för att besvara din begäran",
            en="A fee for answering your request",
            speaks_of=lambda claim: claim.record.fee is not None and claim.outcome is None,
            per_claim="fee",
            sections=("claims", "choice", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="kept_erased",
            sv="Besked om det vi sparade om dig",
            en="About what we kept about you",
            speaks_of=told_in_fulfilment,
            per_claim="fulfilment",
            sections=("claims", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="cooling_off_notice",
            sv="Vi väntar innan vi gör det som inte går att ångra",
            en="We wait before we do what cannot be undone",
            speaks_of=lambda _claim: True,
            facts=(Part("wait_until", "GDPR Art. 32(1)", lambda facts: bool(facts.wait_until)),),
            sections=("wait", "stop", "contact"),
        ),
        Kind(
            key="stopped",
            sv="Din begäran är stoppad",
            en="Your request is stopped",
            speaks_of=lambda _claim: True,
            sections=("stop", "next", "contact"),
        ),
        Kind(
            key="restriction_lifting",
            sv="Begränsningen av dina uppgifter hävs",
            en="The restriction of your data will be lifted",
            speaks_of=lambda _claim: True,
            facts=(
                Part("lifting", "GDPR Art. 18(3)", lambda facts: facts.lifting is not None),
                Part("lifting.outcome", "GDPR Art. 18(3)", lambda facts: _has(facts.lifting, "ended", "outcome")),
                Part("lifting.then", "GDPR Art. 18(2)-(3)", lambda facts: _has(facts.lifting, "then")),
                Part(
                    "lifting.lifting_on",
                    "GDPR Art. 18(3)",
                    lambda facts: facts.lifting is not None and facts.lifting.lifting_on > facts.written_on,
                ),
            ),
            sections=("lifting", "complaint", "remedy", "contact"),
        ),
        Kind(
            key="recipients_notice",
            sv="Underrättelse om en ändring",
            en="Notice of a change",
            speaks_of=lambda _claim: True,
            facts=(
                Part("notice", "GDPR Art. 19", lambda facts: facts.notice is not None),
                Part("notice.recipient", "GDPR Art. 19", lambda facts: _has(facts.notice, "recipient", "action")),
                Part(
                    "notice.identified_by",
                    "GDPR Art. 19, 5(1)(c)",
                    # What was done for somebody else names nobody: the case's number says whose it was.
                    lambda facts: (
                        facts.notice is not None
                        and len(facts.notice.identified_by) == int(facts.notice.action != "put_right")
                    ),
                ),
            ),
            sections=("notice", "confirm", "contact"),
            to_person=False,
        ),
        Kind(
            key="forwarding",
            sv="Din begäran hör till en annan personuppgiftsansvarig",
            en="Your request belongs to another controller",
            speaks_of=lambda _claim: True,
            facts=(
                Part("forwarding", "GDPR Art. 28(3)(e)", lambda facts: facts.forwarding is not None),
                Part(
                    "forwarding.categories",
                    "GDPR Art. 12(1), 28(3)(e)",
                    lambda facts: _has(facts.forwarding, "categories", "for_whom"),
                ),
                Part("forwarding.to_name", "GDPR Art. 28(3)(e)", lambda facts: _is_named_once_sent(facts)),
            ),
            sections=("forwarding", "own", "contact"),
        ),
        Kind(
            key="forwarding_controller",
            sv="En begäran som hör till er",
            en="A request that belongs to you",
            speaks_of=lambda _claim: True,
            facts=(
                Part("forwarding", "GDPR Art. 28(3)(e)", lambda facts: facts.forwarding is not None),
                Part(
                    "forwarding.to_name",
                    "GDPR Art. 28(3)(e)",
                    lambda facts: _has(facts.forwarding, "to_name", "categories", "rights") and _is_named(facts),
                ),
            ),
            sections=("request", "person", "due", "support", "contact"),
            to_person=False,
        ),
    )
}


def _has(facts: object, *names: str) -> bool:
    """Whether something is said under each of these names."""
    return facts is not None and all(getattr(facts, name) for name in names)


def _is_named(facts: LetterFacts) -> bool:
    return _has(facts.forwarding, "identifiers") or _has(facts.forwarding, "stated")


def _is_named_once_sent(facts: LetterFacts) -> bool:
    one = facts.forwarding
    return one is not None and (one.forwarded_on is None or bool(one.to_name))


def missing_facts(kind: Kind, facts: LetterFacts) -> tuple[str, ...]:
    """Name what *facts* lack for a letter of *kind*, in the tables' order."""
    lacking = [part.name for part in (*HEAD, *kind.facts) if not part.is_there(facts)]
    spoken_of = [claim for claim in facts.claims if kind.speaks_of(claim)]
    if not spoken_of:
        lacking.append("claims")
    for claim in spoken_of:
        for part in PER_CLAIM.get((kind.per_claim, claim.right), ()) + PER_CLAIM.get((kind.per_claim, "*"), ()):
            if not part.is_there(claim, facts):
                lacking.append(f"{claim.right}.{part.name}")
    return tuple(lacking)


def missing_sections(kind: Kind, html: str) -> tuple[str, ...]:
    """
    Name the sections a filled-in letter of *kind* lacks.

    A section carries ``data-part``; no fact can fake one, for facts are escaped.
    """
    wanted = dict.fromkeys((*kind.sections, *ALWAYS))
    return tuple(name for name in wanted if f' data-part="{name}"' not in html)
