"""
Checkpoints: where all of a controller's chains stood on a day, signed and kept outside the database. Pure.

A chain alone does not show that its end was cut off or that all of it was written anew. A checkpoint does: it names
the head of every chain. To stay small it lists only those that have moved since the one before; its root is the
Merkle root over *all* heads, sorted by request. Checkpoints are numbered and each names the hash of the one before,
so none can be left out, put in another's place or swapped. The signature (Ed25519, handed in as a function) covers
everything.

What was written after the last checkpoint is protected by the next one only.
"""

import hashlib
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from app.domain import merkle
from app.domain.audit import GENESIS, ChainId, Head, NotCanonical, canonical_json

FORMAT = "insyn-checkpoint/1"
#: A request and where its chain stood.
Heads = Mapping[str, Head]
Sign = Callable[[bytes], bytes]
#: (message, signature) -> whether the key we trust made it.
Check = Callable[[bytes, bytes], bool]


class CheckpointFault(StrEnum):
    """What is wrong with a row of checkpoints."""

    MALFORMED = "checkpoint_malformed"  # no checkpoint of ours looks like that
    FORGED = "checkpoint_forged"  # the signature is not the key's, or not of this
    FOREIGN = "checkpoint_foreign"  # another controller's
    OUT_OF_SEQUENCE = "checkpoint_out_of_sequence"  # one is missing, doubled or put in another's place
    WRONG_ROOT = "checkpoint_wrong_root"  # its root is not that of the heads it states
    WENT_BACK = "checkpoint_went_back"  # a chain it names stood further before


class ChainsWentBack(Exception):
    """The database contradicts an earlier checkpoint: chains are shorter, other or gone."""

    def __init__(self, requests: Sequence[str]) -> None:
        super().__init__(f"{len(requests)} chains do not go on from where they stood")
        self.requests = requests


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """
    One signed checkpoint.

    Attributes:
        moved: Heads that are new or have moved since the one before.
        size: How many chains there are in all.
        starts_over: Made after a restore: ``moved`` has all heads, and those before no longer count.
    """

    controller: str
    number: int
    day: date
    made_at: str
    previous: str
    size: int
    root: str
    moved: Heads = field(repr=False)
    starts_over: bool = False
    signature: bytes = b""

    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "format": FORMAT,
            "controller": self.controller,
            "number": self.number,
            "day": self.day.isoformat(),
            "made_at": self.made_at,
            "previous": self.previous,
            "size": self.size,
            "root": self.root,
            "starts_over": self.starts_over,
            "moved": [[request, head.seq, head.hash] for request, head in sorted(self.moved.items())],
        }

    @property
    def hash(self) -> str:
        return hashlib.sha256(canonical_json(self.body())).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.number:06d}-{self.day.isoformat()}.json"


def leaf_of(controller: str, request: str, head: Head) -> bytes:
    """The leaf of one chain's head: its controller, request, number and hash."""
    return merkle.leaf_hash(canonical_json([controller, request, head.seq, head.hash]))


def root_of(controller: str, heads: Heads) -> str:
    return merkle.root([leaf_of(controller, request, head) for request, head in sorted(heads.items())]).hex()


def went_back(before: Heads, now: Heads) -> list[str]:
    """Requests whose chains do not go on from where they stood; needs no entries, only heads."""
    return sorted(
        request
        for request, head in before.items()
        if request not in now
        or now[request].seq < head.seq
        or (now[request].seq == head.seq and now[request].hash != head.hash)
    )


def make(
    *,
    controller: str,
    heads: Heads,
    before: "Standing",
    day: date,
    now: datetime,
    sign: Sign,
    starts_over: bool = False,
) -> Checkpoint:
    """
    Make the next checkpoint.

    Args:
        heads: Of every chain of the controller.
        before: What the checkpoints so far say.
        starts_over: After a restore: say openly that chains may have gone back.

    Raises:
        ChainsWentBack: Then something is wrong with the database, and nothing is signed.
    """
    if not starts_over and (gone := went_back(before.heads, heads)):
        raise ChainsWentBack(gone)
    moved = {r: h for r, h in heads.items() if starts_over or before.heads.get(r) != h}
    plain = Checkpoint(
        controller=controller,
        number=before.number + 1,
        day=day,
        made_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        previous=before.hash,
        size=len(heads),
        root=root_of(controller, heads),
        moved=moved,
        starts_over=starts_over,
    )
    return Checkpoint(**{**vars(plain), "signature": sign(canonical_json(plain.body()))})


