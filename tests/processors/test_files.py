"""
The kind ``files``: an order laid down, an answer picked up, over a real SFTP server and in a folder.
"""

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors import Kind, Line, Order, Target, lacks
from app.processors.files import Files
from app.processors.files.adapter import WRITTEN_DOWN_SECONDS
from tests.processors.answering import ORDER, places

LINE = Line(connections=1, seconds=5, sandbox=True)
ERASE = replace(ORDER, action=Action.ERASE)
KEY = asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@dataclass
class Hand:
    """A clock that somebody moves by hand."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Place:
    """One recipient's shelf, from its own side, and how Insyn is told of it."""

    root: Path
    settings: dict[str, Any]
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clock: Hand = field(default_factory=Hand)

    def target(self, **changes: Any) -> Target:
        return Target(
            key="print-house", endpoint="", secrets=(), answer_mode=AnswerMode.POLL, idempotency=Idempotency.YES,
            settings={**self.settings, **changes}, named=self.named,
        )  # fmt: skip

    def adapter(self, **changes: Any) -> Files:
        return Files(self.target(**changes), LINE, now=self.clock)

    def lying(self) -> list[str]:
        return sorted(str(one.relative_to(self.root)) for one in self.root.rglob("*") if one.is_file())

    def answer(self, raw: bytes, name: str = f"{ORDER.task_id}.json") -> None:
        (self.root / "answers").mkdir(exist_ok=True)
        (self.root / "answers" / name).write_bytes(raw)


