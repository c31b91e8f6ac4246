"""The sheet as one HTML page: no script, nothing from the network, and made to be printed on A4."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from services.analytics.sheet.charts import svg
from services.analytics.sheet.parts import Chart, Entry, Note, Sheet, Table
from services.analytics.sheet.quoting import pieces, plain
from services.analytics.sheet.words import APPROXIMATE, INVENTED

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "activity.css").read_text(encoding="utf-8")

PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: show it, in its own style."""


def page(sheet: Sheet) -> bytes:
    """The page, in UTF-8."""
    return _template().render(sheet=sheet, style=Markup(STYLE)).encode()  # noqa: S704  (our own file)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"drawn": _drawn, "marked": _marked, "plain": plain}
    environment.tests |= {
        kind.__name__.lower(): lambda block, kind=kind: isinstance(block, kind) for kind in (Chart, Table, Entry, Note)
    }
    return environment.get_template("activity.html.j2")


def _drawn(chart: Chart, name: str) -> Markup:
    return Markup(svg(chart, name))  # noqa: S704  (escaped there)


def _marked(text: str) -> Markup:
    """Marks set apart, so that they are neither missed nor taken for digits; a second line is a small one.

    What is in another language says so, so that it is read aloud in that language.
    """
    shown = "".join(
        f'<span lang="{escape(language)}">{escape(said)}</span>' if language else str(escape(said))
        for language, said in pieces(text)
    )
    for sign, style in ((INVENTED, "mark raised"), (APPROXIMATE, "mark")):
        shown = shown.replace(sign, f'<span class="{style}">{sign}</span>')
    first, _, second = shown.partition("\n")
    return Markup(f"{first}<small>{second}</small>" if second else first)  # noqa: S704  (escaped above)
