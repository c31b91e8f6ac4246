"""Words to look for: planted where personal data goes, and found in whatever form somebody may have written them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

STEMS = ("Xylotheque", "Žąsinėlis", "+370 699 73911", "1913-04-17")
"""A word of ASCII, one of Lithuanian letters, a telephone number and a date of birth: nothing else holds these."""

BIRTH = STEMS[3]
_numbers = count(1)


def marker() -> str:
    """A text that holds every stem but the date, and is like no other."""
    return f"{STEMS[0]} {STEMS[1]} {STEMS[2]} no. {next(_numbers)}"


def forms(stem: str) -> Iterator[tuple[str, bytes]]:
    """How a text may be written, by name. Looked for without regard to case, but for base64."""
    for name, text in ("plain", stem), ("upper case", stem.upper()), ("folded", stem.casefold()):
        yield name, text.encode()
        yield f"{name}, JSON-escaped", json.dumps(text)[1:-1].encode()
        yield f"{name}, URL-encoded", quote(text, safe="").encode()
        yield f"{name}, form-encoded", quote(text, safe=" ").replace(" ", "+").encode()
        yield f"{name}, hexadecimal", text.encode().hex().encode()
        for encoding in "utf-16-le", "utf-16-be":
            yield f"{name}, {encoding}", text.encode(encoding)
        for shift in range(3):
            yield f"{name}, base64, shifted by {shift}", _base64(text.encode(), shift)


def _base64(text: bytes, shift: int) -> bytes:
    """The part of the base64 of anything that holds `text` at this alignment which depends on `text` alone."""
    encoded = base64.b64encode(bytes(shift) + text)
    first = -(-shift * 8 // 6)
    last = (shift + len(text)) * 8 // 6
    return encoded[first:last]


def found_in(content: bytes, stems: Iterable[str] = STEMS) -> list[str]:
    """In which forms any of the stems is in `content`."""
    folded = content.lower()
    return [
        f"{stem}: {name}"
        for stem in stems
        for name, form in forms(stem)
        if ((form in content or form.translate(_URL_SAFE) in content) if "base64" in name else form.lower() in folded)
    ]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def found_below(folder: Path) -> dict[str, list[str]]:
    """The same of every file in `folder`, and of their names."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if where := found_in(str(path.relative_to(folder)).encode() + b"\n" + content):
            found[str(path.relative_to(folder))] = where
    return found
