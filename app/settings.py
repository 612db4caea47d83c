"""
What an operator may set, and what the service refuses to start with.

Every setting is an environment variable with the prefix ``INSYN_``. Defaults are the safe ones: no sandbox,
no built-in secret, no plain http. :func:`insecurities` gives one readable line per fault; the command line
prints them and stops.
"""

import base64
import binascii
import re
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

#: Keys that have stood in examples; whoever runs with one of them has no key at all.
KNOWN_KEYS = frozenset({base64.b64encode(bytes(32)).decode(), "changeme", "secret", "insyn", "test"})

_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Settings(BaseSettings):
    """The service's settings, read from the environment (``INSYN_*``)."""

    model_config = SettingsConfigDict(env_prefix="INSYN_", extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL of the service's own role; unset: the embedded server (dev, demo)."
    )
    migration_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL of the role that owns the tables; unset: database_url."
    )
    data_dir: Path = Path(".insyn")
    profiles_dir: Path = Path("profiles")
    connectors_dir: Path = Path("connectors")

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = Field(default=None, description="Where processors and customers reach the API.")

    master_key: SecretStr | None = Field(default=None, description="32 bytes base64, or '1:…,2:…' while rotating.")
    master_key_file: Path | None = None
    keys_dir: Path | None = Field(default=None, description="Shares of data keys; unset: 'keys' in data_dir.")
    journal_dir: Path | None = Field(
        default=None, description="Checkpoints and what was destroyed; unset: 'journal' in data_dir."
    )
    checkpoint_key_file: Path | None = Field(default=None, description="Signs the daily checkpoints; for the worker.")

    issuers: list[dict[str, Any]] = Field(
        default_factory=list, description="OIDC issuers: JSON list, see app/tokens/issuers.py."
    )

    sandbox: bool = False
    sandbox_on_this_database: bool = Field(
        default=False, description="The second 'yes': play the sandbox on a database named by database_url."
    )
    sandbox_port: int = Field(default=0, description="First of the four simulated processors' ports; 0: port + 1.")

    log_level: str = "INFO"
    max_body_bytes: int = 262_144
    sweep_seconds: float = 60.0
    metrics_port: int = Field(default=0, description="Where a worker shows its figures on host; 0: nowhere.")
    lane_lease_seconds: float = 30.0
    processor_timeout_seconds: float = 15.0

    smtp_host: str | None = Field(default=None, description="The mail server; unset: mails wait and staff see them.")
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = Field(default=None, description="Better the file.")
    smtp_password_file: Path | None = None
    smtp_sender: str | None = Field(default=None, description="The address mails come from.")
    smtp_senders: dict[str, str] = Field(default_factory=dict, description="By controller, where it has its own.")
    smtp_timeout_seconds: float = 20.0

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash; in development the loopback address."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def keys_folder(self) -> Path:
        """Where the shares of data keys lie, outside the database and its backups."""
        return (self.keys_dir or self.data_dir / "keys").resolve()

    @property
    def journal_folder(self) -> Path:
        """Where it is noted what was destroyed, and where the checkpoints lie."""
        return (self.journal_dir or self.data_dir / "journal").resolve()

    @property
    def first_sandbox_port(self) -> int:
        return self.sandbox_port or self.port + 1


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key_faults(chosen: Settings) -> list[str]:
    text = chosen.master_key.get_secret_value() if chosen.master_key else ""
    if not text and chosen.master_key_file is None:
        return (
            [] if chosen.sandbox else ["INSYN_MASTER_KEY_FILE is not set: there is no key to seal personal data with."]
        )
    faults = []
    for part in filter(None, text.split(",")):
        key = part.split(":", 1)[-1].strip()
        if key in KNOWN_KEYS:
            faults.append("INSYN_MASTER_KEY is a known example value: make one with 'insyn key'.")
            continue
        try:
            size = len(base64.b64decode(key, validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != 32:
            faults.append("INSYN_MASTER_KEY is not 32 bytes of base64: make one with 'insyn key'.")
    if chosen.master_key_file is not None and not chosen.master_key_file.is_file():
        faults.append("INSYN_MASTER_KEY_FILE names no readable file.")
    return faults


def _mail_faults(chosen: Settings) -> list[str]:
    """What a mail is about is in no mail, but to whom it goes is; so is the password. Neither travels in the clear."""
    if chosen.smtp_host is None:
        return []
    faults = []
    if chosen.smtp_security == "none" and not _is_loopback(chosen.smtp_host):
        faults.append("INSYN_SMTP_SECURITY is none but INSYN_SMTP_HOST is not this machine: use starttls or tls.")
    if chosen.smtp_sender is None:
        faults.append("INSYN_SMTP_SENDER is not set: a mail comes from somebody.")
    senders = [*([chosen.smtp_sender] if chosen.smtp_sender else []), *chosen.smtp_senders.values()]
    if not all(_ADDRESS.fullmatch(one) for one in senders):
        faults.append("INSYN_SMTP_SENDER and INSYN_SMTP_SENDERS must be plain mail addresses.")
    if chosen.smtp_password_file is not None and not chosen.smtp_password_file.is_file():
        faults.append("INSYN_SMTP_PASSWORD_FILE names no readable file.")
    has_password = chosen.smtp_password is not None or chosen.smtp_password_file is not None
    if has_password != (chosen.smtp_username is not None):
        faults.append("INSYN_SMTP_USERNAME and a password belong together.")
    return faults


def insecurities(chosen: Settings) -> list[str]:
    """
    Say what makes these settings unfit to run with, one line each; an empty list is fit.

    In the sandbox the loopback address may be plain http and the key may be generated; nothing else is let off.
    """
    faults = [*_key_faults(chosen), *_mail_faults(chosen)]
    address = urlsplit(chosen.base_url)
    if chosen.sandbox:
        if not _is_loopback(chosen.host):
            faults.append("INSYN_SANDBOX is on but INSYN_HOST is not a loopback address: the sandbox hands out tokens.")
        if chosen.database_url is not None and not chosen.sandbox_on_this_database:
            faults.append(
                "INSYN_SANDBOX is on with INSYN_DATABASE_URL set: the sandbox would play on that database. "
                "If that is meant, say INSYN_SANDBOX_ON_THIS_DATABASE=1 as well."
            )
        return faults
    if chosen.public_url is None or address.scheme != "https":
        faults.append("INSYN_PUBLIC_URL is not https: processors would call back, and customers read, in the clear.")
    if chosen.database_url is None:
        faults.append("INSYN_DATABASE_URL is not set: the embedded server is for development and the demo only.")
    if not chosen.issuers:
        faults.append("INSYN_ISSUERS is empty: nobody could prove who they are.")
    for issuer in chosen.issuers:
        for name in ("issuer", "jwks_uri"):
            if not str(issuer.get(name, "")).startswith("https://"):
                faults.append(f"INSYN_ISSUERS: {name} is not an https address.")
    return faults
