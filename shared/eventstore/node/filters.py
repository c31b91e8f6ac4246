"""Which events of `$all` a reader wants: by stream or by type, by prefix or by regular expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from shared.eventstore.node import expressions, refusals
from shared.eventstore.port import RecordedEvent

Match = Callable[[RecordedEvent], bool]


class Wanted(NamedTuple):
    """A filter, and after how many events looked at a subscription notes a checkpoint."""

    matches: Match
    checkpoint_every: int
    description: dict[str, Any]  # enough to make the filter again

    @property
    def takes_time(self) -> bool:
        """Whether to ask is work for a thread, not for the event loop."""
        return bool(self.description["regex"])


def wanted(options: Any) -> Wanted:
    """The filter in a request's `FilterOptions`. Refuses one that is not a filter."""
    field = options.WhichOneof("filter")
    if field is None:
        raise refusals.invalid("The filter names neither stream_identifier nor event_type.")
    expression = getattr(options, field)
    window = options.max if options.WhichOneof("window") == "max" else 32
    if options.WhichOneof("window") == "max" and window == 0:
        raise refusals.invalid("The filter's window must be greater than 0.")
    return described(
        {
            "by": field,
            "regex": expression.regex,
            "prefixes": list(expression.prefix),
            "every": max(1, window * (options.checkpointIntervalMultiplier or 1)),
        }
    )


def described(description: dict[str, Any]) -> Wanted:
    """The filter that `description` is of."""
    regex = description["regex"]
    test = expressions.matching(regex) if regex else _prefixed(tuple(description["prefixes"]))
    if description["by"] == "stream_identifier":
        return Wanted(lambda event: test(event.stream), description["every"], description)
    return Wanted(lambda event: test(event.type), description["every"], description)


def _prefixed(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    if not prefixes:
        raise refusals.invalid("The filter has neither a regular expression nor a prefix.")
    return lambda name: name.startswith(prefixes)
