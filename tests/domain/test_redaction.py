"""What a person may change about an answer, and above all what nobody may."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import redaction
from app.domain.identity import Level
from app.domain.redaction import (
    HIDE_REASONS,
    MAY_SHOW,
    NoteNeeded,
    NotReviewable,
    Redaction,
    RedactionAction,
    RedactionReasonNotAllowed,
    RowTwice,
    TextNeeded,
    UnknownRow,
)
from app.domain.release import DataClass, Released, review
from app.domain.release_fields import mask
from app.domain.release_reasons import REASONS

CANARY = "zq-canary-7f3e"
NOTE = "Granskat mot bilden från larmet."
SHOW, HIDE, REPLACE = RedactionAction.SHOW, RedactionAction.HIDE, RedactionAction.REPLACE
every_reason = st.sampled_from(sorted({one for reasons in MAY_SHOW.values() for one in reasons}))
every_change = st.one_of(
    st.tuples(st.just(HIDE), st.sampled_from(HIDE_REASONS)), st.tuples(st.sampled_from([SHOW, REPLACE]), every_reason)
)


def change(action: RedactionAction, reason: str, **said: Any) -> Redaction:
    given_: dict[str, Any] = {"row": "k", "note": NOTE, "text": "Det som sades." if action is REPLACE else None}
    return Redaction(action=action, reason=reason, **given_ | said)


def released(data_class: str, row: Any, *changes: Redaction, level: Level = Level.HIGH, **more: Any) -> Released:
    return review(
        category="some", data_class=data_class, rows=[row], level=level, redactions=[changes] if changes else (), **more
    )


def check(data_class: str, row: Any, *changes: Redaction) -> None:
    (one,) = released(data_class, row).reviewed
    redaction.check(changes, {"k": one.subject})


class TestHiding:
    @pytest.mark.parametrize("reason", HIDE_REASONS)
    def test_keeps_a_row_back_with_a_reason_the_person_reads(self, reason: str) -> None:
        """R15-9: more may be hidden, never without its reason and its law."""
        what = released("ordinary", {"text": CANARY}, change(HIDE, reason))

        assert what.rows == ()
        assert [(one.what, one.count, one.reason_code) for one in what.withheld] == [("row", 1, reason)]
        assert REASONS[reason].sv
        assert REASONS[reason].source

    def test_keeps_one_field_back_and_leaves_the_rest(self) -> None:
        """R15-9: a mask on what is others', not a reason to give nothing."""
        row = {"at": "2026-04-11", "text": CANARY}
        what = released("ordinary", row, change(HIDE, "others_freedoms", field="text"))

        assert what.rows == ({"at": "2026-04-11", "text": mask("others_freedoms")},)
        assert [(one.what, one.count, one.reason_code) for one in what.withheld] == [("field", 1, "others_freedoms")]

    def test_needs_one_of_the_coded_reasons(self) -> None:
        """GDPR Art. 12(4): a feeling is no ground."""
        with pytest.raises(RedactionReasonNotAllowed):
            check("ordinary", {"text": "x"}, change(HIDE, "reviewed"))


