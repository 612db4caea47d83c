"""``insyn`` for somebody who sees it for the first time: what is wrong is one line that names the place."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app import bootstrap, cli
from app.domain.audit import AuditStep, Entry, Head, Link, chain
from app.domain.audit_export import Fault, export_lines, heads_of
from app.domain.checkpoints import CheckpointFault, Standing, as_text, follow, make
from app.settings import Settings, settings
from app.vault.signing import SigningKey
from tests.harness.database import TestServer

SECRET = "hemligt-varde"
ISSUER = {"issuer": "https://login.example", "jwks_uri": "https://login.example/jwks.json", "audience": "insyn"}
Insyn = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def insyn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Insyn]:
    """Runs the command line in this process; exit code and what it printed, line by line."""

    def run(*arguments: object, **variables: str) -> tuple[int, list[str]]:
        settings.cache_clear()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["insyn", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), (printed.out + printed.err).splitlines()

    yield run
    settings.cache_clear()


class TestBrokenSettings:
    @pytest.mark.parametrize(
        ("variable", "value", "meant"),
        [
            ("INSYN_ISSUERS", SECRET, "a JSON list of issuers, each an object"),
            ("INSYN_ISSUERS", f'["{SECRET}"]', "a JSON list of issuers, each an object"),
            ("INSYN_PORT", SECRET, "a whole number"),
            ("INSYN_SWEEP_SECONDS", SECRET, "a number"),
            ("INSYN_SANDBOX", SECRET, "1 or 0"),
        ],
    )
    @pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
    def test_are_one_line_that_says_what_is_meant(
        self, insyn: Insyn, command: str, variable: str, value: str, meant: str
    ) -> None:
        """The variable and what it should be; never the value, never a traceback; exit 2."""
        assert insyn(command, **{variable: value}) == (2, [f"insyn does not start: {variable} must be {meant}."])

    def test_of_a_checkout_are_one_word_away(self, insyn: Insyn) -> None:
        """Whoever tries a command out has set nothing; the last line says what does."""
        code, lines = insyn("connector", "try", "westra", "x")

        assert code == 2
        assert lines[-1] == "To try it out in a checkout, put INSYN_SANDBOX=1 before the command."

    def test_are_named_all_at_once(self, insyn: Insyn) -> None:
        """One start shows every variable that cannot be read."""
        code, lines = insyn("serve", INSYN_PORT=SECRET, INSYN_METRICS_PORT=SECRET)

        assert (code, [line.split()[4] for line in lines]) == (2, ["INSYN_METRICS_PORT", "INSYN_PORT"])

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"audience": None}, "'audience'"),
            ({"jwks_uri": f"ftp://{SECRET}"}, "'jwks_uri'"),
            ({"algorithms": [SECRET]}, "'algorithms'"),
            ({"acr_levels": {"urn:x": SECRET}}, "'acr_levels'"),
            ({"rolls": [SECRET]}, "'rolls'"),
        ],
    )
    def test_of_an_issuer_name_entry_and_field(self, insyn: Insyn, change: dict[str, object], named: str) -> None:
        """An entry that cannot be used is found before anything is started."""
        broken = {name: value for name, value in {**ISSUER, **change}.items() if value is not None}

        code, lines = insyn("serve", INSYN_SANDBOX="1", INSYN_ISSUERS=json.dumps([ISSUER, broken]))

        assert code == 2
        assert lines
        assert all(line.startswith(f"insyn does not start: INSYN_ISSUERS: entry 2, {named}: ") for line in lines)
        assert SECRET not in "".join(lines)

    def test_of_the_key_file_are_one_line(self, tmp_path: Path) -> None:
        """A file that holds no key is said to, without what it holds."""
        file = tmp_path / "master.key"
        file.write_text(SECRET)

        with pytest.raises(bootstrap.Unfit) as refused:
            bootstrap.master_keys(Settings(master_key_file=file))

        assert [line.split(":")[0] for line in refused.value.faults] == ["INSYN_MASTER_KEY_FILE"]
        assert SECRET not in str(refused.value)


class TestDatabaseAtStart:
    @pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
    def test_that_is_not_there_is_one_line(self, command: str, tmp_path: Path, unused_tcp_port: int) -> None:
        """Exit 3, so that whoever starts us can tell it from a fault in the settings; no password."""
        variables = {
            "INSYN_DATABASE_URL": f"postgresql://insyn:{SECRET}@127.0.0.1:{unused_tcp_port}/insyn",
            "INSYN_SANDBOX": "1",
            "INSYN_SANDBOX_ON_THIS_DATABASE": "1",
            "INSYN_DATA_DIR": str(tmp_path),
        }
        ended = subprocess.run(
            [sys.executable, "-m", "app", command],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        said = "insyn does not start: INSYN_DATABASE_URL: the database cannot be reached.\n"
        assert (ended.returncode, ended.stdout + ended.stderr) == (3, said)

    @pytest.mark.parametrize(
        "url", [f"mysql://insyn:{SECRET}@localhost/insyn", f"postgresql://insyn:{SECRET}@localhost:port/insyn", SECRET]
    )
    async def test_with_an_address_that_is_none_is_a_fault_of_the_settings(self, url: str) -> None:
        """Exit 2, and what an address looks like."""
        with pytest.raises(bootstrap.Unfit) as refused:
            await bootstrap.reach(url)

        assert refused.value.exit_code == 2
        assert SECRET not in str(refused.value)

    async def test_that_turns_us_away_is_said_so(self, test_server: TestServer) -> None:
        """A wrong login is not a dead database; neither shows the login."""
        where = test_server.app_dsn.rpartition("@")[2]

        with pytest.raises(bootstrap.OutOfReach, match="does not let us in") as refused:
            await bootstrap.reach(f"postgresql://nobody:{SECRET}@{where}")

        assert SECRET not in str(refused.value)


def _links(length: int) -> list[Link]:
    links: list[Link] = []
    for seq in range(1, length + 1):
        entry = Entry(
            controller="westra",
            request_id="019b0c9e-6d0f-7b1e-9a77-0d6a3f2c1b55",
            seq=seq,
            at=datetime(2026, 2, 3, 9, 15, tzinfo=UTC),
            actor_role="agent",
            actor_ref="worker",
            step=AuditStep.AUDIT_READ,
            facts={},
        )
        links.append(chain(Head(seq=seq - 1, hash=links[-1].hash) if links else None, entry))
    return links


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A sound export of three entries."""
    links = _links(3)
    lines = export_lines(links, controller="westra", exported_at=datetime.now(UTC), heads=heads_of(links))
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


