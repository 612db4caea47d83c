"""What each letter must say, and what it must never say: the mandatory parts as tests."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.rights import RIGHTS
from app.letters.facts import ClaimFacts, ControllerFacts, LeftOut, LetterFacts, PackageFacts
from app.letters.kinds import KINDS, LetterIncomplete
from app.letters.markup import Taken
from app.letters.record_facts import RecordFacts
from app.letters.render import render
from app.letters.words import LANGUAGES, Language, day, say
from app.letters.words import RIGHTS as RIGHTS_IN_WORDS
from tests.letters.page import Page
from tests.letters.some_facts import CLAIM_FOR, GROUND, KEPT, ON, facts, facts_for, granted, refused, result

WITHHELD = (
    LeftOut(recipient="Exempelväxel AB", category_title="Samtal", what="row", count=1, reason_code="rights_of_others"),
    LeftOut(
        recipient="Exempelväkt AB", category_title="Larmkoder", what="row", count=2, reason_code="needs_higher_identity"
    ),
)


def lacking(*left_out: LeftOut) -> PackageFacts:
    """A package from which this was left out."""
    ways = ("letter_to_registered_address",)
    return PackageFacts(available=True, expires_on=ON, left_out=left_out, higher_identity_methods=ways)


LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


def assert_lacks(kind: str, given: LetterFacts, *missing: str) -> None:
    for language in LANGUAGES:
        with pytest.raises(LetterIncomplete) as refusal:
            render(kind, language, given)

        assert refusal.value.missing == missing


def swedish(kind: str, given: LetterFacts) -> str:
    return " ".join(Page(render(kind, "sv", given).html).text.split())


class TestEveryLetter:
    """law.md G, the head of the list."""

    @pytest.mark.parametrize("kind", CLAIM_FOR)
    @LANGUAGE
    def test_has_its_head(self, kind: str, language: Language) -> None:
        """law.md G: case number, date, controller with number and contact, officer, and the right concerned."""
        given = facts_for(kind)
        text = Page(render(kind, language, given).html).text

        assert all(said in text for said in vars(given.controller).values())
        assert given.reference in text
        assert day(given.written_on, language) in text
        assert not KINDS[kind].to_person or say(RIGHTS_IN_WORDS, CLAIM_FOR[kind].right, language) in text

    @LANGUAGE
    def test_to_a_recipient_says_nothing_of_what_was_asked_for(self, language: Language) -> None:
        """GDPR Art. 19, 5(1)(c): the change and the person; not the other rights, nor when the request came in."""
        every = facts(*(replace(CLAIM_FOR["recipients_notice"], right=right) for right in RIGHTS))
        text = Page(render("recipients_notice", language, every).html).text

        assert [right for right in RIGHTS if say(RIGHTS_IN_WORDS, right, language) in text] == []
        assert day(every.received_on, language) not in text

    @LANGUAGE
    def test_to_another_controller_names_the_rights_once_and_never_in_the_head(self, language: Language) -> None:
        """GDPR Art. 28(3)(e), 5(1)(c): what is passed on stands in the letter itself."""
        head = Taken(render("forwarding_controller", language, facts_for("forwarding_controller")).html).facts

        assert len(head) == 2

    @pytest.mark.parametrize("kind", [key for key, one in KINDS.items() if not one.to_person])
    @LANGUAGE
    def test_to_somebody_else_tells_them_how_to_answer(self, kind: str, language: Language) -> None:
        """They have sent no request of their own, also where the controller has published no address."""
        given = facts_for(kind, controller=ControllerFacts(name="Exempellarm AB"))
        text = Page(render(kind, language, given).html).text

        assert ("din begäran" if language == "sv" else "your request") not in text
        assert ("fick det här brevet" if language == "sv" else "this letter reached you") in text

    @pytest.mark.parametrize(
        "kind", ["receipt", "fulfilment", "refusal", "not_identified", "withdrawal", "nothing_held"]
    )
    @LANGUAGE
    def test_r77_1_names_the_authority_and_never_its_predecessor(self, kind: str, language: Language) -> None:
        """R77-1: IMY, whatever a policy calls it, and the authority where the person lives or works."""
        text = Page(render(kind, language, facts_for(kind)).html).text

        assert "Integritetsskyddsmyndigheten (IMY)" in text
        assert "Datainspektionen" not in text

    @pytest.mark.parametrize("kind", ["fulfilment", "refusal", "not_identified", "nothing_held"])
    @LANGUAGE
    def test_r79_1_names_the_court_and_damages(self, kind: str, language: Language) -> None:
        """R79-1: a general court against a private controller; damages too (C-526/24)."""
        text = Page(render(kind, language, facts_for(kind)).html).text

        assert "allmän domstol" in text
        assert ("skadestånd" if language == "sv" else "damages") in text

    def test_says_that_no_officer_is_named_where_none_is(self) -> None:
        """What a controller has not published is said as that and not left to be looked for."""
        given = facts_for("receipt", controller=ControllerFacts(name="Exempellarm AB"))

        assert "Vi har inte angett något dataskyddsombud." in swedish("receipt", given)


class TestTheList:
    """The letters the service promises to have, each in both languages."""

    PROMISED = (
        *("receipt", "identity_wanted", "clarification", "extension", "refusal", "fulfilment", "nothing_held"),
        *("recipients_notice", "restriction_lifting", "forwarding", "fee", "withdrawal", "cooling_off_notice"),
    )
    #: Beyond the promise: Art. 11(2); to the other controller; a stop; what was kept and is now erased.
    BEYOND = ("not_identified", "forwarding_controller", "stopped", "kept_erased")

    def test_is_complete(self) -> None:
        """law.md A.0, G: no event without its letter, and no letter that nobody has thought of."""
        assert set(KINDS) == {*self.PROMISED, *self.BEYOND}

    @pytest.mark.parametrize("right", RIGHTS)
    def test_has_an_answer_for_every_right(self, right: str) -> None:
        """R12-3: the fulfilment of each right says something of its own."""
        others = {one: swedish("fulfilment", facts(granted(one))) for one in RIGHTS}

        assert list(others.values()).count(others[right]) == 1

    def test_knows_which_go_to_somebody_else(self) -> None:
        """GDPR Art. 19, 28(3)(e): a recipient and another controller; everything else is the person's."""
        elsewhere = {key for key, one in KINDS.items() if not one.to_person}

        assert elsewhere == {"recipients_notice", "forwarding_controller"}


