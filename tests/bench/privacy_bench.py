"""What sealing costs beside bare AES-GCM: `python -m tests.bench.privacy_bench`.

Values sealed and opened per second on one core, beside `cryptography`'s AES-256-GCM alone over the same padded
bytes, with associated data of the same length and a random nonce each. Then what a key costs: made, read cold,
destroyed; and documents, in MB/s. What is compared runs in turns; medians.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.privacy.documents import CHUNK, Documents
from shared.privacy.personal import Place
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault, open_keys

ROUNDS = 7
VALUES = 20_000
KEYS = 2_000
DOCUMENT = 64 * 1024 * 1024

NAME = KeyName("0192f3c1-2b7e-7c3a-9a55-3f1f8e7f0a11", "case_file", "case-0192f3c1-2b7e-7c3a-9a55-3f1f8e7f0a12")
PLACE = Place(NAME.record, "0192f3c1-2b7e-5c3a-9a55-3f1f8e7f0a13", "cases.NoteAdded", "text", NAME.subject)


def run() -> list[dict[str, Any]]:
    """The rows."""
    with tempfile.TemporaryDirectory() as folder, closing(open_keys(Path(folder))) as keys:
        vault = AesGcmVault(keys)
        vault.prepare([NAME])
        rows = [row for size in (20, 1000) for row in _values(vault, size)]
        return [*rows, *_keys(vault), *_documents(Path(folder), vault)]


def _values(vault: AesGcmVault, size: int) -> Iterable[dict[str, Any]]:
    value = "x" * size
    token = vault.seal(value, NAME, PLACE)
    # What the vault encrypts: the value as JSON, padded to a multiple of 30.
    plain, bound, bare = b"x" * (-(-(size + 2) // 30) * 30), b"x" * 200, AESGCM(os.urandom(32))
    nonce = os.urandom(12)
    ciphertext = bare.encrypt(nonce, plain, bound)
    figures = _in_turns(
        VALUES,
        {
            "seal": lambda: vault.seal(value, NAME, PLACE),
            "open": lambda: vault.open(token, PLACE),
            "bare encrypt": lambda: bare.encrypt(os.urandom(12), plain, bound),
            "bare decrypt": lambda: bare.decrypt(nonce, ciphertext, bound),
        },
    )
    for ours, peer in (("seal", "bare encrypt"), ("open", "bare decrypt")):
        yield _row(f"{ours}, {size} characters", figures[ours], "values/s", f"AES-GCM, {peer}", figures[peer])


def _keys(vault: AesGcmVault) -> Iterable[dict[str, Any]]:
    # A destruction empties the cache, so the keys are read cold by a vault that has just been made.
    names = [NAME._replace(subject=f"person-{number}") for number in range(KEYS)]
    start = time.perf_counter()
    for name in names[: KEYS // 10]:
        vault.prepare([name])
    yield _row("keys made, one a commit", KEYS // 10 / (time.perf_counter() - start), "keys/s")
    start = time.perf_counter()
    vault.prepare(names)
    yield _row("keys made, all in one commit", KEYS * 9 // 10 / (time.perf_counter() - start), "keys/s")
    tokens = [vault.seal("x", name, PLACE._replace(subject=name.subject)) for name in names]
    cold = AesGcmVault(vault.keys)
    start = time.perf_counter()
    for name, token in zip(names, tokens, strict=True):
        cold.open(token, PLACE._replace(subject=name.subject))
    yield _row("open with a key that is not in the cache", KEYS / (time.perf_counter() - start), "values/s")
    now, times = datetime.now(UTC), []
    for number, name in enumerate(names[:50]):
        start = time.perf_counter()
        vault.keys.forget(name.subject, destroy=[name], keep=[], certificate=f"c-{number}", at=now)
        times.append(time.perf_counter() - start)
    yield _row("people forgotten, on disk and purged", 1 / statistics.median(times), "people/s")


def _documents(folder: Path, vault: AesGcmVault) -> Iterable[dict[str, Any]]:
    documents, content = Documents(folder / "documents", vault), os.urandom(DOCUMENT)
    bare, chunks = AESGCM(os.urandom(32)), [content[at : at + CHUNK] for at in range(0, DOCUMENT, CHUNK)]
    nonce = bytes(12)
    document = documents.put(content, NAME)

    def read() -> None:
        for _ in documents.get(document):
            pass

    def encrypt() -> None:
        for chunk in chunks:
            bare.encrypt(nonce, chunk, None)

    figures = _in_turns(1, {"put": lambda: documents.put(content, NAME), "get": read, "bare": encrypt}, rounds=3)
    megabytes = DOCUMENT / 1e6
    for name, what in (("put", "a document kept, hashed and synced"), ("get", "a document read, its hash checked")):
        yield _row(what, figures[name] * megabytes, "MB/s", "AES-GCM in memory", figures["bare"] * megabytes)


def _in_turns(times: int, works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """How often each of the works is done in a second: medians of rounds in which they take turns."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(times):
                work()
            figures[name].append(times / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in figures.items()}


def _row(what: str, figure: float, unit: str, peer: str = "", beside: float | None = None) -> dict[str, Any]:
    return {
        "what": what,
        "figure": round(figure),
        "unit": unit,
        "beside": peer,
        "its figure": None if beside is None else round(beside),
        "share": None if beside is None else round(figure / beside, 2),
    }


if __name__ == "__main__":
    for row in run():
        print(" · ".join(str(value) for value in row.values() if value not in (None, "")))
