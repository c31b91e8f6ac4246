#!/usr/bin/env python3
"""Checks proofs of a Forget-me-not log, by itself: this one file, Python 3.11 or later and `cryptography`.

    python verifier.py proof.json --vkey NAME+HASH+BASE64 [--checkpoint HELD.txt ...]

Get the verifier key, once, from somebody whom you trust to be the log's keeper, not from who sends you
proofs. Keep checkpoints that you have been given: with --checkpoint the proof must extend each of them,
and a log that was rolled back, or shows others another history, is found out.

It exits with 0 and says what was proven, or with 1 and says what is wrong. What it checks, in order:
 1. the checkpoint is signed by the key: it gives the size and root of a Merkle tree over the whole log
    (c2sp.org/signed-note, c2sp.org/tlog-checkpoint);
 2. each event stands, bit for bit, at its index of that tree (RFC 9162 section 2.1.3.2);
 3. each earlier checkpoint is signed by the same key, and the tree begins with its tree (section 2.1.4.2).
It does not, and cannot, tell whether what an event says is true, nor read what is encrypted in it.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import uuid
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "forget-me-not proof 1"


class Refused(Exception):
    """The proof does not hold, or is not a proof at all."""


# -- signed checkpoints ------------------------------------------------------------------------------------


def open_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    """The size and root that `note` states, signed by `vkey` = name+hash+base64(0x01 || public key)."""
    name, _, rest = vkey.partition("+")
    key_hash, _, key = rest.partition("+")
    algorithm_and_key = unbase64(key)
    expected = hashlib.sha256(name.encode() + b"\n" + algorithm_and_key).digest()[:4]
    if not name or len(algorithm_and_key) != 33 or algorithm_and_key[0] != 1 or key_hash != expected.hex():
        raise Refused("the verifier key is malformed or mistyped")

    if re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Refused("the checkpoint holds control characters")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise Refused("the checkpoint is not a text, an empty line and signatures")
    text += "\n"
    ours = []
    for line in signatures[:-1].split("\n"):
        signature = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)", line)
        if not signature:
            raise Refused("the checkpoint has a malformed signature line")
        raw = unbase64(signature[2])
        if signature[1] == name and raw[:4] == expected:  # other keys' lines are not for us to judge
            ours.append(raw[4:])
    if not ours:
        raise Refused("the checkpoint is not signed by the verifier key")
    for raw in ours:
        try:
            Ed25519PublicKey.from_public_bytes(algorithm_and_key[1:]).verify(raw, text.encode())
        except InvalidSignature:
            raise Refused("the signature does not fit the checkpoint: one of them was altered") from None

    lines = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n", text)
    if not lines or lines[1] != name:
        raise Refused("the checkpoint does not consist of this log's name, a size and a root")
    return int(lines[2]), unbase64(lines[3])


# -- the Merkle tree ---------------------------------------------------------------------------------------


def leaf_hash(event: dict[str, Any]) -> bytes:
    """SHA-256 of 0x00 and the event's canonical bytes: all lengths first, so that no two events share them."""
    fields = event["stream"].encode(), event["type"].encode(), unbase64(event["data"]), unbase64(event["metadata"])
    lengths = [len(field) for field in fields]
    head = struct.pack(">BB16sQIIII", 0, 1, uuid.UUID(event["id"]).bytes, event["revision"], *lengths)
    return hashlib.sha256(head + b"".join(fields)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        raise Refused(f"index {index} is outside a tree of {size} events")
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise Refused("the inclusion proof is too long")
        if fn % 2 == 1 or fn == sn:
            r = node_hash(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            r = node_hash(r, p)
        fn, sn = fn // 2, sn // 2
    if sn != 0 or r != root:
        raise Refused(f"event {index} is not in the tree, or was altered")


def check_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: list[bytes]) -> None:
    """RFC 9162 section 2.1.4.2. A first tree of size 0 is refused: it would prove nothing."""
    if not 0 < first <= second:
        raise Refused(f"a tree of {second} events does not extend one of {first}")
    if first == second:
        if proof or first_root != second_root:
            raise Refused(f"two different trees of {first} events were signed: a split view")
        return
    if first & (first - 1) == 0:
        proof = [first_root, *proof]
    if not proof:
        raise Refused("the consistency proof is empty")
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn, sn = fn // 2, sn // 2
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            raise Refused("the consistency proof is too long")
        if fn % 2 == 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            sr = node_hash(sr, c)
        fn, sn = fn // 2, sn // 2
    if sn != 0 or fr != first_root or sr != second_root:
        raise Refused(
            f"the tree of {second} events does not begin with the signed tree of {first}: history was changed"
        )


# -- the document ------------------------------------------------------------------------------------------

EVENT = {"index": int, "id": str, "stream": str, "revision": int, "type": str, "data": str, "metadata": str}


def check_document(content: bytes, vkey: str, held: list[bytes] | None = None) -> list[str]:
    """What a proof document, the bytes of its file, proves. Raises `Refused`, whatever the bytes are.

    `held` are the contents of checkpoint files: the document must show that the log extends each checkpoint.
    """
    try:
        return check(parse(content), vkey, [note for file in held or [] for note in split_notes(file)])
    except (ValueError, RecursionError) as error:  # not base64, not UTF-8, not JSON, not a UUID
        raise Refused(f"malformed ({type(error).__name__})") from error


def check(document: Any, vkey: str, held: list[str]) -> list[str]:
    """The same for a parsed document and notes."""
    require(document, {"format": str, "checkpoint": str, "events": list, "earlier": list}, "the document")
    if document["format"] != FORMAT:
        raise Refused(f"the document is not a {FORMAT!r}")
    size, root = open_checkpoint(document["checkpoint"], vkey)
    proven = [f"signed      {size} events, root {root.hex()}"]
    for event in document["events"]:
        require(event, EVENT | {"proof": list}, "an event")
        if event["revision"] < 0 or event["revision"] >= 2**64 or str(uuid.UUID(event["id"])) != event["id"]:
            raise Refused("an event has an impossible revision or id")
        check_inclusion(leaf_hash(event), event["index"], size, hashes(event["proof"]), root)
        named = f"{event['stream']!a} revision {event['revision']}, {event['type']!a}, id {event['id']}"
        proven.append(f"included    event {event['index']}: {named}")
    connected = {document["checkpoint"]}
    for earlier in document["earlier"]:
        require(earlier, {"checkpoint": str, "proof": list}, "an earlier checkpoint")
        first, first_root = open_checkpoint(earlier["checkpoint"], vkey)
        check_consistency(first, size, first_root, root, hashes(earlier["proof"]))
        connected.add(earlier["checkpoint"])
        proven.append(f"extends     the checkpoint of {first} events")
    trees = {open_checkpoint(note, vkey) for note in connected}
    for note in held:
        first, first_root = open_checkpoint(note, vkey)
        if (first, first_root) not in trees:
            raise Refused(f"nothing shows that the log extends the checkpoint of {first} events that you hold")
        proven.append(f"agrees      with the checkpoint of {first} events that you hold")
    return proven


def require(value: Any, fields: dict[str, type], what: str) -> None:
    """`value` has exactly these fields of these types: whatever is in the document is checked, nothing rides along."""
    if type(value) is not dict or value.keys() != fields.keys():
        raise Refused(f"{what} does not have exactly the fields {', '.join(fields)}")
    for name, kind in fields.items():
        if type(value[name]) is not kind:
            raise Refused(f"{what} has a wrong {name}")


def hashes(proof: list[Any]) -> list[bytes]:
    """The 32-byte hashes of a proof."""
    if not all(type(each) is str and len(each) == 44 for each in proof):
        raise Refused("a proof is not a list of hashes")
    nodes = [unbase64(each) for each in proof]
    if not all(len(node) == 32 for node in nodes):
        raise Refused("a proof is not a list of hashes")
    return nodes


def unbase64(text: str) -> bytes:
    """Strict base64: exactly one text for the same bytes."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise Refused("base64 with stray bits")
    return raw


def parse(content: bytes) -> Any:
    """JSON in which no name stands twice, as readers would disagree on which one counts."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Refused("the document names a field twice")
        return dict(pairs)

    return json.loads(content.decode(), object_pairs_hook=once)


def split_notes(content: bytes) -> list[str]:
    """The notes of a file of checkpoints, which is one after the other."""
    text = content.decode()
    notes: list[str] = re.findall(r"(?:[^\n]+\n)+\n(?:— [^\n]+\n)+", text)
    if not notes or "".join(notes) != text:
        raise Refused("the file of checkpoints is cut short or damaged")
    return notes


def main() -> NoReturn:
    """The command line."""
    parser = argparse.ArgumentParser(description="Checks proofs of a Forget-me-not log.")
    parser.add_argument("proof", help="the proof document, JSON")
    parser.add_argument("--vkey", required=True, help="the log's verifier key, name+hash+base64")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file of checkpoints that you hold")
    arguments = parser.parse_args()
    try:
        held = [Path(name).read_bytes() for name in arguments.checkpoint]
        proven = check_document(Path(arguments.proof).read_bytes(), arguments.vkey, held)
    except (Refused, OSError) as error:
        sys.exit(f"REFUSED: {error}")
    print("\n".join([*proven, "OK: everything in the document is proven"]))
    sys.exit(0)


if __name__ == "__main__":
    main()
