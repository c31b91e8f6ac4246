"""Any history of appends, against a model of the rules that fits on a page."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import WrongExpectedRevision
from shared.eventstore.port import EventStore, Expected, NewEvent, StreamState

STREAMS = ("a", "b", "c")

# An append: its stream, what it expects, and its ids. A number stands for the id of that number in this history, so
# small numbers make repeats. `"head"` stands for the revision at which the stream really is.
appends = st.lists(
    st.tuples(
        st.sampled_from(STREAMS),
        st.one_of(st.sampled_from(StreamState), st.just("head"), st.integers(0, 6)),
        st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True),
    ),
    max_size=25,
)


class Model:
    """The streams, each a list of ids, and EventStoreDB's rules for appending to one."""

    def __init__(self) -> None:
        self.streams: dict[str, list[UUID]] = {}
        self.log: list[tuple[str, UUID]] = []

    def append(self, stream: str, ids: list[UUID], expected: Expected) -> tuple[int, bool] | int | None:
        """The last revision and whether it was written now; or for a conflict the stream's actual revision."""
        there = self.streams.get(stream, [])
        actual = len(there) - 1 if there else None
        known = [id in there for id in ids]
        fits = {
            StreamState.ANY: True,
            StreamState.NO_STREAM: actual is None,
            StreamState.EXISTS: actual is not None,
        }.get(expected, expected == actual)  # type: ignore[call-overload]
        if fits and not any(known):
            self.streams.setdefault(stream, []).extend(ids)
            self.log += [(stream, id) for id in ids]
            return len(self.streams[stream]) - 1, True
        if all(known):
            places = [there.index(id) for id in ids]
            if expected in (StreamState.ANY, StreamState.EXISTS):
                return places[-1], False
            first = 0 if expected is StreamState.NO_STREAM else int(expected) + 1  # type: ignore[arg-type]
            if places == list(range(first, first + len(ids))):
                return places[-1], False
        return actual

    def follows_a_rule_of_every_store(self, stream: str, ids: list[UUID], expected: Expected) -> bool:
        """Stores differ where an id that is there comes with new ones before it, or at a revision that fits."""
        there = self.streams.get(stream, [])
        known = [id in there for id in ids]
        if any(known) and not known[0]:
            return False
        return not (any(known) and expected == len(there) - 1)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=appends)
def test_every_history_follows_the_rules(
    store: EventStore, history: list[tuple[str, StreamState | str | int, list[int]]]
) -> None:
    run = uuid4()  # the examples share a store, not streams
    model = Model()
    start = store.head()
    ids = [uuid4() for _ in range(13)]
    positions: dict[tuple[str, UUID], int] = {}
    for name, wanted, numbers in history:
        stream = f"{name}-{run}"
        chosen = [ids[number] for number in numbers]
        expected: Expected
        if isinstance(wanted, str):
            expected = len(model.streams[stream]) - 1 if stream in model.streams else StreamState.NO_STREAM
        else:
            expected = wanted
        if not model.follows_a_rule_of_every_store(stream, chosen, expected):
            continue
        answer = model.append(stream, chosen, expected)
        try:
            result = store.append(stream, [NewEvent(id, "tests.Happened", b"{}") for id in chosen], expected)
        except WrongExpectedRevision as conflict:
            assert conflict.facts["actual"] == answer
            continue
        assert (result.revision, result.written) == answer
        assert positions.setdefault((stream, chosen[-1]), result.position) == result.position
    for name in STREAMS:
        stream = f"{name}-{run}"
        recorded = list(store.read_stream(stream))
        assert [e.id for e in recorded] == model.streams.get(stream, [])
        assert [e.revision for e in recorded] == list(range(len(recorded)))
        assert list(store.read_stream(stream, backwards=True)) == recorded[::-1]
        assert store.revision(stream) == (len(recorded) - 1 if recorded else None)
    assert [(e.stream, e.id) for e in store.read_all(start=start + 1)] == model.log
