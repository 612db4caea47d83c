"""
The closed word lists a profile is written with, each a type that names the word it does not know.

Lists that the domain owns (rights, actions, levels, answer modes) are taken from there, so a profile can
never know a word the service does not.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.domain.fanout import Action as _Action
from app.domain.fanout import AnswerMode as _AnswerMode
from app.domain.fanout import Idempotency as _Idempotency
from app.domain.identity import Level as _Level
from app.domain.retention import RetentionRuleNotUnderstood, parse_rule
from app.domain.rights import RIGHTS
from app.processors import Kind

TENSIONS = tuple(f"T{number}" for number in range(1, 16))


class Known:
    """Restricts a text to known words; an unknown one is named, with the words there are."""

    def __init__(self, noun: str, words: Iterable[str]) -> None:
        self.noun = noun
        self.words = tuple(str(word) for word in words)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}

    def _check(self, value: object) -> object:
        if value in self.words:
            return value
        raise PydanticCustomError(
            "unknown_word",
            "unknown {noun} '{word}' (known: {words})",
            {"noun": self.noun, "word": str(value), "words": ", ".join(self.words)},
        )


def _time_zone(name: str) -> str:
    # ZoneInfo raises ValueError, KeyError or OSError depending on what is wrong with the name.
    try:
        return ZoneInfo(name).key
    except (ValueError, KeyError, OSError):
        raise PydanticCustomError("unknown_time_zone", "unknown time zone '{name}'", {"name": name}) from None


def _retention_rule(text: str) -> str:
    try:
        return parse_rule(text).text
    except RetentionRuleNotUnderstood as refusal:
        raise PydanticCustomError("retention_rule", "{said}", {"said": str(refusal)}) from None


SLUG = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
Slug = Annotated[str, StringConstraints(pattern=rf"^{SLUG.pattern}$", max_length=60)]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

Right = Annotated[str, Known("right", RIGHTS)]
Action = Annotated[_Action, Known("action", _Action)]
AnswerMode = Annotated[_AnswerMode, Known("answer mode", _AnswerMode)]
Idempotency = Annotated[_Idempotency, Known("idempotency", _Idempotency)]
LevelKey = Annotated[str, Known("identity level", [level.key for level in _Level])]
Language = Annotated[str, Known("language", ("sv", "en"))]
CalendarName = Annotated[str, Known("calendar", ("strict", "eves"))]
Tension = Annotated[str, Known("tension", TENSIONS)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Days = Annotated[str, StringConstraints(pattern=r"^P[0-9]{1,4}D$")]
Rule = Annotated[str, AfterValidator(_retention_rule)]

DataClass = Annotated[
    str,
    Known("data class", ("ordinary", "movement", "security", "recording", "third_party", "secret", "offence")),
]
LegalBasis = Annotated[
    str,
    Known("legal basis", ("contract", "pre_contract", "legal_obligation", "legitimate_interest", "consent")),
]
Hold = Annotated[
    str,
    Known(
        "hold",
        (
            "BFL_7_2",
            "CLAIM_OWN",
            "CLAIM_AGAINST",
            "CRIME_REPORT",
            "SOS_1981_1104",
            "LEK_2022_482",
            "DSL_5",
        ),
    ),
]
IdentifierType = Annotated[
    str,
    Known(
        "identifier type",
        (
            "personnummer",
            "email",
            "phone",
            "customer_number",
            "name",
            "address",
            "installation_id",
            "ga_client_id",
            "ecid",
        ),
    ),
]
CategoryRole = Annotated[str, Known("role", ("controller", "processor"))]
SourceKind = Annotated[str, Known("source", ("data_subject", "third_party", "systems", "mixed", "unstated"))]
RecipientKind = Annotated[
    str,
    Known(
        "kind of recipient",
        (
            "processor",
            "independent_controller",
            "processor_or_controller",
            "controller_customer",
            "group",
            "authority",
            "internal",
        ),
    ),
]
Eea = Annotated[str, Known("EEA claim", ("stated", "claimed", "unknown"))]
SystemKind = Annotated[str, Known("kind of system", tuple(Kind))]
#: A kind's own setting; a secret never stands in a profile.
Setting = str | int | bool | tuple[str, ...] | dict[str, str]
SandboxService = Annotated[str, Known("sandbox service", ("guard-company", "billing", "crm", "telephony"))]
RequestForm = Annotated[str, Known("request form", ("any_channel", "email_or_post", "written_signed_paper"))]
