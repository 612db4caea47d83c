"""What a registration says of an OpenDSR processor: its dialect, its domain, how it lets us in."""

import base64
import re
from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.domain.fanout import Action
from app.domain.faults import Fault, secret_missing, setting_missing
from app.processors._egress import names_authorities
from app.processors._faults import NO_ENDPOINT, Wrong, in_settings, unfit, unfit_authorities
from app.processors._port import Target
from app.processors.opendsr import _trust

#: What a processor announces in ``profiles`` that understands our extension of types, and gives outcomes in it.
PROFILE = "urn:insyn:opendsr:1"
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")

SECRETS = frozenset({"token", "username", "password", "ca", "certificate"})
_NO_PEM = (
    "Must be one or more certificates in PEM, from '-----BEGIN CERTIFICATE-----' on.",
    "Ska vara ett eller flera certifikat i PEM, från '-----BEGIN CERTIFICATE-----'.",
)
_NO_DOMAIN = (
    "Must be the domain in its signatures, such as opendsr.guard.example; left out, it is the endpoint's host.",
    "Ska vara domänen i dess signaturer, såsom opendsr.guard.example; utelämnad är den adressens värd.",
)

Dialect = Literal["2.0", "mparticle", "appsflyer", "legacy"]
#: The path of requests below the endpoint.
_REQUESTS: dict[str, str] = {"appsflyer": "/opendsr_requests", "legacy": "/opengdpr_requests"}
_IDENTITIES = {"email": "email", "customer_number": "controller_customer_id"}
#: Where a dialect keeps its certificate although the specification says "on the processor's own domain".
_CERTIFICATE_HOSTS: dict[str, tuple[str, ...]] = {"mparticle": ("static.mparticle.com",)}
#: Without discovery of their own: what the dialect's documentation names.
BASE_TYPES = frozenset({"access", "portability", "erasure"})


class Wiring(BaseModel):
    """The settings of the kind, as ``POST /v1/processors`` takes them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: Dialect = "2.0"
    domain: str = Field(default="", description="The domain in the processor's signatures; the endpoint's by default.")
    auth: Literal["bearer", "basic", "none"] | None = Field(default=None, description="mParticle: basic; else bearer.")
    requests_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~{}-]+)*$", max_length=200)
    types: list[str] | None = Field(default=None, description="What it does, where it has no discovery.")
    names: dict[Action, str] = Field(default_factory=dict, description="Its own words for types.")
    identities: dict[str, str] = Field(default_factory=dict, description="Our identifier types to its own.")
    identity_format: Literal["raw", "sha256"] = "raw"
    certificate_url: str | None = None
    certificate_hosts: list[str] = Field(default_factory=list)
    results_hosts: list[str] = Field(default_factory=list)
    results_category: str | None = None
    unsigned_answers: bool = Field(default=False, description="Take answers to our own calls without a signature.")
    poll_seconds: int = Field(default=3600, ge=1, le=604_800)
    server_ca: str | None = Field(default=None, description="Who signs its servers' certificates (PEM).")
    property_id: str | None = None
    platform: str | None = None
    skip_waiting_period: bool | None = None

    @field_validator("names", "identities", mode="before")
    @classmethod
    def _pairs(cls, said: object) -> object:
        """A profile has lists only: ``["customer_number=controller_customer_id"]`` is the same as an object."""
        if isinstance(said, list | tuple) and all(isinstance(one, str) and "=" in one for one in said):
            return dict(one.split("=", 1) for one in said)
        return said

    @field_validator("server_ca")
    @classmethod
    def _authorities(cls, said: str | None) -> str | None:
        if not names_authorities(said):
            fault = unfit_authorities("server_ca")
            raise Wrong(fault.en, fault.sv)
        return said

    @property
    def way_in(self) -> Literal["bearer", "basic", "none"]:
        return self.auth or ("basic" if self.dialect == "mparticle" else "bearer")

    @property
    def path(self) -> str:
        return self.requests_path or _REQUESTS.get(self.dialect, "/requests")

    @property
    def known_as(self) -> dict[str, str]:
        """How the processor calls our types of identifiers; others are never told."""
        own = {"customer_number": "customer_user_id"} if self.dialect == "appsflyer" else _IDENTITIES
        return self.identities or own

    def domain_of(self, target: Target) -> str:
        return (self.domain or urlsplit(target.endpoint).hostname or "").lower()

    def certificate_may_lie_on(self, target: Target) -> frozenset[str]:
        own = {urlsplit(target.endpoint).hostname or "", self.domain_of(target)}
        return frozenset({*own, *self.certificate_hosts, *_CERTIFICATE_HOSTS.get(self.dialect, ())})


def read(target: Target) -> Wiring:
    """The target's settings; raises pydantic's ``ValidationError``."""
    return Wiring.model_validate(dict(target.settings))


def hosts(target: Target) -> list[str]:
    """Everything a lane to this processor may call: itself, and where its certificate may lie."""
    try:
        others = read(target).certificate_may_lie_on(target)
    except ValidationError:
        others = frozenset()
    own = urlsplit(target.endpoint).hostname or ""
    return [target.endpoint, *sorted(one for one in others if one not in ("", own))]


def lacks(target: Target) -> list[Fault]:
    """An address, settings that can be read, a domain, and what it takes to be let in."""
    faults = [] if target.endpoint else [NO_ENDPOINT]
    faults += [unfit(("secrets", name), *_NO_PEM) for name in ("ca", "certificate") if not _is_pem(target, name)]
    try:
        wiring = read(target)
    except ValidationError as error:
        return faults + in_settings(error, Wiring)
    if (target.endpoint or wiring.domain) and not DOMAIN.fullmatch(wiring.domain_of(target)):
        faults.append(unfit(("settings", "domain"), *_NO_DOMAIN))
    if wiring.dialect == "appsflyer" and not wiring.property_id:
        faults.append(setting_missing("property_id"))
    needed = {"bearer": ("token",), "basic": ("username", "password"), "none": ()}[wiring.way_in]
    return faults + [secret_missing(name) for name in needed if not target.named.get(name)]


def _is_pem(target: Target, name: str) -> bool:
    try:
        return all(_trust.read_chain(pem.encode()) for pem in target.named.get(name, ()))
    except _trust.NotTrusted:
        return False


def credentials(target: Target, wiring: Wiring) -> dict[str, str]:
    """The headers that let us in; only ever sent to where the processor was registered."""
    if wiring.way_in == "bearer":
        return {"authorization": f"Bearer {target.named['token'][0]}"}
    if wiring.way_in == "basic":
        pair = f"{target.named['username'][0]}:{target.named['password'][0]}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port."""
    try:
        here, there = urlsplit(one), urlsplit(other)
    except ValueError:
        return False
    return (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())


def is_on(url: str, hosts: Collection[str]) -> bool:
    """Whether an address is https, on one of *hosts*, at the ordinary port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and host in hosts and port in (None, 443)


def request_id(task_id: str) -> str:
    """
    The task's id in the shape the protocol demands of a request's: a version 4 UUID in small letters.

    Ours are version 7. Only the digit that names the version changes, so one leads to the other.
    """
    return f"{task_id[:14]}4{task_id[15:]}".lower()
