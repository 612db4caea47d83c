"""A virus scanner on loopback that speaks clamd's INSTREAM, for as long as a test needs it."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

#: What the scanner takes for a virus. Not the usual test string, so that no scanner on this machine minds this file.
VIRUS = b"not-a-virus-but-taken-for-one"


@dataclass
class VirusScanner:
    """What was asked, and what is answered instead of the truth."""

    port: int = 0
    scanned: list[bytes] = field(default_factory=list)
    says: bytes | None = None
    #: The connection ends before the answer.
    hangs_up: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if await reader.readuntil(b"\0") == b"zINSTREAM\0":
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = bytearray()
        while size := struct.unpack("!I", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
        self.scanned.append(bytes(content))
        if self.hangs_up:
            return
        truth = b"stream: Test.Virus FOUND" if VIRUS in content else b"stream: OK"
        writer.write((truth if self.says is None else self.says) + b"\0")
        await writer.drain()


@asynccontextmanager
async def a_virus_scanner() -> AsyncIterator[VirusScanner]:
    """Serve on a free loopback port."""
    scanner = VirusScanner()
    server = await asyncio.start_server(scanner.serve, "127.0.0.1", 0)
    scanner.port = server.sockets[0].getsockname()[1]
    try:
        yield scanner
    finally:
        server.close()
