"""
What may be said about the service while it runs: log lines and figures, neither with personal data.

A log line is an event named ``noun.verb`` with fields from :data:`LOGGABLE`, whose values look like ids, codes or
numbers. Everything else is dropped and counted: the list is the control, not the care of whoever logs. An exception
is its type and where it came from; its text is foreign and never written, nor are local variables. The libraries'
own logs go the same way, without their text.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator, MutableMapping
from datetime import date
from enum import Enum
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID, uuid4

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

# --- figures ---------------------------------------------------------------------------------------------------------

REGISTRY = CollectorRegistry()
REQUESTS = Counter("insyn_requests", "Requests received", ["right", "controller", "channel"], registry=REGISTRY)
TASKS = Counter("insyn_tasks", "Tasks that ended", ["outcome"], registry=REGISTRY)
DUE_SOON = Gauge("insyn_due_soon", "Open requests due within five working days", ["controller"], registry=REGISTRY)
ALARMS = Counter("insyn_alarms", "Alarms raised for requests", ["alarm", "controller"], registry=REGISTRY)
LANE_BREAKER = Gauge(
    "insyn_lane_breaker", "0 closed, 0.5 trying, 1 open", ["controller", "processor"], registry=REGISTRY
)
LANE_RESTS = Gauge("insyn_lane_rests", "1 while a lane rests", ["controller", "processor"], registry=REGISTRY)
LANE_OPENED = Counter("insyn_lane_opened", "Breakers opened", ["controller"], registry=REGISTRY)
HTTP_REQUESTS = Counter("insyn_http_requests", "HTTP requests", ["route", "method", "status"], registry=REGISTRY)
HTTP_SECONDS = Histogram("insyn_http_request_seconds", "Time to answer", ["route"], registry=REGISTRY)
DROPPED_FIELDS = Counter("insyn_log_fields_dropped", "Log fields that were not allowed out", registry=REGISTRY)


def serve_metrics(port: int, *, addr: str) -> None:
    """Show this process's figures over HTTP, in a thread of their own; for a process that serves nothing else."""
    start_http_server(port, addr=addr, registry=REGISTRY)


def render_metrics() -> tuple[bytes, str]:
    """Return the figures in Prometheus' text format and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


# --- what a line may say ---------------------------------------------------------------------------------------------

_OF_THE_LINE = {"event", "level", "timestamp", "logger", "where", "template", "exception", "frames", "dropped"}
_IDS = {"request_id", "reference", "claim_id", "task_id", "attempt_id", "letter_id", "package_id", "approval_id"}
_MORE_IDS = {
    "file_id",
    "mail_id",
    "event_id",
    "job_id",
    "call_id",
    "controller",
    "processor",
    "worker",
    "lane",
    "job",
    "version",
}
_CODES = {"right", "action", "outcome", "step", "phase", "status", "state", "reason", "fault", "code", "ground", "kind"}
_MORE_CODES = {"channel", "role", "problem", "method", "route", "due_on", "next_at", "port"}
_AMOUNTS = {"attempt", "attempts", "count", "size", "limit", "concurrency", "seconds", "duration_ms", "retry_after"}
_MORE_AMOUNTS = {"actions", "woken"}
#: Every field a line may have. Add a name only if no value of it can ever be about a person.
LOGGABLE = frozenset(_OF_THE_LINE | _IDS | _MORE_IDS | _CODES | _MORE_CODES | _AMOUNTS | _MORE_AMOUNTS)

_EVENT = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*", re.ASCII)
# No spaces, no '@', no '+', only ascii: names, sentences, addresses and E.164 do not pass.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/{}<>-]{1,120}", re.ASCII)
# A personnummer or telephone number has ten digits or more in a row, but for a sign.
_MANY_DIGITS = re.compile(r"(?<![0-9a-f-])[0-9]{6,8}-?[0-9]{4}(?![0-9a-f-])")


def drop_unlisted_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Let only fields through that can hold no personal data; say and count how many did not."""
    said: dict[str, Any] = {}
    for key, value in event.items():
        shown = value if key == "template" else _shown(value)
        if key in LOGGABLE and shown is not _UNSAFE:
            said[key] = shown
    if not _EVENT.fullmatch(str(said.get("event"))):
        said["event"] = "event.unnamed"
    dropped = len(event.keys() - said.keys())
    if dropped:
        DROPPED_FIELDS.inc(dropped)
        said["dropped"] = dropped
    return said


_UNSAFE = object()


def _shown(value: Any) -> Any:
    match value:
        case None | bool() | float():
            return value
        case Enum():
            return _shown(value.value)
        case int() if abs(value) < 10**9:  # longer numbers are telephones and personnummer rather than counts
            return value
        case UUID():
            return str(value)
        case date():  # and datetime
            return value.isoformat()
        case str() if _PLAIN.fullmatch(value) and not _MANY_DIGITS.search(value):
            return str(value)
        case list() | tuple() | set() | frozenset() if len(value) <= 50:
            shown = [_shown(one) for one in value]
            return _UNSAFE if any(one is _UNSAFE for one in shown) else shown
    return _UNSAFE


