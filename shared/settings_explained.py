"""Every setting with its value, where that came from, and what is wrong with it: `forgetmenot config`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shared.errors import Invalid
from shared.settings import Settings, from_files, started_for, wrong_settings

MASK = "***"


class Explained(NamedTuple):
    """One setting. Of a secret only as much is shown as helps to find it: of an address, whom it names."""

    name: str
    value: str | None
    source: str
    description: str
    wrong: str | None


def explain_settings() -> list[Explained]:
    """All of them, as this environment has them. Never raises: what cannot be used says why."""
    files, unreadable = from_files()
    wrong = unreadable | wrong_settings(files)
    started = {} if "DATA_DIR" in wrong else started_for(_data_dir(files))
    return [_explain(name, field, files, started, wrong) for name, field in Settings.model_fields.items()]


def _explain(
    name: str, field: FieldInfo, files: dict[str, Any], started: dict[str, Any], wrong: dict[str, str]
) -> Explained:
    variable = name.upper()
    secret = SecretStr in (field.annotation, *get_args(field.annotation))
    given = _given(variable)
    if name in files or (variable in wrong and f"{variable}_FILE" in os.environ):
        value, source = files.get(name), f"the file that {variable}_FILE names"
    elif given is not None:
        value, source = given, "the environment"
    elif name in started:
        value, source = started[name], "what serve --distributed started"
    else:
        value, source = field.default, "left out"
    shown = None if value is None else _masked(str(value)) if secret else str(value)
    if variable in wrong:
        shown = None  # something was put where it does not belong: it may be a secret
    return Explained(variable, shown, source, field.description or "", wrong.get(variable))


def _given(variable: str) -> str | None:
    return next((value for name, value in os.environ.items() if name.upper() == variable and value), None)


def _data_dir(files: dict[str, Any]) -> Path:
    return Path(files.get("data_dir") or _given("DATA_DIR") or Settings.model_fields["data_dir"].default)


def _masked(secret: str) -> str:
    """An address without who may use it; anything else not at all."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return MASK
    if not parts.netloc:
        return MASK
    user, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{f'{MASK}@' if user else ''}{host}{parts.path}"


def require_usable(explained: list[Explained]) -> None:
    """Raises `Invalid` that counts what is wrong."""
    wrong = [one.name for one in explained if one.wrong]
    if wrong:
        raise Invalid(f"Not usable: {', '.join(wrong)}.", variables=wrong)
