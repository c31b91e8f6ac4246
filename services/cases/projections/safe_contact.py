"""Safe contact in the rows of a read model, and as it is shown: alike in a person's file, the sheet and the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import JSON, Column, Text

from services.cases.person.channels import ChannelKind, ContactChannel
from services.cases.person.contact import SafeContactAgreed, SafeContactCorrected
from services.cases.vocabulary import PersonId
from shared.codec import Recorded
from shared.projections.declaration import Asking, Redacted


class SafeContactShown(BaseModel):
    """How a person can be reached safely. Look here before every message."""

    channels: tuple[ContactChannel, ...] | Redacted
    code_word: str | Redacted | None
    never: tuple[str, ...] | Redacted
    never_tell: tuple[PersonId, ...] = Field(
        default=(), description="Who must never be told anything about this person, by their own word"
    )
    in_doubt: tuple[ChannelKind, ...] = Field(
        default=(),
        description="By these means somebody else answered: do not use them before safe contact is agreed anew",
    )


def columns() -> tuple[Column[Any], ...]:
    """What a table of persons keeps of it."""
    return (
        *(Column(name, Text) for name in ("channels", "code_word", "never")),
        Column("never_tell", JSON),
        Column("in_doubt", JSON),
    )


def agreed(e: Recorded[SafeContactAgreed | SafeContactCorrected]) -> dict[str, Any]:
    """The columns that change once it is agreed, or put right: what was only put right leaves a doubt where it was."""
    sealed = {name: e.sealed(name) for name in ("channels", "code_word", "never")}
    doubt: dict[str, Any] = {"in_doubt": []} if isinstance(e.event, SafeContactAgreed) else {}
    return sealed | {"never_tell": list(e.event.never_tell)} | doubt


def doubted(row: Mapping[Any, Any] | None, by_means: ChannelKind) -> dict[str, Any]:
    """The columns that change once somebody else has answered."""
    before = row["in_doubt"] if row and row["in_doubt"] else []
    return {"in_doubt": sorted({*before, by_means})}


def shown(row: Mapping[Any, Any] | None, asking: Asking) -> SafeContactShown | None:
    """For whoever asks. None: nothing was agreed."""
    if row is None or row["channels"] is None:
        return None
    sealed = {name: asking.reveal(row[name]) for name in ("channels", "code_word", "never")}
    if isinstance(sealed["channels"], Redacted):  # then what stands beside them in the clear is not told either
        return SafeContactShown(**sealed)
    return SafeContactShown(**sealed, never_tell=row["never_tell"], in_doubt=row["in_doubt"])
