import os
import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.vault import Address, FileKeyStore, MasterKeys, Reason, Unreadable, Vault

VAULT = Vault(MasterKeys({1: os.urandom(32)}))
HERE = Address("westra", "request", "subject", "r1")


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys")


def reason_of(call: Callable[[], object]) -> Reason:
    with pytest.raises(Unreadable) as refused:
        call()
    return refused.value.reason


async def kept(store: FileKeyStore) -> tuple[UUID, bytes]:
    key_id, share = uuid4(), os.urandom(32)
    await store.put("westra", key_id, share)
    return key_id, share


class TestSplitKey:
    def test_opens_with_its_share(self) -> None:
        """
        Half from the database, half from the key store: the same key again.
        """
        key, share = VAULT.new_split_key("r1")
        sealed = key.seal(b"Anna", where=HERE)

        assert VAULT.open_data_key(key.wrapped, "r1", share).open(sealed, where=HERE) == b"Anna"

    def test_does_not_open_by_a_dump_and_the_master_key(self) -> None:
        """
        GDPR Art. 17: what a dump holds is half a key, and the master key opens no more than that half.
        """
        key, _share = VAULT.new_split_key("r1")

        assert reason_of(lambda: VAULT.open_data_key(key.wrapped, "r1")) is Reason.NO_SHARE

    def test_does_not_open_by_its_half_taken_for_a_whole(self) -> None:
        """
        Whoever changes the mark in the dump gets nothing either: it is bound into the seal.
        """
        key, _share = VAULT.new_split_key("r1")

        assert reason_of(lambda: VAULT.open_data_key(b"\x01" + key.wrapped[1:], "r1")) is Reason.NOT_AUTHENTIC

    @pytest.mark.parametrize("subject", ["r1", "r2"])
    def test_opens_nothing_with_another_share(self, subject: str) -> None:
        """
        Another request's share, or this one's under another name, makes another key.
        """
        key, share = VAULT.new_split_key("r1")
        other, other_share = VAULT.new_split_key("r2")
        wrapped, given = (key.wrapped, other_share) if subject == "r1" else (other.wrapped, share)
        sealed = (key if subject == "r1" else other).seal(b"x", where=HERE)
        opened = VAULT.open_data_key(wrapped, subject, given)

        assert reason_of(lambda: opened.open(sealed, where=HERE)) is Reason.NOT_AUTHENTIC

    def test_says_nothing_by_its_half(self) -> None:
        """
        Two halves of the same length as a key, each random: neither is the key, nor any part of it.
        """
        key, share = VAULT.new_split_key("r1")
        half = VAULT._unwrap(key.wrapped, "r1")

        assert len({half, share, key._key}) == 3

    def test_is_wrapped_anew_as_what_it_is(self) -> None:
        """
        Rotation of the master key keeps halves halves, and what they sealed readable.
        """
        text = {1: os.urandom(32), 2: os.urandom(32)}
        old, new = Vault(MasterKeys({1: text[1]})), Vault(MasterKeys(text))
        key, share = old.new_split_key("r1")
        rewrapped = new.rewrap(key.wrapped, "r1")

        assert new.is_split(rewrapped)
        assert not new.needs_rewrap(rewrapped)
        opened = new.open_data_key(rewrapped, "r1", share)
        assert opened.open(key.seal(b"Anna", where=HERE), where=HERE) == b"Anna"


class TestShare:
    async def test_is_read_as_it_was_kept(self, store: FileKeyStore) -> None:
        """
        By every process that has the folder.
        """
        key_id, share = await kept(store)

        assert FileKeyStore(store._root).read("westra", key_id) == share

    async def test_is_another_controllers_nothing(self, store: FileKeyStore) -> None:
        """
        A share has its controller's folder and is in no other.
        """
        key_id, _ = await kept(store)

        assert reason_of(lambda: store.read("securitas", key_id)) is Reason.NO_SHARE

    async def test_is_never_written_over(self, store: FileKeyStore) -> None:
        """
        Written twice it would have destroyed the first: a name is used once.
        """
        key_id, share = await kept(store)
        with pytest.raises(FileExistsError):
            await store.put("westra", key_id, os.urandom(32))

        assert store.read("westra", key_id) == share

    async def test_is_gone_once_destroyed(self, store: FileKeyStore) -> None:
        """
        Its bytes are written over before its name goes, and destroying it again is no fault.
        """
        key_id, _ = await kept(store)
        path = store._path("westra", key_id)
        with path.open("rb") as still_open:
            assert await store.destroy("westra", [key_id]) == 1
            assert set(still_open.read()) == {0}

        assert await store.destroy("westra", [key_id, uuid4()]) == 0
        assert reason_of(lambda: store.read("westra", key_id)) is Reason.NO_SHARE

    async def test_that_was_cut_short_is_no_share(self, store: FileKeyStore) -> None:
        """
        A crash while writing leaves a file that says so; no row can be waiting for it.
        """
        key_id, _ = await kept(store)
        store._path("westra", key_id).write_bytes(b"insyn-share-1\nhalf")

        assert reason_of(lambda: store.read("westra", key_id)) is Reason.MALFORMED

    async def test_is_open_to_nobody_else(self, store: FileKeyStore) -> None:
        """
        Folders and files belong to the service's user alone.
        """
        key_id, _ = await kept(store)
        path = store._path("westra", key_id)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}

    async def test_is_listed_with_its_age(self, store: FileKeyStore) -> None:
        """
        So that one nobody speaks of is found.
        """
        key_id, _ = await kept(store)
        (store._root / "westra" / "notes.share").touch()

        assert [found for found, _ in await store.kept("westra")] == [key_id]
        assert await store.kept("securitas") == []
