"""A process is killed at each step of forgetting: at the next start the person is forgotten, or nothing happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Forgotten
from shared.privacy.ledger import Ledger
from shared.privacy.personal import FORGOTTEN
from shared.privacy.port import Erasure
from shared.privacy.vault import AesGcmVault, open_keys, open_vault
from tests.privacy.conftest import NOW, key_name, place

HELD, GONE = key_name(record="proceedings-1"), key_name()


def forget(keys: Any) -> Erasure:
    """The deed."""
    erasure: Erasure = keys.forget("person-1", destroy=[GONE], keep=[HELD], certificate="c-1", at=NOW)
    return erasure


def at_each_step(keys: Any, passed: Callable[[], None]) -> None:
    """Call `passed` before each SQL statement and lock, before and after each write to a file, and amid one."""

    def around(call: Any, *, torn: bool = False) -> Any:
        def wrapped(descriptor: int, *rest: Any) -> Any:
            passed()
            if torn:
                # A part of the line reaches the disk.
                call(descriptor, rest[0][: len(rest[0]) // 2], *rest[1:])
                passed()
            answer = call(descriptor, *rest)
            passed()
            return answer

        return wrapped

    keys._file._db.set_trace_callback(lambda statement: passed())
    os.pwrite, os.fsync = around(os.pwrite, torn=True), around(os.fsync)
    changing = keys._generation.changing

    @contextmanager
    def watched(*arguments: Any) -> Iterator[None]:
        with changing(*arguments):
            passed()
            yield
            passed()
        passed()

    keys._generation.changing = watched


def cut_short(folder: Path, step: int, tokens: dict[str, str]) -> tuple[bool, str]:
    """Kill a process that forgets, at that step. Another one has the key in its cache, and reads at each step.

    Answers whether it was killed, and what the other one reads in the end.
    """
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(asked), os.close(tell)
        left = step + 1

        def passed() -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(ask, b"?")
            os.read(told, 1)

        keys = open_keys(folder)
        passed()
        at_each_step(keys, passed)
        forget(keys)
        os._exit(0)
    os.close(ask), os.close(told)
    os.read(asked, 1)
    with closing(open_keys(folder)) as keys:
        survivor = AesGcmVault(keys)
        assert survivor.open(tokens["gone"], place()) == "gone"
        os.write(tell, b"!")
        while os.read(asked, 1):
            survivor.open(tokens["gone"], place())
            os.write(tell, b"!")
        _, status = os.waitpid(child, 0)
        reads = survivor.open(tokens["gone"], place())
        # Whatever it has cached, it agrees with what is on disk now.
        assert reads == AesGcmVault(keys).open(tokens["gone"], place())
    os.close(asked), os.close(tell)
    return os.WIFSIGNALED(status), repr(reads)


def kill_at_every_step(root: Path) -> None:
    """In `root/<step>`, what each death left; prints what the surviving process read."""
    tokens = json.loads((root / "tokens.json").read_text())
    for step in range(1, 200):
        folder = root / str(step)
        shutil.copytree(root / "whole", folder)
        killed, reads = cut_short(folder, step, tokens)
        print(json.dumps([step, killed, reads]), flush=True)
        if not killed:
            return


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], list[tuple[int, bool, str]]]:
    """Every death, in folders of their own. A program of its own does it, since it forks."""
    root = tmp_path_factory.mktemp("deaths")
    vault = open_vault(root / "whole")
    vault.prepare([HELD, GONE])
    tokens = {"held": vault.seal("held", HELD, place()), "gone": vault.seal("gone", GONE, place())}
    vault.keys.close()  # type: ignore[attr-defined]
    with closing(sqlite3.connect(root / "whole" / "keys" / "keys.db")) as db:
        query = "SELECT bytes FROM keys JOIN wrapped USING (n) WHERE record = ?"
        tokens["wrapped"] = db.execute(query, (GONE.record,)).fetchone()[0].hex()
    (root / "tokens.json").write_text(json.dumps(tokens))
    program = "import sys; from pathlib import Path; from tests.privacy import test_forgetting_cut_short as test\n"
    program += "test.kill_at_every_step(Path(sys.argv[1]))"
    output = subprocess.run(
        [sys.executable, "-c", program, str(root)], check=True, stdout=subprocess.PIPE, text=True, timeout=120
    ).stdout
    return root, tokens, [json.loads(line) for line in output.splitlines()]


def test_the_deaths_cover_everything_from_before_the_ledger_to_after_the_purge(deaths: Any) -> None:
    _, _, steps = deaths
    assert len(steps) > 20
    assert [killed for _, killed, _ in steps] == [True] * (len(steps) - 1) + [False]
    reads = [reads for _, _, reads in steps]
    assert reads[0] == "'gone'" and reads[-1] == repr(FORGOTTEN)
    assert reads == sorted(reads), "once it is forgotten it stays so"


def test_at_the_next_start_the_person_is_forgotten_or_nothing_happened(deaths: Any, tmp_path: Path) -> None:
    root, tokens, steps = deaths
    outcomes = set()
    for step, _, _ in steps:
        folder = shutil.copytree(root / str(step), tmp_path / str(step))
        begun = bool(Ledger(folder / "erasures.ledger").entries())
        outcomes.add(begun)
        with closing(open_keys(folder)) as keys:
            vault = AesGcmVault(keys)
            assert keys.generation() % 2 == 0
            assert vault.open(tokens["held"], place()) == "held"
            if begun:
                assert vault.open(tokens["gone"], place()) is FORGOTTEN
                with pytest.raises(Forgotten):
                    vault.prepare([key_name(record="new")])
            else:
                assert vault.open(tokens["gone"], place()) == "gone"
                vault.prepare([key_name(record="new")])
            disk = b"".join(path.read_bytes() for path in (folder / "keys").iterdir())
            assert (bytes.fromhex(tokens["wrapped"]) in disk) is not begun
    assert outcomes == {True, False}


def test_a_repeat_after_the_death_completes_it_once(deaths: Any, tmp_path: Path) -> None:
    root, tokens, steps = deaths
    for step, _, _ in steps:
        folder = shutil.copytree(root / str(step), tmp_path / str(step))
        with closing(open_keys(folder)) as keys:
            assert forget(keys).kept == (HELD,)
            assert [key.name for key in forget(keys).destroyed] == [GONE]
            assert AesGcmVault(keys).open(tokens["gone"], place()) is FORGOTTEN
            assert len([entry for entry in keys.ledger.entries() if entry.erasure.certificate == "c-1"]) == 1
