"""The nine rights as the law has them."""

import importlib
import pkgutil

import pytest

from app.domain import rights
from app.domain.decisions import COMMON, RIGHTS_OF_OTHERS
from app.domain.fanout import Action
from app.domain.identity import Level
from app.domain.rights import RIGHTS, Right, UnknownRight, right

FILES = [module.name for module in pkgutil.iter_modules(rights.__path__) if not module.name.startswith("_")]

each_right = pytest.mark.parametrize("one", RIGHTS.values(), ids=RIGHTS)


def those(attribute: str) -> set[str]:
    return {key for key, one in RIGHTS.items() if getattr(one, attribute)}


class TestRegistry:
    @pytest.mark.parametrize("name", FILES)
    def test_offers_every_right_in_the_folder(self, name: str) -> None:
        """
        A right that exists as a file is also one the service offers.
        """
        found = vars(importlib.import_module(f"{rights.__name__}.{name}")).values()

        assert [one for one in found if isinstance(one, Right)] == [RIGHTS[name]]

    def test_holds_the_nine(self) -> None:
        """
        GDPR Art. 15-18, 20, 21(1), 21(2)-(3), 22 and 7(3): no policy can take one away.
        """
        assert set(RIGHTS) == set(FILES)
        assert [one.source for one in RIGHTS.values()] == [
            "GDPR Art. 15",
            "GDPR Art. 16",
            "GDPR Art. 17",
            "GDPR Art. 18",
            "GDPR Art. 20",
            "GDPR Art. 21(1)",
            "GDPR Art. 21(2)-(3)",
            "GDPR Art. 22",
            "GDPR Art. 7(3)",
        ]

    @each_right
    def test_finds_a_right_by_its_name(self, one: Right) -> None:
        """
        The key is the wire name.
        """
        assert right(one.key) is one

    @pytest.mark.parametrize("key", ["", "Access", "unspecified", "information"])
    def test_knows_no_other(self, key: str) -> None:
        """
        A word that is no right is refused, never guessed.
        """
        with pytest.raises(UnknownRight):
            right(key)


class TestRight:
    @pytest.mark.parametrize(
        ("key", "action"),
        [
            ("access", Action.EXPORT),
            ("portability", Action.EXPORT),
            ("rectification", Action.RECTIFY),
            ("erasure", Action.ERASE),
            ("restriction", Action.RESTRICT),
            ("objection", Action.STOP_PURPOSES),
            ("consent_withdrawal", Action.STOP_PURPOSES),
            ("marketing_objection", Action.STOP_MARKETING),
            ("automated_decision", Action.REVIEW_DECISION),
        ],
    )
    def test_asks_of_a_processor(self, key: str, action: Action) -> None:
        """
        Each right is one action at those who hold the data.
        """
        assert right(key).action is action

    @pytest.mark.parametrize(
        ("key", "level"),
        [
            ("marketing_objection", Level.NONE),
            ("consent_withdrawal", Level.CHANNEL),
            *((key, Level.SUBSTANTIAL) for key in RIGHTS if key not in ("marketing_objection", "consent_withdrawal")),
        ],
    )
    def test_demands_the_least_proof(self, key: str, level: Level) -> None:
        """
        Marketing stops without a proof (R21-2), consent goes as easily as it came (R7-1), the rest needs an e-ID.
        """
        assert right(key).needs is level

    def test_has_its_place_in_the_order(self) -> None:
        """
        The copy before the restriction before the correction before the erasure; what was erased cannot be copied.
        """
        order = ["access", "restriction", "rectification", "erasure"]

        assert sorted(order, key=lambda key: right(key).rank) == order
        assert len({right(key).rank for key in order}) == len(order)
        assert right("portability").rank == right("access").rank
        assert max(RIGHTS.values(), key=lambda one: one.rank) is right("erasure")

    @pytest.mark.parametrize(
        ("attribute", "keys"),
        [
            pytest.param("tells_recipients", {"rectification", "erasure", "restriction"}, id="R19-1 and R19-2"),
            pytest.param("yields_package", {"access", "portability"}, id="R15-5 and R20-2"),
            pytest.param("granted_at_once", {"marketing_objection", "consent_withdrawal"}, id="R21-2 and R7-1"),
            pytest.param("by_a_person", {"automated_decision"}, id="R22-1"),
            pytest.param("grant_needs_two", {"erasure"}, id="erasure cannot be taken back"),
            pytest.param("freezes", {"access", "portability", "restriction", "objection"}, id="R15-11"),
        ],
    )
    def test_has_only_where_the_law_says_so(self, attribute: str, keys: set[str]) -> None:
        """
        What sets one right apart from the others.
        """
        assert those(attribute) == keys

    @each_right
    def test_cannot_be_refused_when_it_is_unconditional(self, one: Right) -> None:
        """
        No balancing against GDPR Art. 21(2)-(3) and 7(3); every other right has the common grounds of Art. 12(5).
        """
        if one.granted_at_once:
            assert one.refusal_grounds == ()
        else:
            assert one.refusal_grounds[: len(COMMON)] == COMMON

    @each_right
    def test_spells_out_its_grounds(self, one: Right) -> None:
        """
        Staff and the person read the same ground, in both languages, with its source (R12-6).
        """
        grounds = one.refusal_grounds

        assert len({ground.key for ground in grounds}) == len(grounds)
        assert all(ground.sv and ground.en and ground.sv != ground.en for ground in grounds)
        assert all(any(char.isdigit() for char in ground.source) for ground in grounds)

    @each_right
    def test_is_not_refused_for_want_of_staff(self, one: Right) -> None:
        """
        Effort, cost, holidays and staffing are no grounds (R12-5).
        """
        words = ("effort", "cost", "staff", "holiday", "workload", "disproportionate")

        assert not [g.key for g in one.refusal_grounds for word in words if word in g.key]

    def test_protects_others_only_where_a_copy_is_given(self) -> None:
        """
        GDPR Art. 15(4) limits the copy and nothing else (R15-9, R20-3).
        """
        assert {key for key, one in RIGHTS.items() if RIGHTS_OF_OTHERS in one.refusal_grounds} == those(
            "yields_package"
        )
