"""
How strictly bodies are read, and the words they are written with.

A number is not a text, a text is not a number, and an unknown field is a mistake: it is refused, not dropped.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.domain.plain_json import is_plain, is_plain_text

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
LARGEST_DETAILS = 20_000
#: How deep an object may be nested that we keep for the person and give back.
DEEPEST_OBJECT = 8


class Body(BaseModel):
    """Something sent to us."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """Something sent by us; what is not known is left out."""

    model_config = ConfigDict(extra="forbid")


def _is_instant(value: object) -> object:
    if isinstance(value, str) and not _INSTANT.fullmatch(value):
        raise PydanticCustomError("not_an_instant", "an instant has a date, a time and an offset")
    if isinstance(value, int | float):
        raise PydanticCustomError("not_an_instant", "an instant is a text")
    return value


def _is_plain_text(value: object) -> object:
    if isinstance(value, str) and not is_plain_text(value):
        raise PydanticCustomError("not_plain_text", "text without NUL and without halves of characters")
    return value


def _is_plain_object(value: object) -> object:
    if isinstance(value, dict) and not is_plain(value, deepest=DEEPEST_OBJECT):
        raise PydanticCustomError("not_flat_json", "a small JSON object")
    return value


def _is_small(value: object) -> object:
    if isinstance(value, dict) and len(json.dumps(_is_plain_object(value))) > LARGEST_DETAILS:
        raise PydanticCustomError("not_flat_json", "a small JSON object")
    return value


#: Text that can be stored and given back. Every text of a body is one.
Plain = Annotated[str, BeforeValidator(_is_plain_text, json_schema_input_type=str)]
#: A JSON object that can be stored and given back.
PlainObject = Annotated[dict[str, Any], BeforeValidator(_is_plain_object, json_schema_input_type=dict[str, Any])]
#: RFC 3339 with an offset; a naive time, a bare date or a number is refused.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_is_instant, json_schema_input_type=str),
    Field(strict=False, examples=["2026-02-03T10:15:00+01:00"]),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
#: What a category of data is called in a profile.
CategoryId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=60)]
Text = Annotated[Plain, StringConstraints(min_length=1, max_length=10_000)]
Line = Annotated[Plain, StringConstraints(min_length=1, max_length=200)]
#: A small JSON object: what the person says about a claim.
Details = Annotated[dict[str, Any], BeforeValidator(_is_small, json_schema_input_type=dict[str, Any])]

Language = Literal["sv", "en"]
RightKey = Literal[
    "access",
    "rectification",
    "erasure",
    "restriction",
    "portability",
    "objection",
    "marketing_objection",
    "automated_decision",
    "consent_withdrawal",
]
#: What may be claimed: a right, or the person's own words for a person to read.
ClaimedKey = Literal[
    "access",
    "rectification",
    "erasure",
    "restriction",
    "portability",
    "objection",
    "marketing_objection",
    "automated_decision",
    "consent_withdrawal",
    "unspecified",
]
IdentifierType = Literal[
    "personnummer",
    "email",
    "phone",
    "customer_number",
    "name",
    "address",
    "installation_id",
    "ga_client_id",
    "ecid",
]
Phase = Literal["received", "identifying", "assessing", "executing", "answering", "closed"]
Channel = Literal["phone", "letter", "in_person", "email", "chat", "web", "other"]
AnswerForm = Literal["electronic", "paper", "oral"]
RiskMarkKey = Literal["contact_changed", "household_split"]
ActionKey = Literal[
    "locate",
    "freeze",
    "export",
    "rectify",
    "erase",
    "restrict",
    "lift_restriction",
    "stop_purposes",
    "stop_marketing",
    "review_decision",
    "notify",
]


class IdentifierIn(Body):
    """How a person is known somewhere; finding is not proving."""

    type: IdentifierType
    value: Annotated[Plain, StringConstraints(min_length=1, max_length=320)]


class ClaimIn(Body):
    """One right, and what the person says about it."""

    right: ClaimedKey = Field(description="`unspecified` with a message: a person reads which rights it claims.")
    details: Details = Field(default_factory=dict)


class ContactIn(Body):
    """Where the person wants to be reached."""

    email: Annotated[Plain, StringConstraints(min_length=3, max_length=320)] | None = None
    phone: Annotated[Plain, StringConstraints(min_length=3, max_length=40)] | None = None


class KnownAs(Answer):
    """How the person is known. ``vouched``: the login or a member of staff answers for it; else only written down."""

    type: str
    value: str
    vouched: bool


#: What a proof says beside its method, wherever one is written down.
PROVED_NUMBER = Field(
    default=None,
    max_length=20,
    description="The number the proof named; an e-ID always names one, a call back or a code never does. It has to be "
    "the request's own, if that has one, and lets the person find a request that no login made behind their own.",
)
PROVED_CONTACT = Field(
    default=None,
    description="The address a call back or a code went to, needed for those; it is all they prove, and one that was "
    "just changed proves nothing.",
)
