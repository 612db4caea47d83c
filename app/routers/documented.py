"""What the OpenAPI document says of every operation alike: its problems, and how an answer is written."""

from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

_SAYS = {
    400: "The call cannot be read, or lacks a header.",
    401: "No valid access token, or the login is too old.",
    403: "The role may not do this.",
    404: "There is no such thing for this bearer.",
    409: "This cannot be done as things stand.",
    410: "It is too late.",
    412: "The version has moved since it was read.",
    413: "The body is too large.",
    422: "Something in the call is not right; `errors` says where.",
    428: "If-Match is missing.",
    429: "Too many calls; see Retry-After.",
    503: "The service cannot answer just now.",
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """These problems for an operation; 400 and 422 belong to every one."""
    return {
        status: {"description": _SAYS[status], "content": {"application/problem+json": {"schema": _SCHEMA}}}
        for status in sorted({400, 422, *statuses})
    }


#: Behind a login; reading; creating or acting; deciding on a version.
READS = problems(401, 403, 404)
ACTS = problems(401, 403, 404, 409, 413)
DECIDES = problems(401, 403, 404, 409, 412, 413, 428)


def dump(schema: type[BaseModel], view: dict[str, Any]) -> dict[str, Any]:
    """A view as the JSON of *schema*; what is not known is left out."""
    return schema.model_validate(view).model_dump(mode="json", exclude_none=True)


def reply(
    schema: type[BaseModel], view: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer of *schema*."""
    return JSONResponse(dump(schema, view), status, headers)
