"""What holds for every JSON body, whatever the route makes of it: no object names a field twice."""

import json

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from app.domain.plain_json import KeyTwice, once_each


async def no_field_twice(request: Request) -> None:
    """
    Refuse a body that can be read in two ways: whoever looked at it before us may have taken the other one.

    Routes that take no JSON from FastAPI, such as the processors' callbacks, read their bytes themselves.

    Raises:
        RequestValidationError: Of type ``json_field_twice``.
    """
    if getattr(request.scope.get("route"), "body_field", None) is None or not is_json(request):
        return
    try:
        json.loads(await request.body() or b"null", object_pairs_hook=once_each)
    except (KeyTwice, RecursionError):
        raise RequestValidationError([{"type": "json_field_twice", "loc": ("body",)}]) from None


def is_json(request: Request) -> bool:
    """Whether the body is said to be JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
