"""Imports point one way: edges to contexts, contexts to shared; and the rules of an aggregate touch nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway.contexts import CONTEXTS

ROOT = Path(__file__).parent.parent
CONTEXT_NAMES = frozenset(context.name for context in CONTEXTS)

PURE = frozenset(
    {
        "__future__", "abc", "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum",
        "functools", "itertools", "math", "operator", "re", "types", "typing", "unicodedata", "uuid", "zoneinfo",
        "pydantic", "shared.messages", "shared.decider", "shared.dates", "shared.money", "shared.errors",
        "shared.growing", "shared.privacy.personal",
    }
)  # fmt: skip
"""What the files of an aggregate may import, beside those of their own context."""

IMPURE_CALLS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input", "urandom"})


def modules(folder: Path) -> Iterator[Path]:
    """The Python files below a folder, or the one file that it is."""
    yield from sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            assert node.module is not None
            yield node.module
            if node.module == "services":
                yield from (f"services.{alias.name}" for alias in node.names)


def domain_files() -> list[Path]:
    """The files that the aggregates are written in: where their commands, events, rules and folds stand."""
    named = {
        part.__module__
        for context in CONTEXTS
        for decider in context.deciders
        for part in (decider.decide, decider.evolve, *decider.command_types(), *decider.event_types())
    }
    files = set()
    for module in named:
        path = ROOT / Path(*module.split("."))
        # An aggregate that is a package is pure throughout, whichever of its files a class stands in.
        package = path if path.is_dir() else path.parent
        context = ROOT / Path(*module.split(".")[:2])
        files |= set(modules(package)) if package != context else {path.with_suffix(".py")}
    return sorted(files)


def is_pure(module: str, context: str) -> bool:
    """Whether the files of an aggregate may import this."""
    mine = f"services.{context}"
    return module in PURE or module.split(".")[0] in PURE or module == mine or module.startswith(f"{mine}.")


def impure_calls(path: Path) -> Iterator[str]:
    """Calls that ask the clock, make up an id, or reach outside."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in IMPURE_CALLS and not _is_dates_today(node):
                yield f"{path}:{node.lineno}: {name}()"


def _is_dates_today(node: ast.Call) -> bool:
    """`shared.dates.today(now)` is told the time; it does not ask."""
    return isinstance(node.func, ast.Name) and node.func.id == "today" and len(node.args) == 1


@pytest.mark.parametrize("context", sorted(CONTEXT_NAMES))
def test_a_context_imports_no_other_context(context: str) -> None:
    others = {f"services.{other}" for other in CONTEXT_NAMES | {"gateway", "history"} if other != context}
    strays = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in modules(ROOT / "services" / context)
        if path.name != "service.py"
        for module in imports(path)
        if any(module == other or module.startswith(f"{other}.") for other in others)
    ]
    assert strays == []


def test_shared_knows_no_service() -> None:
    strays = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in modules(ROOT / "shared")
        for module in imports(path)
        if module.split(".")[0] in {"services", "tests", "deploy"}
    ]
    assert strays == []


def test_nothing_that_runs_imports_tests() -> None:
    strays = [
        path for path in modules(ROOT / "services") for module in imports(path) if module.split(".")[0] == "tests"
    ]
    assert strays == []


def test_aggregates_import_no_io_no_clock_no_store() -> None:
    strays = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in domain_files()
        for module in imports(path)
        if not is_pure(module, path.relative_to(ROOT).parts[1])
    ]
    assert strays == []


def test_aggregates_ask_no_clock_and_make_up_no_ids() -> None:
    assert [call for path in domain_files() for call in impure_calls(path)] == []


def test_the_files_of_aggregates_are_found() -> None:
    names = {path.relative_to(ROOT / "services").as_posix() for path in domain_files()}
    assert {"campaigns/advocacy.py", "campaigns/campaign/groups.py", "campaigns/campaign/state.py"} <= names
    assert not any("projections" in name or "policies" in name for name in names)


def test_an_impure_call_would_be_found(tmp_path: Path) -> None:
    impure = tmp_path / "aggregate.py"
    impure.write_text("from uuid import uuid4\nday = datetime.now()\nname = uuid4()\nfine = today(command.now)\n")
    assert [call.rsplit(": ", 1)[1] for call in impure_calls(impure)] == ["now()", "uuid4()"]


@pytest.mark.parametrize("module", ["random", "time", "nameko.rpc", "shared.eventstore.port", "services.cases.case"])
def test_an_impure_import_would_be_found(module: str) -> None:
    assert not is_pure(module, "campaigns")
