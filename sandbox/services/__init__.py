"""The four simulated processors, one file each; what they share stands in the files with an underscore."""

from sandbox.services._service import Service
from sandbox.services.billing import BILLING
from sandbox.services.crm import CRM
from sandbox.services.guard_company import GUARD_COMPANY
from sandbox.services.telephony import TELEPHONY

SERVICES: tuple[Service, ...] = (GUARD_COMPANY, BILLING, CRM, TELEPHONY)
