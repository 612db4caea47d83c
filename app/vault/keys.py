"""
The master keys: where they come from and what is derived from them.

The text is ``1:<base64>,2:<base64>`` (a plain base64 is version 1), each key 32 random bytes. The highest version
wraps new data keys; the others only open what they once wrapped, until ``rewrap`` has passed over every row.

The blind index needs a key that does *not* change with them, or no person would be found after a rotation. It comes
from the entry ``index:<base64>`` if there is one, else from version 1. To retire version 1, keep its bytes as
``index:``; to change the index key itself, compute every index anew in one maintenance run (open each sealed
identifier, write its new index), with the service stopped.
"""

import base64
import binascii
import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.vault.errors import Reason, UnfitMasterKey, Unreadable

KEY_BYTES = 32
LARGEST_VERSION = 65_535
_VERSION = re.compile(r"[1-9][0-9]{0,4}")


def derive(key: bytes, *, purpose: str, salt: bytes = b"") -> bytes:
    """Return 32 bytes for one purpose only (HKDF-SHA256), so that no key is ever used for two things."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt or None, info=purpose.encode()).derive(key)


class MasterKeys:
    """The versioned keys of one installation; shows nothing of itself."""

    def __init__(self, keys: dict[int, bytes], *, index: bytes | None = None) -> None:
        if not keys:
            raise UnfitMasterKey("There is no master key: make one with 'insyn key'.")
        for key in (*keys.values(), *([index] if index is not None else [])):
            _check(key)
        if index is None and 1 not in keys:
            raise UnfitMasterKey("Master key 1 is gone: keep its bytes as 'index:...', or nobody is found any more.")
        self.current = max(keys)
        self._wrapping = {version: AESGCM(derive(key, purpose="insyn/wrap/1")) for version, key in keys.items()}
        self._index = derive(index if index is not None else keys[1], purpose="insyn/blind-index/1")

    @classmethod
    def from_settings(cls, *, text: str | None = None, file: Path | None = None) -> "MasterKeys":
        """
        Read the keys from the settings' text or from a file of the same form (lines count as commas).

        Raises:
            UnfitMasterKey: If neither or both are set, or either is malformed. The message holds no part of a key.
        """
        if (text is None) == (file is None):
            raise UnfitMasterKey("Set exactly one of INSYN_MASTER_KEY and INSYN_MASTER_KEY_FILE.")
        if file is not None:
            try:
                text = file.read_text(encoding="ascii")
            except (OSError, UnicodeDecodeError):
                raise UnfitMasterKey("INSYN_MASTER_KEY_FILE names no readable text file.") from None
        return cls._parse(text or "")

    @classmethod
    def _parse(cls, text: str) -> "MasterKeys":
        found: dict[str, bytes] = {}
        for part in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
            name, colon, value = part.rpartition(":")
            name = name.strip() if colon else "1"
            if name != "index" and not (_VERSION.fullmatch(name) and int(name) <= LARGEST_VERSION):
                raise UnfitMasterKey("A master key is written '1:<base64>', with a version from 1 to 65535.")
            if name in found:
                raise UnfitMasterKey(f"Master key {name!r} is set twice.")
            try:
                found[name] = base64.b64decode(value.strip(), validate=True)
            except (binascii.Error, ValueError):
                raise UnfitMasterKey(f"Master key {name!r} is not base64.") from None
        index = found.pop("index", None)
        return cls({int(name): key for name, key in found.items()}, index=index)

    @staticmethod
    def generate() -> str:
        """Return the text of a new key, version 1; keep it where the database's backups are not."""
        return "1:" + base64.b64encode(os.urandom(KEY_BYTES)).decode()

    def wrapping(self, version: int) -> AESGCM:
        """The cipher that wraps data keys; raises :class:`Unreadable` for a version that is not set."""
        try:
            return self._wrapping[version]
        except KeyError:
            raise Unreadable(Reason.UNKNOWN_KEY) from None

    @property
    def index(self) -> bytes:
        """The key of the blind index, the same over every rotation."""
        return self._index

    def __repr__(self) -> str:
        return f"MasterKeys(current={self.current})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("master keys do not leave the process")


def _check(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise UnfitMasterKey("A master key is 32 bytes, written as base64: make one with 'insyn key'.")
    if len(set(key)) == 1:
        raise UnfitMasterKey("A master key of one repeated byte is an example, not a key: make one with 'insyn key'.")
