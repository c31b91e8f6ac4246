"""What the log owes to the disk: a flush before every answer, and a clear word when the disk is full."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from shared.errors import ForgetMeNotError
from shared.eventstore.log import Synchronous
from shared.eventstore.sqlite import open_store
from tests.eventstore.processes import hear, numbered, start, tell

APPENDS = 25


def acknowledged_without_a_flush(folder: Path, disk: Path, synchronous: Synchronous) -> int:
    """How many of `APPENDS` appends came back without a flush of the log between the call and the answer."""
    process = start(__name__, "flushes", folder, synchronous, env={"LD_PRELOAD": str(disk)})
    output, _ = process.communicate(timeout=60)
    return int(output)


def test_every_append_is_flushed_to_disk_before_it_is_acknowledged(tmp_path: Path, disk: Path) -> None:
    assert acknowledged_without_a_flush(tmp_path, disk, "FULL") == 0


def test_without_full_synchronisation_the_flushes_fall_short(tmp_path: Path, disk: Path) -> None:
    """Shows that the test above can fail."""
    assert acknowledged_without_a_flush(tmp_path, disk, "NORMAL") > APPENDS // 2


def test_a_full_disk_is_said_so_loses_nothing_and_the_log_goes_on_once_there_is_space(
    tmp_path: Path, disk: Path
) -> None:
    full = tmp_path / "full"
    process = start(__name__, "append", tmp_path / "log", env={"LD_PRELOAD": str(disk), "FMN_FULL": str(full)})

    def append(stream: str) -> str:
        tell(process, stream)
        return hear(process)

    assert append("a") == "written at 1, reads 1"
    full.touch()
    assert append("a") == "store-full, reads 1"
    assert append("b") == "store-full, reads 1"
    full.unlink()
    assert append("b") == "written at 2, reads 2"
    full.touch()
    assert append("b") == "store-full, reads 2"
    process.kill()
    process.communicate()
    full.unlink()
    with open_store(tmp_path / "log") as store:
        assert [(e.position, e.stream) for e in store.read_all()] == [(1, "a"), (2, "b")]
        assert store.verify().sound


def flushes(folder: str, synchronous: Synchronous) -> None:
    """Append, and print how many answers came without a flush."""
    count = ctypes.CDLL(None).fmn_flushes
    count.restype = ctypes.c_long
    missing = 0
    with open_store(Path(folder), synchronous=synchronous) as store:
        for number in range(APPENDS):
            before = count()
            store.append("a", [numbered("a", number)])
            missing += count() == before
    print(missing)


def append(folder: str) -> None:
    """For every stream in the input, append to it and say what came of it."""
    with open_store(Path(folder)) as store:
        for count, line in enumerate(sys.stdin):
            try:
                outcome = f"written at {store.append(line.rstrip(), [numbered('a', count)]).position}"
            except ForgetMeNotError as error:
                outcome = error.code
            print(f"{outcome}, reads {len(list(store.read_all()))}", flush=True)


if __name__ == "__main__":
    {"flushes": flushes, "append": append}[sys.argv[1]](*sys.argv[2:])  # type: ignore[operator]
