import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from app.vault.envelope import DataKey, Vault
from app.vault.errors import Reason, Unreadable
from app.vault.files import CHUNK_BYTES, FileStore
from app.vault.keys import MasterKeys

VAULT = Vault(MasterKeys({1: os.urandom(32)}))
HEADER = len(b"insyn-sealed-1\n") + 32
SEALED_CHUNK = CHUNK_BYTES + 16


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(tmp_path)


@pytest.fixture
def key() -> DataKey:
    return VAULT.new_data_key("package-1")


async def read(store: FileStore, key: DataKey, name: str = "westra/p1") -> bytes:
    return b"".join([chunk async for chunk in store.read(name, key)])


async def reason_of(store: FileStore, key: DataKey, name: str = "westra/p1") -> Reason:
    with pytest.raises(Unreadable) as refused:
        await read(store, key, name)
    return refused.value.reason


def on_disk(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


class TestFileStore:
    @pytest.mark.parametrize(
        "size",
        [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7],
    )
    async def test_gives_back_what_it_was_given(self, store, key, tmp_path, size):
        """
        Of any size, in chunks of any size; on disk it is sealed.
        """
        plain = os.urandom(size)
        stored = await store.write("westra/p1", (plain[at : at + 50_000] for at in range(0, size, 50_000)), key)

        assert (stored.name, stored.size, stored.sha256) == ("westra/p1", size, hashlib.sha256(plain).hexdigest())
        assert await read(store, key) == plain
        assert on_disk(tmp_path) == ["westra/p1.sealed"]
        assert size < 16 or plain[:16] not in (tmp_path / "westra/p1.sealed").read_bytes()

    async def test_takes_a_stream(self, store, key):
        """
        A package is never whole in memory.
        """

        async def chunks():
            for number in range(3):
                await asyncio.sleep(0)
                yield bytes([number]) * CHUNK_BYTES

        await store.write("westra/p1", chunks(), key)

        assert [chunk[0] async for chunk in store.read("westra/p1", key)] == [0, 1, 2]

    async def test_keeps_files_to_their_owner(self, store, key, tmp_path):
        """
        Sealed, and still nobody else's to read.
        """
        await store.write("westra/p1", [b"x"], key)

        assert (tmp_path / "westra/p1.sealed").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "westra").stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "../x",
            "/etc/x",
            "a/../b",
            "a//b",
            "a/",
            "a b",
            "a.b",
            "a\x00",
            "å",
            "a/b/c/d",
            "x" * 81,
            "a\n",
        ],
    )
    async def test_takes_no_name_that_leads_elsewhere(self, store, key, name):
        """
        No path traversal (CVE-2023-36827's class).
        """
        with pytest.raises(ValueError, match="name"):
            await store.write(name, [b"x"], key)
        with pytest.raises(ValueError, match="name"):
            await store.delete(name)
        with pytest.raises(ValueError, match="name"):
            await read(store, key, name)

    async def test_replaces_a_file_only_when_the_new_one_is_whole(self, store, key, tmp_path):
        """
        A failure half-way leaves the old one, and nothing else.
        """

        def breaks():
            yield os.urandom(3 * CHUNK_BYTES)
            raise OSError

        await store.write("westra/p1", [b"old"], key)
        with pytest.raises(OSError):
            await store.write("westra/p1", breaks(), key)

        assert await read(store, key) == b"old"
        assert on_disk(tmp_path) == ["westra/p1.sealed"]

    async def test_leaves_nothing_when_cancelled(self, store, key, tmp_path):
        """
        A worker that is stopped does not litter.
        """
        begun = asyncio.Event()

        async def endless():
            while True:
                begun.set()
                yield bytes(CHUNK_BYTES)

        writing = asyncio.create_task(store.write("westra/p1", endless(), key))
        await begun.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

        assert on_disk(tmp_path) == []

    async def test_sweeps_up_after_a_crash(self, store, key, tmp_path):
        """
        What kill -9 left unfinished goes, once it is old; what is finished stays.
        """
        await store.write("westra/p1", [b"x"], key)
        left = tmp_path / "westra" / "p2-00.unfinished"
        left.write_bytes(b"x")
        written = left.stat().st_mtime

        assert await store.remove_leftovers(unfinished_before=written - 60) == 0
        assert await store.remove_leftovers(unfinished_before=written + 60) == 1
        assert on_disk(tmp_path) == ["westra/p1.sealed"]

    async def test_deletes_once(self, store, key):
        """
        Deleting again is no error, so a repeated job is none.
        """
        await store.write("westra/p1", [b"x"], key)

        assert await store.delete("westra/p1") is True
        assert await store.delete("westra/p1") is False
        assert await reason_of(store, key) is Reason.MISSING

    async def test_opens_nothing_with_another_key(self, store, key):
        """
        The package's own key, or nothing.
        """
        await store.write("westra/p1", [b"x"], key)

        assert await reason_of(store, VAULT.new_data_key("package-1")) is Reason.NOT_AUTHENTIC

    async def test_opens_nothing_under_another_name(self, store, key, tmp_path):
        """
        One person's package put in another's place does not open, even under the same key.
        """
        await store.write("westra/p1", [b"x"], key)
        (tmp_path / "westra/p1.sealed").rename(tmp_path / "westra/p2.sealed")

        assert await reason_of(store, key, "westra/p2") is Reason.NOT_AUTHENTIC

    async def test_seals_the_same_differently_each_time(self, store, key, tmp_path):
        """
        Nonces are counted, so each file must have its own key.
        """
        await store.write("westra/p1", [b"x" * 100], key)
        first = (tmp_path / "westra/p1.sealed").read_bytes()
        await store.write("westra/p1", [b"x" * 100], key)

        assert (tmp_path / "westra/p1.sealed").read_bytes()[HEADER:] != first[HEADER:]


