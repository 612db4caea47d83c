import json
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audit import (
    GENESIS,
    AuditStep,
    Entry,
    FactsRefused,
    Head,
    Link,
    NotCanonical,
    as_code,
    canonical_json,
    chain,
    check_facts,
    entry_hash,
)
from app.domain.audit_export import (
    Fault,
    NotAnExport,
    Report,
    export_lines,
    heads_of,
    read_heads,
    verify,
    verify_export,
)

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
FIRST, SECOND = str(UUID(int=1)), str(UUID(int=2))


def entry(seq: int = 1, **changed: object) -> Entry:
    plain = Entry(
        controller="westra",
        request_id=FIRST,
        seq=seq,
        at=AT + timedelta(minutes=seq),
        actor_role="agent",
        actor_ref="worker",
        step=AuditStep.TASK_CREATED,
        facts={"right": "access", "attempt": seq},
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def chained(length: int, **changed: object) -> list[Link]:
    links: list[Link] = []
    for seq in range(1, length + 1):
        head = Head(seq=seq - 1, hash=links[-1].hash) if links else None
        links.append(chain(head, entry(seq, **changed)))
    return links


def exported(links: list[Link]) -> list[str]:
    return list(export_lines(links, controller="westra", exported_at=AT, heads=heads_of(links)))


def faults(found: Report | list) -> set[Fault]:
    return {one.fault for one in (found.findings if isinstance(found, Report) else found)}


class Colour(StrEnum):
    RED = "red"


class TestCanonicalJson:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            pytest.param({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}', id="keys in order, no spaces"),
            pytest.param({"€": 1, "\r": 2, "😀": 3, "ﬁ": 4}, '{"\\r":2,"€":1,"😀":3,"ﬁ":4}', id="UTF-16 order"),
            pytest.param('å\u000f\n"\\/', '"å\\u000f\\n\\"\\\\/"', id="escapes as RFC 8785 3.2.2.2"),
            pytest.param((1, "x"), '[1,"x"]', id="a tuple is a list"),
            pytest.param({"c": Colour.RED}, '{"c":"red"}', id="an enum by its value"),
            pytest.param(2**53 - 1, "9007199254740991", id="the largest whole number"),
        ],
    )
    def test_has_one_spelling(self, value, text):
        """
        RFC 8785, for the values an entry may have.
        """
        assert canonical_json(value).decode() == text

    @pytest.mark.parametrize(
        "value",
        [1.5, float("nan"), 2**53, -(2**53), {1: "x"}, b"x", {"x": {1, 2}}, AT, "\ud800", [object()]],
        ids=[
            "fraction",
            "NaN",
            "too large",
            "too small",
            "number as key",
            "bytes",
            "set",
            "time",
            "surrogate",
            "object",
        ],
    )
    def test_refuses_what_has_no_single_spelling(self, value):
        """
        A hash over something two programs spell differently proves nothing.
        """
        with pytest.raises(NotCanonical):
            canonical_json(value)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        )
    )
    def test_reads_back_as_the_same_value(self, value):
        """
        Nothing is lost in the spelling.
        """
        assert json.loads(canonical_json(value)) == value


