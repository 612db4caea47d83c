"""
A telephony provider: recorded calls with transcripts, the person's voice and the agent's.

It answers on the spot and remembers nothing: every call it accepts is carried out, also the second time.
"""

from sandbox.services._service import Service

TELEPHONY = Service(name="telephony", answers="sync", idempotency="no", kept_months={"recordings": 12})
