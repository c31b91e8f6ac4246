"""The canonical bytes of an event."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.eventstore.port import RecordedEvent
from shared.merkle import tree, verifier
from shared.merkle.leaf import event_leaf_hash, leaf_entry
from shared.merkle.note import encoded

EVENT = RecordedEvent(
    7, "case-ž", 258, UUID("00112233-4455-6677-8899-aabbccddeeff").bytes, "c.Opened", b'{"a":1}', b"{}", True, 1
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
events = st.builds(
    RecordedEvent, st.integers(1, 9), text, st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=16), text,
    st.binary(max_size=4), st.binary(max_size=4), st.booleans(), st.integers(0, 9),
)  # fmt: skip


def test_the_entry_is_laid_out_as_documented() -> None:
    assert leaf_entry(EVENT).hex(" ", 4) == bytes.fromhex(
        "01"
        "00112233445566778899aabbccddeeff"
        "0000000000000102"
        "00000007" "00000008" "00000007" "00000002"
        "636173652dc5be"
        "632e4f70656e6564"
        "7b2261223a317d"
        "7b7d"
    ).hex(" ", 4)  # fmt: skip


def test_the_place_in_a_store_and_its_clock_are_not_part_of_the_entry() -> None:
    assert leaf_entry(EVENT._replace(position=99, created_us=5)) == leaf_entry(EVENT)


@given(events, events)
def test_two_events_have_the_same_entry_only_if_they_say_the_same(one: RecordedEvent, other: RecordedEvent) -> None:
    covered = slice(1, 7)  # all but position, is_json and the clock
    assert (leaf_entry(one) == leaf_entry(other)) is (one[covered] == other[covered])


@given(events)
def test_the_verifier_hashes_an_event_as_the_tree_does(event: RecordedEvent) -> None:
    document = {
        "id": str(event.id), "stream": event.stream, "revision": event.revision, "type": event.type,
        "data": encoded(event.data), "metadata": encoded(event.metadata),
    }  # fmt: skip
    assert verifier.leaf_hash(document) == event_leaf_hash(event) == tree.leaf_hash(leaf_entry(event))
