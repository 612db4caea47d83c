"""
The walk: one request of every right, from intake to a closed, answered, audited case, over real HTTP.
"""

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
from tests.harness.house import Seen
from tests.services.street import Street, a_house

#: Only here are all four kinds of answer (callback, sync, poll, by hand) in one controller.
EVERY_KIND = "sensor-alarm"
CONTROLLERS = ("westra", "westila", "sos-alarm", "securitas", "sensor-alarm")
#: A month later is a Sunday, the last day of a short month.
RECEIVED_AT = datetime(2032, 1, 31, 10, 0, tzinfo=UTC)
DUE_ON = date(2032, 3, 1)
#: Bookkeeping law keeps invoices at the billing service; telephony was asked, and knew nobody's marketing.
OUTCOMES = dict.fromkeys(RIGHTS, "granted") | {"erasure": "partly_granted"}
#: The policy ties emergency contacts to a legitimate interest alone: an objection raises their erasure (R21-4).
#: A running alarm calls those contacts, so it is no yes: two people say no, with the end of it (ADR 0023).
RAISED = {"objection": {"erasure": "refused"}}
YIELDS_PACKAGE = [right.key for right in RIGHTS.values() if right.yields_package]
#: Where a copy lacks what is about others, secret, or about the home's protection, as the letter tells.
WITHHELD_AT = {"westra", "sos-alarm", "securitas", "sensor-alarm"}
#: Where fields are masked; only the name of whoever wrote a note at Westila, so the copy is whole all the same.
MASKED_AT = WITHHELD_AT | {"westila"}
WALKS = [(EVERY_KIND, right) for right in RIGHTS] + [(c, "access") for c in CONTROLLERS if c != EVERY_KIND]


@dataclass(frozen=True)
class Walked:
    """What is left of one request at the end of its way."""

    controller: str
    right: str
    seen: Seen
    letters: dict[str, str]
    chain: list[Link]
    package: bytes | None


