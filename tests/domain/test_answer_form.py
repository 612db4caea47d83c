"""In which form a person is answered."""

import pytest

from app.domain.answer_form import AnswerForm, OralAnswerNeedsProof, OralAnswerNotAsked, check_oral, form_for
from app.domain.identity import Level


class TestForm:
    @pytest.mark.parametrize("channel", ["web", "email", "chat"])
    def test_is_electronic_for_an_electronic_request(self, channel: str) -> None:
        """
        R12-3: electronic request, electronic answer.
        """
        assert form_for(channel, None) is AnswerForm.ELECTRONIC

    @pytest.mark.parametrize("channel", ["letter", "phone", "in_person", "other"])
    def test_is_a_letter_where_nobody_gave_an_electronic_way(self, channel: str) -> None:
        """
        R12-3: who wrote, called or came is written to, and is not sent to a login.
        """
        assert form_for(channel, None) is AnswerForm.PAPER

    @pytest.mark.parametrize("channel", ["web", "letter", "phone"])
    @pytest.mark.parametrize("asked", list(AnswerForm))
    def test_is_what_the_person_asks_for(self, channel: str, asked: AnswerForm) -> None:
        """
        R12-3: unless the person asks otherwise.
        """
        assert form_for(channel, asked.value) is asked

    @pytest.mark.parametrize("channel", ["web", "letter", "phone", "in_person"])
    def test_is_never_oral_by_itself(self, channel: str) -> None:
        """
        R12-10: only on request, also for somebody who calls.
        """
        assert form_for(channel, None) is not AnswerForm.ORAL


class TestOralAnswer:
    @pytest.mark.parametrize("form", ["electronic", "paper"])
    def test_is_given_only_on_request(self, form: str) -> None:
        """
        R12-10: who asked for no oral answer gets none, however well known.
        """
        with pytest.raises(OralAnswerNotAsked):
            check_oral(form, held=Level.HIGH, needed=Level.NONE)

    @pytest.mark.parametrize("held", [Level.NONE, Level.CHANNEL])
    def test_is_given_only_to_somebody_proved(self, held: Level) -> None:
        """
        R12-10: identity by other means than the voice; an ex-partner can call too.
        """
        with pytest.raises(OralAnswerNeedsProof):
            check_oral("oral", held=held, needed=Level.NONE)

    def test_takes_as_much_proof_as_the_claim(self) -> None:
        """
        R12-10: no shorter way to the data than the written one.
        """
        check_oral("oral", held=Level.SUBSTANTIAL, needed=Level.SUBSTANTIAL)
        with pytest.raises(OralAnswerNeedsProof):
            check_oral("oral", held=Level.SUBSTANTIAL, needed=Level.HIGH)
