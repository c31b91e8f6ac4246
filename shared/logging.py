"""Logging: structlog, one line a thing that happened, JSON or console, with the correlation id on every line.

    log = structlog.get_logger()
    log.info("projection caught up", projection="case_list", position=4711)

Personal data never enters a log, and that does not rest on everybody's care: the first argument is a literal (a test
holds that), and a value is written only if it is a number, a code or an id. Text with spaces, bytes, messages and every
other object are written as what they are, not as what they hold. Of an exception its class and its places in the code
are written, and its text only if it is one of our own, whose sentences carry no personal data. Lines of libraries, of
uvicorn and of Python's own warnings take the same way.
"""

from __future__ import annotations

import copy
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, Processor

from shared.errors import ForgetMeNotError
from shared.settings import LogFormat, LogLevel

ROOT = Path(__file__).resolve().parent.parent
FRAMES = 12
_CODE = re.compile(r"[\w.:;,/{}()<>$@%+*=?&#\[\]-]{0,200}")

log = structlog.get_logger()


def configure_logging(
    log_format: LogFormat | None = None, log_level: LogLevel = "INFO", stream: TextIO | None = None
) -> None:
    """Send every line of this process to `stream` (standard error). Without a format: console on a terminal."""
    out: Any = stream or _StandardError()
    console = (log_format or ("console" if out.isatty() else "json")) == "console"
    renderer = _renderer(console=console, colors=out.isatty())
    _configure_structlog(renderer, out, log_level)
    _route_libraries(renderer, out, log_level)


class _StandardError:
    """Standard error as it is when a line is written: whoever redirects it gets the lines, and gives it back."""

    def write(self, text: str) -> int:
        """See `io.TextIOBase.write`."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """See `io.IOBase.flush`."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """See `io.IOBase.isatty`."""
        return sys.stderr.isatty()


def correlated(correlation_id: UUID) -> AbstractContextManager[None]:
    """Every line written inside carries this correlation id."""
    return structlog.contextvars.bound_contextvars(correlation_id=str(correlation_id))


def reduced(value: Any) -> Any:
    """`value` as a log may hold it: numbers, codes and ids as they are, anything else by what it is."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return str(value) if _CODE.fullmatch(value) else f"<text of {len(value)} characters>"
        case UUID() | date():
            return str(value)
        case BaseException():
            return explain(value)
        case Mapping():
            return {str(reduced(key)): reduced(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [reduced(item) for item in value]
        case _:
            return f"<{type(value).__name__}>"


def explain(error: BaseException) -> dict[str, Any]:
    """An exception without what it may hold: its class, where it was raised, what caused it; our own with its text."""
    found: dict[str, Any] = {"class": type(error).__name__}
    if isinstance(error, ForgetMeNotError):
        found |= {"code": error.code, "detail": str(error)}
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    found["at"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    if error.__cause__ is not None:
        found["cause"] = explain(error.__cause__)
    return found


def _renderer(*, console: bool, colors: bool) -> Processor:
    if console:
        shown = structlog.dev.ConsoleRenderer(colors=colors)
        return lambda logger, method, line: shown(logger, method, _with_exception_as_lines(line))
    return structlog.processors.JSONRenderer(serializer=lambda line, **_: orjson.dumps(line).decode())


def _with_exception_as_lines(line: EventDict) -> EventDict:
    """The console shows text below the line, where JSON has a member `exception`."""
    explained = line.get("exception")
    if isinstance(explained, Mapping):
        line["exception"] = "\n".join(_lines_of(explained))
    return line


def _lines_of(explained: Mapping[str, Any]) -> Iterator[str]:
    yield ": ".join(explained[part] for part in ("class", "detail") if part in explained)
    yield from (f"  at {place}" for place in explained["at"])
    if cause := explained.get("cause"):
        first, *others = _lines_of(cause)
        yield from (f"because of {first}", *others)


def _configure_structlog(renderer: Processor, out: TextIO, log_level: LogLevel) -> None:
    structlog.configure(
        processors=[*CHAIN, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def _reduce_exception(_: Any, __: str, line: EventDict) -> EventDict:
    info = line.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        line["exception"] = error
    return line


def _reduce_values(_: Any, __: str, line: EventDict) -> EventDict:
    kept = {"event", "_record", "_from_structlog"}  # the last two are structlog's own, and are not written
    return {key: value if key in kept else reduced(value) for key, value in line.items()}


CHAIN: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _reduce_exception,
    _reduce_values,
]

if not structlog.is_configured():
    # What structlog does by itself shows the local variables of every frame of an exception.
    _configure_structlog(_renderer(console=False, colors=False), sys.stderr, "INFO")


def _route_libraries(renderer: Processor, out: TextIO, log_level: LogLevel) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        _LibraryLine(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *CHAIN],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[log_level]))
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold raw paths; the gateway writes its own
    logging.raiseExceptions = False  # or a record that fails to format is dumped, arguments and all
    warnings.showwarning = _show_warning
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.excepthook = _uncaught


class _LibraryLine(structlog.stdlib.ProcessorFormatter):
    """Reduces what a library put into a record, before it becomes text."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        message = record.msg if isinstance(record.msg, str) else str(reduced(record.msg))
        # A library that builds its message itself puts what it dumps below the first line (asyncio does).
        record.msg = message.partition("\n")[0]
        if isinstance(record.args, Mapping):
            record.args = {key: _argument(value) for key, value in record.args.items()}
        else:
            record.args = tuple(_argument(value) for value in record.args or ())
        record.stack_info = None
        return super().format(record)


def _argument(value: Any) -> Any:
    safe = reduced(value)
    return safe if isinstance(safe, str | int | float) else str(safe)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("a warning of Python", category=category.__name__, at=f"{_short(filename)}:{lineno}")


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("uncaught exception", exc_info=error if error is not None else kind())
