"""OpenDSR 2.0 and its dialects, spoken to a real server that signs what it says."""

import dataclasses
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.domain.fanout import Action, Outcome
from app.processors import Kind, Order, lacks
from app.processors.opendsr import PROFILE
from tests.processors.answering import places
from tests.processors.opendsr_peer import DOMAIN, ERASE, ID, ORDER, Peer, a_peer, sent, signer_of


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    async with a_peer(tmp_path / "peer") as peer:
        yield peer


class TestRegistration:
    @pytest.mark.parametrize(
        ("settings", "missing"),
        [
            ({}, []),
            ({"dialect": "3.0"}, ["settings/dialect"]),
            ({"dialekt": "2.0", "domain": "guard", "poll_seconds": 0}, ["settings/poll_seconds", "settings/dialekt"]),
            ({"domain": "guard"}, ["settings/domain"]),
            ({"dialect": "appsflyer"}, ["settings/property_id"]),
            ({"dialect": "appsflyer", "property_id": "app"}, []),
            ({"unknown": 1}, ["settings/unknown"]),
            ({"auth": "basic"}, []),
            ({"identities": ["phone=phone"], "names": ["erase=deletion"]}, []),
            ({"identities": ["phone"]}, ["settings/identities"]),
            ({"names": ["burn=deletion"]}, ["settings/names/burn"]),
        ],
    )
    async def test_says_what_it_still_lacks(self, peer: Peer, settings: dict[str, Any], missing: list[str]) -> None:
        """Everything at once, so that nothing is switched on that could not work."""
        assert places(lacks(Kind.OPENDSR, peer.target(**settings))) == missing

    async def test_names_the_setting_that_was_meant(self, peer: Peer) -> None:
        """A misspelt name is not told to be missing: it is told what there is, the likeliest first."""
        (fault,) = lacks(Kind.OPENDSR, peer.target(dialekt="2.0"))

        assert fault.word == "unknown"
        assert fault.en.startswith("There is no 'dialekt'; there are: dialect, ")
        assert fault.sv.startswith("Det finns inget 'dialekt'; det finns: dialect, ")

    @pytest.mark.parametrize(
        ("auth", "named", "missing"),
        [
            ("bearer", {}, ["secrets/token"]),
            ("basic", {}, ["secrets/username", "secrets/password"]),
            ("basic", {"username": ("a",)}, ["secrets/password"]),
            ("none", {}, []),
            ("none", {"ca": ("no certificate",)}, ["secrets/ca"]),
            ("none", {"certificate": ("hej",)}, ["secrets/certificate"]),
        ],
    )
    async def test_needs_what_lets_it_in(
        self, peer: Peer, auth: str, named: dict[str, tuple[str, ...]], missing: list[str]
    ) -> None:
        """How a processor lets us in is its own business (specification 4.3), so it is a setting."""
        assert places(lacks(Kind.OPENDSR, peer.target(named=named, auth=auth))) == missing


