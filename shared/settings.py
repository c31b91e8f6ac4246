"""Settings, from the environment alone: `PORT=8080 LOG_FORMAT=json forgetmenot serve`.

Every name below is a variable, in capitals. An empty variable counts as not set. What is secret may be in a file in its
place: `AMQP_URL_FILE=/run/secrets/amqp-url` stands for `AMQP_URL` with the contents of that file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
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

    # What must lie where no backup of the data folder reaches.
    master_key: SecretStr | None = Field(
        None, description="What data keys are wrapped with, the newest last; left out: master.key in the data folder"
    )
    master_key_file: Path | None = Field(
        None, description="The same in a file, which rotation may rewrite; made at the first start"
    )
    erasure_ledger: Path | None = Field(
        None, description="The erasure ledger, a file; left out: erasures.ledger in the data folder"
    )

    eventstore_uri: SecretStr | None = Field(
        None,
        description="An EventStoreDB or KurrentDB, esdb://user:password@host; left out: the log in the data folder",
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="Who takes traces, over HTTP: http://localhost:4318; left out: none are made"
    )

    # The distributed topology.
    read_models_url: SecretStr | None = Field(
        None, description="Where read models are: postgresql+psycopg://...; left out: SQLite in the data folder"
    )
    amqp_url: SecretStr | None = Field(None, description="The broker between the gateway and the services")
    transport_key_file: Path | None = Field(
        None, description="What calls are sealed with on the broker; left out: transport.key in the data folder"
    )
    servers_dir: Path | None = Field(
        None, description="Where private servers keep their data; left out: servers in the data folder"
    )
    call_seconds: float = Field(10.0, gt=0, le=300, description="How long the gateway waits for a service")
    in_flight: int = Field(128, ge=1, le=10_000, description="Calls under way at once; more are refused at once")


RUNNING = "running.json"
"""In the data folder while a distributed installation runs there: where its private servers are."""


def load_settings(*, beside_what_runs: bool = True) -> Settings:
    """Read the environment. Raises `Invalid` with one sentence that names the variable and what it accepts.

    The sentence leaves the value out: a variable in the wrong place may hold a secret. What a distributed installation
    that runs on the folder started for itself counts as set, unless `beside_what_runs` is false.
    """
    try:
        settings = Settings(**_from_files())
        if beside_what_runs and (running := settings.data_dir / RUNNING).exists():
            started = json.loads(running.read_text(encoding="utf-8"))
            settings = Settings(**{**started, **settings.model_dump(exclude_none=True)})
        return settings
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        variable = str(first["loc"][0]).upper()
        needs = first["msg"][0].lower() + first["msg"][1:]
        raise Invalid(f"The environment variable {variable} is not usable: {needs}.", variable=variable) from None


def note_running(folder: Path, servers: Mapping[str, str]) -> None:
    """Say where the private servers of this folder's installation are, by setting, for its owner's eyes alone."""
    forget_running(folder)
    (folder / RUNNING).touch(mode=0o600)
    (folder / RUNNING).write_text(json.dumps(servers), encoding="utf-8")


def forget_running(folder: Path) -> None:
    """They are not there any more."""
    (folder / RUNNING).unlink(missing_ok=True)


def _from_files() -> dict[str, Any]:
    """The settings whose values are in files. Raises `Invalid` for a file that cannot be read."""
    found: dict[str, Any] = {}
    for name in Settings.model_fields:
        variable = f"{name.upper()}_FILE"
        if variable.lower() in Settings.model_fields:  # what is in it may change while we run
            continue
        if path := os.environ.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise Invalid(f"The file that {variable} names cannot be read.", variable=variable) from None
    return found
