"""Asking a virus scanner: only a clear answer counts."""

import pytest

from app.settings import Settings
from app.vault.scanning import Clamd, NoScanner, scanner_of
from tests.harness.virus_scanner import VIRUS, a_virus_scanner


@pytest.fixture
async def server():
    async with a_virus_scanner() as server:
        yield server


def clamd(server, seconds=5.0):
    return Clamd(host="127.0.0.1", port=server.port, seconds=seconds)


class TestScanner:
    @pytest.mark.parametrize("size", [1, 65_536, 300_001])
    async def test_is_given_the_whole_file(self, server, size):
        """In pieces, whole, and said to be clean."""
        content = bytes(range(256)) * (size // 256 + 1)

        assert await clamd(server).scan(content[:size]) == "clean"
        assert server.scanned == [content[:size]]

    async def test_says_what_does_harm(self, server):
        """Wherever in the file it lies."""
        assert await clamd(server).scan(b"x" * 200_000 + VIRUS) == "infected"

    @pytest.mark.parametrize(
        "says",
        [b"INSTREAM size limit exceeded. ERROR", b"stream: OK, but", b"OK", b"", b"stream: x ERROR", b"x" * 2_000],
    )
    async def test_that_says_anything_else_has_not_answered(self, server, says):
        """A file it would not look at is not clean."""
        server.says = says

        assert await clamd(server).scan(b"a") == "pending"

    async def test_that_is_not_there_has_not_answered(self, server):
        """Down, or gone in the middle: asked again later."""
        server.hangs_up = True

        assert await clamd(server).scan(b"a") == "pending"
        assert await Clamd(host="127.0.0.1", port=1, seconds=5.0).scan(b"a") == "pending"

    async def test_that_nobody_runs_is_said_so(self):
        """Not scanned is not clean."""
        assert isinstance(scanner_of(Settings()), NoScanner)
        assert await scanner_of(Settings()).scan(b"a") == "not_scanned"
        assert isinstance(scanner_of(Settings(clamd_host="127.0.0.1")), Clamd)
