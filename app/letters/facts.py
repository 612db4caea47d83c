"""
What a letter may say: plain values, put together by whoever knows the case.

Everything here is personal data in one hand, so nothing has a ``repr`` that shows it. Dates are civil dates in the
controller's time zone. Texts of the law (a ground, a purpose) come in the letter's language.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.letters.record_facts import NOTHING, RecordFacts


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Where a complaint goes (GDPR Art. 77)."""

    name: str
    address: str
    web: str
    email: str
    phone: str


#: Always this authority, also where a controller's own policy still names its predecessor.
IMY = Authority(
    name="Integritetsskyddsmyndigheten (IMY)",
    address="Box 8114, 104 20 Stockholm",
    web="imy.se",
    email="imy@imy.se",
    phone="08-657 61 00",
)


@dataclass(frozen=True, kw_only=True)
class ControllerFacts:
    """Who answers. What the controller has not published stays None and is not made up."""

    name: str
    org_number: str | None = None
    address: str | None = None
    contact: str | None = None
    dpo: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Retained:
    """A category that is kept: under which law (a hold code), and its last day."""

    category_title: str
    law: str
    until: date | None


@dataclass(frozen=True, kw_only=True, repr=False)
class ResultFacts:
    """
    What one recipient did: *action* and *outcome* are wire names, *on* the day it took effect.

    ``categories`` are titles in the letter's language; ``reason`` is text for the person. ``gave_none`` is a copy that
    was called done although no data came with the answer; ``nothing`` why "not found" says nothing of whether it holds
    the person's data.
    """

    recipient: str
    action: str
    outcome: str
    on: date
    categories: tuple[str, ...] = ()
    retained: tuple[Retained, ...] = ()
    reason: str | None = None
    gave_none: bool = False
    nothing: str | None = None
    meanwhile: bool = False  #: a restriction while the claim was pending (Art. 18(1)(a), (d)), or its end

    @property
    def is_own(self) -> bool:
        """Whether it does what the person asked for; a notification only tells of it (Art. 19)."""
        return self.action != "notify" and not self.meanwhile

    @property
    def is_done(self) -> bool:
        """Done, wholly or in part."""
        return self.outcome in ("completed", "completed_partial")


@dataclass(frozen=True, kw_only=True, repr=False)
class GroundFacts:
    """The legal ground of a refusal: the article as the domain cites it, and what it says."""

    source: str
    text: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Kept:
    """
    A category that the decision keeps: why (in words, with the article), and until when.

    Either ``until`` or a ``condition`` (a key of ``words.KEPT_WHILE``) with ``review_on``; ``law`` is a hold code.
    """

    category_title: str
    why: str
    source: str
    law: str | None = None
    until: date | None = None
    condition: str | None = None
    review_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class RestrictedFacts:
    """A restriction that came from a claim; ``meanwhile`` is one that held while the claim was pending."""

    ground: GroundFacts
    since: date
    categories: tuple[str, ...] = ()
    meanwhile: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class ToldFacts:
    """One recipient in the ledger (GDPR Art. 19): its name, a state of ``app.domain.ledger``, why it was not told."""

    name: str
    state: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Forwarded:
    """A category that is processed for another controller, who decides about it."""

    category_title: str
    for_whom: str


@dataclass(frozen=True, kw_only=True, repr=False)
class ErasedBy:
    """A recipient that erased: when a second look found nothing, and when its last backup is gone, where known."""

    recipient: str
    verified_on: date | None = None
    backups_gone_by: date | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class ErasureFacts:
    """What an erasure keeps and passes on, and what is done so that nothing comes back."""

    kept: tuple[Kept, ...] = ()
    forwarded: tuple[Forwarded, ...] = ()
    erased_by: tuple[ErasedBy, ...] = ()
    is_live_alarm_kept: bool = False
    is_suppressed: bool = False

    @property
    def is_in_part(self) -> bool:
        return bool(self.kept or self.forwarded)


