from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from app.observability import describe_exception, drop_unlisted_fields
from tests.harness.database import TestServer
from tests.harness.house import House
from tests.services.street import Street, a_house, a_street


@pytest.fixture(scope="session")
async def street(
    test_server: TestServer, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Street]:
    """The simulated processors, served for all tests of this worker, and a furnished house to copy."""
    async with a_street(tmp_path_factory.mktemp("street"), test_server, worker_id) as street:
        yield street


@pytest.fixture(scope="module", autouse=True)
def _plain_log() -> Iterator[None]:
    """Log as plainly as a process does: structlog's own default draws every traceback with all local variables."""
    structlog.configure(
        processors=[describe_exception, drop_unlisted_fields, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=StringIO()),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
async def house(street: Street, tmp_path: Path) -> AsyncIterator[House]:
    """The service on a database of its own, connected to processors on their first day; nobody works in it yet."""
    async with a_house(street, tmp_path) as house:
        yield house
