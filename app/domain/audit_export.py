"""
Checking chains of audit entries, and the file in which they leave the service.

An export is JSON lines, each in its canonical spelling: a header ``{format, controller, exported_at, heads}``, then
one line an entry ``{entry, prev, hash}``. It is checked without the service: whoever holds the header of an earlier
export also notices a cut-off end and a history written anew.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.domain.audit import (
    FORMAT,
    GENESIS,
    ChainId,
    Entry,
    FactsRefused,
    Head,
    Link,
    NotCanonical,
    canonical_json,
    entry_as_json,
    entry_hash,
)


class Fault(StrEnum):
    """What is wrong with an entry or a chain."""

    MALFORMED = "malformed"  # a line that no export of ours contains
    EDITED = "edited"  # the entry is not what its hash was made of
    BROKEN = "broken"  # it follows another entry than the one before it
    MISSING = "missing"  # numbers are left out before it
    OUT_OF_ORDER = "out_of_order"  # its number was there already
    FOREIGN = "foreign"  # another controller's
    TRUNCATED = "truncated"  # the chain ends before a head that was noted
    REWRITTEN = "rewritten"  # another entry stands where a head was noted
    APPENDED = "appended"  # the chain goes on after the head the header states
    UNANNOUNCED = "unannounced"  # the header knows no such chain


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault and where it is; ids only. ``line`` counts from 1 in an export, 0 elsewhere."""

    fault: Fault
    controller: str = ""
    request_id: str = ""
    seq: int = 0
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What checking an export gave."""

    controller: str
    exported_at: str
    entries: int
    chains: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return not self.findings


class _Chains:
    """Reads links one by one and remembers of each chain only where it stands."""

    def __init__(self, *, controller: str | None, heads: Mapping[ChainId, Head], noted: Mapping[ChainId, Head]) -> None:
        self._controller = controller
        self._expected = (heads, noted)
        self._met: tuple[set[ChainId], set[ChainId]] = (set(), set())
        self.standing: dict[ChainId, Head] = {}
        self.findings: list[Finding] = []

    def read(self, link: Link, *, line: int = 0) -> None:
        entry = link.entry
        chain = (entry.controller, entry.request_id)
        for fault in self._faults(link, self.standing.get(chain, Head(seq=0, hash=GENESIS))):
            self._note(fault, chain, entry.seq, line)
        for expected, met in zip(self._expected, self._met, strict=True):
            head = expected.get(chain)
            if head and head.seq == entry.seq:
                met.add(chain)
                if head.hash != link.hash:
                    self._note(Fault.REWRITTEN, chain, entry.seq, line)
        # Go on from what the link claims, so that one change is reported once and not once for every later entry.
        self.standing[chain] = Head(seq=entry.seq, hash=link.hash)

    def _faults(self, link: Link, last: Head) -> Iterator[Fault]:
        if self._controller is not None and link.entry.controller != self._controller:
            yield Fault.FOREIGN
        try:
            is_intact = entry_hash(link.prev_hash, link.entry) == link.hash
        except (FactsRefused, NotCanonical):
            is_intact = False
        if not is_intact:
            yield Fault.EDITED
        if link.entry.seq <= last.seq:
            yield Fault.OUT_OF_ORDER
        elif link.entry.seq > last.seq + 1:
            yield Fault.MISSING
        elif link.prev_hash != last.hash:
            yield Fault.BROKEN

    def close(self) -> list[Finding]:
        for expected, met in zip(self._expected, self._met, strict=True):
            for chain in sorted(set(expected) - met):
                self._note(Fault.TRUNCATED, chain, expected[chain].seq, 0)
        return self.findings

    def match_exactly(self, heads: Mapping[ChainId, Head]) -> None:
        for chain, standing in self.standing.items():
            if chain not in heads:
                self._note(Fault.UNANNOUNCED, chain, standing.seq, 0)
            elif standing.seq > heads[chain].seq:
                self._note(Fault.APPENDED, chain, standing.seq, 0)

    def _note(self, fault: Fault, chain: ChainId, seq: int, line: int) -> None:
        self.findings.append(Finding(fault=fault, controller=chain[0], request_id=chain[1], seq=seq, line=line))


def heads_of(links: Iterable[Link]) -> dict[ChainId, Head]:
    """The last entry of every chain, in the order the links come."""
    return {(link.entry.controller, link.entry.request_id): Head(seq=link.entry.seq, hash=link.hash) for link in links}


def verify(
    links: Iterable[Link],
    *,
    controller: str | None = None,
    checkpoint: Mapping[ChainId, Head] | None = None,
) -> list[Finding]:
    """
    Say what is wrong with these entries; an empty list is sound.

    Args:
        links: Any number of chains, mixed as they may be, each in its own order.
        controller: If given, an entry of anybody else's is a fault.
        checkpoint: Heads noted earlier and kept elsewhere. Chains may have grown since, never shrunk or changed.
    """
    chains = _Chains(controller=controller, heads={}, noted=checkpoint or {})
    for link in links:
        chains.read(link)
    return chains.close()


def export_lines(
    links: Iterable[Link], *, controller: str, exported_at: datetime, heads: Mapping[ChainId, Head]
) -> Iterator[str]:
    """
    Give the lines of an export, header first, without line ends.

    Args:
        links: One controller's entries, each chain in its order.
        exported_at: Aware.
        heads: Of exactly these links, see :func:`heads_of`; read in the same transaction.
    """
    yield canonical_json(
        {
            "format": FORMAT,
            "controller": controller,
            "exported_at": exported_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "heads": [
                {"request_id": request, "seq": head.seq, "hash": head.hash}
                for (_, request), head in sorted(heads.items())
            ],
        }
    ).decode()
    for link in links:
        line = {"entry": entry_as_json(link.entry), "prev": link.prev_hash, "hash": link.hash}
        yield canonical_json(line).decode()


class NotAnExport(ValueError):
    """The first line is not the header of an audit export."""


_HASH = re.compile(r"[0-9a-f]{64}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)


def read_heads(header: str) -> dict[ChainId, Head]:
    """
    Return the heads an export's first line states; those of an earlier export are a checkpoint for a later one.

    Raises:
        NotAnExport: If the line is no such header.
    """
    return _header(header)[2]


def verify_export(lines: Iterable[str], *, checkpoint: Mapping[ChainId, Head] | None = None) -> Report:
    """
    Check an export, line by line and without the service.

    Finds edited, deleted, inserted and reordered entries, entries of other requests or controllers, and chains whose
    end is not the one the header states. That header and entries were rewritten together shows only against a
    *checkpoint*: the heads of an earlier export (:func:`read_heads`).

    Raises:
        NotAnExport: If the first line is not a header.
    """
    rest = iter(lines)
    controller, exported_at, heads = _header(next(rest, ""))
    chains = _Chains(controller=controller, heads=heads, noted=checkpoint or {})
    count = 0
    for number, line in enumerate(rest, start=2):
        link = _link(line)
        if link is None:
            chains.findings.append(Finding(fault=Fault.MALFORMED, line=number))
            continue
        count += 1
        chains.read(link, line=number)
    chains.match_exactly(heads)
    return Report(
        controller=controller,
        exported_at=exported_at,
        entries=count,
        chains=len(chains.standing),
        findings=tuple(chains.close()),
    )


def _header(line: str) -> tuple[str, str, dict[ChainId, Head]]:
    match _parsed(line):
        case {
            "format": "insyn-audit/1",
            "controller": str(controller),
            "exported_at": str(at),
            "heads": list(rows),
            **more,
        }:
            if more or not _AT.fullmatch(at):
                raise NotAnExport("this is not the header of an audit export")
        case _:
            raise NotAnExport("this is not the header of an audit export")
    heads: dict[ChainId, Head] = {}
    for row in rows:
        match row:
            case {"request_id": str(request), "seq": int(seq), "hash": str(digest), **more}:
                is_numbered = type(seq) is int and seq >= 1
                if more or not is_numbered or not _HASH.fullmatch(digest) or (controller, request) in heads:
                    raise NotAnExport("a head in the header is malformed")
                heads[controller, request] = Head(seq=seq, hash=digest)
            case _:
                raise NotAnExport("a head in the header is malformed")
    return controller, at, heads


def _link(line: str) -> Link | None:
    match _parsed(line):
        case {"entry": dict(said), "prev": str(prev), "hash": str(digest), **more}:
            if more or not _HASH.fullmatch(prev) or not _HASH.fullmatch(digest):
                return None
            entry = _entry(said)
            return Link(entry=entry, prev_hash=prev, hash=digest) if entry else None
    return None


def _entry(said: dict[str, Any]) -> Entry | None:
    texts = ("controller", "request_id", "actor_role", "actor_ref", "step", "at")
    if not all(isinstance(said.get(name), str) for name in texts) or not isinstance(said.get("facts"), dict):
        return None
    if type(said.get("seq")) is not int or not _AT.fullmatch(said["at"]):
        return None
    try:
        entry = Entry(**{**said, "at": datetime.fromisoformat(said["at"])})
        return entry if entry_as_json(entry) == said else None
    except (TypeError, ValueError):
        return None


def _parsed(line: str) -> Any:
    """The line's value, if it is spelt as we spell it: so nothing hides in spaces, doubled keys or escapes."""
    try:
        value = json.loads(line)
        return value if canonical_json(value) == line.rstrip("\r\n").encode() else None
    except (ValueError, RecursionError):
        return None
