"""Legal bases and retention rules in words a person can follow."""

from app.domain.retention import Anchor, RetentionRule
from app.letters.words import Language, Words, say

BASES: Words = {
    "contract": ("Avtalet med dig (artikel 6.1 b)", "The contract with you (Article 6(1)(b))"),
    "pre_contract": (
        "Åtgärder innan ett avtal med dig (artikel 6.1 b)",
        "Steps before a contract with you (Article 6(1)(b))",
    ),
    "legal_obligation": ("En rättslig förpliktelse (artikel 6.1 c)", "A legal obligation (Article 6(1)(c))"),
    "legitimate_interest": ("Ett berättigat intresse (artikel 6.1 f)", "A legitimate interest (Article 6(1)(f))"),
    "consent": ("Ditt samtycke (artikel 6.1 a)", "Your consent (Article 6(1)(a))"),
}

_AFTER: Words = {
    Anchor.RELATIONSHIP_END: ("efter att du slutat vara kund", "after you have ceased to be a customer"),
    Anchor.EVENT: ("efter händelsen", "after the event"),
    Anchor.RECORDING: ("efter inspelningen", "after the recording"),
    Anchor.COLLECTED: ("efter att uppgiften samlats in", "after the data were collected"),
    Anchor.FISCAL_YEAR_END: ("efter räkenskapsårets slut", "after the end of the financial year"),
}

#: Conditions a policy may state instead of a period, as the profiles name them.
CONDITIONS: Words = {
    "erasure_request": ("tills du begär att de raderas", "until you ask for their erasure"),
    "unsubscribe": ("tills du avslutar prenumerationen", "until you unsubscribe"),
    "handed_to_police_or_internal_investigation_closed": (
        "tills materialet lämnats till polisen eller en intern utredning är klar",
        "until the material has been handed to the police or an internal investigation is closed",
    ),
}


def say_retention(rule: RetentionRule, language: Language) -> str:
    """Return how long data under *rule* are kept; raises ``NoWords`` for a condition nobody has put into words."""
    if rule.condition is not None:
        return say(CONDITIONS, rule.condition, language)
    if rule.hold == "BFL_7_2":
        return say(
            {
                "x": (
                    "till och med den 31 december sju år efter det år då räkenskapsåret slutade "
                    "(bokföringslagen 7 kap. 2 §)",
                    "until 31 December seven years after the year in which the financial year ended "
                    "(Swedish Bookkeeping Act, chapter 7, section 2)",
                )
            },
            "x",
            language,
        )
    text = f"{_period(rule, language)} {say(_AFTER, rule.anchor, language)}"
    if rule.archives:
        text += say({"x": ("; därefter arkiveras de", "; after that they are archived")}, "x", language)
    return text


def _period(rule: RetentionRule, language: Language) -> str:
    units = (
        (rule.years, ("år", "år"), ("year", "years")),
        (rule.months, ("månad", "månader"), ("month", "months")),
        (rule.days, ("dag", "dagar"), ("day", "days")),
    )
    parts = []
    for number, swedish, english in units:
        if number:
            one, many = swedish if language == "sv" else english
            parts.append(f"{number} {one if number == 1 else many}")
    return (" och " if language == "sv" else " and ").join(parts)
