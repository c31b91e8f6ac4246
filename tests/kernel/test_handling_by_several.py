"""Several processes handle the commands of one stream: each remembers what it saw, and answers as if it had just read.

Each handler stands for a process. What they answer is held against one handler that remembers nothing.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.context import Registry
from shared.errors import ForgetMeNotError, Unavailable
from shared.eventstore.port import Expected, NewEvent, StreamState
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.measures import RETRIES
from shared.messages import Command, Origin, Role
from shared.privacy.vault import AesGcmVault
from shared.remembering import StateCache
from tests.kernel.toy import CloseDiary, OpenDiary, WriteEntry, toy

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
DIARIES = [str(UUID(int=number)) for number in (1, 2)]
PERSON = str(UUID(int=9))

commands = st.one_of(
    st.builds(OpenDiary, diary=st.sampled_from(DIARIES), pages=st.integers(0, 3)),
    st.builds(WriteEntry, diary=st.sampled_from(DIARIES), person=st.just(PERSON), text=st.sampled_from("ab")),
    st.builds(CloseDiary, diary=st.sampled_from(DIARIES)),
)
sent = st.lists(
    st.tuples(
        st.integers(0, 2),  # the process that it comes to
        commands,
        st.integers(0, 12).map(
            lambda number: UUID(int=100 + number)
        ),  # few ids: many are repeats, or used for two things
        st.none() | st.integers(0, 4),
        st.booleans(),  # whether it is begun
    ),
    max_size=25,
)


def answer(
    handler: CommandHandler, command: Command, command_id: UUID, expected: int | None, *, at_once: bool = False
) -> Any:
    """What a command is answered with; `at_once`: it is begun, and handled if that comes to nothing."""
    given: Any = {"command_id": command_id, "expected": expected}
    told: Future[Any] = Future()
    try:
        if at_once and handler.begin(command, WORKER, told.set_result, **given) and (found := told.result(10)):
            if isinstance(found, BaseException):
                raise found
            return found
        return handler.handle(command, WORKER, **given)
    except ForgetMeNotError as error:
        return type(error), str(error), error.facts


class Forgetting:
    """A store as a cluster's client is one: whether an append repeats another process's, it cannot tell."""

    tells_repeats = False

    def __init__(self, store: Any) -> None:
        self.read_stream = store.read_stream
        self._store = store

    def append(self, stream: str, events: list[NewEvent], expected: Expected = StreamState.ANY) -> Any:
        return self._store.append(stream, events, expected)._replace(written=True)


@pytest.mark.parametrize("seen_through", [lambda store: store, Forgetting], ids=["the log", "a cluster"])
@settings(max_examples=40, deadline=None)
@given(sent=sent)
def test_what_is_remembered_changes_no_answer(
    seen_through: Any, sent: list[tuple[int, Command, UUID, int | None, bool]]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = [stack.enter_context(open_store(folder / name)) for name in ("several", "one")]
        vault = AesGcmVault.in_memory()
        several = [CommandHandler(seen_through(stores[0]), Registry([toy]), vault) for _ in range(3)]
        vault = AesGcmVault.in_memory()
        forgetful = CommandHandler(stores[1], Registry([toy]), vault, cache=StateCache(0))
        for process, command, command_id, expected, at_once in sent:
            found = answer(several[process], command, command_id, expected, at_once=at_once)
            assert found == answer(forgetful, command, command_id, expected)
        told = [[(raw.stream, raw.revision, raw.type, raw.id) for raw in store.read_all()] for store in stores]
        assert told[0] == told[1]


class Counting:
    """A store that counts how often it is read. Everything else is the store's own."""

    tells_repeats = True

    def __init__(self, store: Any) -> None:
        self._store = store
        self.reads = 0

    def read_stream(self, *given: Any, **named: Any) -> Any:
        self.reads += 1
        return self._store.read_stream(*given, **named)

    def append(self, stream: str, events: list[NewEvent], expected: Expected = StreamState.ANY) -> Any:
        return self._store.append(stream, events, expected)


def test_a_process_that_is_alone_with_a_stream_never_reads_it_again(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        counting = Counting(store)
        handler = CommandHandler(counting, Registry([toy]), AesGcmVault.in_memory())  # type: ignore[arg-type]
        key = handler.handle(OpenDiary(pages=9), WORKER, command_id=UUID(int=1)).ids["diary"]
        for number in range(2, 5):
            write = WriteEntry(diary=key, person=PERSON, text="x")
            handler.handle(write, WORKER, command_id=UUID(int=number))
        assert counting.reads == 0


def test_a_store_that_fails_is_not_asked_again(tmp_path: Path) -> None:
    class Failing(Counting):
        appends = 0

        def append(self, stream: str, events: list[NewEvent], expected: Expected = StreamState.ANY) -> Any:
            self.appends += 1
            raise Unavailable("The store is out of reach.")

    with open_store(tmp_path) as store:
        failing = Failing(store)
        handler = CommandHandler(failing, Registry([toy]), AesGcmVault.in_memory())  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            handler.handle(OpenDiary(pages=9), WORKER, command_id=UUID(int=1))
        assert (failing.appends, failing.reads) == (1, 0)


def test_a_conflict_with_another_process_is_counted(tmp_path: Path) -> None:
    def retries() -> float:
        return RETRIES.labels("command")._value.get()

    with open_store(tmp_path) as store:
        vault = AesGcmVault.in_memory()
        one, other = (CommandHandler(store, Registry([toy]), vault) for _ in range(2))
        key = one.handle(OpenDiary(pages=9), WORKER, command_id=UUID(int=1)).ids["diary"]
        write = WriteEntry(diary=key, person=PERSON, text="x")
        other.handle(write, WORKER, command_id=UUID(int=2))
        before = retries()
        assert one.handle(write, WORKER, command_id=UUID(int=3)).revision == 2
        assert retries() == before + 1
