"""
Letters and packages say what is so: no more was given, stopped, erased or looked for than recipients did.
"""

import io
import json
import zipfile
from dataclasses import replace
from datetime import date

import pytest

from app.domain.identity import Level
from app.letters.words import METHODS, day
from app.services import casework, intake, steps
from sandbox.people import BY_ID
from tests.harness.house import CUSTOMER
from tests.letters.page import Page
from tests.services.by_hand import CONTROLLER, DONE, answer_all, claim_of, decide, found, grant, look, release

ALARM_CENTRE = {"sv": "Larmcentralens system", "en": "Alarm centre system"}
OWN_RECORDS = {"sv": "Egna brevlådor, papper och ärendeanteckningar", "en": "Own mailboxes, paper and case notes"}
#: One row that may leave, two about others, one that takes the highest proof, and a category that is empty.
RECORDS = [
    {"category": "contact", "rows": [{"newsletter": True}]},
    {"category": "alarm_history", "rows": [{"user_is_subject": False, "at": "07:00"}] * 2},
    {"category": "transmitter_log", "rows": [{"zone": "3"}]},
]
COPIED = DONE | {"records": RECORDS}
EMPTY_COPY = DONE | {"records": [{"category": "contact", "rows": []}]}


def plain(html):
    return " ".join(Page(html).text.split())


async def copied(house, right, exports, **changed):
    """A request for a copy, released and closed; *exports* says what each recipient answers, by its key."""
    request_id = await found(house, right, **changed)
    seen = await grant(house, request_id, right)
    await answer_all(
        house, request_id, lambda task: exports.get(seen.keys[task.processor_id], {"outcome": "not_found"})
    )
    return request_id, await release(house, request_id)


async def letter(house, request_id, kind="fulfilment"):
    return plain((await house.letters(request_id))[kind])


