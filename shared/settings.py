"""Settings, from the environment alone: `PORT=8080 LOG_FORMAT=json forgetmenot serve`.

Every name below is a variable, in capitals. An empty variable counts as not set. What is secret may be in a file in its
place: `AMQP_URL_FILE=/run/secrets/amqp-url` stands for `AMQP_URL` with the contents of that file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Invalid

LogFormat = Literal["json", "console"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

BEGINS = {
    "eventstore_uri": (
        "esdb://",
        "esdb+discover://",
        "kurrentdb://",
        "kurrentdb+discover://",
        "kdb://",
        "kdb+discover://",
    ),
    "otel_exporter_otlp_endpoint": ("http://", "https://"),
    "read_models_url": ("postgresql+psycopg://",),
    "amqp_url": ("amqp://", "amqps://"),
}
"""How the addresses begin that we can use."""


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
    threads: int = Field(16, ge=1, le=1024, description="Commands under way at once; as many queries beside them")

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

    @field_validator(*BEGINS)
    @classmethod
    def _begins(cls, value: Any, info: ValidationInfo) -> Any:
        """Whether an address is of the kind that is understood. What is wrong with it is said without it."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not text.startswith(BEGINS[info.field_name or ""]):
            raise ValueError("another kind of address")
        return value


RUNNING = "running.json"
"""In the data folder while a distributed installation runs there: where its private servers are."""


def load_settings(*, beside_what_runs: bool = True) -> Settings:
    """Read the environment. Raises `Invalid` with one sentence that names the variable and what it accepts.

    The sentence leaves the value out: a variable in the wrong place may hold a secret. What a distributed installation
    that runs on the folder started for itself counts as set, unless `beside_what_runs` is false.
    """
    files, unreadable = from_files()
    for variable, sentence in (unreadable | wrong_settings(files)).items():
        raise Invalid(sentence, variable=variable)
    settings = Settings(**files)
    if beside_what_runs and (started := started_for(settings.data_dir)):
        settings = Settings(**{**started, **settings.model_dump(exclude_none=True)})
    return settings


def wrong_settings(files: Mapping[str, Any]) -> dict[str, str]:
    """What cannot be used, by variable, each with a sentence that says what can. `files` are values out of files."""
    try:
        Settings(**files)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        return {str(one["loc"][0]).upper(): _sentence(str(one["loc"][0])) for one in found}
    return {}


def started_for(folder: Path) -> dict[str, Any]:
    """What a distributed installation that runs on the folder started for itself, by setting."""
    running = folder / RUNNING
    if not running.exists():
        return {}
    started: dict[str, Any] = json.loads(running.read_text(encoding="utf-8"))
    return started


def _sentence(name: str) -> str:
    field = Settings.model_fields[name]
    without = "or leave it out" if field.default is None else f"or leave it out for {field.default}"
    return f"The environment variable {name.upper()} is not usable: set it to {_accepts(name, field)}, {without}."


def _accepts(name: str, field: FieldInfo) -> str:
    """What a setting may be, in words."""
    kinds = get_args(field.annotation) or (field.annotation,)
    limits = {
        kind: getattr(found, kind) for found in field.metadata for kind in ("gt", "ge", "le") if hasattr(found, kind)
    }
    if begins := BEGINS.get(name):
        return f"an address that begins with {' or '.join(begins)}"
    if choices := [
        choice for kind in (field.annotation, *kinds) for choice in get_args(kind) if isinstance(choice, str)
    ]:
        return " or ".join(dict.fromkeys(choices))
    if int in kinds:
        return f"a whole number from {limits['ge']} to {limits['le']}"
    if float in kinds:
        return f"a number above {limits['gt']}, {limits['le']} at most"
    return "something else"


def note_running(folder: Path, servers: Mapping[str, str]) -> None:
    """Say where the private servers of this folder's installation are, by setting, for its owner's eyes alone."""
    forget_running(folder)
    (folder / RUNNING).touch(mode=0o600)
    (folder / RUNNING).write_text(json.dumps(servers), encoding="utf-8")


def forget_running(folder: Path) -> None:
    """They are not there any more."""
    (folder / RUNNING).unlink(missing_ok=True)


def from_files() -> tuple[dict[str, Any], dict[str, str]]:
    """The settings whose values are in files, and a sentence for each whose file cannot be read, by variable."""
    found: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for name in Settings.model_fields:
        variable = f"{name.upper()}_FILE"
        if variable.lower() in Settings.model_fields:  # what is in it may change while we run
            continue
        if path := os.environ.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                unreadable[name.upper()] = (
                    f"The file that {variable} names cannot be read: set it to one that can, or leave it out."
                )
    return found, unreadable
