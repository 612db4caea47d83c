"""A simulated vendor on the loopback address and a client of it that logs in as documented."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from sandbox.serving import served
from sandbox.vendors._base import Vendor


@asynccontextmanager
async def calling(vendor: Vendor, **how: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of *vendor*; *how* is what httpx takes (``auth``, ``headers``)."""
    async with served(vendor) as url, httpx.AsyncClient(base_url=url, trust_env=False, **how) as client:
        yield client
