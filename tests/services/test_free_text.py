"""
What comes in the person's own words, by any channel: read widely, classified by a person, noted, answered in form.
"""

import json

import pytest

from app.domain.answer_form import OralAnswerNeedsProof, OralAnswerNotAsked
from app.domain.decisions import Verdict
from app.domain.errors import DomainError
from app.domain.identity import Level
from app.repositories import cases
from app.services import casework, classifying, correspondence, disagreement, intake, notes, protecting, steps, views
from app.services.claims import NotClassified
from app.services.intake import Identifier, MessageNeeded, NewClaim, SameRightTwice
from sandbox.people import BY_ID
from tests.harness.house import AGENT, CUSTOMER
from tests.services.by_hand import CONTROLLER, REASONS, answer_all, approve, decide, found, look
from tests.services.copies import files_of, gives, sealed

MESSAGE = "Jag vill inte att ni har kvar något om mig, och vad är det ni har?"


async def written(house, *named, **changed):
    """A message whose rights nobody has named, or not all."""
    return await house.file(CONTROLLER, *named, "unspecified", **{"message": MESSAGE} | changed)


async def classify(house, request_id, *rights):
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        await classifying.classify(tx, house.ctx, row, [NewClaim(one) for one in rights], actor=AGENT)
    return await look(house, request_id)


def rights_of(seen):
    return sorted(claim.right for claim in seen.claims)


class TestFreeText:
    async def test_freezes_and_asks_for_the_proof_the_highest_right_needs(self, house):
        """
        F09, R12-2: widest reading: access and whatever else it may be, from receipt on.
        """
        request_id = await written(house, assurance=Level.NONE)
        seen = await look(house, request_id)
        identity = house.ctx.profile(CONTROLLER).identity
        (claim,) = seen.claims

        assert (claim.right, claim.presumed, seen.row.unclassified) == ("access", True, True)
        assert Level.from_key(claim.needs) == max(identity.needed(right) for right in identity.by_right)
        assert seen.of("freeze")
        assert seen.row.status == "awaiting_classification"

    async def test_runs_its_clock_from_receipt(self, house):
        """
        F09, F15: not from the day somebody has read it.
        """
        request_id = await written(house)
        before = (await house.see(request_id)).row.due_on
        seen = await classify(house, request_id, "erasure")

        assert seen.row.due_on == before

    async def test_is_decided_only_once_a_person_has_read_it(self, house):
        """
        R12-2: nobody decides about, or gives up, what nobody has understood.
        """
        request_id = await written(house)
        await answer_all(house, request_id)
        with pytest.raises(NotClassified):
            await decide(house, request_id, "access")
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            with pytest.raises(NotClassified):
                await casework.give_up_identity(tx, house.ctx, row, reason=REASONS, actor=AGENT)

    async def test_becomes_several_rights_or_others_than_presumed(self, house):
        """
        F09: several rights a case; the presumption goes when it was wrong.
        """
        both = await classify(house, await written(house), "access", "erasure")
        neither = await classify(house, await written(house), "rectification")

        assert (rights_of(both), rights_of(neither)) == (["access", "erasure"], ["rectification"])
        assert not any(claim.presumed for claim in (*both.claims, *neither.claims))
        assert "request:classified" in await house.steps_of(both.row.id)

    async def test_is_guarded_as_if_it_had_been_named(self, house):
        """
        A correction that may move where she is reached waits, and a mark of danger asks for its proof and its two.
        """
        request_id = await written(house)
        async with house.tx() as tx:
            await protecting.mark(tx, house.ctx, await steps.hold(tx, request_id), reason="Sekretess.", actor=AGENT)
        async with house.ctx.database.transaction([CONTROLLER], sees_protected=True) as tx:
            row = await steps.hold_open(tx, request_id)
            await classifying.classify(
                tx, house.ctx, row, [NewClaim("rectification", {"field": "phone", "value": "070"})], actor=AGENT
            )
            (claim,) = await cases.claims_of(tx, [request_id])
            wanted = protecting.needed_for(house.ctx, CONTROLLER, "rectification", marks=protecting.marks_of(row))

        assert (claim.moves_contact, claim.two_needed, claim.needs) == (True, True, wanted.key)
        assert wanted > protecting.needed_for(house.ctx, CONTROLLER, "rectification")

    async def test_that_was_a_no_to_marketing_stops_it_without_proof(self, house):
        """
        F12, F09: read, it needs no more proof than if it had been named.
        """
        request_id = await written(house, assurance=Level.NONE)
        await look(house, request_id)
        await classify(house, request_id, "marketing_objection")
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"marketing_objection": "granted"}

    async def test_beside_a_named_right_adds_to_it(self, house):
        """
        What the person did name stays, and is not claimed twice.
        """
        request_id = await written(house, "erasure")
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            with pytest.raises(SameRightTwice):
                await classifying.classify(tx, house.ctx, row, [NewClaim("erasure")], actor=AGENT)
        seen = await classify(house, request_id, "access")

        assert rights_of(seen) == ["access", "erasure"]

    async def test_is_classified_once(self, house):
        """
        What is known is not read again; a follow-up is a new request.
        """
        request_id = await written(house)
        await classify(house, request_id, "access")
        with pytest.raises(classifying.NothingToClassify):
            await classify(house, request_id, "erasure")

    async def test_has_words(self, house):
        """
        Without a right and without words there is nothing to read.
        """
        with pytest.raises(MessageNeeded):
            await written(house, message=" ")


