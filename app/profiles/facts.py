"""
The parts of a profile that say what the controller's own privacy policy says.

Each fact may cite its line; what the policy leaves out or leaves unclear is a :class:`Gap`, never a guess.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.retention import RetentionRule, parse_rule
from app.profiles import vocabulary as v


class Part(BaseModel):
    """Any part of a profile: nothing unknown in it, nothing changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Part):
    """A text the person may read, in both languages."""

    sv: v.Words
    en: v.Words

    def in_language(self, language: str) -> str:
        """The text in *language*; Swedish for any language but English."""
        return self.en if language == "en" else self.sv


class Gap(Bilingual):
    """What the policy leaves out or leaves unclear, and the rule that wants it said."""

    law: v.Words


class Cited(Part):
    """A fact that may point at its words in the policy: the quote and its line, counted from 1."""

    quote: v.Words | None = None
    line: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _quote_has_line(self) -> Self:
        if (self.quote is None) != (self.line is None):
            raise PydanticCustomError("citation", "a quote needs its line and a line its quote")
        return self


class Stated(Cited):
    """One fact as the policy states it; where ``value`` is absent the gap says what is missing."""

    value: v.Words | None = None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _silence_is_named(self) -> Self:
        if self.value is None and self.gap is None:
            raise PydanticCustomError("silence", "no value: the gap must say what is missing")
        return self


class Policy(Part):
    """The document the facts were read from. ``dated`` is the date it gives itself, ``gap`` what it does not cover."""

    title: v.Words
    document: v.Words
    dated: Stated
    gap: Gap | None = None


class Controller(Part):
    """Who answers. Contact for requests, data protection officer and marketing opt-out are three things."""

    name: Stated
    org_number: Stated
    address: Stated
    phone: Stated | None = None
    dsr_contact: Stated
    dpo: Stated
    marketing_opt_out: Stated | None = None


class RequestForm(Cited):
    """The form the policy asks for. A preference to show; never a gate (GDPR Art. 12(2))."""

    value: v.RequestForm
    gap: Gap | None = None


class OfferedRight(Cited):
    """A right the policy mentions. All nine are served whether mentioned or not."""

    right: v.Right


class Purpose(Bilingual, Cited):
    """Why data are processed."""

    id: v.Slug
    marketing: bool = False


class LegalBases(Cited):
    """
    The legal bases the policy ties to a category; empty with a gap where it ties none.

    ``interest`` is the legitimate interest pursued, where that is the basis (GDPR Art. 13(1)(d)).
    """

    values: tuple[v.LegalBasis, ...] = ()
    interest: Bilingual | None = None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _silence_is_named(self) -> Self:
        if not self.values and self.gap is None:
            raise PydanticCustomError("silence", "no legal basis: the gap must say so")
        return self


class Source(Cited):
    """Where data come from (GDPR Art. 15(1)(g))."""

    kind: v.SourceKind
    text: Bilingual | None = None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _silence_is_named(self) -> Self:
        if (self.text is None) and self.gap is None:
            raise PydanticCustomError("silence", "no source: the gap must say so")
        return self


class Retention(Cited):
    """How long a category is kept. ``law`` is the hold code where a statute sets the period."""

    rule: v.Rule | None = None
    law: v.Hold | None = None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _silence_is_named(self) -> Self:
        if self.rule is None and self.gap is None:
            raise PydanticCustomError("silence", "no rule: the gap must say what is missing")
        return self

    @property
    def parsed(self) -> RetentionRule | None:
        """The rule as the domain evaluates it."""
        return parse_rule(self.rule) if self.rule is not None else None


class Category(Cited):
    """
    One kind of data, decided on as one: class, bases, source, period and the controller's role.

    ``made_public``: whoever erases it takes reasonable steps to tell others who use it (GDPR Art. 17(2)).
    """

    id: v.Slug
    title: Bilingual
    data_class: v.DataClass
    examples: tuple[v.Words, ...] = ()
    role: v.CategoryRole = "controller"
    made_public: bool = False
    for_whom: Bilingual | None = None
    purposes: tuple[v.Slug, ...] = ()
    legal_bases: LegalBases
    source: Source
    retention: Retention
    gap: Gap | None = None

    @model_validator(mode="after")
    def _processor_says_for_whom(self) -> Self:
        if (self.role == "processor") != (self.for_whom is not None):
            raise PydanticCustomError("for_whom", "for_whom goes with the role processor, and only with it")
        return self


class Absent(Bilingual, Cited):
    """What the policy says is not collected."""

    id: v.Slug
    gap: Gap | None = None


class Recipient(Part):
    """
    Somebody the data go to. ``named`` is false where the policy gives only a kind of company.

    ``current`` is false for one that is only possible (a buyer, a future group) or is no recipient in law.
    """

    id: v.Slug
    name: v.Words
    named: bool = True
    kind: v.RecipientKind
    does: Bilingual
    eea: v.Eea
    country: v.Words | None = None
    cited: tuple[Cited, ...]
    current: bool = True
    reason: Bilingual | None = None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _absence_has_reason(self) -> Self:
        if self.current == (self.reason is not None):
            raise PydanticCustomError("reason", "a recipient that is not current, and only it, has a reason")
        return self


class RecipientList(Cited):
    """Whether the policy claims that its list of recipients is whole."""

    complete: bool
    gap: Gap | None = None


class Reference(Cited):
    """A statute or a standard that plays a part. A standard is no law (GDPR Art. 17(3)(b))."""

    name: v.Words
    note: Bilingual | None = None


class TensionAt(Part):
    """Where the policy and the law pull apart; the texts are in :mod:`app.profiles.tensions`."""

    id: v.Tension
    at: v.Words
