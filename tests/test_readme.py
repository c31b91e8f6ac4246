"""What the README shows is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not (shutil.which("git") and (ROOT / ".git").exists()), reason="needs git and a checkout")
def test_the_diff_that_adds_a_command_still_fits() -> None:
    found = re.search(r"```diff\n(.*?)```", README, re.DOTALL)
    assert found
    checked = subprocess.run(["git", "apply", "--check", "-"], cwd=ROOT, input=found[1].encode(), capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode()


def test_every_file_that_it_points_to_is_there() -> None:
    for name in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / name).exists(), name
