"""The log of an installation: in its data folder, or on the event store that EVENTSTORE_URI names."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.errors import NotFound
from shared.eventstore import log, ownership
from shared.eventstore.ownership import Claim
from shared.eventstore.port import EventStore
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.settings import Settings

EMBEDDED = "log"  # the folder in the data folder
RESTORED = "restored-at"


class EventLog:
    """The log, open. `store` is what everything works with; `origin` says whose positions it has."""

    def __init__(self, settings: Settings, *, must_exist: bool = False) -> None:
        """Open it. `must_exist`: raise `NotFound` rather than make an empty log, of which everything would hold."""
        folder = settings.data_dir / EMBEDDED
        self._claim: Claim | None = None
        self.store: EventStore
        if settings.eventstore_uri:
            from shared.eventstore.kurrent.store import open_cluster  # grpcio: half a second that others need not wait

            self.store = cluster = open_cluster(settings.eventstore_uri.get_secret_value())
            self.origin = cluster.address
            self._claim = ownership.claim(settings.data_dir)
        elif must_exist and not log.path_of(folder).exists():
            raise NotFound(f"There is no log in {folder}: set DATA_DIR to the folder that holds it.")
        else:
            self.store = open_store(folder)
            self.origin = EMBEDDED
        with suppress(FileNotFoundError):
            self.origin += f" restored {(settings.data_dir / RESTORED).read_text(encoding='utf-8').strip()}"

    @property
    def first(self) -> bool:
        """Whether no other process on this data folder came before: then it is for us to take up what was left."""
        if isinstance(self.store, EmbeddedLog):
            return self.store.describe().role == "owner"
        return self._claim is not None

    @property
    def refusal(self) -> str | None:
        """Why nothing can be appended, if that is known."""
        return self.store.describe().refusal if isinstance(self.store, EmbeddedLog) else None

    def close(self) -> None:
        """Let go of it."""
        self.store.close()
        if self._claim:
            self._claim.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def note_restored(data_dir: Path) -> None:
    """From now on the log has another origin: what is derived from what was there before does not go on with it."""
    (data_dir / RESTORED).write_text(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}\n", encoding="utf-8")
