"""An installation: a data folder with its log, its keys and its read models, opened by one process."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Engine

from services.audit import log_queries, reactions
from services.audit import proofs as audit_proofs
from services.audit.access import AccessLog, ShowAccessHistory
from services.audit.bundle import CompileBundle, compile_bundle
from services.audit.proofs import Proofs
from services.audit.questions import AskAsOf, ask_as_of
from services.audit.replay import LogAccess
from services.cases.projections.person_search import INDEX_KEY
from services.gateway.contexts import CONTEXTS, registry
from services.gateway.derived import (
    drop_read_models_of_another_log,
    empty_read_models_of_another_log,
    renew_tree_of_a_log_that_moved,
)
from services.gateway.event_log import EventLog
from services.gateway.guarding import Guarded
from services.gateway.need_to_know import may_see
from services.gateway.team_sight import Teams
from services.protection import certificate
from services.protection import queries as protection_queries
from services.protection.document_desk import DocumentDesk
from services.protection.execution import ErasureExecution, RetentionExecution, start_schedule
from services.protection.restoring import certificates, complete, require_ledger
from shared.bus import Answered, DirectBus
from shared.errors import Unavailable
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Query, Receipt, Role
from shared.policies import Policy
from shared.privacy.documents import Documents
from shared.privacy.master import LocalMasterKeys
from shared.privacy.port import KeyName, MasterKeys
from shared.privacy.vault import MASTER_KEY, AesGcmVault, open_keys
from shared.projections.declaration import Projection
from shared.projections.engine import read_model_engine
from shared.projections.projector import ProjectionStatus, Projector
from shared.projections.read_models import ReadModels
from shared.reacting.runner import PolicyRunner
from shared.settings import Settings

LogQuery = Callable[[Any, Origin], Any]

READ_MODELS = "read-models.db"
PROOFS = "proofs"
RESTORE = Origin("system:restore", frozenset({Role.POLICY}))
SCHEDULE = Origin("system:schedule", frozenset({Role.POLICY}))


class Installation:
    """What each process works with.

    Whoever opens it first finishes what an erasure or a restore left undone, before anything is served. Raises
    `Tampered` if the erasure ledger is older than the log, and whatever the log and the key store raise.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = usable(settings.data_dir)
        self.registry = registry()
        with ExitStack() as opened:
            self._opened = opened
            self.keys = open_keys(
                self.folder,
                masters=master_keys_given(settings),
                master_key_file=settings.master_key_file,
                ledger=settings.erasure_ledger,
            )
            opened.callback(self.keys.close)
            self.vault = AesGcmVault(self.keys)
            self.log = opened.enter_context(EventLog(settings))
            self.store = self.log.store
            self.handler = CommandHandler(self.store, self.registry, self.vault)
            self._take_up()
            self._opened = opened.pop_all()

    @property
    def master_key_file(self) -> Path:
        """Where the master key is, unless the environment holds it itself."""
        return self.settings.master_key_file or self.folder / MASTER_KEY

    @property
    def projections(self) -> list[Projection]:
        """Every read model."""
        return [projection.opening_with(self.vault) for context in CONTEXTS for projection in context.projections]

    def policies(self) -> list[Policy]:
        """Every policy, with those that destroy keys."""
        declared = [policy for context in CONTEXTS for policy in context.policies]
        return [
            *declared,
            ErasureExecution(self.store, self.keys, today, self.documents.sweep),
            RetentionExecution(self.store, self.keys, self.documents.sweep, self._used_elsewhere),
        ]

    def _used_elsewhere(self, key: KeyName) -> date | None:
        """The key of the search index is in use for ever; those of the access log age with its entries."""
        return date.max if key == INDEX_KEY else self.access_log.last_use(key)

    @cached_property
    def engine(self) -> Engine:
        """Where read models are."""
        url = self.settings.read_models_url
        engine = read_model_engine(url.get_secret_value() if url else self.folder / READ_MODELS)
        self._opened.callback(engine.dispose)
        return engine

    @cached_property
    def access_log(self) -> AccessLog:
        """Who saw whose data: a log of its own."""
        return AccessLog(
            lambda: self._opened.enter_context(open_store(self.folder / "access")),
            self.vault,
            self.folder / "access.spool",
        )

    @cached_property
    def read_models(self) -> ReadModels:
        """Answers queries, on the record."""
        return ReadModels(
            self.engine, self.projections, self.vault, disclosures=self.access_log, may_see=may_see, sights=Teams()
        )

    @cached_property
    def documents(self) -> Documents:
        """Encrypted files beside the log."""
        return Documents(self.folder / "documents", self.vault)

    def document_desk(self) -> DocumentDesk:
        """Where documents are handed in and asked for."""
        return DocumentDesk(self.documents, self.store, self.bus(), self.access_log, self.read_models.hides)

    def projector(self) -> Projector:
        """Fills the read models."""
        return Projector(self.store, self.engine, self.projections)

    def projection_status(self) -> list[ProjectionStatus]:
        """How each read model stands."""
        return self._looking.status()

    @cached_property
    def _looking(self) -> Projector:
        return self.projector()

    def policy_runner(self) -> PolicyRunner:
        """Lets policies react, and deadlines fire."""
        return PolicyRunner(self.store, self.engine, self.policies(), self.send)

    def settle(self) -> Callable[[], object]:
        """What lets policies catch up with the log, in this process."""
        return self.policy_runner().catch_up

    def start_retention(self) -> None:
        """Run today's retention, unless it ran; from then on each night's run sets the next."""
        start_schedule(lambda command, command_id: self.send(command, SCHEDULE, command_id), today())

    @cached_property
    def proofs(self) -> Proofs:
        """The tree over the log, its checkpoints, and the key that signs them."""
        return self._opened.enter_context(Proofs(self.folder / PROOFS, self.store))

    def bus(self) -> DirectBus:
        """How this process itself reaches the services."""
        return DirectBus(self.handler, self.ask)

    def bus_for_people(self) -> DirectBus:
        """How the edges reach them: for who asks, what is not theirs to know of is not there."""
        return DirectBus(Guarded(self.handler, self.registry, lambda: self.read_models), self.ask)

    def send(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        """Send as the system itself does: roles are checked by the bus."""
        return self.bus().send(command, origin, command_id=command_id)

    def ask(self, query: Query[Any], origin: Origin, wait_for: int = 0) -> Answered:
        """Answer a query from its read model, or from the log where it asks the log itself."""
        if answer := self.log_queries.get(type(query)):
            return Answered(answer(query, origin), self.store.head())
        return self.read_models.ask(query, origin, wait_for)

    @cached_property
    def log_queries(self) -> dict[type[Query[Any]], LogQuery]:
        """Queries that no read model answers."""
        return {
            **{kind: self._of_the_log(answer) for kind, answer in log_queries.items()},
            **audit_proofs.queries(self.proofs),
            CompileBundle: self._bundle,
            AskAsOf: self._of_the_log(lambda query, log: ask_as_of(query, log, self.read_models)),
            **protection_queries.queries(self.store, self.keys, self.vault, self.access_log, today),
            **certificate.queries(self.store, self.proofs.proof_of),
            **reactions.queries(self.policy_runner()),
            ShowAccessHistory: self.access_log.show,
        }

    def _bundle(self, query: CompileBundle, origin: Origin) -> bytes:
        return compile_bundle(
            query, origin, store=self.store, proofs=self.proofs, vault=self.vault, disclosures=self.access_log
        )

    def _of_the_log(self, answer: Callable[[Any, LogAccess], Any]) -> LogQuery:
        return lambda query, origin: answer(query, LogAccess(self.store, self.registry, self.vault, origin))

    def _take_up(self) -> None:
        """Hold log, ledger and read models against each other: any of them may have been put back from a backup."""
        if self.log.first:
            renew_tree_of_a_log_that_moved(self.folder / PROOFS, self.store)
            if self.settings.read_models_url:
                empty_read_models_of_another_log(self.engine, self.log)
            else:
                drop_read_models_of_another_log(self.folder / READ_MODELS, self.log)
            complete(
                self.store, self.keys, lambda command, command_id: self.send(command, RESTORE, command_id), today()
            )
        elif self.keys.ledger is not None:  # the owner has recorded what was missing, or is about to
            require_ledger(list(certificates(self.store)), self.keys.ledger)

    def close(self) -> None:
        """Let go of everything."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def master_keys_given(settings: Settings) -> MasterKeys | None:
    """The master keys that the environment holds itself; None if they are in a file."""
    return LocalMasterKeys(settings.master_key.get_secret_value) if settings.master_key else None


def today() -> date:
    """The day, by the clock of this machine."""
    return datetime.now(UTC).date()


def usable(folder: Path) -> Path:
    """The data folder, made if need be, for its owner's eyes alone. Raises `Unavailable` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"The data folder {folder} cannot be made ({error.strerror}): set DATA_DIR.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"The data folder {folder} cannot be written: set DATA_DIR to one that can.")
    return folder
