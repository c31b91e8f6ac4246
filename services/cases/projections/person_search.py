"""Search of persons by name, whatever it was spelled like, without a name in the read model.

What stands in the index are keyed hashes of what a name sounds like, under a key of its own in the key store. A row
says nothing to whoever has the file alone; and once a person is forgotten, their rows are deleted and purged. README.md
says why it is done like this and what it leaves open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import BigInteger, Column, ColumnElement, RowMapping, String, Table, Text, select

from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.link import RecordsUnlinked
from services.cases.person.names import NameAdded, NameCorrected, NameRetracted, PersonName
from services.cases.projections.audiences import ALL, OPEN, Audiences, Change, of_member
from services.cases.projections.belonging import Teaming, Tying
from services.cases.projections.person_files import NameShown
from services.cases.spelling import keys_of, together, words
from services.cases.vocabulary import HELPERS, PersonId
from shared.codec import Recorded, SealedValue
from shared.errors import Invalid, NotFound, Unavailable
from shared.messages import Query, View, union_members
from shared.privacy.personal import Hidden, Retention
from shared.privacy.port import KeyName, Vault
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next

INDEX_KEY = KeyName("5e0f6c1a-7a55-5d0e-9c3b-2b1f4a8d6e70", Retention.IDENTITY, "person-search")
"""What tokens are made with. It is about nobody, and has a subject of its own. Never change it."""

Entry = tuple[str, str]  # an audience, and a token

TOKEN = 16  # hexadecimal digits: of 10^8 tokens, two that should differ are equal about once in 3,700 indexes


class KeyGone(BaseModel):
    """A key that was destroyed, as certificates name it."""

    subject: str
    keep: str
    record: str


class PersonForgotten(View, of="protection.PersonForgotten"):
    """A person is forgotten. Even what a hold keeps of them is not found by searching any more."""

    subject: str


class EntryShredded(View, of="protection.EntryShredded"):
    """One entry was shredded, perhaps a name."""

    destroyed: tuple[KeyGone, ...]


class RetentionApplied(View, of="protection.RetentionApplied"):
    """What was kept long enough has gone, perhaps names."""

    destroyed: tuple[KeyGone, ...]


class PersonEntry(BaseModel):
    """A person who may be meant."""

    model_config = ConfigDict(frozen=True)

    person: PersonId
    names: tuple[NameShown, ...]


class PersonPage(BaseModel):
    """Persons whose names sound like what was asked for, those last registered first."""

    persons: tuple[PersonEntry, ...]
    next: Next


class SearchPersons(Query[PersonPage], context="cases", route="POST /persons/search", roles=HELPERS):
    """Find persons by name, in Lithuanian, French, Russian or English spelling, without regard to case and accents.

    All words have to be found in a person's names, in any order. It is a POST: a name does not belong into a URL.
    """

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        Field(description="One or more words of a name", examples=["Ruta Azuolaite"]),
    ]
    after: After = None
    limit: Limit = 50


class PersonSearch(Projection):
    """An index of names that holds no names."""

    name = "person_search"
    version = 2

    found = table(
        "searched_persons",
        Column("person", String, primary_key=True),
        Column("position", BigInteger),
        Column("names", Text),
        personal=True,
    )
    tokens = table(
        "name_tokens",
        Column("audience", String, primary_key=True),  # a search reads along the rows of who asks, and no others
        Column("token", String, primary_key=True),
        Column("position", BigInteger, primary_key=True),
        Column("person", String),
        personal=True,
    )
    audiences = Audiences("searched")
    cases, people, things = audiences.cases, audiences.people, audiences.things
    made_with = table("name_index_key", Column("one", String, primary_key=True), Column("mark", String))

    def __init__(self, vault: Vault | None = None) -> None:
        self._vault = vault

    def opening_with(self, vault: Vault) -> Projection:
        """This read model opens names while it is filled, to make tokens of them."""
        return PersonSearch(vault)

    @on(NameAdded, NameCorrected)
    def named(self, e: Recorded[NameAdded | NameCorrected], rows: Rows) -> None:
        """A name, or how it is really written."""
        sealed = e.sealed("value")
        value = self._open(sealed) if sealed else None
        if sealed is None or value is None:  # forgotten since
            self._change(rows, e.event.person, e.event.name, None, e.position)
        else:
            self._must_fit(rows)
            made = sorted(self._token(key) for key in keys_of(_text(value)))
            self._change(rows, e.event.person, e.event.name, [sealed, *made], e.position)

    @on(NameRetracted)
    def retracted(self, e: Recorded[NameRetracted], rows: Rows) -> None:
        """Somebody else's name."""
        self._change(rows, e.event.person, e.event.name, None, e.position)

    @on(PersonForgotten)
    def forgotten(self, e: Recorded[PersonForgotten], rows: Rows) -> None:
        """Nothing of them stays in the index."""
        if row := rows.get(self.found, (e.event.subject,)):
            audiences = self.audiences.of(e.event.subject, rows)
            self._write(rows, e.event.subject, row["position"], _rows(audiences, _tokens(_names(row))), set())
            rows.drop(self.found, (e.event.subject,))

    @on(EntryShredded, RetentionApplied)
    def gone(self, e: Recorded[EntryShredded | RetentionApplied], rows: Rows) -> None:
        """Names that cannot be read any more are not found any more."""
        for key in e.event.destroyed:
            if key.keep == Retention.IDENTITY:
                self._change(rows, key.subject, key.record, None, e.position)

    @on(*union_members(Teaming))
    def worked_on(self, e: Recorded[Teaming], rows: Rows) -> None:
        """Others work on a case: whoever belongs to it is for them to find."""
        self._shown_to(self.audiences.worked_on(e, rows), rows)

    @on(*union_members(Tying))
    def tied(self, e: Recorded[Tying], rows: Rows) -> None:
        """Somebody belongs to a case, or to somebody who does."""
        self._shown_to(self.audiences.tied(e, rows), rows)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """One record is not for those to find any more who know of the other."""
        self._shown_to(self.audiences.unlinked(e, rows), rows)

    @on(ImplicatedNamed, ImplicatedCleared)
    def suspected(self, e: Recorded[ImplicatedNamed | ImplicatedCleared], rows: Rows) -> None:
        """Whoever may be the danger is for others to find."""
        self._shown_to(self.audiences.suspected(e, rows), rows)

    def _change(self, rows: Rows, person: str, name: str, value: list[str] | None, position: int) -> None:
        """Set or drop one name of a person; tokens that another of their names has stay."""
        row = rows.get(self.found, (person,))
        names = _names(row) if row else {}
        if value is None and name not in names:
            return
        audiences, at = self.audiences.of(person, rows), row["position"] if row else position
        before = _rows(audiences, _tokens(names))
        if value is None:
            del names[name]
        else:
            names[name] = value
        self._write(rows, person, at, before, _rows(audiences, _tokens(names)))
        rows.put(self.found, person=person, position=at, names=orjson.dumps(names).decode())

    def _shown_to(self, changes: Iterable[Change], rows: Rows) -> None:
        """The names of these people are for others to find now."""
        for person, before, after in changes:
            if row := rows.get(self.found, (person,)):
                tokens = _tokens(_names(row))
                self._write(rows, person, row["position"], _rows(before, tokens), _rows(after, tokens))

    def _write(self, rows: Rows, person: str, at: int, before: set[Entry], after: set[Entry]) -> None:
        for entry in before - after:
            rows.drop(self.tokens, (*entry, at))
        for audience, token in after - before:
            rows.put(self.tokens, audience=audience, token=token, position=at, person=person)

    @answers(SearchPersons)
    def search(self, query: SearchPersons, asking: Asking) -> PersonPage:
        """Read along the tokens of two words, or of the only one; each further word has to be there as well.

        What is read is what is there for the asker, in order and up to a page, so a page costs the same among many as
        among few. The rare person whom the sight hides all the same is passed over, and leaves no gap.
        """
        asked = words(query.name)
        if not asked:
            raise Invalid("There is no letter in this name: give a word of it.")
        if not self._is_current(asking):
            return PersonPage(persons=(), next=None)
        shown: dict[int, str] = {}
        after, wanted = query.after, query.limit + 1
        while missing := wanted - len(shown):
            candidates = self._along(asked, asking, after, missing)
            asking.sight.look_at(candidates.values())
            shown |= {at: person for at, person in candidates.items() if not asking.sight.hides(person)}
            if len(candidates) < missing:
                break
            after = min(candidates)
        page = list(shown.items())[: query.limit]
        found = asking.live(self.found)
        names = select(found).where(found.c.person.in_([person for _, person in page]))
        rows = {row["person"]: row for row in asking.rows(names)}
        return PersonPage(
            persons=tuple(_entry(person, _names(rows[person]), asking) for _, person in page),
            next=page[-1][0] if len(shown) > query.limit else None,
        )

    def _along(self, asked: Sequence[str], asking: Asking, after: int | None, wanted: int) -> dict[int, str]:
        """The next persons by the position of each, those last registered first, from the rows that are for the asker.

        The rows of one audience and one token stand together in this order: each stretch is read from where the last
        page ended, and no further than a page.
        """
        tokens, only_of = asking.live(self.tokens), asking.sight.only_of
        further = [self._all(together(word)) for word in asked[2:]]
        stretches: list[RowMapping] = []
        for audience in (ALL,) if only_of is None else (of_member(only_of), OPEN):
            has = [_has(tokens, audience, any_of) for any_of in further]
            for token in self._all(together(*asked[:2])):
                along = select(tokens).where(tokens.c.audience == audience, tokens.c.token == token, *has)
                if after is not None:
                    along = along.where(tokens.c.position < after)
                stretches += asking.rows(along.order_by(tokens.c.position.desc()).limit(wanted))
        found = {row["position"]: row["person"] for row in stretches}
        return {position: found[position] for position in sorted(found, reverse=True)[:wanted]}

    def _is_current(self, asking: Asking) -> bool:
        """Whether there is anything to find. Raises `Unavailable` if it was made with a key that is gone."""
        rows = asking.rows(select(asking.live(self.made_with)))
        if rows and rows[0]["mark"] != self._mark():
            raise Unavailable("The search was built with a key that is gone: build person_search anew.")
        return bool(rows)

    def _must_fit(self, rows: Rows) -> None:
        """All of an index is made with one key. If that was lost with the key store, the index is built anew."""
        mark, made = self._mark(), rows.get(self.made_with, ("key",))
        if made is None:
            rows.put(self.made_with, one="key", mark=mark)
        elif made["mark"] != mark:
            raise Unavailable("This index was made with a key that is gone: build person_search anew.")

    def _mark(self) -> str:
        return self._token("")

    def _all(self, keys: Iterable[str]) -> list[str]:
        return [self._token(key) for key in keys]

    def _token(self, key: str) -> str:
        vault = self._opener()
        try:
            return vault.fingerprint(key.encode(), [INDEX_KEY])[:TOKEN]
        except NotFound:
            vault.prepare([INDEX_KEY])
            return vault.fingerprint(key.encode(), [INDEX_KEY])[:TOKEN]

    def _open(self, sealed: str) -> PersonName | None:
        found = SealedValue.from_text(sealed)
        value = self._opener().open(found.token, found.place)
        return None if isinstance(value, Hidden) else PersonName.model_validate(value)

    def _opener(self) -> Vault:
        if self._vault is None:
            raise Unavailable("The search opens names to index them: give it the vault (`opening_with`).")
        return self._vault


