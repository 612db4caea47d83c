"""All simulated vendors at once."""

import httpx

from sandbox.vendors.serve import running, vendors


class TestServing:
    async def test_every_vendor_has_a_port_of_its_own(self) -> None:
        async with running() as urls, httpx.AsyncClient(trust_env=False) as client:
            assert set(urls) == set(vendors())
            assert len(set(urls.values())) == len(urls)
            for url in urls.values():
                assert (await client.get(f"{url}/__control/effects")).json() == []

    async def test_no_vendor_answers_a_stranger(self) -> None:
        """Whatever path is tried without authorisation: nothing but a refusal comes back."""
        async with running() as urls, httpx.AsyncClient(trust_env=False) as client:
            for url in urls.values():
                assert (await client.get(f"{url}/no/such/path")).status_code >= 400
