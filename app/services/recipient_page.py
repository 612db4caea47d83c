"""
The page on which a recipient without an API answers: who may see it, what it shows, what is done on it.

Its address comes by mail; a code that is sent on demand to the registered address, and to no other, opens it for an
hour. A wrong address, one that is over and one of a task that is answered are all the same from outside. Looking has
no effect: mail scanners follow links.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from app.db import Tx
from app.domain import codes as shared_rules
from app.domain import recipient_page as rules
from app.domain.audit import AuditStep
from app.domain.errors import DomainError
from app.domain.fanout import Action, TaskState
from app.domain.finding import NumberAlone
from app.letters.words import Language
from app.models import ProcessorRow, RecipientCodeRow, RecipientPageRow, RequestRow, TaskFileRow, TaskRow
from app.processors import AnswerNotUnderstood, Kind, Order, read_outcome
from app.processors.email import EmailSettings, read_settings
from app.repositories import cases
from app.repositories import recipients as stored
from app.services import orders, recipient_mail, registration, standing, steps, task_files, tasks
from app.services.context import Actor, Context
from app.services.ids import new_id
from app.services.orders import NobodyToAskFor
from app.services.standing import NotDecided
from app.services.task_files import Upload
from app.vault import Unreadable

#: ``code``: show nothing, ask for a code. ``held``: the case stands still. ``over``: answered, said to who answered it.
Stage = Literal["code", "task", "held", "over"]


class UnknownPage(DomainError):
    """There is no such page, or it is over."""


class PageClosed(DomainError):
    """The page is not open: ask for a code."""


class FormForged(DomainError):
    """The form was not made by this page for whoever sends it."""


class NothingAnyMore(DomainError):
    """The task has been answered, or stands still; nothing is taken now."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Found:
    """A task's page with all it belongs to, and whether whoever looks is in."""

    page: RecipientPageRow
    row: RequestRow
    task: TaskRow
    processor: ProcessorRow
    settings: EmailSettings
    session: str | None  #: the session of whoever looks, when it holds
    may_be_done: bool  #: whether there is a yes behind the task, to whoever is known now

    @property
    def stage(self) -> Stage:
        if self.session is None:
            return "code"
        if self.task.state == TaskState.CLOSED:
            return "over"
        return "held" if self.row.is_stopped or not self.may_be_done else "task"

    @property
    def language(self) -> Language:
        return "en" if self.page.language == "en" else "sv"

    @property
    def actor(self) -> Actor:
        return Actor("processor", self.processor.key)


def controller_of(ctx: Context, token: str) -> str:
    """The tenant an address belongs to; raises :class:`UnknownPage`. Says nothing about its truth."""
    controller, _, secret = token.partition(".")
    if controller not in ctx.profiles or not 40 <= len(secret) <= 64:
        raise UnknownPage
    return controller


async def find(tx: Tx, ctx: Context, token: str, *, session: str | None, hold: bool = False) -> Found:
    """
    The page behind an address; with *hold* its request and task are held.

    Raises:
        UnknownPage: No such address, its time is over, its recipient is gone, or the task is over and whoever looks
            is not the one who answered it.
    """
    page = await stored.page_by_token(tx, recipient_mail.hash_of(token))
    if page is None:
        raise UnknownPage
    if hold:
        row, task = await tasks.hold_with_request(tx, page.task_id)
        page = await stored.page_of(tx, page.task_id) or page
    else:
        found_task, found_row = await cases.task(tx, page.task_id), await cases.request(tx, page.request_id)
        if found_task is None or found_row is None:
            raise UnknownPage
        row, task = found_row, found_task
    processor = await registration.heard(tx, task.processor_id, Kind.EMAIL)
    settings = read_settings(processor.settings) if processor is not None else []
    if processor is None or isinstance(settings, list):
        raise UnknownPage
    holds = session if session is not None and _is_in(page, session, settings.address, now=tx.now) else None
    if tx.now >= tasks.token_expires_at(ctx, row, task) or (task.state == TaskState.CLOSED and holds is None):
        raise UnknownPage
    try:
        may_be_done = await standing.may_leave(tx, ctx, row, task)
    except Unreadable:
        may_be_done = True  # nothing of it can be shown
    return Found(
        page=page,
        row=row,
        task=task,
        processor=processor,
        settings=settings,
        session=holds,
        may_be_done=may_be_done,
    )


def _is_in(page: RecipientPageRow, session: str, address: str, *, now: datetime) -> bool:
    if page.session_hash is None or page.session_until is None or now >= page.session_until:
        return False
    return hmac.compare_digest(_hash_of(session, address), page.session_hash)


def _hash_of(session: str, address: str) -> bytes:
    """Bound to the registered address: whoever got in by another one is out when it changes."""
    return sha256(f"{session}|{address}".encode("utf-8", "replace")).digest()


# --- getting in ------------------------------------------------------------------------------------------------------


async def ask_code(tx: Tx, ctx: Context, found: Found) -> bool:
    """Mail a code to the registered address; False when the task has had as many as it gets in a day. Held."""
    row, task = found.row, found.task
    if await stored.codes_since(tx, task.id, after=tx.now - rules.WINDOW) >= rules.CODES_PER_TASK:
        return False
    number = secrets.randbelow(10**shared_rules.DIGITS)
    code = RecipientCodeRow(
        id=new_id(),
        task_id=task.id,
        controller_id=row.controller_id,
        code_hash=_code_hash(ctx, found, f"{number:0{shared_rules.DIGITS}d}"),
        made_at=tx.now,
        expires_at=tx.now + rules.CODE_LIVES,
    )
    tx.session.add(code)
    await recipient_mail.put_code(
        tx,
        ctx,
        row,
        task,
        to=found.settings.address,
        language=found.language,
        code_id=code.id,
        code=shared_rules.spelled(number),
    )
    await steps.note(tx, row, AuditStep.TASK_CODE_MADE, actor=found.actor, facts={"task_id": str(task.id)})
    await tx.session.flush()
    return True


