"""
What a decision rests on: documented before it counts, sealed with it, told in its letter, held by the database.
"""

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from app.domain import records
from app.domain.case import ClaimNotOpen
from app.domain.decisions import Verdict
from app.domain.four_eyes import SecondPersonNeeded
from app.domain.identity import Level
from app.domain.records import Balancing, Fact, FactKind, Intent, Record, Review
from app.repositories import cases
from app.services import approving, casework, documenting, fees, steps, views
from app.services.intake import Identifier
from sandbox.people import BY_ID
from tests.harness.house import AGENT, APPROVER, CUSTOMER, WORDS
from tests.services.by_hand import CONTROLLER, REASONS, answer_all, approve, claim_of, decide, found, grant, look

GIVEN = Fact(FactKind.ANSWER_GIVEN, date(2020, 1, 7), "Samma kopia lämnades ut och hämtades.")
SAME = Fact(FactKind.NOTHING_CHANGED, date(2020, 1, 8), "Inget nytt har tillkommit sedan dess.")
TWICE = Record(evidence=(GIVEN, SAME))
ABUSE = replace(TWICE, intent=Intent(objective=WORDS, subjective="Vill ha betalt för att ta tillbaka begäran."))
EXCESSIVE = {"verdict": Verdict.REFUSED, "ground": "excessive", "reasons": REASONS}


async def ask_fee(house, request_id, *, record=ABUSE, actor=AGENT):
    async with house.tx() as tx:
        row = await steps.hold_open(tx, request_id)
        (claim,) = await cases.claims_of(tx, [request_id])
        return await fees.ask(
            tx, house.ctx, row, claim, ground="excessive", amount_ore=25_000, reason=REASONS, record=record, actor=actor
        )


async def staff_see(house, request_id):
    async with house.tx() as tx:
        return await views.staff_request(tx, house.ctx, await steps.hold(tx, request_id))


class TestRecord:
    async def test_is_sealed_with_the_claim_and_its_codes_lie_beside(self, house):
        """
        R12-7: documented before the state changes; the words only under the request's own key.
        """
        request_id = await found(house, "access")
        await decide(house, request_id, "access", record=ABUSE, **EXCESSIVE)
        (stored,) = await house.sql("SELECT record_sealed, basis::text AS basis FROM claim")
        async with house.tx() as tx:
            row = await steps.hold(tx, request_id)
            (claim,) = await cases.claims_of(tx, [request_id])
            opened = documenting.record_of(house.ctx, row, claim)

        assert opened == ABUSE
        assert b"hade" not in stored["record_sealed"]
        assert '"evidence": 2' in stored["basis"]
        assert WORDS not in stored["basis"]

    async def test_is_gone_with_a_decision_that_was_rejected(self, house):
        """
        Rejected, the claim is as if nothing had been decided.
        """
        request_id = await found(house, "access")
        approval = await decide(house, request_id, "access", record=ABUSE, **EXCESSIVE)
        async with house.tx() as tx:
            await approving.give(tx, house.ctx, approval.id, approved=False, reason="Nej.", actor=APPROVER)
        (stored,) = await house.sql("SELECT record_sealed, basis::text AS basis FROM claim")

        assert (stored["record_sealed"], stored["basis"]) == (None, "{}")

    async def test_is_wanted_by_the_database_where_the_code_is_walked_round(self, house):
        """
        R12-7, F26: no statement makes a claim manifestly unfounded or excessive without a documented fact.
        """
        request_id = await house.file(CONTROLLER, "access")
        for ground in ("excessive", "manifestly_unfounded"):
            for basis in ("{}", '{"evidence": 0}'):
                with pytest.raises(asyncpg.CheckViolationError, match="unfounded_has_evidence"):
                    await house.sql(
                        "UPDATE claim SET verdict = 'refused', ground = $1, reasons_sealed = '\\x00', basis = $2"
                        " WHERE request_id = $3",
                        ground,
                        basis,
                        request_id,
                    )

    async def test_is_seen_by_staff_with_what_a_decision_needs(self, house):
        """
        A console draws its form from it: per outcome and ground the parts, with their article.
        """
        request_id = await found(house, "restriction")
        (claim,) = (await staff_see(house, request_id))["claims"]
        needs = {(one["outcome"], one["ground"]): one["parts"] for one in claim["decision_needs"]}

        assert [part["part"] for part in needs["granted", None]] == ["ground_18"]
        assert needs["granted", None][0]["source"] == "GDPR Art. 18(1)"
        assert [part["part"] for part in needs["refused", "excessive"]] == ["evidence"]


