"""`forgetmenot report activity`: in the terminal, as a file, for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.gateway.cli.commands import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return lambda *arguments: CliRunner().invoke(app, ["report", "activity", *arguments])


def test_the_report_is_shown_in_the_terminal_in_the_language_asked_for(run: Run) -> None:
    shown = run("--year", "2008", "--language", "lt")
    assert shown.exit_code == 0
    assert "Veiklos ataskaita 2008" in shown.output
    assert "Šio laikotarpio duomenų nėra." in shown.output


@pytest.mark.parametrize(("name", "start"), [("report.html", b"<!doctype html>"), ("report.pdf", b"%PDF")])
def test_it_is_written_as_the_file_that_the_name_says(run: Run, tmp_path: Path, name: str, start: bytes) -> None:
    assert run("--year", "2008", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_another_kind_of_file_is_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    refused = run("--year", "2008", "-o", str(tmp_path / "report.docx"))
    assert refused.exit_code == 1
    assert "end the file's name in .html or .pdf" in refused.output
    assert not (tmp_path / "data").exists()


def test_years_in_the_wrong_order_are_refused(run: Run) -> None:
    assert run("--year", "2008", "--to-year", "2007").exit_code == 1


def test_programs_get_the_figures(run: Run) -> None:
    found = orjson.loads(run("--year", "2004", "--to-year", "2007", "--json").output)
    assert found["period"] == {"from": "2004-01-01", "to": "2007-12-31"}
    assert found["projects_total"] == 0
