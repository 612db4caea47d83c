"""What letters about the clock must say: an extension with its reasons, a question with why it is asked."""

from app.letters.facts import ExtensionFacts, LetterFacts, QuestionFacts
from app.letters.parts import Part

#: Never the only way: whoever has no e-ID proves who they are in another (EDPB 01/2022 paras 65-79).
_E_ID = frozenset({"e_id", "e_id_in_call"})


def _extension(facts: LetterFacts) -> ExtensionFacts | None:
    return facts.extension


def _question(facts: LetterFacts) -> QuestionFacts | None:
    return facts.question


def _has_reasons(facts: LetterFacts) -> bool:
    told = _extension(facts)
    return told is not None and bool(told.reasons.strip() and told.ground.text.strip() and told.ground.source.strip())


def _has_new_day(facts: LetterFacts) -> bool:
    told = _extension(facts)
    return told is not None and told.before < told.until and any(map(str.strip, told.reckoning))


def _says_why(facts: LetterFacts) -> bool:
    asked = _question(facts)
    return asked is not None and bool(asked.reason.text.strip() and asked.reason.source.strip())


def _asks(facts: LetterFacts) -> bool:
    asked = _question(facts)
    return asked is not None and bool(asked.text.strip())


EXTENSION = (
    Part("extension.reasons", "GDPR Art. 12(3)", _has_reasons),
    Part("extension.until", "GDPR Art. 12(3)", _has_new_day),
)
QUESTION = (
    Part("question.reason", "GDPR Art. 12(1), 12(6)", _says_why),
    Part("question.text", "GDPR Art. 12(1), 12(6)", _asks),
    Part("due_on", "GDPR Art. 12(3)", lambda facts: facts.due_on is not None),
)
DOUBT = (
    Part(
        "identity_methods",
        "GDPR Art. 12(6)",
        lambda facts: bool(set(facts.identity_methods) - _E_ID),
    ),
)
