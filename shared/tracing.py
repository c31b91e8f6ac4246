"""Traces: what one request set going, from HTTP through the broker to the log and on to read models and policies.

    with span("cases.OpenCase", events=2) as this:
        ...
        this.note(position=4711)

A span that is opened inside another one belongs to it, over threads as well. Between processes, and from an event to
whoever reads it later, a trace travels as W3C's `traceparent`: `traceparent()` gives it, `continued` takes it up. Spans
carry names of ours, codes and numbers; no path, no stream, no text of an exception, nobody who asked: nothing that a
person could be known by.

Off until `start_tracing`, and free until then. OpenTelemetry's provider is ours alone and not the process's: what
libraries would put into their own spans is not ours to vouch for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from shared.errors import ForgetMeNotError, Invalid
from shared.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OfLibrary
    from opentelemetry.trace import SpanContext, Tracer

Value = str | int | float | bool | tuple[str, ...]

NAMESPACE = "forgetmenot"
HTTP_TRACES = "/v1/traces"


class Kind(Enum):
    """Whose side of an exchange a span tells, as OpenTelemetry has them."""

    INTERNAL = 0
    SERVER = 1
    CLIENT = 2
    PRODUCER = 3
    CONSUMER = 4


class _Tracing(NamedTuple):
    """What this process makes spans with."""

    tracer: Tracer
    stop: Any


_tracing: _Tracing | None = None


def start_tracing(settings: Settings, part: str, exporter: SpanExporter | None = None) -> None:
    """Make spans from now on, if the settings name somebody who takes them. `part` is which of ours this process is.

    OpenTelemetry's own variables for its exporter and its sampler hold: OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_TRACES_SAMPLER and others. They are sent in the background, and what is left at the end of the process too.
    """
    global _tracing
    endpoint = settings.otel_exporter_otlp_endpoint
    if _tracing or (endpoint is None and exporter is None):
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    provider = TracerProvider(
        resource=Resource.create({"service.name": f"{NAMESPACE}-{part}", "service.namespace": NAMESPACE})
    )
    if exporter:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    elif endpoint:
        provider.add_span_processor(BatchSpanProcessor(_over_http(endpoint)))
    _tracing = _Tracing(provider.get_tracer(NAMESPACE), provider.shutdown)


def stop_tracing() -> None:
    """Send what is left, and make no more."""
    global _tracing
    if _tracing:
        _tracing.stop()
    _tracing = None


def is_tracing() -> bool:
    """Whether this process makes spans."""
    return _tracing is not None


class Span:
    """One step of a trace, from `with` to its end. What is opened inside belongs to it."""

    def __init__(self, started: OfLibrary) -> None:
        self._started = started
        self._token: Any = None

    def note(self, **attributes: Value) -> None:
        """Say what is only known now. Attributes are named `forgetmenot.`..., unless they have a dot."""
        self._started.set_attributes(_named(attributes))

    def call_it(self, name: str) -> None:
        """It has another name than was thought at first."""
        self._started.update_name(name)

    def failed(self, code: str, *, ours: bool) -> None:
        """It ended with an error; `ours` if it was our fault, and not what was asked."""
        self._started.set_attribute("error.type", code)
        if ours:
            from opentelemetry.trace import StatusCode

            self._started.set_status(StatusCode.ERROR)

    def __enter__(self) -> Self:
        from opentelemetry import context
        from opentelemetry.trace import set_span_in_context

        self._token = context.attach(set_span_in_context(self._started))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from opentelemetry import context

        context.detach(self._token)
        if isinstance(error, ForgetMeNotError):
            self.failed(error.code, ours=error.status >= 500)
        elif error is not None:
            self.failed(type(error).__name__, ours=True)
        self._started.end()


class _Nothing(Span):
    """In the place of a span where nobody looks."""

    def __init__(self) -> None:
        pass

    def note(self, **attributes: Value) -> None:
        """Nothing."""

    def call_it(self, name: str) -> None:
        """Nothing."""

    def failed(self, code: str, *, ours: bool) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


_nothing = _Nothing()


def span(name: str, kind: Kind = Kind.INTERNAL, /, **attributes: Value) -> Span:
    """A step of the trace that is under way here, or the first of a new one."""
    if _tracing is None:
        return _nothing
    return Span(_tracing.tracer.start_span(name, kind=_kind(kind), attributes=_named(attributes)))


def continued(traceparent: str | None) -> AbstractContextManager[object]:
    """What is opened inside belongs to the trace that came in with this; with nothing, to none of before."""
    if _tracing is None:
        return nullcontext()
    return _within(_context_of(traceparent))


def traceparent() -> str | None:
    """The trace that is under way here, for whoever takes it up; None if there is none that is kept."""
    if _tracing is None:
        return None
    from opentelemetry.trace import get_current_span

    here: SpanContext = get_current_span().get_span_context()
    if not (here.is_valid and here.trace_flags.sampled):
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


def traceparent_in(metadata: bytes) -> str | None:
    """The trace that an event was recorded in, by its metadata as stored. Most have none, and cost next to nothing."""
    if b'"traceparent"' not in metadata:
        return None
    found = orjson.loads(metadata).get("traceparent")
    return found if isinstance(found, str) else None


def mark(
    name: str, kind: Kind, traceparent: str, began_ns: int, ended_ns: int, /, *, failed: str = "", **attributes: Value
) -> None:
    """A step that is over: from when to when, in nanoseconds since 1970, in the trace that `traceparent` names."""
    if _tracing is None:
        return
    over = _tracing.tracer.start_span(
        name, context=_context_of(traceparent), kind=_kind(kind), attributes=_named(attributes), start_time=began_ns
    )
    if failed:
        Span(over).failed(failed, ours=True)
    over.end(ended_ns)


@contextmanager
def _within(found: Context) -> Iterator[None]:
    from opentelemetry import context

    token = context.attach(found)
    try:
        yield
    finally:
        context.detach(token)


def _context_of(traceparent: str | None) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carried: Mapping[str, str] = {"traceparent": traceparent} if isinstance(traceparent, str) else {}
    return TraceContextTextMapPropagator().extract(carried, Context())


def _kind(kind: Kind) -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind(kind.value)


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Attributes of ours under our own name; those of OpenTelemetry's conventions are given with theirs."""
    return {name if "." in name else f"{NAMESPACE}.{name}": value for name, value in attributes.items()}


def _over_http(endpoint: str) -> SpanExporter:
    if not endpoint.startswith(("http://", "https://")):
        raise Invalid("OTEL_EXPORTER_OTLP_ENDPOINT is where a collector takes OTLP over HTTP: http://localhost:4318.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint.rstrip("/") + HTTP_TRACES)
