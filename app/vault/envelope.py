"""
Envelope encryption: a data key for each subject of secrecy, wrapped by a master key.

A *subject* here is whatever shares one fate: the sealed identity of a request, or one package. Its data key is stored
wrapped beside the data; destroying the key is the erasure. Values are AES-256-GCM, bound to their address, so a value
copied to another row, column or controller does not open. Everything here costs microseconds and does no I/O.

A copy of the database made earlier still holds the wrapped key, and whoever has the master key could open it. So the
key of a case is *split*: what is wrapped is only half of it, and the other half, its *share*, lies outside of the
database (``key_store``). Either half alone is random bytes; without the share no dump opens, however old.
"""

import hmac
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.errors import Reason, Unreadable
from app.vault.keys import KEY_BYTES, MasterKeys, derive

_VALUE_FORMAT = b"\x01"
#: The first byte of a wrapped key: the whole key, or half of it.
_WHOLE, _HALF = b"\x01", b"\x02"
_NONCE, _TAG = 12, 16
#: format, key version (2 bytes, big-endian), nonce, sealed key
WRAPPED_BYTES = 1 + 2 + _NONCE + KEY_BYTES + _TAG
#: What sealing adds to a value.
OVERHEAD_BYTES = 1 + _NONCE + _TAG


class Address(NamedTuple):
    """Where a sealed value lives; it opens nowhere else."""

    controller: str
    table: str
    column: str
    row: str


