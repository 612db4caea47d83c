"""Which token issuers are trusted, for what, and how each names things in its tokens (``INSYN_ISSUERS``)."""

from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.tokens.brokers import PRESETS, PREVIOUS_NUMBER_CLAIMS, SUBJECT_NUMBER_CLAIMS, PresetName

Algorithm = Literal["RS256", "ES256"]
LevelName = Literal["none", "channel", "substantial", "high"]
IdentifierName = Literal["email", "phone", "customer_number", "installation_id"]
RoleName = Literal["subject", "agent", "approver", "dpo", "admin", "integrator", "auditor", "protected_handler"]

ROLES: tuple[RoleName, ...] = (
    "subject",
    "agent",
    "approver",
    "dpo",
    "admin",
    "integrator",
    "auditor",
    "protected_handler",
)


class IssuerSettings(BaseModel):
    """
    One trusted issuer.

    Keep ``roles`` and ``controllers`` as narrow as they are: an issuer for customers has no business naming an
    administrator, nor one company's identity provider another company's staff.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1, description="Exactly what the token's iss says.")
    jwks_uri: str = Field(description="Where its public keys are; https, plain http on loopback only.")
    audience: str = Field(min_length=1, description="What the token's aud must hold: this service's name there.")
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)

    roles: tuple[RoleName, ...] = Field(default=ROLES, description="Roles its tokens may give; others are dropped.")
    controllers: tuple[str, ...] | None = Field(
        default=None,
        description="Controllers its tokens may speak for; the same are meant when a token names none. "
        "Unset: those the token names.",
    )
    roles_claim: str = "roles"
    controllers_claim: str = "controllers"
    preset: PresetName | None = Field(
        default=None, description="A broker whose words are known; what is given beside it counts instead."
    )
    subject_number_claims: tuple[str, ...] = SUBJECT_NUMBER_CLAIMS
    previous_number_claims: tuple[str, ...] = Field(
        default=PREVIOUS_NUMBER_CLAIMS, description="An earlier number of the same person: it finds older requests."
    )
    number_conditions: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Claims that must say one of these, or the number is no Swedish one."
    )
    identifier_claims: dict[str, IdentifierName] = Field(
        default_factory=dict,
        description="Claims by which the issuer vouches for how the person is known, e.g. phone_number: phone; "
        "an email or phone_number counts only with its _verified claim.",
    )
    acr_levels: dict[str, LevelName] = Field(
        default_factory=dict, description="What each acr is worth, e.g. urn:grn:authn:se:bankid: substantial."
    )
    acr_conditions: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="Per acr, claims that must say one of these, or the login is worth nothing: which e-ID it was "
        "(idp), how well its holder was known (freja_registration_level). No weaker e-ID stands in for a stronger.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("preset") not in PRESETS:
            return given
        return {**PRESETS[given["preset"]], **given}

    @field_validator("jwks_uri")
    @classmethod
    def _is_fetched_safely(cls, value: str) -> str:
        parts = urlsplit(value)
        is_loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or is_loopback):
            raise ValueError("must be an https address (http only on loopback)")
        return value

    @model_validator(mode="after")
    def _has_something_to_say(self) -> Self:
        if not self.roles or self.controllers == ():
            raise ValueError("an issuer that may give no role or speak for no controller is a mistake")
        return self
