"""The conformance kit: it passes who keeps the contract, and names the very rule that somebody breaks."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.domain.fanout import Action
from processor_kit.conformance import RULES, NobodyThere, Report, Setup, as_json, as_text, run
from processor_kit.conformance.__main__ import main
from sandbox.categories import KINDS
from sandbox.people import BY_ID
from sandbox.processors import running
from sandbox.services import SERVICES
from sandbox.services._service import Pace, Service
from sandbox.store import Connection, Store
from tests.harness.house import new_secret
from tests.processor_kit.breakable import Breakable, a_processor
from tests.processor_kit.desk_world import Clerk, a_desk

#: How a processor has to answer for a rule to apply to it.
NEEDS = {
    "answer-in-time": "callback",
    "location": "poll",
    "callback-signed": "callback",
    "callback-repeated": "callback",
    "query-known": "poll",
    "query-unknown": "poll",
    "query-signed": "poll",
}


KEPT = [{"category": "contact", "law": "CLAIM_OWN", "until": "2027-12-31"}]


def setup_of(processor: Breakable, **changed: Any) -> Setup:
    return Setup(endpoint=processor.url, secret=processor.secret, **{"within": 1.0} | changed)


def verdicts(report: Report) -> dict[str, str]:
    return {one.rule.name: one.verdict for one in report.findings}


class TestWhoKeepsTheContract:
    @pytest.mark.parametrize("answers", ["sync", "poll", "callback"])
    async def test_passes_every_rule_that_applies(self, answers: str) -> None:
        async with a_processor(answers=answers) as processor:
            report = await run(setup_of(processor, within=10.0))

        assert report.is_good, as_text(report)
        assert report.answers == answers
        untested = {name for name, verdict in verdicts(report).items() if verdict == "not_tested"}
        assert untested <= {name for name, needed in NEEDS.items() if needed != answers} | {"answer-in-time"}


class TestARule:
    def test_has_a_name_of_its_own_and_says_what_the_contract_says(self) -> None:
        names = [one.name for one in RULES]

        assert len(set(names)) == len(names)
        assert all(len(one.contract) > 30 for one in RULES)

    @pytest.mark.parametrize("name", [one.name for one in RULES])
    async def test_is_broken_by_who_breaks_it(self, name: str) -> None:
        """One deliberate fault a rule: a rule that nobody has seen fail may well be unable to."""
        async with a_processor(name, NEEDS.get(name, "sync")) as processor:
            seconds = 0.3 if name == "time" else 15.0
            setup = setup_of(processor, answers=NEEDS.get(name), call_seconds=seconds)
            report = await run(setup, only=[name])

        assert verdicts(report)[name] == "broken", as_text(report)

    @pytest.mark.parametrize(
        ("action", "says", "verdict"),
        [
            ("export", {"outcome": "retained", "retained": KEPT}, "broken"),
            ("restrict", {"outcome": "retained", "retained": KEPT}, "broken"),
            ("stop_marketing", {"outcome": "completed_partial", "message": "Bara e-post."}, "broken"),
            ("erase", {"outcome": "completed_partial", "retained": KEPT}, "broken"),
            ("erase", {"outcome": "completed_partial", "retained": KEPT, "erased_categories": ["calls"]}, "passed"),
            ("rectify", {"outcome": "completed_partial", "message": "Bara e-post."}, "passed"),
        ],
    )
    async def test_of_outcomes_lets_no_law_keep_what_it_cannot(
        self, action: str, says: dict[str, Any], verdict: str
    ) -> None:
        """What can never end a task is found before it is said about somebody (Art. 12(4), 15, 17(3), 21(3))."""
        async with a_processor() as processor:
            processor.says = says
            setup = setup_of(processor, actions=(Action(action),), categories=("contact", "calls"))
            report = await run(setup, only=["outcome-readable"])

        assert verdicts(report)["outcome-readable"] == verdict, as_text(report)

    async def test_that_cannot_be_tried_says_why(self) -> None:
        async with a_processor() as processor:
            report = await run(setup_of(processor, idempotency="no"), only=["replay"])

        (finding,) = report.findings
        assert (finding.verdict, finding.why) == ("not_tested", "Idempotency is 'no'.")


class TestTheReport:
    async def test_shows_what_was_sent_and_what_came(self) -> None:
        """A developer can act on it: the rule's name, the contract's words, the call, the answer."""
        async with a_processor("signature-old") as processor:
            report = await run(setup_of(processor))
            text = as_text(report)

        assert "== signature-old" in text
        assert "five minutes" in text
        assert "webhook-timestamp" in text
        assert "came  200" in text

    async def test_is_read_by_machines(self) -> None:
        async with a_processor("signature-old") as processor:
            said = json.loads(as_json(await run(setup_of(processor))))

        broken = [one["rule"] for one in said["rules"] if one["verdict"] == "broken"]
        assert (said["is_good"], said["broken"], broken) == (False, 1, ["signature-old"])

    async def test_holds_no_secret(self) -> None:
        """The report is passed on; what signs is not."""
        async with a_processor("signature-old") as processor:
            report = await run(setup_of(processor))

        assert processor.secret not in as_text(report) + as_json(report) + repr(setup_of(processor))

    async def test_of_nobody_there_is_none(self, unused_tcp_port: int) -> None:
        """No rule is broken by who is not there: there is nothing to test."""
        with pytest.raises(NobodyThere, match=f"{unused_tcp_port}/insyn: no connection: nobody listens there"):
            await run(Setup(endpoint=f"http://127.0.0.1:{unused_tcp_port}/insyn", secret=new_secret()))

    async def test_shows_one_cause_once(self) -> None:
        """With the wrong secret every task is refused: one call is shown, the other rules refer to it."""
        async with a_processor() as processor:
            text = as_text(await run(Setup(endpoint=processor.url, secret=new_secret(), within=1.0)))

        assert text.count("A task of the contract was answered 401.") > 2
        assert text.count("came  401") == 1
        assert "as under signature-valid" in text


class TestTheCommand:
    async def command(self, processor: Breakable, folder: Path, *more: str) -> int:
        file = folder / "secret"
        file.write_text(processor.secret)
        arguments = [processor.url, "--secret-file", str(file), *more]
        return await asyncio.to_thread(main, arguments)

    async def test_ends_with_0_for_who_keeps_the_contract(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with a_processor() as processor:
            assert await self.command(processor, tmp_path) == 0
        assert "0 broken" in capsys.readouterr().out

    async def test_ends_with_1_for_who_does_not(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        async with a_processor("signature-wrong") as processor:
            assert await self.command(processor, tmp_path, "--json", "--rule", "signature-wrong") == 1
        assert json.loads(capsys.readouterr().out)["broken"] == 1

    @pytest.mark.parametrize(
        ("url", "secret"),
        [("http://processor.example/insyn", new_secret()), ("https://x.example", "kort"), ("x", "")],
        ids=["no https", "short secret", "no address"],
    )
    def test_ends_with_2_where_nothing_can_be_tested(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, secret: str
    ) -> None:
        (tmp_path / "s").write_text(secret)

        assert main([url, "--secret-file", str(tmp_path / "s")]) == 2
        assert capsys.readouterr().err.startswith("insyn processor test: ")

    def test_ends_with_2_and_one_line_where_nobody_listens(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
    ) -> None:
        (tmp_path / "s").write_text(new_secret())
        url = f"http://127.0.0.1:{unused_tcp_port}/insyn"

        assert main([url, "--secret-file", str(tmp_path / "s")]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err) == (
            "",
            f"insyn processor test: {url}: no connection: nobody listens there.\n",
        )

    def test_names_a_secret_file_that_is_missing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        missing = tmp_path / "test.secret"

        assert main(["https://x.example", "--secret-file", str(missing)]) == 2
        assert str(missing) in capsys.readouterr().err

    def test_names_the_option_of_a_taken_port(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "s").write_text(new_secret())
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            arguments = ["http://127.0.0.1:1/x", "--secret-file", str(tmp_path / "s"), "--callback-port", port]

            assert main(arguments) == 2
        assert f"port {port} is taken: choose another with --callback-port" in capsys.readouterr().err


class TestTheSandboxesProcessors:
    @pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.name)
    async def test_pass(self, service: Service, tmp_path: Path) -> None:
        """Every action of the contract, about somebody they know."""
        anna, secret, store = BY_ID["anna-lindqvist"], new_secret(), Store(tmp_path / "world.sqlite")
        controller = next(one for one, known in anna.known_by.items() if service.name in known)
        connection = Connection(controller=controller, processor="p", service=service.name, secret=secret)
        store.connect(connection)
        try:
            async with running(store, pace=Pace(0.05, 0.1), services=(service,)) as urls:
                setup = Setup(
                    endpoint=f"{urls[service.name]}/{controller}",
                    secret=secret,
                    controller=controller,
                    actions=tuple(Action),
                    categories=tuple(KINDS[controller]),
                    identifiers=tuple(one for one in anna.identifiers if one[0] in ("email", "customer_number")),
                    idempotency=service.idempotency,
                    within=20.0,
                )
                report = await run(setup)
        finally:
            store.close()

        assert report.is_good, as_text(report)
        assert report.answers == service.answers


class TestTheDesk:
    @pytest.fixture
    def port(self, unused_tcp_port_factory: Callable[[], int]) -> int:
        """Where the kit is called back; the desk is told at its start."""
        return unused_tcp_port_factory()

    @pytest.fixture
    async def clerk(self, tmp_path: Path, unused_tcp_port: int, port: int) -> AsyncIterator[Clerk]:
        """Somebody who answers whatever comes at once."""
        async with a_desk(tmp_path / "guard", unused_tcp_port, insyn=f"http://127.0.0.1:{port}") as clerk:
            working = asyncio.create_task(self.work(clerk))
            try:
                yield clerk
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    @staticmethod
    async def work(clerk: Clerk) -> None:
        while True:
            for task in await clerk.waiting():
                await clerk.answer(task, "not_found")
            await asyncio.sleep(0.05)

    @pytest.mark.parametrize("answers", ["poll", "callback"])
    async def test_passes(self, clerk: Clerk, answers: Any, port: int) -> None:
        """Both ways of hearing from it, with a person at its page."""
        setup = Setup(
            endpoint=f"{clerk.config.public_url}/insyn",
            secret=clerk.config.secrets[0],
            actions=tuple(Action),
            answers=answers,
            callback_port=port,
            within=20.0,
        )
        report = await run(setup)

        assert report.is_good, as_text(report)
        assert report.count("passed") >= 20
