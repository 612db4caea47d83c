import base64
import os
import pickle

import pytest

from app.vault.envelope import Address, Vault
from app.vault.errors import Reason, UnfitMasterKey, Unreadable
from app.vault.keys import MasterKeys

ONE, TWO, OTHER = (base64.b64encode(os.urandom(32)).decode() for _ in range(3))


def vault(text: str) -> Vault:
    return Vault(MasterKeys.from_settings(text=text))


def index(text: str) -> bytes:
    return vault(text).blind_index(controller="westra", type="email", normalised="anna@example.org")


class TestMasterKeys:
    @pytest.mark.parametrize(
        ("text", "current"),
        [
            pytest.param(ONE, 1, id="a plain key is version 1"),
            pytest.param(f"1:{ONE}", 1, id="named"),
            pytest.param(f"1:{ONE},2:{TWO}", 2, id="the highest is current"),
            pytest.param(f"12:{TWO}\n 1 : {ONE} \n", 12, id="lines and spaces"),
            pytest.param(f"3:{TWO},index:{ONE}", 3, id="version 1 retired"),
        ],
    )
    def test_are_read(self, text, current):
        """
        Versions are numbers, the highest one wraps.
        """
        assert MasterKeys.from_settings(text=text).current == current

    def test_are_read_from_a_file(self, tmp_path):
        """
        As secrets are mounted in containers.
        """
        file = tmp_path / "key"
        file.write_text(MasterKeys.generate() + "\n")

        assert MasterKeys.from_settings(file=file).current == 1

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param("", "no master key", id="empty"),
            pytest.param("1:" + ONE[:-8], "32 bytes|not base64", id="too short"),
            pytest.param(f"1:{ONE}AAAA", "not base64|32 bytes", id="too long"),
            pytest.param("changeme", "32 bytes", id="a word"),
            pytest.param("1:åäö", "not base64", id="not ascii"),
            pytest.param("1:" + base64.b64encode(bytes(32)).decode(), "example", id="all zero"),
            pytest.param(f"0:{ONE}", "version", id="version 0"),
            pytest.param(f"70000:{ONE}", "version", id="version too high"),
            pytest.param(f"first:{ONE}", "version", id="a word as version"),
            pytest.param(f"1:{ONE},1:{TWO}", "twice", id="one version twice"),
            pytest.param(f"2:{TWO}", "'index:", id="version 1 dropped without keeping the index"),
            pytest.param(f"index:{ONE}", "no master key", id="an index key only"),
            pytest.param(f"1:{ONE},index:AAAA", "32 bytes", id="a short index key"),
        ],
    )
    def test_refuse_in_one_line_without_the_key(self, text, said):
        """
        The service does not start, and says why, and nobody reads the key in the log.
        """
        with pytest.raises(UnfitMasterKey, match=said) as refused:
            MasterKeys.from_settings(text=text)

        assert "\n" not in str(refused.value)
        assert ONE[:-8] not in str(refused.value)
        assert refused.value.__cause__ is None

    @pytest.mark.parametrize("chosen", [{}, {"text": ONE, "file": "x"}], ids=["none", "both"])
    def test_are_set_exactly_once(self, chosen, tmp_path):
        """
        With two sources, the wrong one would be taken some day.
        """
        with pytest.raises(UnfitMasterKey, match="exactly one"):
            MasterKeys.from_settings(text=chosen.get("text"), file=tmp_path if "file" in chosen else None)

    def test_need_a_readable_file(self, tmp_path):
        """
        A missing file, a folder, or something that is no text.
        """
        (tmp_path / "binary").write_bytes(b"\xff\xfe")

        for name in ("missing", ".", "binary"):
            with pytest.raises(UnfitMasterKey, match="no readable") as refused:
                MasterKeys.from_settings(file=tmp_path / name)
            assert str(tmp_path) not in str(refused.value)

    def test_show_nothing_and_stay_in_the_process(self):
        """
        Not in a repr, a traceback's locals or a pickle.
        """
        keys = MasterKeys.from_settings(text=f"1:{ONE}")

        assert repr(keys) == "MasterKeys(current=1)"
        with pytest.raises(TypeError):
            pickle.dumps(keys)

    def test_are_generated_anew_each_time(self):
        """
        There is no built-in key.
        """
        assert MasterKeys.generate() != MasterKeys.generate()


class TestRotation:
    def test_rewraps_without_touching_what_was_sealed(self):
        """
        Both keys set, rewrap, drop the old one: the data key is the same.
        """
        here = Address("westra", "identity", "sealed", "1")
        old, both, new = vault(ONE), vault(f"1:{ONE},2:{TWO}"), vault(f"2:{TWO},index:{ONE}")
        key = old.new_data_key("r1")
        sealed = key.seal(b"Anna", where=here)

        assert both.needs_rewrap(key.wrapped)
        rewrapped = both.rewrap(key.wrapped, "r1")

        assert not both.needs_rewrap(rewrapped)
        assert new.open_data_key(rewrapped, "r1").open(sealed, where=here) == b"Anna"
        with pytest.raises(Unreadable) as refused:
            new.open_data_key(key.wrapped, "r1")
        assert refused.value.reason is Reason.UNKNOWN_KEY

    def test_does_not_change_the_blind_index(self):
        """
        Whoever was found before is found after, also when version 1 is retired.
        """
        assert index(ONE) == index(f"1:{ONE},2:{TWO}") == index(f"2:{TWO},index:{ONE}")

    def test_changes_the_index_only_with_its_own_key(self):
        """
        A new index key is a maintenance run, never an accident.
        """
        assert index(f"1:{ONE},index:{OTHER}") != index(ONE)
