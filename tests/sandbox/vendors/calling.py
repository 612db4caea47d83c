"""A vendor on a loopback port, and somebody who calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from sandbox.serving import served
from sandbox.vendors._base import Vendor


@asynccontextmanager
async def calling(vendor: Vendor) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose base URL is the vendor's."""
    async with served(vendor) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
