"""
Google Analytics Admin API v1alpha: ``properties/{id}:submitUserDeletion``, and Google's token endpoint.

Exactly one of ``userId``, ``clientId``, ``appInstanceId``, ``userProvidedData`` a call; a second id takes a second
call. The answer only acknowledges: an id that nobody has is acknowledged as well, and nothing ever says that the
purge is done. An e-mail address or number that is not normalised as documented matches nobody. The older v3 method
is gone.

unverified: the exact bodies of errors (Google's error model is assumed); the quota (500 a day is known of v3
only; ``deletions_a_day``); whether a service account is eligible.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import JWTError, jwt

from sandbox.people import Person
from sandbox.store import Store
from sandbox.vendors._base import Call, DayQuota, Handler, Refused, Reply, Vendor, bearer, e164, guid, iso, need

PROPERTY = "345678901"
SCOPE = "https://www.googleapis.com/auth/analytics.edit"
ACCOUNT = "insyn@sandbox.example.org"
CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "ga-client", "ga-client-secret", "1//ga-refresh"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_USERS = ("userId", "clientId", "appInstanceId", "userProvidedData")
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


#: Where a store keeps the service account's key: whoever was given it goes on using it.
_KEY = "vendor/google_analytics/key"


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, no_password).decode()


def client_id(person: Person) -> str:
    """The ``_ga`` client id of the person's browser."""
    return f"{int(guid('ga', person.id)[:8], 16) % 10**10}.1700000000"


class GoogleAnalytics(Vendor):
    """One property; its service account and its refresh token may both edit it."""

    name = "google_analytics"
    public = ("POST /token", "POST /analytics/v3/userDeletion/userDeletionRequests:upsert")
    settings_at_first: Mapping[str, Any] = {"deletions_a_day": 500, "token_seconds": 3600}

    def __init__(self, **given: Any) -> None:
        self._quota = DayQuota(500)
        encoding = serialization.Encoding.PEM
        store: Store | None = given.get("store")
        self.private_key = _new_key() if store is None else str(store.fact_or_new(_KEY, _new_key))
        key = serialization.load_pem_private_key(self.private_key.encode(), password=None)
        self._public_key = (
            key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        )
        super().__init__(**given)

    def service_account(self, url: str) -> str:
        """The key file of the service account, as the vendor's console gives it out."""
        file = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "1",
            "private_key": self.private_key,
            "token_uri": f"{url}/token",
        }
        return json.dumps(file)

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /token": self._token,
            "POST /v1alpha/properties/{id}:submitUserDeletion": self._submit,
            "GET /v1alpha/properties/{id}": self._property,
            "POST /analytics/v3/userDeletion/userDeletionRequests:upsert": lambda call: self.error(
                410, "GONE", "This API has been sunset."
            ),
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        code = code or _STATUS.get(status, "UNKNOWN")
        return Reply({"error": {"code": status, "message": message or code, "status": code}}, status)

    def authorise(self, call: Call) -> None:
        grant = self.table("tokens").get(bearer(call), {"until": 0, "scope": ""})
        need(grant["until"] > self.clock.time(), self.error(401, message="Request had invalid credentials."))
        need(SCOPE in grant["scope"].split(), self.error(403, message="Insufficient authentication scopes."))

    def fill(self, person: Person) -> None:
        if person.customer_number:
            self.table("visitors")[person.id] = {
                "userId": person.customer_number,
                "clientId": client_id(person),
                "userProvidedData": [person.email, e164(person.phone)],
            }

    # ---- tokens

    def _token(self, call: Call) -> Reply:
        form = call.form
        if form.get("grant_type") == _JWT_BEARER:
            scope = self._asserted(form.get("assertion", ""), call)
        else:
            known = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
            need(known, Reply({"error": "invalid_client"}, 401))
            need(form.get("grant_type") == "refresh_token", Reply({"error": "unsupported_grant_type"}, 400))
            need(form.get("refresh_token") == REFRESH_TOKEN, Reply({"error": "invalid_grant"}, 400))
            scope = SCOPE
        token = f"ya29.{len(self.table('tokens'))}"
        seconds = self.settings["token_seconds"]
        self.table("tokens")[token] = {"until": self.clock.time() + seconds, "scope": scope}
        return Reply({"access_token": token, "expires_in": seconds, "scope": scope, "token_type": "Bearer"})

    def _asserted(self, assertion: str, call: Call) -> str:
        refused = Reply({"error": "invalid_grant", "error_description": "Invalid JWT"}, 400)
        try:
            claims = jwt.decode(assertion, self._public_key, algorithms=["RS256"], options={"verify_aud": False})
        except JWTError:
            raise Refused(refused) from None
        need(claims.get("iss") == ACCOUNT and str(claims.get("aud")).endswith("/token"), refused)
        need(0 < claims.get("exp", 0) - claims.get("iat", 0) <= 3600 and claims["iat"] <= time.time() + 60, refused)
        return str(claims.get("scope", ""))

    # ---- the one method

    def _property(self, call: Call) -> Reply:
        need(call.params["id"] == PROPERTY, self.error(403, message="The caller does not have permission."))
        return Reply({"name": f"properties/{PROPERTY}", "displayName": "Provlarm", "timeZone": "Europe/Stockholm"})

    def _submit(self, call: Call) -> Reply:
        need(call.params["id"] == PROPERTY, self.error(403, message="The caller does not have permission."))
        body = call.json
        need(isinstance(body, dict), self.error(400, message="Invalid JSON payload received."))
        unknown = sorted(set(body) - set(_USERS))
        need(not unknown, self.error(400, message=f"Unknown name {unknown}: Cannot find field."))
        need(len(body) == 1, self.error(400, message="Exactly one of the fields of the oneof 'user' must be set."))
        ((kind, value),) = body.items()
        need(isinstance(value, str) and value, self.error(400, message=f"Invalid value for {kind}."))
        self._quota.most = self.settings["deletions_a_day"]
        if not self._quota.take(self.clock.today()):
            return self.error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")
        self.effect("deletion.submitted", kind, visitor=self._visitor(kind, value))
        return Reply({"deletionRequestTime": iso(self.clock.now())})

    def _visitor(self, kind: str, value: str) -> str | None:
        """Whom the id belongs to; None: acknowledged all the same."""
        for person, row in self.table("visitors").items():
            held = row.get(kind)
            if value == held or (isinstance(held, list) and value in held):
                return person
        return None
