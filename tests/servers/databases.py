"""A place of its own for each test in the one PostgreSQL of the session."""

from __future__ import annotations

from itertools import count

from sqlalchemy import create_engine, make_url
from sqlalchemy.schema import CreateSchema

from tests.servers.running import Server

_numbers = count(1)


def own_url(database: Server) -> str:
    """The address of an empty schema that nobody else uses."""
    schema = f"test_{next(_numbers)}"
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(CreateSchema(schema))
    engine.dispose()
    url = make_url(database.url).update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)
