"""Insyn's codes in the story's plain English."""

from collections.abc import Iterable

ALARMS: dict[str, str] = {
    "due_in_10": "ten working days are left",
    "due_in_5": "five working days are left",
    "due_in_1": "one working day is left",
    "overdue": "the answer is late",
    "extension_lapsed": "the longer time has lapsed",
    "refusal_late": "the no came late",
    "later_date_possible": "a later date is possible",
}
#: Letters to a person by their subject lines.
LETTERS: dict[str, str] = {
    "receipt": "We have received your request",
    "fulfilment": "The answer to your request",
    "refusal": "Our decision on what we do not do",
    "not_identified": "We could not establish who you are",
    "withdrawal": "You have withdrawn your request",
    "nothing_held": "There was nothing that your request concerns",
    "extension": "We need longer to answer",
    "identity_wanted": "We need to know that it is you who is asking",
    "clarification": "A question about your request",
    "fee": "A fee for answering your request",
    "kept_erased": "About what we kept about you",
    "cooling_off_notice": "We wait before we do what cannot be undone",
    "stopped": "Your request is stopped",
    "restriction_lifting": "The restriction of your data will be lifted",
    "forwarding": "Your request belongs to another controller",
}


def alarms_in_words(alarms: Iterable[str]) -> str:
    """What rings, as one would say it."""
    return " and ".join(dict.fromkeys(ALARMS[one] for one in alarms))


def letters_in_words(kinds: Iterable[str]) -> str:
    """Letters by their subject lines, each once."""
    return ", ".join(f"'{LETTERS[kind]}'" for kind in sorted(set(kinds)))
