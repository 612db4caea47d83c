from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.processors import running
from sandbox.services._service import Pace
from sandbox.store import Store
from sandbox.world import populate, start_again
from tests.sandbox.outside import Ear, Outside, an_ear, connect_all

QUICK = Pace(callback_after=0.05, poll_after=0.3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The outside world on its first day, connected; for this test alone."""
    store = Store(tmp_path / "outside.sqlite")
    populate(store)
    connect_all(store)
    yield store
    store.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
async def served_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Store, dict[str, str]]]:
    """The four processors, served on free ports for all tests of this worker."""
    store = Store(tmp_path_factory.mktemp("outside") / "outside.sqlite")
    connect_all(store)
    async with running(store, pace=QUICK) as urls:
        yield store, urls
    store.close()


@pytest.fixture
def outside(served_world: tuple[Store, dict[str, str]], client: httpx.AsyncClient) -> Outside:
    """The served processors on their first day."""
    store, urls = served_world
    start_again(store)
    return Outside(store=store, urls=urls, client=client)


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    async with an_ear() as ear:
        yield ear