class TestFacts:
    @pytest.mark.parametrize(
        "fact",
        [
            pytest.param("0190b2c4-1234-7123-8123-123456789012", id="a UUID full of digits"),
            pytest.param("2026-11-22", id="a date"),
            pytest.param("2026-11-22T10:00:00.123456+01:00", id="an instant"),
            pytest.param("INS-2026-234567", id="a reference full of digits"),
            pytest.param("9" * 64, id="a hash"),
            pytest.param("BFL_7_2", id="a hold"),
            pytest.param("17-3-b", id="a paragraph"),
            pytest.param("sos-alarm", id="a controller"),
            pytest.param("request:identity_proven", id="a step"),
            pytest.param(Colour.RED, id="an enum"),
            pytest.param(True, id="a flag"),
            pytest.param(None, id="nothing"),
            pytest.param(["access", "erasure"], id="a list of codes"),
            pytest.param({"guard_company": {"outcome": "completed"}}, id="a table of codes"),
        ],
    )
    def test_may_be_ids_codes_and_dates(self, fact):
        """
        What an auditor needs, and nobody is named by it.
        """
        check_facts({"fact": fact})

    @pytest.mark.parametrize(
        "fact",
        [
            pytest.param("Anna", id="a name"),
            pytest.param("Anna Svensson", id="a full name"),
            pytest.param("anna@example.org", id="an address of mail"),
            pytest.param("19900101-2384", id="a personnummer"),
            pytest.param("900101+2384", id="a personnummer of a century ago"),
            pytest.param("9001012384", id="a personnummer in ten digits"),
            pytest.param("070-174 06 05", id="a telephone number"),
            pytest.param("070-1740605", id="a telephone number in one"),
            pytest.param("p-070-17-40-60", id="a telephone number among letters"),
            pytest.param("+46701740605", id="E.164"),
            pytest.param("Storgatan 1", id="a street"),
            pytest.param("åsa", id="a letter outside ascii"),
            pytest.param("", id="empty"),
            pytest.param("a" * 81, id="too long"),
            pytest.param("a\n", id="a line end"),
            pytest.param(1.5, id="a fraction"),
            pytest.param(2**60, id="a huge number"),
            pytest.param(b"x", id="bytes"),
            pytest.param(AT, id="a time that is not text"),
            pytest.param(["access", "Anna"], id="a name in a list"),
            pytest.param({"who": "Anna"}, id="a name in a table"),
            pytest.param({"Anna": True}, id="a name as a key"),
            pytest.param({1: True}, id="a number as a key"),
            pytest.param([[[["x"]]]], id="too deep"),
            pytest.param(["x"] * 201, id="too many"),
        ],
    )
    def test_may_not_be_words_about_a_person(self, fact):
        """
        An audit entry outlives the person's data (R17), so there is nothing in it to erase. The value is not repeated.
        """
        with pytest.raises(FactsRefused) as refused:
            check_facts({"fact": fact})

        assert "Anna" not in str(refused.value)
        assert "2384" not in str(refused.value)

    @pytest.mark.parametrize(
        ("word", "fact"),
        [("kept_by_law", "kept_by_law"), ("Anna moved", "unprintable"), ("", "unprintable"), (None, None)],
    )
    def test_take_a_foreign_word_only_if_it_is_a_code(self, word, fact):
        """
        A processor's reason is hostile input: it neither gets in nor stops the entry from being written.
        """
        check_facts({"code": as_code(word)})

        assert as_code(word) == fact

    def test_have_short_keys(self):
        """
        A key is a word of ours, not a place to write in.
        """
        with pytest.raises(FactsRefused):
            check_facts({"Anna Svensson": True})

    @pytest.mark.parametrize(
        "changed",
        [
            {"actor_ref": "anna@example.org"},
            {"actor_role": "Anna Svensson"},
            {"request_id": "19900101-2384"},
            {"controller": "Anna AB"},
            {"step": "request:invented"},
            {"at": AT.replace(tzinfo=None)},
            {"seq": 2},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    def test_the_rest_of_an_entry_is_checked_too(self, changed):
        """
        Who acted is an id or a code; the time has a zone; numbers have no gaps.
        """
        with pytest.raises(FactsRefused):
            chain(None, entry(**changed))


class TestStep:
    @pytest.mark.parametrize("step", AuditStep)
    def test_keeps_to_the_grammar(self, step):
        """
        ``source:action``, in lower case; and the name says the same as the value.
        """
        assert re.fullmatch(r"[a-z]+(:[a-z_]+){1,2}", step)
        assert step.name.lower() == step.replace(":", "_")


class TestHash:
    def test_stays_what_it_was(self):
        """
        The format is frozen: this very value must come out in every later version, or old exports stop verifying.
        """
        assert entry_hash(GENESIS, entry()) == "bf0e02aad5f81fef4869ad399fcfc27464375cbc4aaadfdf1bcb311a1f98571c"

    def test_is_the_same_for_the_same_moment_in_another_zone(self):
        """
        Times are hashed in UTC.
        """
        elsewhere = entry().at.astimezone(timezone(timedelta(hours=1)))

        assert entry_hash(GENESIS, entry(at=elsewhere)) == entry_hash(GENESIS, entry())

    @pytest.mark.parametrize(
        "changed",
        [
            {"controller": "westila"},
            {"request_id": SECOND},
            {"seq": 2},
            {"at": AT},
            {"actor_role": "approver"},
            {"actor_ref": "api"},
            {"step": AuditStep.TASK_SENT},
            {"facts": {"right": "access"}},
            {"facts": {"right": "access", "attempt": "1"}},
            {"facts": {"right": "access", "attempt": True}},
        ],
        ids=str,
    )
    def test_covers_every_part_of_an_entry(self, changed):
        """
        Nothing can be changed without changing the hash.
        """
        assert entry_hash(GENESIS, entry(**changed)) != entry_hash(GENESIS, entry())

    def test_covers_what_came_before(self):
        """
        That is what makes it a chain.
        """
        assert entry_hash("1" * 64, entry()) != entry_hash(GENESIS, entry())


class TestVerify:
    def test_finds_nothing_in_sound_chains_however_mixed(self):
        """
        Entries of several requests come in the order they were written.
        """
        mixed = [link for pair in zip(chained(5), chained(5, request_id=SECOND), strict=True) for link in pair]

        assert verify(mixed, controller="westra", checkpoint=heads_of(chained(3))) == []

    @pytest.mark.parametrize(
        ("tamper", "fault"),
        [
            pytest.param(
                lambda x: [x[0], replace(x[1], entry=entry(2, actor_ref="api")), x[2]], Fault.EDITED, id="edit"
            ),
            pytest.param(lambda x: [x[0], x[2]], Fault.MISSING, id="delete"),
            pytest.param(lambda x: [x[1], x[2]], Fault.MISSING, id="delete the first"),
            pytest.param(lambda x: [x[0], x[0], x[1], x[2]], Fault.OUT_OF_ORDER, id="insert a copy"),
            pytest.param(lambda x: [x[0], x[2], x[1]], Fault.OUT_OF_ORDER, id="reorder"),
            pytest.param(
                lambda x: [x[0], chain(Head(seq=1, hash="0" * 64), entry(2)), x[2]], Fault.BROKEN, id="insert"
            ),
            pytest.param(
                lambda x: [x[0], *chained(3, controller="westila")[1:]], Fault.FOREIGN, id="another controller's"
            ),
            pytest.param(lambda x: [x[0], *chained(3, request_id=SECOND)[1:]], Fault.MISSING, id="another request's"),
            pytest.param(
                lambda x: [replace(x[0], entry=entry(at=AT.replace(tzinfo=None)))], Fault.EDITED, id="no zone"
            ),
            pytest.param(lambda x: x[:2], Fault.TRUNCATED, id="cut off"),
            pytest.param(lambda x: [], Fault.TRUNCATED, id="all gone"),
            pytest.param(lambda x: chained(3, actor_ref="api"), Fault.REWRITTEN, id="written anew"),
        ],
    )
    def test_finds(self, tamper, fault):
        """
        The eight ways to falsify a log, against a checkpoint taken before.
        """
        honest = chained(3)

        assert fault in faults(verify(tamper(honest), controller="westra", checkpoint=heads_of(honest)))

    def test_reports_one_edit_once(self):
        """
        The rest of the chain is not drowned by its first fault.
        """
        links = chained(50)
        links[10] = replace(links[10], entry=entry(11, actor_ref="api"))

        assert [(one.fault, one.seq) for one in verify(links)] == [(Fault.EDITED, 11)]


class TestExport:
    def test_is_sound_as_written(self):
        """
        What we write we can check, with or without line ends.
        """
        links = chained(4) + chained(2, request_id=SECOND)
        report = verify_export(line + "\n" for line in exported(links))

        assert report.is_sound
        assert (report.controller, report.entries, report.chains) == ("westra", 6, 2)
        assert report.exported_at == "2026-11-22T10:30:00Z"

    def test_may_be_empty(self):
        """
        A controller without requests has an export, too.
        """
        assert verify_export(exported([])).is_sound

    def test_has_a_header_that_is_a_checkpoint_for_the_next(self):
        """
        The chain has grown since; that is no fault.
        """
        checkpoint = read_heads(exported(chained(3))[0])

        assert verify_export(exported(chained(5)), checkpoint=checkpoint).is_sound

    @pytest.mark.parametrize(
        ("rewritten", "fault"),
        [
            pytest.param(chained(2), Fault.TRUNCATED, id="the end cut off"),
            pytest.param(chained(4, actor_ref="api"), Fault.REWRITTEN, id="written anew"),
            pytest.param(chained(4, request_id=SECOND), Fault.TRUNCATED, id="the request gone"),
        ],
    )
    def test_falsified_together_with_its_header_shows_against_an_earlier_one(self, rewritten, fault):
        """
        Only heads kept elsewhere show this: an export alone, header rewritten, is consistent in itself.
        """
        checkpoint = read_heads(exported(chained(3))[0])

        assert verify_export(exported(rewritten)).is_sound
        assert fault in faults(verify_export(exported(rewritten), checkpoint=checkpoint))

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            pytest.param(lambda x: x[:-1], Fault.TRUNCATED, id="the last line gone"),
            pytest.param(lambda x: x[:1], Fault.TRUNCATED, id="only the header"),
            pytest.param(
                lambda x: [*exported(chained(2))[:1], *x[1:]], Fault.APPENDED, id="more than the header states"
            ),
            pytest.param(lambda x: [*exported([])[:1], *x[1:]], Fault.UNANNOUNCED, id="a chain the header has not"),
            pytest.param(lambda x: [*x, x[-1].replace('"seq":3', '"seq":3.0')], Fault.MALFORMED, id="a fraction"),
            pytest.param(lambda x: [*x, x[-1].replace(":", ": ", 1)], Fault.MALFORMED, id="a space"),
            pytest.param(
                lambda x: [*x, x[-1].replace('"seq":3', '"seq":3,"seq":3')], Fault.MALFORMED, id="a doubled key"
            ),
            pytest.param(lambda x: [*x, x[-1].replace('"seq"', '"note":1,"seq"')], Fault.MALFORMED, id="one more key"),
            pytest.param(
                lambda x: [*x, x[-1].replace("00Z", "00+00:00")], Fault.MALFORMED, id="a time spelt otherwise"
            ),
            pytest.param(
                lambda x: [*x, x[-1].replace('"seq":3', '"seq":true')], Fault.MALFORMED, id="a flag as number"
            ),
            pytest.param(lambda x: [*x, ""], Fault.MALFORMED, id="an empty line"),
            pytest.param(lambda x: [*x, "NaN"], Fault.MALFORMED, id="no number"),
            pytest.param(lambda x: [*x, "[" * 100_000], Fault.MALFORMED, id="a deep line"),
        ],
    )
    def test_shows(self, change, fault):
        """
        A changed file is told from ours, whatever a lenient reader would make of it.
        """
        assert fault in faults(verify_export(change(exported(chained(3)))))

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "{}",
            "null",
            exported(chained(1))[1],
            exported([])[0].replace("insyn-audit/1", "insyn-audit/2"),
            exported([])[0].replace("Z", ""),
            exported(chained(1))[0].replace('"seq":1', '"seq":0'),
            exported(chained(1))[0].replace('"seq":1', '"seq":true'),
            exported(chained(1))[0].replace('"seq":1', '"also":1,"seq":1'),
            exported(chained(1))[0].replace('"heads":[{', '"heads":[1,{'),
        ],
    )
    def test_needs_its_header(self, header):
        """
        Without heads an end cut off would go unnoticed, so there is no checking without them.
        """
        with pytest.raises(NotAnExport):
            verify_export([header, *exported(chained(1))[1:]])


