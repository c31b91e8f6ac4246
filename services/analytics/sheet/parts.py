"""What a sheet consists of. Everything in it is worded already, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands out, and what it counts."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart. `strong`: it belongs to the period, and not only to what came before."""

    label: str
    size: float
    value: str
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, standing as columns or lying in rows, and the same in words for those who do not see them."""

    title: str
    in_words: str
    bars: tuple[Bar, ...]
    shape: Literal["columns", "rows"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads. The first `texts` columns hold words, the others numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    total: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done: what, and what is to be said of it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence. `quiet`: it says that there is nothing."""

    text: str
    quiet: bool = False


Block = Chart | Table | Entry | Note


@dataclass(frozen=True, slots=True)
class Section:
    """A part under a heading of its own, in one of the two columns of the page."""

    title: str
    column: Literal["left", "right"]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole page."""

    language: str
    organisation: str
    title: str
    period: str
    preliminary: str | None
    about: str
    mission: str
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    legend: tuple[str, ...]
    reflects: str
