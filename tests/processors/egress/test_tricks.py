"""
The corpus: every known way of making us call where we should not, through the real client, counted at the socket.
"""

import contextlib
import json
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import pytest

from app.processors import AddressNotAllowed, check_address, fetch_document, open_client
from app.processors._egress import spelling
from app.processors._egress.pinned import PinnedBackend, PinnedTransport
from app.processors._egress.spelling import Origin
from tests.harness.every import every_one
from tests.processors.egress.world import LET_THROUGH, Authority, Names, connections, serving

#: One trick a line: what it plays on (``class``), where that is known from (``origin``), the address, and for a name
#: what the name server says (``answers``).
TRICKS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "tricks.jsonl").read_text(encoding="ascii").splitlines()
]
LEADS_INSIDE = "name that leads inside"
SPELLED = [one for one in TRICKS if one["class"] != LEADS_INSIDE]
NAMED = [one for one in TRICKS if one["class"] == LEADS_INSIDE]


def each(tricks: list[dict[str, Any]]) -> pytest.MarkDecorator:
    """A test for every class of tricks; which tricks of the class fail, it says itself."""
    classes = {one["class"]: [other for other in tricks if other["class"] == one["class"]] for one in tricks}
    return pytest.mark.parametrize("tricks", classes.values(), ids=classes.keys())


def knows(names: Names, trick: dict[str, Any]) -> None:
    names.known.clear()
    if "answers" in trick:
        names.known[httpx.URL(trick["url"]).host] = [trick["answers"]]


def all_origins(url: str) -> frozenset[Origin]:
    """The address as registered by mistake, in every reading of it."""
    found = set()
    with contextlib.suppress(Exception):
        found.add(spelling.origin_as_read(httpx.URL(url)))
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        found.add(Origin(parts.scheme, parts.hostname or "", parts.port or 443))
    return frozenset(found)


class TestCorpus:
    def test_is_large_and_says_where_each_is_from(self) -> None:
        """Three hundred at least, none twice, each with its class and origin."""
        assert len(TRICKS) >= 300
        assert len({json.dumps(one) for one in TRICKS}) == len(TRICKS)
        assert all(one["class"] and one["origin"] for one in TRICKS)


class TestTrick:
    @each(SPELLED)
    def test_is_refused_when_it_is_registered(self, tricks: list[dict[str, Any]]) -> None:
        """By its looks, in the sandbox as outside it."""
        with every_one() as every:
            for trick, sandbox in product(tricks, (False, True)):
                with every((trick, sandbox)), pytest.raises(AddressNotAllowed):
                    check_address(trick["url"], sandbox=sandbox)

    @each(NAMED)
    async def test_that_leads_inside_looks_like_any_name(self, tricks: list[dict[str, Any]]) -> None:
        """So that what refuses it below is the connection, and not its looks."""
        with every_one() as every:
            for trick in tricks:
                with every(trick):
                    check_address(trick["url"], sandbox=False)

    @each(TRICKS)
    async def test_fetched_as_a_document_connects_to_nothing(self, tricks: list[dict[str, Any]], names: Names) -> None:
        """OWASP API7: the whole way, as a key set is fetched; in the sandbox as outside it."""
        with every_one() as every:
            for trick, sandbox in product(tricks, (False, True)):
                knows(names, trick)
                with every((trick, sandbox)):
                    with connections() as seen, pytest.raises((AddressNotAllowed, httpx.HTTPError)):
                        await fetch_document(trick["url"], sandbox=sandbox)
                    assert seen == []

    @each(TRICKS)
    async def test_registered_by_mistake_connects_to_nothing(
        self, tricks: list[dict[str, Any]], names: Names, authority: Authority
    ) -> None:
        """Nobody looked when it was registered: the client alone still holds."""
        tls = authority.trusted()
        with every_one() as every:
            for trick in tricks:
                knows(names, trick)
                origins = all_origins(trick["url"])
                transport = PinnedTransport(origins, connections=1, seconds=2, sandbox=False, tls=tls)
                with every(trick):
                    with connections() as seen:
                        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
                            with pytest.raises((AddressNotAllowed, httpx.HTTPError, httpx.InvalidURL)):
                                await client.get(trick["url"])
                    assert seen == []

    @each(TRICKS)
    async def test_that_came_as_far_as_the_socket_connects_to_nothing(
        self, tricks: list[dict[str, Any]], names: Names
    ) -> None:
        """Nobody looked at all: the innermost layer alone still holds, whatever host it is handed."""
        backend = PinnedBackend(sandbox=False)
        with every_one() as every:
            for trick in tricks:
                knows(names, trick)
                hosts = {origin.host for origin in all_origins(trick["url"])} or {trick["url"]}
                with every(trick):
                    with connections() as seen:
                        for host in hosts:
                            with pytest.raises((AddressNotAllowed, httpcore.NetworkError)):
                                await backend.connect_tcp(host, 443, timeout=2)
                    assert seen == []


class TestCounter:
    async def test_sees_a_call_that_is_let_through(self, names: Names) -> None:
        """Nothing counted means nothing connected only if what does connect is counted."""
        async with serving() as served:
            url = f"http://{LET_THROUGH}:{served.port}/"
            with connections() as seen:
                async with open_client([url], connections=1, seconds=2, sandbox=True) as client:
                    assert (await client.get(url)).text == "OK"

        assert seen == [LET_THROUGH]