class TestAuditVerify:
    REQUEST = "request 019b0c9e-6d0f-7b1e-9a77-0d6a3f2c1b55"

    def test_says_sound(self, insyn: Insyn, export: Path) -> None:
        """Nothing was changed: 0."""
        assert insyn("audit", "verify", export) == (0, ["sound"])

    def test_says_where_something_was_edited(self, insyn: Insyn, export: Path) -> None:
        """Line, request, entry and fault in words: 1."""
        lines = export.read_text().splitlines()
        lines[2] = lines[2].replace('"worker"', '"api"')
        export.write_text("\n".join(lines))

        code, said = insyn("audit", "verify", export)

        assert (code, said[-1]) == (1, "NOT SOUND")
        assert said[0].startswith(f"line 3: {self.REQUEST} entry 2: edited (")

    def test_says_that_the_end_is_missing(self, insyn: Insyn, export: Path) -> None:
        """What is not there has no line."""
        export.write_text("\n".join(export.read_text().splitlines()[:-1]))

        code, said = insyn("audit", "verify", export)

        assert code == 1
        assert said[0].startswith(f"{self.REQUEST} entry 3: end missing (")

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"hello\n", id="not an export"),
            pytest.param(b"\xff\xfe\x00", id="not a text"),
            pytest.param(None, id="missing"),
        ],
    )
    @pytest.mark.parametrize("role", ["export", "checkpoint"])
    def test_does_not_call_changed_what_it_cannot_read(
        self, insyn: Insyn, export: Path, tmp_path: Path, content: bytes | None, role: str
    ) -> None:
        """One line and 2: 1 is for chains that somebody changed."""
        other = tmp_path / "other"
        if content is not None:
            other.write_bytes(content)

        code, said = insyn("audit", "verify", *([other] if role == "export" else [export, "--checkpoint", other]))

        assert (code, len(said)) == (2, 1)
        assert said[0].startswith(f"{other} cannot be checked: ")

    def test_has_words_for_every_fault(self) -> None:
        """A fault without words would be a traceback on the day it is found."""
        assert set(cli._FAULTS) == set(Fault)
        assert set(cli._CHECKPOINT_FAULTS) == set(CheckpointFault)


