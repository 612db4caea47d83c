"""
Asking a virus scanner about a file: clamd's INSTREAM over TCP, for whoever runs one.

The file goes to the scanner as it is, so the scanner stands on this machine or on a network of its own. Whatever it
does not say clearly counts as not said.
"""

import asyncio
import struct
from dataclasses import dataclass
from typing import Literal, Protocol

from app.settings import Settings

#: ``pending``: no answer now, ask again. ``not_scanned``: there is nobody to ask.
Scan = Literal["clean", "infected", "pending", "not_scanned"]
_CHUNK = 64 * 1024
_MOST_ANSWER = 1024


class Scanner(Protocol):
    """Says whether a file is known to do harm; never raises for what the scanner or the network does."""

    async def scan(self, content: bytes) -> Scan: ...


@dataclass(frozen=True, kw_only=True)
class NoScanner:
    """Nobody to ask, and it says so."""

    async def scan(self, content: bytes) -> Scan:
        return "not_scanned"


@dataclass(frozen=True, kw_only=True)
class Clamd:
    """A clamd that listens on TCP."""

    host: str
    port: int
    seconds: float

    async def scan(self, content: bytes) -> Scan:
        try:
            async with asyncio.timeout(self.seconds):
                said = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return "pending"
        if said == b"stream: OK":
            return "clean"
        return "infected" if said.startswith(b"stream: ") and said.endswith(b" FOUND") else "pending"

    async def _ask(self, content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=_MOST_ANSWER)
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                chunk = content[start : start + _CHUNK]
                writer.write(struct.pack("!I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0")).rstrip(b"\0").strip()
        finally:
            writer.close()


def scanner_of(settings: Settings) -> Scanner:
    """The scanner that the settings name."""
    if settings.clamd_host is None:
        return NoScanner()
    return Clamd(host=settings.clamd_host, port=settings.clamd_port, seconds=settings.clamd_timeout_seconds)
