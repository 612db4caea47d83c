"""What a proof says of whoever asks: every way in which they came, every way of proof, what was said with it."""

import pytest

from app.domain.errors import DomainError
from app.domain.finding import Known
from app.domain.identity import METHODS, Level
from app.domain.proving import (
    Asked,
    ContactNeeded,
    NumberByChannel,
    ProofOfSomebodyElse,
    ProofWithoutNumber,
    establish,
)

HERS, HIS = "198001019804", "197001019806"
MAIL, CARD = ("email", "anna@example.org"), ("customer_number", "C-10001")
NUMBER = ("personnummer", HERS)
NONE, CHANNEL, SUBSTANTIAL, HIGH = Level


def asked(held: Level, *vouched: tuple[str, str], typed: tuple[tuple[str, str], ...] = (), login: bool = True) -> Asked:
    known = [Known(*one, vouched=True) for one in vouched] + [Known(*one, vouched=False) for one in typed]
    return Asked(held, known, by_login=login)


def heard(*said: tuple[str, str], held: Level = NONE) -> Asked:
    """Taken down by staff, who at that time answer for all of it."""
    return asked(held, *said, login=False)


CALL, MET, E_ID, POST = "known_channel_callback", "seen_in_person", "e_id_in_call", "letter_to_registered_address"
#: (who asks, how, what is said with it) -> (level, what is vouched for)
TABLE = {
    # a login that names her: its word ties number, card and mail together
    "login, her e-ID": (asked(SUBSTANTIAL, NUMBER, CARD), E_ID, HERS, None, SUBSTANTIAL, {NUMBER, CARD}),
    "weak login, her e-ID": (asked(CHANNEL, NUMBER, CARD), E_ID, HERS, None, SUBSTANTIAL, {NUMBER, CARD}),
    "login, her letter": (asked(SUBSTANTIAL, NUMBER, CARD), POST, HERS, None, HIGH, {NUMBER, CARD}),
    "login, somebody's letter": (asked(SUBSTANTIAL, NUMBER, CARD), POST, None, None, HIGH, set()),
    "login, somebody seen": (asked(SUBSTANTIAL, NUMBER, CARD), MET, None, None, SUBSTANTIAL, {NUMBER, CARD}),
    "weak login, somebody seen": (asked(CHANNEL, NUMBER, CARD), MET, None, None, SUBSTANTIAL, set()),
    "weak login, a call": (asked(NONE, NUMBER), CALL, None, MAIL, CHANNEL, {MAIL}),
    "login, a call": (asked(SUBSTANTIAL, NUMBER), CALL, None, MAIL, SUBSTANTIAL, {NUMBER}),
    # a login that names nobody may be stolen: a number beside it is somebody's
    "stolen login, an e-ID": (asked(CHANNEL, CARD), E_ID, HIS, None, SUBSTANTIAL, {("personnummer", HIS)}),
    "login without a number, an e-ID": (asked(SUBSTANTIAL, CARD), E_ID, HERS, None, SUBSTANTIAL, {NUMBER}),
    "stolen login, somebody seen": (asked(CHANNEL, CARD), MET, None, None, SUBSTANTIAL, set()),
    # heard by staff: nobody answers for any of it before the first proof
    "call, her e-ID": (heard(NUMBER, CARD, MAIL), E_ID, HERS, None, SUBSTANTIAL, {NUMBER}),
    "call, an e-ID": (heard(CARD, MAIL), E_ID, HIS, None, SUBSTANTIAL, {("personnummer", HIS)}),
    "call, somebody seen": (heard(CARD, MAIL), MET, None, None, SUBSTANTIAL, set()),
    "call, somebody seen with a number": (heard(CARD), MET, HERS, None, SUBSTANTIAL, {NUMBER}),
    "call, called back": (heard(CARD, MAIL), CALL, None, MAIL, CHANNEL, {MAIL}),
    "called back, then seen": (heard(MAIL, held=CHANNEL), MET, None, None, SUBSTANTIAL, set()),
    "called back, then an e-ID": (heard(MAIL, held=CHANNEL), E_ID, HERS, None, SUBSTANTIAL, {NUMBER}),
    "e-ID, then seen": (heard(NUMBER, held=SUBSTANTIAL), MET, None, None, SUBSTANTIAL, {NUMBER}),
    "e-ID, then called back": (heard(NUMBER, held=SUBSTANTIAL), CALL, None, MAIL, SUBSTANTIAL, {NUMBER}),
    "e-ID, then a letter to that number": (heard(NUMBER, held=SUBSTANTIAL), POST, HERS, None, HIGH, {NUMBER}),
    "e-ID, then somebody's letter": (heard(NUMBER, held=SUBSTANTIAL), POST, None, None, HIGH, set()),
    # without a login, by a code
    "code": (asked(NONE, typed=(MAIL, CARD), login=False), "one_time_code", None, MAIL, CHANNEL, {MAIL}),
}  # fmt: skip


