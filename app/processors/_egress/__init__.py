"""
The one door out. Nothing leaves the house over HTTP but through here.

An address is read strictly (``spelling``), its name is resolved once and every address behind it is judged
(``addresses``), the connection goes to exactly the address that was judged (``pinned``), and what comes back is bounded
in time and size (``client``). The loopback address over plain http exists in the sandbox alone.
"""

from app.processors._egress.addresses import AddressNotAllowed, public_addresses
from app.processors._egress.client import (
    AnswerTooLarge,
    client_certificate,
    fetch_document,
    open_client,
    open_transport,
    read_capped,
)
from app.processors._egress.spelling import check_address, check_resolved, origin_of

__all__ = [
    "AddressNotAllowed",
    "AnswerTooLarge",
    "check_address",
    "check_resolved",
    "client_certificate",
    "fetch_document",
    "open_client",
    "open_transport",
    "origin_of",
    "public_addresses",
    "read_capped",
]
