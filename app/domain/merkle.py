"""
A Merkle tree as RFC 6962 has it: one hash over many, and a short proof that one of them is among them. Pure.

Leaves and nodes are hashed differently (0x00, 0x01), so no node can pass for a leaf. Nothing is padded: the left half
is the largest power of two that leaves something for the right.
"""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree's hash over these leaf hashes, in their order; of none it is the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    return _levels(leaves)[-1][0]


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """
    Every row of the tree, leaves first.

    Pairing up row by row and carrying a lone last one along gives the same tree as splitting at powers of two.
    """
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        rows.append(above + below[len(below) - len(below) % 2 :])
    return rows


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """
    The proof that leaf number *index* (from 0) is in the tree: the sibling hashes from the bottom up (RFC 6962 2.1.1).

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError("there is no such leaf")
    path = []
    for row in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        index //= 2
    return path


def is_included(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether *path* leads from leaf number *index* of *size* to the root *expected* (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, reached = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            reached = node_hash(sibling, reached)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            reached = node_hash(reached, sibling)
        at, last = at // 2, last // 2
    return last == 0 and reached == expected