class TestRequest:
    async def test_is_the_specifications(self, peer: Peer) -> None:
        """Specification 7: a version 4 UUID, one status callback, identities with type, value and format."""
        assert await sent(peer) == (Outcome.ACCEPTED, "pending")
        (heard,) = peer.heard

        assert heard == {
            "regulation": "gdpr",
            "subject_request_id": ID,
            "subject_request_type": "access",
            "submitted_time": "2026-02-03T09:15:00Z",
            "api_version": "2.0",
            "status_callback_urls": ["https://insyn.example.com/v1/callbacks/x/opendsr"],
            "subject_identities": [
                {"identity_type": "email", "identity_value": "anna@example.org", "identity_format": "raw"}
            ],
        }

    async def test_to_mparticle_has_a_dictionary_of_identities(self, peer: Peer) -> None:
        """API 3.0 of mParticle; with its extension where that is wanted, and Basic."""
        await sent(peer, dialect="mparticle", skip_waiting_period=False)
        (heard,) = peer.heard

        assert heard["api_version"] == "3.0"
        assert heard["subject_identities"] == {"email": {"value": "anna@example.org", "encoding": "raw"}}
        assert heard["extensions"] == {"opendsr.mparticle.com": {"skip_waiting_period": False}}
        assert peer.headers[-1]["authorization"] == "Basic a2V5OnBhc3M="

    async def test_to_appsflyer_names_its_property(self, peer: Peer) -> None:
        """Its own path, its own identities, and no discovery to ask: the types are a setting."""
        order = dataclasses.replace(
            ORDER,
            identifiers=({"type": "customer_number", "value": "c-1", "format": "text", "as_given": "C-1"},),
            action=Action.ERASE,
        )
        settings = {"dialect": "appsflyer", "property_id": "app-1", "platform": "ios", "types": ["erasure"]}
        await sent(peer, order, certificate_url=f"{peer.url}/certificate.pem", **settings)
        (heard,) = peer.heard

        assert (heard["property_id"], heard["platform"]) == ("app-1", "ios")
        assert heard["subject_identities"][0]["identity_type"] == "customer_user_id"
        assert heard["subject_identities"][0]["identity_value"] == "C-1"
        assert peer.calls == ["GET /dsr/certificate.pem", "POST /dsr/opendsr_requests"]

    async def test_to_a_legacy_processor_takes_the_former_names(self, peer: Peer) -> None:
        """Specification 10.1: routes and headers of OpenGDPR 1.0 are honoured; it knew no regulation."""
        peer.header = "opengdpr"

        assert await sent(peer, dialect="legacy") == (Outcome.ACCEPTED, "pending")
        assert "regulation" not in peer.heard[0]
        assert peer.calls[-1] == "POST /dsr/opengdpr_requests"

    async def test_hashes_what_is_known_by_its_hash(self, peer: Peer) -> None:
        """The processor says how it knows people; what it need not read it is not told in the clear."""
        peer.identities = [("email", "sha256")]
        await sent(peer)
        (identity,) = peer.heard[0]["subject_identities"]

        assert identity["identity_value"] == hashlib.sha256(b"anna@example.org").hexdigest()
        assert identity["identity_format"] == "sha256"

    async def test_tells_our_extension_only_to_who_announces_it(self, peer: Peer) -> None:
        """GDPR Art. 5(1)(c): case number, categories and details are for those who work with them."""
        await sent(peer)
        peer.profiles = [PROFILE]
        await sent(peer)

        assert "extensions" not in peer.heard[0]
        assert peer.heard[1]["extensions"][DOMAIN]["data_categories"] == ["contact"]

    @pytest.mark.parametrize(
        ("action", "type_"),
        [
            (Action.RECTIFY, "rectification"),
            (Action.RESTRICT, "restriction"),
            (Action.LIFT_RESTRICTION, "restriction_lift"),
            (Action.STOP_MARKETING, "objection"),
            (Action.STOP_PURPOSES, "objection"),
            (Action.REVIEW_DECISION, "automated_decision_review"),
            (Action.LOCATE, "locate"),
            (Action.FREEZE, "freeze"),
            (Action.NOTIFY, "notice"),
        ],
    )
    async def test_of_an_extended_type_goes_only_where_it_is_announced(
        self, peer: Peer, action: Action, type_: str
    ) -> None:
        """What is not done there goes to a person, and nothing about anybody leaves."""
        order = dataclasses.replace(ORDER, action=action)
        before = await sent(peer, order)
        told = list(peer.heard)
        peer.types, peer.profiles = [type_], [PROFILE]

        assert (before, told) == ((Outcome.REFUSED, "type_not_announced"), [])
        assert await sent(peer, order) == (Outcome.ACCEPTED, "pending")
        assert peer.heard[0]["subject_request_type"] == type_

    async def test_uses_the_processors_own_word(self, peer: Peer) -> None:
        """D-engage lifts a restriction by ``re-enable``."""
        peer.types = ["restriction", "re-enable"]
        await sent(peer, dataclasses.replace(ORDER, action=Action.LIFT_RESTRICTION))

        assert peer.heard[0]["subject_request_type"] == "re-enable"

    async def test_about_somebody_nobody_there_knows_goes_to_a_person(self, peer: Peer) -> None:
        """Only announced types of identity are told."""
        peer.identities = [("controller_customer_id", "raw")]

        assert await sent(peer) == (Outcome.REFUSED, "identity_not_announced")
        assert peer.heard == []