class TestTheEventsOfTheLaw:
    """law.md A.0: the events at which the person must be told, and the letter that tells them."""

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            pytest.param("fulfilment", "Du har fått det du bad om.", id="12(3): information on action taken"),
            pytest.param("refusal", "Vi säger nej till det du bad om.", id="12(4): reasons, complaint, court"),
            pytest.param("not_identified", "Vi kunde inte se vilka uppgifter", id="11(2): we cannot identify"),
            pytest.param("nothing_held", "vi har inga uppgifter om dig", id="15(1): a negative answer is one too"),
        ],
    )
    def test_have_a_letter_each(self, kind: str, said: str) -> None:
        """law.md A.0: no event of these passes without a word."""
        assert said in swedish(kind, facts_for(kind))


class TestReceipt:
    def test_says_what_was_understood_by_when_and_what_comes_next(self) -> None:
        """law.md G.1: date received, right, last day, what happens, the freeze, how to add, no form, contact."""
        text = swedish("receipt", facts_for("receipt"))

        for said in (
            "Begäran kom in16 mars 2026",
            "Så har vi förstått din begäran",
            "Du får svar senast 16 april 2026",
            "Vi frågar alla som hanterar uppgifter åt oss",
            "att inte gallra dina uppgifter automatiskt",
            "vill du lägga till något? Hör av dig",
            "ingen blankett, ingen underskrift och inga skäl",
            "integritet@example.com",
        ):
            assert said in text

    @pytest.mark.parametrize(
        ("without", "part"),
        [
            ({"due_on": None}, "due_on"),
            ({"deadline": ()}, "deadline"),
            ({"deadline": (" ",)}, "deadline"),
            ({"identity_methods": ()}, "identity_methods"),
        ],
    )
    def test_is_not_written_without(self, without: dict[str, Any], part: str) -> None:
        """The last day and how it was reckoned, and how to prove who one is where that is wanted."""
        assert_lacks("receipt", facts_for("receipt", **without), part)

    def test_names_the_day_and_every_right(self) -> None:
        """What was understood, and by when there is an answer."""
        text = swedish("receipt", facts(ClaimFacts(right="erasure"), ClaimFacts(right="marketing_objection")))

        assert "Du får svar senast 16 april 2026" in text
        assert "Radering av uppgifter" in text
        assert "Nej till marknadsföring" in text

    def test_speaks_of_proof_only_where_proof_is_wanted(self) -> None:
        """A marketing objection has no identity step (F12), and no letter asks for one."""
        wanted = swedish("receipt", facts_for("receipt"))
        needless = swedish("receipt", facts_for("receipt", identity_wanted=False, identity_methods=()))

        assert "e-legitimation" in wanted
        assert "e-legitimation" not in needless

    def test_says_that_deletion_is_held_only_if_it_is(self) -> None:
        """R15-11."""
        assert "gallra" in swedish("receipt", facts_for("receipt"))
        assert "gallra" not in swedish("receipt", facts_for("receipt", freeze=False))


