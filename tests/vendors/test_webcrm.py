"""The webCRM connector against the simulated webCRM."""

from collections.abc import AsyncIterator

import pytest

from app.domain.fanout import Action, Outcome
from sandbox.vendors.webcrm import AUTH_CODE, WebCrm
from tests.vendors.connected import Connected, connected, doubted, named, order, rows

CATEGORIES = {"person": "contact", "activities": "history", "cases": "history", "documents": "documents"}
ANNA = "anna-lindqvist"


@pytest.fixture
def vendor() -> WebCrm:
    return WebCrm()


@pytest.fixture
async def there(vendor: WebCrm) -> AsyncIterator[Connected]:
    async with connected(vendor, "webcrm", categories=CATEGORIES, secrets={"auth_code": AUTH_CODE}) as found:
        yield found


def _id(vendor: WebCrm, name: str) -> str:
    return next(id for id, row in vendor.table("Person").items() if row["PersonName"] == name)


class TestFinding:
    @pytest.mark.parametrize("known", ["email", "personnummer", "phone"])
    async def test_by_whatever_is_known(self, there: Connected, known: str) -> None:
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, known))
        assert answer.outcome is Outcome.COMPLETED
        assert set(answer.body["found_categories"]) == {"contact", "history", "documents"}

    async def test_an_address_written_to_break_out_finds_nobody(self, vendor: WebCrm, there: Connected) -> None:
        """The query is the vendor's SQL: what a requester writes stays a text in it, or is not sent at all."""
        for evil in (
            "x' OR PersonStatus = 'Active",
            "x'; DROP TABLE Person --@example.org",
            "\\' OR PersonId = 4711 --",
        ):
            answer = await there.do(Action.ERASE, named(order(Action.ERASE, ANNA), email=evil))
            assert answer.outcome in (Outcome.NOT_FOUND, Outcome.REFUSED)
        assert vendor.effects == []

    async def test_what_the_query_brings_is_compared_again(self, vendor: WebCrm, there: Connected) -> None:
        vendor.fail(
            "status", "GET /Queries", times=2, status=200, body=[vendor.table("Person")[_id(vendor, "Karin Ek")]]
        )
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])

    async def test_namesakes_are_told_apart(self, there: Connected) -> None:
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "eva-johansson-junior", "email"))
        assert [row["email"] for row in rows(answer, "contact")] == ["eva.junior@example.org"]


class TestASharedNumber:
    """Art. 17, 12(2): a household's number stands on its members' cards; it is nobody's name."""

    @pytest.fixture
    def husband(self, vendor: WebCrm) -> str:
        """Anna is not there; her number stands on another's card."""
        anna, other = _id(vendor, "Anna Lindqvist"), _id(vendor, "Karin Ek")
        vendor.table("Person")[other]["PersonMobilePhone"] = vendor.table("Person")[anna]["PersonMobilePhone"]
        del vendor.table("Person")[anna]
        return other

    @pytest.mark.parametrize("known", [("email", "phone"), ("personnummer", "phone")])
    async def test_is_not_asked_for_where_more_is_known(
        self, vendor: WebCrm, there: Connected, husband: str, known: tuple[str, ...]
    ) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, *known))
        assert (answer.outcome, vendor.effects) == (Outcome.NOT_FOUND, [])

    async def test_alone_is_for_a_person_before_anything_is_gone(
        self, vendor: WebCrm, there: Connected, husband: str
    ) -> None:
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "phone"))
        assert (answer.outcome, answer.code, vendor.effects) == (Outcome.REFUSED, "found_by_phone_alone", [])


class TestACopy:
    async def test_has_no_passwords_and_nobody_elses_history(self, vendor: WebCrm, there: Connected) -> None:
        """GDPR Art. 15(4): the household shares an organisation, not each other's history."""
        answer = await there.do(Action.EXPORT, order(Action.EXPORT, "eva-johansson", "email"))
        mother = int(_id(vendor, "Eva Johansson"))
        assert {row.get("ActivityPersonId", row.get("SupportCasePersonId")) for row in rows(answer, "history")} == {
            mother
        }
        assert "hemligt" not in str(answer.body)
        assert len(rows(answer, "documents")) == 1


