"""
The reckoning of a deadline in sentences a person can follow.

It reads the explanation object as it goes over the wire (``app.domain.deadlines.Deadline.as_json``), so a letter says
what staff saw and what an alarm acted on.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from app.letters.words import Language, weekday


def explain_deadline(deadline: Mapping[str, Any], language: Language) -> list[str]:
    """
    Return why the answer is due when it is, one short sentence each, the last naming the day.

    Raises:
        KeyError: If *deadline* is not an explanation object.
    """
    return list((_swedish if language == "sv" else _english)(deadline))


def _swedish(deadline: Mapping[str, Any]) -> Iterator[str]:
    day = _days("sv")
    nominal, rolled = _that_counts(deadline)
    yield f"Din begäran kom in {day(deadline['anchor'])}. Den dagen räknas inte med."
    for one in deadline["suspensions"]:
        yield _suspension_sv(one, day)
    if deadline["extended"]:
        yield f"Fristen är förlängd till tre månader från den dag begäran kom in. Då slutar den {day(nominal)}."
    elif any(one["state"] == "counted" for one in deadline["suspensions"]):
        yield f"Fristen är en månad. Med uppehållet slutar den {day(nominal)}."
    else:
        yield f"Fristen är en månad. Då slutar den {day(nominal)}."
    for one in rolled:
        name = one["sv"][:1].lower() + one["sv"][1:]
        yield f"{_capital(day(one['date']))} är ingen arbetsdag ({name}), så fristen flyttas till nästa dag."
    yield f"Du ska ha fått svar senast {day(deadline['binding_on'])}."


def _english(deadline: Mapping[str, Any]) -> Iterator[str]:
    day = _days("en")
    nominal, rolled = _that_counts(deadline)
    yield f"Your request reached us on {day(deadline['anchor'])}. That day does not count."
    for one in deadline["suspensions"]:
        yield _suspension_en(one, day)
    if deadline["extended"]:
        yield (
            f"The time for answering is extended to three months from the day the request came in. "
            f"It then ends on {day(nominal)}."
        )
    elif any(one["state"] == "counted" for one in deadline["suspensions"]):
        yield f"The time for answering is one month. With the pause it ends on {day(nominal)}."
    else:
        yield f"The time for answering is one month. It then ends on {day(nominal)}."
    for one in rolled:
        yield f"{day(one['date'])} is no working day ({one['en']}), so the end moves to the next day."
    yield f"You are to have our answer by {day(deadline['binding_on'])} at the latest."


def _that_counts(deadline: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """The nominal day and the days it rolled over, of the date that binds."""
    if deadline["extended"]:
        return deadline["nominal_extended_on"], deadline["rolled_extended"]
    return deadline["nominal_on"], deadline["rolled"]


def _suspension_sv(one: Mapping[str, Any], day: Callable[[str], str]) -> str:
    about = "vem du är" if one["reason"] == "identity" else "vad du vill ha"
    asked = f"{_capital(day(one['asked_on']))} frågade vi dig {about}"
    if one["state"] == "refused":
        return f"{asked}. Vi frågade för sent, så det flyttar inte fristen."
    if one["state"] == "ongoing":
        return f"{asked}. Fristen kan flyttas först när du har svarat."
    count = "1 dag" if one["days"] == 1 else f"{one['days']} dagar"
    return f"{asked} och {day(one['answered_on'])} svarade du. Fristen gjorde uppehåll i {count}."


def _suspension_en(one: Mapping[str, Any], day: Callable[[str], str]) -> str:
    about = "who you are" if one["reason"] == "identity" else "what you want"
    asked = f"On {day(one['asked_on'])} we asked you {about}"
    if one["state"] == "refused":
        return f"{asked}. We asked too late, so that does not move the date."
    if one["state"] == "ongoing":
        return f"{asked}. The date can move only once you have answered."
    count = "1 day" if one["days"] == 1 else f"{one['days']} days"
    return f"{asked}, and on {day(one['answered_on'])} you answered. The time stood still for {count}."


def _days(language: Language) -> Callable[[str], str]:
    return lambda iso: weekday(date.fromisoformat(iso), language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