class TestExcess:
    async def test_knows_our_own_earlier_request_of_the_same_person(self, house):
        """
        R12-8, F26: found by blind index; so this one is not the first, and two facts can show it.
        """
        await house.file(CONTROLLER, "access")
        request_id = await found(house, "access")

        assert await decide(house, request_id, "access", record=TWICE, **EXCESSIVE) is not None

    @pytest.mark.parametrize(
        "earlier",
        [
            pytest.param({"rights": ["rectification"]}, id="another right"),
            pytest.param({"rights": ["access"], "person": "karin-ek"}, id="another person"),
        ],
    )
    async def test_of_a_first_request_takes_proven_abuse(self, house, earlier):
        """
        R12-8, C-526/24: what somebody else asked, or the same person of another right, makes it no second one.
        """
        rights = earlier.pop("rights")
        await house.file(CONTROLLER, *rights, **earlier)
        request_id = await found(house, "access")
        with pytest.raises(records.FirstRequestNotExcessive):
            await decide(house, request_id, "access", record=TWICE, **EXCESSIVE)

        assert await decide(house, request_id, "access", record=ABUSE, **EXCESSIVE) is not None

    async def test_is_not_proved_by_an_address_somebody_only_wrote(self, house):
        """
        R12-8: an address that nobody answers for ties no two people together.
        """
        await house.file(CONTROLLER, "access", person="karin-ek")
        karin, anna = BY_ID["karin-ek"], BY_ID["anna-lindqvist"]
        both = [Identifier(*one) for one in anna.identifiers] + [Identifier("email", karin.email, vouched=False)]
        request_id = await found(house, "access", identifiers=both)
        with pytest.raises(records.FirstRequestNotExcessive):
            await decide(house, request_id, "access", record=TWICE, **EXCESSIVE)

    async def test_does_not_count_what_was_taken_back(self, house):
        """
        R12-8: a withdrawn request was never answered.
        """
        first = await house.file(CONTROLLER, "access")
        async with house.tx() as tx:
            await casework.withdraw(tx, await steps.hold_open(tx, first), rights=[], actor=CUSTOMER)
        await look(house, first)
        request_id = await found(house, "access")
        with pytest.raises(records.FirstRequestNotExcessive):
            await decide(house, request_id, "access", record=TWICE, **EXCESSIVE)

    async def test_is_never_found_after_a_year(self, house):
        """
        R12-8, EDPB 01/2022 para 185: whatever was proved, a year or more between them is never excessive.
        """
        first = await house.file(CONTROLLER, "access")
        await house.sql("UPDATE request SET received_at = received_at - interval '370 days' WHERE id = $1", first)
        request_id = await found(house, "access")
        with pytest.raises(records.NeverExcessiveAfterAYear):
            await decide(house, request_id, "access", record=ABUSE, **EXCESSIVE)

    async def test_is_nobodys_who_asks_three_times_a_week(self, house):
        """
        F31, R22-2: no yearly quota; each request is taken in and looked at, and the service turns none down.
        """
        for _ in range(3):
            request_id = await found(house, "access")
        seen = await house.see(request_id)

        assert (seen.row.status, seen.claims[0].verdict) == ("awaiting_decision", None)

    async def test_is_told_with_its_facts(self, house):
        """
        R12-6, R12-7: the person reads why, fact by fact, where to complain, and that a fee was the other way.
        """
        request_id = await found(house, "access")
        await approve(house, await decide(house, request_id, "access", record=ABUSE, **EXCESSIVE))
        await look(house, request_id)
        letter = (await house.letters(request_id))["refusal"]

        assert all(one.what in letter for one in ABUSE.evidence)
        assert ABUSE.intent.subjective in letter
        assert all(said in letter for said in ("Integritetsskyddsmyndigheten", "tingsrätten", "rimlig avgift"))


