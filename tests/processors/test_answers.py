"""What a processor says is hostile input until it has the agreed shape."""

import json
from typing import Any

import pytest

from app.domain.fanout import Outcome
from app.processors import AnswerNotUnderstood, parse_json, read_outcome
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