class TestFulfilment:
    @pytest.mark.parametrize("right", RIGHTS)
    @LANGUAGE
    def test_answers_every_right(self, right: str, language: Language) -> None:
        """Each right has its own words and its results."""
        text = Page(render("fulfilment", language, facts(granted(right))).html).text

        assert "Exempelfaktura AB" in text
        assert ("2 april 2026" if language == "sv" else "2 April 2026") in text

    @pytest.mark.parametrize("right", RIGHTS)
    def test_says_nothing_of_a_decision_without_results(self, right: str) -> None:
        """F08: never confirm before it is true."""
        assert_lacks("fulfilment", facts(granted(right, results=())), f"{right}.results", f"{right}.outcome")

    @pytest.mark.parametrize("right", RIGHTS)
    @pytest.mark.parametrize("outcome", ["accepted", "unknown", "retry", "ambiguous", "effective_later"])
    def test_is_not_written_before_every_result_is_final(self, right: str, outcome: str) -> None:
        """F08, F10: the case is open until the last recipient is done."""
        unfinished = (*granted(right).results, result(action="notify", outcome=outcome))

        assert_lacks("fulfilment", facts(granted(right, results=unfinished)), f"{right}.results.outcome")

    @pytest.mark.parametrize("outcome", ["completed_partial", "refused", "failed", "retained"])
    def test_never_calls_granted_what_the_results_do_not_bear_out(self, outcome: str) -> None:
        """Rebtel, Nordax: "erased" was written when it was not."""
        mixed = (result(), result("Exempelväkt AB", outcome=outcome, reason="Går inte.", retained=(KEPT,)))

        assert_lacks("fulfilment", facts(granted("access", results=mixed)), "access.outcome")

    def test_never_calls_nothing_held_what_somebody_holds(self) -> None:
        """A negative answer needs negative results."""
        assert_lacks("nothing_held", facts(granted("access", outcome="nothing_held")), "access.outcome")

    def test_explains_why_something_is_only_partly_done(self) -> None:
        """GDPR Art. 12(4): a part that is missing has a ground or a result that tells why."""
        assert_lacks("fulfilment", facts(granted("access", outcome="partly_granted")), "access.outcome")

    @pytest.mark.parametrize("outcome", ["refused", "failed", "completed_partial"])
    def test_gives_the_reason_of_what_was_not_done(self, outcome: str) -> None:
        """GDPR Art. 12(4)."""
        mixed = (result(), result("Exempelväkt AB", outcome=outcome))

        assert_lacks(
            "fulfilment", facts(granted("access", outcome="partly_granted", results=mixed)), "access.results.reason"
        )

    @pytest.mark.parametrize("right", ["access", "portability"])
    @pytest.mark.parametrize("package", [None, PackageFacts(available=False), PackageFacts(available=True)])
    def test_with_data_needs_a_package_and_its_last_day(self, right: str, package: PackageFacts | None) -> None:
        """GDPR Art. 15(3), 20(1): the copy is there when the letter says so."""
        assert_lacks("fulfilment", facts(granted(right), package=package), f"{right}.package")

    def test_of_a_rectification_names_what_was_changed(self) -> None:
        """GDPR Art. 16."""
        assert_lacks("fulfilment", facts(granted("rectification", changed=())), "rectification.changed")

    def test_of_a_rectification_says_from_what_to_what_where_when_and_who_was_told(self) -> None:
        """law.md G.5, Art. 16, 19: old and new, the day, the systems, the recipients that were told."""
        told = result("Exempelväkt AB", action="notify", categories=())
        claim = granted("rectification", changed=("telefonnummer: från 1 till 2",))
        text = swedish("fulfilment", facts(replace(claim, results=(*claim.results, told))))

        assert "telefonnummer: från 1 till 2" in text
        assert "De här har fått besked om rättelsen: Exempelväkt AB." in text
        assert "Exempelfaktura AB" in text
        assert "2 april 2026" in text
        assert "fått besked om rättelsen" not in swedish("fulfilment", facts(claim))

    def test_of_an_erasure_names_the_categories(self) -> None:
        """Art. 17, 12(4): what was erased, by category."""
        unnamed = (result(action="erase", categories=()),)

        assert_lacks("fulfilment", facts(granted("erasure", results=unnamed)), "erasure.results.categories")

    def test_of_an_erasure_lists_what_is_kept_under_which_law_and_until_when(self) -> None:
        """R17-1: per category, with basis and end date."""
        partly = (result(action="erase", outcome="completed_partial", categories=("Kontakt",), retained=(KEPT,)),)
        text = swedish("fulfilment", facts(granted("erasure", outcome="partly_granted", results=partly)))

        assert "Fakturor: sparas till och med 31 december 2033, enligt bokföringslagen (1999:1078) 7 kap. 2 §." in text

    @pytest.mark.parametrize(
        "kept",
        [
            pytest.param((), id="nothing said"),
            pytest.param((replace(KEPT, until=None),), id="no end"),
            pytest.param((replace(KEPT, law="SSF_136"),), id="a norm is no law (R17-2)"),
            pytest.param((replace(KEPT, category_title=" "),), id="no category"),
        ],
    )
    def test_keeps_nothing_without_category_law_and_end(self, kept: tuple[Any, ...]) -> None:
        """R17-1, R17-2."""
        results = (result(action="erase", outcome="retained", retained=kept),)
        claim = granted("erasure", outcome="partly_granted", results=results)

        assert_lacks("fulfilment", facts(claim), "erasure.results.retained")

    @pytest.mark.parametrize("without", [{"searched": ()}, {"searched_with": ()}])
    def test_that_nothing_is_held_says_where_and_how_was_searched(self, without: dict[str, Any]) -> None:
        """R15-1, R15-6: no is an answer too, and a reasoned one."""
        claim = ClaimFacts(right="access", outcome="nothing_held", results=(result(outcome="not_found"),))

        assert_lacks("nothing_held", facts(claim, **without), "access.searched")
        assert_lacks("fulfilment", facts(claim), "claims")
        text = swedish("nothing_held", facts(claim, package=None))
        assert "Vi sökte hos: Exempelfaktura AB Exempelväkt AB Vi sökte på det här: personnummer e-postadress" in text
        assert "paket" not in text

    @pytest.mark.parametrize("right", ["access", "portability"])
    def test_lists_what_the_package_lacks_with_number_reason_and_a_way_to_get_it(self, right: str) -> None:
        """GDPR Art. 12(4), 12(6), 15(4): what, how many, why, and what more proof would open."""
        text = swedish("fulfilment", facts(granted(right, outcome="partly_granted"), package=lacking(*WITHHELD)))

        assert "Du har delvis fått det du bad om." in text
        assert "Samtal hos Exempelväxel AB: 1 post. Uppgiften handlar om någon annan än dig" in text
        assert "Larmkoder hos Exempelväkt AB: 2 poster. Uppgiften visar hur hemmet skyddas." in text
        assert "artikel 12.6, 32.1 i dataskyddsförordningen" in text
        assert "visa vem du är så här: brev till din folkbokföringsadress." in text

    def test_speaks_of_more_proof_only_where_proof_is_what_lacks(self) -> None:
        """More proof opens nothing that is about somebody else."""
        text = swedish("fulfilment", facts(granted("access", outcome="partly_granted"), package=lacking(WITHHELD[0])))

        assert "Samtal hos Exempelväxel AB" in text
        assert "folkbokföringsadress" not in text

    def test_never_calls_granted_a_copy_that_lacks_rows(self) -> None:
        """Nobody has been given all they asked for while rows stayed behind."""
        assert_lacks("fulfilment", facts(granted("access"), package=lacking(WITHHELD[0])), "access.outcome")

    @pytest.mark.parametrize(
        "lacks",
        [
            pytest.param((replace(WITHHELD[0], reason_code="because"),), id="no words for the reason"),
            pytest.param((replace(WITHHELD[0], category_title=" "),), id="no category"),
        ],
    )
    def test_leaves_nothing_out_without_category_and_reason(self, lacks: tuple[LeftOut, ...]) -> None:
        """GDPR Art. 12(4)."""
        claim = granted("access", outcome="partly_granted")

        assert_lacks("fulfilment", facts(claim, package=lacking(*lacks)), "access.package.left_out")

    def test_asks_for_no_more_proof_without_saying_how(self) -> None:
        """GDPR Art. 12(6)."""
        package = replace(lacking(*WITHHELD), higher_identity_methods=())
        claim = granted("access", outcome="partly_granted")

        assert_lacks("fulfilment", facts(claim, package=package), "access.package.left_out")

    def test_boasts_of_no_data_where_none_came(self) -> None:
        """A copy that was called done without any data is told as that."""
        empty = (result(categories=(), gave_none=True, reason="Inga uppgifter följde med svaret"),)
        text = swedish("fulfilment", facts(granted("access", results=empty)))

        assert "Ja, vi har uppgifter om dig" not in text
        assert "inga följde med svaren till oss" in text

    def test_says_where_marketing_is_stopped_and_where_it_is_not(self) -> None:
        """R21-2, F08: "stopped" is said of everywhere only when it is so everywhere."""
        mixed = (
            result(action="stop_marketing"),
            result("Exempelpost AB", action="stop_marketing", outcome="failed", reason="Går inte."),
            result("Exempelring AB", action="stop_marketing", outcome="completed_partial", reason="Bara e-post."),
        )
        text = swedish("fulfilment", facts(granted("marketing_objection", outcome="partly_granted", results=mixed)))

        assert "Marknadsföringen till dig är stoppad" not in text
        assert "Exempelfaktura AB: stoppad." in text
        assert "Exempelpost AB: inte stoppad." in text
        assert "Exempelring AB: delvis stoppad." in text

    def test_says_that_marketing_is_stopped_where_the_rest_knows_nobody(self) -> None:
        """Who has nothing about the person sends nothing either."""
        both = (result(action="stop_marketing"), result("Exempelpost AB", action="stop_marketing", outcome="not_found"))
        text = swedish("fulfilment", facts(granted("marketing_objection", results=both)))

        assert "Marknadsföringen till dig är stoppad" in text

    def test_of_a_marketing_objection_is_unconditional(self) -> None:
        """R21-2."""
        assert "Det gäller utan villkor" in swedish("fulfilment", facts(granted("marketing_objection")))

    def test_of_a_restriction_says_what_may_still_be_done_and_that_notice_comes_first(self) -> None:
        """R18-2, R18-3."""
        text = swedish("fulfilment", facts(granted("restriction")))

        assert "rättsliga anspråk" in text
        assert "Du får besked innan begränsningen hävs." in text

    def test_of_a_review_gives_the_new_decision_in_words(self) -> None:
        """R22-1, GDPR Art. 22(3): reviewer, new decision, reasons, how to contest; more than that somebody looked."""
        bare = granted("automated_decision", record=RecordFacts(), reasons="En handläggare har gått igenom beslutet.")
        assert_lacks("fulfilment", facts(bare), "automated_decision.record.review")
        text = swedish("fulfilment", facts(granted("automated_decision")))

        assert all(
            said in text
            for said in (
                "En människa har prövat",
                "1f3c0a2b",
                "Avtalet beviljas utan deposition.",
                "Kreditvärdet var hämtat för fel person.",
                "bestrida det nya beslutet",
            )
        )

    def test_of_withdrawn_consent_says_that_the_past_stays_lawful(self) -> None:
        """R7-2."""
        text = swedish("fulfilment", facts(granted("consent_withdrawal")))

        assert "var tillåtet" in text

    def test_of_withdrawn_consent_promises_no_erasure_and_says_how_to_ask_for_it(self) -> None:
        """Withdrawing stops; only a request for erasure erases (GDPR Art. 7(3), 17(1)(b))."""
        text = swedish("fulfilment", facts(granted("consent_withdrawal")))

        assert "ska raderas" not in text
        assert "gör en ny begäran om radering" in text

    @pytest.mark.parametrize("right", ["marketing_objection", "erasure", "access"])
    def test_boasts_of_nothing_where_nothing_was_done(self, right: str) -> None:
        """The words for what was done stand only beside a result that did it."""
        failed = result(action=RIGHTS[right].action.value, outcome="failed", reason="Systemet är nedlagt.")
        text = swedish("fulfilment", facts(granted(right, outcome="partly_granted", results=(failed,)), package=None))

        assert "Systemet är nedlagt." in text
        assert not any(said in text for said in ("är stoppad", "är raderat", "i ett paket"))

    def test_leaves_refused_claims_to_their_own_letter(self) -> None:
        """One letter, one message."""
        text = swedish("fulfilment", facts(granted("access"), refused("erasure")))

        assert "Radering av uppgifter" not in text


