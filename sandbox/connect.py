"""
Introduces the simulated processors to Insyn, the way any administrator would: through the API.

Every processor whose profile names a sandbox service gets a secret of its own, the address where that service stands
today, and is switched on; one that uses a connector gets the account that the simulated vendor gives out. Doing it
again changes nothing.
"""

import asyncio
import base64
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import httpx

from sandbox.categories import CONTROLLERS
from sandbox.desks import desk_of
from sandbox.services._opendsr import domain_of, papers
from sandbox.store import Connection, Store
from sandbox.vendors.stands import SECRETS, STANDS


async def connect(client: httpx.AsyncClient, urls: Mapping[str, str], token: str, store: Store) -> list[Connection]:
    """
    Connect every sandbox processor and return what was changed; nothing changed, nothing returned.

    Args:
        client: A client whose base URL is Insyn's.
        urls: Base URLs of the simulated processors by service name.
        token: An administrator's access token for all controllers.
        store: Where the processors find the secrets shared with Insyn.

    Raises:
        httpx.HTTPStatusError: If Insyn refuses.
    """
    headers = {"Authorization": f"Bearer {token}"}
    changed = []
    for controller in CONTROLLERS:
        async for processor in _processors(client, headers, controller):
            if processor.get("kind") == "email":
                await _switch_on(client, headers, processor)
            service = str(processor.get("sandbox_service"))
            kind = processor.get("kind")
            if kind == "rest":
                await _account_at(client, headers, processor, urls, store)
            if kind not in ("webhook", "opendsr") or service not in urls:
                continue
            ours = await asyncio.to_thread(_known, store, controller, processor["id"], service)
            below = "/v2" if kind == "opendsr" else ""
            wanted = replace(ours, endpoint=f"{urls[service]}/{controller}{below}")
            if await _bring_in_line(client, headers, processor, ours, wanted, store):
                changed.append(wanted)
    return changed


async def _switch_on(client: httpx.AsyncClient, headers: dict[str, str], processor: dict[str, Any]) -> None:
    """A recipient by mail needs nothing but its address: the one its settings name, or its desk's in the sandbox."""
    settings = processor.get("settings", {})
    settings = {"address": desk_of(processor.get("key"))} | settings
    if processor.get("state") != "unconnected" or not settings["address"]:
        return
    path = f"/v1/processors/{processor['id']}"
    await _patch(client, headers, path, {"settings": settings, "state": "active"})


async def _account_at(
    client: httpx.AsyncClient, headers: dict[str, str], processor: dict[str, Any], urls: Mapping[str, str], store: Store
) -> None:
    """Connect a registration to its simulated vendor: the account's settings and secrets, and where it is served."""
    name = str(processor["settings"].get("connector"))
    if name not in urls or name not in STANDS:
        return
    wanted = processor["settings"] | STANDS[name].settings | {"base_url": urls[name]}
    if processor["settings"] == wanted and processor["state"] == "active":
        return
    path = f"/v1/processors/{processor['id']}"
    # The place first, then its secrets: to another place than before none goes along.
    await _patch(client, headers, path, {"settings": wanted})
    secrets_of: dict[str, dict[str, str]] = await asyncio.to_thread(store.fact, SECRETS)
    for secret, value in secrets_of[name].items():
        await _tell(client, headers, path, {"secret": value, "name": secret})
    await _patch(client, headers, path, {"state": "active"})


async def _patch(client: httpx.AsyncClient, headers: dict[str, str], path: str, change: dict[str, Any]) -> None:
    current = (await client.get(path, headers=headers)).raise_for_status()
    match = {"If-Match": current.headers["etag"]}
    (await client.patch(path, json=change, headers=headers | match)).raise_for_status()


async def _tell(client: httpx.AsyncClient, headers: dict[str, str], path: str, secret: dict[str, str]) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    (await client.post(f"{path}/secrets", json=secret, headers=headers | key)).raise_for_status()


async def _processors(
    client: httpx.AsyncClient, headers: dict[str, str], controller: str
) -> AsyncIterator[dict[str, Any]]:
    link: str | None = f"/v1/processors?controller={controller}"
    while link:
        page = (await client.get(link, headers=headers)).raise_for_status().json()
        for processor in page["items"]:
            yield processor
        link = page.get("next")


def _known(store: Store, controller: str, processor: str, service: str) -> Connection:
    for connection in store.connections(service, controller):
        if connection.processor == processor:
            return connection
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return Connection(controller=controller, processor=processor, service=service, secret=secret)


def _secrets(store: Store, processor: dict[str, Any], ours: Connection) -> list[dict[str, str]]:
    """What Insyn is told once: what signs a webhook; what lets it in over OpenDSR, and the CA that vouches there."""
    if processor.get("kind") != "opendsr":
        return [{"secret": ours.secret}]
    ca = papers(store, ours.service)["ca.pem"]
    return [{"name": "token", "secret": ours.secret}, {"name": "ca", "secret": ca}]


async def _bring_in_line(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    processor: dict[str, Any],
    ours: Connection,
    wanted: Connection,
    store: Store,
) -> bool:
    """Say whether anything had to be told to Insyn."""
    there = processor.get("endpoint")
    if there == ours.endpoint == wanted.endpoint and processor.get("state") == "active":
        return False
    path = f"/v1/processors/{processor['id']}"
    change: dict[str, Any] = {"endpoint": wanted.endpoint}
    if processor.get("kind") == "opendsr":
        # Its domain is no host of this machine, and nobody plays for an hour.
        usual = {"domain": domain_of(ours.service), "poll_seconds": 1}
        change["settings"] = usual | dict(processor.get("settings") or {})
    # Another address is switched on by a change of its own. What lets Insyn in does not go along; what only signs does.
    leads_elsewhere = there not in (None, wanted.endpoint)
    if leads_elsewhere:
        await _patch(client, headers, path, change)
    if ours.endpoint is None or there is None or (leads_elsewhere and processor.get("kind") == "opendsr"):
        # Written down before it is sent: a crash in between must not leave Insyn with a secret nobody has.
        await asyncio.to_thread(store.connect, replace(ours, endpoint=None))
        for secret in await asyncio.to_thread(_secrets, store, processor, ours):
            await _tell(client, headers, path, secret)
    await _patch(client, headers, path, change | {"state": "active"})
    await asyncio.to_thread(store.connect, wanted)
    return True
