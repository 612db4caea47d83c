"""
What a task comes to where files are exchanged.

``orders/<task id>.json`` is laid down with its checksum; ``answers/<task id>.json`` is picked up, an outcome in the
words of the processor contract. A recipient that cannot write JSON lays down an empty ``answers/<task id>.done``.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import asyncssh

from app.domain.fanout import Action, Outcome
from app.domain.faults import MISSING, Fault, secret_missing, setting_missing, unknown_settings
from app.processors import _answers
from app.processors._egress import AddressNotAllowed
from app.processors._faults import unfit
from app.processors._port import Answer, Line, Order, Target
from app.processors.files import orders
from app.processors.files.shelves import BUCKETS, Bucket, Sftp, Shelf, ShelfTrouble, is_bucket

ORDERS, ANSWERS = "orders", "answers"
#: A mark that says no more than "done" answers only what brings nothing back and can be done in one way only.
_MARKABLE = frozenset(Action) - {Action.LOCATE, Action.EXPORT, Action.RECTIFY, Action.REVIEW_DECISION}
#: What another try does not mend.
_FOR_A_PERSON = frozenset({"host_key_changed", "not_let_in", "not_allowed", "no_such_folder"})
#: After so long an answer that was read is surely written down.
WRITTEN_DOWN_SECONDS = 300.0
_SETTINGS = frozenset({"url", "host_key", "format", "options"})
SECRETS = frozenset({"password", "private_key", *(name for names in BUCKETS.values() for name in names)})
_NO_SHELF = (
    "Must be sftp://account@host/folder (no password), s3://bucket/folder, az://container or gs://bucket; options are "
    "region and account_name, words only.",
    "Ska vara sftp://konto@värd/mapp (utan lösenord), s3://hink/mapp, az://behållare eller gs://hink; options är "
    "region och account_name, bara ord.",
)
_NO_HOST_KEY = (
    "Must be the server's key on one line, such as 'ssh-ed25519 AAAA…', without its name.",
    "Ska vara serverns nyckel på en rad, såsom 'ssh-ed25519 AAAA…', utan dess namn.",
)
_NO_WAY_IN = (
    "The secret 'private_key' is missing, or 'password' where there is no other way in.",
    "Hemligheten 'private_key' saknas, eller 'password' om det inte finns någon annan väg in.",
)
_NO_PRIVATE_KEY = (
    "Must be a private key in PEM that no password is needed for.",
    "Ska vara en privat nyckel i PEM som inget lösenord behövs till.",
)


def lacks(target: Target) -> list[Fault]:
    """An address; for SFTP the host's key and a way in; for a bucket what opens it."""
    url, form = str(target.settings.get("url", "")), target.settings.get("format", "json")
    faults = unknown_settings(target.settings, _SETTINGS)
    if form not in orders.FORMATS:
        listed = ", ".join(orders.FORMATS)
        faults.append(unfit(("settings", "format"), f"Must be one of: {listed}.", f"Ska vara ett av: {listed}."))
    if not url:
        return [*faults, setting_missing("url")]
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme == "sftp":
        return faults + _sftp_faults(target, url)
    if scheme not in BUCKETS or not is_bucket(url, target.settings.get("options", {})):
        return [*faults, unfit(("settings", "url"), *_NO_SHELF)]
    return faults + [secret_missing(name) for name in BUCKETS[scheme] if not target.named.get(name)]


def _sftp_faults(target: Target, url: str) -> list[Fault]:
    parts, faults = urlsplit(url), []
    if not parts.hostname or not parts.username or parts.password is not None:
        faults.append(unfit(("settings", "url"), *_NO_SHELF))
    if not (host_key := target.settings.get("host_key")):
        faults.append(setting_missing("host_key"))
    elif not _reads(asyncssh.import_public_key, str(host_key)):
        faults.append(unfit(("settings", "host_key"), *_NO_HOST_KEY))
    if target.named.get("password"):
        return faults
    if not (key := target.named.get("private_key")):
        return [*faults, Fault("#/secrets/private_key", MISSING, *_NO_WAY_IN)]
    if not _reads(asyncssh.import_private_key, key[0]):
        faults.append(unfit(("secrets", "private_key"), *_NO_PRIVATE_KEY))
    return faults


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (asyncssh.KeyImportError, ValueError):
        return False
    return True