def _edit(lines: list[str], dice: random.Random) -> list[str]:
    number = dice.randrange(len(lines))
    value = json.loads(lines[number])
    said = value["entry"]
    name = dice.choice(list(said))
    said[name] = dice.choice([name_ for name_ in ("x", 7, {"right": "x"}) if name_ != said[name]])
    return [*lines[:number], canonical_json(value).decode(), *lines[number + 1 :]]


def _flip(lines: list[str], dice: random.Random) -> list[str]:
    number = dice.randrange(len(lines))
    raw = bytearray(lines[number].encode())
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(7)
    return [*lines[:number], raw.decode(errors="replace"), *lines[number + 1 :]]


def _delete(lines: list[str], dice: random.Random) -> list[str]:
    gone = set(dice.sample(range(len(lines)), dice.randint(1, len(lines))))
    return [line for number, line in enumerate(lines) if number not in gone]


def _insert(lines: list[str], dice: random.Random) -> list[str]:
    number = dice.randrange(len(lines) + 1)
    return [*lines[:number], dice.choice(lines), *lines[number:]]


def _reorder(lines: list[str], dice: random.Random) -> list[str]:
    requests = [json.loads(line)["entry"]["request_id"] for line in lines]
    same = [number for number, (one, other) in enumerate(pairwise(requests)) if one == other]
    if not same:
        return _delete(lines, dice)
    number = dice.choice(same)
    lines = list(lines)
    lines[number], lines[number + 1] = lines[number + 1], lines[number]
    return lines


