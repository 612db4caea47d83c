import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vault.envelope import OVERHEAD_BYTES, WRAPPED_BYTES, Address, Vault
from app.vault.errors import Reason, Unreadable
from app.vault.keys import MasterKeys

VAULT = Vault(MasterKeys({1: os.urandom(32)}))
HERE = Address("westra", "identity", "sealed", "row-1")


def reason_of(call, *args, **kwargs) -> Reason:
    with pytest.raises(Unreadable) as refused:
        call(*args, **kwargs)
    return refused.value.reason


class TestDataKey:
    @given(st.binary(max_size=2000))
    def test_opens_what_it_sealed(self, plain):
        """
        29 bytes more, and nothing of the plain text to be seen.
        """
        key = VAULT.new_data_key("r1")
        sealed = key.seal(plain, where=HERE)

        assert key.open(sealed, where=HERE) == plain
        assert len(sealed) == len(plain) + OVERHEAD_BYTES
        assert len(plain) < 4 or plain not in sealed

    def test_opens_again_from_its_wrapped_form(self):
        """
        Only the wrapped form is stored.
        """
        key = VAULT.new_data_key("r1")
        again = VAULT.open_data_key(key.wrapped, "r1")

        assert len(key.wrapped) == WRAPPED_BYTES
        assert again.open(key.seal(b"x", where=HERE), where=HERE) == b"x"
        assert again.wrapped == key.wrapped

    def test_carries_json(self):
        """
        Identifiers and answers are objects.
        """
        key = VAULT.new_data_key("r1")
        value = {"name": "Åsa", "rows": [1, None, True]}

        assert key.open_json(key.seal_json(value, where=HERE), where=HERE) == value

    def test_does_not_take_other_bytes_for_json(self):
        """
        What was sealed as bytes is not quietly something else.
        """
        key = VAULT.new_data_key("r1")

        assert reason_of(key.open_json, key.seal(b"{", where=HERE), where=HERE) is Reason.MALFORMED

    def test_seals_the_same_differently_each_time(self):
        """
        Equal values cannot be told from different ones.
        """
        key = VAULT.new_data_key("r1")

        assert key.seal(b"x", where=HERE) != key.seal(b"x", where=HERE)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            HERE._replace(controller="westila"),
            HERE._replace(table="package"),
            HERE._replace(column="contact"),
            HERE._replace(row="row-2"),
            Address("westr", "aidentity", "sealed", "row-1"),
            Address("westra", "identity|sealed", "", "row-1"),
        ],
        ids=["controller", "table", "column", "row", "shifted", "joined"],
    )
    def test_opens_nothing_that_was_moved(self, elsewhere):
        """
        A value belongs to one controller, table, column and row.
        """
        key = VAULT.new_data_key("r1")

        assert reason_of(key.open, key.seal(b"x", where=HERE), where=elsewhere) is Reason.NOT_AUTHENTIC

    @given(st.integers(0, 8 * (OVERHEAD_BYTES + 4) - 1))
    def test_notices_every_flipped_bit(self, bit):
        """
        Header, nonce, text and tag are all covered.
        """
        key = VAULT.new_data_key("r1")
        sealed = bytearray(key.seal(b"Anna", where=HERE))
        sealed[bit // 8] ^= 1 << bit % 8

        assert reason_of(key.open, bytes(sealed), where=HERE) in (Reason.NOT_AUTHENTIC, Reason.MALFORMED)

    @pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(60), bytes(OVERHEAD_BYTES - 1)])
    def test_opens_nothing_that_is_no_sealed_value(self, sealed):
        """
        Cut short or of another making.
        """
        assert reason_of(VAULT.new_data_key("r1").open, sealed, where=HERE) is Reason.MALFORMED

    def test_opens_nothing_of_another_key(self):
        """
        One request's key is of no use for the next.
        """
        sealed = VAULT.new_data_key("r1").seal(b"x", where=HERE)

        assert reason_of(VAULT.new_data_key("r1").open, sealed, where=HERE) is Reason.NOT_AUTHENTIC

    def test_shows_nothing_and_stays_in_the_process(self):
        """
        Not in a repr, nor in a pickle.
        """
        key = VAULT.new_data_key("r1")

        assert repr(key) == "DataKey()"
        assert not hasattr(key, "__dict__")
        with pytest.raises(TypeError):
            pickle.dumps(key)


class TestVault:
    @pytest.mark.parametrize("nothing", [None, b""])
    def test_says_that_a_key_was_destroyed(self, nothing):
        """
        Erased data is not an accident (GDPR Art. 17).
        """
        assert reason_of(VAULT.open_data_key, nothing, "r1") is Reason.DESTROYED

    def test_opens_no_key_for_another_subject(self):
        """
        A wrapped key copied to another request does not open there.
        """
        assert reason_of(VAULT.open_data_key, VAULT.new_data_key("r1").wrapped, "r2") is Reason.NOT_AUTHENTIC

    def test_opens_no_key_of_another_installation(self):
        """
        The database alone is worth nothing.
        """
        stranger = Vault(MasterKeys({1: os.urandom(32)}))

        assert reason_of(stranger.open_data_key, VAULT.new_data_key("r1").wrapped, "r1") is Reason.NOT_AUTHENTIC

    @given(st.integers(0, 8 * WRAPPED_BYTES - 1))
    def test_notices_every_flipped_bit_of_a_wrapped_key(self, bit):
        """
        The key's version is covered, too.
        """
        wrapped = bytearray(VAULT.new_data_key("r1").wrapped)
        wrapped[bit // 8] ^= 1 << bit % 8

        with pytest.raises(Unreadable):
            VAULT.open_data_key(bytes(wrapped), "r1")

    @pytest.mark.parametrize("call", [VAULT.needs_rewrap, lambda wrapped: VAULT.rewrap(wrapped, "r1")])
    def test_rewraps_nothing_malformed(self, call):
        """
        A damaged row is reported, not wrapped anew.
        """
        assert reason_of(call, b"\x01\x00") is Reason.MALFORMED

    def test_shows_nothing(self):
        """
        Not in a repr.
        """
        assert repr(VAULT) == "Vault(current=1)"


class TestBlindIndex:
    def test_finds_the_same_again(self):
        """
        Deterministic, 32 bytes.
        """
        values = {VAULT.blind_index(controller="westra", type="phone", normalised="+46701740605") for _ in range(3)}

        assert [len(value) for value in values] == [32]

    @pytest.mark.parametrize(
        "other",
        [
            {"controller": "westila", "type": "phone", "normalised": "+46701740605"},
            {"controller": "westra", "type": "customer_number", "normalised": "+46701740605"},
            {"controller": "westra", "type": "phone", "normalised": "+46701740606"},
            {"controller": "westrap", "type": "hone", "normalised": "+46701740605"},
        ],
        ids=["controller", "type", "value", "shifted"],
    )
    def test_differs_by_controller_type_and_value(self, other):
        """
        Two controllers' tables cannot be joined on a person.
        """
        value = VAULT.blind_index(controller="westra", type="phone", normalised="+46701740605")

        assert VAULT.blind_index(**other) != value

    def test_is_worth_nothing_without_the_key(self):
        """
        All personnummer could be hashed in a minute; not with a key one has not.
        """
        asked = {"controller": "westra", "type": "personnummer", "normalised": "199001012384"}

        assert Vault(MasterKeys({1: os.urandom(32)})).blind_index(**asked) != VAULT.blind_index(**asked)
