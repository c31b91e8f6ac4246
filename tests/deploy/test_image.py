"""Every part as the image runs it: its command, its environment, its secrets in files, its user, its clean folder.

No engine is here that runs containers, so what a container gives is put together by hand: a copy of what the Dockerfile
copies, compiled as it does, which may not be written to; the environment of the Dockerfile and of compose.yaml and no
other; the secrets that make-secrets makes; the image's user. The servers are private ones; the event store is our node,
with TLS and a login.
"""

from __future__ import annotations

import compileall
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.gateway.distributed.programs import free_port
from services.gateway.distributed.table import ALL
from tests.node.test_access import Certificate, a_certificate
from tests.servers.fixtures import broker as broker
from tests.servers.fixtures import database as database
from tests.servers.running import Server

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
READY_SECONDS, STOP_SECONDS = 900.0, 60.0
USER = 10001
# May look everywhere, for the interpreter of these tests may be in somebody's home; may write what is theirs.
AS_ITS_USER = (
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search", "--"),
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400), pytest.mark.xdist_group("broker")]


class Image:
    """What is in it, and the containers that were started from it."""

    def __init__(self, folder: Path) -> None:
        self.app, self.data, self.ledger = folder / "app", folder / "data", folder / "ledger"
        self.secrets = folder / "secrets"
        self.said = folder / "said"
        self.port = free_port()
        for made in (self.app, self.data, self.ledger, self.said, self.secrets):
            made.mkdir(mode=0o700)
        for source in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.M):
            for name in source.split():
                found = ROOT / name
                if found.is_dir():
                    shutil.copytree(found, self.app / name, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(found, self.app / name)
        for name in re.findall(r"compileall -q (.*)$", DOCKERFILE, re.M)[0].split():
            assert compileall.compile_dir(self.app / name, quiet=1, stripdir=str(self.app))
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def belongs_to_its_user(self) -> None:
        """Volumes and mounted secrets do; all may look at the rest, and nobody may write to it."""
        for path in (self.app, *self.app.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        for path in (self.data, self.ledger, self.secrets, *self.secrets.iterdir()):
            os.chown(path, USER, USER)

    def environment(self) -> dict[str, str]:
        """The Dockerfile's and compose's, with the places of a container where they are here."""
        last = DOCKERFILE.rsplit("\nFROM ", 1)[1].replace("\\\n", " ")
        (line,) = re.findall(r"^ENV (.*)$", last, re.M)
        given = dict(pair.split("=", 1) for pair in line.split()) | COMPOSE["services"]["cases"]["environment"]
        for name, value in given.items():
            if named := re.fullmatch(r"\$\{\w+:-(.*)\}", value):  # nothing is set where this is started
                given[name] = named[1]
            for there, here in ("/run/secrets", self.secrets), ("/data", self.data), ("/ledger", self.ledger):
                if value == there or value.startswith(f"{there}/"):
                    given[name] = str(here) + value.removeprefix(there)
        own = Path(sys.executable).parent
        # In the image the packages are in a virtual environment of its own, and what was copied is installed there.
        return given | {"PATH": f"{own}:/usr/bin:/bin", "PYTHONPATH": str(self.app), "PORT": str(self.port)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command in a container, to its end."""
        return subprocess.run(
            self._command(*arguments), **self._container(), capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, name: str) -> None:
        """A container with the command that compose gives it."""
        with (self.said / name).open("ab") as output:
            command = self._command(*COMPOSE["services"][name]["command"])
            self.running[name] = subprocess.Popen(command, **self._container(), stdout=output, stderr=output)

    def probe(self, name: str) -> bool:
        """What compose asks."""
        test = COMPOSE["services"][name]["healthcheck"]["test"]
        assert test[0] == "CMD" and test[1] == "forgetmenot"
        return self.run(*test[2:]).returncode == 0

    def _container(self) -> dict[str, Any]:
        return {"cwd": self.app, "env": self.environment(), "stdin": subprocess.DEVNULL}

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [*AS_ITS_USER, "forgetmenot", *arguments]

    def close(self) -> None:
        """End what runs."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
            process.wait()


def make_secrets(image: Image, folder: Path, certificate: Certificate) -> None:
    """Run deploy/make-secrets, with a certificate in the place of what it would have a container make."""
    deploy = folder / "deploy"
    deploy.mkdir()
    shutil.copy(ROOT / "deploy" / "make-secrets", deploy)
    (deploy / "secrets" / "certificates" / "ca").mkdir(parents=True)
    authority = deploy / "secrets" / "certificates" / "ca" / "ca.crt"
    authority.touch(mode=0o600)
    authority.write_bytes(certificate.authority.read_bytes())
    made = subprocess.run(["sh", str(deploy / "make-secrets")], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE((deploy / "secrets").stat().st_mode) == 0o700
    for name in COMPOSE["services"]["cases"]["secrets"]:
        source = deploy / COMPOSE["secrets"][name]["file"].removeprefix("./")
        found = source.stat()
        assert name == "eventstore_ca" or (stat.S_IMODE(found.st_mode), found.st_uid) == (0o400, USER), name
        shutil.copy(source, image.secrets / name)


@pytest.fixture(scope="module")
def image(broker: Server, database: Server) -> Iterator[Image]:
    """Everything that a container needs, and an event store that runs."""
    if os.geteuid() != 0:
        pytest.skip("only root can give secrets to the image's user, and run what runs as that user")
    with ExitStack() as stack:
        # Not in pytest's own folders: another user may not pass through them.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="forgetmenot-", dir="/tmp")))
        folder.chmod(0o711)
        image = Image(folder)
        stack.callback(image.close)
        certificate = a_certificate(folder)
        make_secrets(image, folder, certificate)
        port = free_port()
        command = ["forgetmenot", "node", "--data", str(folder / "events"), "--port", str(port), "--tls"]
        command += ["--cert", str(certificate.chain), "--key", str(certificate.key), "--users", str(folder / "users")]
        node = subprocess.Popen(
            command,
            env=image.environment(),
            cwd=image.app,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        stack.callback(node.wait)
        stack.callback(node.terminate)
        assert node.stdout
        made = node.stdout.readline()
        password = re.search(r"password (\S+):", made)
        assert password, made
        assert "Serving" in node.stdout.readline()
        (image.secrets / "eventstore_ca").write_bytes(certificate.authority.read_bytes())
        (image.secrets / "eventstore_uri").write_text(f"kurrentdb://admin:{password[1]}@127.0.0.1:{port}?tls=true")
        (image.secrets / "amqp_url").write_text(broker.url)
        (image.secrets / "read_models_url").write_text(database.url)
        image.belongs_to_its_user()
        stack.callback(lambda: [path.chmod(0o700) for path in (image.app, *image.app.rglob("*")) if path.is_dir()])
        yield image


def test_every_part_starts_is_probed_well_and_stops_in_time(image: Image) -> None:
    before = {path.relative_to(image.app) for path in image.app.rglob("*")}
    assert not any(image.probe(name) for name in ("cases", "log", "gateway"))
    for name in ALL:
        image.start(name)
    waiting = list(ALL)
    give_up = time.monotonic() + READY_SECONDS
    while waiting:
        for name in list(waiting):
            process = image.running[name]
            assert process.poll() is None, f"{name} ended: {(image.said / name).read_text()[-2000:]}"
            if image.probe(name):
                waiting.remove(name)
        assert time.monotonic() < give_up, f"not ready: {waiting}"
    url = f"http://127.0.0.1:{image.port}"
    while (ready := httpx.get(f"{url}/health/ready", timeout=30)).status_code != 200:
        assert time.monotonic() < give_up, ready.text
        time.sleep(0.5)

    token = image.run("token", "--role", "supervisor").stdout.strip()
    body = {"kind": "family_support", "channel": "telephone", "person": "0b7f9d4e-5b0e-4c55-8d1c-3f1f6a1f0001"}
    headers = {"Authorization": f"Bearer {token}"}
    opened = httpx.post(f"{url}/cases", json=body | {"occurred": "2008-10-02"}, headers=headers, timeout=60)
    assert opened.status_code == 201, opened.text
    parameters = {"person": body["person"], "wait_for": opened.json()["position"]}
    listed = httpx.get(f"{url}/cases", params=parameters, headers=headers, timeout=60)
    assert [case["case"] for case in listed.json()["cases"]] == [opened.json()["ids"]["case"]]
    assert "cases.CaseOpened" in httpx.get(f"{url}/audit/trail", headers=headers, timeout=60).text
    assert httpx.get(f"{url}/metrics", timeout=60).status_code == 200

    killed = image.running["cases"]
    killed.kill()
    killed.wait()
    deadline = time.monotonic() + 60
    while image.probe("cases"):
        assert time.monotonic() < deadline, "a service that is gone is said to work"
    image.start("cases")
    while not image.probe("cases"):
        assert time.monotonic() < deadline + 120, "it did not come back"

    for process in image.running.values():
        process.send_signal(signal.SIGTERM)
    for name, process in image.running.items():
        if process is not killed:
            assert process.wait(STOP_SECONDS) == 0, f"{name}: {(image.said / name).read_text()[-2000:]}"
    assert {path.relative_to(image.app) for path in image.app.rglob("*")} == before, "something was written there"
    said = "".join(path.read_text() for path in image.said.iterdir())
    for secret in ("master_key", "transport_key", "amqp_url", "read_models_url", "eventstore_uri"):
        assert (image.secrets / secret).read_text().strip() not in said, f"{secret} was logged"


def test_a_secret_that_is_missing_is_named(image: Image) -> None:
    kept = (image.secrets / "amqp_url").rename(image.secrets / "elsewhere")
    try:
        refused = image.run("part", "gateway")
    finally:
        kept.rename(image.secrets / "amqp_url")
    assert refused.returncode == 1 and "AMQP_URL_FILE" in refused.stdout + refused.stderr
    assert os.fspath(image.secrets) not in refused.stderr.splitlines()[-1]