@dataclass(frozen=True, kw_only=True, repr=False)
class LiftingFacts:
    """The notice before a restriction is lifted (GDPR Art. 18(3)): what ended, what came of it, when, what then."""

    ground: GroundFacts
    ended: str
    outcome: str
    lifting_on: date
    then: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class NoticeFacts:
    """
    What a recipient is told (GDPR Art. 19): the least that identifies the person, what changed, what to do.

    ``changes`` are (field, new value) of a rectification; fields are identifier types or the person's own words.
    """

    recipient: str
    action: str
    identified_by: tuple[tuple[str, str], ...]
    on: date
    answer_by: date
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class ForwardingFacts:
    """
    A part of a request that belongs to another controller. Without ``to_name`` nobody knows yet whose it is.

    ``own_categories`` is what the controller answers itself. ``identifiers`` are (type, value), for the controller;
    ``stated`` are those that nobody answers for: the person gave them, and whose they are is not proved.
    """

    to_name: str | None
    for_whom: str
    categories: tuple[str, ...]
    own_categories: tuple[str, ...]
    rights: tuple[str, ...]
    received_on: date
    controller_due_on: date
    channel: str
    forwarded_on: date | None = None
    to_contact: str | None = None
    message: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    stated: tuple[tuple[str, str], ...] = ()
    contact: tuple[tuple[str, str], ...] = ()
    searched: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class ClaimFacts:
    """
    One right invoked, and what came of it. ``outcome`` is None while the claim is open.

    ``changed`` names what was rectified, ``purposes`` what was objected to or consented to, in plain words; ``record``
    is what the decision rests on.
    """

    right: str
    outcome: str | None = None
    ground: GroundFacts | None = None
    reasons: str | None = None
    results: tuple[ResultFacts, ...] = ()
    changed: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    record: RecordFacts = NOTHING
    erasure: ErasureFacts | None = None
    restricted: RestrictedFacts | None = None
    recipients_told: tuple[ToldFacts, ...] = ()

    @property
    def own_results(self) -> tuple[ResultFacts, ...]:
        return tuple(result for result in self.results if result.is_own)

    @property
    def done_categories(self) -> tuple[str, ...]:
        """The categories in which something was done, by title, each once."""
        done = (title for result in self.own_results if result.is_done for title in result.categories)
        return tuple(dict.fromkeys(done))

    @property
    def is_done_everywhere(self) -> bool:
        """Whether every recipient did it or had nothing to do it to, and at least one did it."""
        outcomes = {result.outcome for result in self.own_results}
        return "completed" in outcomes and outcomes <= {"completed", "not_found"}

    @property
    def gave_data(self) -> bool:
        """Whether a copy that was called done brought any data."""
        return any(result.is_done and not result.gave_none for result in self.own_results)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was kept back (a ``category`` as a whole is not counted), from where, and why: a code of ``REASONS``."""

    recipient: str
    category_title: str
    what: Literal["row", "field", "category"]
    count: int
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class NotPortable:
    """A category that the right to take data along does not reach, and why (``app.domain.portability.Why``)."""

    category_title: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PackageFacts:
    """
    The package with the person's data: whether it waits for them, the last day it does, and what it lacks.

    ``higher_identity_methods`` are the ways of proving who one is that open what was left out for want of proof.
    ``not_portable`` is what Art. 20 does not reach.
    """

    available: bool
    expires_on: date | None = None
    left_out: tuple[LeftOut, ...] = ()
    higher_identity_methods: tuple[str, ...] = ()
    not_portable: tuple[NotPortable, ...] = ()

    @property
    def wants_higher_identity(self) -> bool:
        return any(one.reason_code == "needs_higher_identity" for one in self.left_out)


@dataclass(frozen=True, kw_only=True, repr=False)
class ExtensionFacts:
    """
    Two further months: why, in the words of the law and in words about this case; the day before, and the day now.

    ``reckoning`` are the sentences by which the new day is worked out.
    """

    ground: GroundFacts
    reasons: str
    before: date
    until: date
    reckoning: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class QuestionFacts:
    """A question to the person: *kind* ``identity`` or ``clarification``; whether the clock may stand still for it."""

    kind: str
    reason: GroundFacts
    text: str
    stops: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class LetterFacts:
    """
    One case, as a letter tells it.

    Args:
        deadline: Sentences from :func:`app.letters.deadline_text.explain_deadline`.
        freeze: Whether automatic deletion is held while the request runs.
        frozen_until: The last day of that hold, where somebody was asked to hold it; it outlives a withdrawal.
        identity_wanted: Whether the person still has to prove who they are, by one of ``identity_methods``
            (keys of ``app.domain.identity.METHODS``).
        helps_finding: What would help to find somebody who could not be found (keys of ``words.HINTS``).
        searched: Names of those who looked for the person, ``searched_with`` the identifier types they used;
            ``known_there`` those that found them, told to somebody who has proved who they are.
    """

    controller: ControllerFacts
    reference: str
    written_on: date
    received_on: date
    due_on: date | None = None
    deadline: tuple[str, ...] = ()
    claims: tuple[ClaimFacts, ...] = ()
    freeze: bool = False
    frozen_until: date | None = None
    package: PackageFacts | None = None
    identity_wanted: bool = False
    identity_methods: tuple[str, ...] = ()
    helps_finding: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    searched_with: tuple[str, ...] = ()
    known_there: tuple[str, ...] = ()
    extension: ExtensionFacts | None = None
    question: QuestionFacts | None = None
    unclassified: bool = False  #: free text of which nobody has said yet what it claims
    wait_until: str | None = None  #: until when what cannot be undone waits, in words
    lifting: LiftingFacts | None = None
    notice: NoticeFacts | None = None
    forwarding: ForwardingFacts | None = None
    forwardings: tuple[ForwardingFacts, ...] = ()
