"""What is said of a request beside its decisions, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.routers.conftest import ABUSE, AGENT, ANNA_BEARER, APPROVER, BO_BEARER, Advance, File

OWN, PATH = "/v1/self-service/requests", "/v1/requests"
REASONS = "The same copy was sent a week ago and nothing has changed since then."
MESSAGE = "What do you have about me? And take it away."


async def version_of(client: httpx.AsyncClient, id: str) -> str:
    return (await client.get(f"{PATH}/{id}", headers=AGENT.headers())).headers["etag"]


async def decide(client: httpx.AsyncClient, made: dict[str, Any], **body: Any) -> httpx.Response:
    path = f"{PATH}/{made['id']}/claims/{made['claims'][0]['id']}/decision"
    return await client.post(
        path, json=body, headers=AGENT.headers(**{"If-Match": await version_of(client, made["id"])})
    )


async def approve(client: httpx.AsyncClient, approval: str) -> httpx.Response:
    said = {"verdict": "approved", "reason": "Read."}
    return await client.post(f"/v1/approvals/{approval}", json=said, headers=APPROVER.headers())


async def by_staff(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {
        "controller": "westra",
        "channel": "phone",
        "received_at": "2026-01-02T10:00:00+01:00",
        "claims": [{"right": "unspecified"}],
        "subject": {"identifiers": [{"type": "email", "value": "anna@example.org"}]},
        **more,
    }
    return await client.post(PATH, json=body, headers=AGENT.headers())


class TestFreeText:
    async def test_is_taken_in_and_classified(self, client: httpx.AsyncClient, file: File) -> None:
        """
        F09, R12-2: no right has to be named; a person reads which are meant, several at once.
        """
        made = await file("unspecified", message=MESSAGE)
        body = {"claims": [{"right": "access"}, {"right": "erasure", "details": {"categories": ["contact"]}}]}
        path = f"{PATH}/{made['id']}/classification"
        read = await client.post(path, json=body, headers=AGENT.headers())
        again = await client.post(path, json=body, headers=AGENT.headers())

        assert [(one["right"], one["presumed"]) for one in made["claims"]] == [("access", True)]
        assert made["unclassified"] is True
        assert read.status_code == 200
        assert [(one["right"], one["presumed"]) for one in read.json()["claims"]] == [
            ("access", False),
            ("erasure", False),
        ]
        assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-to-classify")

    async def test_without_words_is_refused_where_they_lack(self, client: httpx.AsyncClient) -> None:
        """
        There must be something to read.
        """
        body = {"claims": [{"right": "unspecified"}]}
        answer = await client.post(OWN, json=body, headers=ANNA_BEARER.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/message")

    async def test_waits_on_the_work_list(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        F09: staff find it there, and the person reads no word about whose hands it is in.
        """
        made = await file("unspecified", message=MESSAGE)
        await advance(made["id"])
        listed = await client.get(f"{PATH}?status=awaiting_classification", headers=AGENT.headers())
        own = await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())

        assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
        assert own.json()["status"] == own.json()["phase"]


class TestChannel:
    @pytest.mark.parametrize("channel", ["phone", "in_person", "letter", "email", "chat"])
    async def test_of_any_kind_is_entered_with_a_note(self, client: httpx.AsyncClient, channel: str) -> None:
        """
        F23, F24, R12-2: oral ones too; what was said is the note.
        """
        made = await by_staff(client, channel=channel, message=MESSAGE, note="Called; wants everything.")
        seen = (await client.get(f"{PATH}/{made.json()['id']}", headers=AGENT.headers())).json()

        assert made.status_code == 201
        assert [(one["kind"], one["text"]) for one in seen["notes"]] == [("intake", "Called; wants everything.")]
        assert seen["answer_form"] == ("electronic" if channel in ("email", "chat") else "paper")

    async def test_takes_as_many_requests_as_there_are(self, client: httpx.AsyncClient, file: File) -> None:
        """
        F31: no yearly quota.
        """
        assert len({(await file("access"))["id"] for _ in range(4)}) == 4


class TestNotes:
    async def test_of_an_oral_answer_want_a_wish_and_proof(self, client: httpx.AsyncClient, file: File) -> None:
        """
        R12-10: only on request; who asked for it and is proved is answered orally.
        """
        said = {"kind": "oral_answer", "text": "Read the answer out."}
        unasked = await file("access")
        asked = await file("access", answer_form="oral")
        no = await client.post(f"{PATH}/{unasked['id']}/notes", json=said, headers=AGENT.headers())
        yes = await client.post(f"{PATH}/{asked['id']}/notes", json=said, headers=AGENT.headers())

        assert (no.status_code, no.json()["type"]) == (409, "/problems/oral-answer-not-asked")
        assert yes.status_code == 200

    async def test_are_not_the_persons_to_read(self, client: httpx.AsyncClient, file: File) -> None:
        """
        What staff write among themselves stays there.
        """
        made = await file("access")
        await client.post(f"{PATH}/{made['id']}/notes", json={"text": "Sounded worried."}, headers=AGENT.headers())
        own = await client.get(f"{OWN}/{made['id']}", headers=ANNA_BEARER.headers())

        assert "worried" not in own.text
        assert "notes" not in own.json()


class TestAssignee:
    async def test_is_whoever_takes_the_case(self, client: httpx.AsyncClient, file: File) -> None:
        """
        Nobody named is oneself; the work list can then be asked for one's own.
        """
        made = await file("access")
        await client.post(f"{PATH}/{made['id']}/assignee", json={}, headers=AGENT.headers())
        seen = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()
        mine = await client.get(f"{PATH}?assignee={seen['assignee']}", headers=AGENT.headers())

        assert [one["id"] for one in mine.json()["items"]] == [made["id"]]


