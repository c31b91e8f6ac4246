"""What a log line holds, and what it cannot be made to hold."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from shared.errors import Conflict
from shared.logging import configure_logging, correlated
from shared.messages import Event
from shared.privacy.personal import About, Hidden

SECRET = "Ona Petrauskienė was seen in Alytus"
ROOT = Path(__file__).resolve().parents[2]


class Sighted(Event, context="toy"):
    person: str
    text: Annotated[str | Hidden, About("person")]


class Lines:
    """What was written, as text and as JSON."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def __str__(self) -> str:
        return self.stream.getvalue()

    def last(self) -> dict[str, Any]:
        return json.loads(str(self).splitlines()[-1])  # type: ignore[no-any-return]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, uvicorn_access = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = (root.handlers, root.level, warnings.showwarning, threading.excepthook, sys.excepthook)
    before_structlog = structlog.get_config()
    written = Lines()
    configure_logging("json", "INFO", written.stream)
    yield written
    root.handlers, level, warnings.showwarning, threading.excepthook, sys.excepthook = before
    root.setLevel(level)
    logging.raiseExceptions = True
    uvicorn_access.disabled = False
    structlog.configure(**before_structlog)


def test_a_line_says_what_happened_when_and_under_which_correlation(lines: Lines) -> None:
    with correlated(UUID(int=7)):
        structlog.get_logger().info("case opened", stream="case-1", revision=3)
    line = lines.last()
    assert line["event"] == "case opened"
    assert line["stream"] == "case-1"
    assert line["revision"] == 3
    assert line["correlation_id"] == str(UUID(int=7))
    assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC


def test_the_correlation_id_ends_with_its_request(lines: Lines) -> None:
    with correlated(UUID(int=7)):
        pass
    structlog.get_logger().info("later")
    assert "correlation_id" not in lines.last()


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        SECRET.encode(),
        Sighted(person="p", text="Ona"),
        {"said": SECRET},
        {SECRET: 1},
        [SECRET],
        (Sighted(person="p", text="Ona"),),
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_may_be_personal_is_written_as_what_it_is_only(lines: Lines, value: Any) -> None:
    structlog.get_logger().info("something happened", value=value)
    assert "Ona" not in str(lines)
    assert lines.last()["event"] == "something happened"


def test_an_exception_is_written_as_its_class_and_place(lines: Lines) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger().exception("it went wrong")
    assert "Ona" not in str(lines)
    exception = lines.last()["exception"]
    assert exception["class"] == "ValueError"
    assert exception["at"][0].startswith("tests/shared/test_logging.py:")


def test_an_error_of_our_own_keeps_its_sentence(lines: Lines) -> None:
    structlog.get_logger().warning("refused", error=Conflict("Somebody was faster: read it again."))
    error = lines.last()["error"]
    assert error["code"] == "conflict"
    assert error["detail"] == "Somebody was faster: read it again."


def test_a_library_takes_the_same_way(lines: Lines) -> None:
    try:
        Toy.model_validate({"age": SECRET})
    except ValidationError as error:
        logging.getLogger("some.library").warning("validation failed: %s in %s", error, "cases.OpenCase")
        logging.getLogger("some.library").error(error)
        logging.getLogger("some.library").exception("again")
    assert "Ona" not in str(lines)
    assert len(str(lines).splitlines()) == 3
    assert "cases.OpenCase" in str(lines)
    assert lines.last()["logger"] == "some.library"
    assert lines.last()["exception"]["class"] == "ValidationError"


class Toy(BaseModel):
    age: int


def test_a_forgotten_asyncio_task_does_not_tell_what_it_held(lines: Lines) -> None:
    async def fails() -> None:
        raise ValueError(SECRET)

    async def abandon() -> None:
        task = asyncio.ensure_future(fails())
        await asyncio.sleep(0)
        del task

    asyncio.run(abandon())
    assert lines.last()["event"] == "Task exception was never retrieved"
    assert "Ona" not in str(lines)


def test_a_warning_is_written_as_its_category_and_place(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # catch_warnings puts its own recorder in place: what is under test is what stood there before.
        configure_logging("json", "INFO", lines.stream)
        warnings.warn(SECRET, UserWarning, stacklevel=1)
    assert lines.last()["category"] == "UserWarning"
    assert "Ona" not in str(lines)


def test_an_exception_that_ends_a_thread_is_written_without_its_text(lines: Lines) -> None:
    def fails() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    assert lines.last()["exception"]["class"] == "ValueError"
    assert "Ona" not in str(lines)


def test_the_console_format_is_for_people(lines: Lines) -> None:
    configure_logging("console", "INFO", lines.stream)
    structlog.get_logger().info("case opened", stream="case-1")
    assert "case opened" in str(lines)
    assert "stream=case-1" in str(lines)


def test_on_the_console_an_exception_is_lines_of_text_and_says_as_little(lines: Lines) -> None:
    configure_logging("console", "INFO", lines.stream)
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise Conflict("The stream has moved on.") from error
    except Conflict:
        structlog.get_logger().exception("it went wrong")
        logging.getLogger("some.library").exception("so it says too")
    first, second = str(lines).split("so it says too")
    for said in first, second:
        assert "\nConflict: The stream has moved on.\n  at tests/shared/test_logging.py:" in said
        assert "\nbecause of ValueError\n  at tests/shared/test_logging.py:" in said
    assert "Ona" not in str(lines)


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    configure_logging("json", "WARNING", lines.stream)
    structlog.get_logger().info("case opened")
    assert str(lines) == ""


def test_the_first_argument_of_every_log_call_is_a_literal() -> None:
    for path in [*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="log" | "logger") | ast.Attribute(attr="log" | "_log"),
                        attr="debug" | "info" | "warning" | "error" | "critical" | "exception",
                    ),
                    args=[first, *_],
                ):
                    assert isinstance(first, ast.Constant), f"{path.relative_to(ROOT)}:{node.lineno}"
