"""Letters over HTTP: read as a page and as paper, listed while they are not out, posted by staff."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from app.services.context import Context
from tests.routers.conftest import (
    AGENT,
    ANNA,
    ANNA_BEARER,
    AUDITOR,
    BO_BEARER,
    DPO,
    FOREIGN_AGENT,
    HANDLER,
    Advance,
    Bearer,
    File,
)

OWN, PATH = "/v1/self-service/requests", "/v1/requests"
PHONED = {
    "controller": "westra",
    "channel": "phone",
    "received_at": "2026-01-01T10:00:00+01:00",
    "claims": [{"right": "access"}],
    "subject": {
        "identifiers": [
            {"type": "email", "value": "anna@example.org"},
            {"type": "name", "value": "Anna Lindqvist"},
            {"type": "address", "value": "Storgatan 5 B, 999 01 Provstad"},
        ]
    },
}


@pytest.fixture
async def phoned(client: httpx.AsyncClient, advance: Advance, registered: None) -> dict[str, Any]:
    """A request by telephone of somebody without a login; its receipt is to be posted."""
    answer = await client.post(
        PATH,
        json=PHONED | {"received_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat()},
        headers=AGENT.headers(),
    )
    assert answer.status_code == 201, answer.text
    filed: dict[str, Any] = answer.json()
    await advance(filed["id"])
    return filed


@pytest.fixture
async def receipt(client: httpx.AsyncClient, phoned: dict[str, Any]) -> dict[str, Any]:
    (found,) = (await client.get(f"{PATH}/{phoned['id']}/letters", headers=AGENT.headers())).json()["items"]
    letter: dict[str, Any] = found
    return letter


async def unsent(client: httpx.AsyncClient, state: str = "to_post", bearer: Bearer = AGENT) -> list[dict[str, Any]]:
    answer = await client.get("/v1/letters", params={"state": state, "controller": "westra"}, headers=bearer.headers())
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestWay:
    @pytest.mark.parametrize(("form", "via"), [("paper", "post"), ("oral", "post"), ("electronic", "portal")])
    async def test_is_the_one_the_person_asked_for(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, form: str, via: str
    ) -> None:
        """R12-3: what came over the web goes on paper to whoever asks for paper."""
        made = await file("access", answer_form=form)
        await advance(made["id"])
        listed = (await client.get(f"/v1/requests/{made['id']}/letters", headers=AGENT.headers())).json()["items"]

        assert {one["via"] for one in listed if one["kind"] == "receipt"} == {via}

    async def test_for_somebody_who_must_not_be_found_is_paper(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Nothing is mailed: it waits on the list of the trained handlers, and on nobody else's."""
        made = await file("access", protected_identity=True)
        await advance(made["id"])
        (waiting,) = await unsent(client, bearer=HANDLER)

        assert waiting["kind"] == "receipt"
        assert await unsent(client) == []


