"""The processors' own routine deletion, and the freeze that holds it back."""

from datetime import date

import pytest

from sandbox import retention
from sandbox.services import SERVICES
from sandbox.services._service import Service
from sandbox.world import start_again
from tests.sandbox.outside import Outside

BY_NAME: dict[str, Service] = {service.name: service for service in SERVICES}


def kinds(outside: Outside, service: str, person: str = "anna-lindqvist") -> set[str]:
    return {row["kind"] for row in outside.store.records(service, "westra", person)}


class TestRoutine:
    @pytest.mark.parametrize(("service", "kind"), [("telephony", "recordings"), ("guard-company", "images")])
    async def test_f18_passes_over_what_is_frozen_and_takes_it_when_the_freeze_ends(
        self, outside: Outside, service: str, kind: str
    ) -> None:
        """
        F18, R15-11: a frozen recording or picture survives the retention job; nobody else's does.
        """
        start_again(outside.store)
        outside.store.mark(service, "westra", "anna-lindqvist", frozen=True, frozen_until="2027-12-31")
        ran = retention.run(outside.store, BY_NAME[service], today=date(2027, 12, 31))

        assert ran["deleted"] > 0
        assert ran["held_back"] > 0
        assert kind in kinds(outside, service)
        assert kind not in kinds(outside, service, "omar-aziz")
        retention.run(outside.store, BY_NAME[service], today=date(2028, 1, 1))
        assert kind not in kinds(outside, service)

    async def test_leaves_what_is_not_old_yet(self, outside: Outside) -> None:
        """
        Twelve months after 14 September 2026 is 14 September 2027, that day included.
        """
        start_again(outside.store)

        assert retention.run(outside.store, BY_NAME["telephony"], today=date(2027, 9, 14))["deleted"] == 0

    @pytest.mark.parametrize("name", ["billing", "crm"])
    async def test_deletes_nothing_where_nothing_is_old_by_itself(self, outside: Outside, name: str) -> None:
        """
        Invoices go by law and not by routine.
        """
        assert retention.run(outside.store, BY_NAME[name], today=date(2099, 1, 1))["deleted"] == 0