class TestProfileCheck:
    def test_r13_1_says_what_blocks_an_honest_answer_and_ends_with_1(self, insyn: Insyn) -> None:
        """R13-1: severity, code, place, text, law and pattern on one line each; what blocks is in the exit code."""
        code, lines = insyn("profile", "check", "--language", "en")
        (contact,) = [line for line in lines if "dsr_contact_missing" in line and '"@"' in line]
        (paper,) = [line for line in lines if "form_demanded" in line]

        assert code == 1
        assert contact.startswith("  [blocks] dsr_contact_missing controller.dsr_contact: ")
        assert contact.endswith("(GDPR Art. 12(2), 13(1)(a))")
        assert paper.endswith("IMY-2022-1032) [T1]")
        assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == [
            *("securitas", "sensor-alarm", "sos-alarm", "westila", "westra")
        ]

    def test_takes_one_file_of_the_folder(self, insyn: Insyn) -> None:
        """Whoever writes a profile names it."""
        _, lines = insyn("profile", "check", bootstrap.root() / "profiles" / "westra.yaml")

        assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == ["westra"]

    def test_of_a_broken_file_ends_with_2(self, insyn: Insyn, tmp_path: Path) -> None:
        """A file that cannot be read is another matter than one that lacks something."""
        (tmp_path / "x.yaml").write_text("id: x\n", encoding="utf-8")

        assert insyn("profile", "check", tmp_path)[0] == 2


class TestProfileProcedure:
    @pytest.mark.parametrize(("language", "said"), [("sv", "Så styrks identitet"), ("en", "How identity is proved")])
    def test_f27_prints_what_the_service_does(self, insyn: Insyn, language: str, said: str) -> None:
        """F27 (CEF 2024): a written procedure, from the configuration, in both languages."""
        code, lines = insyn("profile", "procedure", "westra", "--language", language)

        assert code == 0
        assert f"# {said}" in lines
        assert len([line for line in lines if line.startswith("# ")]) == 8
        assert not [line for line in lines if line.endswith(": .") or "{" in line]

    def test_of_nobody_ends_with_2(self, insyn: Insyn) -> None:
        """A controller there is not is named, with those there are."""
        code, (line,) = insyn("profile", "procedure", "eastra")

        assert code == 2
        assert "westra" in line


