"""What a persistent subscription was created with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from shared.eventstore.node import filters, refusals
from shared.eventstore.node.identifiers import clamped
from shared.eventstore.node.persistent import strategies

_TICKS_A_MILLISECOND = 10_000
_BY_NUMBER = ("DispatchToSingle", "RoundRobin", "Pinned")


@dataclass(frozen=True, slots=True)
class Settings:
    """Named as in the protocol. `start` is a revision or position to begin with; -1 is the live end."""

    resolve_links: bool
    start: int
    extra_statistics: bool
    message_timeout_ms: int
    checkpoint_after_ms: int
    max_retry_count: int
    min_checkpoint_count: int
    max_checkpoint_count: int
    max_subscriber_count: int
    live_buffer_size: int
    read_batch_size: int
    history_buffer_size: int
    strategy: str
    filter: dict[str, Any] | None = None

    def stored(self) -> str:
        """As text, for the register."""
        return json.dumps(asdict(self))


def restored(text: str) -> Settings:
    """What `stored` gave."""
    return Settings(**json.loads(text))


def of_create(options: Any) -> Settings:
    """The settings in a `CreateReq`."""
    settings = options.settings
    strategy = settings.consumer_strategy or _by_number(settings.named_consumer_strategy)
    found = _common(options, strategy)
    if options.WhichOneof("stream_option") == "all" and options.all.WhichOneof("filter_option") == "filter":
        found = replace(found, filter=filters.wanted(options.all.filter).description)
    return found


def of_update(options: Any, before: Settings) -> Settings:
    """The settings in an `UpdateReq`; strategy and filter apart from what it says stay as they were."""
    if before.strategy == strategies.BY_CORRELATION and options.settings.named_consumer_strategy == 0:
        strategy = before.strategy  # an update has no way to name it
    else:
        strategy = _by_number(options.settings.named_consumer_strategy)
    return replace(_common(options, strategy), filter=before.filter)


def _by_number(number: int) -> str:
    if not 0 <= number < len(_BY_NUMBER):
        raise refusals.invalid("There is no such consumer strategy.")
    return _BY_NUMBER[number]


def _common(options: Any, strategy: str) -> Settings:
    given = options.settings
    if strategy not in strategies.BY_NAME:
        raise refusals.invalid(
            f"There is no consumer strategy of this name. There are {', '.join(strategies.BY_NAME)}."
        )
    timeout = _milliseconds(given, "message_timeout")
    after = _milliseconds(given, "checkpoint_after")
    for name in ("max_retry_count", "min_checkpoint_count", "max_checkpoint_count", "max_subscriber_count"):
        if getattr(given, name) < 0:
            raise refusals.invalid(f"{name} is not negative.")
    for name in ("live_buffer_size", "read_batch_size", "history_buffer_size"):
        if getattr(given, name) <= 0:
            raise refusals.invalid(f"{name} is greater than 0.")
    if given.history_buffer_size <= given.read_batch_size:
        raise refusals.invalid("history_buffer_size is greater than read_batch_size.")
    return Settings(
        resolve_links=given.resolve_links,
        start=_start(options),
        extra_statistics=given.extra_statistics,
        message_timeout_ms=timeout,
        checkpoint_after_ms=after,
        max_retry_count=given.max_retry_count,
        min_checkpoint_count=given.min_checkpoint_count,
        max_checkpoint_count=given.max_checkpoint_count,
        max_subscriber_count=given.max_subscriber_count,
        live_buffer_size=given.live_buffer_size,
        read_batch_size=given.read_batch_size,
        history_buffer_size=given.history_buffer_size,
        strategy=strategy,
    )


def _milliseconds(given: Any, name: str) -> int:
    which = given.WhichOneof(name)
    value: int = getattr(given, which) if which else 0
    if value < 0:
        raise refusals.invalid(f"{name} is not negative.")
    return value // _TICKS_A_MILLISECOND if which == f"{name}_ticks" else value


def _start(options: Any) -> int:
    which = options.WhichOneof("stream_option")
    if which == "all":
        where = options.all.WhichOneof("all_option")
        return -1 if where == "end" else clamped(options.all.position.commit_position) if where == "position" else 0
    if which == "stream":
        where = options.stream.WhichOneof("revision_option")
        return -1 if where == "end" else clamped(options.stream.revision) if where == "revision" else 0
    return clamped(options.settings.revision)  # clients before 21.10 name the stream by itself
