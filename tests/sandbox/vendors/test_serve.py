"""All simulated vendors at once."""

import json

import httpx
import pytest

from app.processors.rest.shelf import connectors
from sandbox.vendors.serve import _login, running, vendors


class TestServing:
    async def test_every_vendor_has_a_port_of_its_own(self) -> None:
        async with running() as urls, httpx.AsyncClient(trust_env=False) as client:
            assert set(urls) == set(vendors())
            assert len(set(urls.values())) == len(urls)
            for url in urls.values():
                assert (await client.get(f"{url}/__control/effects")).json() == []

    @pytest.mark.parametrize("name", sorted(vendors()))
    def test_says_what_a_registration_needs_to_be_let_in(self, name: str) -> None:
        """Settings and secrets as they are registered, or the file that has them."""
        said = _login(name)

        assert said.startswith(("  settings {", "  its logins stand at the top of sandbox/vendors/"))
        if "settings" in said:
            settings, secrets = (json.loads(line.split(" ", 3)[3]) for line in said.splitlines())
            connector = connectors()[name]
            assert set(secrets) == {one for one, kept in connector.secrets.items() if not kept.optional}
            assert set(settings) <= set(connector.settings)

    async def test_no_vendor_answers_a_stranger(self) -> None:
        """Whatever path is tried without authorisation: nothing but a refusal comes back."""
        async with running() as urls, httpx.AsyncClient(trust_env=False) as client:
            for url in urls.values():
                assert (await client.get(f"{url}/no/such/path")).status_code >= 400