def _bound(*parts: str | bytes) -> bytes:
    """Join parts so that no two different lists give the same bytes."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _open(cipher: AESGCM, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise Unreadable(Reason.NOT_AUTHENTIC) from None


def _pad(share: bytes, subject: str) -> bytes:
    """What covers a split key: made of its share, and good for its subject only."""
    return derive(share, purpose=f"insyn/share/1/{subject}")


def _either(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


class DataKey:
    """
    An open data key: seals and opens the values of one subject.

    Attributes:
        wrapped: The form to store; 63 bytes.
    """

    __slots__ = ("_cipher", "_key", "wrapped")

    def __init__(self, key: bytes, *, wrapped: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(derive(key, purpose="insyn/values/1"))
        self.wrapped = wrapped

    def seal(self, plain: bytes, *, where: Address) -> bytes:
        """Return *plain* sealed for its address, 29 bytes longer and different every time."""
        nonce = os.urandom(_NONCE)
        return _VALUE_FORMAT + nonce + self._cipher.encrypt(nonce, plain, _bound(_VALUE_FORMAT, *where))

    def open(self, sealed: bytes, *, where: Address) -> bytes:
        """
        Return what was sealed for this address with this key.

        Raises:
            Unreadable: If it is malformed, was changed, lives elsewhere or belongs to another key.
        """
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _VALUE_FORMAT:
            raise Unreadable(Reason.MALFORMED)
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        return _open(self._cipher, nonce, rest, _bound(_VALUE_FORMAT, *where))

    def seal_json(self, value: Mapping[str, Any] | list[Any], *, where: Address) -> bytes:
        """Seal a JSON object or list."""
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return self.seal(plain.encode(), where=where)

    def open_json(self, sealed: bytes, *, where: Address) -> Any:
        """Open what :meth:`seal_json` sealed; raises :class:`Unreadable`."""
        plain = self.open(sealed, where=where)
        try:
            return json.loads(plain)
        except ValueError:
            raise Unreadable(Reason.MALFORMED) from None

    def subkey(self, *, purpose: str, salt: bytes) -> AESGCM:
        """Return a cipher of its own for one file or stream; with a fresh *salt* it may count its nonces."""
        return AESGCM(derive(self._key, purpose=purpose, salt=salt))

    def __repr__(self) -> str:
        return "DataKey()"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a data key leaves the process only wrapped")


class Vault:
    """Makes and opens data keys, and computes the blind index; the one place that holds the master keys."""

    def __init__(self, master_keys: MasterKeys) -> None:
        self._keys = master_keys

    def new_data_key(self, subject: str) -> DataKey:
        """Return a new random key; store its ``wrapped`` beside what it seals. *subject* is an id of ours."""
        key = os.urandom(KEY_BYTES)
        return DataKey(key, wrapped=self._wrap(key, subject))

    def new_split_key(self, subject: str) -> tuple[DataKey, bytes]:
        """
        Return a new random key and its share. Store ``wrapped`` beside what it seals and the share elsewhere: once
        the share is gone the key is, in every copy of the database.
        """
        key, share = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
        half = _either(key, _pad(share, subject))
        return DataKey(key, wrapped=self._wrap(half, subject, format=_HALF)), share

    @staticmethod
    def is_split(wrapped: bytes) -> bool:
        """Whether this stored key is one half, and opens only with its share."""
        return wrapped[:1] == _HALF

    def open_data_key(self, wrapped: bytes | None, subject: str, share: bytes | None = None) -> DataKey:
        """
        Open a stored key.

        Args:
            share: The other half of a split key.

        Raises:
            Unreadable: ``destroyed`` for None or empty, ``no_share`` for half a key alone; ``unknown_key``,
                ``malformed`` or ``not_authentic`` (another subject's, or changed) else. With another key's share
                it opens, and nothing that was sealed does.
        """
        if not wrapped:
            raise Unreadable(Reason.DESTROYED)
        key = self._unwrap(wrapped, subject)
        if self.is_split(wrapped):
            if share is None:
                raise Unreadable(Reason.NO_SHARE)
            key = _either(key, _pad(share, subject))
        return DataKey(key, wrapped=bytes(wrapped))

    @property
    def current_mark(self) -> bytes:
        """The current master key's version as it stands in what it wrapped: bytes 2 and 3."""
        return self._keys.current.to_bytes(2, "big")

    def needs_rewrap(self, wrapped: bytes) -> bool:
        """Whether the key is wrapped by another master key than the current one."""
        return self._version(wrapped) != self._keys.current

    def rewrap(self, wrapped: bytes, subject: str) -> bytes:
        """
        Wrap the same data key under the current master key; what it sealed stays untouched.

        Rotation: set the new key beside the old, restart, rewrap every row, then drop the old one.

        Raises:
            Unreadable: As :meth:`open_data_key`.
        """
        return self._wrap(self._unwrap(wrapped, subject), subject, format=wrapped[:1])

    def blind_index(self, *, controller: str, type: str, normalised: str) -> bytes:
        """
        Return 32 bytes by which an identifier is found exactly, and only with our key.

        The controller is part of it: the same person at two controllers has two values, so their tables cannot be
        joined. Rotation does not change it, see ``keys``.

        Args:
            normalised: As ``identifiers.normalise`` gives it; anything else is never found again.
        """
        return hmac.digest(self._keys.index, _bound(controller, type, normalised), "sha256")

    def _wrap(self, key: bytes, subject: str, *, format: bytes = _WHOLE) -> bytes:
        version = self._keys.current
        head = format + version.to_bytes(2, "big")
        nonce = os.urandom(_NONCE)
        return head + nonce + self._keys.wrapping(version).encrypt(nonce, key, _bound(head, subject))

    def _unwrap(self, wrapped: bytes, subject: str) -> bytes:
        cipher = self._keys.wrapping(self._version(wrapped))
        head, nonce, sealed = wrapped[:3], wrapped[3 : 3 + _NONCE], wrapped[3 + _NONCE :]
        return _open(cipher, nonce, sealed, _bound(head, subject))

    @staticmethod
    def _version(wrapped: bytes) -> int:
        if len(wrapped) != WRAPPED_BYTES or wrapped[:1] not in (_WHOLE, _HALF):
            raise Unreadable(Reason.MALFORMED)
        return int.from_bytes(wrapped[1:3], "big")

    def __repr__(self) -> str:
        return f"Vault(current={self._keys.current})"
