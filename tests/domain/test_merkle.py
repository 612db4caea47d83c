import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import merkle

#: The inputs and roots of RFC 6962's reference implementation, for trees of 1 to 8 leaves.
INPUTS = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(bytes.fromhex(one)) for one in INPUTS]


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))


class TestRoot:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_is_that_of_the_reference(self, size: int) -> None:
        """RFC 6962's own vectors."""
        assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]

    def test_of_nothing_is_the_hash_of_nothing(self) -> None:
        """RFC 6962 2.1: MTH({}) = SHA-256()."""
        assert merkle.root([]) == hashlib.sha256(b"").digest()

    @pytest.mark.parametrize("size", [*range(70), 127, 128, 129, 1000])
    def test_is_the_definitions(self, size: int) -> None:
        """Built row by row it is the tree that splits at powers of two."""
        leaves = [os.urandom(32) for _ in range(size)]

        assert merkle.root(leaves) == root_by_definition(leaves)


class TestProof:
    @pytest.mark.parametrize("size", [*range(1, 34), 100])
    def test_leads_from_every_leaf_to_the_root(self, size: int) -> None:
        """Each leaf of each tree; never longer than the tree is high."""
        leaves = [os.urandom(32) for _ in range(size)]
        expected = merkle.root(leaves)

        for index, leaf in enumerate(leaves):
            path = merkle.inclusion(leaves, index)
            assert len(path) <= size.bit_length()
            assert merkle.is_included(leaf, index=index, size=size, path=path, expected=expected)

    @given(size=st.integers(1, 60), data=st.data())
    def test_leads_nowhere_else(self, size: int, data: st.DataObject) -> None:
        """Another leaf, another place, another size, a path cut or lengthened: not included."""
        leaves = [merkle.leaf_hash(bytes([one])) for one in range(size)]
        expected = merkle.root(leaves)
        index = data.draw(st.integers(0, size - 1))
        path = merkle.inclusion(leaves, index)
        fits = {"index": index, "size": size, "path": path, "expected": expected}

        assert not merkle.is_included(merkle.leaf_hash(b"other"), **fits)
        assert not merkle.is_included(leaves[index], **fits | {"index": size})
        assert not merkle.is_included(leaves[index], **fits | {"index": -1})
        assert not merkle.is_included(leaves[index], **fits | {"path": [*path, b"\x00" * 32]})
        assert not merkle.is_included(leaves[index], **fits | {"path": path[:-1]}) or not path
        assert not merkle.is_included(leaves[index], **fits | {"expected": merkle.leaf_hash(b"root")})

    def test_of_a_leaf_that_is_not_there_is_none(self) -> None:
        """An index past the end is a mistake of the caller."""
        with pytest.raises(IndexError):
            merkle.inclusion(LEAVES, 8)