CORRECTED = {"corrections": [{"field": "email", "value": "ny@example.org"}]}
KEEP = {"keep": [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}]}


STOPS = dataclasses.replace(ERASE, action=Action.STOP_PURPOSES)
WITHDRAWN = {"legal_bases": ["consent"]}
OBJECTED = {"legal_bases": ["legitimate_interest", "public_task"]}
RESTRICTED = {"ground": "accuracy_contested", "permitted": ["storage"], "live_alarm": "override_with_reason"}


class TestWhatTheProtocolHasNoWordFor:
    """
    Art. 7(3), 16, 17(1), 17(3), 18(2), 21, 22(3): who does not know our extension hears neither what is asked for nor
    what is to be kept.
    """

    CASES: ClassVar = [
        (dataclasses.replace(ERASE, details=KEEP), ("contact",)),
        (dataclasses.replace(ERASE, categories=("contact",)), ("contact", "bookkeeping_records")),
        (dataclasses.replace(ERASE, action=Action.RECTIFY, details=CORRECTED), ("contact",)),
        (dataclasses.replace(ERASE, action=Action.RESTRICT, categories=("contact",)), ("contact", "orders")),
        (ORDER, ("contact", "orders")),
        (dataclasses.replace(ERASE, action=Action.NOTIFY, details={"what": "erased"}), ("contact",)),
        # One purpose of several, or the first that comes to mind?
        (dataclasses.replace(STOPS, details=WITHDRAWN | {"purposes": ["newsletter"]}), ("contact",)),
        (dataclasses.replace(STOPS, details=OBJECTED | {"purposes": ["profiling"]}), ("contact",)),
        (dataclasses.replace(STOPS, details=OBJECTED | {"statement": "Sluta profilera mig."}), ("contact",)),
        # An objection that holds at once and one that is weighed bear the same name there.
        (dataclasses.replace(ERASE, action=Action.STOP_MARKETING), ("contact",)),
        # Who restricts without hearing that a running alarm goes on switches it off (R18-2).
        (dataclasses.replace(ERASE, action=Action.RESTRICT, details=RESTRICTED), ("contact",)),
        (dataclasses.replace(ERASE, action=Action.RESTRICT), ("contact",)),
        (dataclasses.replace(ERASE, action=Action.REVIEW_DECISION, details={"statement": "Fel person."}), ("contact",)),
        (dataclasses.replace(ERASE, action=Action.REVIEW_DECISION), ("contact",)),
    ]
    TYPES: ClassVar = ["access", "erasure", "rectification", "restriction", "notice", "objection", "consent_withdrawal",
                       "automated_decision_review"]  # fmt: skip

    @pytest.mark.parametrize(("order", "declared"), CASES)
    async def test_goes_to_a_person_and_nothing_leaves(
        self, peer: Peer, order: Order, declared: tuple[str, ...]
    ) -> None:
        peer.types = self.TYPES
        assert await sent(peer, order, declared=declared) == (Outcome.REFUSED, "extension_not_announced")
        assert peer.heard == []

    @pytest.mark.parametrize(("order", "declared"), CASES)
    async def test_is_told_to_who_knows_our_extension(
        self, peer: Peer, order: Order, declared: tuple[str, ...]
    ) -> None:
        peer.types, peer.profiles = self.TYPES, [PROFILE]
        assert (await sent(peer, order, declared=declared))[0] is Outcome.ACCEPTED
        assert peer.heard[0]["extensions"][DOMAIN]["data_categories"] == list(order.categories)

    async def test_a_withdrawn_consent_is_no_objection(self, peer: Peer) -> None:
        """Art. 7(3): where only an objection is known, whatever rests on consent would go on."""
        order = dataclasses.replace(STOPS, details=WITHDRAWN)
        peer.types = ["objection"]
        assert await sent(peer, order, declared=("contact",)) == (Outcome.REFUSED, "extension_not_announced")
        assert peer.heard == []
        peer.types = ["objection", "consent_withdrawal"]
        assert (await sent(peer, order, declared=("contact",)))[0] is Outcome.ACCEPTED
        assert peer.heard[0]["subject_request_type"] == "consent_withdrawal"

    @pytest.mark.parametrize(
        ("order", "names"),
        [
            (dataclasses.replace(STOPS, details=OBJECTED), []),
            (dataclasses.replace(ERASE, action=Action.STOP_MARKETING), ["stop_marketing=marketing_stop"]),
            (dataclasses.replace(ERASE, action=Action.LIFT_RESTRICTION, details={"ground": "unlawful"}), []),
        ],
    )
    async def test_but_what_the_type_itself_says_is_asked_of_anybody(
        self, peer: Peer, order: Order, names: list[str]
    ) -> None:
        """An objection to all there is, a stop that bears a name of its own there, the end of a restriction."""
        peer.types = ["objection", "marketing_stop", "restriction_lift"]
        assert (await sent(peer, order, declared=("contact",), names=names))[0] is Outcome.ACCEPTED

    @pytest.mark.parametrize("declared", [("contact",), ()])
    async def test_is_nothing_in_an_erasure_of_everything(self, peer: Peer, declared: tuple[str, ...]) -> None:
        assert (await sent(peer, ERASE, declared=declared))[0] is Outcome.ACCEPTED

    @pytest.mark.parametrize("action", [Action.LOCATE, Action.FREEZE])
    async def test_is_nothing_where_more_harms_nobody(self, peer: Peer, action: Action) -> None:
        """Looking, and deleting nothing for a while."""
        peer.types = [action.value]
        order = dataclasses.replace(ORDER, action=action)
        assert (await sent(peer, order, declared=("contact", "orders")))[0] is Outcome.ACCEPTED


