"""What may leave the house, and above all what may not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import Level
from app.domain.release import NEEDED, REASONS, DataClass, Released, review
from app.domain.release_fields import DEEPEST

CANARY = "zq-canary-7f3e"
SECRET_NAMES = (
    *(
        "password",
        "PASSWORD",
        "passWord",
        "user_password_2",
        "pass-word",
        "pass\u200bword",
        "ｐａｓｓｗｏｒｄ",
        "passwd",
    ),
    *(
        "lösenord",
        "Lösenord",
        "code_word",
        "codeWord",
        "kodord",
        "KODORD",
        "pin",
        "PIN",
        "pin2",
        "panel.pin",
        "pinCode",
    ),
    *("alarm_code", "alarmCode", "larmkod", "disarm.code", "duress", "client_secret", "portkod", "PIN-kod"),
    *("kod", "Kod", "KOD_2", "code", "Code", "codes", "koder", "pin", "alarm-code"),
)
RELEASABLE = sorted(NEEDED)
EVERY_CLASS = [*DataClass, "biometric", ""]

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(
    plain | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=6,
)
rows = st.dictionaries(
    st.sampled_from(["name", "phone", "at", "event", "speaker", "transcript", "own_voice", "text", "zone"])
    | st.text(max_size=8),
    values,
    max_size=6,
).map(lambda row: row | {"canary": CANARY})
levels = st.sampled_from(Level)
not_true = st.sampled_from([False, None, 1, "true", "True", "yes", [True], {"value": True}])


def released(data_class: str, *given_rows: Any, level: Level = Level.HIGH) -> Released:
    return review(category="some", data_class=data_class, rows=given_rows, level=level)


def why(what: Released) -> list[tuple[str, int, str]]:
    return [(one.what, one.count, one.reason_code) for one in what.withheld]


def assert_stayed(what: Released, *reasons: str) -> None:
    assert what.rows == ()
    assert CANARY not in repr(what.rows)
    assert [one.reason_code for one in what.withheld] == list(reasons)


class TestNothingLeaves:
    """Whatever the rows hold: fail closed."""

    @given(rows=st.lists(rows, min_size=1, max_size=3), level=levels)
    def test_of_a_secret(self, rows: list[dict[str, Any]], level: Level) -> None:
        """F30: the person only learns that one is stored."""
        assert_stayed(released("secret", *rows, level=level), "secret")

    @given(rows=st.lists(rows, min_size=1, max_size=3), level=levels)
    def test_of_an_offence(self, rows: list[dict[str, Any]], level: Level) -> None:
        """GDPR Art. 10: a person looks first."""
        assert_stayed(released("offence", *rows, level=level), "offence")

    @given(rows=st.lists(rows, min_size=1, max_size=3), level=levels, data_class=st.text(max_size=12))
    def test_of_a_class_nobody_knows(self, rows: list[dict[str, Any]], level: Level, data_class: str) -> None:
        """A new class is closed until somebody opened it here."""
        if data_class not in set(DataClass):
            assert_stayed(released(data_class, *rows, level=level), "unknown_class")

    @given(row=rows, data_class=st.sampled_from(RELEASABLE), mark=not_true)
    def test_of_somebody_elses_movements(self, row: dict[str, Any], data_class: str, mark: object) -> None:
        """B1: the ex-partner asks when the other comes home. In any category, and only ``true`` is yes."""
        assert_stayed(released(data_class, row | {"user_is_subject": mark}), "rights_of_others")

    @given(row=rows)
    def test_of_movements_nobody_is_named_for(self, row: dict[str, Any]) -> None:
        """B1: a row that does not say whose it is, is not the person's."""
        row.pop("user_is_subject", None)
        assert_stayed(released("movement", row), "rights_of_others")

    @given(row=rows, data_class=st.sampled_from(RELEASABLE), mark=not_true)
    def test_of_people_the_person_did_not_name(self, row: dict[str, Any], data_class: str, mark: object) -> None:
        """B8: contact persons are people of their own, wherever they are filed."""
        assert_stayed(released(data_class, row | {"supplied_by_subject": mark}), "rights_of_others")

    @given(row=rows, level=levels.filter(lambda level: level < Level.HIGH))
    def test_of_the_homes_defences_below_high_identity(self, row: dict[str, Any], level: Level) -> None:
        """B3: a burglar with somebody's telephone learns no zone."""
        assert_stayed(released("security", row, level=level), "needs_higher_identity")

    @given(row=rows, data_class=st.sampled_from(RELEASABLE), level=st.sampled_from([Level.NONE, Level.CHANNEL]))
    def test_of_anything_to_somebody_unproved(self, row: dict[str, Any], data_class: str, level: Level) -> None:
        """GDPR Art. 12(6): finding is not proving."""
        assert_stayed(released(data_class, row, level=level), "needs_higher_identity")

    @pytest.mark.parametrize("data_class", EVERY_CLASS)
    def test_that_is_nested_beyond_review(self, data_class: str) -> None:
        """A secret must not hide where nobody looks."""
        row: dict[str, Any] = {"canary": CANARY, "user_is_subject": True, "supplied_by_subject": True}
        inner = row
        for _ in range(DEEPEST):
            inner["more"] = {"canary": CANARY}
            inner = inner["more"]

        assert released(data_class, row).rows == ()

    @pytest.mark.parametrize("data_class", EVERY_CLASS)
    @pytest.mark.parametrize("row", ["text", None, 7, [["name", "x"]]])
    def test_that_is_no_row(self, data_class: str, row: object) -> None:
        """API10: a processor's answer may be anything."""
        assert released(data_class, row).rows == ()


