"""A damaged log says so, names the place, never gives a wrong event, and takes no more until it is restored."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore import mark, verification
from shared.eventstore.log import LOG
from shared.eventstore.mark import MARK
from shared.eventstore.port import NewEvent, RecordedEvent
from shared.eventstore.sqlite import EmbeddedLog, open_store
from tests.eventstore.processes import Writing

STREAMS = [f"stream-{number}" for number in range(5)]


def event(number: int) -> NewEvent:
    """Sizes differ; the largest fill several pages."""
    body = f"<{number}>".encode() * (3000 if number % 20 == 7 else 1 + number % 30)
    return NewEvent(UUID(int=number), "tests.Numbered", body, b'{"actor": "a-1"}')


def fill(folder: Path, count: int = 60) -> list[RecordedEvent]:
    """A log of `count` events, closed again; what is in it."""
    with open_store(folder) as store:
        for number in range(count):
            store.append(STREAMS[number % len(STREAMS)], [event(number)])
        return list(store.read_all())


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def copy(origin: Path, folder: Path) -> Path:
    """The log in `origin`, once more: the file, its write-ahead log and its mark."""
    folder.mkdir()
    for name in (LOG, f"{LOG}-wal", MARK):
        if (origin / name).exists():
            shutil.copy(origin / name, folder / name)
    return folder


def assert_refuses(store: EmbeddedLog) -> str:
    """Every append is refused as long as the log is damaged; gives the sentence that says so."""
    for stream in (STREAMS[0], "new"):
        with pytest.raises(StoreCorrupt) as refusal:
            store.append(stream, [event(1_000_000)])
    return str(refusal.value)


def assert_reads_right_or_not_at_all(store: EmbeddedLog, events: list[RecordedEvent]) -> bool:
    """No read gives anything but what was written. True if all of it can be read, every way."""
    whole = True
    ways = [(store.read_all(), events), (store.read_all(backwards=True), events[::-1])]
    for stream in STREAMS:
        mine = [e for e in events if e.stream == stream]
        ways += [(store.read_stream(stream), mine), (store.read_stream(stream, backwards=True), mine[::-1])]
    for reading, expected in ways:
        read: list[RecordedEvent] = []
        try:
            for recorded in reading:
                read.append(recorded)
        except StoreCorrupt:
            whole = False
        else:
            assert len(read) == len(expected)
        assert read == expected[: len(read)]
    return whole


def judge(folder: Path, events: list[RecordedEvent]) -> str:
    """Open a log that may be damaged; the damage must be found, or make no difference at all."""
    try:
        store = open_store(folder)
    except (StoreCorrupt, Unavailable):
        return "cannot be opened"
    with store:
        whole = assert_reads_right_or_not_at_all(store, events)
        if store.describe().refusal:
            assert_refuses(store)
            return "refuses appends, reads all" if whole else "refuses appends, reads some"
        assert whole
        assert store.verify().sound
        assert store.append(STREAMS[3], [event(3)]).written is False
        assert store.append(STREAMS[3], [event(1_000_000)]).position == len(events) + 1
        return "harmless"


def report(capsys: pytest.CaptureFixture[str], title: str, verdicts: Counter[str]) -> None:
    with capsys.disabled():
        print(f"\n  {title}:", ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))


def test_any_flipped_bit_is_found_or_makes_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = fill(tmp_path / "log")
    size = (tmp_path / "log" / LOG).stat().st_size
    choose = random.Random(20260525)
    header = list(range(100))
    verdicts: Counter[str] = Counter()
    for offset in header + [choose.randrange(size) for _ in range(200)]:
        damaged = copy(tmp_path / "log", tmp_path / "damaged")
        flip(damaged / LOG, offset, choose.randrange(8))
        verdicts[judge(damaged, events)] += 1
        shutil.rmtree(damaged)
    report(capsys, "bits flipped in the log", verdicts)
    assert verdicts["refuses appends, reads some"] > 50


def test_a_flipped_bit_in_the_write_ahead_log_is_found_or_makes_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = killed_log(tmp_path / "log")
    with open_store(copy(origin, tmp_path / "whole")) as store:
        events = list(store.read_all())
    reached = mark.read(origin)
    assert reached
    acknowledged = reached.position
    size = len((origin / f"{LOG}-wal").read_bytes().rstrip(b"\0"))  # what follows has not been written to yet
    choose = random.Random(20040525)
    verdicts: Counter[str] = Counter()
    for offset in [*range(0, 32, 4), *(choose.randrange(size) for _ in range(60))]:
        damaged = copy(origin, tmp_path / "damaged")
        flip(damaged / f"{LOG}-wal", offset, choose.randrange(8))
        verdicts[judge_wal(damaged, events, acknowledged)] += 1
        shutil.rmtree(damaged)
    report(capsys, "bits flipped in the write-ahead log", verdicts)
    assert verdicts["its end is lost"] > 50


def killed_log(folder: Path) -> Path:
    """A log whose owner was killed, so that its events are in the write-ahead log."""
    writing = Writing(folder, "stream")
    writing.go()
    writing.more(100)
    writing.kill()
    assert (folder / f"{LOG}-wal").stat().st_size > 100_000
    return folder


def judge_wal(folder: Path, events: list[RecordedEvent], acknowledged: int) -> str:
    with open_store(folder) as store:
        read = list(store.read_all())
        assert read == events[: len(read)]
        if len(read) >= acknowledged:  # the kill may have come between a commit and its answer
            assert store.append("new", [event(1)]).written
            return "harmless" if len(read) == len(events) else "what nobody was told of is lost"
        assert "its end is lost" in assert_refuses(store)
        return "its end is lost"


@pytest.mark.parametrize("keep", [0.05, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_found(tmp_path: Path, keep: float) -> None:
    events = fill(tmp_path)
    whole = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(whole[: int(keep * len(whole))])
    assert judge(tmp_path, events) != "harmless"


def test_where_a_file_was_cut_is_said(tmp_path: Path) -> None:
    fill(tmp_path)
    whole = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(whole[: len(whole) // 2])
    (damage,) = verification.verify(tmp_path, None).damages
    assert f"it ends at byte {len(whole) // 2:,} of {len(whole):,}" in damage.detail


def test_a_file_cut_to_nothing_is_found(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / LOG).write_bytes(b"")
    with open_store(tmp_path) as store:
        assert "its end is lost" in assert_refuses(store)


def test_a_write_ahead_log_cut_short_is_found(tmp_path: Path) -> None:
    origin = killed_log(tmp_path / "log")
    path = origin / f"{LOG}-wal"
    path.write_bytes(path.read_bytes()[:50_000])
    with open_store(origin) as store:
        assert "its end is lost" in assert_refuses(store)


def test_a_file_that_has_vanished_is_found(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / LOG).unlink()
    with open_store(tmp_path) as store:
        assert "it had reached 60" in assert_refuses(store)


def test_an_older_file_put_back_is_found_and_accepted_once_the_mark_is_removed(tmp_path: Path) -> None:
    fill(tmp_path / "log", 30)
    backup = copy(tmp_path / "log", tmp_path / "backup")
    fill(tmp_path / "log", 60)
    shutil.copy(backup / LOG, tmp_path / "log" / LOG)
    with open_store(tmp_path / "log") as store:
        assert "ends at position 30, but it had reached 60" in assert_refuses(store)
        assert len(list(store.read_all())) == 30
    (tmp_path / "log" / MARK).unlink()
    with open_store(tmp_path / "log") as store:
        assert store.append("new", [event(1)]).position == 31


def test_another_log_of_the_same_length_is_found(tmp_path: Path) -> None:
    fill(tmp_path / "log", 30)
    fill(tmp_path / "other", 30)
    shutil.copy(tmp_path / "other" / LOG, tmp_path / "log" / LOG)
    with open_store(tmp_path / "log") as store:
        assert "Another event stands at position 30" in assert_refuses(store)


def test_a_damaged_mark_is_found(tmp_path: Path) -> None:
    fill(tmp_path)
    flip(tmp_path / MARK, 19)
    with open_store(tmp_path) as store:
        assert MARK in assert_refuses(store)


def test_the_damaged_event_is_named_and_the_others_can_be_read(tmp_path: Path) -> None:
    events = fill(tmp_path)
    damage_event(tmp_path, b"<41>")
    with open_store(tmp_path) as store:
        assert "position 42" in assert_refuses(store)
        assert [d.position for d in store.verify().damages if d.position] == [42]
        with pytest.raises(StoreCorrupt) as damage:
            list(store.read_all(start=40))
        assert damage.value.facts == {"position": 42}
        with pytest.raises(StoreCorrupt) as damage:
            list(store.read_stream(STREAMS[1]))
        assert damage.value.facts == {"stream": STREAMS[1], "revision": 8}
        assert list(store.read_all(start=43)) == events[42:]
        assert list(store.read_stream(STREAMS[0])) == [e for e in events if e.stream == STREAMS[0]]


def damage_event(folder: Path, content: bytes) -> None:
    """Flip a bit in the event that contains `content`, in a process of its own.

    A process that has the log open must not open and close the file by itself: that would drop SQLite's locks.
    """
    program = (
        "import sys; from pathlib import Path; path = Path(sys.argv[1]); data = bytearray(path.read_bytes());"
        "at = data.index(sys.argv[2].encode()); file = path.open('r+b'); file.seek(at); file.write(b'?'); file.close()"
    )
    subprocess.run([sys.executable, "-c", program, folder / LOG, content], check=True)


def test_damage_that_a_read_runs_into_stops_appends_now_and_after_a_restart(tmp_path: Path) -> None:
    fill(tmp_path)
    with open_store(tmp_path) as store:
        damage_event(tmp_path, b"<41>")
        assert store.append("new", [event(1)]).written
        with pytest.raises(StoreCorrupt, match="position 42"):
            list(store.read_all())
        assert "position 42" in assert_refuses(store)
    with open_store(tmp_path) as store:
        assert "position 42" in assert_refuses(store)


def test_damage_that_an_attached_reader_runs_into_stops_the_owner(tmp_path: Path) -> None:
    fill(tmp_path)
    with open_store(tmp_path) as owner, open_store(tmp_path) as attached:
        damage_event(tmp_path, b"<41>")
        with pytest.raises(StoreCorrupt, match="revision 8"):
            list(attached.read_stream(STREAMS[1]))
        assert_refuses(attached)
        assert_refuses(owner)


def test_a_subscription_stops_at_the_damage_with_an_error(tmp_path: Path) -> None:
    events = fill(tmp_path)
    with open_store(tmp_path) as store:
        damage_event(tmp_path, b"<41>")
        seen = []
        with pytest.raises(StoreCorrupt, match="position 42"):
            for item in store.subscribe():
                seen.append(item)
        assert seen == events[:41]


def test_a_large_log_is_opened_at_once_and_checked_while_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CHECKED_ON_OPENING", 50)
    monkeypatch.setattr(verification, "_TAIL", 5)
    fill(tmp_path)
    damage_event(tmp_path, b"<21>")
    with open_store(tmp_path) as store:
        while not store.describe().refusal:
            time.sleep(0.01)
        assert "position 22" in assert_refuses(store)
    with open_store(tmp_path) as store:  # found once, looked for at the next opening
        assert "position 22" in assert_refuses(store)


def test_a_restored_log_is_accepted(tmp_path: Path) -> None:
    fill(tmp_path / "log")
    copy(tmp_path / "log", tmp_path / "backup")
    damage_event(tmp_path / "log", b"<41>")
    with open_store(tmp_path / "log") as store:
        assert_refuses(store)
    shutil.copy(tmp_path / "backup" / LOG, tmp_path / "log" / LOG)
    with open_store(tmp_path / "log") as store:
        assert store.append("new", [event(1)]).position == 61
        assert store.verify().sound


def test_a_backup_taken_while_the_log_is_in_use_is_a_sound_log(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    with open_store(tmp_path / "log") as store:
        store.append("a", [event(1)])
        shutil.copy(tmp_path / "log" / MARK, backup / MARK)
        store.append("a", [event(2)])
        connection = sqlite3.connect(tmp_path / "log" / LOG)
        connection.execute("VACUUM INTO ?", (str(backup / LOG),))
        connection.close()
        store.append("a", [event(3)])
    with open_store(backup) as restored:
        assert [e.position for e in restored.read_all()] == [1, 2]
        assert restored.append("a", [event(3)]).position == 3
        assert restored.verify().sound


def test_verifying_tells_its_progress(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    told: list[tuple[int, int]] = []
    with open_store(tmp_path) as store:
        store.append("new", [NewEvent(uuid4(), "t", b"{}") for _ in range(1500)])
        assert store.verify(lambda done, total: told.append((done, total))).events == 1510
    assert told == [(1000, 1510), (1510, 1510)]
