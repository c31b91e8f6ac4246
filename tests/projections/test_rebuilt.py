"""A read model that is made in memory, for one question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from shared.projections import rebuilt as made
from shared.projections.engine import engine_in_memory
from tests.projections.conftest import House
from tests.projections.shelter_log import EndStay, Rooms, commands, stay_ids


def test_rows_move_with_their_position_although_a_handler_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    house.do(*commands(range(3)), *(EndStay(stay=stay) for stay in stay_ids(range(3))))
    engine = engine_in_memory()
    inside: list[bool] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            inside.append(connection.connection.dbapi_connection.in_transaction)

    event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(made, "engine_in_memory", lambda: engine)
    monkeypatch.setattr(made, "CHUNK", 2)  # so that a stay ends in another chunk than it began in
    with made.rebuilt(Rooms(), lambda wanted: house.store.read_all(filter=wanted)):
        assert inside
        assert all(inside)
    house.close()