class TestShowing:
    @pytest.mark.parametrize(
        ("data_class", "row", "reason"),
        [
            ("offence", {"text": "Misstänkt inbrott"}, "reviewed"),
            ("biometric", {"text": "x"}, "reviewed"),
            ("recording", {"image_id": "B1", "camera": "Altan"}, "masked_externally"),
        ],
    )
    def test_lets_out_what_the_rules_leave_to_a_person(self, data_class: str, row: dict[str, Any], reason: str) -> None:
        """F19: others in the picture are masked, then it leaves; others being visible is no reason to refuse it."""
        check(data_class, row, change(SHOW, reason))

        assert released(data_class, row).rows == ()
        assert released(data_class, row, change(SHOW, reason)).rows == (row,)

    def test_gives_the_name_of_an_employee_only_where_it_is_indispensable(self) -> None:
        """R15-8 (C-579/21): dates and purposes yes, the name only on that ground."""
        row = {"at": "2026-04-11", "purpose": "larm", "accessed_by": CANARY}
        indispensable = change(SHOW, "indispensable", field="accessed_by")
        check("ordinary", row, indispensable)

        assert released("ordinary", row).rows == (row | {"accessed_by": mask("employee_name")},)
        assert released("ordinary", row, indispensable).rows == (row,)
        with pytest.raises(RedactionReasonNotAllowed):
            check("ordinary", row, change(SHOW, "reviewed", field="accessed_by"))

    @pytest.mark.parametrize(
        ("data_class", "row"),
        [
            ("secret", {"password": "x"}),
            ("movement", {"at": "07:00", "user_is_subject": False}),
            ("ordinary", {"at": "07:00", "user_is_subject": False}),
            ("third_party", {"name": "Siv", "supplied_by_subject": False}),
            ("ordinary", {"a": {"b": {"c": {"d": {"e": 1}}}}}),
        ],
    )
    @pytest.mark.parametrize("reason", sorted({one for reasons in MAY_SHOW.values() for one in reasons}))
    def test_of_what_nobody_may_let_out_is_refused(self, data_class: str, row: dict[str, Any], reason: str) -> None:
        """B1, F30: neither a secret nor somebody else's movements, whoever says otherwise."""
        with pytest.raises(NotReviewable):
            check(data_class, row, change(SHOW, reason))

    @given(made=every_change, field=st.sampled_from([None, "password", "canary", "at"]))
    def test_never_brings_out_a_secret(self, made: tuple[RedactionAction, str], field: str | None) -> None:
        """F30: also where a change comes past the check."""
        action, reason = made
        row = {"at": "x", "password": CANARY, "deep": {"pin": CANARY}}
        for data_class in ("secret", "offence", "unheard_of", "recording", "ordinary"):
            assert CANARY not in repr(released(data_class, row, change(action, reason, field=field)).rows)

    @given(made=every_change)
    def test_never_brings_out_somebody_elses_movements(self, made: tuple[RedactionAction, str]) -> None:
        """B1: the ex-partner's colleague at the support desk."""
        action, reason = made
        for data_class in DataClass:
            what = released(data_class, {"at": CANARY, "user_is_subject": False}, change(action, reason))
            assert what.rows == ()

    @given(reason=every_reason)
    def test_never_stands_in_for_proof_of_identity(self, reason: str) -> None:
        """B3, GDPR Art. 12(6): the home's defences wait for the highest proof."""
        what = released("security", {"zone": CANARY}, change(SHOW, reason), level=Level.SUBSTANTIAL)

        assert what.rows == ()

    def test_says_why_in_a_note(self) -> None:
        """Whoever opens something answers for it."""
        with pytest.raises(NoteNeeded):
            check("offence", {"text": "x"}, change(SHOW, "reviewed", note="ok"))


SOUND = {"call_id": "S1", "at": "2026-09-14", "audio": CANARY}


class TestReplacing:
    def test_puts_a_full_transcript_in_the_place_of_sound(self) -> None:
        """F17, R15-10: own voice as audio or a full transcript."""
        full = change(REPLACE, "full_transcript", text="Larmcentralen. – Det var jag.")
        check("recording", SOUND, full)

        assert released("recording", SOUND, full).rows == (
            {"call_id": "S1", "at": "2026-09-14", "transcript": "Larmcentralen. – Det var jag."},
        )

    @pytest.mark.parametrize(
        "row",
        [
            {"call_id": "S1", "summary": CANARY},
            {"call_id": "S1", "transcript": CANARY, "speaker": "subject", "complete": False},
        ],
    )
    def test_is_what_a_summary_waits_for(self, row: dict[str, Any]) -> None:
        """F17: a summary of a call is rejected; a full transcript takes its place."""
        what = released("recording", row)
        full = change(REPLACE, "full_transcript")
        check("recording", row, full)

        assert [one.reason_code for one in what.withheld] == ["summary_only"]
        assert CANARY not in repr(released("recording", row, full).rows)
        assert released("recording", row, full).rows[0]["transcript"] == "Det som sades."

    def test_is_not_possible_for_what_leaves_as_it_is(self) -> None:
        """R15-5 (C-487/21): a faithful copy is not rewritten."""
        with pytest.raises(NotReviewable):
            check("ordinary", {"text": "x"}, change(REPLACE, "full_transcript"))

    @pytest.mark.parametrize("text", [None, "", "  "])
    def test_has_a_text(self, text: str | None) -> None:
        """An empty row is no transcript."""
        with pytest.raises(TextNeeded):
            check("recording", SOUND, change(REPLACE, "full_transcript", text=text))