class TestOwnLetter:
    async def test_is_found_by_its_kind_and_by_its_id(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """A case may have several letters of a kind, so each has an address of its own."""
        filed = await file()
        await advance(filed["id"])
        path = f"{OWN}/{filed['id']}/letters"
        (letter,) = (await client.get(path, headers=ANNA_BEARER.headers())).json()["items"]
        by_kind = await client.get(f"{path}/receipt", headers=ANNA_BEARER.headers())
        by_id = await client.get(f"{path}/{letter['id']}", headers=ANNA_BEARER.headers())

        assert letter["via"] == "portal"
        assert letter["sent_at"] == letter["written_at"]
        assert "about" not in letter
        assert by_kind.text == by_id.text
        assert by_id.headers["content-language"] == "sv"

    @pytest.mark.parametrize("form", ["", ".pdf"])
    async def test_is_out_when_its_person_has_read_it(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, form: str
    ) -> None:
        """F07: who has it in hand has been told, whatever became of the mail; staff reading it tells nobody."""
        filed = await file(contact={"email": "anna@example.org"})
        await advance(filed["id"])
        await client.get(f"{PATH}/{filed['id']}/letters/receipt{form.replace('.', '/')}", headers=AGENT.headers())
        assert len(await unsent(client, "waiting")) == 1
        await client.get(f"{OWN}/{filed['id']}/letters/receipt{form}", headers=ANNA_BEARER.headers())

        assert await unsent(client, "waiting") == []

    async def test_can_be_kept_as_a_file(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """The same letter as PDF; never cached by anybody on the way."""
        filed = await file()
        await advance(filed["id"])
        answer = await client.get(f"{OWN}/{filed['id']}/letters/receipt.pdf", headers=ANNA_BEARER.headers())
        text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()

        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        assert filed["reference"] in text
        assert "Vi har tagit emot din begäran" in text

    @pytest.mark.parametrize("letter", ["fulfilment", "00000000-0000-4000-8000-000000000000", "receipt.pdf"])
    async def test_of_somebody_else_is_not_there(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, letter: str
    ) -> None:
        """Not there, and somebody else's, are the same from outside."""
        filed = await file()
        await advance(filed["id"])
        answer = await client.get(f"{OWN}/{filed['id']}/letters/{letter}", headers=BO_BEARER.headers())

        assert answer.status_code == 404

    @pytest.mark.parametrize("letter", ["Receipt", "receipt%00", "re-ceipt", "1", "receipt.html"])
    async def test_has_a_plain_name(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None, letter: str
    ) -> None:
        """What is neither a kind nor an id is nobody's letter."""
        filed = await file()
        await advance(filed["id"])
        answer = await client.get(f"{OWN}/{filed['id']}/letters/{letter}", headers=ANNA_BEARER.headers())

        assert answer.status_code == 404


class TestPosting:
    async def test_ends_the_waiting(
        self, client: httpx.AsyncClient, phoned: dict[str, Any], receipt: dict[str, Any], ctx: Context
    ) -> None:
        """F07: the letter is out from the day it left the house, and the list forgets it."""
        (waiting,) = await unsent(client)
        today = ctx.today("westra", (await _now(ctx)))
        answer = await client.post(
            f"{PATH}/{phoned['id']}/letters/{receipt['id']}/posting",
            json={"posted_on": today.isoformat()},
            headers=AGENT.headers(),
        )

        assert (waiting["id"], waiting["via"], waiting["reference"]) == (receipt["id"], "post", phoned["reference"])
        assert "sent_at" not in waiting
        assert answer.status_code == 200, answer.text
        assert answer.json()["sent_at"] >= receipt["written_at"]
        assert await unsent(client) == []
        chain = (await client.get(f"{PATH}/{phoned['id']}/audit", headers=AGENT.headers())).json()["items"]
        assert [one["facts"]["how"] for one in chain if one["step"] == "letter:sent"] == ["post"]

    @pytest.mark.parametrize(("days", "problem"), [(1, "posted-in-the-future"), (-1, "posted-before-written")])
    async def test_is_on_a_day_on_which_it_can_have_been(
        self,
        client: httpx.AsyncClient,
        phoned: dict[str, Any],
        receipt: dict[str, Any],
        ctx: Context,
        days: int,
        problem: str,
    ) -> None:
        """Nobody posts tomorrow, nor yesterday what was written today."""
        day = ctx.today("westra", await _now(ctx)) + timedelta(days=days)
        answer = await client.post(
            f"{PATH}/{phoned['id']}/letters/{receipt['id']}/posting",
            json={"posted_on": day.isoformat()},
            headers=AGENT.headers(),
        )

        assert answer.status_code == 422
        assert answer.json()["type"] == f"/problems/{problem}"
        assert answer.json()["errors"][0]["pointer"] == "#/posted_on"

    async def test_counts_once(
        self, client: httpx.AsyncClient, phoned: dict[str, Any], receipt: dict[str, Any], ctx: Context
    ) -> None:
        """A second day would make a late letter early or an early one late; the same call again is the same."""
        path = f"{PATH}/{phoned['id']}/letters/{receipt['id']}/posting"
        body = {"posted_on": ctx.today("westra", await _now(ctx)).isoformat()}
        headers = AGENT.headers()
        answers = [await client.post(path, json=body, headers=headers) for _ in range(2)]
        again = await client.post(path, json=body, headers=AGENT.headers())

        assert [one.status_code for one in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert (again.status_code, again.json()["type"]) == (409, "/problems/letter-is-out")

    @pytest.mark.parametrize("body", [{}, {"posted_on": "2026-13-01"}, {"posted_on": 20260101}, {"posted_on": None}])
    async def test_needs_a_day(
        self, client: httpx.AsyncClient, phoned: dict[str, Any], receipt: dict[str, Any], body: dict[str, Any]
    ) -> None:
        """A civil date and nothing that could be read as one."""
        path = f"{PATH}/{phoned['id']}/letters/{receipt['id']}/posting"

        assert (await client.post(path, json=body, headers=AGENT.headers())).status_code == 422


class TestPaper:
    async def test_has_no_address_that_a_caller_dictated_in_the_window(
        self, client: httpx.AsyncClient, phoned: dict[str, Any], receipt: dict[str, Any]
    ) -> None:
        """GDPR Art. 32: nobody has proved who called; whoever posts the letter looks the address up."""
        answer = await client.get(f"{PATH}/{phoned['id']}/letters/{receipt['id']}/pdf", headers=AGENT.headers())

        assert answer.status_code == 200
        assert "Storgatan" not in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()

    async def test_has_the_address_a_login_answers_for_in_the_window(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Name and address as the controller's own login has them, of somebody who is proved."""
        known = (("name", "Anna Lindqvist"), ("address", "Storgatan 5 B, 111 22 Stockholm"))
        phoned = await file(bearer=Bearer("subject", sub="anna", number=ANNA, identifiers=known))
        await advance(phoned["id"])
        answer = await client.get(f"{PATH}/{phoned['id']}/letters/receipt/pdf", headers=AGENT.headers())
        text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()

        assert answer.status_code == 200
        assert "Anna Lindqvist" in text
        assert "Storgatan 5 B" in text
        chain = (await client.get(f"{PATH}/{phoned['id']}/audit", headers=AGENT.headers())).json()["items"]
        assert [one["facts"]["form"] for one in chain if one["step"] == "letter:read"] == ["pdf"]

    async def test_never_has_an_address_that_was_only_typed(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """An ex-partner who types an own address is not sent the other's letter."""
        filed = await file(identifiers=[{"type": "address", "value": "Fel gata 1, 999 99 Annanstans"}])
        await advance(filed["id"])
        answer = await client.get(f"{PATH}/{filed['id']}/letters/receipt/pdf", headers=AGENT.headers())

        assert "Fel gata" not in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


class TestList:
    async def test_shows_whose_mail_is_on_its_way(
        self, client: httpx.AsyncClient, file: File, advance: Advance, registered: None
    ) -> None:
        """Without a mail server, too: what waits is seen."""
        filed = await file(contact={"email": "anna@example.org"})
        await advance(filed["id"])
        (waiting,) = await unsent(client, "waiting")

        assert (waiting["via"], waiting["attempts"], waiting["request_id"]) == ("email", 0, filed["id"])
        assert "failure" not in waiting
        assert await unsent(client) == []
        assert await unsent(client, "failed") == []

    async def test_is_each_controllers_own(self, client: httpx.AsyncClient, receipt: dict[str, Any]) -> None:
        """Another tenant's staff see none of it."""
        assert await unsent(client, bearer=FOREIGN_AGENT) == []

    async def test_goes_on_where_a_page_ended(
        self, client: httpx.AsyncClient, phoned: dict[str, Any], receipt: dict[str, Any], advance: Advance
    ) -> None:
        """Every letter once."""
        second = await client.post(
            PATH,
            json=PHONED | {"received_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat()},
            headers=AGENT.headers(),
        )
        await advance(second.json()["id"])
        first = (await client.get("/v1/letters", params={"limit": 1}, headers=AGENT.headers())).json()
        rest = (await client.get(first["next"], headers=AGENT.headers())).json()

        assert [one["request_id"] for one in first["items"] + rest["items"]] == [phoned["id"], second.json()["id"]]
        assert "next" not in rest


class TestWording:
    async def test_is_shown_to_who_audits(self, client: httpx.AsyncClient, receipt: dict[str, Any]) -> None:
        """Which words exactly a letter was made from, by the hash that stands on it."""
        for bearer in (DPO, AUDITOR):
            answer = await client.get(f"/v1/letter-templates/{receipt['template_sha256']}", headers=bearer.headers())
            kept = answer.json()

            assert (kept["kind"], kept["language"]) == ("receipt", "sv")
            assert any(
                "Vi har förstått din begäran" in one["text"] or "förstått" in one["text"] for one in kept["sources"]
            )

    async def test_that_no_letter_had_is_not_there(self, client: httpx.AsyncClient) -> None:
        """Only what was sent is kept."""
        answer = await client.get(f"/v1/letter-templates/{'0' * 64}", headers=DPO.headers())

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-template")


async def _now(ctx: Context) -> Any:
    async with ctx.database.transaction() as tx:
        return tx.now
