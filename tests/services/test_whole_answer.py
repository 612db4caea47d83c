"""
An access answer says everything the law demands about this person's data, or it does not leave (GDPR Art. 15).
"""

import json

import pytest

from app.domain.completeness import OnlyALink
from app.profiles import load_profiles
from app.profiles.schema import SCHEMA_FILE
from app.services import assembling, intake, steps, supplements, views
from app.services.supplements import CodeNotAllowed, NewSupplement, UnknownPath
from tests.harness.house import ADMIN
from tests.letters.page import Page
from tests.services.by_hand import CONTROLLER, DONE, answer_all, found, grant, look
from tests.services.copies import copy_of, files_of, gives, sealed

CONTACT = gives(contact=[{"name": "Anna Lindqvist", "email": "anna@example.org"}])
HISTORY = gives(
    contact=[{"name": "Anna"}],
    alarm_history=[{"at": "07:42", "sia_code": "CL", "contact_id": "3401", "user_is_subject": True}],
)


async def settle(house, *said, controller=CONTROLLER):
    async with house.tx(controller) as tx:
        await supplements.settle(tx, house.ctx, controller, said, actor=ADMIN)


async def unsettle(house, *paths):
    """Take back what the controller has said at these paths."""
    await settle(house, *(NewSupplement(path=path) for path in paths))


async def missing(house, request_id):
    async with house.tx() as tx:
        row = await steps.hold(tx, request_id)
        return {one["path"]: one["law"] for one in (await views.staff_request(tx, house.ctx, row))["missing"]}


async def told(house, request_id, language="sv"):
    """The page of the package as a person reads it, and what it says for a machine of each category."""
    files = await files_of(house, request_id)
    information = json.loads(files["data/_information.json"])
    return " ".join(Page(files["README.html"].decode()).text.split()), {
        one["category"]: one for one in information["categories"]
    }


