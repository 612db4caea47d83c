"""Access tokens: whose signature counts, what a token must say, and who that makes its bearer."""

from app.tokens.issuers import ROLES, IssuerSettings
from app.tokens.jwks import Fetch, KeysUnavailable
from app.tokens.principal import Principal
from app.tokens.verifier import Fault, TokenRefused, TokenVerifier, Verifier

__all__ = [
    "ROLES",
    "Fault",
    "Fetch",
    "IssuerSettings",
    "KeysUnavailable",
    "Principal",
    "TokenRefused",
    "TokenVerifier",
    "Verifier",
]
