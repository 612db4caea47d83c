"""
Mutual TLS for real: a vendor that lets nobody in without a certificate, and what becomes of an order when it does not.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.fanout import Action, Outcome
from app.processors import Answer
from app.processors.rest.adapter import Rest
from app.processors.rest.registration import lacking
from tests.processors.answering import places
from tests.processors.egress.world import OK, Authority, saying, serving
from tests.processors.rest.vendor import ANNA, FIND, LINE, NUMBER, OUTPUTS, connector, order, target
from tests.processors.tls import HOST, OURS, Peer, demanding, standing

OUTSIDE = replace(LINE, sandbox=False)
PEOPLE: dict[str, tuple[int, Any]] = {"GET /people": (200, [ANNA]), "GET /people/7/calls": (200, [{"at": "09:15"}])}
ONE_SECRET = "secrets: {cert: {}}\nauth: {kind: mtls, certificate: cert, key: cert}"
TWO_SECRETS = "secrets: {cert: {}, private: {}}\nauth: {kind: mtls, certificate: cert, key: private}"
ACTIONS = "actions: {export: {effect: read}}"
#: A call that may have taken effect when nothing more is heard of it.
HOLD = "{id: hold, request: {method: POST, path: /hold}}"
WRITES = f"actions: {{restrict: {{effect: restricted, lookup: false, steps: [{HOLD}]}}}}"
BEGIN = "-----BEGIN CERTIFICATE-----"
OVER = timedelta(hours=-1)

pytestmark = pytest.mark.usefixtures("loopback_counts_as_public")


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    """In the newer one a refusal comes only after we have begun to speak."""
    found: ssl.TLSVersion = request.param
    return found


@contextmanager
def vendor(
    authority: Authority, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, *, believes: Authority | None = None
) -> Iterator[Peer]:
    """A vendor that wants a certificate signed by *believes* (else *authority*)."""
    context = demanding(authority.server(HOST), believes or authority)
    context.maximum_version = version
    with standing(context, PEOPLE) as peer:
        yield peer


def parts(pem: str) -> tuple[str, str]:
    """Key and certificate of a PEM that holds both."""
    key, line, rest = pem.partition(BEGIN)
    return key, line + rest


async def sent(
    peer: Peer, authority: Authority | None, *texts: str, action: Action = Action.EXPORT, **named: Any
) -> Answer:
    """What one order comes to, through the whole adapter, outside the sandbox."""
    found = adapter(peer, authority, *texts, **named)
    try:
        return await found.send(order(action))
    finally:
        await found.aclose()


def adapter(peer: Peer, authority: Authority | None, *texts: str, **named: Any) -> Rest:
    made = connector(f"base_url: {{test: {peer.url}}}", FIND, OUTPUTS, *texts)
    settings: dict[str, Any] = {"categories": dict.fromkeys(made.outputs, "contact")}
    settings |= {"server_ca": authority.pem} if authority else {}
    return Rest(made, target(connector="vendor", named=named, **settings), OUTSIDE)


class TestClientCertificate:
    async def test_lets_us_in_and_says_who_we_are(self, authority: Authority, version: ssl.TLSVersion) -> None:
        """The whole order is done in one identity: the server reads it from the certificate of every call."""
        with vendor(authority, version) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=authority.pem_for(OURS))

        assert (answer.outcome, answer.code) == (Outcome.COMPLETED, "done")
        assert [row for one in answer.body["records"] for row in one["rows"]] == [ANNA, {"at": "09:15"}]
        assert (peer.heard, set(peer.subjects)) == (["GET /people", "GET /people/7/calls"], {OURS})
        assert set(peer.names) == {HOST}

    async def test_may_lie_in_two_secrets(self, authority: Authority) -> None:
        """Key and certificate come from different people: the one never leaves the house, the other is sent back."""
        key, certificate = parts(authority.pem_for(OURS))
        with vendor(authority) as peer:
            answer = await sent(peer, authority, TWO_SECRETS, ACTIONS, cert=certificate, private=key)

        assert (answer.outcome, peer.subjects[0]) == (Outcome.COMPLETED, OURS)

    async def test_goes_with_another_way_of_logging_in(self, authority: Authority) -> None:
        """`then`: the certificate opens the line, a key the account."""
        then = """
