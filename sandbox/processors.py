"""
The simulated processors and vendors as real servers, each on a loopback port of its own, and the mailbox beside them.

``python -m sandbox.processors --base-port 8101 --store .insyn/sandbox.sqlite`` serves until it is stopped.
Everything they know lies in the store: stop them, kill them, start them again, and they go on.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx

from sandbox.mailbox import open_mailbox
from sandbox.services import SERVICES
from sandbox.services._base import application
from sandbox.services._callbacks import Callbacks
from sandbox.services._service import Pace, Service
from sandbox.serving import served
from sandbox.store import Store
from sandbox.vendors.stands import open_all
from sandbox.world import populate

_URLS = "urls"


@asynccontextmanager
async def running(
    store: Store,
    *,
    base_port: int = 0,
    pace: Pace | None = None,
    services: tuple[Service, ...] = SERVICES,
    with_vendors: bool = False,
) -> AsyncIterator[dict[str, str]]:
    """
    Serve the processors and yield their base URLs by service name; ``{url}/{controller}`` is an endpoint.

    Args:
        store: The outside world; filled with its people if it is empty.
        base_port: The first of the ports, in the order of *services*; 0 takes free ones.
        pace: How long later answers take.
        services: Which processors.
        with_vendors: Whether the vendors that the profiles name are served too, by their connectors' names.

    Raises:
        OSError: If a port is taken.
    """
    await asyncio.to_thread(populate, store)
    async with AsyncExitStack() as stack:
        # Where the ports are free ones nobody knows the mailbox's, and nobody mails.
        if base_port:
            await stack.enter_async_context(open_mailbox(store, base_port + len(services)))
        urls = {}
        for offset, service in enumerate(services):
            app = application(service, store, pace or Pace())
            port = base_port + offset if base_port else 0
            urls[service.name] = await stack.enter_async_context(served(app, port))
        first = base_port + len(services) + 1 if base_port else 0
        urls |= await _vendors_served(stack, store, first) if with_vendors else {}
        await stack.enter_async_context(_callbacks_sent(store))
        await asyncio.to_thread(store.put_fact, _URLS, urls)
        yield urls


async def _vendors_served(stack: AsyncExitStack, store: Store, first: int) -> dict[str, str]:
    urls = {}
    for offset, (name, vendor) in enumerate((await asyncio.to_thread(open_all, store)).items()):
        urls[name] = await stack.enter_async_context(served(vendor, first + offset if first else 0))
    return urls


def known_urls(store: Store) -> dict[str, str]:
    """Return where the processors were served last, by name; empty before they first ran."""
    return dict(store.fact(_URLS) or {})


@asynccontextmanager
async def _callbacks_sent(store: Store) -> AsyncIterator[None]:
    # trust_env off: a proxy in the environment has no business between two loopback servers.
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        sending = asyncio.create_task(Callbacks(store, client).send_for_ever())
        try:
            yield
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending


async def _serve_until_stopped(store: Store, base_port: int, *, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    parent = os.getppid()
    async with running(store, base_port=base_port, with_vendors=True) as urls:
        sys.stdout.write("".join(f"{name} {url}\n" for name, url in urls.items()))
        sys.stdout.flush()
        while not stop.is_set() and not (with_parent and os.getppid() != parent):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=0.5)


def main(arguments: list[str] | None = None) -> None:
    """Serve the processors until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.processors", description=main.__doc__)
    parser.add_argument(
        "--base-port", type=int, default=0, help="first of the ports: processors, mail, vendors; 0 (default): free ones"
    )
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file of the outside world")
    parser.add_argument("--with-parent", action="store_true", help="stop too when the starting process is gone")
    chosen = parser.parse_args(arguments)
    store = Store(chosen.store)
    try:
        asyncio.run(_serve_until_stopped(store, chosen.base_port, with_parent=chosen.with_parent))
    finally:
        store.close()


if __name__ == "__main__":
    main()
