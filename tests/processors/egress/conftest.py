import socket
from pathlib import Path

import pytest

from tests.processors.egress.world import Authority, Names


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """The name server is the one edge a test cannot have for real."""
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(Path(tmp_path_factory.mktemp("authority")))
