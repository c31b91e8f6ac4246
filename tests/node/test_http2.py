"""The HTTP/2 that gRPC needs, spoken to byte by byte (RFC 9113, RFC 7541)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kurrentdbclient import KurrentDBClient, StreamState
from kurrentdbclient.protos.v1 import gossip_pb2, streams_pb2

from shared.eventstore.node import hpack
from shared.eventstore.node.frames import PREFACE, Code
from tests.node.conftest import some
from tests.node.running import RunningNode

READ = "/event_store.client.streams.Streams/Read"
GOSSIP = "/event_store.client.gossip.Gossip/Read"
GOAWAY, DATA, HEADERS, RST = 7, 0, 1, 3


class Wire:
    """A connection of the test's own making."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._decoder = hpack.Decoder()
        self._buffer = b""

    def greet(self, **settings: int) -> None:
        """Preface and settings."""
        numbers = {"window": 4, "table": 1}
        body = b"".join(struct.pack(">HI", numbers[name], value) for name, value in settings.items())
        self.socket.sendall(PREFACE)
        self.frame(4, 0, 0, body)

    def frame(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        """Send a frame."""
        head = struct.pack(">IBI", len(payload) << 8 | kind, flags, stream)
        self.socket.sendall(head + payload)

    def call(self, stream: int, path: str, message: bytes = b"", end: bool = True) -> None:
        """Send a whole call, or its headers and a message."""
        headers = [(":method", "POST"), (":path", path), (":scheme", "http"), ("te", "trailers")]
        self.frame(HEADERS, 4, stream, hpack.encode([*headers, ("content-type", "application/grpc")]))
        self.frame(DATA, int(end), stream, b"\0" + len(message).to_bytes(4, "big") + message)

    def frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Kind, flags, stream and payload of what comes, until the node hangs up."""
        while True:
            while len(self._buffer) >= 9:
                length = int.from_bytes(self._buffer[:3], "big")
                if len(self._buffer) < 9 + length:
                    break
                kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
                payload, self._buffer = self._buffer[9 : 9 + length], self._buffer[9 + length :]
                yield kind, flags, stream, payload
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return
            if not data:
                return
            self._buffer += data

    def answer(self, stream: int) -> tuple[bytes, dict[str, str]]:
        """The body and the headers and trailers of a call's answer."""
        body, headers = b"", {}
        for kind, flags, number, payload in self.frames():
            if number == stream and kind == DATA:
                body += payload
            elif number == stream and kind == HEADERS:
                headers |= dict(self._decoder.decode(payload))
                if flags & 1:
                    return body, headers
        raise AssertionError("The node hung up.")

    def goaway(self) -> int:
        """The code with which the node ends the connection."""
        for kind, _, _, payload in self.frames():
            if kind == GOAWAY:
                code: int = struct.unpack(">II", payload[:8])[1]
                return code
        raise AssertionError("The node hung up without a word.")


@contextmanager
def wire(node: RunningNode, **settings: int) -> Iterator[Wire]:
    opened = Wire(node.port)
    opened.greet(**settings)
    try:
        yield opened
    finally:
        opened.socket.close()


def test_a_call_is_answered(node: RunningNode) -> None:
    with wire(node) as client:
        client.call(1, GOSSIP)
        body, headers = client.answer(1)
    assert headers == {
        ":status": "200",
        "content-type": "application/grpc",
        "grpc-accept-encoding": "identity",
        "grpc-status": "0",
    }
    (member,) = gossip_pb2.ClusterInfo.FromString(body[5:]).members
    assert (member.state, member.is_alive, member.http_end_point.port) == (
        gossip_pb2.MemberInfo.Leader,
        True,
        node.port,
    )


def test_headers_may_come_in_pieces_padded_and_with_a_priority(node: RunningNode) -> None:
    with wire(node) as client:
        block = hpack.encode([(":method", "POST"), (":path", GOSSIP)])
        client.frame(HEADERS, 0x8 | 0x20, 1, b"\x03" + bytes(5) + block[:7] + bytes(3))
        client.frame(9, 0, 1, block[7:11])
        client.frame(9, 4, 1, block[11:])
        client.frame(DATA, 0x8 | 1, 1, b"\x02" + bytes(5) + bytes(2))
        assert client.answer(1)[1]["grpc-status"] == "0"


def test_what_is_not_http2_is_hung_up_on(node: RunningNode) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while plain.recv(4096):
            pass


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([(HEADERS, 4, 2, b"")], Code.PROTOCOL_ERROR, id="a stream of the server's"),
        pytest.param([(HEADERS, 4, 1, b"\xff\xff\xff\xff\xff\xff")], Code.COMPRESSION_ERROR, id="bad headers"),
        pytest.param([(HEADERS, 4, 1, b"\x80")], Code.COMPRESSION_ERROR, id="header index 0"),
        pytest.param([(HEADERS, 0, 1, b""), (6, 0, 0, bytes(8))], Code.PROTOCOL_ERROR, id="headers interrupted"),
        pytest.param([(9, 4, 1, b"")], Code.PROTOCOL_ERROR, id="a continuation of nothing"),
        pytest.param([(DATA, 0, 5, b"x")], Code.PROTOCOL_ERROR, id="data of no stream"),
        pytest.param([(5, 4, 1, bytes(4))], Code.PROTOCOL_ERROR, id="a push"),
        pytest.param([(8, 0, 0, b"\x7f\xff\xff\xff")], Code.FLOW_CONTROL_ERROR, id="a window too large"),
        pytest.param([(8, 0, 0, b"\x01")], Code.FRAME_SIZE_ERROR, id="half a window"),
        pytest.param([(4, 0, 0, b"\0\4\xff\xff\xff\xff")], Code.FLOW_CONTROL_ERROR, id="a first window too large"),
    ],
)
def test_who_breaks_the_protocol_is_told_and_hung_up_on(
    node: RunningNode, frames: list[tuple[int, int, int, bytes]], code: int
) -> None:
    with wire(node) as client:
        for frame in frames:
            client.frame(*frame)
        assert client.goaway() == code


