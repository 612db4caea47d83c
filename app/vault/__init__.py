"""What keeps personal data sealed: keys, values, files, and the index by which sealed identifiers are found."""

from app.vault.envelope import Address, DataKey, Vault
from app.vault.errors import Reason, UnfitMasterKey, Unreadable, VaultError
from app.vault.files import FileStore, StoredFile
from app.vault.identifiers import TYPES, MalformedIdentifier, UnknownIdentifierType, as_given, normalise
from app.vault.key_store import FileKeyStore, KeyStore
from app.vault.keys import MasterKeys

__all__ = [
    "TYPES",
    "Address",
    "DataKey",
    "FileKeyStore",
    "FileStore",
    "KeyStore",
    "MalformedIdentifier",
    "MasterKeys",
    "Reason",
    "StoredFile",
    "UnfitMasterKey",
    "UnknownIdentifierType",
    "Unreadable",
    "Vault",
    "VaultError",
    "as_given",
    "normalise",
]
