"""Every setting is shown with its value and where that came from; a secret never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.gateway.cli.commands import app
from shared.errors import Invalid
from shared.settings import Settings, load_settings, note_running
from shared.settings_explained import Explained, explain_settings

SECRET = "hunter2-of-the-broker"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def explained(name: str) -> Explained:
    return next(one for one in explain_settings() if one.name == name)


def test_each_setting_says_where_its_value_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "8080")
    (tmp_path / "key").write_text(f"amqp://guest:{SECRET}@mq:5672//\n")
    monkeypatch.setenv("AMQP_URL_FILE", str(tmp_path / "key"))
    note_running(tmp_path, {"read_models_url": f"postgresql+psycopg://me:{SECRET}@localhost:5433/forgetmenot"})
    assert explained("PORT")[1:3] == ("8080", "the environment")
    assert explained("THREADS")[1:3] == ("16", "left out")
    assert explained("AMQP_URL")[1:3] == ("amqp://***@mq:5672//", "the file that AMQP_URL_FILE names")
    shown = "postgresql+psycopg://***@localhost:5433/forgetmenot"
    assert explained("READ_MODELS_URL")[1:3] == (shown, "what serve --distributed started")
    assert {one.name.lower() for one in explain_settings()} == set(Settings.model_fields)


def test_what_is_shown_is_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IN_FLIGHT", "7")
    monkeypatch.setenv("threads", "9")
    settings = load_settings()
    assert (explained("IN_FLIGHT").value, explained("THREADS").value) == ("7", "9")
    assert (settings.in_flight, settings.threads) == (7, 9)


@pytest.mark.parametrize(
    ("variable", "value", "accepts"),
    [
        ("PORT", "eight", "a whole number from 0 to 65535"),
        ("LOG_FORMAT", "yaml", "json or console"),
        ("CALL_SECONDS", "901", "a number above 0, 300 at most"),
        ("AMQP_URL", f"https://guest:{SECRET}@mq", "an address that begins with amqp:// or amqps://"),
        ("READ_MODELS_URL", f"postgres://me:{SECRET}@db/x", "an address that begins with postgresql+psycopg://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "an address that begins with http:// or https://"),
    ],
)
def test_what_is_wrong_says_what_would_be_right_and_not_what_it_was(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, accepts: str
) -> None:
    monkeypatch.setenv(variable, value)
    one = explained(variable)
    assert one.wrong and accepts in one.wrong and value not in one.wrong and one.value is None
    with pytest.raises(Invalid, match=accepts.replace("+", r"\+")) as refused:
        load_settings()
    assert value not in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "eight")
    monkeypatch.setenv("MAX_BODY", "1")
    monkeypatch.setenv("AMQP_URL_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("MASTER_KEY", SECRET)
    result = CliRunner().invoke(app, ["config"])
    assert result.exit_code == 1
    for variable in ("PORT", "MAX_BODY", "AMQP_URL"):
        assert explained(variable).wrong in result.output
    assert "Not usable: PORT, MAX_BODY, AMQP_URL." in result.output
    assert SECRET not in result.output


def test_programs_read_it_as_json_and_serve_prints_it_without_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", f"amqp://guest:{SECRET}@mq")
    result = CliRunner().invoke(app, ["config", "--json"])
    assert result.exit_code == 0 and SECRET not in result.output
    assert {one["name"]: one["value"] for one in json.loads(result.output)}["AMQP_URL"] == "amqp://***@mq"
    printed = CliRunner().invoke(app, ["serve", "--print-config"])
    assert printed.exit_code == 0 and "amqp://***@mq" in printed.output and SECRET not in printed.output
