"""A subscription read in a thread of its own, for a reader that has other things to do than wait for the log."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Self

from shared.eventstore.port import CaughtUp, Checkpoint, RecordedEvent, Subscription

Batch = list[RecordedEvent | CaughtUp | Checkpoint]

_READ_AHEAD = 2
_LOOK_UP_SECONDS = 0.1  # how soon a reader thread with nowhere to put a batch notices that it was closed


class Feed:
    """Hands over the batches of `subscription` as they come. Closes it in the end."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._batches: queue.Queue[Batch | BaseException] = queue.Queue(_READ_AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)
        self._thread.start()

    def next(self, timeout: float) -> Batch | None:
        """The next batch, or None if there is none within `timeout` seconds. Raises what the subscription raised."""
        try:
            found = self._batches.get(timeout=timeout) if timeout > 0 else self._batches.get_nowait()
        except queue.Empty:
            return None
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        self._subscription.close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        try:
            for batch in self._subscription.batches(1000):
                if not self._hand_over(batch):
                    return
        except BaseException as error:  # raised again in the thread that asks for the next batch
            self._hand_over(error)

    def _hand_over(self, found: Batch | BaseException) -> bool:
        while not self._closed.is_set():
            try:
                self._batches.put(found, timeout=_LOOK_UP_SECONDS)
                return True
            except queue.Full:
                continue
        return False
