"""Reading items, page after page, with a cap on both, and never off the host that was asked."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.domain.fanout import Outcome
from app.domain.working_days import months_later
from app.processors.rest.decoding import Unreadable
from app.processors.rest.expressions import Scope
from app.processors.rest.extraction import is_true, items_of, one
from app.processors.rest.filters import MISSING
from app.processors.rest.grammar_calls import Cursor, Link, Offset, PageNumber, Reading, Request, TimeWindow
from app.processors.rest.places import NotAllowed
from app.processors.rest.reply import Reply
from app.processors.rest.run import Run, Stop

_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;[^,<]*\brel="?next"?', re.IGNORECASE)
_SPAN = re.compile(r"(\d+)([YMWD])")


@dataclass(frozen=True)
class Page:
    """What one call brought."""

    items: list[Any]
    reply: Reply


async def read(run: Run, reading: Reading, scope: Scope, *, first_only: bool = False) -> list[Any]:
    """
    Everything that a reading brings; with *first_only* its first page with something on it.

    Raises:
        Stop: A call stopped the order, more came than anybody's data are, or the pages go round in a circle.
    """
    items: list[Any] = []
    async for page in _pages(run, reading, scope):
        items += page.items
        if len(items) > reading.max_items:
            raise Stop(Outcome.REFUSED, "too_many_items", message="More came than can be one person's.")
        if first_only and items:
            break
    return items


async def _pages(run: Run, reading: Reading, scope: Scope) -> AsyncIterator[Page]:
    paging = reading.paginate
    match paging:
        case None:
            if (page := await _page(run, reading, scope, reading.request)) is not None:
                yield page
            return
        case PageNumber() | Offset():
            pages = _numbered(run, reading, scope, paging)
        case Cursor():
            pages = _cursored(run, reading, scope, paging)
        case Link():
            pages = _linked(run, reading, scope, paging)
        case TimeWindow():
            pages = _windowed(run, reading, scope, paging)
    read, last = 0, b""
    async for page in pages:
        if page.items and page.reply.decoded.raw == last and not isinstance(paging, TimeWindow):
            raise Stop(Outcome.FAILED, "paging_loop")  # the vendor shows the same page again and again
        last = page.reply.decoded.raw
        yield page
        read += 1
        if read >= paging.max_pages:
            raise Stop(Outcome.REFUSED, "too_many_pages", message="More pages came than can be one person's.")


async def _page(run: Run, reading: Reading, scope: Scope, request: Request, url: str | None = None) -> Page | None:
    """One page; None where the answer says that there is nothing. Reading twice is as good as once, by POST too."""
    request = request.model_copy(update={"repeatable": request.repeatable is not False})
    if url is None:
        reply, verdict = await run.ask(reading, scope, request=request)
    else:
        reply = await run.sending(request, scope, url=url)
        verdict = run.judged(reply, reading, request)
    if verdict.outcome == "no_match":
        return None
    try:
        return Page(items_of(reading.items, reply.decoded, reply.headers), reply)
    except Unreadable as error:
        raise Stop(Outcome.RETRY, error.code) from None


def _with(request: Request, place: str, names: dict[str, Any]) -> Request:
    if place == "json":
        body = request.json_body if isinstance(request.json_body, dict) else {}
        return request.model_copy(update={"json_body": {**body, **names}})
    return request.model_copy(update={"query": {**request.query, **names}})


async def _numbered(run: Run, reading: Reading, scope: Scope, paging: PageNumber | Offset) -> AsyncIterator[Page]:
    at: int = paging.start if isinstance(paging, PageNumber) else 0
    size = {paging.size_param: paging.size} if paging.size_param and paging.size else {}
    while True:
        page = await _page(run, reading, scope, _with(reading.request, "query", {paging.param: at, **size}))
        if page is None:
            return
        yield page
        short = not page.items or (paging.stop == "short" and paging.size is not None and len(page.items) < paging.size)
        if short or (isinstance(paging, PageNumber) and _was_last(paging, page, at)):
            return
        at += 1 if isinstance(paging, PageNumber) else len(page.items)


def _was_last(paging: PageNumber, page: Page, at: int) -> bool:
    if paging.stop != "total_pages" or paging.total_pages is None:
        return False
    total = _one(paging.total_pages, page)
    return not str(total).isdecimal() or at + 1 - paging.start >= int(total)


def _one(where: Any, page: Page) -> Any:
    try:
        return one(where, page.reply.decoded, page.reply.headers)
    except Unreadable:
        return MISSING


async def _cursored(run: Run, reading: Reading, scope: Scope, paging: Cursor) -> AsyncIterator[Page]:
    request, seen = reading.request, set[str]()
    while True:
        page = await _page(run, reading, scope, request)
        if page is None:
            return
        yield page
        cursor = _one(paging.cursor, page)
        if cursor is MISSING or cursor == "" or isinstance(cursor, dict | list):
            return
        if paging.more is not None and not is_true(paging.more, page.reply.decoded.value):
            return
        if str(cursor) in seen:
            raise Stop(Outcome.FAILED, "paging_loop")
        seen.add(str(cursor))
        # What the vendor sent is a value, never a template.
        scope = scope.having(page={"cursor": cursor})
        request = _with(reading.request, paging.place, {paging.param: "{{ page.cursor }}"})


async def _linked(run: Run, reading: Reading, scope: Scope, paging: Link) -> AsyncIterator[Page]:
    url: str | None = None
    seen = set[str]()
    while True:
        page = await _page(run, reading, scope, reading.request, url)
        if page is None:
            return
        yield page
        link = _one(paging.url, page) if paging.url else _header_link(page.reply)
        if not isinstance(link, str) or not link:
            return
        try:
            url = run.wire.places.linked(link, asked=page.reply.url, same_host=True)
        except NotAllowed:
            raise Stop(Outcome.FAILED, "link_not_allowed") from None
        if url in seen or url == page.reply.url:
            raise Stop(Outcome.FAILED, "paging_loop")
        seen.add(url)


def _header_link(reply: Reply) -> Any:
    found = _NEXT.search(reply.headers.get("link", "")[:8_000])
    return found.group(1) if found else MISSING


async def _windowed(run: Run, reading: Reading, scope: Scope, paging: TimeWindow) -> AsyncIterator[Page]:
    today = run.now.date()
    start = _shifted(today, paging.since, back=True)
    while start <= today:
        following = _shifted(start, paging.step)
        last = min(following - timedelta(days=1 if paging.format == "date" else 0), today)
        window = {"from": _written(start, paging.format), "to": _written(last, paging.format)}
        names = dict(zip(paging.params, ("{{ page.from }}", "{{ page.to }}"), strict=True))
        page = await _page(run, reading, scope.having(page=window), _with(reading.request, "query", names))
        if page is not None:
            yield page
        start = following


def _shifted(day: date, span: str, *, back: bool = False) -> date:
    months = days = 0
    for number, unit in _SPAN.findall(span):
        months += int(number) * {"Y": 12, "M": 1}.get(unit, 0)
        days += int(number) * {"W": 7, "D": 1}.get(unit, 0)
    sign = -1 if back else 1
    return months_later(day, sign * months) + sign * timedelta(days=days)


def _written(day: date, form: str) -> str:
    if form == "date":
        return day.isoformat()
    moment = datetime.combine(day, time(), tzinfo=UTC)
    return str(int(moment.timestamp())) if form == "epoch" else moment.isoformat().replace("+00:00", "Z")
