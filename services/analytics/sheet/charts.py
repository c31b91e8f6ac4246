"""Charts as SVG: bars of one colour, with their numbers beside them, and a text in place of the picture."""

from __future__ import annotations

from itertools import count
from xml.sax.saxutils import escape, quoteattr

from services.analytics.sheet.parts import Chart

WIDTH = 340
COLUMNS_HEIGHT, ROW = 96, 15
LABELS = 118  # of rows
STRONG, FAINT, INK = "#2f6db5", "#a9c6e8", "#1c2733"


def svg(chart: Chart, name: str) -> str:
    """The picture. `name` tells it from the others on its page."""
    drawn = _columns(chart) if chart.shape == "columns" else _rows(chart)
    height = COLUMNS_HEIGHT if chart.shape == "columns" else ROW * len(chart.bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-words" font-family="Libertinus Serif" font-size="10" fill="{INK}">'
        f'<title id="{name}-title">{escape(chart.title)}</title><desc id="{name}-words">{escape(chart.in_words)}</desc>'
        f"{drawn}</svg>"
    )


def _columns(chart: Chart) -> str:
    step = WIDTH / max(len(chart.bars), 6)
    top, foot = 12, COLUMNS_HEIGHT - 14
    largest = max((bar.size for bar in chart.bars), default=0) or 1
    drawn = []
    for number, bar in enumerate(chart.bars):
        height = bar.size / largest * (foot - top)
        middle = step * (number + 0.5)
        drawn.append(
            f'<rect x="{middle - step * 0.36:.1f}" y="{foot - height:.1f}" width="{step * 0.72:.1f}" '
            f'height="{height:.1f}" fill={quoteattr(STRONG if bar.strong else FAINT)}/>'
            f'<text x="{middle:.1f}" y="{foot - height - 3:.1f}" text-anchor="middle">{escape(bar.value)}</text>'
            f'<text x="{middle:.1f}" y="{COLUMNS_HEIGHT - 3}" text-anchor="middle">{escape(bar.label)}</text>'
        )
    return f'<path d="M0 {foot + 0.5}H{WIDTH}" stroke="{INK}" stroke-width="0.6"/>' + "".join(drawn)


def _rows(chart: Chart) -> str:
    largest = max((bar.size for bar in chart.bars), default=0) or 1
    longest = max((len(bar.value) for bar in chart.bars), default=0)
    room = WIDTH - LABELS - 6 - 5.2 * longest
    drawn = []
    for line, bar in zip(count(), chart.bars, strict=False):
        length = max(bar.size / largest * room, 0.6)
        drawn.append(
            f'<text x="{LABELS - 4}" y="{line * ROW + 10.5}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect x="{LABELS}" y="{line * ROW + 2.5}" width="{length:.1f}" height="{ROW - 5}" fill="{STRONG}"/>'
            f'<text x="{LABELS + length + 4:.1f}" y="{line * ROW + 10.5}">{escape(bar.value)}</text>'
        )
    return "".join(drawn)
