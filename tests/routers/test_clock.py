"""The clock over HTTP: extension, questions, alarms in the staff view, and the lawyer's arithmetic."""

from typing import Any

import httpx
import pytest

from tests.routers.conftest import AGENT, ANNA_BEARER, APPROVER, BO_BEARER, Advance, Bearer, File

PATH, OWN = "/v1/requests", "/v1/self-service/requests"
REASONS = "Begäran rör fjorton anläggningar med egna larmloggar under nio år, och grannar måste maskeras."
EXTENSION = {"ground": "complexity", "reasons": REASONS}
LARGE = {"kind": "clarification", "reason": "large_amount", "question": "Vilka anläggningar vill du veta mest om?"}
DOUBT = {"kind": "identity", "reason": "answer_could_harm", "question": "Visa på ett av sätten att det är du."}


@pytest.fixture
def staff(client: httpx.AsyncClient) -> Any:
    async def seen(id_: str) -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"{PATH}/{id_}", headers=AGENT.headers())).json()
        return found

    return seen


async def extend(client: httpx.AsyncClient, id_: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    version = (await client.get(f"{PATH}/{id_}", headers=AGENT.headers())).headers["etag"]
    return await client.post(
        f"{PATH}/{id_}/extension", json=body, headers=AGENT.headers(**{"If-Match": version, **headers})
    )


class TestExtension:
    async def test_waits_for_somebody_else_and_for_its_letter(
        self, client: httpx.AsyncClient, file: File, advance: Advance, staff: Any
    ) -> None:
        """
        R12-5: asked, claimed, told, in effect; the date that is shown is the one that holds.
        """
        made = await file("access")
        asked = await extend(client, made["id"], EXTENSION)
        said = asked.json()
        alone = await client.post(
            f"/v1/approvals/{said['approval_id']}",
            json={"verdict": "approved", "reason": "Yes."},
            headers=Bearer("approver", sub=AGENT.sub).headers(),
        )
        before = await staff(made["id"])
        await client.post(
            f"/v1/approvals/{said['approval_id']}",
            json={"verdict": "approved", "reason": "Yes."},
            headers=APPROVER.headers(),
        )
        claimed = await staff(made["id"])
        await advance(made["id"])
        after = await staff(made["id"])
        own = (await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())).json()

        assert (asked.status_code, alone.status_code) == (200, 403)
        assert REASONS not in asked.text
        assert [one["extension"]["state"] for one in (said, before, claimed, after)] == [
            *("asked", "asked", "claimed", "effective")
        ]
        assert said["due_on"] == before["due_on"] == claimed["due_on"] == made["due_on"] < after["due_on"]
        assert after["due_on"] == after["extension"]["until"] == own["due_on"]
        assert own["deadline"]["extended"] is True
        assert "extension" not in own
        assert "extension" not in own["deadline"]

    @pytest.mark.parametrize(
        ("body", "status", "pointer"),
        [
            ({"ground": "staffing", "reasons": REASONS}, 422, "#/ground"),
            ({"ground": "complexity", "reasons": ""}, 422, "#/reasons"),
            ({"ground": "complexity", "reasons": "Christmas staffing in the whole department."}, 422, "#/reasons"),
            ({"ground": "complexity"}, 422, "#/reasons"),
            ({**EXTENSION, "until": "2030-01-01"}, 422, "#/until"),
        ],
    )
    async def test_f06_says_what_is_wrong_with_it(
        self, client: httpx.AsyncClient, file: File, body: dict[str, Any], status: int, pointer: str
    ) -> None:
        """
        F06: banned and empty reasons are refused where they stand; nobody chooses the day.
        """
        answer = await extend(client, (await file("access"))["id"], body)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
        assert "Christmas" not in answer.text

    async def test_is_asked_once_and_of_the_version_that_was_read(self, client: httpx.AsyncClient, file: File) -> None:
        """
        F06: a second one is a conflict; a stale or missing version decides nothing.
        """
        made = await file("access")
        path = f"{PATH}/{made['id']}/extension"
        missing = await client.post(path, json=EXTENSION, headers=AGENT.headers())
        stale = await client.post(path, json=EXTENSION, headers=AGENT.headers(**{"If-Match": '"99"'}))
        headers = AGENT.headers(**{"If-Match": '"1"'})
        first = await client.post(path, json=EXTENSION, headers=headers)
        again = await client.post(path, json=EXTENSION, headers=headers)
        second = await extend(client, made["id"], EXTENSION)

        assert [one.status_code for one in (missing, stale, first, again, second)] == [428, 412, 200, 200, 409]
        assert again.json() == first.json()
        assert second.json()["type"] == "/problems/extended-already"


