"""
The walk: one request of every right, from intake to a closed, answered, audited case, over real HTTP.
"""

import asyncio
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app import clock
from app.domain import audit_export
from app.domain.audit import Link
from app.domain.fanout import TERMINAL_BY_PERSON, TaskState
from app.domain.rights import RIGHTS
from app.repositories import audit
from tests.harness.house import House, Seen
from tests.services.street import Street, a_house

#: Only here are all four kinds of answer (callback, sync, poll, by hand) in one controller.
EVERY_KIND = "sensor-alarm"
CONTROLLERS = ("westra", "westila", "sos-alarm", "securitas", "sensor-alarm")
#: Whoever is erased or corrected is nobody else's example.
PEOPLE = {"erasure": "omar-aziz", "rectification": "karin-ek"}
#: A month later is a Saturday, the last day of a short month.
RECEIVED_AT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
DUE_ON = date(2026, 3, 2)
#: Bookkeeping law keeps invoices at the billing service; telephony was asked, and knew nobody's marketing.
OUTCOMES = dict.fromkeys(RIGHTS, "granted") | {"erasure": "partly_granted"}
YIELDS_PACKAGE = [right.key for right in RIGHTS.values() if right.yields_package]
WALKS = [(EVERY_KIND, right) for right in RIGHTS] + [(c, "access") for c in CONTROLLERS if c != EVERY_KIND]


@dataclass(frozen=True)
class Walked:
    """What is left of one request at the end of its way."""

    seen: Seen
    letters: dict[str, str]
    chain: list[Link]
    package: bytes | None


@pytest.fixture(scope="module")
async def walked(street: Street, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Walked]:
    """All walks of this file at once, in one house: (controller, right) and how it ended."""
    async with a_house(street, tmp_path_factory.mktemp("walk")) as house:
        async with house.tx() as tx:
            await clock.move(tx.session, to=RECEIVED_AT)
        async with house.working():
            ends = await asyncio.gather(*(_walk(house, controller, right) for controller, right in WALKS))
    return dict(zip(WALKS, ends, strict=True))


async def _walk(house: House, controller: str, right: str) -> Walked:
    request_id = await house.file(controller, right, person=PEOPLE.get(right, "anna-lindqvist"))
    seen = await house.until_closed(request_id)
    async with house.tx(controller) as tx:
        chain = [audit.as_link(row) for row in await audit.entries_of(tx, request_id)]
    package = await house.package(request_id) if right in YIELDS_PACKAGE else None
    return Walked(seen=seen, letters=await house.letters(request_id), chain=chain, package=package)


@pytest.mark.parametrize(("controller", "right"), WALKS, ids=lambda word: word)
class TestRequest:
    def test_ends_with_the_outcome_its_processors_gave(self, walked, controller, right):
        """
        A claim ends with what was done: granted, or in part where a law keeps something (Art. 17(3)(b)).
        """
        assert walked[controller, right].seen.outcomes() == {right: OUTCOMES[right]}

    def test_leaves_no_task_open(self, walked, controller, right):
        """
        No claim is closed while somebody has still to answer; each answer is one of the terminal ones.
        """
        tasks = walked[controller, right].seen.tasks

        assert tasks
        assert {task.state for task in tasks} == {TaskState.CLOSED}
        assert {task.outcome for task in tasks} <= TERMINAL_BY_PERSON

    def test_asks_every_task_once_where_nothing_goes_wrong(self, walked, controller, right):
        """
        One call a task; only a processor that is polled is called again.
        """
        seen = walked[controller, right].seen
        polled = {"webcrm", "customer-system"}

        assert {t.attempts for t in seen.tasks if t.closed_by == "callback"} <= {1}
        assert {t.attempts for t in seen.tasks if seen.keys[t.processor_id] not in polled} <= {0, 1}
        assert {t.attempts for t in seen.tasks if t.closed_by == "person"} <= {0}

    def test_is_due_a_month_after_receipt_on_a_working_day(self, walked, controller, right):
        """
        31 January and one month is 28 February, a Saturday: Monday 2 March (GDPR Art. 12(3), Reg. 1182/71 Art. 3(4)).
        """
        row = walked[controller, right].seen.row

        assert row.due_on == DUE_ON
        assert [day["date"] for day in row.deadline["rolled"]] == ["2026-02-28", "2026-03-01"]

    def test_tells_the_person_of_receipt_and_of_the_end(self, walked, controller, right):
        """
        Receipt at once, and what was done about it, by reference (GDPR Art. 12(3)).
        """
        end = walked[controller, right]

        assert set(end.letters) == {"receipt", "fulfilment"}
        assert all(end.seen.row.reference in html for html in end.letters.values())

    def test_leaves_an_unbroken_chain(self, walked, controller, right):
        """
        Every step is in the audit chain, from receipt to closing, and the chain verifies.
        """
        chain = walked[controller, right].chain

        assert audit_export.verify(chain, controller=controller) == []
        assert chain[0].entry.step == "request:received"
        assert chain[-1].entry.step == "request:closed"


@pytest.mark.parametrize(
    ("controller", "right"), [walk for walk in WALKS if walk[1] in YIELDS_PACKAGE], ids=lambda word: word
)
class TestPackage:
    def test_is_a_whole_archive_with_right_checksums(self, walked, controller, right):
        """
        The ZIP opens, and every file in it but the list is listed with its SHA-256.
        """
        with zipfile.ZipFile(io.BytesIO(walked[controller, right].package)) as archive:
            listed = archive.read("checksums-sha256.txt").decode().splitlines()
            sums = {name: digest for digest, name in (line.split("  ", 1) for line in listed)}
            files = {name: archive.read(name) for name in archive.namelist() if name != "checksums-sha256.txt"}

        assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

    def test_holds_what_every_processor_exported(self, walked, controller, right):
        """
        One JSON file for each processor that was asked for a copy, and rows in some of them.
        """
        end = walked[controller, right]
        exported = {end.seen.keys[task.processor_id] for task in end.seen.of("export")}
        with zipfile.ZipFile(io.BytesIO(end.package)) as archive:
            data = {
                Path(name).stem: json.loads(archive.read(name))
                for name in archive.namelist()
                if name.startswith("data/") and name.endswith(".json")
            }

        assert set(data) == exported
        assert {part["reference"] for part in data.values()} == {end.seen.row.reference}
        assert any(category["rows"] for part in data.values() for category in part["categories"])

    def test_is_mentioned_in_the_letter(self, walked, controller, right):
        """
        The answer says until when the package can be fetched: 30 days from release.
        """
        assert "2 mars 2026" in walked[controller, right].letters["fulfilment"]


class TestErasure:
    def test_names_the_law_and_the_last_day_of_what_is_kept(self, walked):
        """
        What is not erased is named with the law that keeps it and until when (GDPR Art. 12(4), 17(3)(b)).
        """
        end = walked[EVERY_KIND, "erasure"]
        billing = end.seen.of("erase", "billecta")
        letter = end.letters["fulfilment"]

        assert [task.outcome for task in billing] == ["completed_partial"]
        assert "bokföringslagen" in letter.lower()
        assert "31 december" in letter
