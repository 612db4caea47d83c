"""What a processor says is hostile input until it has the agreed shape."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.fanout import Outcome
from app.processors import AnswerNotUnderstood, parse_json, read_outcome
from app.processors._answers import LONGEST_WAIT, read_wait
from tests.processors import hostile
from tests.processors.answering import ORDER, processor_saying


def read(body: bytes) -> Any:
    return read_outcome(parse_json(body), code="test")


class TestAnswer:
    @hostile.bodies
    def test_of_another_shape_is_refused(self, body: bytes) -> None:
        """OWASP API10: with the one refusal that its callers know, whatever came."""
        with pytest.raises(AnswerNotUnderstood):
            read(body)

    @hostile.bodies
    async def test_of_another_shape_given_at_once_leaves_the_outcome_unknown(self, body: bytes) -> None:
        """The adapter never raises for what the other side does: something may have been done there."""
        async with processor_saying(body) as adapter:
            answer = await adapter.send(ORDER)

        assert (answer.outcome, answer.code, dict(answer.body)) == (Outcome.UNKNOWN, "malformed", {})

    @pytest.mark.parametrize(
        "said",
        [
            {"outcome": "completed"},
            {"outcome": "completed", "found_categories": ["contact"], "message": None, "reason": None},
            {"outcome": "completed", "evidence": {"receipt": "r-1", "at": "2026-02-03T10:15:00Z"}, "new_field": [[1]]},
            {"outcome": "completed", "records": [{"category": "contact", "rows": [{"note": "Åsa \U0001f600"}]}]},
            {"outcome": "completed", "records": [{"category": "contact", "description": "All of it."}]},
            {"outcome": "retained", "retained": [{"category": "a", "law": "BFL_7_2", "until": "2199-12-31"}]},
            {"outcome": "effective_later", "effective_at": "2026-03-03T10:00:00+01:00"},
            {"outcome": "completed", "facts": {"contacts": [{"type": "email", "value": "x", "since": "2020-01-01"}]}},
            {"outcome": "completed", "facts": {"protected": True, "later_word": [1]}},
        ],
    )
    async def test_of_the_agreed_shape_is_taken(self, said: dict[str, Any]) -> None:
        """What is optional may be missing, what is new is passed over, every character of every language comes in."""
        async with processor_saying(json.dumps(said).encode()) as adapter:
            answer = await adapter.send(ORDER)

        assert (answer.outcome, dict(answer.body)) == (Outcome(said["outcome"]), said)


class TestRetryAfter:
    NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("0", 0),
            ("120", 120),
            (" 7200 ", 7200),
            ("Mon, 02 Mar 2026 12:10:00 GMT", 600),
            ("Monday, 02-Mar-26 12:10:00 GMT", 600),
            ("Mon Mar  2 12:10:00 2026", 600),
            ("Mon, 02 Mar 2026 11:59:59 GMT", 0),
        ],
    )
    def test_is_read_as_seconds_or_as_a_date(self, header: str, seconds: int) -> None:
        """RFC 9110, 10.2.3 and 5.6.7: both forms, the date in its three spellings; one that is past is no wait."""
        assert read_wait(header, now=self.NOW) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("header", ["999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_is_bounded(self, header: str) -> None:
        """Nobody puts a task to sleep for years."""
        assert read_wait(header, now=self.NOW) == LONGEST_WAIT

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "-1",
            "1.5",
            "١٢",
            "soon",
            "2026-03-02T12:10:00Z",
            "Mon, 99 Mar 2026 12:10:00 GMT",
            "Mon, 02 Mar 2026",
        ],
    )
    def test_that_says_nothing_counts_as_absent(self, header: str | None) -> None:
        """Our own pace then holds."""
        assert read_wait(header, now=self.NOW) is None