class TestFee:
    async def test_is_told_before_anything_is_charged_and_leaves_the_choice(self, house):
        """
        R12-7, EDPB 01/2022 paras 31, 194: told once two people agree; the person may withdraw, free of charge.
        """
        request_id = await found(house, "access")
        approval = await ask_fee(house, request_id)
        before = await house.letters(request_id)
        await approve(house, approval)
        (claim,) = (await house.see(request_id)).claims
        about_it = f"fee:{claim.id}"
        letter = (await house.letters(request_id))[about_it]
        async with house.tx() as tx:
            await casework.withdraw(tx, await steps.hold_open(tx, request_id), rights=[], actor=CUSTOMER)
        seen = await look(house, request_id)

        assert about_it not in before
        assert all(said in letter for said in ("250 kr", "Inget har tagits ut", GIVEN.what))
        assert claim.state == "open"
        assert (seen.is_closed, seen.outcomes()) == (True, {"access": "withdrawn"})

    async def test_takes_two_people_and_facts_in_the_database_too(self, house):
        """
        F26: a human approver and evidence, however the code is walked round.
        """
        request_id = await found(house, "access")
        with pytest.raises(records.EvidenceNeeded):
            await ask_fee(house, request_id, record=Record())
        approval = await ask_fee(house, request_id)
        with pytest.raises(SecondPersonNeeded):
            await approve(house, approval, actor=AGENT)
        for change in ("approved_by = asked_by, approved_at = now()", "basis = '{}'", "amount_ore = 0"):
            with pytest.raises(asyncpg.CheckViolationError):
                await house.sql(f"UPDATE fee_notice SET {change}")  # noqa: S608

    async def test_that_was_rejected_was_never_asked(self, house):
        """
        Nothing is told, and another fee may be proposed.
        """
        request_id = await found(house, "access")
        approval = await ask_fee(house, request_id)
        async with house.tx() as tx:
            await approving.give(tx, house.ctx, approval.id, approved=False, reason="Nej.", actor=APPROVER)

        assert set(await house.letters(request_id)) == {"receipt"}
        assert await ask_fee(house, request_id) is not None

    async def test_is_asked_once(self, house):
        """
        One fee a claim; a decision overtakes one that nobody has agreed to.
        """
        request_id = await found(house, "access")
        await ask_fee(house, request_id)
        with pytest.raises(fees.FeeAsked):
            await ask_fee(house, request_id)
        await decide(house, request_id, "access")

        assert await house.waiting_approvals(request_id) == []
        with pytest.raises(ClaimNotOpen):
            await ask_fee(house, request_id)


class TestCopy:
    async def test_is_never_refused_whole_for_the_rights_of_others(self, house):
        """
        R15-9: 15(4) limits the copy, category by category, weighed and told.
        """
        request_id = await found(house, "access")
        no = {"ground": "rights_of_others", "reasons": REASONS}
        with pytest.raises(records.CopyNotRefusedWhole):
            await decide(house, request_id, "access", verdict=Verdict.REFUSED, **no)
        in_part = no | {"verdict": Verdict.PARTLY_GRANTED, "exclude": ["call_recording"]}
        with pytest.raises(records.WeighingNeeded):
            await decide(house, request_id, "access", record=Record(), **in_part)

        assert await decide(house, request_id, "access", **in_part) is not None

    async def test_taken_along_erases_nothing(self, house):
        """
        R20-3, Art. 20(3): portability has no effect on erasure: nothing is erased and no erasure is raised.
        """
        request_id = await found(house, "portability")
        await grant(house, request_id, "portability")
        seen = await answer_all(house, request_id)

        assert [one.right for one in seen.claims] == ["portability"]
        assert seen.of("erase") == []


class TestObjection:
    async def test_is_turned_down_only_with_the_balancing_the_person_then_reads(self, house):
        """
        R21-1: stop unless the controller demonstrates; the demonstration stands in the letter.
        """
        balancing = Balancing(
            interest="Att kunna visa hur larmet den 3 mars hanterades.",
            necessity="Loggen är det enda som visar det.",
            impact_on_person="Tiderna för larm och åtgärd finns kvar.",
            why_overrides="Utan loggen kan ingen avgöra vem som svarar för skadan.",
        )
        request_id = await found(house, "objection")
        no = {"verdict": Verdict.REFUSED, "ground": "compelling_grounds", "reasons": REASONS}
        with pytest.raises(records.BalancingNeeded):
            await decide(house, request_id, "objection", record=Record(), **no)
        await approve(house, await decide(house, request_id, "objection", record=Record(balancing=balancing), **no))
        await answer_all(house, request_id)

        letter = (await house.letters(request_id))["refusal"]
        assert all(said in letter for said in vars(balancing).values())

    async def test_meets_no_other_basis_where_the_policy_names_none(self, house):
        """
        R21-1: westra's policy ties most data to no basis at all, so nobody can say that there is another.
        """
        request_id = await found(house, "objection")
        no = {"verdict": Verdict.REFUSED, "ground": "other_basis", "reasons": REASONS}
        with pytest.raises(records.OtherBasisNotPlausible):
            await decide(house, request_id, "objection", **no)