def _chunk(sealed: bytes, number: int) -> bytes:
    return sealed[HEADER + number * SEALED_CHUNK : HEADER + (number + 1) * SEALED_CHUNK]


class TestTampering:
    @pytest.mark.parametrize(
        "tamper",
        [
            pytest.param(lambda x: x[:-1], id="one byte cut"),
            pytest.param(lambda x: x[:-100], id="the last chunk cut"),
            pytest.param(lambda x: x[: HEADER + 2 * SEALED_CHUNK], id="cut at a chunk's end"),
            pytest.param(lambda x: x[: HEADER + SEALED_CHUNK], id="cut at the first chunk's end"),
            pytest.param(lambda x: x[:HEADER], id="only the header left"),
            pytest.param(lambda x: x + b"\x00", id="lengthened"),
            pytest.param(lambda x: x + _chunk(x, 0), id="a chunk appended"),
            pytest.param(lambda x: x[:HEADER] + _chunk(x, 1) + _chunk(x, 0) + _chunk(x, 2), id="reordered"),
            pytest.param(lambda x: x[:HEADER] + _chunk(x, 0) + _chunk(x, 2), id="the middle left out"),
            pytest.param(lambda x: x[:HEADER] + _chunk(x, 0) * 2 + _chunk(x, 2), id="one repeated"),
            pytest.param(lambda x: x[:HEADER] + _chunk(x, 2), id="only the end"),
            pytest.param(lambda x: x[:20] + bytes([x[20] ^ 1]) + x[21:], id="another salt"),
            pytest.param(lambda x: x[:-1] + bytes([x[-1] ^ 1]), id="a flipped bit"),
        ],
    )
    async def test_is_noticed(self, store, key, tmp_path, tamper):
        """
        A file is opened whole and in order, or it ends with a refusal.
        """
        await store.write("westra/p1", [os.urandom(2 * CHUNK_BYTES + 1000)], key)
        path = tmp_path / "westra/p1.sealed"
        path.write_bytes(tamper(path.read_bytes()))

        assert await reason_of(store, key) is Reason.NOT_AUTHENTIC

    @pytest.mark.parametrize("content", [b"", b"insyn", b"PK\x03\x04" + bytes(100)])
    async def test_does_not_open_what_is_no_sealed_file(self, store, key, tmp_path, content):
        """
        A plain file put in place is not handed out.
        """
        await store.write("westra/p1", [b"x"], key)
        (tmp_path / "westra/p1.sealed").write_bytes(content)

        assert await reason_of(store, key) is Reason.MALFORMED

    async def test_gives_nothing_of_a_changed_chunk(self, store, key, tmp_path):
        """
        What was given was checked; the changed part never leaves.
        """
        await store.write("westra/p1", [b"a" * CHUNK_BYTES + b"b" * CHUNK_BYTES], key)
        path = tmp_path / "westra/p1.sealed"
        path.write_bytes(path.read_bytes()[:-1] + b"\x00")

        chunks = store.read("westra/p1", key)

        assert await anext(chunks) == b"a" * CHUNK_BYTES
        with pytest.raises(Unreadable):
            await anext(chunks)
