"""Appends on one call that stays open (`BatchAppend`), each answered by its own number when it is on disk.

A call for each append, which is what the client makes, costs it a thread, and more processor time than all the rest of
an append. Requests and answers are the client's own, only the call is not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Lock, Thread
from uuid import uuid4

import grpc
import kurrentdbclient as client
from kurrentdbclient.common import handle_rpc_error
from kurrentdbclient.exceptions import (
    GrpcDeadlineExceededError,
    GrpcError,
    MaximumAppendSizeExceededError,
    ServiceUnavailableError,
)
from kurrentdbclient.protos.google.rpc import code_pb2
from kurrentdbclient.protos.v1 import streams_pb2

from shared.eventstore.appending import MAX_APPEND_BYTES
from shared.eventstore.kurrent.address import Client

_IN_WORDS = (code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE)  # what the client takes for a bad request
_SERVERS_PART = 0.9  # of the time: it says what is late, and the call goes on; silence ends the call for all


class Appending:
    """The call on one connection of the client's, and who waits for an answer. Every method is for any thread.

    Once it has `ended`, as it does with its connection, another is needed. What was not answered by then raises what
    ended it: whether it was written is not known. It ends as well if it was silent for `silence` seconds while somebody
    waited.
    """

    def __init__(self, used: Client, credentials: grpc.CallCredentials | None, silence: float) -> None:
        self.connection_id = used.connection_id
        self._silence = silence
        self._heard = time.monotonic()
        self._streams = used.streams
        self._requests: SimpleQueue[streams_pb2.BatchAppendReq | None] = SimpleQueue()
        self._waiting: dict[str, _Asked] = {}
        self._lock = Lock()
        self._end: Exception | None = None
        self._call = self._streams._stub.BatchAppend(
            iter(self._requests.get, None),
            metadata=self._streams._metadata(None, requires_leader=True),
            credentials=credentials,
        )
        Thread(target=self._receive, name="event store appends", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether it takes no more."""
        return self._end is not None

    def end(self) -> None:
        """Take no more."""
        self._finish(ServiceUnavailableError("The connection was made anew."))

    def append(
        self, stream: str, current: int | client.StreamState, events: Sequence[client.NewEvent], timeout: float
    ) -> int:
        """The position of the last of `events`. Raises what the client would."""
        number = uuid4()
        request = self._streams._construct_batch_append_req(stream, current, events, number, _SERVERS_PART * timeout)
        if request.ByteSize() > MAX_APPEND_BYTES:  # a server would end the call over it, for all who are on it
            raise MaximumAppendSizeExceededError(f"Max size is {MAX_APPEND_BYTES}")
        asked = _Asked()
        with self._lock:
            if self._end:
                raise self._end.with_traceback(None)
            self._waiting[str(number)] = asked
        self._requests.put(request)
        began = time.monotonic()
        if not asked.answered.acquire(timeout=timeout):
            late = GrpcDeadlineExceededError("An append was not answered in time.")
            if time.monotonic() - max(began, self._heard) >= self._silence:
                # It may be this call alone that hangs: the others of it ask again, too, on a new one.
                self._finish(late)
            else:
                self._settle(str(number), late)
            asked.answered.acquire()
        answer = asked.answer
        if isinstance(answer, streams_pb2.BatchAppendResp):
            if answer.WhichOneof("result") == "error" and answer.error.code in _IN_WORDS:
                raise GrpcError(f"{code_pb2.Code.Name(answer.error.code)}: {answer.error.message}")
            return self._streams._convert_batch_append_resp(answer, stream, current)
        assert answer  # noqa: S101 - whoever releases the lock has put it there
        raise answer.with_traceback(None)  # it answers many: do not let it gather their tracebacks

    def _receive(self) -> None:
        end: Exception = ServiceUnavailableError("The server has ended the call.")
        try:
            for answer in self._call:
                self._heard = time.monotonic()
                self._settle(answer.correlation_id.string, answer)
        except grpc.RpcError as error:
            end = handle_rpc_error(error)
        finally:
            self._finish(end)

    def _settle(self, number: str, answer: streams_pb2.BatchAppendResp | Exception) -> None:
        with self._lock:
            asked = self._waiting.pop(number, None)
        if asked:
            asked.settle(answer)

    def _finish(self, end: Exception) -> None:
        with self._lock:
            end = self._end = self._end or end
            waiting, self._waiting = self._waiting, {}
        for asked in waiting.values():
            asked.settle(end)
        self._requests.put(None)  # whoever sends them waits for the next
        self._call.cancel()


class _Asked:
    """An append that a thread waits for."""

    __slots__ = ("answer", "answered")

    def __init__(self) -> None:
        self.answer: streams_pb2.BatchAppendResp | Exception | None = None
        self.answered = Lock()
        self.answered.acquire()

    def settle(self, answer: streams_pb2.BatchAppendResp | Exception) -> None:
        """Hand over the answer. Called once."""
        self.answer = answer
        self.answered.release()
