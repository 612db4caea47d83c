"""An answer as it came, read as far as it could be."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.processors.rest.decoding import Decoded


@dataclass(frozen=True)
class Reply:
    """Status, headers by their names in small letters, and the body, decoded. Holds personal data: shows its status."""

    status: int
    headers: Mapping[str, str]
    decoded: Decoded
    url: str  #: the address that was asked, as the connector writes it
    unreadable: str | None = None  #: why the body could not be read as what it says it is

    def __repr__(self) -> str:
        return f"<Reply {self.status}>"
