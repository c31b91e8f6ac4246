"""Brings the catalogues up to date with the code: `python -m services.analytics.sheet.catalogues`.

New sentences are added without a translation, those that are gone are dropped; what is translated stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.analytics.sheet.words import CATALOGUES, Language

KEYWORDS = {"say": None, "mark": None, "count": (1, 2)}
FOLDER = Path(__file__).parent


def texts() -> Iterator[tuple[str | tuple[str, str], str, int]]:
    """Every sentence in the code, one and many where it has both, with the file and the line where it stands."""
    found = extract_from_dir(str(FOLDER), [("**.py", "python")], keywords=KEYWORDS)
    for file, line, text, _, _ in sorted(found, key=lambda one: one[:2]):
        yield (text[0], text[1]) if isinstance(text, tuple) else text, file, line


def up_to_date(language: Language) -> Catalog:
    """The catalogue of a language, with just the sentences that are in the code."""
    path = CATALOGUES / f"{language}.po"
    held = Catalog()
    if path.exists():
        with path.open("rb") as file:
            held = read_po(file, locale=language)
    made = Catalog(
        locale=language,
        project="Forget-me-not",
        version="1",
        fuzzy=False,
        header_comment="# What is printed on the sheet of the activity report.",
    )
    made.revision_date = made.creation_date = held.creation_date
    for text, place, line in texts():
        known = held.get(text[0] if isinstance(text, tuple) else text)
        made.add(text, known.string if known else "", locations=[(place, line)])
    return made


def save(catalogue: Catalog, file: BinaryIO) -> None:
    """Write a catalogue, without what its header would say of dates and people."""
    text = BytesIO()
    write_po(text, catalogue, width=110, include_lineno=False, sort_output=False)
    header, _, rest = text.getvalue().partition(b"\n\n")
    kept = (b"Language:", b"Plural-Forms:", b"MIME-Version:", b"Content-T")
    lines = [line for line in header.split(b"\n") if not line.startswith(b'"') or line[1:].startswith(kept)]
    file.write(b"\n".join(lines) + b"\n\n" + rest)


def main() -> None:
    """Write all of them."""
    CATALOGUES.mkdir(exist_ok=True)
    for language in Language:
        made = up_to_date(language)  # read before the file is opened, which empties it
        with (CATALOGUES / f"{language}.po").open("wb") as file:
            save(made, file)


if __name__ == "__main__":
    main()