def _give_template(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """``template`` is written unchecked, so only here and only for libraries whose messages are constants."""
    event.pop("template", None)
    record = event.pop("_record", None)
    if isinstance(record, logging.LogRecord) and record.name.split(".")[0] in _CONSTANT_MESSAGES:
        event["template"] = _filled(record) if record.msg in _FILLED_MESSAGES else str(record.msg)
    return event


def _filled(record: logging.LogRecord) -> str:
    """A start line with its values, where each is what it must be: a number, or a plain word or address."""
    values = record.args if isinstance(record.args, tuple) else ()
    try:
        return record.getMessage() if all(_shown(one) is not _UNSAFE for one in values) else str(record.msg)
    except (TypeError, ValueError):
        return str(record.msg)


def describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put an exception's type (with its causes') and places in the line; never its text, never local variables."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        chain = list(_with_causes(error))
        event["exception"] = [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
        event["frames"] = [place for one in chain for place in _places(one.__traceback__)][-30:]
    return event


def _with_causes(error: BaseException, *, at_most: int = 5) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(at_most):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _places(traceback: TracebackType | None) -> list[str]:
    """``module:line``, outermost first; module names instead of paths, which name machines and people's homes."""
    places = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places


# --- logging ---------------------------------------------------------------------------------------------------------

#: Libraries whose message templates are constants and useful to read; of all others only the place is logged, for
#: some put values into the text themselves (asyncio: the exception of a lost task, with all it says).
_CONSTANT_MESSAGES = frozenset({"uvicorn", "alembic"})
#: The server's own words as it starts and ends: a process's number, and the scheme, host and port that an operator set.
_FILLED_MESSAGES = frozenset(
    {
        "Started server process [%d]",
        "Finished server process [%d]",
        "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)",
        "Uvicorn running on %s://[%s]:%d (Press CTRL+C to quit)",
    }
)
#: httpx and httpcore log every address at INFO, query string included; SQLAlchemy and asyncpg log statements.
_WARNINGS_ONLY = ("httpx", "httpcore", "sqlalchemy", "asyncpg", "pgqueuer", "asyncio", "urllib3")


class _Foreign(logging.Handler):
    """Turns a library's log record into a line of ours: who, how grave, where, what type of exception."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelno if record.levelno in (10, 20, 30, 40, 50) else logging.INFO
        line: dict[str, Any] = {"logger": record.name, "where": f"{record.module}:{record.lineno}", "_record": record}
        structlog.get_logger().log(level, "library.logged", exc_info=record.exc_info or None, **line)


def configure_logging(level: str = "INFO", *, stream: TextIO | None = None) -> None:
    """
    Send every line of this process, ours and the libraries', as JSON to *stream* (default: standard error).

    Call it once, first thing; start uvicorn with ``log_config=None, access_log=False``. Uncaught exceptions of the
    process are logged the same way instead of being printed with their text.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _give_template,
            describe_exception,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_unlisted_fields,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)  # ours counts, whatever a server in this process set before
    logging.getLogger("uvicorn.access").disabled = True  # it logs paths; request_log logs routes
    for name in _WARNINGS_ONLY:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, traceback))


# --- the web's own log -----------------------------------------------------------------------------------------------

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CALL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RequestLog:
    """
    ASGI middleware, to be the outermost: one line and two figures a request.

    Logs method, route template, status and milliseconds; never the path, the query or a header. Answers carry
    ``X-Request-Id``: the caller's if it is a UUID, else a new one; every line of the request has it as ``call_id``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call_id, begun, status = _call_id(scope), time.perf_counter(), 500
        scope.setdefault("state", {})["call_id"] = call_id  # for the handler of a 500, which answers further out

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = call_id
            await send(message)

        with structlog.contextvars.bound_contextvars(call_id=call_id):
            try:
                await self._app(scope, receive, send_marked)
            except Exception:
                # The answer is made further out (500); here the line is written while the exception is at hand.
                structlog.get_logger().exception("http.failed", route=route_of(scope))
                raise
            finally:
                _record(scope, status=status, seconds=time.perf_counter() - begun)


def _record(scope: Scope, *, status: int, seconds: float) -> None:
    route, method = route_of(scope), scope["method"] if scope["method"] in _METHODS else "other"
    HTTP_REQUESTS.labels(route=route, method=method, status=str(status)).inc()
    HTTP_SECONDS.labels(route=route).observe(seconds)
    structlog.get_logger().info(
        "http.answered", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1)
    )


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The template of the route that was taken (``/v1/requests/{id}``), or ``unmatched``; never the path itself."""
    # FastAPI keeps an included router's own, unprefixed route in scope["route"]; the whole one is beside it.
    context = (scope.get("fastapi") or {}).get("effective_route_context") or scope.get("route")
    template = getattr(context, "path_format", None) or getattr(context, "path", None)
    return template if isinstance(template, str) else "unmatched"


def _call_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1").lower()
            return text if _CALL_ID.fullmatch(text) else str(uuid4())
    return str(uuid4())
