"""
The key that signs checkpoints: Ed25519, in a file outside the database, never in it.

The file's first line holds 32 bytes as 64 hex digits. After a change of key, lines ``public:<hex>`` name the public
halves of earlier ones, whose checkpoints still count. Only who makes checkpoints needs the file; everybody else needs
the public half.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.vault.errors import VaultError


class UnfitSigningKey(VaultError):
    """The checkpoint key cannot be used; the message is one readable line without the key."""


class SigningKey:
    """Signs; shows nothing of itself but its public half."""

    def __init__(self, seed: bytes, *, earlier: Iterable[str] = ()) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        #: 64 hex digits.
        self.public = self._key.public_key().public_bytes_raw().hex()
        #: Whose checkpoints count: its own and its predecessors'.
        self.trusted = frozenset({self.public, *earlier})

    @staticmethod
    def generate() -> str:
        """The text of a new key."""
        return os.urandom(32).hex()

    @classmethod
    def from_file(cls, path: Path) -> "SigningKey":
        """Raises :class:`UnfitSigningKey`."""
        try:
            first, *more = path.read_text(encoding="ascii").split() or [""]
            seed = bytes.fromhex(first)
            earlier = [one.removeprefix("public:") for one in more]
            for one in earlier:
                Ed25519PublicKey.from_public_bytes(bytes.fromhex(one))
        except (OSError, ValueError):
            raise UnfitSigningKey("it names no readable file with a key: make one with 'insyn audit key'.") from None
        if len(seed) != 32 or len(set(seed)) == 1:
            raise UnfitSigningKey("it holds no key of 32 random bytes: make one with 'insyn audit key'.")
        return cls(seed, earlier=earlier)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a signing key does not leave the process")


def is_signed(public: str, message: bytes, signature: bytes) -> bool:
    """Whether the key with this public half (64 hex digits) signed *message*; False for whatever is malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
