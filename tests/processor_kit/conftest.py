"""A desk and an Insyn it answers, for the tests of either."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.processor_kit.desk_world import Clerk, a_desk
from tests.processor_kit.receiver import Receiver, a_receiver


@pytest.fixture
async def insyn() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


@pytest.fixture
async def clerk(insyn: Receiver, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Clerk]:
    async with a_desk(tmp_path / "guard", unused_tcp_port, insyn=insyn.url) as clerk:
        yield clerk
