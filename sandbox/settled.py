"""
What the fictional controllers have settled beside their policies, so that an access answer can be played to its end.

None of it is known of any real company; every text says that it was made up.
"""

from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox.categories import CONTROLLERS

FOLDER = Path(__file__).parent / "supplements"
MADE_UP = {"sv": " [påhittat för sandlådan]", "en": " [made up for the sandbox]"}


def settled_by(controller: str) -> list[dict[str, Any]]:
    """A controller's supplements as the API takes them."""
    text = (FOLDER / f"{controller}.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["supplements"]
    return [one | {language: one[language] + mark for language, mark in MADE_UP.items()} for one in found]


async def settle(client: httpx.AsyncClient, token: str) -> int:
    """
    Tell the service what each controller has settled, as an administrator would; how many facts that were.

    What was settled before stays.

    Raises:
        httpx.HTTPStatusError: If Insyn refuses.
    """
    headers, told = {"Authorization": f"Bearer {token}"}, 0
    for controller in CONTROLLERS:
        path = f"/v1/controllers/{controller}/supplements"
        seen = (await client.get(path, headers=headers)).raise_for_status()
        there = {one["path"] for one in seen.json()["items"]}
        new = [one for one in settled_by(controller) if one["path"] not in there]
        if new:
            match = {"If-Match": seen.headers["etag"]}
            (await client.put(path, json={"supplements": new}, headers=headers | match)).raise_for_status()
            told += len(new)
    return told