class TestAnswer:
    @pytest.mark.parametrize(
        ("path", "law"),
        [
            ("categories.alarm_history.retention", "GDPR Art. 15(1)(d)"),
            ("recipients.processors", "GDPR Art. 15(1)(c)"),
            ("recipient_list", "GDPR Art. 15(1)(c)"),
            ("transfers", "GDPR Art. 15(2)"),
            ("automated_decisions", "GDPR Art. 15(1)(h)"),
        ],
    )
    async def test_with_an_empty_piece_stays_open_and_names_it(self, house, path, law):
        """
        F01, F04: no package, no letter, no closing; staff read what is missing, and it goes on once it is said.
        """
        await unsettle(house, path)
        held = gives(contact=[{"name": "Anna", "user_is_subject": True}])
        request_id = await sealed(house, "access", alarm_centre=HISTORY, others={"processors": held})
        seen = await look(house, request_id)

        assert (seen.row.status, await missing(house, request_id)) == ("package_incomplete", {path: law})
        assert await house.sql("SELECT 1 FROM package") == []
        assert "fulfilment" not in await house.letters(request_id)

        await settle(house, NewSupplement(path=path, sv="Det här är fastställt nu.", en="This is settled now."))
        assert (await look(house, request_id)).row.status == "awaiting_release"
        assert await missing(house, request_id) == {}

    async def test_that_waits_is_woken_by_what_is_settled(self, house):
        """
        Nobody has to remember the case: what it waited for rings.
        """
        await unsettle(house, "transfers")
        request_id = await sealed(house, "access", alarm_centre=CONTACT)
        await house.sql("DELETE FROM pgqueuer")
        await settle(house, NewSupplement(path="transfers", sv="Inga.", en="None at all."))
        woken = await house.sql("SELECT payload FROM pgqueuer WHERE entrypoint = 'case.advance'")

        assert [json.loads(row["payload"])["id"] for row in woken] == [str(request_id)]

    async def test_erases_nothing_while_it_waits(self, house):
        """
        F01 and the order of things: no erasure before the copy is sealed, and it is not sealed half.
        """
        await unsettle(house, "automated_decisions")
        request_id = await found(house, "access", "erasure")
        seen = await grant(house, request_id, "access", "erasure")
        said = {"alarm-centre": CONTACT}
        await answer_all(
            house, request_id, lambda task: said.get(seen.keys[task.processor_id], {"outcome": "not_found"})
        )

        assert (await house.see(request_id)).of("erase") == []

    async def test_speaks_of_the_categories_held_about_this_person_and_no_others(self, house):
        """
        R15-2 (Spotify): tailored, not the whole policy; what is missing elsewhere holds nothing up.
        """
        await unsettle(house, "categories.alarm_history.retention", "categories.transmitter_log.retention")
        request_id = await sealed(house, "access", alarm_centre=CONTACT)
        _, categories = await told(house, request_id)

        assert list(categories) == ["contact"]

    async def test_is_in_one_document_in_the_persons_language(self, house):
        """
        F01, R12-1: purposes, recipients, period, source, transfers, automated decisions, rights, complaint: one page.
        """
        request_id = await sealed(house, "access", alarm_centre=HISTORY)
        page, _ = await told(house, request_id)

        for said in (
            "Varför uppgifterna används Spårbarhet och krav på handläggningstid",
            "I tolv månader efter händelsen.",
            "Utrustningen i hemmet, när den används.",
            "Uppgifterna lämnar inte EU och EES.",
            "Inga beslut som avses i artikel 22 fattas utan en människa.",
            "Du kan få en kopia av de skyddsåtgärder",
            "rättas, raderas eller begränsas",
            "Integritetsskyddsmyndigheten (IMY)",
        ):
            assert said in page

    async def test_tells_what_the_controller_settled_as_its_own_statement(self, house):
        """
        GDPR Art. 5(2): what the policy says and what was said since are told apart, with the day.
        """
        request_id = await sealed(house, "access", alarm_centre=CONTACT)
        page, categories = await told(house, request_id)

        assert "besked från Westra Security den" in page
        assert categories["contact"]["purposes"]["stated"] is None
        assert categories["contact"]["transfers"]["stated"].startswith("besked från Westra Security den")

    async def test_explains_every_code_in_the_persons_language(self, house):
        """
        R12-1, F01: the alarm codes of this answer, in Swedish, beside the values as they are.
        """
        request_id = await sealed(house, "access", alarm_centre=HISTORY)
        page, _ = await told(house, request_id)

        assert "CL (Larmet kopplat till)" in page
        assert "3401 (Tillkoppling av användare)" in page
        assert (await copy_of(house, request_id))["alarm_history"][0]["sia_code"] == "CL"

    async def test_that_is_negative_is_an_answer_too(self, house):
        """
        R15-1, F29 (Free Mobile): nothing held is told, with what was searched, and the case ends.
        """
        async with house.working():
            request_id = await house.file("westila", "access", person="nils-falk")
            house.by_hand = lambda _task: {"outcome": "not_found", "message": "Genomsökt."}
            seen = await house.until_closed(request_id)
        letter = " ".join(Page((await house.letters(request_id))["nothing_held"]).text.split())

        assert seen.outcomes() == {"access": "nothing_held"}
        assert "vi har inga uppgifter om dig" in letter
        assert "Eget kundregister" in letter or "Vi sökte hos" in letter


