"""Owning a log: the lock, the check of the file, the writer, the door for others, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from shared.errors import StoreCorrupt
from shared.eventstore import log, ownership
from shared.eventstore.mark import Mark
from shared.eventstore.ownership import Claim
from shared.eventstore.reader import Reader
from shared.eventstore.server import Server
from shared.eventstore.tail import Tail
from shared.eventstore.verification import Scrub, check_on_opening
from shared.eventstore.writer import Writer


class Owner:
    """This process's ownership of the log in `folder`, from the claim to `close`."""

    def __init__(
        self,
        folder: Path,
        claim: Claim,
        tail: Tail,
        reader: Reader,
        synchronous: log.Synchronous,
        format: int = log.FORMAT,
    ) -> None:
        self._claim = claim
        self._folder = folder
        self._reader = reader
        undo: list[Callable[[], None]] = [claim.release]
        try:
            self._mark = Mark(folder)
            undo.append(self._mark.close)
            self._writer = Writer(folder, self._mark, tail, synchronous, format)
            undo.append(self._writer.close)
            damage, checked = check_on_opening(folder, self._mark)
            self._server = Server(ownership.listen(folder), self._writer, self._suspected)
            if damage:
                self.refuse(damage)
            self._scrub = None if checked else Scrub(folder, self.refuse)
        except BaseException:
            for step in reversed(undo):
                step()
            raise
        self.append = self._writer.append
        self.submit = self._writer.submit
        self.exclusively = self._writer.exclusively

    def refuse(self, damage: StoreCorrupt) -> None:
        """Take no more events; and if the structure is damaged, read no more streams, here or elsewhere."""
        self._writer.refuse(damage)
        if damage.facts.get("structure"):
            self._reader.distrust(damage)
            self._server.warn(damage)

    @property
    def refusal(self) -> str | None:
        """Why appends are refused, if they are."""
        return str(self._writer.refusal) if self._writer.refusal else None

    @property
    def is_behind(self) -> bool:
        """Never: what is appended here is queued, and nothing is sent."""
        return False

    def watch(self) -> None:
        """Nothing to ask for: the writer moves the tail itself."""

    def close(self) -> None:
        """Answer what has come in, let go of the file, then of the lock."""
        if self._scrub:
            self._scrub.stop()
        self._server.stop()
        self._writer.close()
        self._server.close()
        self._mark.close()
        (self._folder / ownership.SOCKET).unlink(missing_ok=True)
        self._claim.release()

    def _suspected(self, number: int, stream: str) -> None:
        """An attached process reports damage: look with fresh eyes, not at pages remembered."""
        reader = Reader(self._folder, self.refuse)
        try:
            page = partial(reader.stream_page, stream) if stream else reader.page
            with suppress(StoreCorrupt):
                reader.sound_page(page, number, 1)
        finally:
            reader.close()
