"""There is one door: nobody in the house makes another."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.harness.database import REPOSITORY

APP = REPOSITORY / "app"
DOOR = APP / "processors" / "_egress"
#: What opens connections over HTTP by itself; a client of another library's is one of ours only with our transport.
OPENERS = frozenset((
    "AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "AsyncConnectionPool", "ConnectionPool",
    "AsyncOAuth2Client", "AsyncAssertionClient", "OAuth2Client", "urlopen", "HTTPSConnection", "HTTPConnection",
    "ClientSession",
))  # fmt: skip
#: Tests let their own server through with this; the service never.
TESTS_ONLY = "also"


def calls(path: Path) -> Iterator[ast.Call]:
    return (one for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(one, ast.Call))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def outside() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(APP.rglob("*.py")):
        if DOOR not in path.parents:
            yield from ((path, call) for call in calls(path))


class TestHouse:
    def test_calls_out_through_its_one_door(self) -> None:
        """A client made anywhere else would go where nobody looked."""
        wrong = [
            f"{path.relative_to(REPOSITORY)}:{call.lineno}"
            for path, call in outside()
            if called(call) in OPENERS and not any(one.arg == "transport" for one in call.keywords)
        ]

        assert wrong == []

    def test_lets_nothing_through_for_tests(self) -> None:
        """No setting and no code of the service makes an inner address public."""
        named = [
            f"{path.relative_to(REPOSITORY)}:{call.lineno}"
            for path, call in outside()
            if called(call) in ("PinnedTransport", "PinnedBackend", "public_addresses")
            and any(one.arg == TESTS_ONLY for one in call.keywords)
        ]
        given = [
            call.lineno for call in calls(DOOR / "client.py") if any(one.arg == TESTS_ONLY for one in call.keywords)
        ]

        assert (named, given) == ([], [])