secrets: {cert: {}, key: {}}
auths: {account: {kind: bearer, token: "{{ secrets.key }}"}}
auth: {kind: mtls, certificate: cert, key: cert, then: account}
"""
        with vendor(authority) as peer:
            answer = await sent(peer, authority, then, ACTIONS, cert=authority.pem_for(OURS), key="k-1")

        assert (answer.outcome, peer.subjects[0]) == (Outcome.COMPLETED, OURS)


class TestRefusedCertificate:
    """A refusal is an answer in our words: nothing was sent, a person is told what to do, and no key is shown."""

    async def test_of_another_authority(
        self, authority: Authority, other_authority: Authority, version: ssl.TLSVersion
    ) -> None:
        """The vendor does not know who signed it: give it the certificate, or get one from it."""
        pem = other_authority.pem_for(OURS)
        with vendor(authority, version) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pem)

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.FAILED, "certificate_refused", [])
        assert "cert" in answer.body["message"]
        assert _shows_nothing_of(pem, answer)

    async def test_is_no_doubt_about_what_was_done(
        self, authority: Authority, other_authority: Authority, version: ssl.TLSVersion
    ) -> None:
        """A change is not in doubt when the door stayed shut: it may be sent again without looking."""
        with vendor(authority, version) as peer:
            answer = await sent(
                peer, authority, ONE_SECRET, WRITES, action=Action.RESTRICT, cert=other_authority.pem_for(OURS)
            )

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.FAILED, "certificate_refused", [])
        assert not (answer.progress or {}).get("doubt")

    async def test_where_none_was_shown(self, authority: Authority, version: ssl.TLSVersion) -> None:
        """A connector that knows of no certificate, at a vendor that has begun to want one."""
        with vendor(authority, version) as peer:
            answer = await sent(peer, authority, ACTIONS)

        said = {
            ssl.TLSVersion.TLSv1_3: (Outcome.FAILED, "certificate_required"),
            # The older protocol has no word for it but that no agreement was reached.
            ssl.TLSVersion.TLSv1_2: (Outcome.RETRY, "tls_failed"),
        }
        assert ((answer.outcome, answer.code), peer.heard) == (said[version], [])

    async def test_by_a_server_that_breaks_off_without_a_word(
        self, authority: Authority, other_authority: Authority
    ) -> None:
        """What a repeatable call was cut off from is tried again; of a change nobody knows. Neither is an exception."""
        context = demanding(authority.server(HOST), authority)
        async with serving(OK, tls=context) as served:
            peer = Peer(served.port)
            read = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=other_authority.pem_for(OURS))
            wrote = await sent(
                peer, authority, ONE_SECRET, WRITES, action=Action.RESTRICT, cert=other_authority.pem_for(OURS)
            )

        assert (read.outcome, read.code) == (Outcome.RETRY, "cut_off")
        assert (wrote.outcome, wrote.code) == (Outcome.UNKNOWN, "cut_off")
        assert served.heard == []

    async def test_in_the_words_of_http_is_the_connectors_to_judge(self, authority: Authority) -> None:
        """Some servers (nginx) let anybody into TLS and say 400 then."""
        raw = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        async with serving(saying(raw), tls=authority.server(HOST)) as served:
            answer = await sent(Peer(served.port), authority, ONE_SECRET, ACTIONS, cert=authority.pem_for(OURS))

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "http_400")


class TestUnfitCertificate:
    """What cannot let anybody in is not tried: the code says what is wrong with it, before anything is sent."""

    async def test_that_is_over(self, authority: Authority) -> None:
        """Certificates end; the vendor need not be asked."""
        pem = authority.pem_for(OURS, ends=OVER)
        with vendor(authority) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pem)

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "certificate_out_of_its_days")
        assert (peer.names, peer.heard) == ([], [])
        assert "cert" in answer.body["message"]
        assert _shows_nothing_of(pem, answer)

    async def test_that_is_not_the_keys(self, authority: Authority) -> None:
        """Two secrets that do not belong together."""
        (key, _), (_, certificate) = parts(authority.pem_for(OURS)), parts(authority.pem_for(OURS))
        with vendor(authority) as peer:
            answer = await sent(peer, authority, TWO_SECRETS, ACTIONS, cert=certificate, private=key)

        assert (answer.outcome, answer.code, peer.names) == (Outcome.FAILED, "certificate_unfit", [])
        assert "cert" in answer.body["message"]
        assert "private" in answer.body["message"]
        assert _shows_nothing_of(key, answer)

    def test_keeps_the_registration_from_being_switched_on(self, authority: Authority) -> None:
        """Whoever gives it is told at once, and not by the first task."""
        key, certificate = parts(authority.pem_for(OURS))
        made = connector("base_url: {test: https://api.vendor.example}", FIND, OUTPUTS, TWO_SECRETS, ACTIONS)
        settings = {"connector": "vendor", "categories": dict.fromkeys(made.outputs, "contact")}
        others = parts(authority.pem_for(OURS))[1]

        fits = target(named={"cert": certificate, "private": key}, **settings)
        assert lacking(made, fits) == []
        assert places(lacking(made, target(named={"cert": others, "private": key}, **settings))) == ["secrets/cert"]
        assert places(lacking(made, target(named={"cert": "no PEM", "private": key}, **settings))) == ["secrets/cert"]


class TestRotation:
    """The next certificate is given while the one before is good still: no order is lost on the way."""

    async def test_shows_the_newest(self, authority: Authority) -> None:
        """From the moment it is given, where the vendor believes both."""
        pems = (authority.pem_for("insyn-2027.example.com"), authority.pem_for(OURS))
        with vendor(authority) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pems)

        assert (answer.outcome, set(peer.subjects)) == (Outcome.COMPLETED, {"insyn-2027.example.com"})

    async def test_shows_the_one_before_while_the_vendor_refuses_the_newest(
        self, authority: Authority, other_authority: Authority, version: ssl.TLSVersion
    ) -> None:
        """The vendor has not learnt of it yet. Nothing was sent under it, so the other may be, and is from then on."""
        pems = (other_authority.pem_for("insyn-2027.example.com"), authority.pem_for(OURS))
        with vendor(authority, version) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pems)

        assert (answer.outcome, answer.code, set(peer.subjects)) == (Outcome.COMPLETED, "done", {OURS})
        assert len(peer.names) - peer.handshakes == 1, "the refused one is shown once"

    async def test_shows_no_two_halves_of_different_pairs(self, authority: Authority) -> None:
        """Certificate and key are given one after the other: in between the pair before is the newest that fits."""
        old_key, old = parts(authority.pem_for(OURS))
        new_key, new = parts(authority.pem_for("insyn-2027.example.com"))
        with vendor(authority) as peer:
            between = await sent(peer, authority, TWO_SECRETS, ACTIONS, cert=(new, old), private=old_key)
            after = await sent(peer, authority, TWO_SECRETS, ACTIONS, cert=(new, old), private=(new_key, old_key))

        assert (between.outcome, after.outcome) == (Outcome.COMPLETED, Outcome.COMPLETED)
        assert peer.subjects == [OURS] * 2 + ["insyn-2027.example.com"] * 2

    async def test_passes_over_one_that_is_over(self, authority: Authority) -> None:
        """Or not begun: a certificate given before its day waits for it."""
        pems = (authority.pem_for("insyn-2027.example.com", ends=OVER), authority.pem_for(OURS))
        with vendor(authority) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pems)

        assert (answer.outcome, set(peer.subjects)) == (Outcome.COMPLETED, {OURS})

    async def test_ends_with_a_person_when_none_is_believed(
        self, authority: Authority, other_authority: Authority
    ) -> None:
        """Each is shown once."""
        pems = (other_authority.pem_for("insyn-2027.example.com"), other_authority.pem_for(OURS))
        with vendor(authority) as peer:
            answer = await sent(peer, authority, ONE_SECRET, ACTIONS, cert=pems)

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "certificate_refused")
        assert (len(peer.names), peer.handshakes) == (2, 0)


class TestVendorsCertificate:
    """Nothing is said to a server that cannot show who it is. Often it mends that by itself: it is tried again."""

    async def test_of_an_authority_nobody_named_is_not_believed(self, authority: Authority) -> None:
        """The machine's own list counts, and a private authority is not on it."""
        with vendor(authority) as peer:
            answer = await sent(peer, None, ONE_SECRET, ACTIONS, cert=authority.pem_for(OURS))

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_not_trusted")
        assert (peer.heard, peer.handshakes) == ([], 0)

    async def test_of_another_authority_than_was_named_is_not_believed(
        self, authority: Authority, other_authority: Authority
    ) -> None:
        """The named one counts alone."""
        with vendor(authority) as peer:
            answer = await sent(peer, other_authority, ONE_SECRET, ACTIONS, cert=authority.pem_for(OURS))

        assert (answer.outcome, answer.code, peer.heard) == (Outcome.RETRY, "server_certificate_not_trusted", [])

    async def test_of_another_name_is_not_believed(self, authority: Authority) -> None:
        """Whoever stands at the address is not thereby the host."""
        with standing(authority.server("other.example.com"), PEOPLE) as peer:
            answer = await sent(peer, authority, ACTIONS)

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_of_another_name")
        assert (peer.heard, peer.names) == ([], [HOST])

    async def test_that_is_over_is_not_believed(self, authority: Authority) -> None:
        """Somebody forgot to renew it."""
        with standing(authority.server(HOST, ends=OVER), PEOPLE) as peer:
            answer = await sent(peer, authority, ACTIONS)

        assert (answer.outcome, answer.code) == (Outcome.RETRY, "server_certificate_out_of_its_days")
        assert peer.heard == []

    async def test_is_what_trying_the_connection_says(self, authority: Authority) -> None:
        """`insyn connector try` says in the same words what stands in the way, before any task does."""
        check = "check: {request: {path: /people}}"
        with vendor(authority) as peer:
            for named, word in ((authority, "certificate_required"), (None, "server_certificate_not_trusted")):
                tried = adapter(peer, named, ACTIONS, check)
                assert await tried.check() == word
                await tried.aclose()
            fits = adapter(peer, authority, ONE_SECRET, ACTIONS, check, cert=authority.pem_for(OURS))
            assert await fits.check() == "ok"
            await fits.aclose()


