"""
The one door out. Nothing leaves the house over HTTP but through here.

An address is read strictly (``spelling``), its name is resolved once and every address behind it is judged
(``addresses``), the connection goes to exactly the address that was judged (``pinned``) and stays only with whom the
name's certificate is (``certificates``), and what comes back is bounded in time and size (``client``). The loopback
address over plain http exists in the sandbox alone.
"""

from app.processors._egress.addresses import AddressNotAllowed, public_addresses
from app.processors._egress.certificates import (
    SERVER_CA,
    UNFIT,
    TlsFailed,
    UnfitAuthority,
    UnfitCertificate,
    client_certificate,
    client_certificates,
    names_authorities,
    trusted_by,
    trusting_or_nobody,
)
from app.processors._egress.client import (
    AnswerTooLarge,
    fetch_document,
    open_client,
    open_transport,
    read_capped,
)
from app.processors._egress.spelling import check_address, check_resolved, origin_of

__all__ = [
    "SERVER_CA",
    "UNFIT",
    "AddressNotAllowed",
    "AnswerTooLarge",
    "TlsFailed",
    "UnfitAuthority",
    "UnfitCertificate",
    "check_address",
    "check_resolved",
    "client_certificate",
    "client_certificates",
    "fetch_document",
    "names_authorities",
    "open_client",
    "open_transport",
    "origin_of",
    "public_addresses",
    "read_capped",
    "trusted_by",
    "trusting_or_nobody",
]