async def try_code(tx: Tx, ctx: Context, found: Found, said: str) -> str | None:
    """
    A new session for whoever has the code that was sent last; None for any other word. Held, and to be committed.

    A wrong code, one that was used, one that is over and one tried too often are all the same.
    """
    code = await stored.latest_code(tx, found.task.id)
    if code is None:
        return None
    seen = rules.Code(expires_at=code.expires_at, tries=code.tries, used=code.used_at is not None)
    is_right = hmac.compare_digest(_code_hash(ctx, found, shared_rules.read(said)), code.code_hash)
    if not rules.may_be_tried(seen, now=tx.now):
        return None
    code.tries += 1
    facts = {"task_id": str(found.task.id), "right": is_right, "tries": code.tries}
    await steps.note(tx, found.row, AuditStep.TASK_CODE_TRIED, actor=found.actor, facts=facts)
    if not is_right:
        await tx.session.flush()
        return None
    session = secrets.token_urlsafe(32)
    code.used_at = tx.now
    found.page.session_hash, found.page.session_until = (
        _hash_of(session, found.settings.address),
        tx.now + rules.SESSION_LIVES,
    )
    await tx.session.flush()
    return session


async def leave(tx: Tx, found: Found) -> None:
    """Close the page for whoever was in it."""
    found.page.session_hash, found.page.session_until = None, None
    await tx.session.flush()


def _code_hash(ctx: Context, found: Found, code: str) -> bytes:
    """
    Bound to its task and to the address it went to, under a key of ours: a bare hash of eight digits is tried out in
    a second.
    """
    said = f"{found.task.id}|{found.settings.address}|{code[:64]}"
    return ctx.vault.blind_index(controller=found.task.controller_id, type="recipient_code", normalised=said)


def form_token(ctx: Context, found: Found) -> str:
    """What a form of this page carries, so that nobody else's form is taken for it."""
    said = f"{found.task.id}|{found.session}"
    return ctx.vault.blind_index(controller=found.row.controller_id, type="page_form", normalised=said).hex()


def check_in(found: Found) -> None:
    """Refuse who is not in: :class:`PageClosed`."""
    if found.session is None:
        raise PageClosed


def check_form(ctx: Context, found: Found, said: str) -> None:
    """
    Refuse what does not come from the open page itself.

    Raises:
        PageClosed: Nobody is in. FormForged: Somebody is, but the form is not theirs.
    """
    check_in(found)
    if not hmac.compare_digest(form_token(ctx, found).encode(), said.encode("utf-8", "replace")):
        raise FormForged


# --- the task --------------------------------------------------------------------------------------------------------


async def order_of(tx: Tx, ctx: Context, found: Found) -> Order | None:
    """What the recipient may know of the task, exactly as any adapter is told; None when that is nothing any more."""
    try:
        return await orders.order_for(tx, ctx, found.processor, found.task)
    except (NobodyToAskFor, NumberAlone, NotDecided):
        return None


async def files_of(tx: Tx, ctx: Context, found: Found) -> list[tuple[TaskFileRow, str]]:
    """The files that were handed in, with the names they had."""
    rows = await stored.files_of(tx, found.task.id)
    return [(one, task_files.name_of(ctx, found.row, one) or "") for one in rows]


async def take_file(tx: Tx, ctx: Context, found: Found, upload: Upload, *, category: str) -> TaskFileRow | None:
    """Keep a file with the task; None where the very same one is there. Held; raises what ``task_files.keep`` does."""
    if found.stage != "task":
        raise NothingAnyMore
    return await task_files.keep(
        tx, ctx, found.row, found.task, upload, category=category, via="page", actor=found.actor
    )


async def check_answer(tx: Tx, found: Found, said: Mapping[str, str]) -> Mapping[str, Any]:
    """
    An answer as it would be taken, without taking it.

    Raises:
        NothingAnyMore: The task is over or stands still.
        PageAnswerNotUnderstood: It lacks something; ``what`` names it. A copy of data is done with its files.
    """
    if found.stage != "task":
        raise NothingAnyMore
    action = Action(found.task.action)
    answer = rules.read_answer(said, action=action, categories=found.task.categories)
    if action is Action.EXPORT and answer["outcome"] == "completed":
        files = await stored.files_of(tx, found.task.id)
        if all(one.destroyed_at is not None for one in files):
            raise rules.PageAnswerNotUnderstood("files")
    try:
        read_outcome(answer, code="page")
    except AnswerNotUnderstood:
        raise rules.PageAnswerNotUnderstood("until") from None
    return answer


async def answer(tx: Tx, ctx: Context, found: Found, said: Mapping[str, str]) -> None:
    """Take an answer of the page as the recipient's word. Held; raises what :func:`check_answer` does."""
    body = await check_answer(tx, found, said)
    read = read_outcome(body, code="page")
    tasks.check_categories(ctx, found.task, read.body)
    facts = {"task_id": str(found.task.id), "outcome": read.outcome.value, "via": "page"}
    await steps.note(tx, found.row, AuditStep.CALLBACK_ACCEPTED, actor=found.actor, facts=facts)
    found.page.answered_at = tx.now
    await tasks.settle(tx, ctx, found.row, found.task, read, by="page")
