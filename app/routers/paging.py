"""Lists by cursor: opaque, authenticated, good for the list and the filters it was given for and no other."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from app.routers.dependencies import context_of
from app.routers.refusals import CursorMalformed
from app.vault import Vault

Item = TypeVar("Item")
LONGEST_CURSOR = 400


@dataclass(frozen=True)
class Pages:
    """Where a list is to go on, and how to say where it goes on after that."""

    vault: Vault
    path: str
    filters: tuple[tuple[str, str], ...]
    limit: int
    after: tuple[str, ...] | None

    def of(
        self, found: Sequence[Item], *, place: Callable[[Item], Sequence[object]]
    ) -> tuple[Sequence[Item], dict[str, str]]:
        """
        Cut what was found (asked for: ``limit + 1``) to the page.

        Returns:
            The page's items and its links: ``self``, and ``next`` while there is more.
        """
        items = found[: self.limit]
        links = {"self": self._link(_write(self.vault, self._scope, self.after) if self.after else None)}
        if len(found) > self.limit:
            last = [str(one) for one in place(items[-1])]
            links["next"] = self._link(_write(self.vault, self._scope, last))
        return items, links

    @property
    def _scope(self) -> str:
        return json.dumps([self.path, self.filters])

    def _link(self, cursor: str | None) -> str:
        query = [*self.filters, ("limit", str(self.limit)), *([("cursor", cursor)] if cursor else [])]
        return f"{self.path}?{urlencode(query)}"


def _write(vault: Vault, scope: str, place: Sequence[str]) -> str:
    payload = json.dumps(list(place), separators=(",", ":")).encode()
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (payload, _mark(vault, scope, payload))
    )


def _mark(vault: Vault, scope: str, payload: bytes) -> bytes:
    return vault.blind_index(controller="-", type="cursor", normalised=f"{scope}\x1f{payload.hex()}")[:16]


def _read(vault: Vault, scope: str, cursor: str) -> tuple[str, ...]:
    try:
        payload, mark = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in cursor.split("."))
    except (binascii.Error, ValueError):
        raise CursorMalformed from None
    if not hmac.compare_digest(mark, _mark(vault, scope, payload)):
        raise CursorMalformed
    return tuple(json.loads(payload))


def pages(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR, description="From `next`; opaque.")] = None,
) -> Pages:
    """The call's place in a list; raises :class:`CursorMalformed`."""
    vault = context_of(request).vault
    filters = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in ("limit", "cursor")
    )
    made = Pages(vault, request.url.path, tuple(filters), limit, None)
    if cursor is None:
        return made
    return Pages(vault, made.path, made.filters, limit, _read(vault, made._scope, cursor))


def page(items: list[dict[str, Any]], links: dict[str, str]) -> dict[str, Any]:
    """A list as it is sent."""
    return {"items": items, **links}


Paging = Annotated[Pages, Depends(pages)]
