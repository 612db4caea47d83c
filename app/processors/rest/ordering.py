"""Vendors that come first: what a connector says of others, among the processors that a controller really has."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.processors.rest.shelf import connectors


def implied_order(registered: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, set[str]]:
    """
    The keys of the processors that come before each, by what their connectors say.

    Args:
        registered: Key and settings of a controller's processors; those of other kinds name no connector.
    """
    named = {key: str(settings["connector"]) for key, settings in registered if "connector" in settings}
    shelf = connectors() if named else {}
    return {
        key: {other for other, its in named.items() if other != key and its in shelf[name].after}
        for key, name in named.items()
        if name in shelf
    }
