"""Errors on the wire: each has a status and a meaning, none says more than it should."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from sqlalchemy import text

from app.db import Database, Tx
from app.domain.errors import DomainError
from app.main import create_app
from app.routers.dependencies import Staff
from app.routers.problem_kinds import KINDS
from app.routers.problem_words import TITLES
from app.routers.problems import kind_of, slug_of
from app.services.context import Context
from tests.routers.conftest import AGENT, ANNA_BEARER, Believer, Count, File

SECRET = "anna.svensson@example.org"


def refusals(of: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for one in of.__subclasses__():
        if one.__module__.startswith("app."):
            yield one
        yield from refusals(one)


REFUSALS: list[type[DomainError]] = sorted(set(refusals()), key=slug_of)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://insyn.example.com")


broken = APIRouter()


@broken.get("/broken")
async def fail() -> None:
    raise ValueError(SECRET)


@broken.get("/unlike")
async def refuse() -> None:
    raise HTTPException(409, "Not like this.")


@broken.post("/alone")
async def approve_alone(work: Staff) -> None:
    """Gets past the service; the database is the last to say no."""
    await work.tx.session.execute(text("UPDATE approval SET decided_by = asked_by, verdict = 'approved'"))


class BreaksOnCommit(Database):
    """A database that fails when it is to commit."""

    @asynccontextmanager
    async def transaction(self, controllers: Iterable[str] = (), *, sees_protected: bool = True) -> AsyncIterator[Tx]:
        async with super().transaction(controllers, sees_protected=sees_protected) as tx:
            yield tx
            raise ConnectionResetError(SECRET)


class TestProblem:
    @pytest.mark.parametrize("refusal", REFUSALS)
    def test_has_a_status_and_words(self, refusal: type[DomainError]) -> None:
        """
        No refusal leaves the house without a place in the table.
        """
        kind = kind_of(refusal)

        assert kind.status in TITLES
        assert kind.sv.endswith(".")

    def test_types_are_told_apart(self) -> None:
        """
        Two refusals never share a type.
        """
        assert len({slug_of(kind) for kind in KINDS}) == len(KINDS)

    @pytest.mark.parametrize(("language", "said"), [("sv", "Det finns ingen"), ("en-GB, sv;q=0.5", "There is no")])
    async def test_is_explained_in_the_readers_language(
        self, client: httpx.AsyncClient, language: str, said: str
    ) -> None:
        """
        Its type is an address that says what it means.
        """
        path = "/v1/requests/01990000-0000-7000-8000-000000000000"
        answer = await client.get(path, headers=AGENT.headers(**{"Accept-Language": language}))
        explained = await client.get(answer.json()["type"], headers={"Accept-Language": language})

        assert answer.json()["detail"].startswith(said)
        assert explained.json()["detail"] == answer.json()["detail"]
        assert answer.json()["instance"] == path

    async def test_never_repeats_an_unknown_path(self, client: httpx.AsyncClient) -> None:
        """
        What somebody typed into an address stays out of the answer.
        """
        answer = await client.get(f"/v1/{SECRET}")

        assert answer.status_code == 404
        assert "svensson" not in answer.text

    async def test_never_repeats_a_token(self, client: httpx.AsyncClient) -> None:
        """
        A path with a secret in it is named by its template.
        """
        token = "westra." + "x" * 43
        answer = await client.get(f"/v1/downloads/{token}", headers=ANNA_BEARER.headers())

        assert answer.json()["instance"] == "/v1/downloads/{token}"
        assert "xxx" not in answer.text

    async def test_of_a_wrong_method_names_the_right_ones(self, client: httpx.AsyncClient) -> None:
        """
        405 has an Allow header (RFC 9110 15.5.6).
        """
        answer = await client.put("/livez")

        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
        assert answer.json()["type"] == "/problems/method-not-allowed"

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/v1/requests", "GET, POST"),
            ("PUT", "/v1/self-service/requests", "GET, POST"),
            ("POST", "/v1/processors/01990000-0000-7000-8000-000000000000", "GET, PATCH, DELETE"),
        ],
    )
    async def test_of_a_wrong_method_names_those_of_every_route(
        self, client: httpx.AsyncClient, method: str, path: str, allowed: str
    ) -> None:
        """
        RFC 9110 10.2.1: Allow lists the methods of the resource, however many routes it is made of.
        """
        answer = await client.request(method, path, headers=AGENT.headers())

        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)

    async def test_with_words_of_a_route_keeps_them(self, ctx: Context) -> None:
        """
        What a route says about its refusal is more than its status does.
        """
        app = create_app(ctx, verifier=Believer(), extra_routers=[broken])
        async with client_of(app) as client:
            answer = await client.get("/unlike")

        assert (answer.status_code, answer.json()["detail"]) == (409, "Not like this.")

    async def test_of_ours_says_nothing_of_its_cause(self, ctx: Context) -> None:
        """
        Whatever surprises us is a 500 without text, type or place.
        """
        app = create_app(ctx, verifier=Believer(), extra_routers=[broken])
        async with client_of(app) as client:
            answer = await client.get("/broken")

        assert (answer.status_code, answer.json()["type"]) == (500, "/problems/fault")
        assert "svensson" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestCommit:
    async def test_comes_before_the_answer(self, ctx: Context, count: Count) -> None:
        """
        Nobody is told of a request that was not kept.
        """
        before = await count()
        database = BreaksOnCommit.on_connection(ctx.database._bind)  # type: ignore[arg-type]
        app = create_app(replace(ctx, database=database), verifier=Believer())
        async with client_of(app) as client:
            answer = await client.post(
                "/v1/self-service/requests", json={"claims": [{"right": "access"}]}, headers=ANNA_BEARER.headers()
            )

        assert answer.status_code == 500
        assert "svensson" not in answer.text
        assert await count() == before

    async def test_is_refused_by_the_database_where_two_people_are_needed(self, ctx: Context, file: File) -> None:
        """
        The rule of two people holds even if the service forgot it.
        """
        app = create_app(ctx, verifier=Believer(), extra_routers=[broken])
        async with client_of(app) as client:
            request = await file("erasure")
            await client.post(
                f"/v1/requests/{request['id']}/claims/{request['claims'][0]['id']}/decision",
                json={"outcome": "granted", "plan": {"facts": {"contract": "ended"}}},
                headers=AGENT.headers(**{"If-Match": '"1"'}),
            )
            answer = await client.post("/alone", headers=AGENT.headers())

        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/second-person-needed")
