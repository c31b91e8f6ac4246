"""Settings, from the environment alone: `PORT=8080 LOG_FORMAT=json forgetmenot serve`.

Every name below is a variable, in capitals. An empty variable counts as not set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Invalid

LogFormat = Literal["json", "console"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Settings(BaseSettings):
    """What an installation may decide. `load_settings` reads it."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(Path("var"), description="The folder that holds the log, the keys and the read models")
    # Not HOST: some shells export that as the name of the machine.
    bind_host: str = Field("127.0.0.1", description="Where to listen: loopback unless told otherwise")
    port: int = Field(8000, ge=0, le=65535, description="The port of the HTTP API; 0 takes a free one")
    log_format: LogFormat | None = Field(None, description="Left out: console on a terminal, json elsewhere")
    log_level: LogLevel = Field("INFO", description="The least important lines to write")
    max_body: int = Field(2**20, ge=1024, le=2**30, description="The largest request body, in bytes")
    threads: int = Field(32, ge=1, le=1024, description="Commands under way at once; as many queries beside them")


def load_settings() -> Settings:
    """Read the environment. Raises `Invalid` with one sentence that names the variable and what it accepts.

    The sentence leaves the value out: a variable in the wrong place may hold a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        variable = str(first["loc"][0]).upper()
        needs = first["msg"][0].lower() + first["msg"][1:]
        raise Invalid(f"The environment variable {variable} is not usable: {needs}.", variable=variable) from None