class TestARectification:
    @pytest.mark.parametrize("put", ["replace", "merge"])
    async def test_is_right_whether_put_replaces_or_merges(self, vendor: WebCrm, there: Connected, put: str) -> None:
        vendor.set(put=put)
        wanted = order(Action.RECTIFY, ANNA, "email", corrections=[{"field": "phone", "value": "+46701740699"}])
        assert (await there.do(Action.RECTIFY, wanted)).outcome is Outcome.COMPLETED
        assert vendor.effects == [
            {"what": "Person.put", "id": _id(vendor, "Anna Lindqvist"), "changed": ["PersonMobilePhone"]}
        ]


class TestAnErasure:
    @pytest.mark.parametrize("put", ["replace", "merge"])
    async def test_overwrites_deletes_documents_and_asks_a_person_for_the_rest(
        self, vendor: WebCrm, there: Connected, put: str
    ) -> None:
        """There is no call that deletes a person, and the history survives: nothing may say "erased"."""
        vendor.set(put=put)
        number = _id(vendor, "Anna Lindqvist")
        answer = await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email"))
        assert doubted(answer) == "anonymised"  # so a person looks: it does not count as done
        left = str(vendor.table("Person")[number])
        assert not [one for one in ("Anna", "Lindqvist", "anna.", "70174", "19850412", "hemligt") if one in left]
        assert vendor.done("Document.deleted") == ["1"]
        assert vendor.table("Person")[number]["PersonBlockMassEmail"] is True
        assert {name for name in vendor.lines() if name.startswith("DELETE")} == {"DELETE /Documents/1"}

    async def test_keeps_what_is_to_be_kept(self, vendor: WebCrm, there: Connected) -> None:
        keep = [{"category": "documents", "law": "CLAIM_OWN", "until": "2027-12-31"}]
        number = _id(vendor, "Anna Lindqvist")
        await there.do(Action.ERASE, order(Action.ERASE, ANNA, "email", keep=keep))
        assert vendor.done("Document.deleted") == []
        assert vendor.done("Person.put") == [number]


class TestAnObjectionToMarketing:
    async def test_blocks_both_kinds_of_mass_mail_and_nothing_else(self, vendor: WebCrm, there: Connected) -> None:
        """Calls and letters are marketing as well (GDPR Art. 21(3)): where they may be made, a person sees to them."""
        answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "calls_and_post")
        assert [one["changed"] for one in vendor.effects] == [["PersonBlockMassEmail", "PersonBlockMassEmail2"]]
        await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert len(vendor.effects) == 1

    async def test_is_done_with_that_where_only_mail_is_sent(self, vendor: WebCrm) -> None:
        secrets = {"auth_code": AUTH_CODE}
        async with connected(vendor, "webcrm", categories=CATEGORIES, secrets=secrets, mails_only="yes") as there:
            answer = await there.do(Action.STOP_MARKETING, order(Action.STOP_MARKETING, ANNA, "email"))
        assert (answer.outcome, len(vendor.effects)) == (Outcome.COMPLETED, 1)


class TestWhenThingsGoWrong:
    async def test_the_251st_call_waits_as_long_as_the_body_says(self, vendor: WebCrm, there: Connected) -> None:
        body = {"RetryAfterSeconds": 14, "Message": "throttled", "Type": "TooManyRequestsException"}
        vendor.fail("status", "GET /Queries", status=429, body=body, headers={"Retry-After": "14"})
        answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "email"))
        assert answer.outcome is Outcome.RETRY
        assert answer.wait is not None
        assert 14 <= answer.wait.total_seconds() <= 20

    async def test_a_token_is_renewed_after_its_hour(self, vendor: WebCrm, there: Connected) -> None:
        asked = order(Action.LOCATE, ANNA, "email")
        await there.do(Action.LOCATE, asked)
        vendor.clock.advance(seconds=3601)
        assert (await there.do(Action.LOCATE, asked)).outcome is Outcome.COMPLETED
        assert vendor.lines().count("POST /Auth/ApiLogin") == 2

    async def test_a_wrong_application_token_goes_to_a_person(self, vendor: WebCrm) -> None:
        async with connected(vendor, "webcrm", categories=CATEGORIES, secrets={"auth_code": "wrong"}) as there:
            answer = await there.do(Action.LOCATE, order(Action.LOCATE, ANNA, "email"))
        assert answer.outcome is Outcome.FAILED
        assert "wrong" not in repr(answer) + answer.code
