"""
The kind ``opendsr``: OpenDSR 2.0 (formerly OpenGDPR) and its dialects.

A request out, a signed answer back; the callback is a signed "look now", and what came of it is always asked for.
"""

from app.processors.opendsr._callback import CallbackRefused, Reported, SignerNotReached, check_callback
from app.processors.opendsr._client import OpenDsr
from app.processors.opendsr._discovery import Directory
from app.processors.opendsr._wiring import PROFILE, SECRETS, hosts, lacks, request_id

__all__ = [
    "PROFILE",
    "SECRETS",
    "CallbackRefused",
    "Directory",
    "OpenDsr",
    "Reported",
    "SignerNotReached",
    "check_callback",
    "hosts",
    "lacks",
    "request_id",
]
