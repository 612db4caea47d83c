"""Titles of problems and the words for what is wrong with a field, in both languages, never with the value."""

from collections.abc import Mapping
from typing import Any

from app.domain import quotas
from app.domain.processor_secrets import OVERLAP_PATTERN
from app.schemas.registry import NAME_PATTERN, PROCESSOR_KEY

TITLES: dict[int, dict[str, str]] = {
    400: {"sv": "Anropet kan inte läsas", "en": "The call cannot be read"},
    401: {"sv": "Du behöver logga in", "en": "You need to log in"},
    403: {"sv": "Det får du inte göra", "en": "You may not do this"},
    404: {"sv": "Det finns inte", "en": "There is no such thing"},
    405: {"sv": "Metoden finns inte här", "en": "There is no such method here"},
    409: {"sv": "Det går inte som läget är nu", "en": "This cannot be done as things stand"},
    410: {"sv": "Det är för sent", "en": "It is too late"},
    412: {"sv": "Någon har hunnit före", "en": "Somebody was faster"},
    413: {"sv": "Anropet är för stort", "en": "The call is too large"},
    415: {"sv": "Formatet tas inte emot", "en": "That format is not taken"},
    422: {"sv": "Något i anropet stämmer inte", "en": "Something in the call is not right"},
    428: {"sv": "Säg vilken version du har läst", "en": "Say which version you have read"},
    429: {"sv": "För många anrop", "en": "Too many calls"},
    500: {"sv": "Felet är vårt", "en": "The fault is ours"},
    503: {"sv": "Tjänsten kan inte svara just nu", "en": "The service cannot answer just now"},
}

#: By pydantic's name of the error, or ours.
_WORDS: dict[str, tuple[str, str]] = {
    "validation": ("Ett eller flera fält stämmer inte.", "One or more fields are not right."),
    "fault": (
        "Något gick fel hos oss. Inget har ändrats; försök igen om en stund.",
        "Something went wrong on our side. Nothing was changed; try again in a while.",
    ),
    "json_invalid": ("Anropets innehåll är inte JSON.", "The body is not JSON."),
    "json_field_twice": (
        "Anropets innehåll nämner samma fält två gånger, eller är för djupt.",
        "The body names the same field twice, or is too deep.",
    ),
    "body_missing": ("Anropet har inget innehåll; det ska vara JSON.", "The call has no body; it has to be JSON."),
    "http_400": ("Anropets innehåll kan inte läsas.", "The body cannot be read."),
    "http_404": ("Här finns inget.", "There is nothing here."),
    "http_405": ("Adressen finns, men inte med den metoden.", "The address exists, but not with that method."),
    "http_413": ("Anropets innehåll är större än vad som tas emot.", "The body is larger than what is taken."),
    "http_415": ("Innehållet ska vara JSON.", "The body has to be JSON."),
    "missing": ("Fältet saknas.", "The field is missing."),
    "extra_forbidden": ("Det finns inget sådant fält.", "There is no such field."),
    "literal_error": ("Ska vara ett av: {expected}.", "Must be one of: {expected}."),
    "enum": ("Ska vara ett av: {expected}.", "Must be one of: {expected}."),
    "string_type": ("Ska vara text.", "Must be text."),
    "string_too_short": ("Texten är för kort.", "The text is too short."),
    "string_too_long": (
        "Texten är längre än {max_length} tecken.",
        "The text is longer than {max_length} characters.",
    ),
    "string_pattern_mismatch": ("Texten har inte rätt form.", "The text does not have the right form."),
    "too_short": ("Listan är för kort.", "The list is too short."),
    "too_long": ("Listan är för lång.", "The list is too long."),
    "list_type": ("Ska vara en lista.", "Must be a list."),
    "dict_type": ("Ska vara ett objekt.", "Must be an object."),
    "model_type": ("Ska vara ett objekt.", "Must be an object."),
    "model_attributes_type": ("Ska vara ett JSON-objekt.", "Must be a JSON object."),
    "bool_parsing": ("Ska vara true eller false.", "Must be true or false."),
    "bool_type": ("Ska vara true eller false.", "Must be true or false."),
    "int_type": ("Ska vara ett heltal.", "Must be a whole number."),
    "int_parsing": ("Ska vara ett heltal.", "Must be a whole number."),
    "float_type": ("Ska vara ett tal.", "Must be a number."),
    "greater_than": ("Talet är för litet.", "The number is too small."),
    "greater_than_equal": ("Talet är för litet.", "The number is too small."),
    "less_than_equal": ("Talet är för stort.", "The number is too large."),
    "not_an_instant": (
        "Ska vara en tidpunkt med zon, till exempel 2026-02-03T10:15:00+01:00.",
        "Must be an instant with its offset, such as 2026-02-03T10:15:00+01:00.",
    ),
    "not_flat_json": (
        "Ska vara ett litet JSON-objekt med högst åtta nivåer och hela tecken.",
        "Must be a small JSON object, at most eight levels deep, of whole characters.",
    ),
    "not_plain_text": (
        "Texten har tecken som inte kan sparas: NUL eller en halv surrogat.",
        "The text has characters that cannot be kept: NUL or half a surrogate pair.",
    ),
    "date_from_datetime_parsing": ("Ska vara ett datum: ÅÅÅÅ-MM-DD.", "Must be a date: YYYY-MM-DD."),
    "date_parsing": ("Ska vara ett datum: ÅÅÅÅ-MM-DD.", "Must be a date: YYYY-MM-DD."),
    "uuid_parsing": ("Ska vara ett id.", "Must be an id."),
}
_SAME = {
    "timezone_aware": "not_an_instant",
    "datetime_parsing": "not_an_instant",
    "datetime_from_date_parsing": "not_an_instant",
}
#: What fits a pattern, where a person writes it by hand.
_EXAMPLES = {
    quotas.PERIOD: "PT1M, PT24H, P1D",
    PROCESSOR_KEY: "my-crm",
    OVERLAP_PATTERN: "P7D, PT36H",
    NAME_PATTERN: "api_key",
}
_ELSE = ("Värdet går inte att använda.", "The value cannot be used.")


def in_words(kind: str, about: Mapping[str, Any], language: str) -> str:
    """Say what is wrong; *about* holds our own limits and word lists, never what was sent."""
    kind = _SAME.get(kind, kind)
    if kind in ("too_short", "too_long") and about.get("field_type") == "Value":  # a text that is checked otherwise too
        kind = f"string_{kind}"
    said = _WORDS.get(kind, _ELSE)[0 if language == "sv" else 1].format_map(_Known(about))
    example = _EXAMPLES.get(str(about.get("pattern"))) if kind == "string_pattern_mismatch" else None
    return f"{said} {'Till exempel' if language == 'sv' else 'For instance'}: {example}." if example else said


class _Known(dict[str, Any]):
    """Leaves out what is not known instead of failing."""

    def __missing__(self, key: str) -> str:
        return "…"
