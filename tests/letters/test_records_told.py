"""What a decision rests on is told in its letter: facts, weighing, statute, ground, fee."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.letters.facts import GroundFacts, LetterFacts
from app.letters.kinds import LetterIncomplete
from app.letters.record_facts import (
    BalancingFacts,
    FactLine,
    RaisedFacts,
    RecordFacts,
    WeighedLine,
)
from app.letters.render import render
from app.letters.words import LANGUAGES, Language
from tests.letters.some_facts import FEE, facts, facts_for, granted, refused, result
from tests.letters.test_contents import assert_lacks, swedish

EXCESSIVE = GroundFacts(source="GDPR Art. 12(5)(b)", text="Begäran är orimlig")
EVIDENCE = RecordFacts(
    evidence=(
        FactLine(on=date(2026, 1, 12), what="Samma kopia lämnades ut och hämtades."),
        FactLine(on=date(2026, 3, 17), what="Inget nytt har tillkommit sedan dess."),
    )
)
BALANCING = BalancingFacts(
    interest="Att kunna visa hur larmet hanterades.",
    necessity="Loggen är det enda som visar det.",
    impact_on_person="Tiderna för larm och åtgärd finns kvar.",
    why_overrides="Utan loggen kan ingen avgöra vem som svarar för skadan.",
)
AUTHORITY_AND_COURT = {
    "sv": ("Integritetsskyddsmyndigheten", "allmän domstol (tingsrätten)", "skadestånd"),
    "en": ("Swedish Authority for Privacy Protection", "general court", "damages"),
}


def english(kind: str, given: LetterFacts) -> str:
    return " ".join(render(kind, "en", given).html.split())


class TestRefusal:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_has_reasons_complaint_and_remedy(self, language: Language) -> None:
        """
        R12-6, R79-1: three mandatory parts; the remedy is the general court (tingsrätt), and damages (Art. 82).
        """
        html = render("refusal", language, facts_for("refusal")).html

        assert "Inspelningen visar bara andra" in html
        assert all(part in html for part in AUTHORITY_AND_COURT[language])

    def test_for_excess_tells_the_facts_and_the_fee_there_could_be(self) -> None:
        """
        R12-7, F26: why it is manifestly unfounded or excessive, fact by fact, and that a fee is the other way.
        """
        claim = refused("access", ground=EXCESSIVE, record=EVIDENCE)
        text = swedish("refusal", facts(claim))

        assert "12 januari 2026: Samma kopia lämnades ut och hämtades." in text
        assert "artikel 12.5 a" in text
        assert "innan något tas ut" in text
        assert "12(5)(a)" in english("refusal", facts(claim))
        assert_lacks("refusal", facts(replace(claim, record=RecordFacts())), "access.record.evidence")

    def test_of_an_objection_tells_the_whole_balancing(self) -> None:
        """
        R21-1: facts and balancing, not the word "compelling".
        """
        ground = GroundFacts(source="GDPR Art. 21(1)", text="Tvingande berättigade skäl väger tyngre")
        claim = refused("objection", ground=ground, record=RecordFacts(balancing=BALANCING))
        text = swedish("refusal", facts(claim))

        assert all(said in text for said in vars(BALANCING).values())
        assert_lacks("refusal", facts(replace(claim, record=RecordFacts())), "objection.record.balancing")

    def test_of_a_part_of_a_copy_tells_what_was_weighed(self) -> None:
        """
        R15-9: category by category.
        """
        weighed = WeighedLine(category_title="Samtal", balancing="Den andra rösten är en grannes.")
        claim = refused("access", outcome="partly_granted", record=RecordFacts(weighed=(weighed,)))

        text = swedish("refusal", facts(claim))

        assert "Samtal" in text.split("Så har vi vägt")[1].split("Den andra rösten är en grannes.")[0]

    def test_for_secrecy_names_the_act_and_section(self) -> None:
        """
        Art. 23: with SFS number and §.
        """
        ground = GroundFacts(source="dataskyddslagen (2018:218) 5 kap. 1 §", text="Får inte lämnas ut")
        claim = refused("access", ground=ground, record=RecordFacts(statute="SFS 2009:400, 24 kap. 8 §"))

        assert "SFS 2009:400, 24 kap. 8 §" in swedish("refusal", facts(claim))
        assert_lacks("refusal", facts(replace(claim, record=RecordFacts())), "access.record.statute")

    def test_of_a_rectification_offers_a_note_of_disagreement(self) -> None:
        """
        R16-3: what was checked, a note of one's own, and the restriction of Art. 18(1)(a).
        """
        claim = refused("rectification", record=RecordFacts(checked="Avtalet av den 3 mars 2025, bilaga 2."))
        text = swedish("refusal", facts(claim))

        assert all(said in text for said in ("Avtalet av den 3 mars 2025", "egen anteckning", "artikel 18.1 a"))
        assert "note of your own" in english("refusal", facts(claim))


class TestFulfilment:
    def test_of_a_restriction_names_ground_scope_and_end(self) -> None:
        """
        R18-1, law.md G.5: ground, scope, how it ends, and that notice comes before it is lifted.
        """
        text = swedish("fulfilment", facts(granted("restriction")))

        assert "du bestrider att uppgifterna är riktiga (artikel 18.1 a" in text
        assert "omfattar Fakturor och gäller till dess att vi har kontrollerat" in text
        assert "innan begränsningen hävs" in text
        assert_lacks(
            "fulfilment", facts(granted("restriction", record=RecordFacts())), "restriction.record.restriction"
        )

    def test_of_withdrawn_consent_says_from_when(self) -> None:
        """
        R7-2, R7-4: the day it was withdrawn; forward only; told within the month.
        """
        text = swedish("fulfilment", facts(granted("consent_withdrawal")))

        assert "återkallat från och med den 16 mars 2026" in text
        assert "innan dess var tillåtet" in text
        assert_lacks(
            "fulfilment",
            facts(granted("consent_withdrawal", record=RecordFacts())),
            "consent_withdrawal.record.withdrawn_on",
        )

    @pytest.mark.parametrize("right", ["consent_withdrawal", "objection"])
    def test_says_that_erasure_was_looked_at_unasked(self, right: str) -> None:
        """
        R7-3, R21-4: what lost its basis is named, and the erasure's own section says that it was raised.
        """
        record = granted(right).record
        article = "GDPR Art. 17(1)(b)" if right == "consent_withdrawal" else "GDPR Art. 17(1)(c)"
        parent = granted(right, record=replace(record, raised=RaisedFacts(source=article, categories=("Nyhetsbrev",))))
        raised = granted("erasure", record=RecordFacts(raised_by=article))
        text = swedish("fulfilment", facts(parent, raised))

        assert "ingen grund kvar: Nyhetsbrev" in text
        assert "Det här har du inte själv begärt" in text
        assert "gör en ny begäran om radering" not in text

    def test_of_an_objection_says_what_stopped_and_when(self) -> None:
        """
        law.md G.5: purposes and day.
        """
        text = swedish("fulfilment", facts(granted("objection", results=(result(action="stop_purposes"),))))

        assert "nyhetsbrev" in text
        assert "2 april 2026" in text

    def test_of_a_completion_says_that_the_statement_is_kept(self) -> None:
        """
        R16-1: completion by a supplementary statement is a way of granting.
        """
        claim = granted("rectification", changed=("uppgifterna är kompletterade med ditt uttalande",))

        assert "kompletterade med ditt uttalande" in swedish("fulfilment", facts(claim))


class TestFee:
    def test_is_told_with_amount_facts_and_the_way_out(self) -> None:
        """
        R12-7, EDPB 01/2022 paras 31, 194: before anything is charged, with the chance to withdraw.
        """
        text = swedish("fee", facts_for("fee"))

        assert all(
            said in text
            for said in ("250 kr", "Inget har tagits ut", "ta tillbaka din begäran", "Samma kopia lämnades ut.", "IMY")
        )
        assert "SEK" not in text
        assert "withdraw your request" in english("fee", facts_for("fee"))

    @pytest.mark.parametrize(
        ("lacking", "part"), [({"fee": None}, "claims"), ({"evidence": ()}, "access.record.evidence")]
    )
    def test_is_not_told_without(self, lacking: dict[str, Any], part: str) -> None:
        """
        R12-7: amount and facts, or no letter.
        """
        claim = replace(facts_for("fee").claims[0], record=replace(FEE, **lacking))
        with pytest.raises(LetterIncomplete) as refusal:
            render("fee", "sv", facts(claim))

        assert refusal.value.missing == (part,)


class TestReceipt:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_tells_of_the_right_to_object_apart_from_the_rest(self, language: Language) -> None:
        """
        R21-3, Art. 21(4): at the first communication, clearly and separately.
        """
        html = render("receipt", language, facts_for("receipt")).html
        apart = html.split('data-part="objection"')[1]

        assert ("rätt att invända" in apart) or ("right to object" in apart)
        assert "unconditionally" in apart or "utan villkor" in apart

    def test_of_free_text_asks_nobody_to_write_again(self) -> None:
        """
        F09, R12-2: understood as widely as it can be until somebody has read it.
        """
        assert "med egna ord" in swedish("receipt", facts_for("receipt", unclassified=True))
        assert "med egna ord" not in swedish("receipt", facts_for("receipt"))
