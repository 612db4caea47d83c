"""
Where files lie: on an SFTP server whose host key is known beforehand, or in a bucket.

A file is there whole or not at all. What lies there holds personal data, so it is taken away when it has been answered.
"""

import posixpath
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncssh
import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import from_url

from app.processors._egress import public_addresses

SFTP_PORT = 22
#: Buckets by the scheme of their address, and which secrets open them (by name, as the storage library takes them).
BUCKETS: Mapping[str, tuple[str, ...]] = {
    "s3": ("access_key_id", "secret_access_key"),
    "az": ("account_key",),
    "gs": ("service_account_key",),
    "file": (),
}


#: What may be said of a bucket beside its address: nothing that names a host, for no call out goes where it pleases.
_OPTIONS = frozenset({"region", "account_name"})
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_bucket(url: str, options: object) -> bool:
    """Whether an address and its options name a bucket of one of the big stores, and nothing that is called besides."""
    if not isinstance(options, dict) or set(options) - _OPTIONS:
        return False
    parts = urlsplit(url)
    if parts.scheme == "file":
        return not options and not parts.netloc
    words = [parts.netloc, *map(str, options.values())]
    return not (parts.query or parts.fragment) and all(_WORD.fullmatch(one) for one in words)


class ShelfTrouble(Exception):
    """A shelf could not be reached, or refused; ``reached`` says whether anything may have been laid down."""

    def __init__(self, code: str, *, reached: bool) -> None:
        super().__init__(code)
        self.code = code
        self.reached = reached


class Shelf(Protocol):
    """Somewhere files lie."""

    async def put(self, name: str, raw: bytes) -> None:
        """Lay a file down; whoever looks sees all of it or nothing. Raises :class:`ShelfTrouble`."""

    async def get(self, name: str, *, most: int) -> bytes | None:
        """At most *most* + 1 bytes of a file; None where there is none. Raises :class:`ShelfTrouble`."""

    async def remove(self, name: str) -> None:
        """Take a file away; one that is not there is gone already. Raises :class:`ShelfTrouble`."""


class Sftp:
    """An SFTP server. *known* holds its host key in the form of ``known_hosts`` without the name."""

    def __init__(
        self, url: str, *, known: str, password: str | None, private_key: str | None, seconds: float, sandbox: bool
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or SFTP_PORT
        self._user, self._root = parts.username or "", parts.path or "/"
        self._known = asyncssh.import_public_key(known)
        self._password = password
        self._keys = [asyncssh.import_private_key(private_key)] if private_key else None
        self._seconds = seconds
        self._sandbox = sandbox

    async def put(self, name: str, raw: bytes) -> None:
        part = self._path(f"{name}.part")
        async with self._session() as sftp:
            await sftp.makedirs(posixpath.dirname(part), exist_ok=True)
            async with sftp.open(part, "wb") as file:
                await file.write(raw)
            try:
                await sftp.posix_rename(part, self._path(name))
            except asyncssh.SFTPOpUnsupported:
                await self._replace(sftp, part, self._path(name))

    async def _replace(self, sftp: asyncssh.SFTPClient, part: str, path: str) -> None:
        """A server whose rename does not replace: the same file laid down before goes first."""
        if await sftp.exists(path):
            await sftp.remove(path)
        await sftp.rename(part, path)

    async def get(self, name: str, *, most: int) -> bytes | None:
        async with self._session() as sftp:
            try:
                async with sftp.open(self._path(name), "rb", encoding=None) as file:
                    raw: Any = await file.read(most + 1)  # bytes: it is opened as such
                    return bytes(raw)
            except asyncssh.SFTPNoSuchFile:
                return None

    async def remove(self, name: str) -> None:
        async with self._session() as sftp:
            try:
                await sftp.remove(self._path(name))
            except asyncssh.SFTPNoSuchFile:
                return

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name)

    async def _address(self) -> str:
        """The address that is connected to: the very one that was judged."""
        if self._sandbox and self._host == "127.0.0.1":
            return self._host
        return str((await public_addresses(self._host, self._port))[0])

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        reached = False
        try:
            async with (
                asyncssh.connect(
                    await self._address(),
                    self._port,
                    username=self._user,
                    password=self._password,
                    client_keys=self._keys,
                    known_hosts=([self._known], [], []),
                    agent_path=None,
                    config=None,
                    connect_timeout=self._seconds,
                    login_timeout=self._seconds,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                reached = True
                yield sftp
        except asyncssh.HostKeyNotVerifiable:
            raise ShelfTrouble("host_key_changed", reached=False) from None
        except asyncssh.PermissionDenied:
            raise ShelfTrouble("not_let_in", reached=False) from None
        except asyncssh.SFTPPermissionDenied:
            raise ShelfTrouble("not_allowed", reached=reached) from None
        except asyncssh.SFTPNoSuchFile:  # of a file that is looked for it is caught before: this is the shelf itself
            raise ShelfTrouble("no_such_folder", reached=False) from None
        except (asyncssh.Error, OSError, TimeoutError):
            raise ShelfTrouble("cut_off" if reached else "not_reached", reached=reached) from None


class Bucket:
    """A bucket of one of the big stores, or a folder in the sandbox."""

    def __init__(self, url: str, *, secrets: Mapping[str, str], options: Mapping[str, Any], seconds: float) -> None:
        options_for: dict[str, Any] = {}
        if not url.startswith("file:"):
            options_for["client_options"] = {"timeout": timedelta(seconds=seconds)}
            options_for["config"] = {**options, **secrets}
        self._store: Any = from_url(url, **options_for)

    async def put(self, name: str, raw: bytes) -> None:
        await self._try(obstore.put_async(self._store, name, raw))

    async def get(self, name: str, *, most: int) -> bytes | None:
        try:
            found = await obstore.get_async(self._store, name)
            if found.meta["size"] > most:
                return bytes(most + 1)  # too large, whatever stands in it
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except (StoreError, OSError):
            raise ShelfTrouble("cut_off", reached=True) from None

    async def remove(self, name: str) -> None:
        try:
            await self._try(obstore.delete_async(self._store, name))
        except FileNotFoundError:
            return

    async def _try(self, doing: Any) -> None:
        try:
            await doing
        except FileNotFoundError:
            raise
        except (StoreError, OSError):
            raise ShelfTrouble("cut_off", reached=True) from None
