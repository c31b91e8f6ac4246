"""The peer of the gateway: checks the token, passes what came on to the echo that appends, and its answer back."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel

from services.gateway.distributed.carrying import calling_of
from services.gateway.tokens import open_tokens
from shared.settings import load_settings


class Fields(BaseModel):
    """What the command asks for."""

    kind: str
    channel: str
    person: str
    occurred: str


def main(port: int) -> None:
    """Serve until it is told to stop."""
    settings = load_settings()
    calling, tokens = calling_of(settings), open_tokens(settings.data_dir)

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        calling.start()
        yield
        await calling.close()

    app = FastAPI(lifespan=connected)

    @app.post("/append", status_code=201)
    async def append(fields: Fields, authorization: Annotated[str, Header()]) -> Any:
        tokens.identify(authorization.removeprefix("Bearer "))
        return await calling.call("echo", "append", {"fields": fields.model_dump(), "id": str(uuid4())})

    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
