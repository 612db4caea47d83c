"""What an OpenDSR processor answers: believed only when signed, understood only where it is plain."""

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.fanout import Outcome
from app.processors import open_client
from app.processors.opendsr import PROFILE, Directory, OpenDsr
from tests.processors import hostile
from tests.processors.opendsr_peer import COMPLETED, DOMAIN, ERASE, ID, ORDER, Peer, a_peer, asked, sent, signer_of


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    async with a_peer(tmp_path / "peer") as peer:
        yield peer


class TestAnswer:
    async def test_is_not_read_before_its_signature(self, peer: Peer, tmp_path: Path) -> None:
        """Security guidelines: verified over the raw body, then parsed."""
        peer.status = (200, COMPLETED)
        good = await asked(peer, ERASE)
        peer.signer, _ = signer_of(tmp_path / "thief")  # another key under the same name
        async with peer.adapter() as adapter:
            forged = await adapter.ask(ERASE)

        assert (good.outcome, dict(good.body)["evidence"]) == (Outcome.COMPLETED, {"status": "completed"})
        assert (forged.outcome, forged.code) == (Outcome.UNKNOWN, "certificate_chain")

    @pytest.mark.parametrize("fault", ["unsigned", "another_domain"])
    async def test_of_nobody_is_not_believed(self, peer: Peer, fault: str) -> None:
        """Missing signature, or signed for another domain than the registered one."""
        peer.status = (200, COMPLETED)
        async with peer.adapter() as adapter:
            await adapter.send(ERASE)
            peer.is_signed = fault != "unsigned"
            peer.domain = "other.example" if fault == "another_domain" else DOMAIN
            answer = await adapter.ask(ERASE)

        assert (answer.outcome, answer.code) == (Outcome.UNKNOWN, fault)

    @pytest.mark.parametrize("word", ["pending", "in_progress", "in-progress", "processing"])
    async def test_that_it_is_under_way_waits(self, peer: Peer, word: str) -> None:
        """Every spelling of the dialects; the next look comes at the registered pace."""
        peer.status = (200, COMPLETED | {"request_status": word, "expected_completion_time": "2026-03-01T00:00:00Z"})
        answer = await asked(peer, poll_seconds=120)

        assert (answer.outcome, answer.wait) == (Outcome.ACCEPTED, timedelta(seconds=120))
        assert answer.progress["expected"] == "2026-03-01T00:00:00Z"

    @pytest.mark.parametrize("word", ["cancelled", "canceled"])
    async def test_that_it_was_cancelled_goes_to_a_person(self, peer: Peer, word: str) -> None:
        """We did not cancel it."""
        peer.status = (200, COMPLETED | {"request_status": word})
        answer = await asked(peer, ERASE)

        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "cancelled")

    async def test_that_one_further_on_has_failed_is_no_completion(self, peer: Peer) -> None:
        """mParticle passes requests on and says of each what came of it."""
        told = [{"domain": "a.example", "status": "sent"}, {"domain": "b.example", "status": "failed"}]
        extensions = {"opendsr.mparticle.com": {"distribution_status": told}}
        peer.status = (200, COMPLETED | {"extensions": extensions, "results_url": None})
        answer = await asked(peer, ERASE, dialect="mparticle", auth="basic")

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "failed_further_on")

    async def test_in_our_extension_says_what_the_protocol_cannot(self, peer: Peer) -> None:
        """No refusal and no partial completion in OpenDSR: the extension carries them."""
        kept = [{"category": "contact", "law": "BFL_7_2", "until": "2030-12-31"}]
        own = {"profile": PROFILE, "outcome": "retained", "retained": kept}
        peer.status = (200, COMPLETED | {"extensions": {DOMAIN: own}})
        answer = await asked(peer, ERASE)

        assert (answer.outcome, dict(answer.body)) == (Outcome.RETAINED, {"outcome": "retained", "retained": kept})

    @pytest.mark.parametrize("outcome", ["accepted", "perhaps", ["completed"], None, {}])
    async def test_in_our_extension_is_a_last_word(self, peer: Peer, outcome: object) -> None:
        """Completed there and accepted here is nonsense, and nonsense is nobody's answer."""
        peer.status = (200, COMPLETED | {"extensions": {DOMAIN: {"profile": PROFILE, "outcome": outcome}}})

        assert (await asked(peer, ERASE)).code == "malformed"

    @hostile.outcomes
    async def test_of_another_shape_leaves_the_outcome_unknown(self, peer: Peer, said: dict[str, Any]) -> None:
        """The adapter never raises for what the other side does."""
        peer.status = (200, COMPLETED | {"extensions": {DOMAIN: {"profile": PROFILE} | said}})
        answer = await asked(peer, ERASE)

        assert (answer.outcome, answer.code) == (Outcome.UNKNOWN, "malformed")

    async def test_about_another_request_is_not_this_ones(self, peer: Peer) -> None:
        """Signed, but said of something else."""
        peer.status = (200, COMPLETED | {"subject_request_id": ID.replace("0", "1")})

        assert (await asked(peer, ERASE)).code == "another_request"

    async def test_keeps_nothing_of_what_we_sent(self, peer: Peer) -> None:
        """``encoded_request`` brings all identifiers back: "controllers MUST NOT log or store this"."""
        async with peer.adapter() as adapter:
            answer = await adapter.send(ORDER)

        assert (dict(answer.body), answer.progress) == ({}, {"status": "pending"})


