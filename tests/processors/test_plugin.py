"""
The kind ``plugin``: another package's adapter, found by its name, held to what every adapter promises.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors import Answer, Kind, Line, Order, Target, connect, lacks, plugin
from tests.processors.answering import ORDER, places

PACKAGE = Path(__file__).parent / "example_plugin"
LINE = Line(connections=1, seconds=0.05, sandbox=True)
CUSTOMER = ({"type": "customer_number", "value": "c-10001", "format": "text"},)


def target(**settings: Any) -> Target:
    return Target(
        key="keybox",
        endpoint="",
        secrets=(),
        answer_mode=AnswerMode.SYNC,
        idempotency=Idempotency.YES,
        settings=settings,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed as anybody would install it."""
    where = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source")
    for file in PACKAGE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            (copy / file.relative_to(PACKAGE)).parent.mkdir(parents=True, exist_ok=True)
            (copy / file.relative_to(PACKAGE)).write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(where), str(copy)], check=True, capture_output=True, text=True)
    return where


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("insyn_keybox", None)


@dataclass
class Cabinet:
    """The key cabinet on the loopback address: what it holds, and what was dropped under which task."""

    port: int
    holds: dict[str, int] = field(default_factory=lambda: {"c-10001": 2})
    dropped: list[str] = field(default_factory=list)


@asynccontextmanager
async def a_cabinet() -> AsyncIterator[Cabinet]:
    cabinet = Cabinet(0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, number, *rest = (await reader.readline()).decode().split()
        if verb == "ASK":
            said = f"HAS {cabinet.holds[number]}" if number in cabinet.holds else "NONE"
        elif rest[0] in cabinet.dropped or cabinet.holds.pop(number, None):
            cabinet.dropped += [] if rest[0] in cabinet.dropped else rest
            said = "OK"
        else:
            said = "NONE"
        writer.write(said.encode() + b"\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        cabinet.port = server.sockets[0].getsockname()[1]
        yield cabinet


@pytest.mark.usefixtures("installed")
class TestExample:
    async def test_is_found_by_its_entry_point_and_does_the_work_once(self) -> None:
        """
        The way of a task through somebody else's package: looked for, erased, and the same task again is one effect.
        """
        async with a_cabinet() as cabinet:
            adapter = connect(Kind.PLUGIN, target(plugin="keybox", host="127.0.0.1", port=cabinet.port), LINE)
            order = replace(ORDER, identifiers=CUSTOMER)
            seen = await adapter.send(replace(order, action=Action.LOCATE))
            erased = [await adapter.send(replace(order, action=Action.ERASE)) for _ in range(2)]
            gone = await adapter.send(replace(order, action=Action.LOCATE))
            await adapter.aclose()

        assert (seen.outcome, seen.body["found_categories"]) == (Outcome.COMPLETED, ["contact"])
        assert [one.outcome for one in erased] == [Outcome.COMPLETED] * 2
        assert cabinet.dropped == [ORDER.task_id]
        assert gone.outcome is Outcome.NOT_FOUND

    def test_says_itself_what_a_registration_lacks(self) -> None:
        """
        A package knows what it needs; the registration stays unconnected until it is there.
        """
        assert places(lacks(Kind.PLUGIN, target(plugin="keybox", host="127.0.0.1"))) == ["settings/port"]
        assert lacks(Kind.PLUGIN, target(plugin="keybox", host="127.0.0.1", port=1)) == []

    def test_names_what_is_installed_where_another_is_wanted(self) -> None:
        """
        A misspelt name, or another Python: the list tells them apart.
        """
        (fault,) = lacks(Kind.PLUGIN, target(plugin="keybocks"))

        assert (fault.pointer, fault.en) == ("#/settings/plugin", "There is no 'keybocks'; there are: keybox.")

    async def test_that_cannot_be_made_is_not_called_missing(self) -> None:
        """
        It is installed: whoever looks for the package looks in vain.
        """
        wrong = target(plugin="keybox", host="127.0.0.1", port="inte")
        adapter = connect(Kind.PLUGIN, wrong, LINE)
        answer = await adapter.send(ORDER)
        await adapter.aclose()

        assert places(lacks(Kind.PLUGIN, wrong)) == ["settings/port"]
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "plugin_not_made")


class TestMissing:
    def test_package_keeps_the_registration_unconnected(self) -> None:
        """
        A name that nothing installed answers to.
        """
        missing = [lacks(Kind.PLUGIN, target(plugin="keybox", host="127.0.0.1", port=1)), lacks(Kind.PLUGIN, target())]

        assert [places(one) for one in missing] == [["settings/plugin"]] * 2

    async def test_package_taken_away_later_leaves_the_task_to_a_person(self) -> None:
        """
        Nothing was sent, and nobody guesses.
        """
        adapter = connect(Kind.PLUGIN, target(plugin="keybox"), LINE)

        assert (await adapter.send(ORDER)).code == "plugin_missing"
        assert (await adapter.ask(ORDER)).outcome is Outcome.FAILED
        await adapter.aclose()


class Wild:
    """An adapter that does whatever it is told to do wrong."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    async def send(self, order: Order) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        if isinstance(self._answer, asyncio.Event):
            await self._answer.wait()
        return self._answer

    async def poll(self, order: Order, *, url: str) -> Any:
        return await self.send(order)

    async def ask(self, order: Order) -> Any:
        return await self.send(order)

    async def aclose(self) -> None: ...


def said(outcome: Outcome, **body: object) -> Answer:
    return Answer(outcome=outcome, code="said", body=body)


WILD: Mapping[str, tuple[object, Outcome, str]] = {
    "raises": (RuntimeError("anna@example.org"), Outcome.UNKNOWN, "plugin_failed"),
    "hangs": (asyncio.Event(), Outcome.UNKNOWN, "cut_off"),
    "answers nothing": (None, Outcome.UNKNOWN, "malformed"),
    "misshapes records": (said(Outcome.COMPLETED, records="all"), Outcome.UNKNOWN, "malformed"),
    "keeps without a law": (said(Outcome.RETAINED), Outcome.UNKNOWN, "malformed"),
    "is well": (said(Outcome.COMPLETED, records=[]), Outcome.COMPLETED, "said"),
    "asks for patience": (said(Outcome.ACCEPTED, records="x"), Outcome.ACCEPTED, "said"),
    "wants another try": (said(Outcome.RETRY), Outcome.RETRY, "said"),
    "ends later": (
        replace(said(Outcome.EFFECTIVE_LATER), effective_at=datetime(2026, 12, 1, tzinfo=UTC)),
        Outcome.EFFECTIVE_LATER,
        "said",
    ),
}


class TestPromise:
    @pytest.mark.parametrize(("answer", "outcome", "code"), WILD.values(), ids=WILD.keys())
    async def test_is_kept_whatever_the_package_does(
        self, monkeypatch: pytest.MonkeyPatch, answer: object, outcome: Outcome, code: str
    ) -> None:
        """
        An adapter never raises, never hangs, and says only what everybody understands.
        """
        entry = EntryPoint("wild", "tests.processors.test_plugin:Wild", plugin.GROUP)
        monkeypatch.setattr(plugin, "entry_points", lambda group: [entry])
        monkeypatch.setattr(EntryPoint, "load", lambda _self: lambda _target, _line: Wild(answer))
        adapter = connect(Kind.PLUGIN, target(plugin="wild"), LINE)
        for call in (adapter.send(ORDER), adapter.poll(ORDER, url=""), adapter.ask(ORDER)):
            found = await call
            assert (found.outcome, found.code) == (outcome, code)
            assert found.outcome is not Outcome.ACCEPTED or found.body == {}
