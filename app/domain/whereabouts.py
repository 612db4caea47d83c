"""
Where a registration leads: to whom its secrets are told, and the persons in its tasks.

A secret was given for one place. Whoever turns the registration to another one has neither given nor seen it, so it
does not go along; and nothing is sent there before somebody has switched the processor on again (GDPR Art. 28, 32).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: Words in the name of a setting that says where; of the same place every other setting says how.
_WHERE = frozenset((
    "url", "urls", "uri", "domain", "subdomain", "host", "hosts", "hostname", "server", "address", "endpoint", "port",
    "proxy", "region", "connector", "plugin", "options", "tenant", "instance", "site", "dialect",
))  # fmt: skip
ENDPOINT = "endpoint"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\\\s]+", re.IGNORECASE)


def place_of(endpoint: str | None, settings: Mapping[str, Any]) -> dict[str, str]:
    """
    What of a registration says where it leads, by name: of an address its origin, of anything else all of it.

    Empty where nothing says so yet.
    """
    found = {ENDPOINT: origin(endpoint)} if endpoint else {}
    for where, value in _leaves(settings, ()):
        text = str(value)
        if value not in (None, "") and ("://" in text or any(_words(one) & _WHERE for one in where)):
            found[".".join(where)] = origin(text)
    return found


def is_elsewhere(before: Mapping[str, str], after: Mapping[str, str], *, was_on: bool) -> bool:
    """
    Whether a registration leads to another place than before.

    Args:
        was_on: Whether it was switched on there. Until then what is added completes the place that its secrets are for.
    """
    changed = any(after.get(name) != value for name, value in before.items())
    return changed or (was_on and before != after)


def changes_in(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the settings that are not the same; what they say stays out."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def origin(text: str) -> str:
    """Scheme, user, host and port of an address; a text that is none, as it is."""
    found = _ORIGIN.match(text.strip())
    return found[0].lower() if found else text


def _leaves(value: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, (*where, str(name)))
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _leaves(one, (*where, str(number)))
    else:
        yield where, value


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower().split("_"))