@pytest.fixture(scope="module")
async def walked(request: pytest.FixtureRequest, street: Street, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """One request's whole way, once for all tests that look at it."""
    controller, right = request.param
    async with a_house(street, tmp_path_factory.mktemp("walk")) as house:
        async with house.tx() as tx:
            await clock.move(tx.session, to=RECEIVED_AT)
        async with house.working():
            request_id = await house.file(controller, right)
            seen = await house.until_closed(request_id)
        async with house.tx(controller) as tx:
            chain = [audit.as_link(row) for row in await audit.entries_of(tx, request_id)]
        package = await house.package(request_id) if right in YIELDS_PACKAGE else None
        return Walked(controller, right, seen, await house.letters(request_id), chain, package)


def walking(*walks: tuple[str, str]) -> pytest.MarkDecorator:
    """Look at these walks: (controller, right)."""
    return pytest.mark.parametrize("walked", walks, ids=lambda walk: "-".join(walk), indirect=True, scope="module")


@walking(*WALKS)
class TestRequest:
    def test_ends_with_the_outcome_its_processors_gave(self, walked):
        """
        A claim ends with what was done: granted, or in part where a law keeps something (Art. 17(3)(b)) or where
        rows of a copy are withheld, and then the letter lists them (Art. 12(4), 15(4)).
        """
        is_partial = walked.right in YIELDS_PACKAGE and walked.controller in WITHHELD_AT
        is_masked = walked.right in YIELDS_PACKAGE and walked.controller in MASKED_AT
        expected = "partly_granted" if is_partial else OUTCOMES[walked.right]

        assert walked.seen.outcomes() == {walked.right: expected} | RAISED.get(walked.right, {})
        assert is_masked == ("Det här är inte med i paketet" in walked.letters["fulfilment"])

    def test_leaves_no_task_open(self, walked):
        """
        No claim is closed while somebody has still to answer; each answer is one of the terminal ones.
        """
        tasks = walked.seen.tasks

        assert tasks
        assert {task.state for task in tasks} == {TaskState.CLOSED}
        assert {task.outcome for task in tasks} <= TERMINAL_BY_PERSON

    def test_asks_every_task_once_where_nothing_goes_wrong(self, walked):
        """
        One call a task; only a processor that is polled is called again.
        """
        seen = walked.seen
        polled = {"webcrm", "customer-system"}

        assert {t.attempts for t in seen.tasks if t.closed_by == "callback"} <= {1}
        assert {t.attempts for t in seen.tasks if seen.keys[t.processor_id] not in polled} <= {0, 1}
        assert {t.attempts for t in seen.tasks if t.closed_by == "person"} <= {0}

    def test_is_due_a_month_after_receipt_on_a_working_day(self, walked):
        """
        31 January 2032 and one month is 29 February, a Sunday: Monday 1 March (GDPR Art. 12(3), Reg. 1182/71 Art. 3).
        """
        row = walked.seen.row

        assert row.due_on == DUE_ON
        assert [day["date"] for day in row.deadline["rolled"]] == ["2032-02-29"]

    def test_tells_the_person_of_receipt_and_of_the_end(self, walked):
        """
        Receipt at once, and what was done about it, by reference (GDPR Art. 12(3)); a notice where something waited;
        and where a part of it belongs to another controller, that it was passed on (Art. 28(3)(e)).
        """
        waited = {"cooling_off_notice"} if walked.right in ("erasure", "rectification", *RAISED) else set()
        waited |= {"refusal"} if "refused" in walked.seen.outcomes().values() else set()
        about_others = {kind for kind in walked.letters if kind.startswith("forwarding:")}

        assert set(walked.letters) - about_others == {"receipt", "fulfilment"} | waited
        assert bool(about_others) == (walked.controller == "securitas")
        assert all(walked.seen.row.reference in html for html in walked.letters.values())

    def test_leaves_an_unbroken_chain(self, walked):
        """
        Every step is in the audit chain, from receipt to closing, and the chain verifies.
        """
        chain = walked.chain

        assert audit_export.verify(chain, controller=walked.controller) == []
        assert chain[0].entry.step == "request:received"
        assert chain[-1].entry.step == "request:closed"


@walking(*(walk for walk in WALKS if walk[1] in YIELDS_PACKAGE))
class TestPackage:
    def test_is_a_whole_archive_with_right_checksums(self, walked):
        """
        The ZIP opens, and every file in it but the last list is listed with its SHA-256 (BagIt, RFC 8493).
        """
        with zipfile.ZipFile(io.BytesIO(walked.package)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        listed = [line for name in files if "manifest-" in name for line in files[name].decode().splitlines()]
        sums = {name: digest for digest, name in (line.split("  ", 1) for line in listed)}
        files.pop("tagmanifest-sha256.txt")

        assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

    def test_holds_what_every_processor_exported(self, walked):
        """
        One JSON file for each processor that was asked for a copy, and rows in some of them.
        """
        exported = {walked.seen.keys[task.processor_id] for task in walked.seen.of("export")}
        with zipfile.ZipFile(io.BytesIO(walked.package)) as archive:
            data = {
                Path(name).stem: json.loads(archive.read(name))
                for name in archive.namelist()
                if name.startswith("data/") and name.endswith(".json") and name.count("/") == 1
            }
        described = data.pop("datapackage")
        words = [data.pop(name) for name in ("_dictionary", "_information") if name in data]

        assert set(data) == exported
        assert {part["reference"] for part in data.values()} == {walked.seen.row.reference}
        assert any(category["rows"] for part in data.values() for category in part["categories"])
        assert described["id"] == walked.seen.row.reference
        assert all(words)

    def test_is_mentioned_in_the_letter(self, walked):
        """
        The answer says until when the package can be fetched: 30 days from release.
        """
        assert "1 mars 2032" in walked.letters["fulfilment"]


@walking((EVERY_KIND, "erasure"))
class TestErasure:
    def test_names_the_law_and_the_last_day_of_what_is_kept(self, walked):
        """
        What is not erased is named with the law that keeps it and until when (GDPR Art. 12(4), 17(3)(b)).
        """
        billing = walked.seen.of("erase", "billecta")
        letter = walked.letters["fulfilment"]

        assert [task.outcome for task in billing] == ["completed_partial"]
        assert "bokföringslagen" in letter.lower()
        assert "31 december" in letter
