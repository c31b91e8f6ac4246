"""Settings come from the environment, and a wrong one is explained in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import Invalid
from shared.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_an_empty_environment_listens_on_loopback_and_keeps_its_data_in_var() -> None:
    settings = load_settings()
    assert (settings.bind_host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path("var"))


def test_a_variable_overrides_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("DATA_DIR", "/srv/centre")
    monkeypatch.setenv("LOG_FORMAT", "json")
    settings = load_settings()
    assert (settings.port, settings.data_dir, settings.log_format) == (8080, Path("/srv/centre"), "json")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "eight"), ("PORT", "70000"), ("LOG_FORMAT", "yaml"), ("LOG_LEVEL", "loud"), ("MAX_BODY", "1")],
)
def test_a_wrong_variable_is_named_in_one_sentence_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Invalid) as refused:
        load_settings()
    sentence = str(refused.value)
    assert variable in sentence
    assert f"{value!r}" not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
