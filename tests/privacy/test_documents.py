"""Documents beside the log: encrypted before they touch the disk, and opened whole or not at all."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import Forgotten, NotFound, Tampered, TooLarge
from shared.privacy.documents import _HEADER, CHUNK, TAG, DocumentId, Documents
from shared.privacy.vault import AesGcmVault, open_vault
from tests.privacy.conftest import NOW, key_name

BLOCK = CHUNK + TAG


@pytest.fixture
def documents(tmp_path: Path, vault: AesGcmVault) -> Documents:
    """A folder for documents."""
    return Documents(tmp_path / "documents", vault)


def files(documents: Documents) -> list[Path]:
    """All files of the folder."""
    return [path for path in documents._folder.rglob("*") if path.is_file()]


def read(documents: Documents, document: DocumentId) -> bytes:
    """A document, whole."""
    return b"".join(documents.get(document))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_a_document_comes_back_as_it_was(documents: Documents, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert read(documents, documents.put(content, key_name())) == content
    assert read(documents, documents.put(io.BytesIO(content), key_name())) == content


def test_a_stream_that_answers_in_small_parts_is_read_whole(documents: Documents) -> None:
    class Socket(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1000))

    content = b"consent " * 20_000
    assert read(documents, documents.put(Socket(content), key_name())) == content


def test_a_document_is_named_by_the_hash_of_its_ciphertext(documents: Documents) -> None:
    document = documents.put(b"consent", key_name())
    (file,) = files(documents)
    assert file.name == document == hashlib.sha256(file.read_bytes()).hexdigest()


def test_nothing_of_a_document_is_on_disk_in_plain_text(documents: Documents) -> None:
    documents.put(b"signed by her mother" * 10_000, key_name())
    (file,) = files(documents)
    assert b"mother" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_document_twice_cannot_be_recognised(documents: Documents) -> None:
    assert documents.put(b"consent", key_name()) != documents.put(b"consent", key_name())


@pytest.mark.parametrize("renamed", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_shows_even_if_the_file_is_named_anew(
    documents: Documents, renamed: bool, where: float, bit: int
) -> None:
    document = documents.put(b"x" * (CHUNK + 10), key_name())
    content = bytearray(documents._path(document).read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    with pytest.raises(Tampered):
        read(documents, forged(documents, bytes(content)) if renamed else overwritten(documents, document, content))


def forged(documents: Documents, content: bytes) -> DocumentId:
    """A file named by its hash, as somebody would make it who can write to the folder."""
    document = DocumentId(hashlib.sha256(content).hexdigest())
    path = documents._path(document)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return document


def overwritten(documents: Documents, document: DocumentId, content: bytes | bytearray) -> DocumentId:
    """The document with other bytes in its file."""
    documents._path(document).write_bytes(content)
    return document


def test_chunks_dropped_moved_repeated_or_added_show(documents: Documents) -> None:
    document = documents.put(b"1" * CHUNK + b"2" * CHUNK + b"3" * CHUNK + b"4" * 10, key_name())
    content = documents._path(document).read_bytes()
    header, body = content[:_HEADER], content[_HEADER:]
    one, two, three, four = (body[start : start + BLOCK] for start in range(0, len(body), BLOCK))
    for blocks in (
        [one, two, three],
        [one, two],
        [],
        [two, three, four],
        [one, three, two, four],
        [one, two, two, three, four],
        [one, two, three, four, four],
        [one, two, three, four + b"\0"],
        [one, two, three, four[:-1]],
        [four],
    ):
        with pytest.raises(Tampered):
            read(documents, forged(documents, header + b"".join(blocks)))


def test_a_chunk_of_one_document_does_not_open_in_another(documents: Documents) -> None:
    first, second = (documents._path(documents.put(b"x" * 10, key_name())).read_bytes() for _ in range(2))
    with pytest.raises(Tampered):
        read(documents, forged(documents, first[:_HEADER] + second[_HEADER:]))


def test_a_document_exchanged_for_another_true_one_shows(documents: Documents) -> None:
    first, second = documents.put(b"mandate", key_name()), documents.put(b"no mandate", key_name())
    with pytest.raises(Tampered):
        documents.get(overwritten(documents, first, documents._path(second).read_bytes()))


@given(content=st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_anything_else_is_refused_as_tampered(documents: Documents, content: bytes) -> None:
    with pytest.raises(Tampered):
        read(documents, forged(documents, content))


@pytest.mark.parametrize("document", ["", "..", "../../etc/passwd", "A" * 64, "0" * 64])
def test_what_is_no_document_is_not_found(documents: Documents, document: str) -> None:
    with pytest.raises(NotFound):
        documents.get(DocumentId(document))


def test_a_document_over_the_limit_leaves_nothing_behind(tmp_path: Path, vault: AesGcmVault) -> None:
    documents = Documents(tmp_path / "documents", vault, limit=CHUNK + 5)
    documents.put(b"x" * (CHUNK + 5), key_name())
    with pytest.raises(TooLarge):
        documents.put(io.BytesIO(b"x" * (CHUNK + 6)), key_name())
    assert len(files(documents)) == 1


def test_a_stream_that_breaks_leaves_nothing_behind(documents: Documents) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > CHUNK:
                raise RuntimeError("the upload broke off")
            return super().read(size)

    with pytest.raises(RuntimeError):
        documents.put(Broken(b"x" * (3 * CHUNK)), key_name())
    assert files(documents) == []


def test_a_document_of_a_forgotten_person_is_refused_and_then_swept(documents: Documents, vault: AesGcmVault) -> None:
    hers, his = documents.put(b"hers", key_name()), documents.put(b"his", key_name("person-2"))
    vault.keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
    with pytest.raises(Forgotten):
        documents.get(hers)
    assert documents.sweep() == 1
    with pytest.raises(NotFound):
        documents.get(hers)
    assert read(documents, his) == b"his"
    assert documents.sweep() == 0


def test_nothing_is_kept_for_a_forgotten_person(documents: Documents, vault: AesGcmVault) -> None:
    vault.keys.forget("person-1", destroy=[], keep=[], certificate="c-1", at=NOW)
    with pytest.raises(Forgotten):
        documents.put(b"new", key_name())
    assert files(documents) == []


def test_a_document_being_read_stops_when_it_is_forgotten(documents: Documents, vault: AesGcmVault) -> None:
    reading = documents.get(documents.put(b"x" * (3 * CHUNK), key_name()))
    next(reading)
    vault.keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
    with pytest.raises(Forgotten):
        next(reading)


def test_a_document_whose_key_is_unknown_is_not_swept(tmp_path: Path, documents: Documents) -> None:
    documents.put(b"hers", key_name())
    elsewhere = Documents(tmp_path / "documents", AesGcmVault.in_memory())
    assert elsewhere.sweep() == 0


_WRITER = """
import sys
from pathlib import Path
from shared.privacy.documents import Documents
from shared.privacy.vault import open_vault
from tests.privacy.conftest import key_name

folder = Path(sys.argv[1])
Documents(folder / "documents", open_vault(folder)).put(sys.stdin.buffer, key_name())
"""


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(folder: Path) -> None:
    documents = Documents(folder / "documents", open_vault(folder))
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(folder)], stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(b"x" * (4 * CHUNK))
        writer.stdin.flush()
        while not any(file.stat().st_size for file in files(documents)):
            time.sleep(0.01)
        assert documents.sweep() == 0
        writer.kill()
    assert documents.sweep() == 1
    assert files(documents) == []