class TestChannel:
    @pytest.mark.parametrize("channel", ["phone", "in_person", "letter", "email", "chat", "other"])
    async def test_of_any_kind_is_the_right_one(self, house, channel):
        """
        R12-2, F23, F24: oral or written, customer service counts; what was said is kept as a note.
        """
        request_id = await house.file(CONTROLLER, "access", channel=channel, note="Ringde och bad om sin kopia.")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            (note,) = await notes.of(tx, house.ctx, row)

        assert (row.channel, note["kind"], note["text"]) == (channel, "intake", "Ringde och bad om sin kopia.")

    async def test_decides_the_form_of_the_answer_unless_the_person_does(self, house):
        """
        R12-3: electronic request, electronic answer, unless asked otherwise.
        """
        forms = []
        for changed in ({}, {"channel": "letter"}, {"answer_form": "paper"}):
            forms.append((await house.see(await house.file(CONTROLLER, "access", **changed))).row.answer_form)

        assert forms == ["electronic", "paper", "paper"]


class TestNote:
    async def test_is_sealed_and_opened_for_staff(self, house):
        """
        Staff's words are about a person: under the request's own key.
        """
        request_id = await house.file(CONTROLLER, "access")
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            await notes.write(tx, house.ctx, row, kind="note", text="Ring efter fem.", actor=AGENT)
        (stored,) = await house.sql("SELECT text_sealed FROM case_note")
        async with house.tx() as tx:
            seen = await views.staff_request(tx, house.ctx, await steps.hold(tx, request_id))

        assert b"Ring efter" not in stored["text_sealed"]
        assert [one["text"] for one in seen["notes"]] == ["Ring efter fem."]

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            pytest.param({}, OralAnswerNotAsked, id="not asked for"),
            pytest.param({"answer_form": "oral", "assurance": Level.NONE}, OralAnswerNeedsProof, id="not proved"),
            pytest.param({"answer_form": "oral", "assurance": Level.CHANNEL}, OralAnswerNeedsProof, id="only called"),
        ],
    )
    async def test_of_an_oral_answer_takes_a_wish_and_proof(
        self, house, changed: dict[str, object], refusal: type[DomainError]
    ):
        """
        R12-10: only on request, and after identity is proven by other means.
        """
        request_id = await house.file(CONTROLLER, "access", **changed)
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            with pytest.raises(refusal):
                await notes.write(tx, house.ctx, row, kind="oral_answer", text="Läste upp svaret.", actor=AGENT)

    async def test_of_an_oral_answer_is_kept_where_both_are_there(self, house):
        """
        R12-10: and the letters are written all the same.
        """
        request_id = await house.file(CONTROLLER, "access", answer_form="oral")
        async with house.tx() as tx:
            row = await steps.hold_open(tx, request_id)
            await notes.write(tx, house.ctx, row, kind="oral_answer", text="Läste upp svaret.", actor=AGENT)

        assert "request:noted" in await house.steps_of(request_id)


