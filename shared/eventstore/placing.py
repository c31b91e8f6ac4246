"""Which appends go in together, and where: positions, revisions and checksums of the rows of one commit."""

from __future__ import annotations

import time
from typing import NamedTuple

from shared.eventstore import joint, log
from shared.eventstore.appending import Append, JointResult, Outcome
from shared.eventstore.port import AppendResult
from shared.eventstore.streams import DELETED, Streams


class Group(NamedTuple):
    """What one commit will write and answer, and the appends left for the next."""

    rows: list[log.Row]
    answers: list[tuple[Append, Outcome]]
    moved: dict[str, int]  # the last revision of each stream that it appends to
    rest: list[Append]  # for the next group
    alone: bool = False  # it is one that may have deleted streams, or brought them back


def place(appends: list[Append], streams: Streams, head: int, *, believing: bool) -> Group:
    """Decide on each append, and number the events that go in, from after `head`.

    `believing`: who says that a stream is new is believed. An answer must not rest on what is not yet committed: an
    append that repeats or contradicts one of the same group starts the next group.
    """
    rows: list[log.Row] = []
    answers: list[tuple[Append, Outcome]] = []
    moved: dict[str, int] = {}
    position = head
    now = time.time_ns() // 1000
    for index, append in enumerate(appends):
        stream = append.stream
        revision = moved.get(stream)
        if revision is None:
            believed = append.expected if believing else None
            revision = streams.revision(stream, believed)
        if append.alone or revision == DELETED:
            if answers:
                return Group(rows, answers, moved, appends[index:])
            return _place_alone(append, appends[1:], streams, head)
        if not streams.is_news(append, revision):
            if stream in moved:
                return Group(rows, answers, moved, appends[index:])
            answers.append((append, streams.answer_again(append, revision)))
            continue
        rows += log.rows_of(append.items, stream, revision, position, now)
        position += len(append.items)
        revision += len(append.items)
        moved[stream] = revision
        answers.append((append, AppendResult(stream, revision, position, True)))
    return Group(rows, answers, moved, [])


def _place_alone(append: Append, rest: list[Append], streams: Streams, head: int) -> Group:
    """Decide on an append that must know, and let others know, what is committed."""
    decision = joint.decide(append, streams)
    if not isinstance(decision, joint.Decision):
        return Group([], [(append, decision)], {}, rest)
    rows: list[log.Row] = []
    moved: dict[str, int] = {}
    positions: dict[str, int] = {}
    position = head
    now = time.time_ns() // 1000
    for stream, (id, type, data, metadata, is_json) in decision.writes:
        position += 1
        revision = moved[stream] if stream in moved else streams.look(stream).revision
        revision += 1
        check = log.checksum(position, stream, revision, id, type, data, metadata, is_json, now)
        rows.append((position, stream, revision, id, type, data, metadata, is_json, now, check))
        moved[stream], positions[stream] = revision, position
    results = [AppendResult(stream, moved[stream], positions[stream], True) for stream in decision.answers]
    several = isinstance(append, joint.Joint)
    return Group(rows, [(append, JointResult(tuple(results)) if several else results[0])], moved, rest, alone=True)
