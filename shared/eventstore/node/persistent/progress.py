"""How far a persistent subscription has come, and when that is worth saving."""

from __future__ import annotations

import time
from collections.abc import Iterable

from shared.eventstore.node.persistent.settings import Settings


class Progress:
    """The places of one subscription: saved, passed, and delivered without being done with.

    `checkpoint` is the place that was saved last; everything up to `passed` has been read, and delivered or not
    wanted. None is the place before the first.
    """

    def __init__(self, settings: Settings, checkpoint: int | None) -> None:
        self.checkpoint = checkpoint
        self.passed = checkpoint
        self._settings = settings
        self._undone: dict[int, None] = {}  # lowest first but for retries
        self._next_save = 0.0

    def delivered(self, place: int | None) -> None:
        """The event at `place` is in somebody's hands."""
        if place is not None:
            self._undone[place] = None

    def done(self, place: int | None) -> None:
        """The event at `place` needs nobody any more."""
        if place is not None:
            self._undone.pop(place, None)

    def reached(self, waiting: Iterable[int | None]) -> int | None:
        """Everything up to here is done with, given the places of what waits to be delivered; None if nothing is."""
        first = min((*self._undone, *(place for place in waiting if place is not None)), default=None)
        if first is None:
            return self.passed
        return first - 1 if first > 0 else None

    def is_due(self, reached: int | None) -> bool:
        """Whether to have come to `reached` is to be saved now."""
        if reached is None or reached == self.checkpoint:
            return False
        passed = reached - (-1 if self.checkpoint is None else self.checkpoint)
        most = self._settings.max_checkpoint_count
        if most and passed >= most:
            return True
        return passed >= self._settings.min_checkpoint_count and time.monotonic() >= self._next_save

    def tried_to_save(self, saved: int | None = None) -> None:
        """`saved` was, or nothing could be or had to be; the next time is some time off."""
        if saved is not None:
            self.checkpoint = saved
        self._next_save = time.monotonic() + self._settings.checkpoint_after_ms / 1000
