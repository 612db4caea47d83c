"""Two further months: for which reasons, and until when they can be claimed (GDPR Art. 12(3))."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.case import Phase
from app.domain.extension import (
    GROUNDS,
    ExtendedAlready,
    ExtensionGroundUnknown,
    ExtensionReasonsNeeded,
    ExtensionReasonsRefused,
    ExtensionState,
    ExtensionTooLate,
    NothingToExtend,
    check_claim,
    check_in_time,
    check_reasons,
)

REAL = "Begäran rör fjorton anläggningar med egna larmloggar under nio år, och grannar måste maskeras i varje film."
LATE_FROM = datetime(2026, 4, 16, 22, tzinfo=UTC)  # midnight in Stockholm after the last day

BANNED = [
    # staffing, as in the decision on Klarna
    "Personalbrist under julen.",
    "Vi har just nu för få medarbetare på avdelningen för dataskydd i Stockholm.",
    "Handläggaren som har hand om registerutdragen är sjuk sedan flera veckor.",
    "Underbemanning på kundtjänst i kombination med sjukskrivningar i hela landet.",
    "Christmas staffing means that only two colleagues work this month in the office.",
    "We are understaffed and short-staffed across the whole department this spring.",
    "There is a shortage of personnel in our privacy department at headquarters.",
    # holidays
    "På grund av julledigheter och semestrar svarar vi senare än planerat i år.",
    "Hela bolaget har sommarstängt och alla handläggare är lediga till augusti.",
    "Due to the holidays, our office in Stockholm has been closed for many days.",
    "The person in charge is on annual leave and then on vacation until September.",
    # effort alone
    "Vi har mycket arbete just nu och många ärenden som ligger före ert i kön.",
    "Vi har mycket arbete. Vi hinner inte, för kollegorna sköter larmen. Leverantören har inte svarat om loggarna.",
    "Hög arbetsbelastning och fullt upp på avdelningen gör att vi inte hinner.",
    "Det är tidskrävande att gå igenom arkiven och det är en stor arbetsinsats.",
    "It is a lot of work and takes much time to go through all the archives.",
    "Our backlog is considerable and the whole team is extremely busy right now.",
    # a processor that is late (EDPB 07/2020 paras 127-129)
    "Vårt biträde har inte svarat oss trots flera påminnelser under månaden.",
    "Vi väntar på svar från vår leverantör av larmtjänster och telefoni.",
    "Our processor has not answered despite several reminders from the office.",
]
DISGUISED = [
    "PERSONALBRIST I HELA AVDELNINGEN UNDER HELA MÅNADEN FÖR SAMTLIGA TJÄNSTER",
    "p e r s o n a l b r i s t i hela avdelningen under hela perioden för samtliga",
    "Personal-brist i hela avdelningen under hela perioden för samtliga tjänster",
    "Semmester i hela huset hos samtliga kollegor under hela perioden fram till hösten",
    "Semseter i hela huset hos samtliga kollegor under hela perioden fram till hösten",
    "Hog arbetsbelastnig i hela huset hos samtliga kollegor under hela perioden",
    "ｓｅｍｅｓｔｅｒ i hela huset hos samtliga kollegor under hela perioden till hösten",
    "seme\u200bster i hela huset hos samtliga kollegor under hela perioden till hösten",
    "Chrismas in the whole building with all colleagues during the entire period",
]
EMPTY = [
    "",
    "   \n",
    "Komplexitet.",
    "Begäran är komplex.",
    "Vi behöver mer tid för att kunna svara på din begäran på ett bra sätt enligt artikel 12.3 i GDPR.",
    "We need more time to answer your request because it is complex and there are a number of requests.",
]
SENSIBLE = [
    REAL,
    f"Hög arbetsbelastning, men framför allt: {REAL}",
    f"Personalen hade semester. {REAL}",
    "Begäran rör fjorton anläggningar. Filmerna visar grannar. De maskeras bild för bild.",
    "Det är tidskrävande eftersom materialet omfattar elva kameror i tre byggnader där grannar syns i varje film.",
    "The request covers fourteen sites over nine years, and every recording shows neighbours who must be masked.",
    "You have made twelve requests this month about different installations and their overlapping recordings.",
    "Over the holidays we looked at it: the logs of nine panels are kept in three formats that must be decoded.",
]


class TestReasons:
    @pytest.mark.parametrize("reasons", BANNED)
    def test_r12_5_are_not_staffing_holidays_effort_or_a_late_processor(self, reasons: str) -> None:
        """
        R12-5, F06: none of these extends anything, in either language (EDPB 162-164, DI-2021-10488).
        """
        with pytest.raises(ExtensionReasonsRefused):
            check_reasons(reasons)

    @pytest.mark.parametrize("reasons", DISGUISED)
    def test_f06_are_not_saved_by_how_they_are_spelt(self, reasons: str) -> None:
        """
        F06: capitals, hyphens, spaces, accents, doubled letters and slips of the pen change nothing.
        """
        with pytest.raises(ExtensionReasonsRefused):
            check_reasons(reasons)

    @pytest.mark.parametrize("reasons", EMPTY)
    def test_f06_say_something_about_this_request(self, reasons: str) -> None:
        """
        F06: nothing, the words of the law, and a wish for more time are no reasons (GDPR Art. 12(3)).
        """
        with pytest.raises(ExtensionReasonsNeeded):
            check_reasons(reasons)

    @pytest.mark.parametrize("reasons", SENSIBLE)
    def test_count_where_they_stand_by_themselves_whatever_stands_beside_them(self, reasons: str) -> None:
        """
        R12-5: a holiday that is only mentioned takes nothing away from what is complex about the request.
        """
        check_reasons(reasons)

    @given(st.text(max_size=400))
    def test_are_judged_whatever_is_typed(self, reasons: str) -> None:
        """
        Any text is accepted or refused, none is a fault.
        """
        try:
            check_reasons(reasons)
        except (ExtensionReasonsNeeded, ExtensionReasonsRefused):
            return

    @given(st.sampled_from(BANNED), st.sampled_from(BANNED), st.sampled_from([" ", " och ", ", men ", "\n"]))
    def test_are_no_better_for_being_two_bad_ones(self, one: str, other: str, between: str) -> None:
        """
        F06: banned wording beside banned wording is still the sole explanation.
        """
        with pytest.raises(ExtensionReasonsRefused):
            check_reasons(one + between + other)


class TestClaim:
    def test_r12_5_has_one_of_two_grounds(self) -> None:
        """
        R12-5: complexity and number of requests, and no third (GDPR Art. 12(3)).
        """
        assert set(GROUNDS) == {"complexity", "number_of_requests"}
        with pytest.raises(ExtensionGroundUnknown):
            check_claim(ground="holidays", reasons=REAL, state=None, phase=Phase.ASSESSING)

    @pytest.mark.parametrize("state", [ExtensionState(one) for one in ("asked", "claimed", "effective", "lapsed")])
    def test_f06_is_made_once(self, state: ExtensionState) -> None:
        """
        F06: once, and not again while the first is under way or has lapsed.
        """
        with pytest.raises(ExtendedAlready):
            check_claim(ground="complexity", reasons=REAL, state=state, phase=Phase.ASSESSING)

    def test_may_be_made_better_after_the_second_person_said_no(self) -> None:
        """
        A rejected claim extended nothing, so another one is the first.
        """
        check_claim(ground="complexity", reasons=REAL, state=ExtensionState.REJECTED, phase=Phase.ASSESSING)

    @pytest.mark.parametrize("phase", [Phase.ANSWERING, Phase.CLOSED])
    def test_is_refused_once_the_answer_has_begun(self, phase: Phase) -> None:
        """
        There is nothing left that could take longer.
        """
        with pytest.raises(NothingToExtend):
            check_claim(ground="complexity", reasons=REAL, state=None, phase=phase)

    @pytest.mark.parametrize(("after", "is_late"), [(-1, False), (0, True), (1, True)])
    def test_f06_is_refused_after_the_due_day(self, after: int, is_late: bool) -> None:
        """
        F06, R12-5: the last microsecond of the due day is in time, midnight is not.
        """
        now = LATE_FROM + timedelta(microseconds=after)
        if not is_late:
            check_in_time(late_from=LATE_FROM, now=now)
            return
        with pytest.raises(ExtensionTooLate):
            check_in_time(late_from=LATE_FROM, now=now)
