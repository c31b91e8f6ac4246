"""`/metrics`, for Prometheus: how long requests take, how far read models are, what waits for a person.

Labels are routes, codes and names of ours: nothing that a person could be known by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from services.gateway.telling import Told
from shared.measures import SECONDS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Lag(NamedTuple):
    """How far something is behind the log."""

    name: str
    events: int
    seconds: float
    stopped: bool = False
    parked: int = 0


class Standing(NamedTuple):
    """What is looked up when somebody asks."""

    head: int
    read_models: Iterable[Lag]
    policies: Iterable[Lag]
    calls_under_way: int | None = None  # None: nothing is called over a broker
    calls_refused: int = 0


Asked = Mapping[str, Told | None]
"""What each process tells, by part and run; None of one that does not answer."""


class Metrics:
    """What the gateway counts itself, what `standing` says when it is asked, and what every process counts."""

    def __init__(self, standing: Callable[[], Standing], asked: Callable[[], Asked] = dict) -> None:
        self._standing = standing
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "forgetmenot_request_seconds",
            "How long requests took, commands (POST) and queries (GET), by route",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._failed = Counter(
            "forgetmenot_scrape_failures", "Times that read models could not be asked", registry=self._registry
        )
        self._registry.register(_Standings(self._look))
        self._registry.register(_Processes(asked))

    def observe(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """A request has been answered; without a status it broke off."""
        self._requests.labels(method, route, str(status or "none")).observe(seconds)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _look(self) -> Standing | None:
        try:
            return self._standing()
        except Exception:  # whatever is out of reach: the page says so, and the rest of it holds
            self._failed.inc()
            return None


class _Standings:
    """Asks when it is collected."""

    def __init__(self, look: Callable[[], Standing | None]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """One family for each thing that is looked up."""
        standing = self._look()
        if standing is None:
            return
        yield GaugeMetricFamily("forgetmenot_log_head", "The position of the last event", value=standing.head)
        yield from _lags("read_model", "Read model", standing.read_models)
        yield from _lags("policy", "Policy", standing.policies)
        if standing.calls_under_way is not None:
            yield GaugeMetricFamily(
                "forgetmenot_calls_under_way", "Calls to services without an answer yet", value=standing.calls_under_way
            )
            yield GaugeMetricFamily(
                "forgetmenot_calls_refused",
                "Calls for which there was no room, since the start",
                standing.calls_refused,
            )

    def describe(self) -> list[Metric]:
        """Nothing beforehand: it is asked only when somebody wants to know."""
        return []


class _Processes:
    """Asks each of them when it is collected."""

    def __init__(self, asked: Callable[[], Asked]) -> None:
        self._asked = asked

    def collect(self) -> Iterator[Metric]:
        """What all of them count, by name, and whether each can work."""
        merged: dict[str, Metric] = {}
        names = ["part", "process"]
        wrong = GaugeMetricFamily(
            "forgetmenot_process_wrong", "How much keeps a process from its work; 1 if it does not answer", labels=names
        )
        turned = GaugeMetricFamily(
            "forgetmenot_loop_turned_seconds", "How long ago a loop last turned", labels=[*names, "loop"]
        )
        for run, one in self._asked().items():
            if one is None:
                part, _, id = run.rpartition("-")
                wrong.add_metric([part, id], 1)
                continue
            wrong.add_metric([one.part, one.id], len(one.wrong))
            for loop, ago in one.loops.items():
                turned.add_metric([one.part, one.id, loop], ago)
            for metric in one.families():
                if known := merged.get(metric.name):
                    known.samples += metric.samples
                else:
                    merged[metric.name] = metric
        yield from (wrong, turned, *merged.values())

    def describe(self) -> list[Metric]:
        """Nothing beforehand: it is asked only when somebody wants to know."""
        return []


def _lags(name: str, what: str, lags: Iterable[Lag]) -> Iterator[Metric]:
    families = {
        "lag_events": GaugeMetricFamily(f"forgetmenot_{name}_lag_events", f"{what}: events behind", labels=["name"]),
        "lag_seconds": GaugeMetricFamily(
            f"forgetmenot_{name}_lag_seconds", f"{what}: age of the first event that is not in it", labels=["name"]
        ),
        "stopped": GaugeMetricFamily(f"forgetmenot_{name}_stopped", f"{what}: 1 if it stopped", labels=["name"]),
        "parked": GaugeMetricFamily(f"forgetmenot_{name}_parked", f"{what}: what was left out", labels=["name"]),
    }
    for lag in lags:
        families["lag_events"].add_metric([lag.name], lag.events)
        families["lag_seconds"].add_metric([lag.name], lag.seconds)
        families["stopped"].add_metric([lag.name], float(lag.stopped))
        families["parked"].add_metric([lag.name], lag.parked)
    yield from families.values()
