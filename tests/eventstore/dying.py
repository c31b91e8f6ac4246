"""A writing process (`processes.Writing`) that kills itself at a chosen moment of a chosen commit.

`FMN_DIE` is `before-commit:12`, `after-commit:12` (on disk, but nothing told of it yet, not even the
mark) or `before-answer:12`.
"""

from __future__ import annotations

import os
import signal

from shared.eventstore import log, owner
from shared.eventstore.appending import Append, Outcome
from shared.eventstore.writer import Writer
from tests.eventstore import processes

MOMENT, _, AT = os.environ["FMN_DIE"].partition(":")
commits = 0


def die(moment: str) -> None:
    """Die as by a power cut, if it is the moment; say so first."""
    if moment == MOMENT and commits == int(AT):
        os.write(2, moment.encode())
        os.kill(os.getpid(), signal.SIGKILL)


class DyingWriter(Writer):
    """Counts its commits, and dies before or after one."""

    def _write(self, rows: list[log.Row]) -> None:
        global commits
        commits += 1
        die("before-commit")
        super()._write(rows)
        die("after-commit")


resolve = Append.resolve


def dying_resolve(append: Append, outcome: Outcome) -> None:
    """Die before the answer."""
    die("before-answer")
    resolve(append, outcome)


if __name__ == "__main__":
    owner.Writer = DyingWriter  # type: ignore[misc]
    Append.resolve = dying_resolve  # type: ignore[method-assign]
    processes.main()