class TestRestriction:
    async def test_names_its_ground_scope_and_end_to_the_person(self, house):
        """
        R18-1: granted on one of a to d, coded on the claim, told with what it covers and how it ends.
        """
        request_id = await found(house, "restriction")
        with pytest.raises(records.RestrictionGroundNeeded):
            await decide(house, request_id, "restriction", record=Record())
        await decide(house, request_id, "restriction", record=Record(ground_18="c"))
        seen = await answer_all(house, request_id)
        letter = (await house.letters(request_id))["fulfilment"]

        assert claim_of(seen, "restriction").basis["ground_18"] == "c"
        assert "artikel 18.1 c" in letter
        assert "ditt anspråk är avgjort" in letter


class TestAutomatedDecision:
    async def test_is_reviewed_by_a_person_whose_view_and_decision_are_told(self, house):
        """
        R22-1, R22-2: a human reviewer (by reference, no name), a new decision with reasons, and how to contest it.
        """
        review = Review(new_decision="Avtalet beviljas utan deposition.", why="Kreditvärdet gällde en annan person.")
        request_id = await found(house, "automated_decision")
        with pytest.raises(records.ReviewNeeded):
            await decide(house, request_id, "automated_decision", record=Record())
        await decide(house, request_id, "automated_decision", record=Record(review=review))
        seen = await answer_all(house, request_id)
        letter = (await house.letters(request_id))["fulfilment"]

        assert claim_of(seen, "automated_decision").basis["reviewer"] == AGENT.ref
        assert all(said in letter for said in (review.new_decision, review.why, AGENT.ref[:8], "bestrida"))
        assert AGENT.ref not in letter


class TestRectification:
    async def test_is_turned_down_with_what_was_checked(self, house):
        """
        R16-1, R16-3: there is no other ground, and the person reads what was looked at.
        """
        request_id = await found(house, "rectification")
        no = {"verdict": Verdict.REFUSED, "ground": "data_are_correct", "reasons": REASONS}
        with pytest.raises(records.CheckNeeded):
            await decide(house, request_id, "rectification", record=Record(), **no)
        checked = Record(checked="Avtalet av den 3 mars 2025, bilaga 2, och samtalet den 4 mars.")
        await approve(house, await decide(house, request_id, "rectification", record=checked, **no))
        await look(house, request_id)

        assert checked.checked in (await house.letters(request_id))["refusal"]


class TestAnswer:
    async def test_that_nothing_is_held_is_an_answer_in_time(self, house):
        """
        F29: a negative answer is a case too, with its letter, and within the month.
        """
        nothing = {"outcome": "not_found"}
        request_id = await house.file(CONTROLLER, "rectification", person="nils-falk")
        await answer_all(house, request_id, lambda _task: nothing)
        await decide(house, request_id, "rectification")
        seen = await answer_all(house, request_id, lambda _task: nothing)
        (told,) = await house.sql("SELECT sent_at FROM letter WHERE kind = 'nothing_held'")

        assert seen.outcomes() == {"rectification": "nothing_held"}
        assert "vi har inga uppgifter om dig" in (await house.letters(request_id))["nothing_held"]
        assert told["sent_at"].date() <= seen.row.due_on <= seen.row.received_at.date() + timedelta(days=35)

    async def test_asks_nobody_for_proof_who_is_known(self, house):
        """
        R12-9: more about identity only on reasonable doubt; who is known well enough is asked for nothing.
        """
        proved = await found(house, "access")
        unproved = await house.file(CONTROLLER, "access", assurance=Level.NONE)
        await look(house, unproved)

        assert "behöver vi veta att det är du" not in (await house.letters(proved))["receipt"]
        receipt = (await house.letters(unproved))["receipt"]
        assert "behöver vi veta att det är du" in receipt
        assert "Skicka ingen kopia av din id-handling" in receipt