def _swap(lines: list[str], dice: random.Random) -> list[str]:
    """Another request's or controller's entry, put under this one's name and hashed again."""
    number = dice.randrange(len(lines))
    value = json.loads(lines[number])
    value["entry"][dice.choice(["controller", "request_id"])] = dice.choice(["westila", str(UUID(int=99))])
    said = {**value["entry"], "at": datetime.fromisoformat(value["entry"]["at"])}
    value["hash"] = entry_hash(value["prev"], Entry(**said))
    return [*lines[:number], canonical_json(value).decode(), *lines[number + 1 :]]


def _rewrite(lines: list[str], dice: random.Random) -> list[str]:
    """Change one entry and hash everything after it again, as the owner of the database could."""
    start = dice.randrange(len(lines))
    request = json.loads(lines[start])["entry"]["request_id"]
    result, before = list(lines), None
    for number in range(start, len(lines)):
        value = json.loads(lines[number])
        if value["entry"]["request_id"] != request:
            continue
        if before is None:
            value["entry"]["actor_ref"] = "somebody-else"
        else:
            value["prev"] = before
        said = {**value["entry"], "at": datetime.fromisoformat(value["entry"]["at"])}
        value["hash"] = before = entry_hash(value["prev"], Entry(**said))
        result[number] = canonical_json(value).decode()
    return result


class TestTampering:
    @pytest.mark.parametrize("tamper", [_edit, _flip, _delete, _insert, _reorder, _swap, _rewrite])
    @settings(max_examples=150, deadline=None)
    @given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3), seed=st.integers(0, 2**32))
    def test_is_always_found(self, tamper, lengths, seed):
        """
        Whatever is done to the entries, the report is not sound.
        """
        dice = random.Random(seed)
        links = [
            link for n, length in enumerate(lengths, start=1) for link in chained(length, request_id=str(UUID(int=n)))
        ]
        header, *lines = exported(links)
        tampered = tamper(lines, dice)

        assert tampered != lines
        assert verify_export([header, *lines]).is_sound
        assert not verify_export([header, *tampered]).is_sound
