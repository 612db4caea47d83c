"""
What must be said of each claim: what a letter about each right must contain, as a table.

A fulfilment letter speaks of what recipients did, never of what was decided (F08): a claim without results, or with
a result that is not over, has nothing to be told yet.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.release import REASONS
from app.domain.rights import right
from app.letters.facts import ClaimFacts, LeftOut, LetterFacts
from app.letters.words import KEPT_WHILE, LAWS, OUTCOMES, RIGHTS, TOLD

_ANSWERED = frozenset({"granted", "partly_granted"})


@dataclass(frozen=True)
class Part:
    """A mandatory part of a letter: its name, the rule that wants it, and whether it is there."""

    name: str
    source: str
    is_there: Callable[[LetterFacts], bool]


@dataclass(frozen=True)
class ClaimPart:
    """The same for one claim in a letter."""

    name: str
    source: str
    is_there: Callable[[ClaimFacts, LetterFacts], bool]


def told_in_fulfilment(claim: ClaimFacts) -> bool:
    """Whether something was done, wholly or in part."""
    return claim.outcome in _ANSWERED


def told_in_nothing_held(claim: ClaimFacts) -> bool:
    """Whether everybody asked knows nothing of the person (R15-1: no is an answer too)."""
    return claim.outcome == "nothing_held"


def told_in_refusal(claim: ClaimFacts) -> bool:
    """Whether a person said no, wholly or in part; what a law alone keeps back stands in the fulfilment letter."""
    return claim.outcome == "refused" or (claim.outcome == "partly_granted" and claim.ground is not None)


def _said(text: str | None) -> bool:
    return bool(text and text.strip())


def _left_out(claim: ClaimFacts, facts: LetterFacts) -> tuple[LeftOut, ...]:
    """What the package lacks, for a claim that the package answers."""
    wants_copy = right(claim.right).yields_package
    return facts.package.left_out if wants_copy and facts.package is not None else ()


def _has_results(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return bool(claim.own_results)


def _results_are_over(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return all(result.outcome in OUTCOMES for result in claim.results)


def _results_bear_it_out(claim: ClaimFacts, facts: LetterFacts) -> bool:
    """The outcome says no more than the results and the package do."""
    outcomes = {result.outcome for result in claim.own_results}
    rows_lack = any(one.what == "row" for one in _left_out(claim, facts))
    if claim.outcome == "granted":
        whole = claim.erasure is None or not claim.erasure.is_in_part
        return claim.is_done_everywhere and whole and not rows_lack
    in_part = claim.erasure is not None and claim.erasure.is_in_part
    return in_part or claim.ground is not None or rows_lack or bool(outcomes - {"completed", "not_found"})


def _results_give_reasons(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    """Whatever was not done is explained, by words or by the law that keeps the data."""
    undone = [result for result in claim.results if result.outcome in ("refused", "failed")]
    partly = [result for result in claim.results if result.outcome == "completed_partial" and not result.retained]
    return all(_said(result.reason) for result in (*undone, *partly))


def _kept_is_explained(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    kept = [one for result in claim.results for one in result.retained]
    named = all(result.retained for result in claim.results if result.outcome == "retained")
    return named and all(_said(one.category_title) and one.law in LAWS and one.until is not None for one in kept)


def _nobody_found_anything(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return {result.outcome for result in claim.own_results} <= {"not_found"}


def _search_is_told(_claim: ClaimFacts, facts: LetterFacts) -> bool:
    return bool(facts.searched and facts.searched_with)


def _something_done(claim: ClaimFacts) -> bool:
    return any(result.is_done for result in claim.own_results)


def _package_waits(claim: ClaimFacts, facts: LetterFacts) -> bool:
    package = facts.package
    waits = package is not None and package.available and package.expires_on is not None
    return waits or not _something_done(claim)


def _lack_is_explained(claim: ClaimFacts, facts: LetterFacts) -> bool:
    """Whatever the package lacks has words, and where more proof would open it, the ways to give it."""
    left_out = _left_out(claim, facts)
    if not all(one.reason_code in REASONS and _said(one.category_title) for one in left_out):
        return False
    package = facts.package
    return package is None or bool(package.higher_identity_methods) or not package.wants_higher_identity


def _change_is_named(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return any(map(_said, claim.changed)) or not _something_done(claim)


def _categories_are_named(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return all(result.categories for result in claim.own_results if result.is_done)


def _recipients_are_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    """Each is named, and whoever could not be told has a reason; nobody says "all told" where nobody was."""
    named = all(_said(one.name) and one.state in TOLD for one in claim.recipients_told)
    excused = [one for one in claim.recipients_told if one.state == "disproportionate"]
    return (
        named
        and all(_said(one.reason) for one in excused)
        and (bool(claim.recipients_told) or not _something_done(claim))
    )


def _restriction_is_explained(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return claim.restricted is not None or not _something_done(claim)


def _plan_is_explained(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    """Whatever is kept has its reason, its article and its end, or the day on which somebody looks again."""
    erasure = claim.erasure
    if erasure is None:
        return True
    kept = all(
        _said(one.category_title)
        and _said(one.why)
        and _said(one.source)
        and (one.law is None or one.law in LAWS)
        and (one.until is not None or (one.condition in KEPT_WHILE and one.review_on is not None))
        for one in erasure.kept
    )
    return kept and all(_said(one.category_title) and _said(one.for_whom) for one in erasure.forwarded)


def _review_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    review = claim.record.review
    told = review is not None and _said(review.new_decision) and _said(review.why) and _said(review.reviewer)
    return told or not _something_done(claim)


def _restriction_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return claim.record.restriction is not None or not _something_done(claim)


def _withdrawal_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return claim.record.withdrawn_on is not None or not _something_done(claim)


def _rests_on(claim: ClaimFacts, article: str) -> bool:
    return claim.ground is not None and claim.ground.source == article


def _evidence_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    refused = _rests_on(claim, "GDPR Art. 12(5)(b)") or claim.record.fee is not None
    return not refused or (bool(claim.record.evidence) and all(_said(one.what) for one in claim.record.evidence))


def _statute_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    statutory = claim.ground is not None and _said(claim.ground.source) and not claim.ground.source.startswith("GDPR")
    return not statutory or _said(claim.record.statute)


def _balancing_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return not _rests_on(claim, "GDPR Art. 21(1)") or claim.record.balancing is not None


def _weighing_is_told(claim: ClaimFacts, _facts: LetterFacts) -> bool:
    return not _rests_on(claim, "GDPR Art. 15(4)") or all(_said(one.balancing) for one in claim.record.weighed)


_FULFILMENT = (
    ClaimPart("results", "GDPR Art. 12(3)", _has_results),
    ClaimPart("results.outcome", "GDPR Art. 12(3)", _results_are_over),
    ClaimPart("outcome", "GDPR Art. 12(3)", _results_bear_it_out),
    ClaimPart("results.reason", "GDPR Art. 12(4)", _results_give_reasons),
    ClaimPart("results.retained", "GDPR Art. 12(4), 17(3)", _kept_is_explained),
)
_NOTHING_HELD = (
    ClaimPart("outcome", "GDPR Art. 12(3)", _nobody_found_anything),
    ClaimPart("searched", "GDPR Art. 12(3), 15(1)", _search_is_told),
)
_PACKAGE = (
    ClaimPart("package", "GDPR Art. 15(3), 20(1)", _package_waits),
    ClaimPart("package.left_out", "GDPR Art. 12(4), 15(4), 12(6)", _lack_is_explained),
)
_ARTICLE_12_4 = (
    ClaimPart(
        "ground.source", "GDPR Art. 12(4)", lambda claim, _: claim.ground is not None and _said(claim.ground.source)
    ),
    ClaimPart("ground.text", "GDPR Art. 12(4)", lambda claim, _: claim.ground is not None and _said(claim.ground.text)),
    ClaimPart("reasons", "GDPR Art. 12(4)", lambda claim, _: _said(claim.reasons)),
    ClaimPart("results.retained", "GDPR Art. 12(4), 17(3)", _kept_is_explained),
    ClaimPart("record.evidence", "GDPR Art. 12(5)", _evidence_is_told),
    ClaimPart("record.weighed", "GDPR Art. 15(4), 20(4)", _weighing_is_told),
    ClaimPart("record.statute", "GDPR Art. 23", _statute_is_told),
)
_FEE = (
    ClaimPart("fee", "GDPR Art. 12(5)(a)", lambda claim, _: claim.record.fee is not None),
    ClaimPart("record.evidence", "GDPR Art. 12(5)", _evidence_is_told),
)

_TOLD = ClaimPart("recipients_told", "GDPR Art. 19", _recipients_are_told)

#: (letter, right) -> what it must say of a claim of that right; ``*`` is every right.
PER_CLAIM: dict[tuple[str | None, str], tuple[ClaimPart, ...]] = {
    ("fulfilment", "*"): _FULFILMENT,
    ("fulfilment", "access"): _PACKAGE,
    ("fulfilment", "portability"): _PACKAGE,
    ("fulfilment", "rectification"): (ClaimPart("changed", "GDPR Art. 16, 19", _change_is_named), _TOLD),
    ("fulfilment", "erasure"): (
        ClaimPart("results.categories", "GDPR Art. 17(1), 12(3)", _categories_are_named),
        ClaimPart("kept", "GDPR Art. 12(4), 17(1), 17(3)", _plan_is_explained),
        _TOLD,
    ),
    ("fulfilment", "restriction"): (
        ClaimPart("record.restriction", "GDPR Art. 18(1), 18(3)", _restriction_is_told),
        ClaimPart("restricted", "GDPR Art. 18(1)-(3)", _restriction_is_explained),
        _TOLD,
    ),
    ("fulfilment", "objection"): (),
    ("fulfilment", "marketing_objection"): (),
    ("fulfilment", "automated_decision"): (ClaimPart("record.review", "GDPR Art. 22(3)", _review_is_told),),
    ("fulfilment", "consent_withdrawal"): (ClaimPart("record.withdrawn_on", "GDPR Art. 7(3)", _withdrawal_is_told),),
    ("refusal", "*"): _ARTICLE_12_4,
    **{("refusal", right): () for right in RIGHTS},
    ("nothing_held", "*"): _NOTHING_HELD,
    **{("nothing_held", right): () for right in RIGHTS},
    ("refusal", "objection"): (ClaimPart("record.balancing", "GDPR Art. 21(1)", _balancing_is_told),),
    ("fee", "*"): _FEE,
    **{("fee", right): () for right in RIGHTS},
    ("refusal", "erasure"): (ClaimPart("kept", "GDPR Art. 12(4), 17(1), 17(3)", _plan_is_explained),),
}
