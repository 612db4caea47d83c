import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.observability import (
    DROPPED_FIELDS,
    LOGGABLE,
    REQUESTS,
    RequestLog,
    configure_logging,
    drop_unlisted_fields,
    render_metrics,
)

CANARY = "Anna Svensson"
AN_ID = "0190b2c4-1234-7123-8123-123456789012"


class Lines(io.StringIO):
    """What was logged, line by line."""

    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.read_all()[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    kept = (root.handlers[:], root.level, sys.excepthook)
    levels = {name: (one.level, one.propagate, one.disabled) for name, one in _loggers().items()}
    stream = Lines()
    configure_logging("DEBUG", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], level, sys.excepthook = kept
    root.setLevel(level)
    for name, one in _loggers().items():
        one.setLevel(levels.get(name, (logging.NOTSET,))[0])
        one.disabled = levels[name][2] if name in levels else False


def _loggers() -> dict[str, logging.Logger]:
    return {name: one for name, one in logging.root.manager.loggerDict.items() if isinstance(one, logging.Logger)}


def dropped_so_far() -> float:
    return DROPPED_FIELDS._value.get()


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


class TestFields:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (AN_ID, AN_ID),
            (UUID(AN_ID), AN_ID),
            ("0190b2c412347123812312345678901a", "0190b2c412347123812312345678901a"),
            ("INS-2026-ABCDEF", "INS-2026-ABCDEF"),
            ("/v1/requests/{id}", "/v1/requests/{id}"),
            (Colour.RED, "red"),
            (Size.LARGE, 3),
            (date(2026, 11, 22), "2026-11-22"),
            (datetime(2026, 11, 22, 10, tzinfo=UTC), "2026-11-22T10:00:00+00:00"),
            (12.5, 12.5),
            (True, True),
            (None, None),
            (["access", "erasure"], ["access", "erasure"]),
        ],
        ids=str,
    )
    def test_are_ids_codes_and_numbers(self, lines, value, shown):
        """
        What is needed to follow a case through the log.
        """
        structlog.get_logger().info("case.step_taken", reason=value)

        assert lines.last["reason"] == shown
        assert "dropped" not in lines.last

    @pytest.mark.parametrize(
        "value",
        [
            CANARY,
            "anna@example.org",
            "19900101-2385",
            "900101-2385",
            "199001012385",
            "0701740605",
            199001012385,
            "+46701740605",
            "Storgatan 1",
            "Åsa",
            "a\nb",
            "",
            "x" * 121,
            b"anna",
            {"name": "anna"},
            ["access", CANARY],
            ValueError("anna"),
            pytest.param(object(), id="an object"),
        ],
        ids=str,
    )
    def test_are_nothing_else_even_under_an_allowed_name(self, lines, value):
        """
        ``reason=str(error)`` is how personal data gets into logs.
        """
        structlog.get_logger().info("case.step_taken", reason=value, request_id=AN_ID)

        assert "reason" not in lines.last
        assert lines.last["dropped"] == 1
        assert lines.last["request_id"] == AN_ID

    @pytest.mark.parametrize(
        "name", ["name", "email", "message", "identifier", "value", "path", "url", "query", "user"]
    )
    def test_are_on_the_list_or_dropped_and_counted(self, lines, name):
        """
        The list is the control; the count shows that somebody tried.
        """
        before = dropped_so_far()
        structlog.get_logger().warning("case.step_taken", **{name: "code"})

        assert name not in LOGGABLE
        assert name not in lines.last
        assert dropped_so_far() == before + 1

    @given(st.dictionaries(st.sampled_from(["template", "frames", "exception", "where", *sorted(LOGGABLE)]), st.text()))
    def test_never_carry_free_text(self, fields):
        """
        Whatever text is put under whatever name.
        """
        fields.pop("template", None)
        said = drop_unlisted_fields(None, "info", {"event": "case.read", **fields})

        assert all(" " not in str(value) and "@" not in str(value) for value in said.values())

    @pytest.mark.parametrize("name", ["template", "frames", "exception"])
    def test_cannot_be_slipped_in_under_a_name_of_ours(self, lines, name):
        """
        The fields written by the log itself are checked like any other.
        """
        structlog.get_logger().info("case.read", **{name: CANARY})

        assert CANARY not in lines.getvalue()

    @pytest.mark.parametrize("event", [CANARY, "Case read", "case", "case.read.twice", "", "case.läst"])
    def test_need_an_event_with_a_name(self, lines, event):
        """
        ``noun.verb``; a sentence is where values are put.
        """
        structlog.get_logger().info(event, request_id=AN_ID)

        assert lines.last["event"] == "event.unnamed"

    def test_say_when_and_how_grave(self, lines):
        """
        In UTC.
        """
        structlog.get_logger().error("case.read")

        assert lines.last["level"] == "error"
        assert datetime.fromisoformat(lines.last["timestamp"]).tzinfo == UTC

    def test_come_along_from_the_context(self, lines):
        """
        Bound once, on every line; checked like the others.
        """
        with structlog.contextvars.bound_contextvars(task_id=AN_ID, who=CANARY):
            structlog.get_logger().info("task.sent")

        assert lines.last["task_id"] == AN_ID
        assert lines.last["dropped"] == 1


