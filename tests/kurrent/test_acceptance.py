"""The product on a node: its own acceptance suite, with EVENTSTORE_URI set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.eventstore.processes import ROOT


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_whole_acceptance_suite_passes_on_a_node() -> None:
    command = [sys.executable, "-m", "pytest", "tests/acceptance", "-q", "-p", "no:cacheprovider"]
    environment = os.environ | {"ACCEPTANCE_STORE": "node"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:]
