"""What an access answer must say: nothing of it may be empty."""

import pytest

from app.domain.completeness import ARTICLES, OF_CATEGORY, Piece, Said, known_paths, missing, tells_something

WHOLE = {piece: Said(texts=("Något som är sant.",)) for piece in Piece}


class TestAnswer:
    def test_about_everything_lacks_nothing(self) -> None:
        """F01: (a)-(h) and (2) filled for each category."""
        assert missing({"contact": WHOLE, "alarm_history": WHOLE}) == ()

    @pytest.mark.parametrize("piece", Piece)
    @pytest.mark.parametrize("said", [Said(), Said(texts=("",)), Said(texts=("  ",)), None])
    def test_with_an_empty_piece_names_it(self, piece: Piece, said: Said | None) -> None:
        """F01, R15-4: one empty piece of one category, named with its article and where to settle it."""
        pieces = {one: what for one, what in WHOLE.items() if one is not piece} | ({piece: said} if said else {})
        (found,) = missing({"contact": WHOLE, "alarm_history": pieces})

        assert (found.piece, found.article) == (piece, ARTICLES[piece])
        assert found.path == (f"categories.alarm_history.{piece}" if piece in OF_CATEGORY else piece.value)

    @pytest.mark.parametrize("link", ["https://example.com/policy", " http://example.com ", "www.example.com/gdpr"])
    def test_is_not_filled_by_a_link(self, link: str) -> None:
        """F02: a policy's address never fills a piece."""
        assert [one.piece for one in missing({"contact": WHOLE | {Piece.RETENTION: Said(texts=(link,))}})] == [
            Piece.RETENTION
        ]
        assert not tells_something([link])
        assert tells_something([f"Se {link}, tolv månader."])

    def test_with_a_kind_in_place_of_a_name_is_not_whole(self) -> None:
        """F03, R15-3 (C-154/21): what is lacking is named even where something is said."""
        said = Said(texts=("Polisen",), lacks=("recipients.insurers", "recipient_list"))
        found = missing({"a": WHOLE | {Piece.RECIPIENTS: said}, "b": WHOLE | {Piece.RECIPIENTS: said}})

        assert [one.path for one in found] == ["recipients.insurers", "recipient_list"]

    def test_speaks_only_of_what_is_held(self) -> None:
        """R15-2: nothing held, nothing to tell beside it."""
        assert missing({}) == ()


class TestPath:
    def test_is_known_for_everything_that_can_be_missing(self) -> None:
        """Whatever is named as missing can be settled."""
        lacking = missing({"contact": {}})
        known = known_paths(["contact"], ["insurers"])

        assert {one.path for one in lacking} <= known
        assert {"recipients.insurers", "recipient_list", "categories.contact.legal_bases"} <= known
