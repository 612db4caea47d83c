"""
Taking data along (GDPR Art. 20): what the person gave, on consent or contract, for a machine to read.
"""

import json

from app.services import supplements
from app.services.supplements import NewSupplement
from tests.harness.house import ADMIN
from tests.letters.page import Page
from tests.services.by_hand import CONTROLLER, answer_all, found, grant, release
from tests.services.copies import files_of, gives, sealed

GIVEN = gives(
    contact=[{"name": "Anna", "since": "2024-05-02"}],
    alarm_history=[{"at": "07:42", "sia_code": "CL", "user_is_subject": True}],
    photo_video=[{"image_id": "B1", "transcript": "Hej", "speaker": "subject"}],
)
ONLY_OURS = gives(photo_video=[{"call_id": "S1", "transcript": "Hej", "speaker": "subject"}])


async def letter_of(house, request_id):
    return " ".join(Page((await house.letters(request_id))["fulfilment"]).text.split())


class TestPortablePackage:
    async def test_holds_what_was_provided_on_contract_as_json_and_csv(self, house):
        """
        R20-1, R20-2: given and observed data; each with its schema, none as PDF.
        """
        request_id = await sealed(house, "portability", alarm_centre=GIVEN)
        files = await files_of(house, request_id)
        tables = {name for name in files if name.startswith("data/portable/")}

        assert tables == {
            f"data/portable/alarm-centre/{category}{end}"
            for category in ("contact", "alarm_history")
            for end in (".csv", ".json", ".schema.json")
        }
        assert not [name for name in files if name.endswith(".pdf")]

    async def test_lacks_what_rests_on_something_else_and_says_so(self, house):
        """
        R20-1: a legitimate interest is no portable basis; the letter and the page name what is not covered, and why.
        """
        request_id = await sealed(house, "portability", alarm_centre=GIVEN)
        copy = json.loads((await files_of(house, request_id))["data/alarm-centre.json"])
        seen = await release(house, request_id)
        letter = await letter_of(house, request_id)

        assert [category["category"] for category in copy["categories"]] == ["contact", "alarm_history"]
        assert "Foton och video från händelser: uppgifterna vilar inte på samtycke eller avtal" in letter
        assert "Larmhistorik, Kontaktuppgifter" in letter
        assert seen.outcomes() == {"portability": "granted"}

    async def test_lacks_what_nobody_has_given_a_basis(self, house):
        """
        R20-1: a gap in the policy is listed with its reason; once the controller settles a basis, it is covered.
        """
        async with house.tx(CONTROLLER) as tx:
            gone = [NewSupplement(path="categories.contact.legal_bases")]
            await supplements.settle(tx, house.ctx, CONTROLLER, gone, actor=ADMIN)
        request_id = await sealed(house, "portability", alarm_centre=GIVEN)
        files = await files_of(house, request_id)
        page = " ".join(Page(files["README.html"].decode()).text.split())

        assert "data/portable/alarm-centre/contact.csv" not in files
        assert "Kontaktuppgifter: ingen har fastställt att uppgifterna vilar på samtycke eller avtal" in page

    async def test_that_covers_nothing_is_no_whole_yes(self, house):
        """
        F08: nobody is told that they were given what they asked for when there was nothing to take along.
        """
        request_id = await sealed(house, "portability", alarm_centre=ONLY_OURS)
        seen = await release(house, request_id)

        assert seen.outcomes() == {"portability": "partly_granted"}
        assert "omfattas inte av rätten att flytta uppgifter" in await letter_of(house, request_id)

    async def test_leaves_other_people_out(self, house):
        """
        R20-3: GDPR Art. 20(4), others' movements in one's own log.
        """
        others = gives(
            alarm_history=[{"at": "17:05", "user_is_subject": False}, {"at": "07:42", "user_is_subject": True}]
        )
        request_id = await sealed(house, "portability", alarm_centre=others)
        rows = json.loads((await files_of(house, request_id))["data/portable/alarm-centre/alarm_history.json"])

        assert [row["at"] for row in rows] == ["07:42"]

    async def test_says_how_it_is_with_sending_them_straight_to_somebody_else(self, house):
        """
        R20-3: the result of a direct transfer, and that taking along erases nothing.
        """
        request_id = await sealed(house, "portability", alarm_centre=GIVEN)
        page = " ".join(Page((await files_of(house, request_id))["README.html"].decode()).text.split())
        await release(house, request_id)

        assert "raderar dem inte hos oss" in page
        assert "Vi har inte skickat något direkt till någon annan" in await letter_of(house, request_id)

    async def test_beside_an_access_copy_is_a_part_of_it(self, house):
        """
        R20-1: two rights, one package: the copy has everything, the folder to take along what Art. 20 covers.
        """
        request_id = await found(house, "access", "portability")
        seen = await grant(house, request_id, "access", "portability")
        said = {"alarm-centre": GIVEN}
        await answer_all(
            house, request_id, lambda task: said.get(seen.keys[task.processor_id], {"outcome": "not_found"})
        )
        files = await files_of(house, request_id)
        copy = {one["category"] for one in json.loads(files["data/alarm-centre.json"])["categories"]}

        assert copy == {"contact", "alarm_history", "photo_video"}
        assert "data/portable/alarm-centre/photo_video.csv" not in files
        assert "data/portable/alarm-centre/contact.csv" in files