class TestFields:
    @pytest.mark.parametrize("name", SECRET_NAMES)
    @pytest.mark.parametrize("data_class", ["ordinary", "security", "movement"])
    def test_that_name_a_secret_are_masked_in_every_class(self, name: str, data_class: str) -> None:
        """F30: in any spelling, at any depth."""
        own = {"user_is_subject": True} if data_class == "movement" else {}
        what = released(data_class, own | {name: CANARY, "deep": {"er": [{name: CANARY}]}, "at": "2026"})

        assert CANARY not in repr(what.rows)
        assert what.rows[0]["at"] == "2026"
        assert ("field", 2, "secret") in why(what)

    @pytest.mark.parametrize(
        "name",
        [
            "shipping",
            "spinning",
            "opinion",
            "user_code",
            "postal_code",
            "postal code",
            "event_code",
            "codec",
            "passport",
        ],
    )
    def test_that_only_sound_like_one_are_not(self, name: str) -> None:
        """R15-5: the copy is faithful."""
        assert released("ordinary", {name: "x"}).rows == ({name: "x"},)

    @pytest.mark.parametrize("naming", ["type", "field", "key", "Typ", "kind"])
    def test_beside_a_word_that_names_a_secret_are_masked(self, naming: str) -> None:
        """A table of names and values keeps no secret better than a column."""
        what = released("ordinary", {naming: "alarm code", "value": CANARY})

        assert CANARY not in repr(what.rows)

    @given(
        row=rows, secret=st.sampled_from(["password", "kodord", "alarmCode"]), data_class=st.sampled_from(RELEASABLE)
    )
    def test_that_hold_a_secret_never_come_through(self, row: dict[str, Any], secret: str, data_class: str) -> None:
        """Whatever stands around it."""
        marks = {"user_is_subject": True, "supplied_by_subject": True, "speaker": "subject", "transcript": "Hej"}
        what = released(data_class, row | marks | {secret: "hunter-2-canary"})

        assert "hunter-2-canary" not in repr(what.rows)

    @pytest.mark.parametrize(
        "name", ["zone", "detector", "key_tag", "on_site_after_minutes", "responseTime", "nyckel_nr"]
    )
    def test_that_tell_how_the_home_is_guarded_need_high_identity(self, name: str) -> None:
        """B3: also where they stand in a row that may otherwise leave."""
        row = {"at": "2026-09-01", name: CANARY}
        below, high = released("ordinary", row, level=Level.SUBSTANTIAL), released("ordinary", row)

        assert CANARY not in repr(below.rows)
        assert why(below) == [("field", 1, "needs_higher_identity")]
        assert high.rows == (row,)


class TestMovement:
    def test_gives_the_persons_own_and_counts_the_rest(self) -> None:
        """B1: own user code, others withheld."""
        own = {"at": "2026-09-01T07:42:10+02:00", "event": "armed", "user_is_subject": True}
        other = {"at": "2026-09-01T17:05:33+02:00", "event": "disarmed", "user_is_subject": False}
        what = released("movement", own, other, other, level=Level.SUBSTANTIAL)

        assert what.rows == (own,)
        assert why(what) == [("row", 2, "rights_of_others")]
        assert what.withheld[0].source == "GDPR Art. 15(4), 20(4)"