class TestDisagreement:
    async def turned_down(self, house, **changed):
        request_id = await found(house, "rectification", **changed)
        no = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}
        await approve(house, await decide(house, request_id, "rectification", **no))
        return await look(house, request_id)

    async def test_is_kept_beside_the_data_also_after_the_answer(self, house):
        """
        R16-3: offered in the letter that ends the case; it opens nothing again, and later copies carry it.
        """
        seen = await self.turned_down(house)
        async with house.tx() as tx:
            row = await steps.hold(tx, seen.row.id)
            await disagreement.note(tx, house.ctx, row, "Jag flyttade den 1 mars.", actor=CUSTOMER)
            await disagreement.note(tx, house.ctx, row, "Jag flyttade den 2 mars.", actor=CUSTOMER)
        later = await house.file(CONTROLLER, "access")
        stranger = await house.file(CONTROLLER, "access", person="karin-ek")
        async with house.tx() as tx:
            kept = await disagreement.notes_of_person(tx, house.ctx, await steps.hold(tx, later))
            others = await disagreement.notes_of_person(tx, house.ctx, await steps.hold(tx, stranger))
            letter = await correspondence.read_letter(tx, house.ctx, await steps.hold(tx, seen.row.id), "refusal")

        assert (seen.is_closed, (await house.see(seen.row.id)).is_closed) == (True, True)
        assert [(one["text"], one["reference"]) for one in kept] == [("Jag flyttade den 2 mars.", seen.row.reference)]
        assert others == []
        assert "egen anteckning" in letter

    async def test_goes_with_a_later_copy_and_with_nobody_elses(self, house):
        """
        R16-3: in the package, in the person's own words; whoever shares a number with her reads none of them.
        """
        seen = await self.turned_down(house)
        async with house.tx() as tx:
            row = await steps.hold(tx, seen.row.id)
            await disagreement.note(tx, house.ctx, row, "Jag flyttade <den> 2 mars.", actor=CUSTOMER)
        hers = await sealed(house, "access", alarm_centre=gives(contact=[{"name": "Anna"}]))
        karin, anna = BY_ID["karin-ek"], BY_ID["anna-lindqvist"]
        shared = [Identifier(*one) for one in karin.identifiers] + [Identifier("phone", anna.phone)]
        his = await house.file(CONTROLLER, "access", identifiers=shared)
        files = await files_of(house, hers)
        async with house.tx() as tx:
            others = await disagreement.notes_of_person(tx, house.ctx, await steps.hold(tx, his))

        assert [one["text"] for one in json.loads(files["data/_disagreements.json"])] == ["Jag flyttade <den> 2 mars."]
        assert "Jag flyttade &lt;den&gt; 2 mars." in files["README.html"].decode()
        assert others == []

    async def test_goes_with_nothing_but_a_refused_rectification(self, house):
        """
        Who was given what they asked for, or has no answer yet, has nothing to disagree with.
        """
        for right in ("rectification", "access"):
            request_id = await found(house, right)
            async with house.tx() as tx:
                row = await steps.hold(tx, request_id)
                with pytest.raises(disagreement.NothingToDisagreeWith):
                    await disagreement.note(tx, house.ctx, row, "Nej.", actor=CUSTOMER)


class TestRectification:
    async def test_reaches_every_field_several_at_once_and_tells_recipients(self, house):
        """
        F16, R16-2, R16-4: whatever field, no proof as a gate; who was given the data is told (Art. 19).
        """
        corrections = [
            {"field": field, "value": f"rätt {field}"}
            for field in ("name", "address", "email", "phone", "customer_number", "installation_id", "birth_year")
        ]
        new = [intake.NewClaim("rectification", {"corrections": corrections})]
        request_id = await house.file("sensor-alarm", claims=new)
        await answer_all(house, request_id)
        await decide(house, request_id, "rectification")
        seen = await answer_all(house, request_id)

        assert seen.outcomes() == {"rectification": "granted"}
        assert seen.of("rectify")
        assert {seen.keys[task.processor_id] for task in seen.of("notify")} >= {"dhl", "insurers"}

    async def test_may_be_a_completion_by_statement(self, house):
        """
        R16-1: a supplementary statement completes data; it is granted and told as such.
        """
        new = [intake.NewClaim("rectification", {"statement": "Larmet den 3 mars var mitt eget misstag."})]
        request_id = await house.file(CONTROLLER, claims=new)
        await answer_all(house, request_id)
        await decide(house, request_id, "rectification")
        await answer_all(house, request_id)

        assert "kompletterade med ditt uttalande" in (await house.letters(request_id))["fulfilment"]

    def test_of_contact_data_can_be_asked_of_somebody_at_every_controller(self, profiles_shipped):
        """
        F16: "the system cannot change it" is no answer: what identifies a person lies where it can be corrected.
        """
        for profile in profiles_shipped.values():
            first = profile.categories[0]
            able = [one.id for one in profile.systems if "rectify" in one.actions and first.id in one.categories]

            assert able, (profile.id, first.id)


@pytest.fixture
def profiles_shipped(house):
    return house.ctx.profiles


async def test_claims_are_read_in_order(house):
    """What was named comes first, what a person read into it after it."""
    request_id = await written(house, "erasure")
    await classify(house, request_id, "rectification", "access")
    async with house.tx() as tx:
        claims = await cases.claims_of(tx, [request_id])

    assert [claim.right for claim in claims] == ["erasure", "rectification", "access"]