class _Server(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("insyn", "drop-it-here")


class _NotLockedIn(asyncssh.SFTPServer):
    """An ordinary account: it sees the whole machine and may make folders in its own alone."""

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        if not path.startswith(b"/home/insyn"):
            raise asyncssh.SFTPPermissionDenied("no right") if path.count(b"/") == 1 else asyncssh.SFTPNoSuchFile("no")
        super().mkdir(path, attrs)


@asynccontextmanager
async def sftp_at(
    root: Path, host_key: asyncssh.SSHKey, account: type[asyncssh.SFTPServer] = asyncssh.SFTPServer
) -> AsyncIterator[int]:
    def chrooted(channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
        return account(channel, chroot=str(root).encode())

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=_Server, server_host_keys=[host_key], sftp_factory=chrooted
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture(params=["sftp", "folder"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "folder":
        yield Place(tmp_path, {"url": tmp_path.as_uri()})
        return
    async with sftp_at(tmp_path, KEY) as port:
        settings = {"url": f"sftp://insyn@127.0.0.1:{port}/", "host_key": public(KEY)}
        yield Place(tmp_path, settings, {"password": ("drop-it-here",)})


class TestOrder:
    async def test_lies_there_whole_with_its_checksum(self, place: Place) -> None:
        """
        Whoever looks sees all of it or nothing, and can tell that nothing is missing.
        """
        said = await place.adapter().send(ERASE)
        raw = (place.root / "orders" / f"{ORDER.task_id}.json").read_bytes()
        line = (place.root / "orders" / f"{ORDER.task_id}.json.sha256").read_text()

        assert (said.outcome, said.code) == (Outcome.ACCEPTED, "laid_down")
        assert json.loads(raw)["identifiers"] == [dict(one) for one in ORDER.identifiers]
        assert line == f"{hashlib.sha256(raw).hexdigest()}  {ORDER.task_id}.json\n"
        assert [one for one in place.lying() if one.endswith(".part")] == []

    async def test_laid_down_twice_is_one(self, place: Place) -> None:
        """
        A worker that died in between does it again: the same name, the same bytes.
        """
        for _ in range(2):
            await place.adapter().send(ERASE)

        assert len([one for one in place.lying() if one.endswith(".json")]) == 1

    async def test_as_a_table_has_a_column_for_each_way_of_knowing_somebody(self, place: Place) -> None:
        """
        For print houses and dialling lists; a spreadsheet reckons with none of it.
        """
        known = (
            {"type": "phone", "value": "+46701740605", "format": "e164"},
            {"type": "phone", "value": "+46812345678", "format": "e164"},
            {"type": "name", "value": "=HYPERLINK(1)", "format": "text"},
        )
        await place.adapter(format="csv").send(replace(ERASE, identifiers=known))
        text = (place.root / "orders" / f"{ORDER.task_id}.csv").read_text(encoding="utf-8")
        (row,) = csv.DictReader(io.StringIO(text))

        assert (row["action"], row["phone"], row["name"]) == ("erase", "+46701740605|+46812345678", "'=HYPERLINK(1)")

    async def test_of_unknown_fate_is_looked_for(self, place: Place) -> None:
        """
        Nobody knows whether it arrived: it lies there, or it never did.
        """
        adapter = place.adapter()
        before = await adapter.ask(ERASE)
        await adapter.send(ERASE)

        assert (before.outcome, before.code) == (Outcome.RETRY, "never_arrived")
        assert (await adapter.ask(ERASE)).outcome is Outcome.ACCEPTED

    @pytest.mark.parametrize("form", ["json", "csv"])
    async def test_says_what_a_law_keeps_and_what_is_to_be_corrected(self, place: Place, form: str) -> None:
        """
        Without it the order would say "erase everything".
        """
        keep = {"keep": [{"category": "contact", "law": "BFL_7_2", "until": "2033-12-31"}]}
        await place.adapter(format=form).send(replace(ERASE, details=keep))
        text = (place.root / "orders" / f"{ORDER.task_id}.{form}").read_text(encoding="utf-8")
        said = json.loads(text) if form == "json" else next(csv.DictReader(io.StringIO(text)))

        assert (said["details"] if form == "json" else json.loads(said["details"])) == keep


class TestAnswer:
    async def test_is_waited_for_and_read_once_it_is_there(self, place: Place) -> None:
        """
        In the words of the processor contract.
        """
        adapter = place.adapter()
        await adapter.send(ORDER)
        waiting = await adapter.poll(ORDER, url="")
        place.answer(
            json.dumps(
                {"outcome": "completed", "records": [{"category": "contact", "rows": [{"name": "Anna"}]}]}
            ).encode()
        )
        found = await adapter.poll(ORDER, url="")

        assert waiting.outcome is Outcome.ACCEPTED
        assert (found.outcome, found.body["records"][0]["rows"]) == (Outcome.COMPLETED, [{"name": "Anna"}])

    async def test_is_there_for_the_next_reader_until_it_is_surely_written_down(self, place: Place) -> None:
        """
        The worker that read it was killed: the next one reads it again. Then it is taken away: it is personal data.
        """
        adapter = place.adapter()
        await adapter.send(ERASE)
        place.answer(b'{"outcome": "completed"}')
        await adapter.poll(ERASE, url="")
        other = replace(ERASE, task_id="0198c0de-0000-7000-8000-000000000001")
        await adapter.poll(other, url="")
        assert place.lying() == [f"answers/{ORDER.task_id}.json"]
        assert (await place.adapter().poll(ERASE, url="")).outcome is Outcome.COMPLETED

        place.clock.seconds += WRITTEN_DOWN_SECONDS
        await adapter.poll(other, url="")
        assert place.lying() == []

    async def test_may_be_a_mark_where_nothing_comes_back(self, place: Place) -> None:
        """
        Who cannot write JSON can lay down an empty file; a copy cannot be answered so.
        """
        place.answer(b"", f"{ORDER.task_id}.done")

        assert (await place.adapter().poll(ERASE, url="")).outcome is Outcome.COMPLETED
        assert (await place.adapter().poll(ORDER, url="")).code == "mark_without_answer"

    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param(replace(ERASE, details={"keep": [{"category": "contact", "law": "BFL_7_2"}]}), id="kept"),
            pytest.param(
                replace(ORDER, action=Action.RECTIFY, details={"field": "phone", "value": "1"}), id="corrected"
            ),
        ],
    )
    async def test_as_a_mark_says_too_little_where_it_can_be_done_in_two_ways(self, place: Place, asked: Order) -> None:
        """
        "Done" does not say whether what a law keeps is still there, nor to what something was corrected.
        """
        place.answer(b"", f"{ORDER.task_id}.done")

        assert (await place.adapter().poll(asked, url="")).code == "mark_without_answer"

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            pytest.param(b"", "malformed", id="empty"),
            pytest.param(b"<html>", "malformed", id="a page"),
            pytest.param(b'{"outcome": "unknown"}', "malformed", id="no outcome of a processor"),
            pytest.param(b'{"outcome": "completed", "task_id": "another"}', "another_tasks", id="another task's"),
            pytest.param(b'{"outcome": "completed", "message": "' + b"x" * (5 << 20) + b'"}', "malformed", id="huge"),
        ],
    )
    async def test_that_nobody_understands_is_a_persons(self, place: Place, raw: bytes, code: str) -> None:
        """
        Hostile input: checked before it is believed.
        """
        place.answer(raw)
        found = await place.adapter().poll(ERASE, url="")

        assert (found.outcome, found.code) == (Outcome.FAILED, code)


