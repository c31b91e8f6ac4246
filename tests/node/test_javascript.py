"""The official JavaScript client against the node: the cases are in `js/conformance.mjs`, each a test here.

Its reads go through the Rust client's own code, so two more implementations of the protocol have their say.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.eventstore.node.users import Users, create_users
from tests.node.running import running
from tests.node.test_access import a_certificate

pytestmark = pytest.mark.xdist_group("javascript")  # one process installs the client

FOLDER = Path(__file__).parent / "js"
SCRIPT = FOLDER / "conformance.mjs"
Outcomes = dict[str, str | None]


def cases(block: str) -> list[str]:
    """The names of the cases in a block of the script."""
    inside = SCRIPT.read_text().split(f"const {block} = {{")[1].split("\n};")[0]
    return [line.split('"')[1] for line in inside.splitlines() if line.startswith('  async "')]


@pytest.fixture(scope="session")
def client_installed() -> None:
    """Node.js is there, and the client installed as the lock file says; else the tests are skipped, but never in CI."""
    missing = None
    if not (shutil.which("node") and shutil.which("npm")):
        missing = "Node.js is not on this machine"
    else:
        lock, mark = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".installed"
        if not mark.exists() or mark.read_text() != lock.read_text():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)
            if done.returncode:
                missing = f"the JavaScript client cannot be installed: {done.stderr[-300:]}"
            else:
                mark.write_text(lock.read_text())
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    elif missing:
        pytest.skip(missing)


def run(*arguments: str) -> Outcomes:
    """What came of each case."""
    command = ["node", str(SCRIPT), *arguments]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return {line["name"]: line["error"] for line in lines}


@pytest.fixture(scope="module")
def outcomes(client_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    with running(tmp_path_factory.mktemp("javascript") / "log") as node:
        yield run(f"kurrentdb://127.0.0.1:{node.port}?tls=false")


@pytest.fixture(scope="module")
def guarded_outcomes(client_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    folder = tmp_path_factory.mktemp("javascript-guarded")
    certificate, users = a_certificate(folder), folder / "users.json"
    password = create_users(users)
    assert password
    Users(users).create("ann", "of-ann", "Ann", ())
    with running(folder / "log", certificate=certificate.chain, key=certificate.key, users=users) as node:
        address = f"kurrentdb://ann:of-ann@127.0.0.1:{node.port}?tls=true&tlsCAFile={certificate.authority}"
        yield run(address, "guarded", password)


@pytest.mark.parametrize("name", cases("cases"))
def test_the_javascript_client_finds_that(outcomes: Outcomes, name: str) -> None:
    assert outcomes[name] is None


@pytest.mark.parametrize("name", cases("guardedCases"))
def test_the_javascript_client_with_a_login_finds_that(guarded_outcomes: Outcomes, name: str) -> None:
    assert guarded_outcomes[name] is None