class TestCopy:
    async def test_is_faithful(self, house):
        """
        R15-5 (C-487/21): every value as it is stored, whatever its shape.
        """
        row = {"name": "Anna Åsa Öberg", "n": 1, "f": 2.5, "none": None, "yes": True, "deep": {"list": [1, "två"]}}
        request_id = await sealed(house, "access", alarm_centre=gives(contact=[row]))

        assert (await copy_of(house, request_id))["contact"] == [row]

    async def test_is_asked_of_every_store_there_is(self, house):
        """
        R15-6 (SJ): every system, the mailboxes and binders too, and each of its categories.
        """
        request_id = await sealed(house, "access", alarm_centre=CONTACT)
        seen = await house.see(request_id)
        asked = {seen.keys[task.processor_id]: set(task.categories) for task in seen.of("export")}
        wired = {
            system.id: set(system.categories)
            for system in house.ctx.profile(CONTROLLER).systems
            if "export" in system.actions
        }

        assert asked == wired

    async def test_is_looked_for_whatever_the_case_of_the_letters(self, house):
        """
        F14 (SJ): an e-mail address in capitals finds the same person, in one request, everywhere.
        """
        shouted = [intake.Identifier("email", "ANNA.LINDQVIST@EXAMPLE.ORG")]
        async with house.working():
            request_id = await house.file("sensor-alarm", "access", identifiers=shouted)
            seen = await house.until(request_id, lambda seen: seen.row.status == "awaiting_decision")

        assert {task.outcome for task in seen.of("locate")} == {"completed"}

    async def test_reaches_the_logs_of_the_device_at_home(self, house):
        """
        R15-7, F20 (Securitas Direct, EUR 50,000): the transmitter's log is personal data, asked for and told of even
        where it takes more proof before it is shown.
        """
        log = gives(transmitter_log=[{"at": "03:00", "event": "testsignal", "sia_code": "RP"}])
        request_id = await sealed(house, "access", alarm_centre=log)
        page, categories = await told(house, request_id)

        assert "transmitter_log" in categories
        assert "Loggar från larmsändare: 1 post." in page

    async def test_tells_when_and_why_somebody_looked_but_not_who(self, house):
        """
        R15-8 (C-579/21): the log of consultations without the employees' names.
        """
        look_up = {"at": "2026-09-14", "purpose": "larm", "accessed_by": "Kim Operatör"}
        request_id = await sealed(house, "access", alarm_centre=gives(contact=[look_up]))
        (row,) = (await copy_of(house, request_id))["contact"]

        assert (row["at"], row["purpose"]) == ("2026-09-14", "larm")
        assert "Kim" not in json.dumps(row)

    async def test_leaves_others_out_and_gives_the_rest(self, house):
        """
        R15-9: 15(4) limits the copy, never whether there is an answer.
        """
        told_ = gives(
            alarm_history=[{"at": "07:42", "user_is_subject": True}, {"at": "17:05", "user_is_subject": False}]
        )
        request_id = await sealed(house, "access", alarm_centre=told_)

        assert (await copy_of(house, request_id))["alarm_history"] == [{"at": "07:42", "user_is_subject": True}]

    async def test_gives_ones_own_words_in_a_call(self, house):
        """
        R15-10, F17: one's own voice as a full transcript, the operator's lines without the name, others' lines out.
        """
        lines = [
            {"speaker": "agent", "name": "Kim", "text": "Larmcentralen."},
            {"speaker": "caller", "text": "Det var jag."},
            {"speaker": "third_party", "text": "Hallå?"},
        ]
        call = {"telephony": gives(call_recording=[{"call_id": "S1", "transcript": lines}])}
        request_id = await sealed(house, "access", alarm_centre=CONTACT, others=call)
        ((row,),) = (await copy_of(house, request_id, "telephony")).values()

        assert [line["text"] for line in row["transcript"]] == ["Larmcentralen.", "Det var jag."]
        assert "Kim" not in json.dumps(row)

    async def test_holds_no_password(self, house):
        """
        F30 (Free Mobile): no secret in clear, in any file of the package.
        """
        secret = gives(credentials=[{"password": "hunter-2"}], contact=[{"name": "Anna", "kodord": "hunter-2"}])
        request_id = await sealed(house, "access", alarm_centre=secret)

        assert b"hunter-2" not in b"".join((await files_of(house, request_id)).values())


class TestRecipients:
    async def test_are_named_with_the_day_they_got_the_data(self, house):
        """
        R15-3, F03 (C-154/21, Klarna): names and dates where answers tell them.
        """
        disclosed = [{"to": "Exempelväkt AB", "on": "2026-09-14"}, {"to": "Exempelpolisen"}]
        answer = DONE | {"records": [{"category": "contact", "rows": [{"name": "Anna"}], "disclosures": disclosed}]}
        request_id = await sealed(house, "access", alarm_centre=answer)
        _, categories = await told(house, request_id)
        said = categories["contact"]["recipients"]["said"]

        assert "Exempelväkt AB, 14 september 2026" in said
        assert "Exempelpolisen" in said
        assert not any("Nationella och internationella" in one for one in said)

    async def test_that_hold_the_data_are_named_with_the_day_they_said_so(self, house):
        """
        R15-3: Billecta by name, not "our suppliers"; who was asked and knows nothing is none of this person's.
        """
        async with house.working():
            request_id = await house.file("sensor-alarm", "access")
            await house.until_closed(request_id)
        _, categories = await told(house, request_id)
        said = categories["customer"]["recipients"]["said"]

        assert any(one.startswith("Billecta AB") and "har uppgifter om dig den" in one for one in said)
        assert not any(one.startswith(("Entella", "Riksbud")) for one in said if "har uppgifter" in one)

    async def test_may_be_a_kind_only_with_a_reason(self, house):
        """
        F03: a kind in a name's place carries one of the reasons the Court knows.
        """
        profile = house.ctx.profile(CONTROLLER)
        text = {"sv": "Försäkringsbolag som du själv väljer", "en": "Whichever insurer you choose"}
        supplements.check(profile, NewSupplement(path="recipients.insurers", codes=("not_yet_known",), **text))
        with pytest.raises(CodeNotAllowed):
            supplements.check(profile, NewSupplement(path="recipients.insurers", codes=("too_much_work",), **text))