class TestNamedAuthority:
    """`server_ca`: whom a processor's own certificate is signed by, where that is nobody the machine knows."""

    def lacks(self, value: object) -> list[str]:
        made = connector("base_url: {test: https://api.vendor.example}", FIND, OUTPUTS, ACTIONS)
        categories = dict.fromkeys(made.outputs, "contact")
        return places(lacking(made, target(connector="vendor", categories=categories, server_ca=value)))

    def test_is_certificates_of_authorities(self, authority: Authority, other_authority: Authority) -> None:
        """One, or the next beside it while they change."""
        assert self.lacks(authority.pem) == []
        assert self.lacks(f"{authority.pem}\n{other_authority.pem}") == []

    @pytest.mark.parametrize("value", ["", " ", "no PEM", 7, ["x"], f"{BEGIN}\nAAAA\n-----END CERTIFICATE-----"])
    def test_that_is_none_keeps_it_from_being_switched_on(self, value: object) -> None:
        """Nothing is trusted by mistake."""
        assert self.lacks(value) == ["settings/server_ca"]

    def test_is_no_certificate_of_a_server_and_holds_no_key(self, authority: Authority) -> None:
        """Who signs is trusted, not what was signed; and a key has no business there."""
        key, certificate = parts(authority.pem_for(HOST))

        assert self.lacks(certificate) == ["settings/server_ca"]
        assert self.lacks(key + authority.pem) == ["settings/server_ca"]
        assert self.lacks(authority.pem * 11) == ["settings/server_ca"]

    async def test_that_cannot_be_read_any_more_trusts_nobody(self, authority: Authority) -> None:
        """Least of all everybody."""
        with standing(authority.server(HOST), PEOPLE) as peer:
            made = connector(f"base_url: {{test: {peer.url}}}", FIND, OUTPUTS, ACTIONS)
            categories = dict.fromkeys(made.outputs, "contact")
            broken = Rest(made, target(connector="vendor", categories=categories, server_ca="no PEM"), OUTSIDE)
            answer = await broken.send(order(Action.EXPORT, NUMBER))
            await broken.aclose()

        assert (answer.outcome, answer.code) == (Outcome.FAILED, "lacks_setting_server_ca")
        assert peer.names == []


def _shows_nothing_of(pem: str, answer: Answer) -> bool:
    """Whether no line of a PEM stands anywhere in what is kept of an answer."""
    kept = f"{answer.body} {answer.code} {answer.progress} {answer!r}"
    return not any(line in kept for line in pem.splitlines() if len(line) > 20 and not line.startswith("-----"))
