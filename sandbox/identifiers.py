"""
How the simulated outside world compares what it was told with what it has on file.

Every register writes telephone numbers and names its own way, so both sides are brought to one form before
they are compared. This is the processors' own rule; Insyn's is stricter and lives elsewhere.
"""

import re
from collections.abc import Iterable, Mapping

#: One of these alone points at one person.
STRONG = frozenset({"personnummer", "customer_number", "email", "phone"})
#: These may be shared by a household; all that were given must fit.
WEAK = frozenset({"name", "address", "installation_id"})

Known = Mapping[str, Iterable[str]]


def normalise(type: str, value: str) -> str:
    """Return *value* in the one form in which identifiers of *type* are compared."""
    text = " ".join(value.split()).casefold()
    match type:
        case "personnummer":
            return re.sub(r"\D", "", text)[-10:]
        case "phone":
            digits = re.sub(r"\D", "", text).removeprefix("00")
            return "46" + digits[1:] if digits.startswith("0") else digits
        case "email":
            return text.replace(" ", "")
        case _:
            return text


def matching(asked: Iterable[tuple[str, str]], subjects: Mapping[str, Known]) -> list[str]:
    """
    Return the subjects that *asked* may mean: none, the one, or several.

    Args:
        asked: Identifiers as (type, value), as they came.
        subjects: Per subject its normalised identifiers by type.
    """
    wanted = [(type, normalise(type, value)) for type, value in asked]
    numbers = {value for type, value in wanted if type == "personnummer"}
    possible = {
        subject: known
        for subject, known in subjects.items()
        if not (numbers and known.get("personnummer")) or numbers & set(known["personnummer"])
    }
    by_number = [s for s, known in possible.items() if numbers & set(known.get("personnummer", ()))]
    if by_number:
        return by_number
    strong = [pair for pair in wanted if pair[0] in STRONG]
    found = [s for s, known in possible.items() if any(value in known.get(type, ()) for type, value in strong)]
    if found:
        return found
    weak = [pair for pair in wanted if pair[0] in WEAK]
    return [s for s, known in possible.items() if weak and all(v in known.get(t, ()) for t, v in weak)]
