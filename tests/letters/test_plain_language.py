"""R12-1: concise, intelligible, plain Swedish: what a test can see of it, over every letter there is."""

import re
from collections.abc import Iterator

import pytest

from app.domain.rights import RIGHTS
from app.letters.facts import ClaimFacts
from app.letters.kinds import KINDS
from app.letters.markup import Taken
from app.letters.render import render
from tests.letters.some_facts import CLAIM_FOR, facts, granted

#: Plain Swedish keeps most sentences under 20 words; the longest there is lists where to complain.
MOST_WORDS = 30
#: Words of the office that have a plain one, and words of other languages.
NOT_PLAIN = re.compile(
    r"\b(erhålla|erhållit|inkommit|ombesörja|medelst|gällande|avseende|beträffande|härmed|varvid|vederbörande"
    r"|jämlikt|the|and|your|you|data subject|request|erasure|controller|processor)\b",
    re.IGNORECASE,
)
CASES = [(kind, claim) for kind, claim in CLAIM_FOR.items() if kind != "fulfilment"]
CASES += [("fulfilment", granted(right)) for right in RIGHTS]


def sentences(kind: str, claim: ClaimFacts) -> Iterator[str]:
    taken = Taken(render(kind, "sv", facts(claim)).html)
    for block in taken.blocks:
        terms = [parts for one in block.get("terms", []) for parts in (one["label"], *one["said"])]
        for parts in [block["parts"]] if "parts" in block else block.get("items", terms):
            said = "".join(part["text"] for part in parts)
            yield from re.split(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ])", said)


@pytest.mark.parametrize(("kind", "claim"), CASES, ids=[f"{kind}-{claim.right}" for kind, claim in CASES])
class TestEveryLetter:
    def test_r12_1_is_said_in_short_sentences(self, kind: str, claim: ClaimFacts) -> None:
        """R12-1: a sentence that has to be read twice has not told anybody anything."""
        assert [one for one in sentences(kind, claim) if len(one.split()) > MOST_WORDS] == []

    def test_r12_1_is_said_in_words_people_use(self, kind: str, claim: ClaimFacts) -> None:
        """R12-1: no words of the office, no English, no codes."""
        said = " ".join(sentences(kind, claim))

        assert NOT_PLAIN.findall(said) == []
        assert re.findall(r"\b[a-z]+_[a-z_]+\b", said) == []

    def test_r12_1_cites_no_article_that_is_not_named(self, kind: str, claim: ClaimFacts) -> None:
        """R12-1: "artikel 12.5 b i dataskyddsförordningen (GDPR)", never "GDPR Art. 12(5)(b)"."""
        for one in sentences(kind, claim):
            assert "Art." not in one
            assert not re.search(r"\d\(\d", one)
            if "artikel" in one:
                assert "dataskyddsförordningen" in one

    def test_r12_1_speaks_to_somebody(self, kind: str, claim: ClaimFacts) -> None:
        """R12-1: a person is written to, a company as such; nobody is "den registrerade"."""
        said = " ".join(sentences(kind, claim))
        you = (r"\b(du|dig|din|ditt|dina)\b", r"\b(ni|er|era|ert)\b")
        reader, other = you if KINDS[kind].to_person else reversed(you)

        assert re.search(reader, said, re.IGNORECASE)
        assert not re.search(other, said, re.IGNORECASE)
        assert "registrerad" not in said


def test_every_letter_is_looked_at() -> None:
    """A new letter takes its place here by having facts to be tried with."""
    assert set(CLAIM_FOR) == set(KINDS)
