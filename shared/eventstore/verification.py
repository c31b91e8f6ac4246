"""Looking at all of a log: is everything there, and is it what was written?

Four questions: does the mark agree, is the file's structure whole, is every event sound and in its
place, and does every stream count from 0 without gaps?
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore import log
from shared.eventstore.mark import MARK, Mark, Reached
from shared.eventstore.reader import Reader

CHECKED_ON_OPENING = 200_000  # events: a second or two; a larger log is checked while it serves
_TAIL = 2_000
_PAGE = 1000
_ENOUGH = 100  # damages: the file is to be restored, not mended

Progress = Callable[[int, int], None]

_STREAMS_WITH_GAPS = """SELECT stream FROM events GROUP BY stream
    HAVING min(revision) <> 0 OR max(revision) <> count(*) - 1 LIMIT 100"""


class Damage(NamedTuple):
    """One thing that is wrong, and where, as far as that can be told."""

    detail: str
    position: int | None = None
    structure: bool = False  # what finds events cannot be trusted, rather than one event


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found."""

    events: int
    damages: tuple[Damage, ...]

    @property
    def sound(self) -> bool:
        """Nothing is damaged or missing."""
        return not self.damages


def verify(folder: Path, reached: Reached | None, progress: Progress | None = None, pause: float = 0) -> Report:
    """Check all of the log in `folder` against itself and against the mark.

    `progress` is told how many of how many events have been looked at. `pause` seconds pass between
    pages, for a log that is in use meanwhile.
    """
    reader = Reader(folder, on_damage=lambda damage: None)
    try:
        damages = _structure(folder)
        head = reader.head()
        damages += _against_mark(reader, head, reached)
        at = 1
        while at <= head and len(damages) < _ENOUGH:
            try:
                events, _ = reader.sound_page(reader.page, at, _PAGE)
            except StoreCorrupt as error:
                damages.append(Damage(str(error), at))
                at += 1
                continue
            at += len(events) or 1
            if progress:
                progress(at - 1, head)
            time.sleep(pause)
        return Report(at - 1, tuple(damages))
    except StoreCorrupt as error:
        return Report(0, (Damage(str(error), structure=True),))
    finally:
        reader.close()


def _structure(folder: Path) -> list[Damage]:
    connection = log.open_reader(folder)
    try:
        found = [str(line) for (line,) in connection.execute(f"PRAGMA integrity_check({_ENOUGH})") if line != "ok"]
        if not found:
            found = [f"{stream} has a gap." for (stream,) in connection.execute(_STREAMS_WITH_GAPS)]
    except sqlite3.Error as error:
        failure = log.unusable(folder, error)
        if not isinstance(failure, StoreCorrupt):
            raise failure from error
        found = [str(failure)]
    finally:
        connection.close()
    return [Damage(f"{log.LOG}: {detail}", structure=True) for detail in found]


def _against_mark(reader: Reader, head: int, reached: Reached | None) -> list[Damage]:
    if reached is None or reached.position == 0:
        return []
    if reached.position > head:
        detail = f"The log ends at position {head}, but it had reached {reached.position}: its end is lost."
        return [Damage(detail, head + 1)]
    try:
        if reader.checksum_at(reached.position) != reached.checksum:
            detail = f"Another event stands at position {reached.position} than the one {MARK} remembers."
            return [Damage(detail, reached.position)]
    except StoreCorrupt:
        pass  # the look at the events names it
    return []


def check_on_opening(folder: Path, mark: Mark) -> tuple[StoreCorrupt | None, bool]:
    """What is wrong with the log, if anything, and whether all of it was looked at.

    All of it is, up to `CHECKED_ON_OPENING` events or if damage had been found before; of a larger log
    the mark and the last events, which leaves the rest to `Scrub`. A sound log moves the mark to its end.
    """
    reader = Reader(folder, on_damage=lambda damage: None)
    try:
        reached = mark.read()
        head = reader.head()
        thorough = head <= CHECKED_ON_OPENING or (reached is not None and reached.suspect)
        if thorough:
            damages = verify(folder, reached).damages
        else:
            damages = tuple(_against_mark(reader, head, reached))
            list(reader.all(max(1, head - _TAIL), False, None, None))
        if damages:
            mark.suspect()
            return refusal(damages), True
        mark.write(head, reader.checksum_at(head) or 0)
        mark.flush()
        return None, thorough
    except StoreCorrupt as error:
        return error, True
    finally:
        reader.close()


def refusal(damages: tuple[Damage, ...]) -> StoreCorrupt:
    """The answer to every append while the log is damaged."""
    first = damages[0]
    more = f" and {len(damages) - 1} more" if len(damages) > 1 else ""
    return StoreCorrupt(
        f"The log is damaged and takes no events: {first.detail}{more} Restore it from a backup.",
        position=next((damage.position for damage in damages if damage.position), None),
        structure=any(damage.structure for damage in damages),
    )


class _Stopped(Exception):
    pass


class Scrub:
    """Verifies a large log in the background, once, and reports damage to `on_damage`."""

    def __init__(self, folder: Path, on_damage: Callable[[StoreCorrupt], None]) -> None:
        self._folder = folder
        self._on_damage = on_damage
        self._stopping = False
        self._thread = Thread(target=self._run, name="event log scrub", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping = True
        self._thread.join()

    def _run(self) -> None:
        try:
            report = verify(self._folder, None, self._go_on, pause=0.005)
        except (_Stopped, Unavailable):
            return
        if not report.sound:
            self._on_damage(refusal(report.damages))

    def _go_on(self, done: int, total: int) -> None:
        if self._stopping:
            raise _Stopped
