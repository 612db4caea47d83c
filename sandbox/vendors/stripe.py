"""
Stripe's customers and its redaction jobs (public preview) as documented.

What a client must live with: forms with brackets for lists, Basic with the key as user, ``Idempotency-Key`` (the same
key and body give the first answer again, another body is an error), lists that page by ``starting_after``; a redaction
is two-phased: it is validated first, waits in ``ready`` for somebody to run it, and cannot be taken back. Deleting a
customer is no redaction: payments and invoices keep the person.

unverified: that the preview wants its own ``Stripe-Version`` (asked for here, a switch); how long validating and
redacting take (a minute and an hour here); which objects hinder a redaction (open invoices here).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from sandbox.people import Person
from sandbox.vendors._base import Call, Handler, Refused, Reply, Vendor, iso, need
from sandbox.vendors._people import basic, bearer, e164, hex_of, is_customer

KEY = "sk_test_sandbox000000000000000017"
VALIDATING, REDACTING = timedelta(minutes=1), timedelta(hours=1)
_JOBS = "/v1/privacy/redaction_jobs"
_REDACTABLE = ("customers", "charges", "invoices", "payment_intents", "checkout_sessions", "setup_intents")
_WRITABLE = frozenset(
    {"name", "email", "phone", "description"}
    | {f"address[{part}]" for part in ("line1", "line2", "postal_code", "city", "country")}
)
_GONE = "[REDACTED]"


class Stripe(Vendor):
    """One account: ``customers``, ``invoices``, ``charges`` and ``jobs`` by id."""

    name = "stripe"
    settings_at_first: Mapping[str, Any] = {"busy": False, "preview_header": True}

    def routes(self) -> dict[str, Handler]:
        return {
            "GET /v1/customers": lambda call: self._list(call, "customers", "email"),
            "GET /v1/customers/{id}": lambda call: Reply(self._row(call, "customers")),
            "POST /v1/customers/{id}": self._update,
            "DELETE /v1/customers/{id}": self._delete,
            "GET /v1/invoices": lambda call: self._list(call, "invoices", "customer"),
            "GET /v1/charges": lambda call: self._list(call, "charges", "customer"),
            f"POST {_JOBS}": self._create,
            f"GET {_JOBS}/{{id}}": lambda call: Reply(self._job(call)),
            f"POST {_JOBS}/{{id}}/run": self._run,
            f"POST {_JOBS}/{{id}}/validate": self._validate,
            f"POST {_JOBS}/{{id}}/cancel": self._cancel,
            f"GET {_JOBS}/{{id}}/validation_errors": self._validation_errors,
        }

    def authorise(self, call: Call) -> None:
        given = basic(call)
        need(given == (KEY, "") or bearer(call) == KEY, self.error(401, message="Invalid API Key provided"))
        need(not self.settings["busy"], self.error(429, "rate_limit", "Request rate limit exceeded."))
        if call.path.startswith(_JOBS) and self.settings["preview_header"]:
            version = call.headers.get("stripe-version", "")
            need(version.endswith(".preview"), self.error(404, message=f"Unrecognized request URL ({call.method})."))

    def error(self, status: int, code: str = "", message: str = "", **more: str) -> Reply:
        kind = "idempotency_error" if code == "idempotency_key_in_use" else "invalid_request_error"
        code = code or ("resource_missing" if status == 404 else "")
        error = {"type": kind, "message": message or "Invalid request."} | ({"code": code} if code else {}) | more
        return Reply({"error": error}, status)

    def fill(self, person: Person) -> None:
        if is_customer(person):
            customer = self.customer(person.name, person.email, e164(person))
            self.invoice(customer, status="paid")

    def customer(self, name: str, email: str, phone: str | None = None) -> str:
        customers = self.table("customers")
        id = "cus_" + hex_of(f"customer {len(customers)}", length=14)
        row = {"id": id, "object": "customer", "name": name, "email": email, "phone": phone, "description": None}
        customers[id] = row | {"address": None, "created": int(self.clock.time()), "metadata": {}}
        return id

    def invoice(self, customer: str, *, status: str) -> str:
        """An invoice, and the charge that paid it."""
        invoices = self.table("invoices")
        id = "in_" + hex_of(f"invoice {len(invoices)}", length=24)
        row = {"id": id, "object": "invoice", "customer": customer, "status": status, "total": 29900, "currency": "sek"}
        invoices[id] = row | {"customer_email": self.table("customers")[customer]["email"]}
        if status == "paid":
            charge = "ch_" + id[3:]
            row = {"id": charge, "object": "charge", "customer": customer, "amount": 29900, "currency": "sek"}
            self.table("charges")[charge] = row | {"receipt_email": self.table("customers")[customer]["email"]}
        return id

    # ---- lists and rows

    def _list(self, call: Call, shelf: str, by: str) -> Reply:
        limit, after = call.arg("limit", "10"), call.arg("starting_after")
        need(limit.isdecimal() and 1 <= int(limit) <= 100, self.error(400, "parameter_invalid_integer", param="limit"))
        rows = [row for row in self.table(shelf).values() if not call.arg(by) or row[by] == call.arg(by)]
        ids = [row["id"] for row in rows]
        need(not after or after in ids, self.error(400, "resource_missing", param="starting_after"))
        begin = ids.index(after) + 1 if after else 0
        page = rows[begin : begin + int(limit)]
        further = begin + len(page) < len(rows)
        return Reply({"object": "list", "url": call.path, "has_more": further, "data": page})

    def _row(self, call: Call, shelf: str) -> dict[str, Any]:
        row = self.table(shelf).get(call.params["id"])
        if row is None:
            raise Refused(self.error(404, message=f"No such {shelf[:-1]}", param="id"))
        return row

    def _update(self, call: Call) -> Reply:
        row, form = self._row(call, "customers"), call.form
        need(form and set(form) <= _WRITABLE, self.error(400, "parameter_unknown", "Received unknown parameter"))
        return self._once(call, lambda: self._changed(row, form))

    def _changed(self, row: dict[str, Any], form: dict[str, str]) -> Reply:
        for name, value in form.items():
            outer, _, inner = name.rstrip("]").partition("[")
            if inner:
                row[outer] = (row[outer] or {}) | {inner: value}
            else:
                row[outer] = value or None
        self.effect("customer.updated", row["id"], fields=sorted(form))
        return Reply(row)

    def _delete(self, call: Call) -> Reply:
        """The customer is gone from the lists; whatever was paid keeps the person."""
        row = self._row(call, "customers")
        del self.table("customers")[row["id"]]
        self.effect("customer.deleted", row["id"])
        return Reply({"id": row["id"], "object": "customer", "deleted": True})

    def _once(self, call: Call, work: Any) -> Reply:
        """What ``Idempotency-Key`` promises."""
        key = call.headers.get("idempotency-key")
        if key is None:
            result: Reply = work()
            return result
        known = self.table("keys").get(key)
        what = f"{call.method} {call.path} {call.body.decode()}"
        if known is None:
            reply: Reply = work()
            self.table("keys")[key] = {"what": what, "body": dict(reply.body), "status": reply.status}
            return reply
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        need(known["what"] == what, self.error(400, "idempotency_key_in_use", message))
        return Reply(known["body"], known["status"], {"Idempotent-Replayed": "true"})

    # ---- redaction

    def _create(self, call: Call) -> Reply:
        wrong_type = call.media_type != "application/x-www-form-urlencoded"
        need(not wrong_type, self.error(400, message="Bodies are forms."))
        given = parse_qsl(call.body.decode(), keep_blank_values=True)
        objects: dict[str, list[str]] = {}
        behaviour = "error"
        for name, value in given:
            kind = name.removeprefix("objects[").partition("]")[0]
            if name == "validation_behavior" and value in ("error", "fix"):
                behaviour = value
            elif kind in _REDACTABLE and name in (f"objects[{kind}][]", f"objects[{kind}][0]"):
                objects.setdefault(kind, []).append(value)
            else:
                return self.error(400, "parameter_unknown", f"Received unknown parameter: {kind}", param=kind)
        need(objects, self.error(400, "parameter_missing", "Missing required param: objects.", param="objects"))
        for customer in objects.get("customers", []):
            missing = self.error(400, "resource_missing", "No such customer", param="objects[customers]")
            need(customer in self.table("customers"), missing)
        return self._once(call, lambda: self._created(objects, behaviour))

    def _created(self, objects: dict[str, list[str]], behaviour: str) -> Reply:
        jobs = self.table("jobs")
        id = "prj_" + hex_of(f"job {len(jobs)}", length=14)
        row = {"id": id, "object": "privacy.redaction_job", "status": "validating", "validation_behavior": behaviour}
        jobs[id] = row | {"livemode": False, "created": int(self.clock.time())}
        self.table("inside")[id] = {"objects": objects, "since": iso(self.clock.now())}
        self.effect("job.created", id)
        return Reply(jobs[id])

    def _job(self, call: Call) -> dict[str, Any]:
        """The job, brought to where the clock says it is."""
        job = self._row(call, "jobs")
        inside = self.table("inside")[job["id"]]
        age = self.clock.now() - datetime.fromisoformat(inside["since"])
        if job["status"] == "validating" and age >= VALIDATING:
            hindered = job["validation_behavior"] == "error" and self._hindrances(inside)
            self._move(job, "failed" if hindered else "ready")
        elif job["status"] == "redacting" and age >= REDACTING:
            for customer in inside["objects"].get("customers", []):
                self._redact(customer)
            self._move(job, "succeeded")
        return job

    def _move(self, job: dict[str, Any], status: str) -> Reply:
        job["status"] = status
        self.table("inside")[job["id"]]["since"] = iso(self.clock.now())
        if status == "failed":
            job["validation_errors"] = self._errors(job)
        return Reply(job)

    def _hindrances(self, inside: dict[str, Any]) -> list[str]:
        customers = inside["objects"].get("customers", [])
        invoices = self.table("invoices").values()
        return [row["id"] for row in invoices if row["customer"] in customers and row["status"] in ("open", "draft")]

    def _errors(self, job: dict[str, Any]) -> dict[str, Any]:
        hindrances = self._hindrances(self.table("inside")[job["id"]])
        data = [
            {
                "code": "invalid_state",
                "erroring_object": {"id": id, "object_type": "invoice"},
                "message": "Not finalized.",
            }
            for id in hindrances
        ]
        url = f"{_JOBS}/{job['id']}/validation_errors"
        return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": url}

    def _redact(self, customer: str) -> None:
        gone = {"name": _GONE, "email": _GONE, "phone": _GONE, "address": None, "description": _GONE}
        self.table("customers")[customer] |= gone
        for row in self.table("invoices").values():
            if row["customer"] == customer:
                row["customer_email"] = _GONE
        for row in self.table("charges").values():
            if row["customer"] == customer:
                row["receipt_email"] = _GONE
        self.effect("customer.redacted", customer)

    def _run(self, call: Call) -> Reply:
        job = self._job(call)
        need(job["status"] == "ready", self.error(400, "invalid_state", "Only a job that is ready can be run."))
        self.effect("job.run", job["id"])
        return self._move(job, "redacting")

    def _validate(self, call: Call) -> Reply:
        job = self._job(call)
        need(job["status"] in ("ready", "failed"), self.error(400, "invalid_state", "Not now."))
        job.pop("validation_errors", None)
        return self._move(job, "validating")

    def _cancel(self, call: Call) -> Reply:
        job = self._job(call)
        need(job["status"] in ("ready", "failed"), self.error(400, "invalid_state", "Only ready or failed jobs."))
        self.effect("job.canceled", job["id"])
        return self._move(job, "canceled")

    def _validation_errors(self, call: Call) -> Reply:
        return Reply(self._errors(self._job(call)))
