"""The half of a service process that carries calls out: what is begun is answered from whatever thread ends it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.gateway.distributed import backend
from services.gateway.distributed.frames import Frames, frame, opened
from shared.errors import DomainError, NotFound
from shared.handling import Then
from shared.messages import Receipt
from shared.rpc import Call

RECEIPT = Receipt("c-1", "diary-1", 0, 7, ("toy.DiaryOpened",))


class Carrier:
    """Begins what it is told to, and leaves the answer to the test; carries out all else."""

    def __init__(self) -> None:
        self.begun: dict[str, Then] = {}
        self.came = threading.Condition()

    def begin(self, call: Call, then: Then) -> bool:
        if not call.message.startswith("begin"):
            return False
        with self.came:
            self.begun[call.message] = then
            self.came.notify_all()
        return True

    def then(self, message: str) -> Then:
        with self.came:
            assert self.came.wait_for(lambda: message in self.begun, 10)
            return self.begun[message]

    def carry(self, call: Call) -> dict[str, Any]:
        if call.message == "missing":
            raise NotFound("There is no such diary.")
        return {"carried": call.message}

    def close(self) -> None:
        pass


class Service:
    """The other half: asks, and reads what it is answered."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.frames = Frames()

    def ask(self, *messages: str) -> None:
        self.connection.sendall(b"".join(frame(number, [False, message]) for number, message in enumerate(messages)))

    def answers(self, count: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        while len(found) < count and (data := self.connection.recv(1 << 16)):
            found |= dict(self.frames.feed(data))
        return found


@contextmanager
def serving(carrier: Carrier) -> Iterator[Service]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    thread = threading.Thread(target=backend.serve, args=(theirs, carrier, 2))
    thread.start()
    try:
        yield Service(ours)
    finally:
        ours.shutdown(socket.SHUT_WR)
        for then in carrier.begun.values():
            then(RECEIPT)
        thread.join(10)
        ours.close()
        theirs.close()
        assert not thread.is_alive()


def test_what_is_begun_keeps_nothing_waiting_that_comes_after_it() -> None:
    carrier = Carrier()
    with serving(carrier) as service:
        service.ask("begin", "carry", "missing")
        answers = service.answers(2)
        assert opened(answers[1]) == {"carried": "carry"}
        with pytest.raises(NotFound, match="no such diary"):
            opened(answers[2])
        carrier.begun.pop("begin")(RECEIPT)
        receipt = opened(service.answers(1)[0])
        assert (receipt["stream"], receipt["position"], receipt["events"]) == ("diary-1", 7, ["toy.DiaryOpened"])


@pytest.mark.parametrize("told", [None, DomainError("The diary is full.", rule="diary-full")])
def test_what_came_to_nothing_is_carried_out_and_what_failed_is_told(told: Any) -> None:
    carrier = Carrier()
    with serving(carrier) as service:
        service.ask("begin")
        carrier.then("begin")(told)
        carrier.begun.clear()
        (answer,) = service.answers(1).values()
        if told is None:
            assert opened(answer) == {"carried": "begin"}
        else:
            with pytest.raises(DomainError, match="full"):
                opened(answer)


@pytest.mark.parametrize("told", [None, RECEIPT])
def test_what_was_begun_is_answered_before_the_end(told: Any) -> None:
    carrier = Carrier()
    with serving(carrier) as service:
        service.ask("begin")
        then = carrier.then("begin")
        service.connection.shutdown(socket.SHUT_WR)
        carrier.begun.clear()
        threading.Timer(0.1, lambda: then(told)).start()
        assert len(service.answers(1)) == 1


def test_a_call_that_fails_as_it_is_begun_fails_alone() -> None:
    class Failing(Carrier):
        def begin(self, call: Call, then: Then) -> bool:
            if call.message == "begin badly":
                raise TypeError("object of type 'int' has no len()")
            return super().begin(call, then)

    with serving(Failing()) as service:
        service.ask("begin badly", "carry")
        answers = service.answers(2)
        assert [opened(answers[number]) for number in (0, 1)] == [{"carried": "begin badly"}, {"carried": "carry"}]


def test_many_answers_at_once_all_arrive() -> None:
    carrier = Carrier()
    with serving(carrier) as service:
        service.ask(*(f"begin {number}" for number in range(500)))
        carrier.then("begin 499")
        for then in list(carrier.begun.values()):
            then(RECEIPT)
        carrier.begun.clear()
        assert len(service.answers(500)) == 500