class TestAChange:
    def test_names_a_row_that_is_there(self) -> None:
        """A key from another case, or a field the row does not have."""
        for wrong in (change(HIDE, "secrecy", row="other"), change(HIDE, "secrecy", field="nothing")):
            with pytest.raises(UnknownRow):
                check("ordinary", {"text": "x"}, wrong)

    def test_is_made_once(self) -> None:
        """Two words about one row would leave it to chance which counts."""
        with pytest.raises(RowTwice):
            check("ordinary", {"text": "x"}, change(HIDE, "secrecy"), change(HIDE, "others_freedoms"))


class TestKeys:
    def test_are_the_same_for_the_same_answer_only(self) -> None:
        """A change never slips to another row, category, processor or case."""
        rows = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2}]
        keys = redaction.row_keys(rows, salt="case", processor="crm", category="contact")

        assert len(set(keys)) == 3
        assert keys == redaction.row_keys(rows, salt="case", processor="crm", category="contact")
        for other in ({"salt": "x"}, {"processor": "x"}, {"category": "x"}):
            named = {"salt": "case", "processor": "crm", "category": "contact"} | other
            assert set(keys).isdisjoint(redaction.row_keys(rows, **named))


class TestProtected:
    @pytest.mark.parametrize(
        "field",
        ["address", "gatuadress", "Postort", "zip_code", "latitude", "installation_address", "apartment", "cell"],
    )
    def test_masks_whatever_tells_a_place(self, field: str) -> None:
        """Skyddade personuppgifter: no address leaves, in any category, and the reason is said."""
        row = {"name": "Elin", field: CANARY, "deep": {field: CANARY}}
        hidden = released("ordinary", row, protected=True)

        assert CANARY not in repr(hidden.rows)
        assert [(one.count, one.reason_code) for one in hidden.withheld] == [(2, "place")]
        assert released("ordinary", row).rows == (row,)

    @pytest.mark.parametrize("field", ["email_address", "e-postadress", "ip_address", "placed_on"])
    def test_masks_no_more_than_that(self, field: str) -> None:
        """R15-5: the rest is given."""
        assert released("ordinary", {field: "x"}, protected=True).rows == ({field: "x"},)


class TestEmployees:
    @pytest.mark.parametrize(
        "field", ["guard", "guard_name", "agentName", "agent_email", "väktare", "handläggare", "author", "accessed_by"]
    )
    def test_are_not_named_but_what_they_did_is_told(self, field: str) -> None:
        """R15-8 (C-579/21): who looked is masked; when and why is not."""
        row = {"at": "2026-09-14", "purpose": "larm", field: CANARY}
        what = released("ordinary", row)

        assert what.rows == ({"at": "2026-09-14", "purpose": "larm", field: mask("employee_name")},)
        assert [(one.what, one.reason_code) for one in what.withheld] == [("field", "employee_name")]

    @pytest.mark.parametrize("field", ["user_agent", "guard_company", "agency", "operator", "agenda", "travel_agent"])
    def test_are_not_seen_where_there_are_none(self, field: str) -> None:
        """R15-5: a faithful copy."""
        assert released("ordinary", {field: "x"}).rows == ({field: "x"},)
