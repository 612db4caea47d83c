"""
Adobe's Privacy Service: access and deletion as jobs, one for each user and action of a single POST.

Three headers besides the content type: bearer token, ``x-api-key``, ``x-gw-ims-org-id``. A job goes from
``submitted`` over ``processing`` to ``complete`` or ``error``, each product for itself; ``PRVCY-6054-200`` at a
product means partly done. A finished access job names a ZIP, kept 60 days; the job itself is shown for 30. More
than 20 000 jobs a day are refused, with status 400. There is no sandbox.

unverified: the success status of ``POST /jobs`` (``created_status``); scopes; the text of the quota's refusal; the
codes of products other than ``6000`` and ``6054``; whether the ZIP needs the token; the ZIP's contents.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from sandbox.people import Person
from sandbox.vendors._base import Call, DayQuota, Handler, Refused, Reply, Vendor, bearer, guid, iso, need, words

ORG = "0123456789ABCDEF@AdobeOrg"
CLIENT_ID, CLIENT_SECRET = "adobe-client", "adobe-client-secret"
SCOPES = "openid,AdobeID,additional_info.projectedProductContext"
_TYPES = words("standard custom integrationCode namespaceId unregistered analytics target")
_PRODUCTS = words(
    "analytics AudienceManager campaign target profileService AdobeCloudPlatform Identity CRS adCloud marketo"
    " primetimeAuthentication automationProduct"
)
_REGULATIONS = words("gdpr ccpa lgpd_bra pdpa_tha nzpa_nzl hipaa_usa")
_TOP = words("companyContexts users include regulation expandIds priority analyticsDeleteMethod mergePolicyId")
_JOBS = "/data/core/privacy/jobs"


def ecid(person: Person) -> str:
    """The Experience Cloud id of the person's browser."""
    return str(int(guid("ecid", person.id).replace("-", ""), 16))[:38].rjust(38, "1")


