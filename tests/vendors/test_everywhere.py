"""What holds of every connector, whatever the vendor: nothing is believed, nothing is done twice, nothing is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors import Answer
from app.processors.rest.shelf import connectors
from sandbox.vendors import (
    amplitude,
    braze,
    elks46,
    hubspot,
    mailchimp,
    mixpanel,
    salesforce,
    segment,
    stripe,
    twilio,
    zendesk,
)
from sandbox.vendors._base import Vendor
from tests.vendors.connected import Connected, connected, order

ANNA = "anna-lindqvist"
_TWILIO = f"/2010-04-01/Accounts/{twilio.ACCOUNT}"


@dataclass(frozen=True)
class One:
    """A connector, its vendor, and the calls that matter: the first that looks, the one that takes effect."""

    name: str
    vendor: type[Vendor]
    known: tuple[str, ...]
    secrets: dict[str, str]
    looks: str | None
    acts: str
    effect: str  #: what the vendor writes down when it has been carried out
    settings: dict[str, Any] = field(default_factory=dict)
    idempotency: Idempotency = Idempotency.YES

    @asynccontextmanager
    async def there(self, vendor: Vendor, **settings: Any) -> AsyncIterator[Connected]:
        outputs = connectors()[self.name].outputs
        async with connected(
            vendor,
            self.name,
            categories=dict.fromkeys(outputs, "everything"),
            secrets=self.secrets,
            mode=AnswerMode.POLL,
            idempotency=self.idempotency,
            **self.settings,
            **settings,
        ) as found:
            yield found

    def erase(self) -> Any:
        return order(Action.ERASE, ANNA, *self.known)


ALL = [
    One(
        "twilio",
        twilio.Twilio,
        ("phone",),
        {"auth_token": twilio.TOKEN},
        f"GET {_TWILIO}/Calls",
        f"DELETE {_TWILIO}/Recordings",
        "recordings.deleted",
        {"account_sid": twilio.ACCOUNT},
    ),
    One(
        "elks46",
        elks46.Elks46,
        ("phone",),
        {"username": elks46.USERNAME, "password": elks46.PASSWORD},
        "GET /a1/calls",
        "DELETE /a1/sms/s",
        "sms.deleted",
    ),
    One(
        "hubspot",
        hubspot.HubSpot,
        ("email",),
        {"access_token": hubspot.TOKEN},
        "POST /crm/v3/objects/contacts/search",
        "POST /crm/v3/objects/contacts/gdpr-delete",
        "contact.erased",
    ),
    One(
        "zendesk",
        zendesk.Zendesk,
        ("email",),
        {"email": zendesk.EMAIL, "api_token": zendesk.TOKEN},
        "GET /api/v2/users/search",
        "DELETE /api/v2/deleted_users",
        "user.erased",
        {"subdomain": "larm"},
    ),
    One(
        "mailchimp",
        mailchimp.Mailchimp,
        ("email",),
        {"api_key": mailchimp.KEY},
        "GET /3.0/lists",
        "POST /3.0/lists",
        "member.erased",
    ),
    One(
        "stripe",
        stripe.Stripe,
        ("email",),
        {"secret_key": stripe.KEY},
        "GET /v1/customers",
        "POST /v1/privacy/redaction_jobs",
        "job.created",
    ),
    One(
        "segment",
        segment.Segment,
        ("customer_number",),
        {"token": segment.TOKEN},
        None,
        "POST /regulations",
        "SUPPRESS_WITH_DELETE",
        {"customer_number_spelling": "upper"},
    ),
    One(
        "amplitude",
        amplitude.Amplitude,
        ("customer_number",),
        {"api_key": amplitude.KEY, "secret_key": amplitude.SECRET},
        "GET /api/2/usersearch",
        "POST /api/2/deletions",
        "deletion.asked",
        {"customer_number_spelling": "upper"},
    ),
    One(
        "mixpanel",
        mixpanel.Mixpanel,
        ("customer_number",),
        {"project_token": mixpanel.PROJECT, "oauth_token": mixpanel.TOKEN},
        None,
        "POST /api/app/data-deletions",
        "data-deletions",
        {"customer_number_spelling": "upper"},
    ),
    One(
        "braze",
        braze.Braze,
        ("customer_number", "email"),
        {"api_key": braze.KEY},
        "POST /users/export/ids",
        "POST /users/delete",
        "user.queued",
        {"customer_number_spelling": "upper"},
    ),
    One(
        "salesforce",
        salesforce.Salesforce,
        ("email",),
        {"client_id": salesforce.CLIENT, "client_secret": salesforce.SECRET},
        "GET /services/data/v61.0/query",
        "POST /services/data/v61.0/sobjects/PrivacyRTBFRequest",
        "forget.asked",
        {"my_domain": "larm", "erasure_policy": salesforce.POLICY},
        Idempotency.QUERY,
    ),
]
LOOKING = [one for one in ALL if one.looks]
UNDECIDED = (Outcome.RETRY, Outcome.UNKNOWN, Outcome.FAILED)


def by_name(one: One) -> str:
    return one.name


def secret_texts(one: One) -> list[str]:
    return [value for value in one.secrets.values() if len(value) > 8]


@pytest.mark.parametrize("one", ALL, ids=by_name)
class TestAConnector:
    async def test_changes_nothing_in_a_dry_run(self, one: One) -> None:
        vendor = one.vendor()
        async with one.there(vendor, dry_run=True) as there:
            answer = await there.adapter.send(one.erase())
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "dry_run")
        assert vendor.effects == []

    @pytest.mark.parametrize("fault", ["html_502", "reset"])
    async def test_does_it_once_though_the_first_try_never_arrived(self, one: One, fault: str) -> None:
        vendor = one.vendor()
        vendor.fail(fault, one.acts)
        async with one.there(vendor) as there:
            wanted = one.erase()
            first = await there.adapter.send(wanted)
            assert first.outcome in UNDECIDED
            assert vendor.done(one.effect) == []
            if first.outcome is Outcome.RETRY:
                again = await there.again(wanted, first)
                assert again.outcome in (Outcome.ACCEPTED, Outcome.EFFECTIVE_LATER, Outcome.COMPLETED)
                assert len(vendor.done(one.effect)) == len(set(vendor.done(one.effect))) > 0
            else:
                assert one.idempotency is not Idempotency.YES  # not repeatable: a person looks

    async def test_puts_no_identifier_and_no_secret_into_its_evidence(self, one: One) -> None:
        """Evidence goes into the audit trail, which outlives the person's data."""
        vendor = one.vendor()
        async with one.there(vendor) as there:
            answer: Answer = await there.adapter.send(one.erase())
        evidence = str(answer.body.get("evidence", {})) + answer.code + repr(answer)
        told = [identifier["value"] for identifier in one.erase().identifiers]
        assert not [value for value in (*told, *secret_texts(one)) if value in evidence]


