from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.database import TestDatabase
from tests.harness.house import House, Street, a_house, a_street


@pytest.fixture(scope="session")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """The simulated processors, served for all tests of this worker."""
    async with a_street(tmp_path_factory.mktemp("street")) as street:
        yield street


@pytest.fixture
async def house(street: Street, database: TestDatabase, tmp_path: Path) -> AsyncIterator[House]:
    """The service on a database of its own, connected to processors on their first day; nobody works in it yet."""
    async with a_house(street, database, tmp_path) as house:
        yield house