def _text(name: PersonName) -> str:
    return " ".join(filter(None, (name.given, name.family)))


def _names(row: Mapping[str, Any] | RowMapping) -> dict[str, list[str]]:
    """Of each name, how it is sealed, and its tokens."""
    names: dict[str, list[str]] = orjson.loads(row["names"])
    return names


def _tokens(names: Mapping[str, list[str]]) -> set[str]:
    return {token for _, *tokens in names.values() for token in tokens}


def _rows(audiences: Iterable[str], tokens: Iterable[str]) -> set[Entry]:
    return set(product((ALL, *audiences), tokens))


def _has(tokens: Table, audience: str, any_of: list[str]) -> ColumnElement[bool]:
    """Whether the same person has one of these as well."""
    other = tokens.alias()
    return (
        select(other.c.token)
        .where(other.c.audience == audience, other.c.token.in_(any_of), other.c.position == tokens.c.position)
        .correlate(tokens)
        .exists()
    )


def _entry(person: str, names: Mapping[str, list[str]], asking: Asking) -> PersonEntry:
    shown: list[NameShown] = []
    for name, (sealed, *_) in sorted(names.items()):
        value: PersonName | Redacted = asking.reveal(sealed)
        shown.append(NameShown(name=name, value=value))
    return PersonEntry(person=person, names=tuple(shown))
