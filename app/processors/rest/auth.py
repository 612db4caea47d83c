"""Saying who calls: keys, tokens that run out, signatures. Tokens are kept for the lane's life, in memory only."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.processors.rest import escaping
from app.processors.rest.building import Prepared
from app.processors.rest.decoding import Unreadable
from app.processors.rest.expressions import MissingValue, Omitted, Scope, parse, render
from app.processors.rest.extraction import one
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientCertificate,
    ClientCredentials,
    JwtBearer,
    LoginToken,
    RefreshToken,
    RequestSignature,
)
from app.processors.rest.grammar_calls import Request
from app.processors.rest.reply import Reply

#: A token is not used in its last seconds.
MARGIN: Final = timedelta(seconds=30)
_KEYS: Final[dict[str, Any]] = {"RS256": RSAKey, "ES256": ECKey, "HS256": OctKey}
_GRANT_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NONCE: Final = string.ascii_letters + string.digits


class LoginFailed(Exception):
    """Nobody is let in with these secrets, or the answer was no token; nothing of the call was sent."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Token:
    """A token and when it runs out. Never shown."""

    value: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "<Token>"


#: Sends a request that logs in, with the authentication of that name.
Exchange = Callable[[Request, Scope, str], Awaitable[Reply]]
#: Called with the name and the new value of a secret that the vendor has changed.
Keep = Callable[[str, str], Awaitable[None]]


