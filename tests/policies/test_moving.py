"""Positions of policies move together, and each only from where its runner believed it to be."""

from __future__ import annotations

from pathlib import Path

from shared.projections.engine import read_model_engine, writing
from shared.reacting import books
from shared.reacting.books import Effects, Move


def test_a_policy_that_somebody_else_has_moved_stays_and_the_others_move(tmp_path: Path) -> None:
    engine = read_model_engine(tmp_path / "books.db")
    with writing(engine) as connection:
        books.create_books(connection, ["first", "second", "third"])
        assert books.move(connection, [Move("second", 0, 5, Effects())]) == [True]
    with writing(engine) as connection:
        moves = [Move(name, 0, 9, Effects()) for name in ("first", "second", "third")]
        assert books.move(connection, moves) == [True, False, True]
    with engine.connect() as connection:
        assert books.positions(connection) == {"first": 9, "second": 5, "third": 9}
    engine.dispose()