def fails(secret: str) -> None:
    try:
        {}[secret]
    except KeyError as error:
        raise ValueError(f"no such person: {secret}") from error


class TestExceptions:
    def test_are_types_and_places(self, lines):
        """
        Neither text nor local variables: both hold what went wrong, and with whom.
        """
        try:
            fails(CANARY)
        except ValueError:
            structlog.get_logger().exception("case.failed")

        assert lines.last["exception"] == ["builtins.ValueError", "builtins.KeyError"]
        assert lines.last["frames"][0].startswith("tests.test_observability:")
        assert "Anna" not in lines.getvalue()
        assert ".py" not in lines.getvalue()

    def test_are_found_wherever_they_are_given(self, lines):
        """
        As a triple, as themselves, or not at all.
        """
        log = structlog.get_logger()
        log.error("case.failed", exc_info=RuntimeError(CANARY))
        log.error("case.failed", exc_info=(RuntimeError, RuntimeError(CANARY), None))
        log.error("case.failed", exc_info=True)

        assert [line.get("exception") for line in lines.read_all()] == [["builtins.RuntimeError"]] * 2 + [None]
        assert CANARY not in lines.getvalue()

    def test_that_nobody_catches_are_logged_the_same_way(self, lines):
        """
        The interpreter would print their text.
        """
        sys.excepthook(ValueError, ValueError(CANARY), None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

        assert [line["event"] for line in lines.read_all()] == ["process.failed"]
        assert CANARY not in lines.getvalue()


class TestLibraries:
    def test_are_logged_without_their_text(self, lines):
        """
        asyncio puts a lost task's exception into the message, with all it says.
        """
        logging.getLogger("some.library").error(f"lost: ValueError('{CANARY}')")
        logging.getLogger("some.library").warning("lost: %s", CANARY)

        assert CANARY not in lines.getvalue()
        assert [line["event"] for line in lines.read_all()] == ["library.logged"] * 2
        assert lines.last["logger"] == "some.library"
        assert lines.last["where"].startswith("test_observability:")

    def test_give_their_template_where_it_is_a_constant(self, lines):
        """
        An operator wants to read that the server is up; the values stay out.
        """
        logging.getLogger("uvicorn.error").info("Started server process [%s]", CANARY)

        assert lines.last["template"] == "Started server process [%s]"
        assert CANARY not in lines.getvalue()

    @pytest.mark.parametrize(
        ("template", "values", "said"),
        [
            ("Started server process [%d]", (4711,), "Started server process [4711]"),
            (
                "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)",
                ("http", "127.0.0.1", 8000),
                "Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
            ),
        ],
    )
    def test_say_where_the_server_is(self, lines, template, values, said):
        """
        A process's number and the address an operator set are about nobody; unfilled they tell nothing.
        """
        logging.getLogger("uvicorn.error").info(template, *values)

        assert lines.last["template"] == said

    def test_fill_in_nothing_that_is_no_number_or_address(self, lines):
        """
        What does not look like one stays out, whoever put it there.
        """
        logging.getLogger("uvicorn.error").info(
            "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)", "http", CANARY, 8000
        )

        assert lines.last["template"] == "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)"
        assert CANARY not in lines.getvalue()

    async def test_lose_a_task_s_exception_without_telling_on_it(self, lines):
        """
        The loop's own handler goes through the same door.
        """
        asyncio.get_running_loop().call_exception_handler({"message": CANARY, "exception": ValueError(CANARY)})

        assert lines.last["logger"] == "asyncio"
        assert lines.last["exception"] == ["builtins.ValueError"]
        assert CANARY not in lines.getvalue()

    @pytest.mark.parametrize("name", ["httpx", "httpcore.connection", "sqlalchemy.engine", "asyncpg", "pgqueuer"])
    def test_that_log_addresses_and_statements_are_kept_to_warnings(self, lines, name):
        """
        httpx writes every address at INFO, query string included.
        """
        logging.getLogger(name).info("GET /?email=anna@example.org")

        assert lines.getvalue() == ""

    def test_write_no_access_log(self, lines):
        """
        Paths hold ids and tokens; we log routes.
        """
        logging.getLogger("uvicorn.access").info('%s "GET %s"', "127.0.0.1", "/v1/callbacks/token")

        assert lines.getvalue() == ""


def service() -> FastAPI:
    app, inner, outer = FastAPI(), APIRouter(prefix="/requests"), APIRouter(prefix="/v1")

    @inner.get("/{id}")
    async def read(id: str) -> dict[str, str]:
        structlog.get_logger().info("request.read")
        return {}

    @inner.post("/{id}/failure")
    async def fail(id: str) -> None:
        raise ValueError(CANARY)

    outer.include_router(inner)
    app.include_router(outer)
    app.add_middleware(RequestLog)
    return app


async def call(method: str, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(service(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://insyn.example") as client:
        return await client.request(method, path, headers=headers)


class TestRequestLog:
    @pytest.mark.parametrize(
        ("method", "path", "route", "status"),
        [
            pytest.param("GET", "/v1/requests/anna?email=anna", "/v1/requests/{id}", 200, id="found"),
            pytest.param("DELETE", "/v1/requests/anna", "/v1/requests/{id}", 405, id="another method"),
            pytest.param("GET", "/anna/anna", "unmatched", 404, id="no such route"),
            pytest.param("POST", "/v1/requests/anna/failure", "/v1/requests/{id}/failure", 500, id="failed"),
        ],
    )
    async def test_names_the_route_and_never_the_path(self, lines, method, path, route, status):
        """
        Paths hold ids, tokens and whatever somebody typed.
        """
        response = await call(method, path)
        line = next(line for line in lines.read_all() if line["event"] == "http.answered")

        assert response.status_code == status
        assert (line["method"], line["route"], line["status"]) == (method, route, status)
        assert line["duration_ms"] >= 0
        assert "anna" not in lines.getvalue().lower()

    async def test_keeps_a_failure_s_text_to_itself(self, lines):
        """
        The line says which exception and where.
        """
        await call("POST", "/v1/requests/anna/failure")
        line = next(line for line in lines.read_all() if line["event"] == "http.failed")

        assert line["exception"] == ["builtins.ValueError"]
        assert any(place.startswith("tests.test_observability:") for place in line["frames"])

    async def test_marks_lines_and_answer_with_one_id(self, lines):
        """
        So that a complaint about an answer leads to its lines.
        """
        response = await call("GET", "/v1/requests/1")
        ids = {line["call_id"] for line in lines.read_all() if line["event"] in ("request.read", "http.answered")}

        assert ids == {response.headers["x-request-id"]}

    @pytest.mark.parametrize(
        ("sent", "is_kept"),
        [(AN_ID, True), (AN_ID.upper(), True), (CANARY, False), ("19900101-2385", False), ("x" * 5000, False)],
    )
    async def test_takes_over_an_id_only_if_it_is_one(self, lines, sent, is_kept):
        """
        A header is a way into the log like any other.
        """
        response = await call("GET", "/v1/requests/1", **{"X-Request-Id": sent})

        assert (response.headers["x-request-id"] == sent.lower()) is is_kept
        assert UUID(response.headers["x-request-id"])
        assert is_kept or sent not in lines.getvalue()

    async def test_counts_by_route(self, lines):
        """
        Labels are templates and known methods: no visitor can make new ones.
        """
        await call("GET", "/v1/requests/anna")
        await call("ANNA", "/anna")
        text = render_metrics()[0].decode()

        assert 'insyn_http_requests_total{method="GET",route="/v1/requests/{id}",status="200"}' in text
        assert 'insyn_http_requests_total{method="other",route="unmatched",status="404"}' in text
        assert 'insyn_http_request_seconds_count{route="/v1/requests/{id}"}' in text
        assert "anna" not in text.lower()


class TestMetrics:
    def test_are_rendered_in_one_place(self):
        """
        Prometheus' text format; ours only, nothing about the process's environment.
        """
        REQUESTS.labels(right="access", controller="westra", channel="portal").inc()
        body, content_type = render_metrics()

        assert b'insyn_requests_total{channel="portal",controller="westra",right="access"}' in body
        assert content_type.startswith("text/plain")
        assert all(line.startswith(b"insyn_") for line in body.splitlines() if not line.startswith(b"#"))