class TestProof:
    @pytest.mark.parametrize(("who", "method", "number", "contact", "level", "vouched"), TABLE.values(), ids=TABLE)
    def test_answers_for_what_it_established_and_for_nothing_beside_it(
        self,
        who: Asked,
        method: str,
        number: str | None,
        contact: tuple[str, str] | None,
        level: Level,
        vouched: set[tuple[str, str]],
    ) -> None:
        """GDPR Art. 12(6), 32: whoever proves himself proves himself, and not whose customer number he gave."""
        proved = establish(who, method=method, number=number, contact=contact)

        assert proved.level is level
        assert {(one.type, one.value) for one in proved.known if one.vouched} == vouched
        assert {(one.type, one.value) for one in proved.known} >= {(one.type, one.value) for one in who.known}

    @pytest.mark.parametrize("method", ["e_id", "e_id_in_call"])
    @pytest.mark.parametrize("who", [asked(SUBSTANTIAL, NUMBER), asked(CHANNEL, CARD), heard(NUMBER)])
    def test_by_e_id_says_whose_whoever_asks(self, who: Asked, method: str) -> None:
        """GDPR Art. 12(6): an e-ID that is tied to nobody may be anybody's, beside a login too."""
        with pytest.raises(ProofWithoutNumber):
            establish(who, method=method)

    @pytest.mark.parametrize("method", ["one_time_code", "known_channel_callback"])
    def test_over_a_channel_says_which_and_names_nobody(self, method: str) -> None:
        """GDPR Art. 12(6): a telephone rings for whoever has it; it has no personnummer."""
        for said, refusal in (
            ({"number": HERS, "contact": MAIL}, NumberByChannel), ({"number": HERS}, NumberByChannel),
            ({}, ContactNeeded),
        ):  # fmt: skip
            with pytest.raises(refusal):
                establish(heard(CARD), method=method, **said)  # type: ignore[arg-type]

    @pytest.mark.parametrize("method", [one for one, level in METHODS.items() if level >= SUBSTANTIAL])
    @pytest.mark.parametrize(
        "who",
        [asked(SUBSTANTIAL, NUMBER), heard(NUMBER), asked(CHANNEL, CARD, typed=(NUMBER,)), heard(NUMBER, held=HIGH)],
    )
    def test_of_another_number_is_somebody_elses(self, who: Asked, method: str) -> None:
        """GDPR Art. 12(6): whether a login, staff or the person said which it is, or a proof did."""
        with pytest.raises(ProofOfSomebodyElse):
            establish(who, method=method, number=HIS)

    @pytest.mark.parametrize("method", ["id_card_copy", "secret_question", "signature"])
    def test_is_none_of_those_that_are_not_taken(self, method: str) -> None:
        """EDPB 01/2022 para 79: no copy, no secret, no signature."""
        with pytest.raises(DomainError):
            establish(heard(CARD), method=method, number=HERS)


class TestSpelling:
    def test_as_it_was_given_outlives_every_proof(self) -> None:
        """What a proof changes is who answers for a number, never how it is written."""
        card = Known(*CARD, vouched=False, as_given="AbC-1")
        proved = establish(Asked(NONE, [card], by_login=False), method=E_ID, number=HERS)

        assert [one.spelt for one in proved.known] == ["AbC-1", HERS]

    def test_never_makes_two_people_of_one(self) -> None:
        assert Known(*CARD, vouched=True, as_given="A") == Known(*CARD, vouched=True)
