"""The one page: tasks, each with its form. Plain HTML, no scripts, nothing without the password."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.domain.recipient_laws import LAW_NAMES
from processor_kit.desk._config import Config
from processor_kit.desk._forms import LARGEST_FORM, NotFilledIn, outcome_of
from processor_kit.desk._incoming import Refused
from processor_kit.desk._names import CATEGORIES, IDENTIFIERS, REASONS, chosen_from, day, lines_of, named
from processor_kit.desk._opendsr import status_of
from processor_kit.desk._outbox import Outbox
from processor_kit.desk._sessions import Session, Sessions, TooManyGuesses
from processor_kit.desk._store import Store, Task, now
from processor_kit.desk._words import ACTIONS, KEEPING_ACTIONS, LANGUAGES, OUTCOMES, WORDS, offered

COOKIE = "desk"
_TEMPLATES = Environment(
    loader=PackageLoader("processor_kit.desk"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Page:
    """The page and its forms."""

    def __init__(self, config: Config, store: Store, sessions: Sessions, outbox: Outbox) -> None:
        self._config = config
        self._store = store
        self._sessions = sessions
        self._outbox = outbox

    async def show(self, request: Request) -> Response:
        """The tasks; the login where nobody is logged in."""
        session = self._session(request)
        if session is None:
            return self._render(request, "login.html.j2", problem=None)
        saved = {"1": "saved", "0": "already"}.get(request.query_params.get("saved", ""))
        return await self._tasks(request, session, said=saved)

    async def log_in(self, request: Request) -> Response:
        async with self._form(request) as form:
            password = str(form.get("password", ""))
        try:
            cookie = self._sessions.log_in(password)
        except TooManyGuesses:
            return self._render(request, "login.html.j2", problem="too_many", status=429)
        if cookie is None:
            return self._render(request, "login.html.j2", problem="wrong_password", status=403)
        answer = _see("/")
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=self._config.is_https)
        return answer

    async def log_out(self, request: Request) -> Response:
        async with self._form(request):
            self._sessions.log_out(request.cookies.get(COOKIE))
        answer = _see("/")
        answer.delete_cookie(COOKIE)
        return answer

    async def answer(self, request: Request) -> Response:
        """A person's answer to one task."""
        session = self._session(request)
        if session is None:
            return self._render(request, "login.html.j2", problem=None, status=403)
        async with self._form(request) as form:
            return await self._answer(request, session, form)

    async def _answer(self, request: Request, session: Session, form: FormData) -> Response:
        if not hmac.compare_digest(str(form.get("form", "")).encode(), session.form.encode()):
            raise Refused(403, "The form is not one of this session's.")
        task = await asyncio.to_thread(self._store.task, request.path_params["task"])
        if task is None:
            raise Refused(404, "There is no such task.")
        try:
            outcome = await outcome_of(task, form)
        except NotFilledIn as wrong:
            return await self._tasks(request, session, said=wrong.word, about=task.id, status=422)
        saved = await asyncio.to_thread(self._store.answer, task.id, outcome, self._message(task, outcome))
        self._outbox.ring()
        return _see(f"/?saved={int(saved)}")

    def _message(self, task: Task, outcome: dict[str, Any]) -> str | None:
        """What Insyn is owed about an answer; None where it only fetches."""
        if not task.callback_url:
            return None
        if task.via == "webhook":
            data = {"task_id": task.id} | outcome
            return json.dumps({"type": "task.outcome", "timestamp": now(), "data": data}, ensure_ascii=False)
        answered = Task(**{**task.__dict__, "state": "answered", "outcome": outcome})
        return json.dumps(status_of(answered, self._config) | {"status_callback_url": task.callback_url})

    def _session(self, request: Request) -> Session | None:
        return self._sessions.of(request.cookies.get(COOKIE))

    @asynccontextmanager
    async def _form(self, request: Request) -> AsyncIterator[FormData]:
        """The form that came, its files closed when this is left; raises :class:`Refused`."""
        origin = request.headers.get("origin")
        if origin not in (None, "null") and urlsplit(origin).netloc != urlsplit(self._config.public_url).netloc:
            raise Refused(403, "The form comes from another page.")
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST_FORM:
            raise Refused(413, "The form is too large.")
        try:
            form = await request.form(max_files=500, max_fields=3_000, max_part_size=LARGEST_FORM)
        except HTTPException:
            raise Refused(400, "The form cannot be read.") from None
        try:
            yield form
        finally:
            await form.close()

    async def _tasks(
        self, request: Request, session: Session, *, said: str | None, about: str | None = None, status: int = 200
    ) -> Response:
        tasks = await asyncio.to_thread(self._store.tasks)
        deliveries = await asyncio.to_thread(self._store.deliveries)
        return self._render(
            request,
            "page.html.j2",
            open=[one for one in tasks if one.state == "open"],
            over=[one for one in tasks if one.state != "open"],
            deliveries=deliveries,
            said=said,
            about=about,
            form=session.form,
            status=status,
        )

    def _render(self, request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
        language = language_of(request)
        html = _TEMPLATES.get_template(name).render(
            w=WORDS[language],
            actions=ACTIONS[language],
            outcomes=OUTCOMES[language],
            laws=chosen_from(LAW_NAMES, language),
            reasons=chosen_from(REASONS, language),
            offered=offered,
            keeping_actions=KEEPING_ACTIONS,
            identifier=lambda code: named(IDENTIFIERS, code, language),
            category_name=lambda code: named(CATEGORIES, code, language),
            day=lambda text: day(text, language),
            lines=lambda details: lines_of(details, language),
            language=language,
            other=next(one for one in LANGUAGES if one != language),
            **context,
        )
        answer = HTMLResponse(html, status)
        if request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie("lang", language, httponly=True, samesite="strict", secure=self._config.is_https)
        return answer


def language_of(request: Request) -> str:
    """The language chosen, else the browser's, else Swedish."""
    for said in (request.query_params.get("lang"), request.cookies.get("lang")):
        if said in LANGUAGES:
            return said
    return "en" if request.headers.get("accept-language", "sv").lower().startswith("en") else "sv"


def _see(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)