class TestIdentityOfTheProcessor:
    async def test_is_shown_before_anything_is_told(self, peer: Peer, tmp_path: Path) -> None:
        """A certificate that another CA made: nobody learns of the person."""
        _, stranger = signer_of(tmp_path / "stranger")

        answer = await sent(peer, named={"token": ("t",), "ca": (stranger,)})

        assert (answer, peer.heard) == ((Outcome.FAILED, "certificate_chain"), [])

    async def test_is_its_domains(self, peer: Peer) -> None:
        """Specification 4.2: the certificate names the domain that was registered."""
        assert await sent(peer, domain="other.example") == (Outcome.FAILED, "certificate_of_another_domain")

    @pytest.mark.parametrize("away", [timedelta(days=-398), timedelta(days=2)])
    async def test_ends_with_its_days(self, peer: Peer, tmp_path: Path, away: timedelta) -> None:
        """Over, or not begun."""
        peer.signer, peer.ca = signer_of(tmp_path / "old", now=datetime.now(UTC) + away)

        assert await sent(peer) == (Outcome.FAILED, "certificate_out_of_its_days")

    async def test_may_be_pinned(self, peer: Peer, tmp_path: Path) -> None:
        """A pinned certificate needs no CA and is not fetched; two are believed while one is being replaced."""
        other, _ = signer_of(tmp_path / "next")
        pins = (other.chain.decode(), peer.signer.chain.decode())

        assert await sent(peer, named={"token": ("t",), "certificate": pins}) == (Outcome.ACCEPTED, "pending")
        assert "GET /dsr/certificate.pem" not in peer.calls

    async def test_by_the_systems_authorities_is_not_anybodys(self, peer: Peer) -> None:
        """Without a pin the machine's own list of CAs counts, and a home-made one is not on it."""
        assert await sent(peer, named={"token": ("t",)}) == (Outcome.FAILED, "certificate_chain")

    async def test_is_fetched_from_its_own_host_alone(self, peer: Peer) -> None:
        """Specification 6: its domain "MUST match that of the discovery callback"; elsewhere what is registered."""
        peer.discovery = {"processor_certificate": "https://elsewhere.example/cert.pem"}

        assert await sent(peer) == (Outcome.RETRY, "certificate_elsewhere")

    async def test_is_needed(self, peer: Peer) -> None:
        """Without a certificate nothing is asked, unless the administrator takes unsigned answers."""
        peer.discovery, peer.is_signed = {"processor_certificate": None}, False

        assert await sent(peer) == (Outcome.FAILED, "no_certificate")
        assert await sent(peer, unsigned_answers=True) == (Outcome.ACCEPTED, "pending")
