"""Texts that stand in the language they were recorded in, within a sentence of another language.

A sentence is plain text, in which such a piece is set between marks that no text has. Each way of showing a sheet takes
them out: a page and a PDF tell the language to whoever has it read aloud, a terminal does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

OPEN, THEN, CLOSE = "\ue000", "\ue001", "\ue002"  # of Unicode's private use area
UNKNOWN = "und"
"""The language of a text of which nobody said what language it is in (BCP 47)."""

_MARKS = re.compile(f"[{OPEN}{THEN}{CLOSE}]")
_QUOTED = re.compile(f"{OPEN}([^{THEN}]*){THEN}([^{CLOSE}]*){CLOSE}")


def quoted(text: str, language: str = UNKNOWN) -> str:
    """A text that is in this language, whatever the language around it."""
    return f"{OPEN}{language}{THEN}{_MARKS.sub('', text)}{CLOSE}"


def pieces(sentence: str) -> Iterator[tuple[str | None, str]]:
    """The pieces of a sentence, each with its language; None for that of the sheet."""
    end = 0
    for found in _QUOTED.finditer(sentence):
        if found.start() > end:
            yield None, sentence[end : found.start()]
        yield found[1], found[2]
        end = found.end()
    if end < len(sentence):
        yield None, sentence[end:]


def plain(sentence: str) -> str:
    """The sentence without what it says of languages."""
    return "".join(text for _, text in pieces(sentence))