class TestDoor:
    async def test_stays_shut_before_another_host_key(self, tmp_path: Path) -> None:
        """
        Somebody else answers at the address: nothing is sent, not even the password; a person looks.
        """
        async with sftp_at(tmp_path, asyncssh.generate_private_key("ssh-ed25519")) as port:
            settings = {"url": f"sftp://insyn@127.0.0.1:{port}/", "host_key": public(KEY)}
            found = await Place(tmp_path, settings, {"password": ("drop-it-here",)}).adapter().send(ERASE)

        assert (found.outcome, found.code) == (Outcome.FAILED, "host_key_changed")
        assert Place(tmp_path, {}).lying() == []

    async def test_that_does_not_open_is_a_persons(self, tmp_path: Path) -> None:
        """
        A wrong password is not tried again and again.
        """
        async with sftp_at(tmp_path, KEY) as port:
            settings = {"url": f"sftp://insyn@127.0.0.1:{port}/", "host_key": public(KEY)}
            found = await Place(tmp_path, settings, {"password": ("wrong",)}).adapter().send(ERASE)

        assert (found.outcome, found.code) == (Outcome.FAILED, "not_let_in")

    async def test_that_leads_to_no_folder_is_a_persons(self, tmp_path: Path) -> None:
        """
        The address names a folder from the server's root, not from the login's: trying again mends nothing.
        """
        (tmp_path / "home" / "insyn").mkdir(parents=True)
        async with sftp_at(tmp_path, KEY, _NotLockedIn) as port:
            answers = []
            for path in ("/insyn", "/home/insyn/insyn"):
                settings = {"url": f"sftp://insyn@127.0.0.1:{port}{path}", "host_key": public(KEY)}
                adapter = Place(tmp_path, settings, {"password": ("drop-it-here",)}).adapter()
                answers.append(await adapter.send(ERASE))

        assert [(one.outcome, one.code) for one in answers] == [
            (Outcome.FAILED, "no_such_folder"),
            (Outcome.ACCEPTED, "laid_down"),
        ]

    async def test_nobody_answers_at_is_tried_again(self, tmp_path: Path) -> None:
        """
        Nothing was laid down.
        """
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        settings = {"url": f"sftp://insyn@127.0.0.1:{port}/", "host_key": public(KEY)}
        found = await Place(tmp_path, settings, {"password": ("x",)}).adapter().send(ERASE)

        assert (found.outcome, found.code) == (Outcome.RETRY, "not_reached")

    async def test_does_not_lead_into_our_own_network(self, tmp_path: Path) -> None:
        """
        OWASP SSRF: a registered name may not stand for a private address.
        """
        settings = {"url": "sftp://insyn@10.0.0.1/", "host_key": public(KEY)}
        found = await Place(tmp_path, settings, {"password": ("x",)}).adapter().send(ERASE)

        assert (found.outcome, found.code) == (Outcome.FAILED, "address_not_allowed")


SFTP = {"url": "sftp://insyn@files.example.se/insyn", "host_key": public(KEY)}


KEYS = {"access_key_id": ("x",), "secret_access_key": ("y",)}


class TestRegistration:
    @pytest.mark.parametrize(
        ("settings", "named", "lacking"),
        [
            pytest.param({}, {}, ["settings/url"], id="nothing"),
            pytest.param({"url": "ftp://files.example.se/"}, {}, ["settings/url"], id="no such shelf"),
            pytest.param(
                {"url": "sftp://insyn:pw@files.example.se/"},
                {},
                ["settings/url", "settings/host_key", "secrets/private_key"],
                id="a password in the address",
            ),
            pytest.param(
                {"url": "sftp://insyn@files.example.se/"}, {"password": ("x",)}, ["settings/host_key"], id="no host key"
            ),
            pytest.param(SFTP, {}, ["secrets/private_key"], id="no way in"),
            pytest.param(SFTP, {"private_key": ("x",)}, ["secrets/private_key"], id="no key"),
            pytest.param(SFTP | {"format": "xml"}, {"password": ("x",)}, ["settings/format"], id="no such format"),
            pytest.param(SFTP, {"password": ("x",)}, [], id="a password"),
            pytest.param(SFTP, {"private_key": (KEY.export_private_key().decode(),)}, [], id="a private key"),
            pytest.param(
                {"url": "s3://bucket/insyn"}, {"access_key_id": ("x",)}, ["secrets/secret_access_key"], id="half a key"
            ),
            pytest.param(
                {"url": "s3://bucket/insyn", "options": {"region": "eu-north-1"}},
                {"access_key_id": ("x",), "secret_access_key": ("y",)},
                [],
                id="a bucket",
            ),
            *(
                pytest.param({"url": url, "options": options}, KEYS, ["settings/url"], id=id)
                for id, url, options in (
                    ("a host of its own", "s3://bucket/insyn", {"endpoint": "http://127.0.0.1:9000"}),
                    ("an option nobody knows", "s3://bucket/insyn", {"allow_http": "true"}),
                    ("a region that is a host", "s3://bucket/insyn", {"region": "evil.example/"}),
                    ("a bucket that is a host", "s3://evil.example/insyn", {}),
                )
            ),
        ],
    )
    def test_says_what_it_lacks(
        self, settings: dict[str, Any], named: dict[str, tuple[str, ...]], lacking: list[str]
    ) -> None:
        """
        Until nothing is lacking its tasks are people's.
        """
        assert places(lacks(Kind.FILES, Place(Path(), settings, named).target())) == lacking

    async def test_of_a_folder_is_for_the_sandbox(self, tmp_path: Path) -> None:
        """
        Outside of it nobody writes on the worker's own machine.
        """
        adapter = Files(Place(tmp_path, {"url": tmp_path.as_uri()}).target(), replace(LINE, sandbox=False))

        assert (await adapter.send(ERASE)).code == "not_connected"
        assert Place(tmp_path, {}).lying() == []