def as_text(checkpoint: Checkpoint, *, key: str) -> str:
    """The file: canonical JSON with the signature and, for convenience, the public key (trust another copy of it)."""
    said = {"checkpoint": checkpoint.body(), "signature": checkpoint.signature.hex(), "key": key}
    return canonical_json(said).decode() + "\n"


_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class NotACheckpoint(ValueError):
    """This text is no checkpoint of ours."""


def read(text: str) -> tuple[Checkpoint, str]:
    """
    Read a checkpoint file: the checkpoint, its signature not yet checked, and the key it names (hex).

    Raises:
        NotACheckpoint
    """
    try:
        said = json.loads(text)
        if canonical_json(said) != text.rstrip("\n").encode():
            raise NotACheckpoint
        body, signature, key = said["checkpoint"], said["signature"], said["key"]
        found = Checkpoint(
            **{name: body[name] for name in ("controller", "number", "made_at", "previous", "size", "root")},
            day=date.fromisoformat(body["day"]),
            starts_over=body["starts_over"],
            moved={request: Head(seq=seq, hash=digest) for request, seq, digest in body["moved"]},
            signature=bytes.fromhex(signature),
        )
        is_ours = _SIGNATURE.fullmatch(signature) and _HASH.fullmatch(key) and _are_numbers(found)
        if not is_ours or found.body() != body:
            raise NotACheckpoint
    except (ValueError, KeyError, TypeError, AttributeError, NotCanonical, RecursionError):
        raise NotACheckpoint("this is no checkpoint") from None
    return found, key


def _are_numbers(found: Checkpoint) -> bool:
    return all(type(one) is int for one in (found.number, found.size, *(head.seq for head in found.moved.values())))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a row of checkpoints comes to: where every chain stood at the last of them."""

    number: int = 0
    hash: str = GENESIS
    day: date | None = None
    heads: Heads = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CheckpointFinding:
    """One fault, and in which checkpoint (by its place, from 1)."""

    fault: CheckpointFault
    place: int


def follow(
    texts: Iterable[str], *, controller: str | None, check: Check
) -> tuple[Standing, list[CheckpointFinding], list[int]]:
    """
    Follow checkpoints from the first to the last, in the order of their names.

    Args:
        controller: Whose they must be; None takes the first one's word.
        check: Whether a signature is the trusted key's.

    Returns:
        Where the chains stood at the last, what is wrong, and the numbers of those that start over after a restore.
    """
    at, found, restarts = Standing(), list[CheckpointFinding](), list[int]()
    for place, text in enumerate(texts, start=1):
        try:
            one, _ = read(text)
        except NotACheckpoint:
            found.append(CheckpointFinding(CheckpointFault.MALFORMED, place))
            continue
        controller = one.controller if controller is None else controller
        heads = dict(one.moved) if one.starts_over else {**at.heads, **one.moved}
        found += [CheckpointFinding(fault, place) for fault in _faults(one, at, heads, controller, check)]
        restarts += [one.number] if one.starts_over else []
        at = Standing(number=one.number, hash=one.hash, day=one.day, heads=heads)
    return at, found, restarts


def _faults(one: Checkpoint, at: Standing, heads: Heads, controller: str, check: Check) -> Iterable[CheckpointFault]:
    if not check(canonical_json(one.body()), one.signature):
        yield CheckpointFault.FORGED
    if one.controller != controller:
        yield CheckpointFault.FOREIGN
    if (one.number, one.previous) != (at.number + 1, at.hash):
        yield CheckpointFault.OUT_OF_SEQUENCE
    if one.size != len(heads) or one.root != root_of(one.controller, heads):
        yield CheckpointFault.WRONG_ROOT
    if not one.starts_over and went_back({r: at.heads[r] for r in one.moved if r in at.heads}, one.moved):
        yield CheckpointFault.WENT_BACK


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """The proof that a chain stood at *head* when a checkpoint was made."""

    head: Head
    index: int
    size: int
    path: tuple[str, ...]


def inclusion_of(controller: str, request: str, heads: Heads) -> Inclusion | None:
    """The proof for one request among all heads; None if the checkpoint does not know it yet."""
    if request not in heads:
        return None
    ordered = sorted(heads)
    index = bisect_left(ordered, request)
    leaves = [leaf_of(controller, one, heads[one]) for one in ordered]
    path = tuple(one.hex() for one in merkle.inclusion(leaves, index))
    return Inclusion(head=heads[request], index=index, size=len(ordered), path=path)


def as_noted(controller: str, heads: Heads) -> dict[ChainId, Head]:
    """Heads as ``audit_export.verify`` takes them."""
    return {(controller, request): head for request, head in heads.items()}