def test_a_frame_larger_than_agreed_ends_the_connection(node: RunningNode) -> None:
    with wire(node) as client:
        client.socket.sendall(struct.pack(">IBI", (1 << 19) << 8 | DATA, 0, 1))
        assert client.goaway() == Code.FRAME_SIZE_ERROR


def test_headers_without_end_are_not_collected_for_ever(node: RunningNode) -> None:
    with wire(node) as client:
        client.frame(HEADERS, 0, 1, bytes(1000))
        with pytest.raises((BrokenPipeError, ConnectionResetError, AssertionError)):
            for _ in range(100):
                client.frame(9, 0, 1, bytes(10_000))
            assert client.goaway() != Code.ENHANCE_YOUR_CALM


def test_no_more_is_sent_than_the_client_has_room_for(node: RunningNode, client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=StreamState.ANY, events=some(50))
    options = {
        "stream": {"stream_identifier": {"stream_name": stream.encode()}, "start": {}},
        "count": 50,
        "no_filter": {},
    }
    with wire(node, window=300) as small:
        small.call(1, READ, streams_pb2.ReadReq(options=options).SerializeToString())
        got, ended = 0, False
        for kind, flags, number, payload in small.frames():
            if kind == DATA and number == 1:
                got += len(payload)
                assert len(payload) <= 300
                small.frame(8, 0, 1, struct.pack(">I", len(payload)))
            elif kind == HEADERS and flags & 1:
                ended = True
                break
        assert ended
        assert got > 5000


def test_a_call_that_is_reset_ends(node: RunningNode) -> None:
    before = node.node.live.taps
    options = {"all": {"end": {}}, "subscription": {}, "no_filter": {}}
    with wire(node) as client:
        client.call(1, READ, streams_pb2.ReadReq(options=options).SerializeToString())
        for kind, _, number, _ in client.frames():
            if kind == DATA and number == 1 and node.node.live.taps == before + 1:
                break
        client.frame(RST, 0, 1, struct.pack(">I", Code.CANCEL))
        client.call(3, GOSSIP)
        client.answer(3)
        assert node.node.live.taps == before


@pytest.mark.parametrize("data", [b"\1\0\0\0\1x", b"\0\xff\xff\xff\xff"], ids=["compressed", "too large"])
def test_a_message_that_cannot_be_taken_ends_its_call_only(node: RunningNode, data: bytes) -> None:
    with wire(node) as client:
        client.frame(HEADERS, 4, 1, hpack.encode([(":method", "POST"), (":path", GOSSIP)]))
        client.frame(DATA, 0, 1, data)
        assert client.answer(1)[1]["grpc-status"] in ("8", "12")
        client.call(3, GOSSIP)
        assert client.answer(3)[1]["grpc-status"] == "0"