class Adobe(Vendor):
    """One organisation with Analytics and Target provisioned."""

    name = "adobe"
    public = ("POST /ims/token/v3", "GET /privacy-results/{id}.zip")
    settings_at_first: Mapping[str, Any] = {
        "jobs_a_day": 20_000,
        "created_status": 202,  #: or 200
        "processing_after": 60,  #: seconds after the POST
        "complete_after": 3600,
        "fails_at": None,  #: a product that ends in error, and the job with it
        "zip_needs_token": False,
        "partial_at": None,  #: a product that says PRVCY-6054-200
        "provisioned": ["analytics", "target", "Analytics"],
    }

    def __init__(self, **given: Any) -> None:
        self._quota = DayQuota(20_000)
        super().__init__(**given)

    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /ims/token/v3": self._token,
            f"POST {_JOBS}": self._create,
            f"GET {_JOBS}": self._list,
            f"GET {_JOBS}/{{id}}": lambda call: Reply(self._shown(call, self._job(call))),
            "GET /privacy-results/{id}.zip": self._download,
        }

    def error(self, status: int, code: str = "", message: str = "") -> Reply:
        body = {
            "requestId": guid("request", str(len(self.calls))),
            "error_code": code or f"{status}",
            "message": message,
        }
        return Reply(body, status)

    def authorise(self, call: Call) -> None:
        until = self.table("tokens").get(bearer(call), {}).get("until", 0)
        need(until > self.clock.time(), self.error(401, "401013", "Oauth token is not valid"))
        need(call.headers.get("x-api-key") == CLIENT_ID, self.error(403, "403000", "Api Key is invalid"))
        need(call.headers.get("x-gw-ims-org-id") == ORG, self.error(403, "1010-400", "No permission for this org."))

    def fill(self, person: Person) -> None:
        if person.customer_number:
            ids = {"ECID": ecid(person), "Email": person.email, "4": ecid(person), "6": person.email}
            self.table("visitors")[person.id] = ids

    # ---- token

    def _token(self, call: Call) -> Reply:
        form = call.form
        need(form.get("grant_type") == "client_credentials", Reply({"error": "unsupported_grant_type"}, 400))
        known = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        need(known, Reply({"error": "invalid_client"}, 401))
        need(form.get("scope"), Reply({"error": "invalid_scope"}, 400))
        token = guid("adobe-token", str(len(self.table("tokens"))))
        self.table("tokens")[token] = {"until": self.clock.time() + 86_399}
        return Reply({"access_token": token, "token_type": "bearer", "expires_in": 86_399})

    # ---- jobs

    def _create(self, call: Call) -> Reply:
        bad = self._bad
        body = call.json
        need(isinstance(body, dict) and set(body) <= set(_TOP), bad("Invalid request format"))
        contexts = body.get("companyContexts") or []
        need({"namespace": "imsOrgID", "value": ORG} in contexts, self.error(400, "1001-400", "Org is not provisioned"))
        need(body.get("regulation") in _REGULATIONS, bad("regulation is not known"))
        include = body.get("include")
        need(include and all(one in (*_PRODUCTS, "Analytics") for one in include), bad("include is not known"))
        users = body.get("users")
        need(isinstance(users, list) and 1 <= len(users) <= 1000, bad("1 to 1000 users"))
        for user in users:
            _check_user(user, bad)
        cost = sum(len(user["action"]) for user in users)
        self._quota.most = self.settings["jobs_a_day"]
        if not self._quota.take(self.clock.today(), cost):
            raise Refused(self.error(400, "1030-400", "The daily limit of privacy jobs has been reached"))
        jobs = [self._add(user, action, body) for user in users for action in user["action"]]
        answer = {"requestId": guid("request", jobs[0]["jobId"]), "jobs": jobs, "requestStatus": 1}
        return Reply(answer | {"totalRecords": len(jobs)}, self.settings["created_status"])

    def _bad(self, why: str) -> Reply:
        return self.error(400, "1000-400", why)

    def _add(self, user: dict[str, Any], action: str, body: dict[str, Any]) -> dict[str, Any]:
        id = guid("adobe-job", str(len(self.table("jobs"))))
        persons = sorted(
            person
            for person, ids in self.table("visitors").items()
            if any(ids.get(one["namespace"]) == one["value"] for one in user["userIDs"])
        )
        job = {"key": user["key"], "action": action, "userIds": user["userIDs"], "include": body["include"]}
        self.table("jobs")[id] = job | {"at": self.clock.time(), "persons": persons, "regulation": body["regulation"]}
        self.effect(f"job.{action}", id, persons=persons)
        return {"jobId": id, "customer": {"user": {"key": user["key"], "action": [action]}}}

    def _job(self, call: Call) -> dict[str, Any]:
        found = self.table("jobs").get(call.params["id"])
        if found is None or self.clock.time() > found["at"] + 30 * 86_400:
            raise Refused(self.error(404, "1040-404", "No such job"))
        return found | {"id": call.params["id"]}

    def _status(self, job: Mapping[str, Any]) -> str:
        age = self.clock.time() - job["at"]
        if age < self.settings["processing_after"]:
            return "submitted"
        if age < self.settings["complete_after"]:
            return "processing"
        return "error" if self.settings["fails_at"] in job["include"] else "complete"

    def _shown(self, call: Call, job: Mapping[str, Any]) -> dict[str, Any]:
        status = self._status(job)
        shown = {
            "jobId": job["id"],
            "requestId": guid("request", job["id"]),
            "userKey": job["key"],
            "action": job["action"],
            "status": status,
            "submittedBy": ORG,
            "createdDate": _as_adobe_writes(job["at"]),
            "lastModifiedDate": _as_adobe_writes(job["at"]),
            "userIds": job["userIds"],
            "productResponses": [self._product(job, product, status) for product in job["include"]],
            "regulation": job["regulation"],
        }
        if status == "complete" and job["action"] == "access":
            shown["downloadURL"] = f"http://{call.headers['host']}/privacy-results/{job['id']}.zip"
        return shown

    def _product(self, job: Mapping[str, Any], product: str, status: str) -> dict[str, Any]:
        code, message = "PRVCY-6000-200", "Success"
        if status in ("submitted", "processing"):
            code, message = "PRVCY-6010-200", status
        elif product == self.settings["fails_at"]:
            status, code, message = "error", "PRVCY-6050-500", "The product could not process the job"
        elif status == "error":
            status = "complete"
        if status == "complete" and product == self.settings["partial_at"]:
            code, message = "PRVCY-6054-200", "Partially completed"
        processed = job["persons"] if status == "complete" else []
        return {
            "product": product,
            "retryCount": 0,
            "processedDate": _as_adobe_writes(job["at"]) if status in ("complete", "error") else "",
            "productStatusResponse": {
                "status": status,
                "message": message,
                "responseMsgCode": code,
                "responseMsgDetail": message,
                "results": {"processed": len(processed), "ignored": len(job["userIds"]) - len(processed)},
            },
        }

    def _list(self, call: Call) -> Reply:
        """Pages from 0; a window of at most 30 days."""
        try:
            page, size = int(call.arg("page", "0")), int(call.arg("size", "100"))
        except ValueError:
            page = size = -1
        fits = page >= 0 and 1 <= size <= 1000 and call.arg("regulation") in _REGULATIONS
        need(fits, self.error(400, "1000-400", "Invalid request format"))
        rows = [job | {"id": id} for id, job in self.table("jobs").items()]
        if wanted := call.arg("status"):
            rows = [row for row in rows if self._status(row) == wanted]
        shown = [self._shown(call, row) for row in rows[page * size : (page + 1) * size]]
        return Reply({"jobs": shown, "requestStatus": 1, "totalRecords": len(rows)})

    def _download(self, call: Call) -> Reply:
        if self.settings["zip_needs_token"]:
            self.authorise(call)
        job = self.table("jobs").get(call.params["id"])
        late = job is not None and self.clock.time() > job["at"] + 60 * 86_400
        if job is None or late or self._status(job) != "complete":
            return self.error(404, "404", "The result is not there")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for product in job["include"]:
                visits = [
                    {"visitor": person, "page": "/hemlarm", "on": iso(self.clock.now())} for person in job["persons"]
                ]
                archive.writestr(f"{product.lower()}/result.json", json.dumps(visits))
        return Reply(out.getvalue(), 200, {}, "application/zip")

    # ---- events, sent to whoever subscribed

    async def prove(self, webhook: str, client: httpx.AsyncClient) -> bool:
        """Ask *webhook* to echo a challenge, as a subscription begins."""
        challenge = guid("challenge", webhook)
        answer = await client.get(webhook, params={"challenge": challenge})
        return answer.status_code == 200 and challenge in answer.text

    async def tell(self, webhook: str, client: httpx.AsyncClient, job: str) -> int:
        """Send the event that a job has ended; returns the status that came back."""
        event = {"type": "com.adobe.platform.gdpr.jobcomplete", "data": {"jobId": job, "value": {"jobId": job}}}
        return (await client.post(webhook, json={"event_id": guid("event", job), "event": event})).status_code


def _check_user(user: Any, bad: Callable[[str], Reply]) -> None:
    need(isinstance(user, dict) and set(user) == {"key", "action", "userIDs"}, bad("users are malformed"))
    actions, ids = user["action"], user["userIDs"]
    need(actions and set(actions) <= {"access", "delete"}, bad("action is access or delete"))
    need(isinstance(user["key"], str) and user["key"], bad("key is missing"))
    need(isinstance(ids, list) and 1 <= len(ids) <= 9, bad("1 to 9 userIDs"))
    for one in ids:
        need(isinstance(one, dict) and set(one) <= {"namespace", "value", "type", "isDeletedClientSide"}, bad("userID"))
        need(one.get("namespace") and isinstance(one.get("value"), str) and one["value"], bad("userID is empty"))
        need(one.get("type") in _TYPES, bad("type of a userID is not known"))


def _as_adobe_writes(at: float) -> str:
    """``MM/dd/yyyy hh:mm a z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %I:%M %p GMT")
