"""All figures in one run: `make bench`, or `python -m tests.bench NAME...` for some.

Every figure stands beside its peer or its physical limit, measured in the same run; ratios of medians. The tables go to
the terminal, the rows to bench-results/<time>.json.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
RESULTS = Path("bench-results")
console = Console(width=None if sys.stdout.isatty() else 170)  # a file has room for all columns


def names() -> list[str]:
    """The benchmarks that there are: `<name>_bench.py` beside this file."""
    return sorted(path.stem.removesuffix("_bench") for path in FOLDER.glob("*_bench.py"))


def table_of(title: str, rows: list[dict[str, Any]]) -> Table:
    """Rows as a table; with few rows and many columns it is turned on its side."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if len(columns) > 9 and len(rows) < len(columns):
        table = Table("", *(str(row[columns[0]]) for row in rows), title=title)
        for column in columns[1:]:
            table.add_row(column, *(_text(row.get(column)) for row in rows))
        return table
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in columns))
    return table


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def main() -> None:
    """Run, show, keep."""
    wanted = sys.argv[1:] or names()
    results: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    for name in wanted:
        module = importlib.import_module(f"tests.bench.{name}_bench")
        with console.status(f"measuring: {name}"):
            rows = module.run()
        results[name] = rows
        console.print(table_of((module.__doc__ or name).strip().split("\n")[0], rows))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{results['at'].replace(':', '')}.json"
    path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    console.print(f"Kept in {path}")


if __name__ == "__main__":
    main()
