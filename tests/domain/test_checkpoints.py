"""
The record as an authority checks it: the export, the checkpoints kept elsewhere, the public key; nothing of ours runs.
"""

import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.domain import checkpoints as rules
from app.domain import merkle
from app.domain.audit import AuditStep, Entry, Head, Link, chain, entry_hash
from app.domain.audit_export import export_lines, heads_of, verify_export
from app.domain.checkpoints import ChainsWentBack, Checkpoint, CheckpointFault, NotACheckpoint, Standing, follow, make
from app.vault.signing import SigningKey, is_signed

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
DAYS, CHAINS, OTHER_CHAINS = 3, 4, 2
#: Stands for Ed25519 where ten thousand are made: as unforgeable to whoever lacks the key, and ten times as fast.
KEY, ANOTHER_KEY = b"k" * 32, b"a" * 32


def signing(key: bytes) -> rules.Sign:
    return lambda message: hmac.digest(key, message, "sha512")


def check(message: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(KEY, message, "sha512"), signature)


def entry(controller: str, request: str, seq: int, **changed: object) -> Entry:
    plain = Entry(
        controller=controller, request_id=request, seq=seq, at=AT + timedelta(minutes=seq), actor_role="agent",
        actor_ref="worker", step=AuditStep.TASK_CREATED, facts={"attempt": seq, "of": len(controller)},
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


def chained(entries: list[Entry]) -> list[Link]:
    """Chain them as anybody could who knows how: all hashes fit."""
    links: dict[str, Link] = {}
    made = []
    for one in entries:
        before = links.get(one.request_id)
        head = Head(seq=before.entry.seq, hash=before.hash) if before else None
        link = chain(head, replace(one, seq=head.seq + 1 if head else 1))
        links[one.request_id] = link
        made.append(link)
    return made


class World:
    """A controller's record over some days, each day's checkpoint made at its end."""

    def __init__(self, controller: str, *, chains: int = CHAINS, days: int = DAYS, key: bytes = KEY) -> None:
        self.controller = controller
        self.requests = [str(UUID(int=1000 * len(controller) + n)) for n in range(chains)]
        self.links: list[Link] = []
        self.texts: list[str] = []
        standing = Standing()
        for day in range(days):
            entries = [link.entry for link in self.links]
            for number, request in enumerate(self.requests):
                if number <= day:  # a new one every day; not every chain moves
                    length = sum(one.request_id == request for one in entries)
                    entries += [entry(controller, request, length + n) for n in range(1, 3)]
            self.links = chained(entries)
            made = make(
                controller=controller, heads=self.heads(), before=standing, day=date(2026, 11, 22 + day),
                now=AT + timedelta(days=day), sign=signing(key),
            )  # fmt: skip
            self.texts.append(rules.as_text(made, key="00" * 32))
            standing = follow(self.texts, controller=controller, check=lambda *_: True)[0]

    def heads(self) -> dict[str, Head]:
        return {request: head for (_, request), head in heads_of(self.links).items()}


def _followed(texts: list[str]) -> tuple[Standing, list[rules.CheckpointFinding], list[int]]:
    return follow(texts, controller="westra", check=check)


WORLD = World("westra")
UNTOUCHED = _followed(WORLD.texts)
OTHER = World("securitas", chains=OTHER_CHAINS)
FORGED = World("westra", key=ANOTHER_KEY)


def exported(links: list[Link]) -> list[str]:
    """An export whose header fits whatever it holds: who rewrites entries rewrites that as well."""
    mine = [one for one in links if one.entry.controller == WORLD.controller]
    return list(export_lines(links, controller=WORLD.controller, exported_at=AT, heads=heads_of(mine)))


def is_found(links: list[Link], texts: list[str]) -> bool:
    """Whether the offline check says that something is wrong."""
    standing, faults, _ = UNTOUCHED if texts is WORLD.texts else _followed(texts)
    noted = rules.as_noted(WORLD.controller, standing.heads)
    return bool(faults) or not verify_export(exported(links), checkpoint=noted).is_sound


# --- what an insider could do -----------------------------------------------------------------------------------------


def edit(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Change one entry; sometimes its own hash as well."""
    links = list(WORLD.links)
    at = rng.randrange(len(links))
    field, value = rng.choice(
        [("step", AuditStep.CLAIM_CLOSED), ("actor_ref", "api"), ("facts", {"attempt": 99}), ("at", AT)]
    )
    changed = replace(links[at], entry=replace(links[at].entry, **{field: value}))
    if rng.random() < 0.5:
        changed = replace(changed, hash=entry_hash(changed.prev_hash, changed.entry))
    links[at] = changed
    return links, WORLD.texts


def delete(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Take entries out, from anywhere but the ends of chains alone."""
    links = list(WORLD.links)
    for _ in range(rng.randrange(1, 4)):
        del links[rng.randrange(len(links))]
    return links, WORLD.texts


def insert(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Put an entry in that was never written, or one twice; chained on to whatever stands before it."""
    links = list(WORLD.links)
    at = rng.randrange(len(links))
    one = links[at]
    if rng.random() < 0.5:
        one = chain(
            Head(seq=one.entry.seq, hash=one.hash),
            replace(one.entry, seq=one.entry.seq + 1, step=AuditStep.AUDIT_READ),
        )
    later = [n for n in range(at + 1, len(links)) if links[n].entry.request_id == one.entry.request_id]
    links.insert(rng.choice(later) + 1 if later else at, one)
    return links, WORLD.texts


def reorder(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Let two steps of a request change places."""
    links = list(WORLD.links)
    request = rng.choice([one for one in WORLD.requests if WORLD.heads().get(one, Head(seq=0, hash="")).seq > 1])
    first, second = rng.sample([n for n, link in enumerate(links) if link.entry.request_id == request], 2)
    links[first], links[second] = links[second], links[first]
    return links, WORLD.texts


def swap_tenants(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Put another controller's entries, or whole chain, in the place of this one's; under its name or another's."""
    links = list(WORLD.links)
    at = rng.randrange(len(links))
    other = rng.choice(OTHER.links)
    if rng.random() < 0.5:
        request = links[at].entry.request_id
        theirs = [one for one in OTHER.links if one.entry.request_id == other.entry.request_id]
        renamed = chained([replace(one.entry, controller=WORLD.controller, request_id=request) for one in theirs])
        return [one for one in links if one.entry.request_id != request] + renamed, WORLD.texts
    links[at] = other
    return links, WORLD.texts


def truncate(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Cut the end of a chain off, or all of it, and let the header say that it was never longer."""
    request = rng.choice(list(WORLD.heads()))
    length = WORLD.heads()[request].seq
    left = rng.randrange(length)
    return [one for one in WORLD.links if one.entry.request_id != request or one.entry.seq <= left], WORLD.texts


def rewrite(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Write a chain anew from some entry on, every hash right, as long as it was or longer."""
    entries = [one.entry for one in WORLD.links]
    at = rng.randrange(len(entries))
    entries[at] = replace(entries[at], facts={"attempt": rng.randrange(100, 1000)})
    more = rng.randrange(3)
    entries += [replace(entries[at], seq=0, step=AuditStep.AUDIT_READ) for _ in range(more)]
    return chained(entries), WORLD.texts


def substitute(rng: random.Random) -> tuple[list[Link], list[str]]:
    """Put something else in a checkpoint's place."""
    texts = list(WORLD.texts)
    at = rng.randrange(len(texts))
    match rng.randrange(5):
        case 0:
            texts[at] = FORGED.texts[at]  # the same, signed by somebody else
        case 1:
            texts[at] = OTHER.texts[at]  # another controller's
        case 2:
            other = rng.choice([n for n in range(len(texts)) if n != at])
            texts[at] = texts[other]
        case 3:
            said = json.loads(texts[at])
            field = rng.choice(["size", "number"])
            said["checkpoint"][field] += 1
            texts[at] = json.dumps(said, sort_keys=True, separators=(",", ":")) + "\n"
        case _:
            del texts[rng.randrange(len(texts) - 1)]  # not the last: that needs a copy kept elsewhere
    return list(WORLD.links), texts


def rewrite_with_checkpoints(_rng: random.Random) -> tuple[list[Link], list[str]]:
    """Write everything anew, chains and checkpoints, with a key of one's own."""
    return list(FORGED.links), list(FORGED.texts)


TAMPERS: list[Callable[[random.Random], tuple[list[Link], list[str]]]] = [
    edit, delete, insert, reorder, swap_tenants, truncate, rewrite, substitute, rewrite_with_checkpoints,
]  # fmt: skip
TOTAL = 10_000


class TestOfflineCheck:
    def test_finds_nothing_where_nothing_was_done(self) -> None:
        """Or a finding would mean nothing."""
        assert not is_found(WORLD.links, WORLD.texts)

    def test_lets_chains_grow_after_the_last_checkpoint(self) -> None:
        """What came after is protected by the next one; it is no fault."""
        grown = chained([*(one.entry for one in WORLD.links), entry("westra", WORLD.requests[0], 0)])

        assert not is_found(grown, WORLD.texts)

    def test_finds_ten_thousand_tampers(self) -> None:
        """
        Security.md figure 15: at least ten thousand random tampers in eight classes and more, and every one is found.
        """
        rng = random.Random(20261126)
        missed, tried = Counter[str](), Counter[str]()
        for number in range(TOTAL):
            tamper = TAMPERS[number % len(TAMPERS)]
            links, texts = tamper(rng)
            tried[tamper.__name__] += 1
            missed[tamper.__name__] += not is_found(links, texts)

        assert sum(tried.values()) == TOTAL
        assert len(tried) >= 8
        assert {name: n for name, n in missed.items() if n} == {}

    def test_needs_the_checkpoints_for_a_cut_end(self) -> None:
        """A bare chain cannot show that its end was cut off; that is why there are checkpoints."""
        links, _ = truncate(random.Random(1))

        assert verify_export(exported(links)).is_sound
        assert is_found(links, WORLD.texts)


class TestCheckpoint:
    def made(self, **changed: object) -> Checkpoint:
        given = {
            "controller": "westra", "heads": WORLD.heads(), "before": Standing(), "day": date(2026, 11, 26), "now": AT,
            "sign": signing(KEY),
        }  # fmt: skip
        return make(**{**given, **changed})  # type: ignore[arg-type]

    def test_lists_only_what_has_moved(self) -> None:
        """A day on which nothing happens costs a line, not a list of all there ever was."""
        standing = follow(WORLD.texts, controller="westra", check=check)[0]
        head = Head(seq=99, hash="ab" * 32)

        assert self.made(before=standing).moved == {}
        assert self.made(before=standing, heads={**WORLD.heads(), "new": head}).moved == {"new": head}
        assert self.made(before=standing).number == DAYS + 1

    @pytest.mark.parametrize("how", ["shorter", "other", "gone"])
    def test_is_not_made_over_a_chain_that_went_back(self, how: str) -> None:
        """What contradicts an earlier checkpoint is not signed away."""
        standing = follow(WORLD.texts, controller="westra", check=check)[0]
        heads = dict(WORLD.heads())
        first = WORLD.requests[0]
        match how:
            case "shorter":
                heads[first] = Head(seq=heads[first].seq - 1, hash="ab" * 32)
            case "other":
                heads[first] = Head(seq=heads[first].seq, hash="ab" * 32)
            case _:
                del heads[first]

        with pytest.raises(ChainsWentBack) as refused:
            self.made(before=standing, heads=heads)
        assert refused.value.requests == [first]

    def test_after_a_restore_says_so(self) -> None:
        """A database may be restored; that chains went back then stands in the row for whoever reads it."""
        standing = follow(WORLD.texts, controller="westra", check=check)[0]
        heads = {WORLD.requests[0]: Head(seq=1, hash="ab" * 32)}
        one = self.made(before=standing, heads=heads, starts_over=True)
        after, faults, restarts = follow(
            [*WORLD.texts, rules.as_text(one, key="00" * 32)], controller="westra", check=check
        )

        assert (faults, restarts) == ([], [DAYS + 1])
        assert dict(after.heads) == heads

    def test_is_read_as_it_was_written(self) -> None:
        """Canonical JSON, one spelling."""
        one = self.made()

        assert rules.read(rules.as_text(one, key="11" * 32)) == (one, "11" * 32)
        assert one.file_name == "000001-2026-11-26.json"

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", "null", '{"checkpoint":{},"key":"","signature":""}', "\x00", "[" * 5000]
    )
    def test_is_nothing_else(self, text: str) -> None:
        """Whatever lies in the folder, reading it raises this and nothing else."""
        with pytest.raises(NotACheckpoint):
            rules.read(text)
        assert [one.fault for one in follow([text], controller="westra", check=check)[1]] == [CheckpointFault.MALFORMED]

    @pytest.mark.parametrize("path", [["number"], ["size"], ["day"], ["moved"], ["moved", 0], ["moved", 0, 1]])
    @pytest.mark.parametrize("value", [None, True, "x", -1, 1.5, [], {}])
    def test_of_another_shape_is_found(self, path: list[str | int], value: object) -> None:
        """Every field, everything JSON can say in its place."""
        said = json.loads(WORLD.texts[0])
        place = said["checkpoint"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        text = json.dumps(said, sort_keys=True, separators=(",", ":")) + "\n"

        assert follow([text, *WORLD.texts[1:]], controller="westra", check=check)[1] != []

    def test_is_signed_by_a_key_kept_elsewhere(self) -> None:
        """Ed25519; over everything but the signature and the key named beside it."""
        key = SigningKey(hashlib.sha256(b"a key for a test").digest())
        text = rules.as_text(self.made(sign=key.sign), key=key.public)
        other = SigningKey(hashlib.sha256(b"another").digest())

        def by(public: str) -> rules.Check:
            return lambda message, signature: is_signed(public, message, signature)

        assert follow([text], controller="westra", check=by(key.public))[1] == []
        assert [one.fault for one in follow([text], controller="westra", check=by(other.public))[1]] == [
            CheckpointFault.FORGED
        ]


class TestInclusion:
    def test_proves_where_one_chain_stood(self) -> None:
        """Without anybody else's heads: a handful of hashes."""
        for request, head in WORLD.heads().items():
            proof = rules.inclusion_of("westra", request, WORLD.heads())
            assert proof is not None
            assert proof.head == head
            assert merkle.is_included(
                rules.leaf_of("westra", request, head), index=proof.index, size=proof.size,
                path=[bytes.fromhex(one) for one in proof.path],
                expected=bytes.fromhex(rules.root_of("westra", WORLD.heads())),
            )  # fmt: skip

    def test_there_is_none_for_a_chain_that_is_newer(self) -> None:
        """It is in the next checkpoint."""
        assert rules.inclusion_of("westra", str(UUID(int=7)), WORLD.heads()) is None
