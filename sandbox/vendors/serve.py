"""
All simulated vendors as real servers, each on a loopback port of its own, to try a connector against by hand.

``python -m sandbox.vendors.serve --base-port 8201 --store .insyn/vendors.sqlite`` prints each name and address, and
serves until it is stopped. A registration of the kind ``rest`` takes the address as ``settings.base_url``; what a
vendor knows, what was done there and what was sent to it is shown at ``/__control/effects`` and ``/__control/calls``.
"""

import argparse
import asyncio
import importlib
import json
import pkgutil
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import sandbox.vendors
from sandbox.serving import served
from sandbox.store import Store
from sandbox.vendors._base import Vendor
from sandbox.vendors.stands import STANDS


def vendors() -> dict[str, type[Vendor]]:
    """Every vendor of this folder by its name, in the order of their names."""
    found: dict[str, type[Vendor]] = {}
    for module in pkgutil.iter_modules(sandbox.vendors.__path__):
        if module.name.startswith("_") or module.name == "serve":
            continue
        contents = vars(importlib.import_module(f"sandbox.vendors.{module.name}")).values()
        found |= {one.name: one for one in contents if isinstance(one, type) and issubclass(one, Vendor) and one.name}
    return dict(sorted(found.items()))


@asynccontextmanager
async def running(
    *, names: Iterable[str] | None = None, base_port: int = 0, store: Store | None = None
) -> AsyncIterator[dict[str, str]]:
    """
    Serve the vendors named (all, if none is) and yield their base URLs by name.

    Raises:
        KeyError: There is no such vendor.
        OSError: A port is taken.
    """
    known = vendors()
    async with AsyncExitStack() as stack:
        urls = {}
        for offset, name in enumerate(known if names is None else names):
            vendor = known[name](store=store)
            urls[name] = await stack.enter_async_context(served(vendor, base_port + offset if base_port else 0))
        yield urls


def _login(name: str) -> str:
    """What a registration has to say to be let in there: settings and secrets; all of it is made up."""
    module = vendors()[name].__module__.replace(".", "/")
    if (stand := STANDS.get(name)) is None or name == "google_analytics":  # whose key is made when it starts
        return f"  its logins stand at the top of {module}.py\n"
    secrets = stand.secrets(vendors()[name]())
    return f"  settings {json.dumps(dict(stand.settings))}\n  secrets {json.dumps(dict(secrets))}\n"


async def _serve(names: list[str] | None, base_port: int, store: Store | None) -> None:
    async with running(names=names, base_port=base_port, store=store) as urls:
        sys.stdout.write("".join(f"{name} {url}\n{_login(name)}" for name, url in urls.items()))
        sys.stdout.flush()
        await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> None:
    """Serve the simulated vendors until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.vendors.serve", description=main.__doc__)
    parser.add_argument("names", nargs="*", help="which vendors; none named: all")
    parser.add_argument(
        "--base-port", "--port", type=int, default=0, help="the first of their ports; 0 (default): free ones"
    )
    parser.add_argument("--store", type=Path, help="an SQLite file to keep what they know over a restart")
    chosen = parser.parse_args(arguments)
    store = Store(chosen.store) if chosen.store else None
    try:
        asyncio.run(_serve(chosen.names or None, chosen.base_port, store))
    except KeyboardInterrupt:
        pass
    finally:
        if store:
            store.close()


if __name__ == "__main__":
    main()