class TestQuestions:
    async def test_are_put_read_and_answered(
        self, client: httpx.AsyncClient, file: File, advance: Advance, staff: Any
    ) -> None:
        """
        The person sees that a question waits, reads it in its letter, and answers it in their own words.
        """
        made = await file("access")
        put = await client.post(f"{PATH}/{made['id']}/clarifications", json=LARGE, headers=AGENT.headers())
        own = (await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())).json()
        someone_elses = await client.post(
            f"{OWN}/{made['id']}/clarification", json={"answer": "All."}, headers=BO_BEARER.headers()
        )
        answered = await client.post(
            f"{OWN}/{made['id']}/clarification", json={"answer": "Alla larm i våras."}, headers=ANNA_BEARER.headers()
        )
        none_left = await client.post(
            f"{OWN}/{made['id']}/clarification", json={"answer": "Alla."}, headers=ANNA_BEARER.headers()
        )
        (seen,) = (await staff(made["id"]))["questions"]
        listed = (await client.get(f"{OWN}/{made['id']}/letters", headers=ANNA_BEARER.headers())).json()["items"]
        (letter,) = [one for one in listed if one["kind"] == "clarification"]
        page = await client.get(
            f"{OWN}/{made['id']}/letters/clarification",
            params={"about": letter["about"]},
            headers=ANNA_BEARER.headers(),
        )
        latest = await client.get(f"{OWN}/{made['id']}/letters/clarification", headers=ANNA_BEARER.headers())
        other = await client.get(
            f"{OWN}/{made['id']}/letters/clarification", params={"about": made["id"]}, headers=ANNA_BEARER.headers()
        )

        assert letter["about"] == own["questions"][0]["id"]
        assert (page.status_code, other.status_code) == (200, 404)
        assert latest.text == page.text  # a kind alone names its latest letter
        assert LARGE["question"] in page.text
        assert put.status_code == 201
        assert [one["kind"] for one in own["questions"]] == ["clarification"]
        assert someone_elses.status_code == 404
        assert answered.status_code == 200
        assert "answered_at" in answered.json()["questions"][0]
        assert (none_left.status_code, none_left.json()["type"]) == (404, "/problems/unknown-question")
        assert (seen["text"], seen["answer"]) == (LARGE["question"], "Alla larm i våras.")
        assert LARGE["question"] not in put.text

    async def test_of_identity_end_with_a_proof(self, client: httpx.AsyncClient, file: File, staff: Any) -> None:
        """
        R12-9: staff record the proof, never a copy; the question is answered by it and by nothing else.
        """
        made = await file("access")
        put = (await client.post(f"{PATH}/{made['id']}/clarifications", json=DOUBT, headers=AGENT.headers())).json()
        by_words = await client.post(
            f"{PATH}/{made['id']}/clarifications/{put['question']['id']}/answer",
            json={"answer": "It is me.", "answered_at": "2026-02-09T10:15:00+01:00"},
            headers=AGENT.headers(),
        )
        await client.post(
            f"{PATH}/{made['id']}/identity-proofs", json={"method": "seen_in_person"}, headers=AGENT.headers()
        )
        (seen,) = (await staff(made["id"]))["questions"]

        assert (by_words.status_code, by_words.json()["type"]) == (409, "/problems/identity-is-proved")
        assert "answered_at" in seen
        assert "answer" not in seen

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({**DOUBT, "kind": "curiosity"}, "#/kind"),
            ({**DOUBT, "reason": "large_amount"}, "#/reason"),
            ({**DOUBT, "question": "Vem?"}, "#/question"),
            ({**LARGE, "question": ""}, "#/question"),
        ],
    )
    async def test_are_of_a_kind_the_law_knows(
        self, client: httpx.AsyncClient, file: File, body: dict[str, Any], pointer: str
    ) -> None:
        """
        Identity or clarification, for a coded reason, in whole words.
        """
        made = await file("access")
        answer = await client.post(f"{PATH}/{made['id']}/clarifications", json=body, headers=AGENT.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


class TestDeadlines:
    async def reckoned(self, client: httpx.AsyncClient, **query: str) -> httpx.Response:
        params = {"controller": "westra", "received_at": "2022-02-09T10:00:00+01:00", **query}
        return await client.get("/v1/deadlines", params=params, headers=AGENT.headers())

    async def test_f15_let_a_lawyer_try_a_suspension(self, client: httpx.AsyncClient) -> None:
        """
        F15: IMY's own case (SJ): the earlier of both methods, both shown, and the date without it.
        """
        proved = (await self.reckoned(client, asked_on="2022-02-15", answered_on="2022-04-19")).json()
        waiting = (await self.reckoned(client, asked_on="2022-02-15", reason="clarification")).json()
        late = (await self.reckoned(client, asked_on="2022-02-17", answered_on="2022-04-19")).json()

        assert proved["due_on"] == "2022-05-11"
        assert proved["due_without_suspension_on"] == "2022-03-09"
        assert proved["suspensions"][0]["resume_on"] == "2022-05-13"
        assert (waiting["due_on"], waiting["suspensions"][0]["reason"]) == ("2022-03-09", "clarification")
        assert (late["due_on"], late["suspensions"][0]["state"]) == ("2022-03-09", "refused")

    @pytest.mark.parametrize(
        ("query", "kind"),
        [
            ({"answered_on": "2022-03-01"}, "/problems/answer-without-question"),
            ({"asked_on": "2022-02-01"}, "/problems/asked-before-receipt"),
            ({"asked_on": "2022-02-12", "answered_on": "2022-02-11"}, "/problems/answered-before-asked"),
        ],
    )
    async def test_say_which_days_cannot_be(self, client: httpx.AsyncClient, query: dict[str, str], kind: str) -> None:
        """
        A question comes after the request, and an answer after its question.
        """
        answer = await self.reckoned(client, **query)

        assert (answer.status_code, answer.json()["type"]) == (422, kind)

    async def test_confirm_nothing_where_nothing_later_is_offered(self, client: httpx.AsyncClient, file: File) -> None:
        """
        C.1: a later date comes from a new holiday table and a person's word, never from the word alone.
        """
        made = await file("access")
        answer = await client.post(
            f"{PATH}/{made['id']}/deadline-confirmation", headers=AGENT.headers(**{"If-Match": '"1"'})
        )

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-later-date")


class TestRequests:
    async def test_f31_have_no_quota(self, client: httpx.AsyncClient, file: File, staff: Any) -> None:
        """
        F31: asking again in the same year, in the same week, is taken in like the first time (Art. 12(2), 15(3)).
        """
        filed = [await file("access") for _ in range(3)]
        shown = [await staff(made["id"]) for made in filed]

        assert len({made["reference"] for made in filed}) == 3
        assert {one["phase"] for one in shown} == {"received"}
        assert {one["claims"][0]["state"] for one in shown} == {"open"}
