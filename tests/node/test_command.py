"""`forgetmenot node`, as a person starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from kurrentdbclient import KurrentDBClient, StreamState
from typer.testing import CliRunner

from services.gateway.cli.node import node
from tests.node.conftest import some
from tests.node.test_access import a_certificate

app = typer.Typer()
app.command()(node)

PROGRAM = "import typer; from services.gateway.cli.node import node; typer.run(node)"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Choose"),
        (["--tls", "--insecure"], "Choose"),
        (["--tls"], "needs --cert, --key and --users"),
        (["--insecure", "--users", "users.json"], "belong to --tls"),
        (["--tls", "--cert", "none.pem", "--key", "none.key", "--users", "users.json"], "are not a certificate"),
    ],
)
def test_what_does_not_go_together_is_said_in_a_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    with_users = [str(tmp_path / "users.json") if option == "users.json" else option for option in options]
    result = CliRunner().invoke(app, ["--data", str(tmp_path / "log"), "--port", "0", *with_users])
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output


def started(*options: str) -> tuple[subprocess.Popen[str], str, str]:
    """The command under way, what it said before, and the line with its address."""
    command = [sys.executable, "-c", PROGRAM, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    before = ""
    while not (line := process.stdout.readline()).startswith("Serving"):
        assert line, "It ended."
        before += line
    return process, before, line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    process, _, line = started("--data", str(tmp_path / "log"), "--port", "0", "--insecure")
    address = re.search(r"kurrentdb://\S+", line)
    assert address
    with KurrentDBClient(address[0]) as client:
        client.append_to_stream("a", current_version=StreamState.ANY, events=some(1))
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_with_tls_it_makes_an_administrator_whose_password_is_shown_once(tmp_path: Path) -> None:
    certificate, users = a_certificate(tmp_path), tmp_path / "users.json"
    options = ["--data", str(tmp_path / "log"), "--port", "0", "--tls", "--cert", str(certificate.chain)]
    options += ["--key", str(certificate.key), "--users", str(users)]
    process, before, line = started(*options)
    password = re.search(r"the password (\S+):", before)
    address = re.search(r"127\.0\.0\.1:\d+", line)
    assert password
    assert address
    roots = certificate.authority.read_text()
    with KurrentDBClient(f"kurrentdb://admin:{password[1]}@{address[0]}", root_certificates=roots) as client:
        client.append_to_stream("$a", current_version=StreamState.ANY, events=some(1))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    process, before, _ = started(*options)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert before == ""