class Credentials:
    """The connector's authentications, and the tokens they have at the moment."""

    def __init__(self, connector: Connector, scope: Scope, exchange: Exchange, keep: Keep | None = None) -> None:
        self._connector = connector
        self._scope = scope
        self._exchange = exchange
        self._keep = keep
        self._tokens: dict[str, Token] = {}
        self._refreshed: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def named(self, name: str | None) -> tuple[str, Auth | None]:
        """An authentication by its name; None is the connector's own."""
        if name is None:
            return "", self._connector.auth
        return name, self._connector.auths.get(name)

    def certificate(self, name: str | None) -> ClientCertificate | None:
        _, auth = self.named(name)
        return auth if isinstance(auth, ClientCertificate) else None

    def renewable(self, name: str | None, status: int) -> bool:
        """Whether a call that was answered so is worth one more try with a new token; forgets the old one."""
        key, auth = self.named(name)
        if isinstance(auth, ClientCertificate) and auth.then is not None:
            return self.renewable(auth.then, status)
        if not isinstance(auth, ClientCredentials | RefreshToken | JwtBearer | LoginToken):
            return False
        if status not in auth.relogin_on:
            return False
        self._tokens.pop(key, None)
        return True

    async def sign(self, made: Prepared, name: str | None) -> None:
        """
        Put into a prepared call what shows who calls.

        Raises:
            LoginFailed, MissingValue, BadValue
        """
        key, auth = self.named(name)
        match auth:
            case ApiKey():
                self._place(made, auth.place, auth.name, self._text(auth.value))
            case Basic():
                pair = f"{self._text(auth.username)}:{self._text(auth.password) if auth.password else ''}"
                made.headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            case Bearer():
                made.headers["authorization"] = "Bearer " + escaping.in_header(self._text(auth.token))
            case ClientCredentials() | RefreshToken() | JwtBearer():
                made.headers["authorization"] = "Bearer " + escaping.in_header((await self._token(key, auth)).value)
            case LoginToken():
                scope = self._scope.having(token=(await self._token(key, auth)).value)
                value = render(auth.inject.value, scope, escaping.in_header)
                for place in ("header", "query", "cookie"):
                    if (where := getattr(auth.inject, place)) is not None:
                        self._place(made, place, where, value)
            case RequestSignature():
                self._signature(made, auth)
            case ClientCertificate() if auth.then is not None:
                await self.sign(made, auth.then)

    def _text(self, template: str) -> str:
        return render(template, self._scope)

    @staticmethod
    def _place(made: Prepared, place: str, name: str, value: str) -> None:
        if place == "query":
            made.query.append((name, value))
        elif place == "cookie":
            made.headers["cookie"] = f"{name}={escaping.in_header(value)}"
        else:
            made.headers[name.lower()] = escaping.in_header(value)

    async def _token(self, key: str, auth: Any) -> Token:
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:  # several calls at once log in once
            known = self._tokens.get(key)
            if known is None or known.expires_at <= datetime.now(UTC):
                known = self._tokens[key] = await self._fetch(key, auth)
            return known

    async def _fetch(self, key: str, auth: Any) -> Token:
        try:
            match auth:
                case ClientCredentials():
                    return await self._granted(key, auth, {"grant_type": "client_credentials"})
                case RefreshToken():
                    refresh = self._refreshed.get(key) or self._text(auth.refresh_token)
                    return await self._granted(key, auth, {"grant_type": "refresh_token", "refresh_token": refresh})
                case JwtBearer():
                    assertion = self._assertion(auth)
                    if auth.token_url is None:
                        return Token(assertion, datetime.now(UTC) + auth.lifetime - MARGIN)
                    return await self._granted(key, auth, {"grant_type": _GRANT_JWT, "assertion": assertion})
                case LoginToken():
                    return await self._logged_in(auth)
        except Omitted:
            raise MissingValue("auth") from None
        raise LoginFailed("auth")

    async def _granted(self, key: str, auth: Any, grant: dict[str, str]) -> Token:
        """A token of an OAuth token endpoint (RFC 6749, 5.1)."""
        form = grant | {name: self._text(value) for name, value in getattr(auth, "params", {}).items()}
        if getattr(auth, "scope", None):
            form["scope"] = self._text(auth.scope)
        headers = {name: self._text(value) for name, value in getattr(auth, "headers", {}).items()}
        body = urlencode(form)
        if not isinstance(auth, JwtBearer):
            method = "client_secret_basic" if auth.client_auth == "basic" else "client_secret_post"
            secret = self._text(auth.client_secret) if auth.client_secret else ""
            client = ClientAuth(self._text(auth.client_id), secret, method if secret else "none")
            _, headers, body = client.prepare("POST", auth.token_url, headers, body)
        request = Request(
            method="POST",
            url=auth.token_url,
            headers={name: "{{ given." + str(number) + " }}" for number, name in enumerate(headers)},
            text="{{ given.body }}",
            content_type="application/x-www-form-urlencoded",
            decode=["json"],
        )
        given = {str(number): value for number, value in enumerate(headers.values())} | {"body": body}
        reply = await self._exchange(request, self._scope.having(given=given), "none")
        said = reply.decoded.value if isinstance(reply.decoded.value, dict) else {}
        token = said.get("access_token")
        if reply.status // 100 != 2 or not isinstance(token, str):
            raise LoginFailed("login_later" if reply.status in (429, 503) else "login_refused")
        await self._remember(key, auth, said.get("refresh_token"))
        return Token(token, self._end(said.get("expires_in")))

    async def _remember(self, key: str, auth: Any, refresh: object) -> None:
        if isinstance(auth, RefreshToken) and auth.rotates and isinstance(refresh, str) and refresh:
            self._refreshed[key] = refresh
            named = parse(auth.refresh_token).lone
            if self._keep is not None and named is not None and named.path[0] == "secrets":
                await self._keep(named.path[1], refresh)

    @staticmethod
    def _end(seconds: object, otherwise: timedelta = timedelta(minutes=5)) -> datetime:
        try:
            lifetime = timedelta(seconds=min(float(str(seconds)), 90 * 86_400))
        except ValueError:
            lifetime = otherwise
        return datetime.now(UTC) + max(lifetime - MARGIN, lifetime / 2)

    def _assertion(self, auth: JwtBearer) -> str:
        header = {"typ": "JWT"} | ({"kid": self._text(auth.key_id)} if auth.key_id else {})
        try:
            signed = sign_jwt_bearer_assertion(
                key=_KEYS[auth.algorithm].import_key(self._text(auth.key)),
                issuer=self._text(auth.issuer),
                audience=self._text(auth.audience),
                subject=self._text(auth.subject) if auth.subject else None,
                claims={name: self._text(value) for name, value in auth.claims.items()},
                header=header,
                alg=auth.algorithm,
                expires_in=int(auth.lifetime.total_seconds()),
            )
        except (ValueError, TypeError):
            raise LoginFailed("key_unfit") from None
        return signed if isinstance(signed, str) else signed.decode()

    async def _logged_in(self, auth: LoginToken) -> Token:
        reply = await self._exchange(auth.request, self._scope, auth.request.auth or "none")
        if reply.status // 100 != 2:
            raise LoginFailed("login_later" if reply.status in (429, 503) else "login_refused")
        try:
            token = one(auth.token, reply.decoded, reply.headers)
            expires = one(auth.expires, reply.decoded, reply.headers) if auth.expires else MISSING
            seconds = one(auth.expires_in, reply.decoded, reply.headers) if auth.expires_in else MISSING
        except Unreadable:
            raise LoginFailed("login_not_understood") from None
        if not isinstance(token, str) or not token:
            raise LoginFailed("login_not_understood")
        if expires is not MISSING:
            return Token(token, _instant(expires, auth.lifetime))
        if seconds is not MISSING:
            return Token(token, self._end(seconds, auth.lifetime))
        return Token(token, datetime.now(UTC) + auth.lifetime)

    def _signature(self, made: Prepared, auth: RequestSignature) -> None:
        parts = urlsplit(made.target)
        scope = self._scope.having(
            nonce="".join(secrets.choice(_NONCE) for _ in range(auth.nonce_length)),
            now=datetime.now(UTC),
            request={
                "method": made.method,
                "path": parts.path,
                "query": parts.query or None,
                "body": made.body.decode("utf-8", errors="replace"),
                "body_sha256": hashlib.sha256(made.body).hexdigest(),
            },
        )
        canonical = render(auth.canonical, scope).encode()
        name = auth.algorithm.removeprefix("hmac_")
        if auth.algorithm.startswith("hmac_"):
            digest = hmac.new(render(auth.key or "", scope).encode(), canonical, name).digest()
        else:
            digest = hashlib.new(name, canonical).digest()
        signature = digest.hex() if auth.encode == "hex" else base64.b64encode(digest).decode()
        signed = scope.having(signature=signature)
        for header, template in auth.headers.items():
            made.headers[header.lower()] = render(template, signed, escaping.in_header)


def _instant(value: object, otherwise: timedelta) -> datetime:
    """When a token runs out, as the vendor says it; *otherwise* from now where that is no instant."""
    now = datetime.now(UTC)
    try:
        if isinstance(value, int | float) or str(value).isdecimal():
            at = datetime.fromtimestamp(float(str(value)), UTC)
        else:
            at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return now + otherwise
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    # A clock that differs from ours must not make us log in for every call.
    return max(at - MARGIN, now + timedelta(seconds=5))
