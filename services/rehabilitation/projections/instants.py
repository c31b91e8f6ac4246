"""Instants in columns: UTC, in one width, so that their order is that of the text."""

from __future__ import annotations

from datetime import UTC, datetime


def text_of(instant: datetime) -> str:
    """`2008-10-02T07:00:00.000000+00:00`"""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def instant_of(text: str) -> datetime:
    """The instant that `text_of` wrote."""
    return datetime.fromisoformat(text)
