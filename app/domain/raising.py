"""
What a granted claim raises by itself: the duty to look at erasure.

A withdrawn consent leaves data without a basis (GDPR Art. 17(1)(b)), a successful objection too (Art. 17(1)(c)). The
service raises the question; people answer it. Where the policy does not say what data rest on, staff are told so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.records import OBJECTABLE


@dataclass(frozen=True, kw_only=True)
class Held:
    """One category as the policy has it: its legal bases (None where the policy does not say) and its purposes."""

    bases: frozenset[str] | None
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Raise:
    """Which right raises erasure on which ground, when nothing but ``bases`` carried the processing."""

    rule: str
    source: str
    letter: str  #: of Art. 17(1)
    bases: frozenset[str]


RAISES: dict[str, Raise] = {
    "consent_withdrawal": Raise(rule="R7-3", source="GDPR Art. 17(1)(b)", letter="b", bases=frozenset({"consent"})),
    "objection": Raise(rule="R21-4", source="GDPR Art. 17(1)(c)", letter="c", bases=OBJECTABLE),
}


@dataclass(frozen=True, kw_only=True)
class Raised:
    """What a granted claim leaves without a basis, and for what the policy gives no answer."""

    rule: str
    source: str
    letter: str
    categories: frozenset[str]
    unclear: frozenset[str]


def raised_by(
    right: str, *, held: Mapping[str, Held], purposes: frozenset[str], known: frozenset[str], excluded: frozenset[str]
) -> Raised | None:
    """
    Return what granting a claim of *right* raises; None where it raises nothing.

    Args:
        held: The controller's own categories.
        purposes: Those the person named, as the profile's ids; empty means all.
        known: All purposes the profile knows: one that it does not know cannot be traced to any category.
        excluded: What the decision leaves out.
    """
    what = RAISES.get(right)
    if what is None:
        return None
    touched = {key: one for key, one in held.items() if key not in excluded and _is_spoken_of(one, purposes & known)}
    if purposes <= known:
        # Another purpose that nobody spoke of still carries the data.
        sole = {
            key for key, one in touched.items() if _is_only(one, what) and (not purposes or one.purposes <= purposes)
        }
        unclear = {key for key, one in touched.items() if one.bases is None}
    else:
        sole, unclear = set(), {key for key, one in touched.items() if one.bases is None or _is_only(one, what)}
    return Raised(
        rule=what.rule,
        source=what.source,
        letter=what.letter,
        categories=frozenset(sole),
        unclear=frozenset(unclear),
    )


def _is_spoken_of(one: Held, purposes: frozenset[str]) -> bool:
    return not purposes or not one.purposes or bool(one.purposes & purposes)


def _is_only(one: Held, what: Raise) -> bool:
    return one.bases is not None and bool(one.bases) and one.bases <= what.bases


def outside_consent(held: Mapping[str, Held]) -> frozenset[str]:
    """
    The categories that a withdrawn consent does not reach: the policy says what they rest on, and it is not consent.

    Where that would be all of them nothing is left out: whoever holds the data then says what rests on consent.
    """
    outside = {key for key, one in held.items() if one.bases is not None and "consent" not in one.bases}
    return frozenset() if outside >= held.keys() else frozenset(outside)