class TestTrouble:
    async def test_of_something_there_already_is_looked_at(self, peer: Peer) -> None:
        """400 or 409 after a call whose answer was lost: the request is there, and its status counts."""
        peer.created = (409, {"error": {"code": 409}})
        peer.status = (200, COMPLETED)

        assert await sent(peer, ERASE) == (Outcome.COMPLETED, "completed")

    async def test_of_a_wrong_request_goes_to_a_person(self, peer: Peer) -> None:
        """400, and nothing there: it will not get better by itself."""
        peer.created, peer.status = (400, {"error": {}}), (404, {})

        assert await sent(peer, ERASE) == (Outcome.FAILED, "http_400")

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [(429, Outcome.RETRY), (503, Outcome.RETRY), (500, Outcome.UNKNOWN), (504, Outcome.UNKNOWN),
         (401, Outcome.FAILED), (301, Outcome.FAILED)],
    )  # fmt: skip
    async def test_by_status_is_that_of_every_kind(self, peer: Peer, status: int, outcome: Outcome) -> None:
        """Not done, nobody knows, or will not."""
        peer.created = (status, {})

        assert await sent(peer) == (outcome, f"http_{status}")

    async def test_of_a_request_that_never_arrived_sends_it_again(self, peer: Peer) -> None:
        """404 to a question; AppsFlyer says 400."""
        peer.status = (404, {})
        plain = await asked(peer)
        peer.status = (400, {})
        flyer = await asked(peer, dialect="appsflyer", property_id="a", types=["access"])

        assert [(one.outcome, one.code) for one in (plain, flyer)] == [(Outcome.RETRY, "never_arrived")] * 2

    @pytest.mark.parametrize("body", [[], "x", {"supported_subject_request_types": 7, "profiles": 7}, {"x": [[]]}])
    async def test_with_discovery_tells_nobody_anything(self, peer: Peer, body: Any) -> None:
        """What is no discovery announces nothing beyond the protocol's own three types, and never ends in a fault."""
        peer.signed = lambda _status, _body: Peer.signed(peer, 200, body)  # type: ignore[method-assign]
        async with peer.adapter() as adapter:
            answer = await adapter.send(ORDER)

        assert answer.outcome in (Outcome.RETRY, Outcome.FAILED)
        assert peer.heard == []

    async def test_of_a_server_that_is_down_tries_again(self, peer: Peer, unused_tcp_port: int) -> None:
        """Nothing has been sent."""
        peer.url = f"http://127.0.0.1:{unused_tcp_port}/dsr"

        assert await sent(peer) == (Outcome.RETRY, "discovery_not_reached")


class TestDiscovery:
    async def test_is_asked_once_in_a_while(self, peer: Peer) -> None:
        """It and the certificate are kept for an hour."""
        async with peer.adapter() as adapter:
            for _ in range(3):
                await adapter.send(ORDER)

        assert (peer.calls.count("GET /dsr/discovery"), peer.calls.count("GET /dsr/certificate.pem")) == (1, 1)

    async def test_is_asked_anew_when_a_signature_does_not_fit_once_a_minute(self, peer: Peer, tmp_path: Path) -> None:
        """
        A new certificate is found; whoever sends wrong signatures does not make us fetch without end.
        """
        at = [1000.0]
        newer, newer_ca = signer_of(tmp_path / "newer")
        peer.status = (200, COMPLETED)
        named = peer.target().named | {"ca": (newer_ca, peer.ca)}
        client = open_client([peer.url], connections=1, seconds=5, sandbox=True)
        adapter = OpenDsr(peer.target(named=named), client, sandbox=True, directory=Directory(lambda: at[0]))
        first = await adapter.ask(ERASE)
        peer.signer = newer
        too_soon = [await adapter.ask(ERASE) for _ in range(3)]
        at[0] += 61
        later = await adapter.ask(ERASE)
        await adapter.aclose()

        assert [one.code for one in (first, *too_soon, later)] == ["completed", *["bad_signature"] * 3, "completed"]
        assert peer.calls.count("GET /dsr/certificate.pem") == 2

    async def test_of_one_controller_is_nobody_elses(self, peer: Peer) -> None:
        """
        GDPR Art. 5(1)(f): who pins a certificate has fetched none, and what is announced to one login is for that one.
        """
        directory, withca = Directory(), peer.target().named
        pinned = {"token": ("t",), "certificate": (peer.signer.chain.decode(),)}
        answers = []
        for controller, named, types in (
            ("westra", pinned, ["access"]),
            ("sensor-alarm", withca, ["access"]),
            ("ornvakt", withca, ["erasure"]),
            ("westra", withca, ["access"]),  # it has given up its pin
        ):
            peer.types = types
            target = dataclasses.replace(peer.target(named=named), controller=controller)
            client = open_client([peer.url], connections=1, seconds=5, sandbox=True)
            adapter = OpenDsr(target, client, sandbox=True, directory=directory)
            answers.append((await adapter.send(ORDER)).code)
            await adapter.aclose()

        assert answers == ["pending", "pending", "type_not_announced", "pending"]


