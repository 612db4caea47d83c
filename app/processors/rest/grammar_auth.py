"""The grammar of how a connector says who calls."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from app.processors.rest.grammar_calls import Duration, Extraction, Name, Part, Request, Rule, Template


class NoAuth(Part):
    kind: Literal["none"]


class ApiKey(Part):
    kind: Literal["api_key"]
    place: Literal["header", "query", "cookie"] = Field(alias="in")
    name: str
    value: Template


class Basic(Part):
    kind: Literal["basic"]
    username: Template
    password: Template = ""


class Bearer(Part):
    kind: Literal["bearer"]
    token: Template


class ClientCredentials(Part):
    """OAuth 2.0 client credentials (RFC 6749, 4.4)."""

    kind: Literal["oauth2_client_credentials"]
    token_url: Annotated[Template, Field(pattern=r"^https://")]
    client_id: Template
    client_secret: Template
    client_auth: Literal["basic", "body"] = "body"
    scope: Template | None = None
    params: dict[str, Template] = Field(default_factory=dict, description="Further form fields.")
    headers: dict[str, Template] = Field(default_factory=dict, description="Of the token request: TenantId.")
    relogin_on: list[int] = Field(default_factory=lambda: [401])


class RefreshToken(Part):
    """
    OAuth 2.0 refresh tokens (RFC 6749, 6).

    A refresh token that the vendor changes at each use is kept while the service runs, and handed back by the adapter
    to be stored; set ``rotates`` where that is so.
    """

    kind: Literal["oauth2_refresh_token"]
    token_url: Annotated[Template, Field(pattern=r"^https://")]
    client_id: Template
    client_secret: Template = ""
    client_auth: Literal["basic", "body"] = "body"
    refresh_token: Template
    rotates: bool = False
    scope: Template | None = None
    params: dict[str, Template] = Field(default_factory=dict)
    headers: dict[str, Template] = Field(default_factory=dict)
    relogin_on: list[int] = Field(default_factory=lambda: [401])


class JwtBearer(Part):
    """A signed assertion: sent as it is, or exchanged for a token (RFC 7523) where ``token_url`` is given."""

    kind: Literal["jwt_bearer"]
    algorithm: Literal["RS256", "ES256", "HS256"] = "RS256"
    key: Template = Field(description="PEM, or the shared secret.")
    key_id: Template | None = None
    issuer: Template
    subject: Template | None = None
    audience: Template
    claims: dict[str, Template] = Field(default_factory=dict)
    lifetime: Duration = timedelta(minutes=10)
    token_url: Annotated[Template, Field(pattern=r"^https://")] | None = None
    relogin_on: list[int] = Field(default_factory=lambda: [401])


class Inject(Part):
    """Where the token goes in each call: ``{{ token }}`` in ``value``."""

    header: str | None = None
    query: str | None = None
    cookie: str | None = None
    value: Template = "Bearer {{ token }}"


class LoginToken(Part):
    """A call that logs in, and the token it gives."""

    kind: Literal["login_token"]
    request: Request = Field(description="Sent without authentication unless it names one of `auths`.")
    rules: list[Rule] = Field(default_factory=list)
    token: Extraction
    expires: Extraction | None = Field(default=None, description="An instant (RFC 3339 or epoch seconds).")
    expires_in: Extraction | None = Field(default=None, description="Seconds.")
    lifetime: Duration = Field(default=timedelta(minutes=30), description="Where the answer does not say.")
    inject: Inject
    relogin_on: list[int] = Field(default_factory=lambda: [401])


class RequestSignature(Part):
    """
    A signature over each request.

    ``canonical`` may use ``nonce``, ``now``, ``request.method``, ``request.path``, ``request.query``, ``request.body``
    and ``request.body_sha256``; the headers may use all of these and ``signature``.
    """

    kind: Literal["request_signature"]
    canonical: Template
    algorithm: Literal["sha1", "sha256", "sha512", "hmac_sha1", "hmac_sha256", "hmac_sha512"]
    key: Template | None = Field(default=None, description="For hmac.")
    encode: Literal["hex", "base64"] = "hex"
    nonce_length: Annotated[int, Field(ge=8, le=64)] = 20
    headers: dict[str, Template] = Field(min_length=1)


class ClientCertificate(Part):
    """Mutual TLS: the names of the secrets that hold the PEM certificate and key; ``then`` names one of `auths`."""

    kind: Literal["mtls"]
    certificate: Name
    key: Name
    then: Name | None = None


Auth = Annotated[
    NoAuth
    | ApiKey
    | Basic
    | Bearer
    | ClientCredentials
    | RefreshToken
    | JwtBearer
    | LoginToken
    | RequestSignature
    | ClientCertificate,
    Field(discriminator="kind"),
]
