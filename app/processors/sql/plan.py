"""
What a registration of the kind ``sql`` declares: one statement for each thing that may be asked, and its bounds.

Statements are the administrator's, values are bound: nothing that a person wrote ever becomes part of a statement.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.domain.fanout import Action
from app.domain.faults import Fault, no_such_name
from app.processors._faults import Wrong, in_settings, unfit

#: What a statement may name: how the person is known, whom the search found, and when it is asked.
IDENTIFIERS = frozenset({"personnummer", "email", "phone", "customer_number", "installation_id", "name", "address"})
#: What several people of a home have in common.
_SHARED = frozenset({"phone", "address", "installation_id"})
_ASKED = frozenset({"today", "task_id"})
PERSON = "person"
VALUE = "value"
_NO_ZONE = ("Must be a time zone, such as Europe/Stockholm.", "Ska vara en tidszon, såsom Europe/Stockholm.")
_NO_IDENTIFIER = (
    f"A search names at least one of: {', '.join(f':{one}' for one in sorted(IDENTIFIERS))}.",
    f"En sökning nämner minst en av: {', '.join(f':{one}' for one in sorted(IDENTIFIERS))}.",
)
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
        raise Wrong("Must be one statement, without a semicolon.", "Ska vara ett enda uttryck, utan semikolon.")
    return sql


def _only_reads(sql: str) -> str:
    if not _READS.match(sql):
        raise Wrong("What only reads begins with SELECT or WITH.", "Det som bara läser börjar med SELECT eller WITH.")
    return sql


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, LookupError):
        raise Wrong(*_NO_ZONE) from None


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

    def misnamed(self) -> list[Fault]:
        """What is wrong with the parameters that the statements name: each is known, and leads to one person."""
        faults = []
        for number, search in enumerate(self.locate):
            faults += _misnamed(("locate", number, "sql"), search.sql, IDENTIFIERS | _ASKED)
            if not names_in(search.sql) & IDENTIFIERS:
                faults.append(unfit(("settings", "locate", number, "sql"), *_NO_IDENTIFIER))
        about = [("export", number, one.sql) for number, one in enumerate(self.export)]
        about += [(act.value, number, one.sql) for act in CHANGES for number, one in enumerate(self.changes(act))]
        for what, place, sql in about:
            faults += _misnamed((what, place, "sql"), sql, _ASKED | {PERSON}, needs=PERSON)
        for name, sql in self.rectify.items():
            faults += _misnamed(("rectify", name), sql, _ASKED | {PERSON, VALUE}, needs=PERSON)
        return faults

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


def _misnamed(where: tuple[str | int, ...], sql: str, allowed: frozenset[str], *, needs: str = "") -> list[Fault]:
    named, place = names_in(sql), ("settings", *where)
    faults = [no_such_name(place, f":{one}", {f":{name}" for name in allowed}) for one in sorted(named - allowed)]
    if needs and needs not in named:
        en, sv = f"A statement about a person names :{needs}.", f"Ett uttryck om en person nämner :{needs}."
        faults.append(unfit(place, en, sv))
    return faults


def read(settings: Mapping[str, Any]) -> Plan | list[Fault]:
    """The plan in a registration's settings, or everything that is wrong with them."""
    try:
        found = Plan.model_validate(settings)
    except ValidationError as error:
        return in_settings(error, Plan)
    return found.misnamed() or found
