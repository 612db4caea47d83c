"""
The grammar of a connector: one YAML file a vendor, in ``connectors/``. It is data: nothing in it is run.

``docs/processors/rest.md`` explains every part with an example.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.domain.fanout import Action
from app.processors.rest.grammar_auth import Auth
from app.processors.rest.grammar_calls import Call, Code, Duration, Name, Part, Rule, Template
from app.processors.rest.grammar_steps import ActionPlan, Collected, Guard, Identifiers, Lookup

#: A host, or any one label before it: ``*.api.mailchimp.com``.
Host = Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=200)]


class Setting(Part):
    """One of the connector's own settings, given in the registration."""

    type: Literal["text", "uuid", "integer", "boolean", "date", "host_label", "list"] = "text"
    values: list[str] = Field(default_factory=list, description="The only ones allowed.")
    pattern: str | None = None
    default: str | int | bool | list[str] | None = None
    optional: bool = False
    about: str = ""


class Secret(Part):
    """One of the connector's secrets, given by name; never in settings."""

    about: str = ""
    optional: bool = False


class Output(Part):
    """A kind of data the connector brings; the registration's ``categories`` say which category it is."""

    about: str = ""
    fields: dict[str, str] = Field(default_factory=dict, description="The vendor's fields to common names.")
    only: bool = Field(default=False, description="Only the fields named above; left out: the others too.")
    redact: list[str] = Field(
        default_factory=list, description="Never shown: code words, passwords, other people's data. Names or JSONPaths."
    )


class Window(Part):
    """At most so many calls in such a time; a call counts its `cost`."""

    calls: Annotated[int, Field(ge=1, le=1_000_000)]
    per: Duration


class Limits(Part):
    """The vendor's own limits on calls, kept in each process; the registration's limits count tasks."""

    windows: list[Window] = Field(default_factory=list, max_length=4)
    concurrency: Annotated[int, Field(ge=1, le=100)] | None = None


class Masks(Part):
    """What the vendor takes for nothing."""

    blank: str = Field(default="", description="Fortnox wants the text API_BLANK.")
    domain: Host = "erased.invalid"
    phone: str = "+46700000000"


class CallbackProof(Part):
    """How a call that comes in shows that it is the vendor's."""

    kind: Literal["hmac", "ed25519", "static_header", "signed_request", "challenge_echo"]
    header: str | None = None
    secret: Name | None = None
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encode: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: Template = Field(default="{{ body }}", description="What is signed: `body`, `timestamp`.")
    timestamp_header: str | None = None
    tolerance: Duration = timedelta(minutes=5)
    param: str = Field(default="challenge", description="challenge_echo: the query parameter to give back.")

    @model_validator(mode="after")
    def _whole(self) -> "CallbackProof":
        if self.kind != "challenge_echo" and self.secret is None:
            raise ValueError("needs secret, the name of one of secrets")
        if self.kind in ("hmac", "ed25519", "static_header") and self.header is None:
            raise ValueError("needs header")
        return self


class Callback(Part):
    """
    What the vendor sends us by itself, to ``/v1/callbacks/vendors/{controller}/{processor}``.

    It is never believed about what came of a job: once its proof holds, we ask the vendor.
    """

    proof: list[CallbackProof] = Field(min_length=1, description="One of them has to hold.")


class Connector(Part):
    """A vendor's API, as far as a data-subject request needs it."""

    connector: Name = Field(description="The name of the file.")
    version: Literal[1]
    title: str
    documentation: str | None = None
    status: Literal["documented", "partial", "unverified"] = Field(
        description="documented: written from the vendor's own reference; partial: parts of it are not verified."
    )
    unverified: list[str] = Field(default_factory=list)
    base_url: dict[Name, Annotated[Template, Field(pattern=r"^https://")]] = Field(min_length=1)
    hosts: list[Host] = Field(default_factory=list, description="Beside those of base_url; nothing else is called.")
    settings: dict[Name, Setting] = Field(default_factory=dict)
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    values: dict[Name, Template] = Field(default_factory=dict, description="Worked out of settings, secrets and ids.")
    headers: dict[str, Template] = Field(default_factory=dict, description="Of every call but logins.")
    auth: Auth | None = None
    auths: dict[Name, Auth] = Field(default_factory=dict, description="Further ones, by name.")
    rules: list[Rule] = Field(min_length=1, description="What answers mean everywhere; the last matches every answer.")
    limits: Limits | None = None
    masks: Masks = Masks()
    identifiers: Identifiers
    lookup: list[Lookup] = Field(default_factory=list, max_length=10)
    find: Literal["first", "all"] = Field(default="first", description="Stop at the lookup that found, or try all.")
    expect: Literal["exactly_one", "one_or_more"] = "exactly_one"
    guard: list[Guard] = Field(default_factory=list)
    outputs: dict[Name, Output] = Field(default_factory=dict)
    collect: dict[Name, Collected] = Field(
        default_factory=dict, description="The rows of each output: for export, and for locate to see what there is."
    )
    actions: dict[Action, ActionPlan] = Field(min_length=1)
    check: Call | None = Field(default=None, description="A call that only shows that the connection works.")
    callback: Callback | None = None
    after: list[Name] = Field(default_factory=list, description="Connectors whose work comes first, where registered.")
    simulator: str | None = Field(default=None, description="The simulated vendor that it is tested against.")

    @model_validator(mode="after")
    def _coherent(self) -> "Connector":
        for name, plan in self.actions.items():
            if getattr(plan, "assume_held", None) is not None and name is not Action.LOCATE:
                raise ValueError("only locate can be assumed")
        return self


__all__ = ["Action", "Code", "Connector", "Host", "Output", "Secret", "Setting"]
