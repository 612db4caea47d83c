"""
The door itself: what goes through it, where it then really goes, and when it ends.
"""

import asyncio
import gzip
import ssl
from typing import Any

import httpx
import pytest
import uvloop

from app.processors import AddressNotAllowed, fetch_document, open_client
from app.processors._egress import AnswerTooLarge, client_certificate, origin_of, public_addresses, read_capped
from app.processors._egress.pinned import LARGEST_BODY, NotThere, PinnedTransport
from tests.processors.egress.world import (
    FORBIDDEN,
    LET_THROUGH,
    NAME,
    OK,
    Answer,
    Authority,
    Names,
    connections,
    door,
    saying,
    serving,
)


def client(transport: PinnedTransport, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, trust_env=False, timeout=2, **more)


class TestPinnedCall:
    async def test_goes_to_the_checked_address_under_the_hosts_own_name(
        self, names: Names, authority: Authority
    ) -> None:
        """The number is connected to; server name, certificate and Host are the name's. One look-up a connection."""
        names.known[NAME] = [[LET_THROUGH]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/tasks"
            with connections() as seen:
                async with client(door(url, tls=authority.trusted())) as calls:
                    answer = await calls.get(url)

        assert (answer.status_code, answer.text) == (200, "OK")
        assert (seen, names.asked, served.names) == ([LET_THROUGH], [NAME], [NAME])
        assert f"host: {NAME}:{served.port}\r\n".encode() in served.heard[0].lower()

    async def test_is_not_led_elsewhere_by_a_name_that_changes(self, names: Names, authority: Authority) -> None:
        """
        DNS rebinding: the second answer is never asked for, so it cannot be gone to; a new connection is judged anew.
        """
        names.known[NAME] = [[LET_THROUGH], [FORBIDDEN]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            async with serving(host=FORBIDDEN, port=served.port, tls=authority.server(NAME)) as inside:
                with connections() as seen:
                    async with client(door(url, tls=authority.trusted())) as calls:
                        first = await calls.get(url)
                        with pytest.raises(NotThere):
                            await calls.get(url)

        assert (first.text, seen, inside.heard) == ("OK", [LET_THROUGH], [])

    async def test_is_not_led_elsewhere_on_the_loop_of_the_service_either(
        self, names: Names, authority: Authority
    ) -> None:
        """The service runs on another event loop, which no hook of Python's sees: here the servers count."""
        names.known[NAME] = [[LET_THROUGH], [FORBIDDEN], [LET_THROUGH, FORBIDDEN]]

        async def try_it() -> tuple[str, list[str], int]:
            async with serving(tls=authority.server(NAME)) as served:
                url = f"https://{NAME}:{served.port}/"
                async with serving(host=FORBIDDEN, port=served.port, tls=authority.server(NAME)) as inside:
                    async with client(door(url, tls=authority.trusted())) as calls:
                        first = await calls.get(url)
                        refused = [await _refusal(calls, url) for _ in range(2)]
                    return first.text, refused, len(inside.heard)

        assert await asyncio.to_thread(uvloop.run, try_it()) == ("OK", ["NotThere", "NotThere"], 0)

    async def test_with_mixed_answers_goes_to_none_of_them(self, names: Names, authority: Authority) -> None:
        """One address inside is enough: a name that leads inside at all is not a processor's."""
        names.known[NAME] = [[LET_THROUGH, FORBIDDEN]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            with connections() as seen:
                async with client(door(url, tls=authority.trusted())) as calls:
                    assert await _refusal(calls, url) == "NotThere"

        assert (seen, served.heard) == ([], [])

    async def test_takes_no_certificate_of_another_name(self, names: Names, authority: Authority) -> None:
        """Who took over the address has not taken over the name."""
        names.known[NAME] = [[LET_THROUGH]]
        async with serving(tls=authority.server("other.example.com")) as served:
            url = f"https://{NAME}:{served.port}/"
            async with client(door(url, tls=authority.trusted())) as calls:
                assert await _refusal(calls, url) == "TlsFailed"

        assert served.heard == []

    async def test_takes_no_certificate_of_an_unknown_authority(self, names: Names, authority: Authority) -> None:
        """The machine's own list of authorities counts."""
        names.known[NAME] = [[LET_THROUGH]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            async with client(door(url, tls=ssl.create_default_context())) as calls:
                assert await _refusal(calls, url) == "TlsFailed"

        assert served.heard == []

    async def test_tries_the_next_address_when_one_is_dead(self, names: Names, authority: Authority) -> None:
        """A name's other addresses are judged already."""
        names.known[NAME] = [["127.0.0.3", LET_THROUGH]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            transport = door(url, tls=authority.trusted(), also=("127.0.0.3", LET_THROUGH))
            with connections() as seen:
                async with client(transport) as calls:
                    answer = await calls.get(url)

        assert (answer.text, seen) == ("OK", ["127.0.0.3", LET_THROUGH])

    async def test_of_a_name_that_does_not_resolve_was_not_made(self, names: Names, authority: Authority) -> None:
        """A silent name server is no refusal: nothing was sent, and it may be tried again."""
        async with client(door(f"https://{NAME}", tls=authority.trusted())) as calls:
            assert await _refusal(calls, f"https://{NAME}/") == "ConnectError"

    async def test_can_show_a_certificate_of_its_own(self, names: Names, authority: Authority) -> None:
        """mTLS: some recipients know us by our key; it comes out of the vault and lies in no file."""
        names.known[NAME] = [[LET_THROUGH]]
        demanding = authority.server(NAME)
        demanding.verify_mode = ssl.CERT_REQUIRED
        authority.trust(demanding)
        ours = authority.trust(client_certificate(authority.pem_for("insyn.example.com")))
        async with serving(tls=demanding) as served:
            url = f"https://{NAME}:{served.port}/"
            async with client(door(url, tls=ours)) as calls:
                assert (await calls.get(url)).text == "OK"
            async with client(door(url, tls=authority.trusted())) as calls:
                assert await _refusal(calls, url) in ("ReadError", "ConnectError", "RemoteProtocolError")

    @pytest.mark.parametrize(
        "pem", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ö"]
    )
    def test_with_what_is_no_certificate_is_refused_without_showing_it(self, pem: str) -> None:
        """The message holds nothing of what was given."""
        with pytest.raises(ValueError, match=r"^no private key with its certificate$"):
            client_certificate(pem)

    def test_without_a_checked_certificate_does_not_exist(self) -> None:
        """Nobody switches it off."""
        with pytest.raises(ValueError, match="certificate"):
            door(f"https://{NAME}", tls=ssl._create_unverified_context())  # noqa: S323


async def _refusal(calls: httpx.AsyncClient, url: str, **more: Any) -> str:
    with pytest.raises(httpx.HTTPError) as refused:
        await calls.get(url, **more)
    return type(refused.value).__name__


class TestRegisteredHost:
    @pytest.mark.parametrize(
        "url",
        [
            "https://other.example.com/",
            f"https://{NAME}.evil.example.com/",
            f"https://{NAME}:8443/",
            f"http://{NAME}/",
            f"https://{LET_THROUGH}/",
            f"https://user@{NAME}/",
        ],
    )
    async def test_is_the_only_one_that_is_called(self, names: Names, authority: Authority, url: str) -> None:
        """Scheme, host and port: another is not called, however public it is."""
        names.known |= {NAME: [[LET_THROUGH]], "other.example.com": [[LET_THROUGH]]}
        with connections() as seen:
            async with client(door(f"https://{NAME}", tls=authority.trusted())) as calls:
                with pytest.raises(AddressNotAllowed):
                    await calls.get(url)

        assert (seen, names.asked) == ([], [])

    async def test_is_the_host_that_is_asked_for(self, names: Names, authority: Authority) -> None:
        """No front door of somebody else's is used for another house: neither by Host nor by server name."""
        names.known[NAME] = [[LET_THROUGH]]
        async with serving(tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            async with client(door(url, tls=authority.trusted())) as calls:
                assert await _refusal(calls, url, headers={"host": "other.example.com"}) == "NotThere"
                await calls.get(url, extensions={"sni_hostname": "other.example.com"})

        assert served.names == [NAME]

    async def test_that_redirects_is_not_followed(self, names: Names, authority: Authority) -> None:
        """A redirect is an answer; and if a caller follows it all the same, it leads to no other host."""
        names.known[NAME] = [[LET_THROUGH]]
        moved = saying(
            b"HTTP/1.1 302 Found\r\nlocation: https://127.0.0.2/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        async with serving(moved, tls=authority.server(NAME)) as served:
            url = f"https://{NAME}:{served.port}/"
            with connections() as seen:
                async with client(door(url, tls=authority.trusted())) as calls:
                    assert (await calls.get(url)).status_code == 302
                    assert await _refusal(calls, url, follow_redirects=True) == "NotThere"

        assert seen == [LET_THROUGH, LET_THROUGH]

    def test_is_named_by_address_or_by_host(self) -> None:
        """As connectors declare them and as endpoints are registered."""
        assert origin_of("https://API.example.com/v1?x=1", sandbox=False) == ("https", "api.example.com", 443)
        assert origin_of("https://api.example.com:8443", sandbox=False).port == 8443
        assert origin_of("https://1.1.1.1/", sandbox=False).host == "1.1.1.1"
        assert origin_of("https://[2606:4700::1111]:8443/", sandbox=False).host == "2606:4700::1111"
        assert origin_of("https://xn--bcher-kva.example.com/", sandbox=False).host == "xn--bcher-kva.example.com"
        assert origin_of("http://127.0.0.1:8101/tasks", sandbox=True) == ("http", "127.0.0.1", 8101)


class TestSandbox:
    async def test_calls_this_machine_over_plain_http(self) -> None:
        """The simulated processors stand there."""
        async with serving() as served:
            url = f"http://127.0.0.1:{served.port}/"
            async with open_client([url], connections=1, seconds=2, sandbox=True) as calls:
                assert (await calls.get(url)).text == "OK"
            assert await fetch_document(url, sandbox=True) == b"OK"

    async def test_is_nothing_that_a_caller_outside_it_can_reach(self) -> None:
        """Outside the sandbox the same call is refused, whoever registered it."""
        async with serving() as served:
            url = f"http://127.0.0.1:{served.port}/"
            async with open_client([url], connections=1, seconds=2, sandbox=False) as calls:
                assert await _refusal(calls, url) == "NotThere"
            with pytest.raises(AddressNotAllowed):
                await fetch_document(url, sandbox=False)

        assert served.heard == []

    def test_is_not_what_an_address_is_registered_for_outside_it(self) -> None:
        """Refused by its looks already."""
        with pytest.raises(AddressNotAllowed):
            origin_of("http://127.0.0.1:8101/tasks", sandbox=False)

    async def test_is_this_address_and_no_other_of_the_machine(self) -> None:
        """127.0.0.1, not all of 127.0.0.0/8."""
        async with serving(host=FORBIDDEN) as served:
            url = f"http://{FORBIDDEN}:{served.port}/"
            async with open_client([url], connections=1, seconds=2, sandbox=True) as calls:
                assert await _refusal(calls, url) == "NotThere"

        assert served.heard == []

    async def test_knows_no_proxy_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable of the machine's does not move our calls."""
        async with serving() as served, serving() as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("NO_PROXY")
            url = f"http://127.0.0.1:{served.port}/"
            async with open_client([url], connections=1, seconds=2, sandbox=True) as calls:
                assert (await calls.get(url)).text == "OK"

        assert proxy.heard == []


def dripping(head: bytes, *, pause: float = 0.05) -> Answer:
    """Says one byte after the other, for ever."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


class TestAnswer:
    @staticmethod
    async def read(answer: Answer, *, seconds: float = 0.2, most: int = 1000) -> bytes:
        async with serving(answer) as served:
            url = f"http://127.0.0.1:{served.port}/"
            async with (
                open_client([url], connections=1, seconds=seconds, sandbox=True) as calls,
                calls.stream("GET", url) as response,
            ):
                return await read_capped(response, most=most)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(silent, id="nothing"),
            pytest.param(dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n"), id="a body by the byte"),
            pytest.param(dripping(b"HTTP/1.1 200 OK\r\nx-slow: "), id="a head by the byte"),
            pytest.param(dripping(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 1"), id="a promise and no more"),
        ],
    )
    async def test_that_does_not_come_to_an_end_is_ended(self, answer: Answer) -> None:
        """A connection held open is a place taken: silence ends it, and so does a drip, at four silences."""
        with pytest.raises(httpx.ReadTimeout):
            async with asyncio.timeout(5):
                await self.read(answer)

    async def test_larger_than_its_reader_takes_is_not_read_on(self) -> None:
        """As it says beforehand, or as it turns out."""
        for head in (b"content-length: 1001\r\n", b"connection: close\r\n"):
            with pytest.raises(AnswerTooLarge):
                await self.read(saying(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"x" * 1001))

    async def test_larger_than_any_reader_takes_is_broken_off(self) -> None:
        """Also for a reader that counts nothing, such as a library's."""
        part = b"x" * 2**20

        async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            for _ in range(LARGEST_BODY // len(part) + 4):
                writer.write(part)
                await writer.drain()

        async with serving(endless) as served:
            url = f"http://127.0.0.1:{served.port}/"
            async with open_client([url], connections=1, seconds=5, sandbox=True) as calls:
                assert await _refusal(calls, url) == "ReadError"

    async def test_with_a_head_beyond_measure_is_broken_off(self) -> None:
        """Nor is a head read without end."""
        with pytest.raises(httpx.RemoteProtocolError):
            await self.read(saying(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n"))

    @pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"identity, gzip", b"x-unheard-of"])
    async def test_that_comes_packed_is_not_unpacked(self, encoding: bytes) -> None:
        """A thousandth of a bomb is all that travels; nothing packed was asked for."""
        bomb = gzip.compress(bytes(10 * 2**20))
        head = b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n" % (encoding, len(bomb))
        with pytest.raises(httpx.RemoteProtocolError):
            await self.read(saying(head + bomb), most=100_000)

    async def test_is_asked_for_unpacked(self) -> None:
        """So that an honest server does not pack it."""
        async with serving() as served:
            url = f"http://127.0.0.1:{served.port}/"
            async with open_client([url], connections=1, seconds=2, sandbox=True) as calls:
                await calls.get(url)

        assert b"accept-encoding: identity\r\n" in served.heard[0].lower()

    @pytest.mark.parametrize(
        ("raw", "error"),
        [
            pytest.param(b"", httpx.RemoteProtocolError, id="nothing, and hangs up"),
            pytest.param(b"no HTTP at all\r\n\r\n", httpx.RemoteProtocolError, id="no HTTP"),
            pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", httpx.RemoteProtocolError, id="cut off"),
        ],
    )
    async def test_that_is_none_is_said_in_the_clients_words(self, raw: bytes, error: type[Exception]) -> None:
        """Callers know one family of failures, and the text quotes nothing of what came."""
        with pytest.raises(error) as failed:
            await self.read(saying(raw))

        assert str(failed.value).isidentifier()

    async def test_is_not_there_where_nobody_listens(self) -> None:
        """Refused by the machine: nothing was sent."""
        async with serving(OK) as served:
            pass
        async with open_client([f"http://127.0.0.1:{served.port}"], connections=1, seconds=2, sandbox=True) as calls:
            assert await _refusal(calls, f"http://127.0.0.1:{served.port}/") == "ConnectError"


class TestPublicAddresses:
    async def test_are_for_whoever_speaks_no_http(self, names: Names) -> None:
        """Another protocol's adapter looks a name up here and connects to what it is told."""
        names.known |= {NAME: [["1.1.1.1", "2606:4700::1111", "1.1.1.1"]], "inside.example.com": [["10.0.0.1"]]}

        assert [str(one) for one in await public_addresses(NAME, 22)] == ["1.1.1.1", "2606:4700::1111"]
        with pytest.raises(AddressNotAllowed):
            await public_addresses("inside.example.com", 22)
