"""The way to a controller's database: closed, and to the server that bears the name; GDPR Art. 32."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.domain.fanout import Action, Outcome
from app.processors import Answer, Kind, Target, connect, lacks
from processor_kit.certificates import make_certificate
from tests.harness.database import TestServer
from tests.processors.answering import ORDER
from tests.processors.sql.conftest import LINE, PLAN, AlarmDatabase

READS = {"locate": [{"sql": "SELECT 1 AS person WHERE :email <> ''"}], "export": PLAN["export"]}


def target(url: str, *, dialect: str = "postgresql", ca: tuple[str, ...] = ()) -> Target:
    there = AlarmDatabase(dialect, None, url, url).target()  # type: ignore[arg-type]
    return replace(there, settings={"dialect": dialect, **READS}, named={"read_url": (url,), "ca": ca})


async def looked(wanted: Target) -> Answer:
    adapter = connect(Kind.SQL, wanted, LINE)
    try:
        return await adapter.send(replace(ORDER, action=Action.LOCATE, categories=("nothing",)))
    finally:
        await adapter.aclose()


class TestAnAddress:
    @pytest.mark.parametrize(
        ("url", "missing"),
        [
            ("postgresql://r:pw@db.example.se/alarms", "read_url.tls"),
            ("postgresql://r:pw@10.0.0.5/alarms", "read_url.tls"),
            ("postgresql://r:pw@db.example.se/alarms?ssl=prefer", "read_url.tls"),
            ("postgresql://r:pw@db.example.se/alarms?ssl=require", "read_url.tls"),
            ("postgresql://r:pw@db.example.se/alarms?ssl=verify-ca", "read_url.tls"),
            ("postgresql://r:pw@db.example.se/alarms?sslrootcert=/etc/passwd", "read_url"),
            ("postgresql://r:pw@db.example.se/alarms?ssl=verify-full", None),
            ("postgresql://r:pw@localhost.example.se/alarms", "read_url.tls"),
            ("postgresql://r:pw@127.0.0.1:5432/alarms", None),
            ("postgresql://r:pw@localhost/alarms", None),
            ("mariadb://r:pw@db.example.se/alarms", "read_url.tls"),
            ("mariadb://r:pw@db.example.se/alarms?tls=no", "read_url.tls"),
            ("mariadb://r:pw@db.example.se/alarms?tls=verify", None),
        ],
    )
    def test_beyond_this_machine_says_that_the_way_is_closed(self, url: str, missing: str | None) -> None:
        """A word for the administrator before anything is sent, the password least of all."""
        found = [
            f"{one.pointer.removeprefix('#/secrets/')}{'.tls' if 'looked at' in one.en else ''}"
            for one in lacks(Kind.SQL, target(url, dialect=url.partition(":")[0]))
        ]
        assert found == ([missing] if missing else [])

    def test_may_bring_a_ca_of_its_own_that_is_one(self) -> None:
        url, ca = "postgresql://r@db.example.se/alarms?ssl=verify-full", make_certificate("db.example.se")["ca.pem"]
        assert lacks(Kind.SQL, target(url, ca=(ca.decode(),))) == []
        (fault,) = lacks(Kind.SQL, target(url, ca=("no certificate",)))
        assert fault.pointer == "#/secrets/ca"

    @pytest.mark.parametrize("query", ["ssl=verify-full", ""])
    async def test_lets_nobody_between_have_the_password(self, query: str) -> None:
        """Somebody answers "no TLS here" and asks for it; without the setting nobody is asked to be closed."""
        heard: list[bytes] = []

        async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(8))
            writer.write(b"N")
            heard.append(await reader.read(4096))
            writer.write(b"R\0\0\0\x08\0\0\0\x03")
            heard.append(await reader.read(4096))
            writer.close()

        server = await asyncio.start_server(between, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        answer = await looked(target(f"postgresql://r:s3cr3t@127.0.0.1:{port}/alarms?{query}".rstrip("?")))
        server.close()

        assert answer.outcome in (Outcome.RETRY, Outcome.FAILED)
        assert any(b"s3cr3t" in one for one in heard) is not bool(query)  # the second shows that the trap is one


@dataclass(frozen=True)
class Closed:
    """A PostgreSQL that takes TLS, as ``localhost``."""

    url: str
    ca: str


@pytest.fixture
async def closed(test_server: TestServer, tmp_path: Path) -> AsyncIterator[Closed]:
    """The tests' own server was built without TLS: what stands before it takes that off, as a pooler does."""
    made = make_certificate("localhost")
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    there = make_url(test_server.superuser_dsn)

    async def before(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            await reader.readexactly(8)
            writer.write(b"S")
            await writer.start_tls(context)
            behind_reader, behind = await asyncio.open_connection(there.host, there.port)
            await asyncio.gather(_carried(reader, behind), _carried(behind_reader, writer))
        writer.close()

    server = await asyncio.start_server(before, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = there.set(host="localhost", port=port).render_as_string(hide_password=False)
    yield Closed(url, made["ca.pem"].decode())
    server.close()


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(65_536):
        writer.write(said)
        await writer.drain()
    writer.close()


class TestAServer:
    async def test_of_the_companys_own_ca_is_believed_by_its_name(self, closed: Closed, tmp_path: Path) -> None:
        """Its own CA under the name ``ca``; two, while one replaces the other."""
        stranger = make_certificate("localhost")["ca.pem"].decode()
        found = await looked(target(f"{closed.url}?ssl=verify-full", ca=(stranger, closed.ca)))
        assert (found.outcome, found.code) == (Outcome.FAILED, "sql_42p01")  # it got in: the tables are not there

    @pytest.mark.parametrize("ca", ["none", "another"])
    async def test_that_cannot_show_who_it_is_hears_nothing(self, closed: Closed, ca: str) -> None:
        """No public CA has signed it, nor the one that was given."""
        others = () if ca == "none" else (make_certificate("localhost")["ca.pem"].decode(),)
        found = await looked(target(f"{closed.url}?ssl=verify-full", ca=others))
        assert (found.outcome, found.code) == (Outcome.RETRY, "not_trusted")

    async def test_with_another_name_hears_nothing(self, closed: Closed) -> None:
        """The certificate is good, and somebody else's."""
        url = closed.url.replace("localhost", "127.0.0.1")
        found = await looked(target(f"{url}?ssl=verify-full", ca=(closed.ca,)))
        assert (found.outcome, found.code) == (Outcome.RETRY, "not_trusted")