KEY = SigningKey(b"a key of 32 bytes for the tests!")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Two days' checkpoints of the export's controller: after two entries, and after all three."""
    folder, standing, texts = tmp_path / "checkpoints", Standing(), list[str]()
    folder.mkdir()
    for day, length in ((3, 2), (4, 3)):
        links = _links(length)
        heads = {links[-1].entry.request_id: Head(seq=length, hash=links[-1].hash)}
        made = make(
            controller="westra", heads=heads, before=standing, day=date(2026, 2, day), now=datetime.now(UTC),
            sign=KEY.sign,
        )  # fmt: skip
        texts.append(as_text(made, key=KEY.public))
        (folder / made.file_name).write_text(texts[-1])
        standing = follow(texts, controller="westra", check=lambda *_: True)[0]
    return folder


class TestAuditVerifyWithCheckpoints:
    def verify(self, insyn: Insyn, export: Path, journal: Path, *more: str) -> tuple[int, list[str]]:
        return insyn("audit", "verify", export, "--checkpoints", journal, "--key", KEY.public, *more)

    def test_says_sound(self, insyn: Insyn, export: Path, journal: Path) -> None:
        """Chain, checkpoints and key fit: 0."""
        assert self.verify(insyn, export, journal) == (0, ["sound"])

    def test_says_that_the_end_was_cut_off(self, insyn: Insyn, export: Path, journal: Path) -> None:
        """An export that fits itself, and is shorter than what was signed: 1."""
        links = _links(2)
        lines = export_lines(links, controller="westra", exported_at=datetime.now(UTC), heads=heads_of(links))
        export.write_text("".join(f"{line}\n" for line in lines))
        code, said = self.verify(insyn, export, journal)

        assert (code, said[-1]) == (1, "NOT SOUND")
        assert "end missing" in said[0]

    def test_says_that_a_checkpoint_is_not_the_keys(self, insyn: Insyn, export: Path, journal: Path) -> None:
        """Which one, and what is wrong with it."""
        code, said = insyn("audit", "verify", export, "--checkpoints", journal, "--key", "ab" * 32)

        assert code == 1
        assert said[0] == "checkpoint 000001-2026-02-03.json: forged (the key given did not sign it)"

    def test_says_that_a_checkpoint_is_missing(self, insyn: Insyn, export: Path, journal: Path) -> None:
        """One taken out of the row is missed by the next."""
        (journal / "000001-2026-02-03.json").unlink()
        code, said = self.verify(insyn, export, journal)

        assert code == 1
        assert said[0].startswith("checkpoint 000002-2026-02-04.json: out of sequence")

    def test_misses_every_other_chain_unless_told(self, insyn: Insyn, tmp_path: Path, journal: Path) -> None:
        """An export of a controller must have all its chains; one of a single request says that it is one."""
        export = tmp_path / "other.jsonl"
        lines = export_lines([], controller="westra", exported_at=datetime.now(UTC), heads={})
        export.write_text("".join(f"{line}\n" for line in lines))

        assert self.verify(insyn, export, journal)[0] == 1
        assert self.verify(insyn, export, journal, "--one-request") == (0, ["sound"])

    def test_needs_the_key_with_the_folder(self, insyn: Insyn, export: Path, journal: Path, tmp_path: Path) -> None:
        """Checkpoints by whichever key prove nothing; a folder without any proves nothing either: 2."""
        assert insyn("audit", "verify", export, "--checkpoints", journal)[0] == 2
        assert self.verify(insyn, export, tmp_path)[0] == 2


class TestCheckpointKey:
    def test_is_made_and_read(self, insyn: Insyn, tmp_path: Path) -> None:
        """``insyn audit key``: to a file; its public half is shown to whoever may read the file."""
        code, (made,) = insyn("audit", "key")
        file = tmp_path / "checkpoint.key"
        file.write_text(made + "\n")

        assert code == 0
        assert insyn("audit", "key", "--public", INSYN_CHECKPOINT_KEY_FILE=str(file)) == (
            0,
            [SigningKey(bytes.fromhex(made)).public],
        )

    @pytest.mark.parametrize("content", [None, "", SECRET, "00" * 32, "ab" * 31])
    def test_that_is_none_is_one_line(self, tmp_path: Path, content: str | None) -> None:
        """What is wrong, never what the file holds."""
        file = tmp_path / "checkpoint.key"
        if content is not None:
            file.write_text(content)
        with pytest.raises(bootstrap.Unfit) as refused:
            bootstrap.signing_key(Settings(checkpoint_key_file=file))

        assert [line.split(":")[0] for line in refused.value.faults] == ["INSYN_CHECKPOINT_KEY_FILE"]
        assert SECRET not in str(refused.value)

    def test_is_demanded_of_a_worker_outside_the_sandbox(self) -> None:
        """Without it nobody could show that the record is whole; in the sandbox one is made."""
        with pytest.raises(bootstrap.Unfit, match="INSYN_CHECKPOINT_KEY_FILE is not set"):
            bootstrap.signing_key(Settings(sandbox=False))

    def test_is_made_beside_the_data_in_the_sandbox(self, tmp_path: Path) -> None:
        """The same at every start."""
        chosen = Settings(sandbox=True, data_dir=tmp_path)

        assert bootstrap.signing_key(chosen).public == bootstrap.signing_key(chosen).public