class TestAutomatedDecision:
    async def test_is_explained_as_it_is_made(self, house):
        """
        R15-12 (C-203/22): the procedure and what it weighs, not that there is one.
        """
        async with house.working():
            request_id = await house.file("sensor-alarm", "access")
            await house.until_closed(request_id)
        page, _ = await told(house, request_id)

        assert "jämför betalningsanmärkningar och inkomst med en gräns" in page


class TestSupplement:
    @pytest.mark.parametrize("text", ["https://example.com/policy", "www.example.com"])
    async def test_is_no_link(self, house, text):
        """
        F02: a link to the policy settles nothing.
        """
        with pytest.raises(OnlyALink):
            await settle(house, NewSupplement(path="transfers", sv=text, en=text))

    async def test_has_a_place_in_the_profile(self, house):
        """
        A word about nothing is a mistake.
        """
        with pytest.raises(UnknownPath):
            await settle(house, NewSupplement(path="categories.unheard_of.retention", sv="a b", en="a b"))

    async def test_is_kept_with_who_said_it_and_when_also_once_it_is_replaced(self, house):
        """
        GDPR Art. 5(2): what the controller said before can be shown.
        """
        await settle(house, NewSupplement(path="transfers", sv="Till Norge.", en="To Norway."))
        rows = await house.sql(
            "SELECT sv, settled_by FROM profile_supplement WHERE path = 'transfers' AND controller_id = $1"
            " ORDER BY settled_at",
            CONTROLLER,
        )

        assert [row["sv"].split(" [")[0] for row in rows] == ["Uppgifterna lämnar inte EU och EES.", "Till Norge."]
        assert {row["settled_by"] for row in rows} == {ADMIN.ref}

    async def test_of_the_sandbox_fills_what_every_policy_lacks(self, house):
        """
        F01, R15-4: with them each of the five controllers can answer about every category; without, none.
        """
        for controller, profile in house.ctx.profiles.items():
            held = {category.id: assembling.Held() for category in profile.categories}
            async with house.tx(controller) as tx:
                settled = await supplements.of(tx, house.ctx, controller)

            for language in ("sv", "en"):
                assert assembling.Informer(profile, settled, language).missing(held) == (), controller
            assert assembling.Informer(profile, {}, "sv").missing(held), controller
            assert all("påhittat" in one.sv and "made up" in one.en for one in settled.values())


class TestRecipientKnownByItsKind:
    """GDPR Art. 15(1)(c), C-154/21: whoever has the data is named."""

    @staticmethod
    def lacks(category: str, held: assembling.Held, *strangers: str) -> set[str]:
        informer = assembling.Informer(load_profiles(SCHEMA_FILE.parent)[CONTROLLER], {}, "sv", strangers=strangers)
        return {one.path for one in informer.missing({category: held})} & {"recipients.processors"}

    def test_is_named_where_it_holds_the_data(self):
        """Even if its system is not wired for them."""
        holds = assembling.Held(holders={"processors": None})

        assert self.lacks("transmitter_log", holds, "processors") == {"recipients.processors"}

    def test_is_named_whatever_its_wiring_assumes(self):
        """
        An assumption says whom to ask, not what is held: its system is wired for contact details only.
        """
        assert self.lacks("transmitter_log", assembling.Held()) == {"recipients.processors"}

    def test_is_left_out_once_it_has_said_that_it_knows_nobody(self):
        """R15-3: it has no data about this person."""
        assert self.lacks("transmitter_log", assembling.Held(), "processors") == set()