async def files_of(house, request_id):
    with zipfile.ZipFile(io.BytesIO(await house.package(request_id))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


class TestCopyFromWhichRowsAreWithheld:
    @pytest.mark.parametrize("right", ["access", "portability"])
    async def test_is_a_part_of_what_was_asked_for_and_the_letter_says_of_what(self, house, right):
        """
        GDPR Art. 12(4), 15(4), 12(6): what stays behind is counted and named, with its reason and a way to get it.
        """
        request_id, seen = await copied(house, right, {"alarm-centre": COPIED})
        text = await letter(house, request_id)

        assert (seen.is_closed, seen.outcomes()) == (True, {right: "partly_granted"})
        assert [row["left_out"] for row in await house.sql("SELECT left_out FROM package")] == [3]
        assert "Du har delvis fått det du bad om." in text
        assert f"Larmhistorik hos {ALARM_CENTRE['sv']}: 2 poster. Uppgiften handlar om någon annan" in text
        assert f"Loggar från larmsändare hos {ALARM_CENTRE['sv']}: 1 post. Uppgiften visar hur hemmet skyddas" in text
        assert f"visa vem du är så här: {METHODS['letter_to_registered_address'][0]}." in text
        assert f"{ALARM_CENTRE['sv']}Lämna ut dina uppgifter: KontaktuppgifterGjort" in text
        assert "Om du vill klaga" in text

    async def test_lies_sealed_beside_its_number(self, house):
        """
        What exactly was withheld tells about the person, so only a number is readable.
        """
        await copied(house, "access", {"alarm-centre": COPIED})
        (row,) = await house.sql("SELECT left_out_sealed FROM package")

        assert b"alarm" not in row["left_out_sealed"].lower()
        assert b"rights_of_others" not in row["left_out_sealed"]

    async def test_is_whole_where_nothing_was_withheld(self, house):
        """
        The same case without those rows ends as granted, and no letter speaks of a lack.
        """
        whole = DONE | {"records": RECORDS[:1]}
        request_id, seen = await copied(house, "access", {"alarm-centre": whole})

        assert seen.outcomes() == {"access": "granted"}
        assert "Det här är inte med i paketet" not in await letter(house, request_id)


class TestCopyWithoutData:
    @pytest.mark.parametrize("said", [DONE, DONE | {"records": []}])
    async def test_is_not_told_as_holding_nothing(self, house, said):
        """
        "Done" without data is no "no data about you"; only who was sought and not found is told so.
        """
        exports = {"alarm-centre": COPIED, "telephony": said}
        request_id, _ = await copied(house, "access", exports)
        readme = plain((await files_of(house, request_id))["README.html"])
        text = await letter(house, request_id)

        assert "Larmcentralens telefoni: mottagaren säger att uppgifter har lämnats ut, men inga följde med" in readme
        assert f"{OWN_RECORDS['sv']}: inga uppgifter om dig" in readme
        assert "Larmcentralens telefoniLämna ut dina uppgifterGjort. Inga uppgifter följde med svaret: Gjort." in text

    async def test_from_everybody_is_not_called_data(self, house):
        """
        Nobody is told that their data lie in a package that is empty.
        """
        request_id, _ = await copied(house, "access", {"alarm-centre": DONE})
        text = await letter(house, request_id)

        assert "Ja, vi har uppgifter om dig" not in text
        assert "inga följde med svaren till oss" in text

    async def test_names_no_category_and_makes_no_table(self, house):
        """
        A category without a row is neither handed over nor a file.
        """
        request_id, _ = await copied(house, "portability", {"alarm-centre": EMPTY_COPY})
        files = await files_of(house, request_id)

        assert not [name for name in files if name.endswith(".csv")]
        assert json.loads(files["data/alarm-centre.json"])["categories"][0]["rows"] == []
        assert f"{ALARM_CENTRE['sv']}Lämna ut dina uppgifterGjort" in await letter(house, request_id)


class TestRecipients:
    @pytest.mark.parametrize("language", ["sv", "en"])
    async def test_are_called_by_their_name_in_the_persons_language(self, house, language):
        """
        GDPR Art. 12(1): an English answer names recipients in English, in letter and package alike.
        """
        request_id, _ = await copied(house, "access", {"alarm-centre": COPIED}, language=language)
        readme = plain((await files_of(house, request_id))["README.html"])
        text = await letter(house, request_id)
        other = "en" if language == "sv" else "sv"

        for page in (readme, text):
            assert ALARM_CENTRE[language] in page
            assert OWN_RECORDS[language] in page
            assert ALARM_CENTRE[other] not in page
            assert OWN_RECORDS[other] not in page


class TestWaysToProveWhoOneIs:
    @pytest.mark.parametrize(
        ("rights", "offered"),
        [
            (["consent_withdrawal"], set(METHODS)),
            (["consent_withdrawal", "erasure"], set(METHODS) - {"one_time_code", "known_channel_callback"}),
        ],
    )
    async def test_are_only_those_that_are_enough(self, house, rights, offered):
        """
        GDPR Art. 12(6): nobody is sent through a proof that opens nothing; the highest need counts.
        """
        request_id = await house.file(CONTROLLER, *rights, assurance=Level.NONE)
        await look(house, request_id)
        text = await letter(house, request_id, "receipt")

        assert {method for method, (words, _) in METHODS.items() if words in text} == offered


class TestWithdrawal:
    @pytest.mark.parametrize("right", ["access", "rectification"])
    async def test_says_how_long_deletion_is_still_held(self, house, right):
        """
        R15-11: a hold was asked for until the day a case can last, and a withdrawal does not lift it.
        """
        request_id = await found(house, right)
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            last = date.fromisoformat(row.deadline["extended_due_on"][:10])
            await casework.withdraw(tx, row, rights=[], actor=CUSTOMER)
        seen = await look(house, request_id)
        text = await letter(house, request_id, "withdrawal")

        assert bool(seen.of("freeze")) == (right == "access")
        assert (f"till och med {day(last, 'sv')}; därefter gallras de" in text) == (right == "access")


class TestRowOfWhatWasDone:
    @pytest.mark.parametrize(
        ("right", "names"), [("rectification", False), ("marketing_objection", False), ("restriction", True)]
    )
    async def test_names_categories_only_where_it_is_done_to_categories(self, house, right, names):
        """
        F08: a corrected address is no corrected alarm history, and a stopped letter stops no recording.
        """
        request_id = await found(house, right)
        if claim_of(await house.see(request_id), right).verdict is None:
            await decide(house, request_id, right)
        assert (await answer_all(house, request_id)).is_closed

        assert ("Larmhistorik" in await letter(house, request_id)) == names


class TestCorrection:
    @pytest.mark.parametrize(
        ("details", "said"),
        [
            ({"field": "email", "value": "ny@example.org"}, "e-postadress: nu ny@example.org"),
            (
                {"field": "phone", "old": "070-1740605", "value": "070-1740606"},
                "telefonnummer: från 070-1740605 till 070-1740606",
            ),
            ({"text": "Jag heter inte så."}, "det du bad oss rätta"),
        ],
    )
    async def test_is_told_from_what_to_what(self, house, details, said):
        """
        GDPR Art. 16: old and new as the person said them; what was asked in words of its own is "what you asked".
        """
        async with house.working():
            async with house.tx(CONTROLLER) as tx:
                new = house.request_of(BY_ID["karin-ek"], CONTROLLER, ["rectification"], received_at=tx.now)
                new = replace(new, claims=[intake.NewClaim("rectification", details)])
                request_id = (await intake.file(tx, house.ctx, new, actor=CUSTOMER)).id
            await house.until_closed(request_id)

        assert said in await letter(house, request_id)


NOTHING = {"outcome": "not_found"}


class TestNothingHeld:
    @pytest.mark.parametrize(("language", "there", "never"), [
        ("sv", "men inget där gäller det du bad om", "har inga uppgifter om dig"),
        ("en", "but nothing there concerns what you asked for", "hold no data about you"),
    ])  # fmt: skip
    async def test_is_not_said_where_somebody_found_the_person(self, house, language, there, never):
        """
        GDPR Art. 12(1): the alarm centre has her data; that nobody uses them for what she objects to is another thing.
        """
        request_id = await house.file(CONTROLLER, "marketing_objection", language=language)
        await answer_all(house, request_id, lambda task: NOTHING if task.action == "stop_marketing" else DONE)
        seen = await look(house, request_id)
        text = await letter(house, request_id, "nothing_held")

        assert seen.outcomes() == {"marketing_objection": "nothing_held"}
        assert there in text
        assert ALARM_CENTRE[language] in text
        assert never not in text
        assert {"sv": "Ingen av dem", "en": "Not one of them"}[language] not in text

    async def test_r15_1_is_a_letter_of_its_own_that_says_how_was_searched(self, house):
        """
        R15-1: a negative answer is an answer: where was looked, by which identifiers, and how to complain.
        """
        house.by_hand = lambda _task: {"outcome": "not_found", "message": "Sökt."}
        async with house.working():
            request_id = await house.file(CONTROLLER, "access", person="nils-falk")
            seen = await house.until_closed(request_id)
        text = await letter(house, request_id, "nothing_held")

        assert seen.outcomes() == {"access": "nothing_held"}
        assert "Nej, vi har inga uppgifter om dig" in text
        assert ALARM_CENTRE["sv"] in text
        assert "e-postadress" in text
        assert "personnummer" not in text  # nobody who was asked takes one
        assert "Integritetsskyddsmyndigheten (IMY)" in text
        assert "fulfilment" not in await house.letters(request_id)
