"""What concerns more than one stream, or more of a stream than its end: joint appends, deletes, streams' metadata.

Each is decided alone, against what is committed, by the rules of EventStoreDB's own writer (`IndexWriter.CheckCommit`
and `StorageWriterService` in the server): a softly deleted stream can be continued and goes on counting, which is
noted in its metadata; a stream with a tombstone takes nothing more.

A log that keeps everything deletes no stream of its own accord: only those of the system, whose names start with `$`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple
from uuid import uuid4

from shared.errors import DomainError, ForgetMeNotError, Invalid, StreamDeleted, WrongExpectedRevision
from shared.eventstore import retention
from shared.eventstore.appending import NO_STREAM, Append, Item, JointResult, Outcome
from shared.eventstore.port import AppendResult, Expected, StreamState
from shared.eventstore.retention import METADATA, TOMBSTONE, metadata_stream
from shared.eventstore.streams import Standing, Streams

Mode = Literal["append", "delete", "tombstone"]
Write = tuple[str, Item]


class Joint(Append):
    """Appends to several streams, all or none; or the deletion of one.

    `expects` has every stream that something is expected of, those that are appended to among them.
    """

    __slots__ = ("answer", "expects", "mode", "writes")

    def __init__(
        self,
        mode: Mode,
        writes: Sequence[Write],
        expects: dict[str, Expected],
        answer: Callable[[Outcome], None],
    ) -> None:
        super().__init__("", [item for _, item in writes], StreamState.ANY)
        self.alone = True
        self.mode = mode
        self.writes = writes
        self.expects = expects
        self.answer = answer

    def resolve(self, outcome: Outcome) -> None:
        """Hand over the answer. Called once."""
        self.outcome = outcome
        self.answer(outcome)


class Decision(NamedTuple):
    """What goes in, in this order; and which streams' ends are the answer."""

    writes: list[Write]
    answers: list[str]


def decide(append: Append, streams: Streams) -> Decision | Outcome:
    """What becomes of `append`: what to write, or an answer at once."""
    try:
        if not isinstance(append, Joint):
            return _decide_one(append, streams)
        if append.mode == "append":
            return _decide_several(append, streams)
        (stream, expected), *_ = append.expects.items()
        return _delete(stream, expected, append.mode, streams)
    except ForgetMeNotError as refusal:
        return refusal


def _decide_one(append: Append, streams: Streams) -> Decision | Outcome:
    """An append to a deleted stream, or of metadata."""
    standing = streams.look(append.stream)
    _judge(append.stream, append.expected, standing)
    if not streams.is_news_for(append.stream, append.expected, append.items, standing):
        return streams.answer_again(append, standing.revision)
    writes = [(append.stream, item) for item in append.items]
    return Decision(writes + _consequences(append.stream, append.items, standing, streams), [append.stream])


def _decide_several(joint: Joint, streams: Streams) -> Decision | Outcome:
    items: dict[str, list[Item]] = {stream: [] for stream in joint.expects}
    for stream, item in joint.writes:
        items[stream].append(item)
    failures: list[tuple[str, Expected, int | None]] = []
    repeats: list[AppendResult] = []
    consequences: list[Write] = []
    for stream, expected in joint.expects.items():
        standing = streams.look(stream)
        _judge(stream, expected, standing)
        if not items[stream]:
            if not _fits(expected, standing):
                failures.append((stream, expected, _actual(standing.revision)))
        elif streams.is_news_for(stream, expected, items[stream], standing):
            consequences += _consequences(stream, items[stream], standing, streams)
        else:
            again = streams.answer_again(Append(stream, items[stream], expected), standing.revision)
            if isinstance(again, AppendResult):
                repeats.append(again)
            else:
                failures.append((stream, expected, _actual(standing.revision)))
    appended = [stream for stream in joint.expects if items[stream]]
    if repeats and not failures:
        if len(repeats) == len(appended):
            return JointResult(tuple(repeats))
        known = repeats[0]  # some are there and some are not: no repeat of anything that was
        failures.append((known.stream, joint.expects[known.stream], known.revision))
    if failures:
        raise _conflict(failures)
    return Decision([*joint.writes, *consequences], appended)


def _delete(stream: str, expected: Expected, mode: Mode, streams: Streams) -> Decision | Outcome:
    standing = streams.look(stream)
    if streams.keeps_everything and not stream.startswith("$"):
        raise _kept()
    _judge(stream, expected, standing)
    exists = standing.revision != NO_STREAM
    never_was = mode == "delete" and not exists
    if never_was or not (_fits(expected, standing) or (standing.deleted and expected is StreamState.NO_STREAM)):
        raise _conflict([(stream, expected, _actual(standing.revision))])
    if mode == "tombstone":
        return Decision([(stream, _item(TOMBSTONE, b""))], [stream])
    deleted = json.dumps({"$tb": retention.DELETED}).encode()
    name = metadata_stream(stream)
    return Decision([(name, _item(METADATA, deleted))], [name])


def _judge(stream: str, expected: Expected, standing: Standing) -> None:
    """Refuse what no append to a deleted stream may expect."""
    if standing.tombstoned or (standing.deleted and expected is StreamState.EXISTS):
        raise StreamDeleted(f"{stream} is deleted.", stream=stream)


def _fits(expected: Expected, standing: Standing) -> bool:
    match expected:
        case StreamState.ANY:
            return True
        case StreamState.EXISTS:
            return standing.revision != NO_STREAM and not standing.deleted
        case StreamState.NO_STREAM:
            return standing.revision == NO_STREAM or standing.deleted
        case revision:
            return standing.revision == revision


def _consequences(stream: str, items: Sequence[Item], standing: Standing, streams: Streams) -> list[Write]:
    """What follows from an append: a deleted stream begins again after its last event, and its metadata says so."""
    if standing.deleted:
        begins = json.dumps({"$tb": standing.revision + 1}).encode()
        return [(metadata_stream(stream), _item(METADATA, begins))]
    if not stream.startswith("$$"):
        return []
    of = stream[2:]
    original = streams.look(of)
    if original.tombstoned:
        raise StreamDeleted(f"{of} is deleted.", stream=of)
    if streams.keeps_everything and not of.startswith("$") and any(retention.truncates(item[2]) for item in items):
        raise _kept()
    if original.deleted:
        return [(stream, _item(METADATA, retention.with_truncation(items[-1][2], original.revision + 1)))]
    return []


def _item(type: str, data: bytes) -> Item:
    return uuid4().bytes, type, data, b"", 1


def _actual(revision: int) -> int | None:
    return None if revision == NO_STREAM else revision


def _kept() -> DomainError:
    return DomainError(
        "This log keeps everything: its streams are neither deleted nor truncated. "
        "Use a node on a folder of its own for streams that may go.",
        rule="log-keeps-everything",
    )


def _conflict(failures: list[tuple[str, Expected, int | None]]) -> WrongExpectedRevision:
    """The first failure; all of them in its facts."""
    stream, expected, actual = failures[0]
    error = WrongExpectedRevision(stream, named(expected), actual)
    error.facts["failures"] = [(stream, named(expected), actual) for stream, expected, actual in failures]
    return error


def named(expected: Expected) -> int | str:
    """An expectation, as errors name it."""
    return expected.value if isinstance(expected, StreamState) else expected


def check_joint(writes: Sequence[Write], expects: dict[str, Expected]) -> None:
    """Refuse what makes no sense as one append."""
    if not writes:
        raise Invalid("An append needs at least one event.")
    if any(stream not in expects for stream, _ in writes):
        raise Invalid("Every stream that is appended to needs an expectation.")
