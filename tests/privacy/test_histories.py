"""Random histories: what is forgotten is unreadable everywhere, and nothing else is.

The history runs beside a model that knows, for each sealed value, what must become of it. Two processes look at
the same installation (each with its own cache), backups are taken and put back, masters rotate and retire.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.errors import Forgotten, Tampered
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.master import add_master_key, retire_master_keys
from shared.privacy.personal import FORGOTTEN, Place
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault, open_keys
from tests.privacy.conftest import NOW, key_name

SUBJECTS = st.sampled_from(["ada", "bea", "cyn"])
NAMES = st.builds(key_name, SUBJECTS, st.sampled_from(["r-1", "r-2", "r-3"]), st.sampled_from(["legal", "contact"]))


@dataclass
class Sealed:
    """A value in the log, and which of the keys that its name has had sealed it."""

    token: str
    place: Place
    value: int
    key: int


@dataclass
class Model:
    """What should be true. Keys are numbered in the order in which they were made."""

    live: dict[KeyName, int] = field(default_factory=dict)
    destroyed: set[int] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    closed: set[KeyName] = field(default_factory=set)


class Histories(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.model = Model()
        self.log: list[Sealed] = []
        self.backups: list[tuple[Path, dict[KeyName, int]]] = []
        self.numbers = count()
        self.start()

    def start(self) -> None:
        """Two processes open the installation."""
        self.stores: list[SqliteKeyStore] = [open_keys(self.folder) for _ in range(2)]
        self.vaults = [AesGcmVault(store, cached_keys=4) for store in self.stores]

    def stop(self) -> None:
        """Both processes end."""
        for store in self.stores:
            store.close()

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def refused(self, name: KeyName) -> bool:
        """Whether nothing new may be sealed under a name."""
        return name.subject in self.model.forgotten or name in self.model.closed

    def destroy(self, names: set[KeyName]) -> None:
        """Their live keys are gone."""
        self.model.destroyed |= {self.model.live.pop(name) for name in names & self.model.live.keys()}

    @rule(name=NAMES, who=st.integers(0, 1))
    def seal(self, name: KeyName, who: int) -> None:
        """Something is recorded."""
        vault, number = self.vaults[who], next(self.numbers)
        where = Place(f"case-{number}", "e", "cases.NoteAdded", "text", name.subject)
        if self.refused(name):
            with pytest.raises(Forgotten):
                vault.prepare([name])
            return
        vault.prepare([name])
        key = self.model.live.setdefault(name, number)
        self.log.append(Sealed(vault.seal(number, name, where), where, number, key))

    @rule(name=NAMES, who=st.integers(0, 1), closed=st.booleans())
    def shred(self, name: KeyName, who: int, closed: bool) -> None:
        """One record is shredded, or expires."""
        self.stores[who].shred([name], certificate=f"c-{next(self.numbers)}", at=NOW, closed=closed)
        self.destroy({name})
        if closed:
            self.model.closed.add(name)

    @rule(subject=SUBJECTS, held=st.sampled_from(["r-1", "r-2", "none"]), who=st.integers(0, 1))
    def forget(self, subject: str, held: str, who: int) -> None:
        """A person is forgotten, but for what a hold covers."""
        live = {name for name in self.model.live if name.subject == subject}
        keep = {name for name in live if name.record == held}
        self.stores[who].forget(subject, destroy=live - keep, keep=keep, certificate=f"c-{next(self.numbers)}", at=NOW)
        self.destroy(live - keep)
        self.model.forgotten.add(subject)

    @rule(who=st.integers(0, 1))
    def rotate(self, who: int) -> None:
        """A new master key."""
        add_master_key(self.folder / "master.key")
        self.stores[who].rewrap(batch=2)

    @rule()
    def retire(self) -> None:
        """The old master keys go, and with them every older backup of the keys."""
        retire_master_keys(self.folder / "master.key", self.stores[0].masters_in_use())
        self.backups.clear()

    @rule()
    def restart(self) -> None:
        """Both processes are started anew."""
        self.stop()
        self.start()

    @rule()
    def back_up(self) -> None:
        """An operator copies the key store."""
        self.stop()
        copy = self.folder / f"backup-{next(self.numbers)}"
        shutil.copytree(self.folder / "keys", copy)
        self.backups.append((copy, dict(self.model.live)))
        self.start()

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """An operator puts an older key store back: keys made since are lost, keys destroyed since stay destroyed."""
        copy, live = data.draw(st.sampled_from(self.backups))
        self.stop()
        shutil.rmtree(self.folder / "keys")
        shutil.copytree(copy, self.folder / "keys")
        self.model.live = {name: key for name, key in live.items() if key not in self.model.destroyed}
        self.start()

    @invariant()
    def the_forgotten_is_unreadable_and_nothing_else(self) -> None:
        """Every value of the log, in both processes."""
        live = set(self.model.live.values())
        for vault in self.vaults:
            for sealed in self.log:
                if sealed.key in self.model.destroyed:
                    assert vault.open(sealed.token, sealed.place) is FORGOTTEN
                elif sealed.key in live:
                    assert vault.open(sealed.token, sealed.place) == sealed.value
                else:  # the key was made after the backup that was put back
                    with pytest.raises(Tampered):
                        vault.open(sealed.token, sealed.place)

    @invariant()
    def the_list_of_keys_agrees(self) -> None:
        """What a person's keys are said to be is what they are."""
        for store in self.stores:
            for subject in ("ada", "bea", "cyn"):
                listed = {fact.name for fact in store.keys_of(subject) if fact.destroyed is None}
                assert listed == {name for name in self.model.live if name.subject == subject}


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