class TestResults:
    @pytest.mark.parametrize(
        ("raw", "kind", "rows"),
        [
            (json.dumps([{"email": "a@example.org"}]).encode(), "application/json", [{"email": "a@example.org"}]),
            (b"\xef\xbb\xbfemail,city\na@example.org,Lund\n", "text/csv; charset=utf-8",
             [{"email": "a@example.org", "city": "Lund"}]),
            (json.dumps({"contact": [{"a": 1}]}).encode(), "application/json", [{"a": 1}]),
            (json.dumps({"records": [{"category": "contact", "rows": [{"a": 1}]}]}).encode(), "application/json",
             [{"a": 1}]),
        ],
    )  # fmt: skip
    async def test_become_records(self, peer: Peer, raw: bytes, kind: str, rows: list[Any]) -> None:
        """JSON or CSV, filed under the task's category."""
        peer.status = (200, COMPLETED | {"results_url": f"{peer.url}/results", "results_count": 1})
        peer.results = (200, raw, kind)
        answer = await asked(peer)

        assert answer.outcome is Outcome.COMPLETED
        assert answer.body["records"] == [{"category": "contact", "rows": rows}]

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:9/results", "https://elsewhere.example/results", "https://[", "file:///etc/passwd", "//x"],
    )
    async def test_are_fetched_from_the_registered_host_alone(self, peer: Peer, url: str) -> None:
        """Whoever has the processor's key must not make us fetch from anywhere (SSRF)."""
        peer.status = (200, COMPLETED | {"results_url": url})
        answer = await asked(peer)

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "results_elsewhere")

    @pytest.mark.parametrize(
        ("results", "code"),
        [
            ((410, b"", "text/plain"), "results_gone"),
            ((200, b"PK", "application/zip"), "results_format"),
            ((200, b"{", "application/json"), "results_malformed"),
            ((200, b'[{"a": "\\u0000"}]', "application/json"), "results_malformed"),
            ((200, b"a,b\n1,2,3\n", "text/csv"), "results_malformed"),
            ((200, b"\xff\xfe", "text/csv"), "results_malformed"),
            ((503, b"", "text/plain"), "http_503"),
            ((200, b'{"records": [7]}', "application/json"), "malformed"),
        ],
    )
    async def test_that_cannot_be_read_go_to_a_person_or_are_fetched_again(
        self, peer: Peer, results: tuple[int, bytes, str], code: str
    ) -> None:
        """A copy is what the person can read, never a file that nobody opened."""
        peer.status = (200, COMPLETED | {"results_url": f"{peer.url}/results"})
        peer.results = results

        assert (await asked(peer)).code == code

    async def test_of_several_categories_say_which(self, peer: Peer) -> None:
        """Rows are not filed at a guess."""
        order = dataclasses.replace(ORDER, categories=("contact", "visits"))
        peer.status = (200, COMPLETED | {"results_url": f"{peer.url}/results"})
        peer.results = (200, b'[{"a": 1}]', "application/json")

        assert (await asked(peer, order)).code == "results_without_category"
        assert (await asked(peer, order, results_category="visits")).body["records"][0]["category"] == "visits"

    async def test_that_are_none_mean_nothing_is_held(self, peer: Peer) -> None:
        """A count of nothing is "not found"; no word of results at all is for a person to look at."""
        peer.status = (200, COMPLETED | {"results_count": 0})

        assert (await asked(peer)).outcome is Outcome.NOT_FOUND

    async def test_are_fetched_with_our_login_only_where_it_belongs(self, peer: Peer) -> None:
        """Credentials go to the registered origin and nowhere else."""
        peer.status = (200, COMPLETED | {"results_url": f"{peer.url}/results"})
        await asked(peer)

        assert peer.headers[-1]["authorization"] == "Bearer t0ken"


class TestTakingBack:
    async def test_is_the_protocols_cancel(self, peer: Peer) -> None:
        """Specification 9: DELETE, while it is pending."""
        async with peer.adapter() as adapter:
            assert await adapter.recall(ORDER.task_id) == "http_202"
        assert peer.calls == [f"DELETE /dsr/requests/{ID}"]
