"""
A guard company: alarm history, zones, key holders, call-outs and contact persons.

It says 202 at once and reports later by a signed callback, which it repeats until it is taken. A task that
comes twice under one Idempotency-Key is done once.
"""

from sandbox.services._service import Service, contract_of

GUARD_COMPANY = Service(
    name="guard-company", answers="callback", idempotency="yes", facts=contract_of, kept_months={"images": 12}
)
