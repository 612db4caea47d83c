"""What nobody does alone."""

import pytest

from app.domain.four_eyes import SecondPersonNeeded, check_second_person


class TestCheckSecondPerson:
    @pytest.mark.parametrize("requester", ["anna", None], ids=["requester known", "requester without account"])
    def test_lets_another_person_agree(self, requester: str | None) -> None:
        """
        Decided by one, agreed by another, asked for by a third.
        """
        check_second_person(asked_by="bo", approver="cia", requester=requester)

    @pytest.mark.parametrize("approver", ["bo", "anna"], ids=["the one who decided", "the one who asked"])
    def test_takes_nobody_who_is_part_of_it(self, approver: str) -> None:
        """
        Nobody agrees with themselves, and nobody agrees to their own request.
        """
        with pytest.raises(SecondPersonNeeded):
            check_second_person(asked_by="bo", approver=approver, requester="anna")

    def test_lets_nobody_decide_their_own_request(self) -> None:
        """
        Three different people: whoever agrees, who asked cannot be the one who decided.
        """
        with pytest.raises(SecondPersonNeeded):
            check_second_person(asked_by="bo", approver="cia", requester="bo")