class TestThirdParty:
    def test_gives_back_the_name_and_number_the_person_supplied(self) -> None:
        """B8: and nothing the contact person did."""
        contact = {"name": "Siv Holm", "phone": "070-174 06 12", "email": "siv@example.com", "answered": CANARY}
        what = released("third_party", contact | {"supplied_by_subject": True})

        assert what.rows == ({"name": "Siv Holm", "phone": "070-174 06 12"},)
        assert why(what) == [("field", 3, "rights_of_others")]

    def test_lets_nothing_hide_in_an_allowed_field(self) -> None:
        """A name is a text, not a file about somebody."""
        what = released("third_party", {"name": {"first": "Siv", "diary": CANARY}, "supplied_by_subject": True})

        assert what.rows == ({},)


class TestRecording:
    LINE: Callable[..., dict[str, Any]] = staticmethod(
        lambda speaker, text, **more: {"call_id": "S1", "speaker": speaker, "transcript": text} | more
    )

    def test_gives_a_transcript_and_no_sound(self) -> None:
        """F17: own voice and the employee's words, without the employee's name (C-579/21)."""
        what = released(
            "recording",
            self.LINE("subject", "Det var jag.", audio=CANARY),
            self.LINE("agent", "Larmcentralen.", agent_name=CANARY, audio={"base64": CANARY}),
            level=Level.SUBSTANTIAL,
        )

        assert [row["transcript"] for row in what.rows] == ["Det var jag.", "Larmcentralen."]
        assert CANARY not in repr(what.rows)
        assert why(what) == [("field", 3, "sound")]

    @pytest.mark.parametrize(
        "line",
        [
            {"speaker": "third_party"},
            {"speaker": "neighbour"},
            {"speaker": None},
            {"speaker": ["subject"]},
            {},
            {"speaker": "caller", "own_voice": False},
            {"speaker": "subject", "own_voice": "true"},
        ],
    )
    def test_leaves_out_whoever_is_not_known_to_be_the_person_or_staff(self, line: dict[str, Any]) -> None:
        """GDPR Art. 15(4)."""
        assert_stayed(released("recording", line | {"transcript": CANARY}), "voice_of_others")

    def test_leaves_other_peoples_lines_out_of_a_conversation(self) -> None:
        """The same for a transcript that comes in one piece."""
        lines = [
            {"speaker": "caller", "text": "Hej"},
            {"speaker": "third_party", "text": CANARY},
            {"speaker": "employee", "name": CANARY, "text": "Vem där?"},
            CANARY,
        ]
        what = released("recording", {"call_id": "S1", "transcript": lines, "agent": CANARY})

        assert what.rows[0]["transcript"] == [
            {"speaker": "caller", "text": "Hej"},
            {"speaker": "employee", "text": "Vem där?"},
        ]
        assert CANARY not in repr(what.rows)
        assert why(what) == [("field", 1, "employee_name"), ("field", 1, "sound"), ("field", 2, "voice_of_others")]

    @pytest.mark.parametrize("row", [{"image_id": CANARY}, {"audio": CANARY}, {"transcript": {"text": CANARY}}])
    def test_waits_for_masking_where_there_is_no_transcript(self, row: dict[str, Any]) -> None:
        """F19: pictures and film show others too."""
        assert_stayed(released("recording", row), "needs_masking")

    def test_is_told_by_its_fields_in_any_category(self) -> None:
        """A sound file filed among notes stays a recording."""
        assert_stayed(released("ordinary", {"at": "2026", "audio": CANARY}), "needs_masking")


class TestOrdinary:
    @given(row=st.dictionaries(st.sampled_from(["name", "address", "at", "amount"]), plain))
    def test_leaves_as_it_came(self, row: dict[str, Any]) -> None:
        """C-487/21: a faithful copy."""
        what = released("ordinary", row, level=Level.SUBSTANTIAL)

        assert what.rows == (row,)
        assert what.withheld == ()

    @given(given_rows=st.lists(rows, max_size=6), data_class=st.sampled_from(EVERY_CLASS), level=levels)
    def test_and_every_other_row_is_given_or_counted(
        self, given_rows: list[dict[str, Any]], data_class: str, level: Level
    ) -> None:
        """Nothing vanishes silently: what left and what stayed make the whole."""
        what = released(data_class, *given_rows, level=level)
        stayed = sum(one.count for one in what.withheld if one.what == "row")

        assert len(what.rows) + stayed == len(given_rows)
        assert all(one.count > 0 and one.reason_code in REASONS for one in what.withheld)


class TestReasons:
    @pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
    def test_carry_law_and_words(self, reason: Any) -> None:
        """Every mask carries its reason ."""
        assert reason.source.startswith(("GDPR Art. ", "dataskyddslagen (2018:218) "))
        assert reason.in_language("sv") == reason.sv != reason.in_language("en") == reason.en