@pytest.mark.parametrize("one", LOOKING, ids=by_name)
class TestALookup:
    @pytest.mark.parametrize("fault", ["html_502", "truncated", "wrong_type", "reset", "cut"])
    async def test_that_was_not_answered_finds_nobody_out(self, one: One, fault: str) -> None:
        """A maintenance page that says 200 is not "we hold nothing": nobody may be told that."""
        vendor = one.vendor()
        vendor.fail(fault, one.looks or "", times=9)
        async with one.there(vendor) as there:
            for action in (Action.LOCATE, Action.ERASE):
                answer = await there.do(action, order(action, ANNA, *one.known))
                assert answer.outcome in UNDECIDED
        assert vendor.effects == []

    async def test_finds_nobody_where_there_is_nobody(self, one: One) -> None:
        vendor = one.vendor(people=())
        async with one.there(vendor) as there:
            for action in (Action.LOCATE, Action.ERASE):
                answer = await there.do(action, order(action, ANNA, *one.known))
                assert answer.outcome is Outcome.NOT_FOUND
        assert vendor.effects == []

    async def test_touches_nobody_else(self, one: One) -> None:
        """Everybody but the person is as before: row for row."""
        vendor, untouched = one.vendor(), one.vendor()
        others = [f"{shelf}/{id}" for shelf in untouched.state if shelf != "effects" for id in untouched.table(shelf)]
        async with one.there(vendor) as there:
            await there.adapter.send(one.erase())
        gone = [row for row in others if row.partition("/")[2] not in vendor.table(row.partition("/")[0])]
        assert len(gone) <= 6
        assert {row.partition("/")[2] for row in gone} <= {effect["id"] for effect in vendor.effects}


@pytest.mark.parametrize("one", ALL, ids=by_name)
async def test_a_wrong_secret_is_a_persons_to_mend(one: One) -> None:
    vendor = one.vendor()
    wrong = dict.fromkeys(one.secrets, "wrong" if one.name != "mailchimp" else "wrong-us21")
    changed = One(
        one.name, one.vendor, one.known, wrong, one.looks, one.acts, one.effect, one.settings, one.idempotency
    )
    async with changed.there(vendor) as there:
        answer = await there.adapter.send(one.erase())
    assert (answer.outcome, vendor.effects) == (Outcome.FAILED, [])