class Files:
    """One recipient's shelf."""

    def __init__(self, target: Target, line: Line, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answered: dict[str, float] = {}
        self._form = str(target.settings.get("format", "json"))
        self._shelf: Shelf | None = None if lacks(target) else _shelf(target, line)

    async def send(self, order: Order) -> Answer:
        return await self._held(self._lay_down, order)

    async def poll(self, order: Order, *, url: str) -> Answer:
        return await self._held(self._pick_up, order)

    async def ask(self, order: Order) -> Answer:
        """An answer, or the order lying there, says that it arrived."""
        return await self._held(self._look, order)

    async def aclose(self) -> None:
        """A session lasts one call; nothing is held."""

    async def _held(self, do: Any, order: Order) -> Answer:
        if self._shelf is None:
            return Answer(outcome=Outcome.FAILED, code="not_connected")
        try:
            await self._clear(self._shelf)
            answer: Answer = await do(self._shelf, order)
        except AddressNotAllowed:
            return Answer(outcome=Outcome.FAILED, code="address_not_allowed")
        except ShelfTrouble as trouble:
            if trouble.code in _FOR_A_PERSON:
                return Answer(outcome=Outcome.FAILED, code=trouble.code)
            # The same name and the same bytes: laying them down once more is the same order.
            return Answer(outcome=Outcome.UNKNOWN if trouble.reached else Outcome.RETRY, code=trouble.code)
        return answer

    async def _lay_down(self, shelf: Shelf, order: Order) -> Answer:
        name, raw = self._name(order), orders.content(order, self._form)
        await shelf.put(f"{ORDERS}/{name}.sha256", orders.checksum(raw, name))  # first: the order is the signal
        await shelf.put(f"{ORDERS}/{name}", raw)
        return Answer(outcome=Outcome.ACCEPTED, code="laid_down", progress={"order": name})

    async def _pick_up(self, shelf: Shelf, order: Order) -> Answer:
        answer = await self._read(shelf, order)
        if answer is None:
            return Answer(outcome=Outcome.ACCEPTED, code="waiting")
        if answer.outcome is not Outcome.ACCEPTED:
            self._answered[order.task_id] = self._now()
            await self._take_away(shelf, *self._order_files(order.task_id))  # the answer alone says that it arrived
        return answer

    async def _look(self, shelf: Shelf, order: Order) -> Answer:
        if (answer := await self._read(shelf, order)) is not None:
            return answer
        if await shelf.get(f"{ORDERS}/{self._name(order)}", most=0) is None:
            return Answer(outcome=Outcome.RETRY, code="never_arrived")
        return Answer(outcome=Outcome.ACCEPTED, code="waiting", progress={"order": self._name(order)})

    async def _read(self, shelf: Shelf, order: Order) -> Answer | None:
        raw = await shelf.get(f"{ANSWERS}/{order.task_id}.json", most=_answers.MOST_BYTES)
        if raw is not None:
            try:
                said = _answers.parse_json(raw)
                found = _answers.read_outcome(said, code="file")
            except _answers.AnswerNotUnderstood:
                return Answer(outcome=Outcome.FAILED, code="malformed")
            is_its_own = said.get("task_id", order.task_id) == order.task_id
            return found if is_its_own else Answer(outcome=Outcome.FAILED, code="another_tasks")
        if await shelf.get(f"{ANSWERS}/{order.task_id}.done", most=0) is None:
            return None
        if order.action in _MARKABLE and not (order.action is Action.ERASE and order.details.get("keep")):
            return Answer(outcome=Outcome.COMPLETED, code="mark")
        return Answer(outcome=Outcome.FAILED, code="mark_without_answer")

    async def _clear(self, shelf: Shelf) -> None:
        """
        Personal data does not lie about once it has been answered.

        A while later only: an answer that was read and never written down has to be there for the next reader.
        """
        for task_id in [one for one, at in self._answered.items() if at + WRITTEN_DOWN_SECONDS <= self._now()]:
            del self._answered[task_id]
            await self._take_away(shelf, f"{ANSWERS}/{task_id}.json", f"{ANSWERS}/{task_id}.done")

    def _order_files(self, task_id: str) -> tuple[str, str]:
        name = f"{ORDERS}/{task_id}.{self._form}"
        return name, f"{name}.sha256"

    async def _take_away(self, shelf: Shelf, *names: str) -> None:
        for one in names:
            with contextlib.suppress(ShelfTrouble):
                await shelf.remove(one)

    def _name(self, order: Order) -> str:
        return f"{order.task_id}.{self._form}"


def _shelf(target: Target, line: Line) -> Shelf | None:
    url = str(target.settings["url"])
    secret = {name: values[0] for name, values in target.named.items() if values}
    if url.startswith("sftp:"):
        return Sftp(
            url,
            known=str(target.settings["host_key"]),
            password=secret.get("password"),
            private_key=secret.get("private_key"),
            seconds=line.seconds,
            sandbox=line.sandbox,
        )
    if url.startswith("file:") and not line.sandbox:
        return None  # a folder of the worker's own machine is for trying things out
    wanted = BUCKETS[urlsplit(url).scheme]
    return Bucket(
        url,
        secrets={name: secret[name] for name in wanted},
        options=target.settings.get("options", {}),
        seconds=line.seconds,
    )
