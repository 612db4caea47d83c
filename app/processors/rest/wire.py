"""One call out: filled in, signed, sent through the house's one door, read within limits."""

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from app.processors._egress import (
    AddressNotAllowed,
    AnswerTooLarge,
    TlsFailed,
    UnfitCertificate,
    check_resolved,
    open_client,
    read_capped,
)
from app.processors._port import Line
from app.processors.rest.auth import Credentials
from app.processors.rest.building import Prepared, prepare
from app.processors.rest.decoding import Decoded, Unreadable, decode
from app.processors.rest.expressions import MissingValue, Omitted, Scope
from app.processors.rest.grammar import Connector
from app.processors.rest.grammar_calls import Request
from app.processors.rest.limiter import Limiter
from app.processors.rest.places import NotAllowed, Places
from app.processors.rest.reply import Reply
from app.processors.rest.showing import Shown

MOST_REDIRECTS: Final = 3
_FOLLOWED: Final = (301, 302, 303, 307, 308)


class NotSent(Exception):
    """Nothing was sent: trying again is safe. Says why as a code, and to a person what to do about it."""

    def __init__(self, code: str, *, later: bool, message: str = "") -> None:
        self.code, self.later, self.message = code, later, message
        super().__init__(code)


class CutOff(Exception):
    """Sent, and nobody knows what became of it. Says why as a code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Wire:
    """The connections of one lane to one vendor."""

    def __init__(
        self,
        connector: Connector,
        places: Places,
        scope: Scope,
        line: Line,
        named: Mapping[str, tuple[str, ...]],
        authorities: str | None = None,
    ) -> None:
        self._connector = connector
        self.places = places
        self._line = line
        self._shown = Shown(named, authorities)
        self._clients: dict[tuple[str, ssl.SSLContext], httpx.AsyncClient] = {}
        self._limiter = Limiter(connector.limits)
        self._credentials = Credentials(connector, scope, self._log_in, line.keep)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def call(self, request: Request, scope: Scope, *, key: str | None = None, plain: bool = False) -> Reply:
        """
        Send a request and read its answer; logs in again once where the vendor wants that.

        Args:
            key: Identifies task and step, for vendors that take such a thing.
            plain: Without the connector's own headers (logins).

        Raises:
            MissingValue, BadValue, NotAllowed, LoginFailed, LimitReached: Nothing was sent.
            NotSent: Nothing was sent.
            CutOff: Nobody knows.
        """
        headers = {} if plain else self._connector.headers
        reply = None
        for _ in range(2):
            try:
                made = prepare(request, scope, self.places, headers=headers, key=key)
            except Omitted:
                raise MissingValue("request") from None
            await self._credentials.sign(made, request.auth)
            reply = await self._sent(made, request)
            if not self._credentials.renewable(request.auth, reply.status):
                break
        if reply is None:
            raise NotSent("no_call", later=False)
        return reply

    async def fetch(self, url: str, like: Request, scope: Scope, *, signed: bool = True) -> Reply:
        """GET an address that an answer named (already checked), with the headers of *like*."""
        made = prepare(like, scope, self.places, headers=self._connector.headers)
        made = Prepared(
            "GET", url, headers={name: value for name, value in made.headers.items() if name != "content-type"}
        )
        if signed:
            await self._credentials.sign(made, like.auth)
        return await self._sent(made, like)

    async def _log_in(self, request: Request, scope: Scope, auth: str) -> Reply:
        return await self.call(request.model_copy(update={"auth": auth}), scope, plain=True)

    async def _sent(self, made: Prepared, request: Request) -> Reply:
        for _ in range(MOST_REDIRECTS):
            async with self._limiter.turn(request.cost):
                response, raw = await self._exchanged(made, request)
            if response.status_code not in _FOLLOWED or request.redirects == "none":
                return _read(made, response, raw, request)
            made = self._onward(made, response)
        raise CutOff("too_many_redirects")

    def _onward(self, made: Prepared, response: httpx.Response) -> Prepared:
        """Where a redirect leads: only when reading, only to allowed hosts, and elsewhere without our name."""
        if made.method not in ("GET", "HEAD"):
            raise CutOff("redirect")
        try:
            url = self.places.linked(response.headers.get("location", ""), asked=made.target, same_host=False)
        except NotAllowed:
            raise CutOff("redirect_not_allowed") from None
        same = urlsplit(url).netloc == urlsplit(made.url).netloc
        return Prepared(made.method, url, headers=made.headers if same else {"accept": "*/*"})

    async def _exchanged(self, made: Prepared, request: Request) -> tuple[httpx.Response, bytes]:
        url = self.places.physical(made.target)
        try:
            await check_resolved(url, sandbox=self._line.sandbox)
        except AddressNotAllowed:
            raise NotSent("address_not_allowed", later=False) from None
        while True:
            try:
                return await self._once(url, made, request)
            except TlsFailed as failed:
                # Nothing was taken in: during a rotation the certificate before may be shown instead.
                certificate = self._credentials.certificate(request.auth)
                if failed.is_ours and self._shown.turn_to_the_next(certificate):
                    continue
                raise NotSent(
                    failed.code, later=not failed.is_ours, message=self._shown.advice(failed.code, certificate)
                ) from None

    async def _once(self, url: str, made: Prepared, request: Request) -> tuple[httpx.Response, bytes]:
        client = self._client(url, request)
        headers = {name.encode(): value.encode() for name, value in made.headers.items()}
        try:
            async with client.stream(made.method, url, content=made.body or None, headers=headers) as response:
                return response, await read_capped(response, most=request.max_bytes)
        except TlsFailed:
            raise
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotSent("not_reached", later=True) from None
        except AddressNotAllowed:
            raise NotSent("address_not_allowed", later=False) from None
        except AnswerTooLarge:
            raise CutOff("too_large") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise CutOff("cut_off") from None

    def _client(self, url: str, request: Request) -> httpx.AsyncClient:
        certificate = self._credentials.certificate(request.auth)
        try:
            tls = self._shown.now(certificate)
        except UnfitCertificate as error:
            message = self._shown.advice(error.code, certificate)
            raise NotSent(error.code, later=False, message=message) from None
        origin = "://".join(urlsplit(url)[:2])
        known = self._clients.get((origin, tls))
        if known is None:
            known = self._clients[origin, tls] = open_client(
                [origin],
                connections=self._line.connections,
                seconds=self._line.seconds,
                sandbox=self._line.sandbox,
                tls=tls,
            )
        return known


def _read(made: Prepared, response: httpx.Response, raw: bytes, request: Request) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    content_type = headers.get("content-type", "")
    how: list[Any] = list(request.decode) if response.status_code // 100 == 2 else []
    try:
        decoded, unreadable = decode(raw, content_type, how), None
    except Unreadable as error:
        decoded, unreadable = Decoded(raw, media_type=content_type), error.code
    return Reply(response.status_code, headers, decoded, made.target, unreadable)