def test_one_client_makes_the_node_keep_only_so_much(node: RunningNode) -> None:
    """Nine messages of 10 MB that never become whole; a client that does no harm is answered meanwhile."""
    path = "/event_store.client.streams.Streams/Append"
    with wire(node) as client, wire(node) as other:
        for number in range(1, 19, 2):
            client.frame(HEADERS, 4, number, hpack.encode([(":method", "POST"), (":path", path)]))
            client.frame(DATA, 0, number, b"\0" + (16 << 20).to_bytes(4, "big"))
            for _ in range(40):
                client.frame(DATA, 0, number, bytes(1 << 18))
        other.call(1, GOSSIP)
        assert other.answer(1)[1]["grpc-status"] == "0"
        assert client.answer(13)[1]["grpc-status"] == "8"


def test_a_deadline_ends_a_call(node: RunningNode) -> None:
    options = {"all": {"end": {}}, "subscription": {}, "no_filter": {}}
    message = streams_pb2.ReadReq(options=options).SerializeToString()
    with wire(node) as client:
        headers = [(":method", "POST"), (":path", READ), ("grpc-timeout", "100m")]
        client.frame(HEADERS, 4, 1, hpack.encode(headers))
        client.frame(DATA, 1, 1, b"\0" + len(message).to_bytes(4, "big") + message)
        assert client.answer(1)[1]["grpc-status"] == "4"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 255), st.sampled_from([0, 1, 3, 2**31 - 1]), st.binary(max_size=40)
        ),
        max_size=12,
    ),
    junk=st.binary(max_size=30),
)
def test_no_frames_make_the_node_fail(
    node: RunningNode, frames: list[tuple[int, int, int, bytes]], junk: bytes
) -> None:
    with wire(node) as client:
        try:
            for frame in frames:
                client.frame(*frame)
            client.socket.sendall(junk)
            client.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return
        for _ in client.frames():
            pass
    with wire(node) as client:  # and it goes on
        client.call(1, GOSSIP)
        assert client.answer(1)[1]["grpc-status"] == "0"


# Header compression


def test_texts_are_decoded_as_the_standard_has_them() -> None:
    """RFC 7541, C.4 (requests with Huffman codes), one block after the other."""
    decoder = hpack.Decoder()
    first = bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff")
    expected = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]
    assert decoder.decode(first) == expected
    second = bytes.fromhex("828684be5886a8eb10649cbf")
    assert decoder.decode(second) == [*expected, ("cache-control", "no-cache")]
    third = bytes.fromhex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")
    assert decoder.decode(third) == [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ]


def test_a_small_table_forgets_the_oldest() -> None:
    """RFC 7541, C.6 (responses, a table of 256 bytes)."""
    decoder = hpack.Decoder()
    blocks = [
        "3fe101488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff"
        "6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        "4883640effc1c0bf",
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af"
        "27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ]
    decoded = [dict(decoder.decode(bytes.fromhex(block))) for block in blocks]
    assert [headers[":status"] for headers in decoded] == ["302", "307", "200"]
    assert decoded[1]["location"] == "https://www.example.com"
    assert decoded[2]["content-encoding"] == "gzip"
    assert decoded[2]["set-cookie"] == "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"


@given(data=st.binary(max_size=60))
def test_any_bytes_are_headers_or_are_refused(data: bytes) -> None:
    decoder = hpack.Decoder()
    for _ in range(2):
        try:
            decoder.decode(data)
        except hpack.BadHeaders:
            return


@given(headers=st.lists(st.tuples(st.text("abc-:", min_size=1), st.text(st.characters(max_codepoint=255))), max_size=5))
def test_what_is_encoded_is_decoded(headers: hpack.Headers) -> None:
    assert hpack.Decoder().decode(hpack.encode(headers)) == headers


def test_a_block_seen_before_means_what_the_table_says_now() -> None:
    decoder = hpack.Decoder()
    add = [bytes.fromhex("400161") + b"\x01" + bytes((value,)) for value in b"12"]
    newest = b"\xbe"
    decoder.decode(add[0])
    assert [decoder.decode(newest), decoder.decode(newest)] == [[("a", "1")]] * 2
    decoder.decode(add[1])
    assert decoder.decode(newest) == [("a", "2")]
