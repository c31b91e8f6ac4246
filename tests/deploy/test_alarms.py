"""The alarms ring for what they say, name what there is to be asked for, and each has a page that says what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.gateway.contexts import CONTEXTS
from services.gateway.distributed.table import ALL
from services.gateway.http import create_app
from services.gateway.http.metrics import Lag, Metrics, Standing
from services.gateway.installation import Installation
from services.gateway.telling import asked, telling
from services.gateway.tokens import open_tokens
from shared.measures import APPENDS, measured, turning
from shared.settings import Settings
from tests.gateway.conftest import serving
from tests.servers.running import install_package

DEPLOY = Path(__file__).parents[2] / "deploy"
ALARMS = DEPLOY / "prometheus" / "alarms.yaml"
RULES = [rule for group in yaml.safe_load(ALARMS.read_text())["groups"] for rule in group["rules"]]


def promtool(*arguments: str) -> None:
    """Prometheus's own checker finds nothing wrong."""
    if not shutil.which("promtool"):
        install_package("prometheus")
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed: apt-get install prometheus")
    told = subprocess.run(
        ["promtool", *arguments], cwd=ALARMS.parent, capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.xdist_group("promtool")
@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yaml"), ("check", "rules", "alarms.yaml"), ("test", "rules", "alarms.test.yaml")],
    ids=" ".join,
)
def test_prometheus_takes_the_files_and_each_alarm_rings_when_it_should(arguments: tuple[str, ...]) -> None:
    promtool(*arguments)


def test_every_alarm_is_tested_to_ring_and_to_be_silent() -> None:
    tests = yaml.safe_load((ALARMS.parent / "alarms.test.yaml").read_text())["tests"]
    rung = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one.get("exp_alerts")}
    silent = {one["alertname"] for test in tests for one in test["alert_rule_test"] if not one.get("exp_alerts")}
    assert rung == silent == {rule["alert"] for rule in RULES}


def test_every_alarm_asks_for_what_a_gateway_tells(tmp_path: Path) -> None:
    with Installation(Settings(data_dir=tmp_path)) as installation, telling(tmp_path, "cases", installation.store.head):
        with turning("read models"), measured("cases.OpenCase"), APPENDS.time():
            pass
        lags = [Lag("any", 0, 0.0)]
        with turning("read models"):
            app = create_app(
                installation.bus(),
                CONTEXTS,
                open_tokens(tmp_path),
                readiness=dict,
                settings=installation.settings,
                metrics=Metrics(lambda: Standing(0, lags, lags, 0, 0), lambda: asked(tmp_path)),
            )
            with serving(app) as port:
                httpx.get(f"http://127.0.0.1:{port}/health/live")
                page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    told: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(forgetmenot_\w+)(?:\{(.*)\})? ", page, re.M):
        told.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    for rule in RULES:
        for name, matchers in re.findall(r"(forgetmenot_\w+)(?:\{([^}]*)\})?", rule["expr"]):
            assert name in told, f"{rule['alert']} asks for {name}"
            labels = set(re.findall(r"(\w+)=", matchers)) | _labels_of(rule, name)
            assert labels <= told[name] | {"part"}, f"{rule['alert']} asks {name} for {labels}"


def _labels_of(rule: dict[str, Any], name: str) -> set[str]:
    """The labels that its text names, where they can come from that metric alone."""
    if name == "forgetmenot_process_wrong" or "sum" in rule["expr"]:
        return set()
    return set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))


def test_a_part_that_is_missing_is_missed_whichever_it_is() -> None:
    (missing,) = [rule for rule in RULES if rule["alert"] == "PartMissing"]
    # The gateway is the one that would tell: whether it is there, another alarm asks.
    assert set(re.findall(r'part="(\w+)"', missing["expr"])) == set(ALL) - {"gateway"}


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() -> None:
    sections = re.split(r"^## (\w+)$", (DEPLOY / "RUNBOOK.md").read_text(), flags=re.M)[1:]
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    assert list(told) == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"deploy/RUNBOOK.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "warn")
        assert len(told[rule["alert"]].split()) > 20
