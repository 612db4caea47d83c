"""What an operator may set about mail, and with what the service does not start."""

from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import make_postman
from app.settings import Settings, insecurities

MAIL: dict[str, Any] = {"smtp_host": "mail.example.com", "smtp_sender": "brev@insyn.example.com"}


def faults(**changed: Any) -> list[str]:
    """The faults that are about mail, first word each."""
    return sorted(one for one in insecurities(Settings(**{**MAIL, **changed})) if "SMTP" in one)


class TestMailSettings:
    def test_that_are_whole_are_no_fault(self, tmp_path: Path) -> None:
        """STARTTLS is the default; a login comes with its password."""
        file = tmp_path / "password"
        file.write_text("hemligt\n")

        assert faults() == []
        assert faults(smtp_username="insyn", smtp_password_file=file) == []
        assert faults(smtp_host=None, smtp_sender=None) == []

    @pytest.mark.parametrize("host", ["mail.example.com", "10.0.0.7", "192.168.1.1"])
    @pytest.mark.parametrize("sandbox", [True, False])
    def test_in_the_clear_are_refused_but_on_this_machine(self, host: str, sandbox: bool) -> None:
        """Whom a mail goes to is personal data, and the network is not ours."""
        (fault,) = faults(smtp_host=host, smtp_security="none", sandbox=sandbox)

        assert fault.startswith("INSYN_SMTP_SECURITY is none")
        assert faults(smtp_host="127.0.0.1", smtp_security="none", sandbox=sandbox) == []

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"smtp_sender": None}, "INSYN_SMTP_SENDER is not set"),
            ({"smtp_sender": "Insyn <a@b.example>"}, "INSYN_SMTP_SENDER and INSYN_SMTP_SENDERS"),
            ({"smtp_senders": {"westra": "a@b.example\nBcc: c@d.example"}}, "INSYN_SMTP_SENDER and INSYN_SMTP_SENDERS"),
            ({"smtp_username": "insyn"}, "INSYN_SMTP_USERNAME"),
            ({"smtp_password": "hemligt"}, "INSYN_SMTP_USERNAME"),
            ({"smtp_username": "insyn", "smtp_password_file": Path("/nowhere")}, "INSYN_SMTP_PASSWORD_FILE"),
        ],
    )
    def test_that_lack_something_stop_the_start(self, changed: dict[str, Any], named: str) -> None:
        """One line each, with the variable and never the value."""
        found = faults(**changed)

        assert [one for one in found if one.startswith(named)]
        assert "hemligt" not in "".join(found)

    def test_without_a_server_give_no_postman(self) -> None:
        """Then mails wait; nothing is thrown away."""
        assert make_postman(Settings()) is None
        assert make_postman(Settings(**MAIL)) is not None
