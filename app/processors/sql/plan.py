"""
What a registration of the kind ``sql`` declares: one statement for each thing that may be asked, and its bounds.

Statements are the administrator's, values are bound: nothing that a person wrote ever becomes part of a statement.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.domain.fanout import Action

#: What a statement may name: how the person is known, whom the search found, and when it is asked.
IDENTIFIERS = frozenset({"personnummer", "email", "phone", "customer_number", "installation_id", "name", "address"})
#: What several people of a home have in common.
_SHARED = frozenset({"phone", "address", "installation_id"})
_ASKED = frozenset({"today", "task_id"})
PERSON = "person"
VALUE = "value"
#: A colon that begins a name, not a cast.
_NAMES = re.compile(r"(?<![:\w\\]):([a-z_]\w*)(?!\w*:)", re.IGNORECASE)
_READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
#: What changes something without handing anything out.
CHANGES = (
    Action.FREEZE,
    Action.ERASE,
    Action.RESTRICT,
    Action.LIFT_RESTRICTION,
    Action.STOP_PURPOSES,
    Action.STOP_MARKETING,
)


def names_in(sql: str) -> frozenset[str]:
    """The parameters a statement names."""
    return frozenset(_NAMES.findall(sql))


def _one_statement(sql: str) -> str:
    if ";" in sql:
        raise ValueError("one statement, without a semicolon")
    return sql


def _only_reads(sql: str) -> str:
    if not _READS.match(sql):
        raise ValueError("a statement that only reads begins with SELECT or WITH")
    return sql


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, LookupError):
        raise ValueError("not a time zone") from None


_Statement = Annotated[str, Field(min_length=6, max_length=20_000), AfterValidator(_one_statement)]
_Reading = Annotated[_Statement, AfterValidator(_only_reads)]
_Category = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Search(_Part):
    """Finds the person: each row has their key in the database in the column ``person``."""

    sql: _Reading
    #: What of the controller's categories a person found this way has here; empty: each export says for itself.
    categories: tuple[_Category, ...] = ()
    #: Why a find by telephone alone may be acted on: what is kept is the number's, and no person's.
    phone_enough: Annotated[str, Field(min_length=10, max_length=300)] | None = None

    @property
    def speaks_for_one(self) -> bool:
        """Whether whom it finds is found by something of their own; a household shares a telephone and a home."""
        return self.phone_enough is not None or bool(names_in(self.sql) & IDENTIFIERS - _SHARED)


class Reading(_Part):
    """The rows of one category about ``:person``."""

    category: _Category
    sql: _Reading
    description: Annotated[str, Field(max_length=200)] | None = None


class Change(_Part):
    """What is done to one category about ``:person``."""

    category: _Category
    sql: _Statement
    #: The statement itself spares what a law keeps (it knows each record's day; ``:today`` is the day it is asked).
    spares_what_is_kept: bool = False


class Plan(_Part):
    """The settings of a registration of the kind ``sql``."""

    dialect: Literal["postgresql", "mariadb"]
    locate: Annotated[tuple[Search, ...], Field(min_length=1)]
    export: tuple[Reading, ...] = ()
    freeze: tuple[Change, ...] = ()
    erase: tuple[Change, ...] = ()
    restrict: tuple[Change, ...] = ()
    lift_restriction: tuple[Change, ...] = ()
    stop_purposes: tuple[Change, ...] = ()
    stop_marketing: tuple[Change, ...] = ()
    #: By the field's name in a correction; ``:value`` is what it should be.
    rectify: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], _Statement] = Field(default_factory=dict)
    #: An export with more rows is a person's: a join went astray, or it is another's.
    most_rows: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    #: A change of more rows is taken back.
    most_changed: Annotated[int, Field(ge=1, le=100_000)] = 500
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Stockholm"
    #: Everything is done, counted and taken back; the task goes to a person with the counts.
    dry_run: bool = False

    @model_validator(mode="after")
    def _names_are_known(self) -> "Plan":
        for search in self.locate:
            _check(search.sql, IDENTIFIERS | _ASKED)
            if not names_in(search.sql) & IDENTIFIERS:
                raise ValueError("a search names at least one identifier")
        changes = [change.sql for action in CHANGES for change in self.changes(action)]
        for sql in (*(reading.sql for reading in self.export), *changes):
            _check(sql, {PERSON} | _ASKED, needs=PERSON)
        for sql in self.rectify.values():
            _check(sql, {PERSON, VALUE} | _ASKED, needs=PERSON)
        return self

    def changes(self, action: Action) -> Sequence[Change]:
        """The statements declared for an action that changes something."""
        found: Sequence[Change] = getattr(self, action.value)
        return found

    @property
    def categories(self) -> frozenset[str]:
        """All that is declared to be kept here."""
        searched = [category for search in self.locate for category in search.categories]
        changed = [change.category for action in CHANGES for change in self.changes(action)]
        return frozenset((*searched, *(one.category for one in self.export), *changed))

    @property
    def writes(self) -> bool:
        """Whether anything may be changed at all; else the reading role is enough."""
        return bool(self.rectify) or any(self.changes(action) for action in CHANGES)


def _check(sql: str, allowed: frozenset[str] | set[str], *, needs: str | None = None) -> None:
    named = names_in(sql)
    if unknown := sorted(named - allowed):
        raise ValueError(f":{unknown[0]} is no parameter here")
    if needs is not None and needs not in named:
        raise ValueError(f"a statement about a person names :{needs}")


def read(settings: Mapping[str, Any]) -> Plan | None:
    """The plan in a registration's settings; None where it cannot be read."""
    try:
        return Plan.model_validate(settings)
    except ValidationError:
        return None
