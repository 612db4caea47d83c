"""What a kind finds wrong with a registration's settings, read off their model."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from app.domain.faults import MISSING, UNFIT, Fault, at, no_such_name

#: By the validating library's name of the error.
_WORDS: dict[str, tuple[str, str]] = {
    "literal_error": ("Must be one of: {expected}.", "Ska vara ett av: {expected}."),
    "enum": ("Must be one of: {expected}.", "Ska vara ett av: {expected}."),
    "string_type": ("Must be text.", "Ska vara text."),
    "string_pattern_mismatch": ("Must have the form {pattern}.", "Ska ha formen {pattern}."),
    "string_too_short": ("Must have at least {min_length} characters.", "Ska ha minst {min_length} tecken."),
    "string_too_long": ("Must have at most {max_length} characters.", "Ska ha högst {max_length} tecken."),
    "too_short": ("Must have at least {min_length}.", "Ska vara minst {min_length}."),
    "int_type": ("Must be a whole number.", "Ska vara ett heltal."),
    "int_parsing": ("Must be a whole number.", "Ska vara ett heltal."),
    "int_from_float": ("Must be a whole number.", "Ska vara ett heltal."),
    "greater_than_equal": ("Must be at least {ge}.", "Ska vara minst {ge}."),
    "less_than_equal": ("Must be at most {le}.", "Ska vara högst {le}."),
    "bool_type": ("Must be true or false.", "Ska vara true eller false."),
    "bool_parsing": ("Must be true or false.", "Ska vara true eller false."),
    "list_type": ("Must be a list.", "Ska vara en lista."),
    "tuple_type": ("Must be a list.", "Ska vara en lista."),
    "dict_type": ("Must be an object.", "Ska vara ett objekt."),
    "model_type": ("Must be an object.", "Ska vara ett objekt."),
}
_ELSE = ("The value cannot be used.", "Värdet går inte att använda.")

NO_ENDPOINT = Fault("#/endpoint", MISSING, "The endpoint is missing.", "Adressen (endpoint) saknas.")


class Wrong(ValueError):
    """A validator's sentence in both languages, never with the value."""

    def __init__(self, en: str, sv: str) -> None:
        super().__init__(en)
        self.en, self.sv = en, sv


def in_settings(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """A fault for everything that the model found in ``settings``."""
    found = error.errors(include_url=False, include_input=False)
    places = [tuple(step for step in one["loc"] if step != "[key]") for one in found]
    # Of a list whose only entry is wrong it is also said that it is too short: that follows.
    return [
        _fault(one, place, model)
        for one, place in zip(found, places, strict=True)
        if not any(place == other[: len(place)] and place != other for other in places)
    ]


def unfit(where: Sequence[str | int], en: str, sv: str) -> Fault:
    """Something is there and cannot be used."""
    return Fault(at(*where), UNFIT, en, sv)


def unfit_authorities(setting: str) -> Fault:
    """Authorities that cannot be believed by: what the setting takes."""
    return unfit(
        ("settings", setting),
        "Must be up to ten certificates (PEM) of authorities, with no key and no server's own certificate.",
        "Ska vara högst tio certifikat (PEM) för utfärdare, utan nyckel och utan en servers eget certifikat.",
    )


def _fault(error: Any, loc: tuple[int | str, ...], model: type[BaseModel]) -> Fault:
    where = ("settings", *loc)
    about = error.get("ctx") or {}
    match error["type"]:
        case "missing":
            return Fault(at(*where), MISSING, f"'{loc[-1]}' is missing.", f"'{loc[-1]}' saknas.")
        case "extra_forbidden":
            return no_such_name(where, str(loc[-1]), _known(model, loc[:-1]))
        case "value_error" if isinstance(wrong := about.get("error"), Wrong):
            return unfit(where, wrong.en, wrong.sv)
    en, sv = _WORDS.get(error["type"], _ELSE)
    return unfit(where, en.format_map(about), sv.format_map(about))


def _known(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """The fields there are at a place within *model*."""
    for step in path:
        if isinstance(step, str):
            model = next(_models_in(model.model_fields[step].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)
