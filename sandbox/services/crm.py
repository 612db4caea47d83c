"""
A CRM: contact card, consents, notes, offers, orders and referrals.

It says 202 and where to look; there it says 202 until the work is done and 200 with the outcome from then on.
The same resource tells about any task it has seen, and 404 about one it never saw: whoever does not know
whether a task arrived asks first. It does not recognise a task that is simply sent again.
"""

from sandbox.services._service import Service, contract_of

CRM = Service(name="crm", answers="poll", idempotency="query", facts=contract_of)
