"""
How the brokers of Swedish e-IDs name things in their tokens: one preset a broker, named in ``INSYN_ISSUERS``.

What a preset does not know is worth nothing: an ``acr`` that is not here is level ``none``, a Freja holder who was not
registered at the level PLUS (LOA3) is too, and a number that is no Swedish person's is no personnummer.

Sources: docs.idura.app (formerly Criipto), developer.signicat.com, oidc-sweden/specifications.
"""

from collections.abc import Mapping
from typing import Any, Literal

PresetName = Literal["idura", "signicat", "oidc-sweden", "freja"]

_OIDC_SE = "https://id.oidc.se/claim"
#: Where they put the number of the person; the first that is present counts. The last two exclude each other.
SUBJECT_NUMBER_CLAIMS = (
    "ssn",
    "nin",
    f"{_OIDC_SE}/personalIdentityNumber",
    f"{_OIDC_SE}/coordinationNumber",
)
#: Whoever was given a personnummer had a coordination number before.
PREVIOUS_NUMBER_CLAIMS = (f"{_OIDC_SE}/previousCoordinationNumber",)
#: Two numbers of which a person has one at a time: a token with both is not guessed at.
EXCLUSIVE_NUMBERS = (f"{_OIDC_SE}/personalIdentityNumber", f"{_OIDC_SE}/coordinationNumber")

_LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"
_LOA4 = "http://id.elegnamnden.se/loa/1.0/loa4"
_BANKID, _FREJA = "urn:grn:authn:se:bankid", "urn:grn:authn:se:frejaid"
#: Freja BASIC is an address, EXTENDED a document somebody photographed; PLUS was met in person.
_FREJA_PLUS = {"freja_registration_level": ("PLUS",)}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "idura": {
        "subject_number_claims": ("ssn",),
        "acr_levels": {
            _BANKID: "substantial",
            f"{_BANKID}:same-device": "substantial",
            f"{_BANKID}:qr": "substantial",
            f"{_BANKID}:another-device:qr": "substantial",
            _FREJA: "substantial",
        },
        "acr_conditions": {_FREJA: _FREJA_PLUS},
    },
    "signicat": {
        "subject_number_claims": ("nin",),
        "number_conditions": {"nin_type": ("PERSON",), "nin_issuing_country": ("SE",)},
        "acr_levels": {"idp:sbid": "substantial", "idp:freja-eid": "substantial"},
        "acr_conditions": {
            "idp:sbid": {"idp": ("sbid",), "amr": ("external",)},
            "idp:freja-eid": {"idp": ("freja-eid",), "amr": ("external",), **_FREJA_PLUS},
        },
    },
    "oidc-sweden": {
        "subject_number_claims": EXCLUSIVE_NUMBERS,
        "acr_levels": {_LOA3: "substantial", _LOA4: "substantial"},
    },
    "freja": {
        "subject_number_claims": ("ssn", *EXCLUSIVE_NUMBERS),
        "acr_levels": {_LOA3: "substantial"},
        "acr_conditions": {_LOA3: _FREJA_PLUS},
    },
}