class TestRefusal:
    @LANGUAGE
    def test_r12_6_has_its_three_mandatory_parts(self, language: Language) -> None:
        """R12-6: reasons, complaint, judicial remedy (GDPR Art. 12(4)); law.md G.4."""
        html = render("refusal", language, facts_for("refusal")).html

        assert "Inspelningen visar bara andra människor än dig." in html
        assert ' data-part="complaint"' in html
        assert ' data-part="remedy"' in html

    @pytest.mark.parametrize("right", RIGHTS)
    @pytest.mark.parametrize(
        ("without", "missing"),
        [
            ({"ground": None}, ("ground.source", "ground.text")),
            ({"ground": replace(GROUND, source="")}, ("ground.source",)),
            ({"ground": replace(GROUND, text=" ")}, ("ground.text",)),
            ({"reasons": None}, ("reasons",)),
            ({"reasons": "\n"}, ("reasons",)),
        ],
    )
    def test_is_not_written_without(self, right: str, without: dict[str, Any], missing: tuple[str, ...]) -> None:
        """R12-6: a ground with its article, and reasons of its own."""
        assert_lacks("refusal", facts(refused(right, **without)), *(f"{right}.{part}" for part in missing))

    def test_cites_the_article_as_a_swede_reads_it(self) -> None:
        """R12-1."""
        text = swedish("refusal", facts_for("refusal"))

        assert "artikel 15.4 i dataskyddsförordningen (GDPR)" in text
        assert "Inspelningen visar bara andra människor än dig." in text

    def test_speaks_of_the_refused_part_of_a_claim(self) -> None:
        """A partial refusal is a refusal (EDPB 01/2022 para 193)."""
        partly = refused("access", outcome="partly_granted", results=(result(),))

        assert "Vi säger nej till en del" in swedish("refusal", facts(partly))

    def test_says_nothing_of_what_only_a_law_kept_back(self) -> None:
        """No person refused that; the fulfilment letter tells of it."""
        kept = granted("erasure", outcome="partly_granted", results=(result(outcome="retained", retained=(KEPT,)),))

        assert_lacks("refusal", facts(kept), "claims")

    def test_lists_what_is_kept(self) -> None:
        """Art. 12(4): reasons, complaint, judicial remedy."""
        claim = refused("erasure", results=(result(action="erase", outcome="retained", retained=(KEPT,)),))

        assert "bokföringslagen (1999:1078)" in swedish("refusal", facts(claim))
        assert_lacks(
            "refusal",
            facts(replace(claim, results=(result(outcome="retained"),))),
            "erasure.results.retained",
        )


class TestNotIdentified:
    @pytest.mark.parametrize("part", ["helps_finding", "identity_methods"])
    def test_is_not_written_without(self, part: str) -> None:
        """GDPR Art. 11(2), 12(6): what would help to find the data, and how to prove who one is."""
        assert_lacks("not_identified", facts_for("not_identified", **{part: ()}), part)

    def test_asks_for_no_identity_document(self) -> None:
        """R12-9, F11."""
        text = swedish("not_identified", facts_for("not_identified"))

        assert "Skicka ingen kopia av din id-handling." in text
        assert "kundnummer" in text


class TestWithdrawal:
    def test_says_until_when_deletion_is_held(self) -> None:
        """R15-11: the hold was asked for until a day, and nothing lifts it earlier."""
        held = facts_for("withdrawal", frozen_until=date(2026, 6, 16))

        assert "Det gäller till och med 16 juni 2026; därefter gallras de som vanligt igen." in swedish(
            "withdrawal", held
        )

    def test_speaks_of_no_hold_where_there_is_none(self) -> None:
        """Not every right holds deletion, and not every recipient can."""
        assert "gallra" not in swedish("withdrawal", facts_for("withdrawal", frozen_until=None))
