"""Does a name match a client's regular expression? Answered in time that grows with the name, whatever was sent.

The server's engine (.NET's) tries alternatives one after the other, and so does Python's: an expression of a few
characters, made for it or by mistake, keeps them busy for years. RE2 does not try, it follows all alternatives at
once. It has no look-around and no back-references; of those only the look-aheads that an expression begins with are
answered here, because it is with them that clients say which names they do not want.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from shared.eventstore.node import refusals

_LONGEST = 4096  # characters
_LARGEST = 4096  # steps of the program that RE2 makes of it: each may be gone through for each byte of a name
_NAMES_REMEMBERED = 4096

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.never_capture = True

_AHEAD = ("(?!", "(?=")
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*+\]|.", re.DOTALL)  # an escape, a class, or a character


def matching(expression: str) -> Callable[[str], bool]:
    """Whether `expression` is found in a name. Refuses what is no expression, or too large."""
    if len(expression) > _LONGEST:
        raise refusals.invalid(f"The filter's regular expression is longer than {_LONGEST} characters.")
    tests = [(_search(part), present) for part, present in _parts(expression)]

    @lru_cache(_NAMES_REMEMBERED)
    def test(name: str) -> bool:
        return all((search(name) is not None) is present for search, present in tests)

    return test


def _search(expression: str) -> Callable[[str], Any]:
    try:
        compiled = re2.compile(expression, _OPTIONS)
    except (re2.error, UnicodeEncodeError):
        raise refusals.invalid(
            "The filter's regular expression is not valid: it has RE2's syntax, and may begin with ^(?!...) or ^(?=...)"
            " besides."
        ) from None
    if compiled.programsize > _LARGEST:
        raise refusals.invalid("The filter's regular expression is too large: it repeats too much.")
    search: Callable[[str], Any] = compiled.search
    return search


def _parts(expression: str) -> list[tuple[str, bool]]:
    """Expressions of which each must be found in a name, or must not, if `expression` is to be found there.

    `^(?!a)(?=b)c` is found where `^c` and `^b` are and `^a` is not. An expression with an alternative to all that is
    left as it is, and RE2 refuses it.
    """
    flags = "(?i)" if expression.startswith("(?i)") else ""
    parts: list[tuple[str, bool]] = []
    at = len(flags) + 1
    while expression.startswith(f"{flags}^") and expression.startswith(_AHEAD, at):
        end = _outside(expression, at, ")")
        if end is None:
            break
        parts.append((f"{flags}^(?:{expression[at + 3 : end]})", expression[at + 2] == "="))
        at = end + 1
    if not parts or _outside(expression, at, "|") is not None:
        return [(expression, True)]
    return [(f"{flags}^(?:{expression[at:]})", True), *parts]


def _outside(expression: str, start: int, sought: str) -> int | None:
    """Where, from `start` on, `sought` stands for the first time with all groups closed."""
    depth = 0
    for piece in _PIECE.finditer(expression, start):
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if depth == 0 and piece[0] == sought:
            return piece.start()
    return None