class TestRecord:
    @pytest.mark.parametrize(
        ("right", "body", "pointer"),
        [
            ("access", {"outcome": "refused", "ground": "excessive"}, "#/record/evidence"),
            ("access", {"outcome": "refused", "ground": "rights_of_others"}, "#/outcome"),
            ("access", {"outcome": "refused", "ground": "secrecy"}, "#/record/statute"),
            ("rectification", {"outcome": "refused", "ground": "data_are_correct"}, "#/record/checked"),
            ("objection", {"outcome": "refused", "ground": "compelling_grounds"}, "#/record/balancing"),
            ("objection", {"outcome": "refused", "ground": "other_basis"}, "#/ground"),
            ("restriction", {"outcome": "granted"}, "#/record/ground_18"),
            ("automated_decision", {"outcome": "granted"}, "#/record/review"),
        ],
    )
    async def test_that_lacks_something_is_refused_where_it_lacks(
        self, client: httpx.AsyncClient, file: File, right: str, body: dict[str, Any], pointer: str
    ) -> None:
        """
        R12-7, R15-9, R16-3, R18-1, R21-1, R22-1: a decision is documented before it counts.
        """
        answer = await decide(client, await file(right), reasons=REASONS, **body)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_is_seen_by_the_second_person(self, client: httpx.AsyncClient, file: File) -> None:
        """
        F26: who approves reads what it rests on.
        """
        made = await file("access")
        await decide(client, made, outcome="refused", ground="excessive", reasons=REASONS, record=ABUSE)
        seen = (await client.get(f"{PATH}/{made['id']}", headers=APPROVER.headers())).json()

        assert seen["claims"][0]["record"] == ABUSE
        assert seen["claims"][0]["basis"]["evidence"] == 1

    @pytest.mark.parametrize("on", ["2026-13-01", "yesterday", 20260101, "2026-01-01T00:00:00Z"])
    async def test_has_days_that_are_days(self, client: httpx.AsyncClient, file: File, on: object) -> None:
        """
        A fact has a civil date.
        """
        record = {"evidence": [{"kind": "conduct", "on": on, "what": "Something."}]}
        answer = await decide(
            client, await file("access"), outcome="refused", ground="excessive", reasons=REASONS, record=record
        )

        assert answer.status_code == 422

    async def test_needs_are_shown_beside_each_claim(self, client: httpx.AsyncClient, file: File) -> None:
        """
        A console can draw the form.
        """
        made = await file("restriction")
        seen = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()
        needs = {(one["outcome"], one.get("ground")): one["parts"] for one in seen["claims"][0]["decision_needs"]}

        assert needs["granted", None][0]["part"] == "ground_18"


class TestFee:
    async def test_is_read_by_the_person_once_two_people_agree(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """
        R12-7: told before charging; the letter is behind the person's own login, the way out is open.
        """
        made = await file("access")
        await advance(made["id"])
        path = f"{PATH}/{made['id']}/claims/{made['claims'][0]['id']}/fee"
        body = {"ground": "excessive", "amount_ore": 12_550, "reason": REASONS, "record": ABUSE}
        version = await version_of(client, made["id"])
        asked = await client.post(path, json=body, headers=AGENT.headers(**{"If-Match": version}))
        letter = f"{OWN}/{made['id']}/letters/fee"
        before = await client.get(letter, headers=ANNA_BEARER.headers())
        await approve(client, asked.json()["id"])
        after = await client.get(letter, headers=ANNA_BEARER.headers())
        back = await client.post(f"{OWN}/{made['id']}/withdrawal", json={}, headers=ANNA_BEARER.headers())

        assert (asked.status_code, asked.json()["subject"]) == (200, "fee")
        assert before.status_code == 404
        assert "125,50 kr" in after.text
        assert back.status_code == 200


class TestStatement:
    async def test_is_the_persons_own_and_nobody_elses(self, client: httpx.AsyncClient, file: File) -> None:
        """
        R16-3: kept beside the data; another person's is not there (404), and nothing is repeated in the answer.
        """
        made = await file("rectification")
        said = {"text": "I moved on 1 March."}
        early = await client.post(f"{OWN}/{made['id']}/statement", json=said, headers=ANNA_BEARER.headers())
        record = {"checked": "The contract of 3 March 2025 and its annex."}
        no = await decide(client, made, outcome="refused", ground="data_are_correct", reasons=REASONS, record=record)
        await approve(client, no.json()["approval_id"])
        other = await client.post(f"{OWN}/{made['id']}/statement", json=said, headers=BO_BEARER.headers())
        own = await client.post(f"{OWN}/{made['id']}/statement", json=said, headers=ANNA_BEARER.headers())
        seen = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()

        assert (early.status_code, early.json()["type"]) == (409, "/problems/nothing-to-disagree-with")
        assert other.status_code == 404
        assert own.status_code == 200
        assert "moved" not in own.text
        assert seen["claims"][0]["disagreement"] == "I moved on 1 March."


class TestAutomatedDecision:
    async def test_shows_staff_the_view_the_person_expressed(self, client: httpx.AsyncClient, file: File) -> None:
        """
        R22-1: the right to express one's view: in the claim, before anybody decides.
        """
        body = {"claims": [{"right": "automated_decision", "details": {"view": "The credit report is not mine."}}]}
        made = (await client.post(OWN, json=body, headers=ANNA_BEARER.headers())).json()
        seen = (await client.get(f"{PATH}/{made['id']}", headers=AGENT.headers())).json()

        assert seen["claims"][0]["details"]["view"] == "The credit report is not mine."
