"""
Whom the kinds that call a server believe it to be: the door connects to a number, and the name stays what is checked.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors import Answer, Kind, Line, Target, connect, lacks, take_back
from tests.processors.answering import ORDER, places
from tests.processors.egress.world import LET_THROUGH, Authority, connections
from tests.processors.tls import HOST, Peer, demanding, standing

LINE = Line(connections=1, seconds=5, sandbox=False)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
DISCOVERY = {"supported_subject_request_types": ["access"], "supported_identities": [], "profiles": []}
ANSWERS: dict[str, tuple[int, Any]] = {
    "POST /insyn": (200, {"outcome": "not_found"}),
    "GET /insyn/discovery": (200, DISCOVERY),
}
OVER = timedelta(hours=-1)

pytestmark = pytest.mark.usefixtures("loopback_counts_as_public")


@pytest.fixture(params=[Kind.WEBHOOK, Kind.OPENDSR])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@contextmanager
def processor(authority: Authority, host: str = HOST, **more: Any) -> Iterator[Peer]:
    """A processor at HOST whose certificate is for *host*."""
    with standing(authority.server(host, **more), dict(ANSWERS)) as peer:
        yield peer


def target(peer: Peer, **settings: Any) -> Target:
    return Target(
        key=f"guard-{peer.port}",
        endpoint=f"{peer.url}/insyn",
        secrets=(SECRET,),
        answer_mode=AnswerMode.SYNC,
        idempotency=Idempotency.YES,
        settings=settings,
        named={"token": ("t-1",)},
        categories=("contact",),
    )


async def sent(kind: Kind, peer: Peer, authority: Authority | None) -> Answer:
    settings = {"server_ca": authority.pem} if authority else {}
    adapter = connect(kind, target(peer, **settings), LINE)
    try:
        return await adapter.send(replace(ORDER, action=Action.EXPORT))
    finally:
        await adapter.aclose()


class TestServersCertificate:
    async def test_of_its_name_and_a_named_authority_is_believed(self, kind: Kind, authority: Authority) -> None:
        """The number is connected to; what is asked for and checked is the name."""
        with processor(authority) as peer, connections() as seen:
            answer = await sent(kind, peer, authority)

        # OpenDSR goes no further than to find that nobody has shown whose signature to believe.
        said = {Kind.WEBHOOK: (Outcome.NOT_FOUND, "http_200"), Kind.OPENDSR: (Outcome.FAILED, "no_certificate")}
        assert (answer.outcome, answer.code) == said[kind]
        heard = {Kind.WEBHOOK: ["POST /insyn"], Kind.OPENDSR: ["GET /insyn/discovery"]}
        assert (peer.heard, peer.names, set(seen)) == (heard[kind], [HOST], {LET_THROUGH})

    async def test_of_an_authority_nobody_knows_is_not(self, kind: Kind, authority: Authority) -> None:
        """Not even to ask what it does."""
        with processor(authority) as peer:
            answer = await sent(kind, peer, None)

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_not_trusted")
        assert (peer.heard, peer.names, peer.handshakes) == ([], [HOST], 0)

    async def test_of_another_authority_than_the_named_is_not(
        self, kind: Kind, authority: Authority, other_authority: Authority
    ) -> None:
        """The machine's list does not count beside it, nor anybody else."""
        with processor(authority) as peer:
            answer = await sent(kind, peer, other_authority)

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.RETRY, "server_certificate_not_trusted", [])

    @pytest.mark.parametrize("other", ["other.example.com", "vendor.example", LET_THROUGH])
    async def test_of_another_name_is_not(self, kind: Kind, authority: Authority, other: str) -> None:
        """Nor of the number that is connected to: whoever took over the address has not taken over the name."""
        with processor(authority, other) as peer:
            answer = await sent(kind, peer, authority)

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_of_another_name")
        assert (peer.heard, peer.names) == ([], [HOST])

    async def test_that_is_over_is_not(self, kind: Kind, authority: Authority) -> None:
        """Somebody there has to renew it; until then the task waits."""
        with processor(authority, ends=OVER) as peer:
            answer = await sent(kind, peer, authority)

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_out_of_its_days")
        assert peer.heard == []

    async def test_that_comes_with_a_wish_for_ours_is_a_persons(self, kind: Kind, authority: Authority) -> None:
        """These kinds show none: no number of tries changes that."""
        with standing(demanding(authority.server(HOST), authority), dict(ANSWERS)) as peer:
            answer = await sent(kind, peer, authority)

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.FAILED, "certificate_required", [])

    async def test_is_checked_where_a_request_is_taken_back_too(self, authority: Authority) -> None:
        """What goes out beside the lanes goes through the same door."""
        with processor(authority) as peer:
            believed = await take_back(Kind.OPENDSR, target(peer, server_ca=authority.pem), LINE, ORDER.task_id)
            refused = await take_back(Kind.OPENDSR, target(peer), LINE, ORDER.task_id)

        assert (believed, refused) == ("http_501", "server_certificate_not_trusted")


class TestNamedAuthority:
    def test_keeps_a_registration_off_when_it_is_none(self, kind: Kind, authority: Authority) -> None:
        """Said when it is switched on, not by the first task."""
        peer = Peer(8443)

        assert lacks(kind, target(peer)) == []
        assert lacks(kind, target(peer, server_ca=authority.pem)) == []
        for unfit in ("", "no PEM", authority.pem_for(HOST), 7):
            assert places(lacks(kind, target(peer, server_ca=unfit))) == ["settings/server_ca"]

    async def test_that_cannot_be_read_any_more_trusts_nobody(self, authority: Authority) -> None:
        """A webhook whose settings were spoilt somehow: every server is a stranger then."""
        with processor(authority) as peer:
            adapter = connect(Kind.WEBHOOK, target(peer, server_ca="no PEM"), LINE)
            answer = await adapter.send(ORDER)
            await adapter.aclose()

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.RETRY, "server_certificate_not_trusted", [])
