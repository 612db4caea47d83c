"""What can go wrong with sealed data; nothing here ever repeats a key or a value."""

from enum import StrEnum


class VaultError(Exception):
    """Something is wrong with sealed data or with the keys to it."""


class UnfitMasterKey(VaultError):
    """The master keys cannot be used as they are set; the message is one readable line without the key."""


class Reason(StrEnum):
    """Why sealed data cannot be read."""

    MALFORMED = "malformed"  # not made by this vault, or cut short
    UNKNOWN_KEY = "unknown_key"  # sealed under a master key that is no longer set
    NOT_AUTHENTIC = "not_authentic"  # changed, moved, or another key's
    DESTROYED = "destroyed"  # the data key was destroyed: this is what erasure looks like
    MISSING = "missing"  # there is no such file
    NO_SHARE = "no_share"  # the half of its key that lies outside the database is gone: destroyed, or not mounted


class Unreadable(VaultError):
    """Sealed data cannot be opened; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"sealed data cannot be opened: {reason}")
        self.reason = reason
