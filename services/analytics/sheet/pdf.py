"""The sheet as a PDF, set by Typst with the fonts that its package holds: the same bytes on every machine."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from services.analytics.sheet.charts import svg
from services.analytics.sheet.parts import Chart, Sheet

SCALES = (1.0, 0.94, 0.88, 0.82)  # of 8.7 points: the last is as small as footnotes are
ONE_PAGE = b"/Type/Pages/Count 1/"
TEMPLATE = (Path(__file__).parent / "templates" / "activity.typ").read_bytes()


def pdf(sheet: Sheet) -> bytes:
    """The document, tagged so that it can be read aloud (PDF/UA-1). It carries no date of its own.

    One page, in type as large as that allows; where the smallest is too large still, as many pages as it takes.
    """
    told = asdict(sheet)
    for section, shown in zip(sheet.sections, told["sections"], strict=True):
        shown["blocks"] = [_block(block, said) for block, said in zip(section.blocks, shown["blocks"], strict=True)]
    written = orjson.dumps(told).decode()
    for scale in SCALES:
        made = _set(written, scale)
        if ONE_PAGE in made:
            break
    return made


def _set(written: str, scale: float) -> bytes:
    made = typst.compile(
        TEMPLATE,
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"sheet": written, "scale": str(scale)},
        pdf_standards=["ua-1"],
    )
    assert isinstance(made, bytes)  # noqa: S101  (one document)
    return made


def _block(block: Any, said: dict[str, Any]) -> dict[str, Any]:
    drawn = {"svg": svg(block, "chart")} if isinstance(block, Chart) else {}
    return {"kind": type(block).__name__.lower(), **said, **drawn}


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)
