"""The document: OpenAPI 3.1 as it is, and the same for tools that only read 3.0.3."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.schemas.processor_contract import OpenDsrStatus, TaskAnswered, TaskFileSent

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `type` is stable; `errors` names the places, never the values.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/validation-error"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["#/claims/0/right"]},
                    "code": {"type": "string", "enum": ["missing", "unknown", "unfit"]},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """A function that gives *app*'s document, made once."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                webhooks=app.webhooks.routes,
                openapi_version="3.1.0",
            )
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for ours in ("HTTPValidationError", "ValidationError"):
                schemas.pop(ours, None)
            schemas["Problem"] = _PROBLEM
            # A callback's bytes are checked before they are parsed, so no route names their shape by itself.
            for sent in (TaskAnswered, TaskFileSent):
                shape = sent.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas |= shape.pop("$defs") | {sent.__name__: shape}
            schemas["OpenDsrStatus"] = OpenDsrStatus.model_json_schema()
            _without_null(found["components"])
            _without_null(found["webhooks"])
            _without_null(found["paths"])
            app.openapi_schema = found
        return app.openapi_schema

    return made


def _without_null(node: Any) -> None:
    """Absent means unknown: a field that may be left out is no union with null."""
    if isinstance(node, list):
        for one in node:
            _without_null(one)
    if not isinstance(node, dict):
        return
    options = node.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [one for one in options if one != {"type": "null"}]
        if len(rest) == 1:
            del node["anyOf"]
            node |= {key: value for key, value in rest[0].items() if key not in node}
            if node.get("default", 0) is None:
                del node["default"]
    for one in node.values():
        _without_null(one)


def older(newer: dict[str, Any]) -> dict[str, Any]:
    """The same document as OpenAPI 3.0.3; what 3.0 cannot say (webhooks) is left out."""
    made: dict[str, Any] = _downgraded({key: value for key, value in newer.items() if key != "webhooks"})
    info = {key: value for key, value in made["info"].items() if key != "summary"}
    return made | {"openapi": "3.0.3", "info": info}


def _downgraded(node: Any) -> Any:
    if isinstance(node, list):
        return [_downgraded(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _downgraded(value) for key, value in node.items()}
    if "const" in made:
        made["enum"] = [made.pop("const")]
    if isinstance(made.get("examples"), list):
        examples = made.pop("examples")
        if examples and "example" not in made:
            made["example"] = examples[0]
    for edge, old in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if edge in made and not isinstance(made[edge], bool | dict):
            made[old], made[edge] = made[edge], True
    for new in ("contentMediaType", "contentEncoding", "propertyNames", "$defs"):
        if isinstance(made.get(new), str | dict) and "type" in made:
            made.pop(new)
    return made
