import socket
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from app.processors._egress import client as door
from app.processors._egress.pinned import PinnedTransport
from tests.processors.egress.world import LET_THROUGH, Authority, Names
from tests.processors.tls import HOST


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """The name server is the one edge a test cannot have for real."""
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(Path(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Somebody who signs certificates, and whom nobody in the test trusts."""
    return Authority.made_in(Path(tmp_path_factory.mktemp("other-authority")), "Somebody else's CA")


@pytest.fixture
def loopback_counts_as_public(monkeypatch: pytest.MonkeyPatch, names: Names) -> None:
    """The door as outside the sandbox, but that the test's own server may stand at a public name."""
    names.known[HOST] = [[LET_THROUGH]]
    through = partial(PinnedTransport, also=frozenset({IPv4Address(LET_THROUGH)}))
    monkeypatch.setattr(door, "PinnedTransport", through)
