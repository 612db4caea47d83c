"""The document that clients are made from."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.routers.conftest import Count


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


class TestDocument:
    def test_names_every_operation_once_under_one_tag(self, document: dict[str, Any]) -> None:
        """
        Generated clients have one method an operation, camelCase, in one group.
        """
        found = dict(operations(document))
        ids = [one["operationId"] for one in found.values()]

        assert len(set(ids)) == len(ids)
        assert [name for name, one in found.items() if len(one["tags"]) != 1] == []
        assert [one for one in ids if not one.isidentifier() or not one[0].islower() or "_" in one] == []

    def test_documents_problems_as_problems(self, document: dict[str, Any]) -> None:
        """
        No error is documented in the framework's own shape.
        """
        for name, operation in operations(document):
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (name, status)

        assert "HTTPValidationError" not in document["components"]["schemas"]

    def test_has_no_null_in_it(self, document: dict[str, Any]) -> None:
        """
        Absent is unknown; no union with null.
        """
        assert [one for one in nodes(document) if one.get("type") == "null"] == []

    def test_shows_an_example_of_every_body(self, document: dict[str, Any]) -> None:
        """
        Whoever reads it can send something that works.
        """
        schemas = document["components"]["schemas"]
        lacking = []
        for name, operation in operations(document):
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            named = content["schema"].get("$ref", "").rpartition("/")[2]
            if "example" not in content and "examples" not in schemas.get(named, content["schema"]):
                lacking.append(name)

        assert lacking == []

    async def test_is_there_for_older_tools(self, client: httpx.AsyncClient, document: dict[str, Any]) -> None:
        """
        3.0.3 has the same operations and none of the words that came with 3.1.
        """
        older = (await client.get("/openapi-3.0.json")).json()

        assert older["openapi"] == "3.0.3"
        assert dict(operations(older)).keys() == dict(operations(document)).keys()
        schemas = list(nodes(older["components"]["schemas"]))
        assert [one for one in schemas if isinstance(one.get("type"), list) or "const" in one] == []
        assert [one for one in schemas if type(one.get("exclusiveMinimum")) in (int, float)] == []


class TestSystem:
    async def test_is_ready_when_everything_stands(self, client: httpx.AsyncClient) -> None:
        """
        Database, migrations, role, clock and keys; each said by name.
        """
        answer = await client.get("/readyz")

        assert answer.status_code == 200
        assert set(answer.json()["checks"].values()) == {"ok"}

    async def test_is_not_ready_on_another_migration(self, app: Any, client: httpx.AsyncClient) -> None:
        """
        503, and which check failed, without its details.
        """
        app.state.migration_head = "0000"
        answer = await client.get("/readyz")

        assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "failed")

    async def test_tells_where_tokens_come_from(self, client: httpx.AsyncClient) -> None:
        """
        RFC 9728.
        """
        answer = await client.get("/.well-known/oauth-protected-resource")

        assert answer.json()["resource"] == "https://insyn.example.com"

    async def test_counts_calls_by_route_and_never_by_path(self, client: httpx.AsyncClient, count: Count) -> None:
        """
        Figures hold templates.
        """
        await client.get("/v1/intake/westra")
        figures = (await client.get("/metrics")).text

        assert 'route="/v1/intake/{controller}"' in figures
        assert "intake/westra" not in figures
