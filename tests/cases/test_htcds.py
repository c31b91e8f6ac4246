"""Our codes are those of the Human Trafficking Case Data Standard, where its file is at hand."""

from __future__ import annotations

import csv
import os
from enum import StrEnum
from pathlib import Path

import pytest

from services.cases.htcds import (
    ForcedLabourIndustry,
    MethodOfControl,
    MethodOfRecruitment,
    StatusDecidedBy,
    TraffickingStatus,
    TypeOfExploitation,
    TypeOfSexExploitation,
)

STANDARD = Path(os.environ.get("HTCDS", Path(__file__).parents[3] / "shared/standards/htcds")) / "xlsform_choices.csv"


@pytest.mark.skipif(not STANDARD.exists(), reason="HTCDS 2.0 is not at hand: set HTCDS to its folder")
@pytest.mark.parametrize(
    ("list_name", "ours"),
    [
        ("traffickingstatus", TraffickingStatus),
        ("traffickingstatusdecisionmakingorg", StatusDecidedBy),
        ("methodofrecruitment", MethodOfRecruitment),
        ("methodsofcontrol", MethodOfControl),
        ("typeofexploitation", TypeOfExploitation),
        ("typeofsexexploitation", TypeOfSexExploitation),
        ("forcedlabourindustry", ForcedLabourIndustry),
    ],
)
def test_our_codes_are_the_standard_s(list_name: str, ours: type[StrEnum]) -> None:
    with STANDARD.open(encoding="utf-8-sig", newline="") as file:
        theirs = [row[1] for row in csv.reader(file) if row[0] == list_name]
    assert theirs == [code.value for code in ours]
