"""Header compression of HTTP/2 (RFC 7541): decoding whole, encoding as plain literals.

A block of headers that has come before, byte for byte, is not decoded again: with the references of the dynamic table,
that is what most calls of a client are. The Huffman code is canonical, so the lengths of its codes are all of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

TABLE_BYTES = 4096  # of the dynamic table; the protocol's default, which this side does not change
MAX_HEADERS_BYTES = 64 << 10
_ENTRY_BYTES = 32  # what an entry counts beside its text (section 4.1)

# Appendix B: the length of each byte's code, and of the end of the text, in base 36.
_LENGTHS = (
    "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f565"
    "65666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmp"
    "qqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu"
)
# Appendix A: the static table, from index 1 on; a value follows its name after "=".
_STATIC = (
    ":authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 "
    ":status=204 :status=206 :status=304 :status=400 :status=404 :status=500 accept-charset "
    "accept-encoding=gzip,deflate accept-language accept-ranges accept access-control-allow-origin age "
    "allow authorization cache-control content-disposition content-encoding content-language "
    "content-length content-location content-range content-type cookie date etag expect expires from host "
    "if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location "
    "max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server "
    "set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate "
)

Headers = list[tuple[str, str]]


class BadHeaders(Exception):
    """The block is not HPACK, or larger than anybody's headers."""


def _static_table() -> list[tuple[str, str]]:
    table = []
    for entry in _STATIC.split():
        start = 1 if entry.startswith(":") else 0
        name, _, value = entry[start:].partition("=")
        table.append((entry[:start] + name, value))
    table[15] = ("accept-encoding", "gzip, deflate")  # the one with a space in it
    return table


def _huffman_codes() -> dict[tuple[int, int], int]:
    """Which byte a code of some length is; 256 is the end."""
    codes: dict[tuple[int, int], int] = {}
    code = length = 0
    for size, symbol in sorted((int(digit, 36), symbol) for symbol, digit in enumerate(_LENGTHS)):
        code <<= size - length
        length = size
        codes[length, code] = symbol
        code += 1
    return codes


_TABLE = _static_table()
_CODES = _huffman_codes()


def _huffman(data: bytes) -> bytes:
    decoded = bytearray()
    code = length = 0
    for byte in data:
        for shift in range(7, -1, -1):
            code = code << 1 | (byte >> shift & 1)
            length += 1
            symbol = _CODES.get((length, code))
            if symbol is not None:
                if symbol == 256:
                    raise BadHeaders("an end within a text")
                decoded.append(symbol)
                code = length = 0
            elif length > 30:
                raise BadHeaders("no Huffman code")
    if length > 7 or code != (1 << length) - 1:
        raise BadHeaders("a text that does not end with ones")
    return bytes(decoded)


class Decoder:
    """Decodes the blocks of one connection, in their order."""

    def __init__(self) -> None:
        self._dynamic: deque[tuple[str, str]] = deque()
        self._size = 0
        self._limit = TABLE_BYTES
        self._changes = 0
        self._seen: dict[bytes, tuple[int, Headers]] = {}

    def decode(self, block: bytes) -> Headers:
        """The headers in `block`. Raises `BadHeaders`."""
        seen = self._seen.get(block)
        if seen and seen[0] == self._changes:
            return seen[1]
        before = self._changes
        try:
            headers = self._decode(block)
        except IndexError:
            raise BadHeaders("a block that ends too early") from None
        except UnicodeDecodeError:
            raise BadHeaders("a text that is not Latin-1") from None
        if self._changes == before:  # it refers to the table as it is, and to nothing that it adds
            if len(self._seen) > 100:
                self._seen.clear()
            self._seen[block] = (before, headers)
        return headers

    def _decode(self, block: bytes) -> Headers:
        headers: Headers = []
        at = total = 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = _integer(block, at, 7)
                header = self._entry(index)
            elif first & 0xE0 == 0x20:
                limit, at = _integer(block, at, 5)
                if limit > TABLE_BYTES or headers:
                    raise BadHeaders("a table larger than agreed, or changed too late")
                self._limit = limit
                self._shrink()
                continue
            else:
                index, at = _integer(block, at, 6 if first & 0x40 else 4)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = _text(block, at)
                value, at = _text(block, at)
                header = (name, value)
                if first & 0x40:
                    self._add(header)
            headers.append(header)
            total += len(header[0]) + len(header[1]) + _ENTRY_BYTES
            if total > MAX_HEADERS_BYTES:
                raise BadHeaders("too many headers")
        return headers

    def _entry(self, index: int) -> tuple[str, str]:
        if index == 0:
            raise BadHeaders("index 0")
        return _TABLE[index - 1] if index <= len(_TABLE) else self._dynamic[index - len(_TABLE) - 1]

    def _add(self, header: tuple[str, str]) -> None:
        self._changes += 1
        self._dynamic.appendleft(header)
        self._size += _size(header)
        self._shrink()

    def _shrink(self) -> None:
        while self._size > self._limit:
            self._size -= _size(self._dynamic.pop())
            self._changes += 1


def _size(header: tuple[str, str]) -> int:
    return len(header[0]) + len(header[1]) + _ENTRY_BYTES


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """An integer with a prefix of `bits` bits, and where it ends (section 5.1)."""
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
        if shift > 28:
            raise BadHeaders("an integer too large")


def _text(block: bytes, at: int) -> tuple[str, int]:
    coded = block[at] & 0x80
    length, at = _integer(block, at, 7)
    end = at + length
    if end > len(block):
        raise BadHeaders("a text that ends too late")
    data = block[at:end]
    return (_huffman(data) if coded else data).decode("latin-1"), end


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """A block of `headers`, none of which the other side is to remember."""
    parts = bytearray()
    for name, value in headers:
        for prefix, text in ((b"\x00", name), (b"", value)):
            data = text.encode("latin-1")
            parts += prefix
            if len(data) < 127:
                parts.append(len(data))
            else:
                rest = len(data) - 127
                parts.append(127)
                while rest >= 128:
                    parts.append(rest & 0x7F | 0x80)
                    rest >>= 7
                parts.append(rest)
            parts += data
    return bytes(parts)
