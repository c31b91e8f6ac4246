"""The safety sheet of a case, on one page: whom to call, what never to do, what to avoid tonight.

It opens even where the access log cannot be written: the record of who saw it then waits in a spool. Where the shelter
is, and who is kept apart from whom in it, is not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, RowMapping, String, Text, or_, select

from services.cases.case.assessment import AssessmentCorrected, RiskAssessed, RiskFactor, RiskLevel
from services.cases.case.closing import CaseClosed, CaseReopened
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened, OpeningCorrected
from services.cases.case.notes import EntryRetracted
from services.cases.case.record import CaseKind
from services.cases.disappearance.finding import FindingRetracted, MissingPersonFound, WishesRecorded
from services.cases.disappearance.record import FoundAs, Learns
from services.cases.disappearance.reporting import DisappearanceReported, ImplicatedCleared, ImplicatedNamed
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.person.age import AgeDetermined, BirthDateCorrected, BirthDateRecorded, findings_end
from services.cases.person.checking import WayDoubted
from services.cases.person.contact import SafeContactAgreed, SafeContactCorrected
from services.cases.person.names import NameAdded, NameCorrected, NameRetracted
from services.cases.projections import safe_contact
from services.cases.projections.linked import same_people
from services.cases.projections.person_files import NameShown
from services.cases.projections.safe_contact import SafeContactShown
from services.cases.relationship import (
    RelationshipCorrected,
    RelationshipEnded,
    RelationshipKind,
    RelationshipRecorded,
    RelationshipRetracted,
)
from services.cases.vocabulary import HELPERS, CaseId, PersonId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table


class PersonOnSheet(BaseModel):
    """Who they are, and how they can be reached without putting them in danger."""

    model_config = ConfigDict(frozen=True)

    person: PersonId
    names: tuple[NameShown, ...]
    treated_as_child: bool = Field(description="Until it is shown that they are an adult")
    safe_contact: SafeContactShown | None = Field(
        description="Channels with their hours, the code word, and what is never to be used; null: nothing was agreed, "
        "so do not call"
    )


class RelativeOnSheet(BaseModel):
    """One of the family who may be called."""

    model_config = ConfigDict(frozen=True)

    kind: RelationshipKind = Field(description="What they are to the person")
    relative: PersonOnSheet


class NeverTold(BaseModel):
    """Somebody who must learn nothing. Their names are for those who may know of their record."""

    model_config = ConfigDict(frozen=True)

    person: PersonId
    names: tuple[NameShown, ...]


class Danger(BaseModel):
    """How much danger the person is in, by the last assessment that stands."""

    model_config = ConfigDict(frozen=True)

    level: RiskLevel | Redacted
    factors: tuple[RiskFactor, ...] | Redacted
    assessed: str = Field(description="When (EDTF)", examples=["2008-10-02"])


class MissedOnSheet(BaseModel):
    """How a search stands, and what the family may learn."""

    model_config = ConfigDict(frozen=True)

    disappearance: str
    found: FoundAs | None
    family_learns: Learns | None = Field(
        description="The most that a found adult lets the family learn; null: nothing, before they were asked"
    )


class SafetySheet(BaseModel):
    """What somebody on duty has to know of a case before they pick up the telephone."""

    case: CaseId
    kind: CaseKind
    closed: bool
    worker: str | None = Field(description="Whom to call at the centre: the responsible worker, by pseudonym")
    person: PersonOnSheet
    linked: tuple[PersonOnSheet, ...] = Field(
        description="Other records of the same person: what must never be used there must not be used at all"
    )
    danger: Danger | None = Field(description="Null: nobody has assessed it, so assume the worst")
    never_tell: tuple[NeverTold, ...] = Field(
        description="Who may be the danger, and whom the person has named, with every record of theirs: never tell "
        "them anything, not even that the person is known here"
    )
    may_be_called: tuple[RelativeOnSheet, ...] = Field(
        description="Family, without those who must never be told anything"
    )
    searches: tuple[MissedOnSheet, ...]


class GetSafetySheet(Query[SafetySheet], context="cases", route="GET /cases/{case}/safety-sheet", roles=HELPERS):
    """Whom to call, what never to do, what to avoid tonight. Opens even if the access log fails."""

    opens_regardless: ClassVar[bool] = True

    case: CaseId


class SafetySheets(Projection):
    """What it takes to write the sheet of any case."""

    name = "safety_sheets"
    version = 3

    cases = table(
        "sheet_cases",
        Column("case", String, primary_key=True),
        Column("person", String),
        Column("kind", String),
        Column("worker", String),
        Column("closed", Boolean),
    )
    dangers = table(
        "sheet_dangers",
        Column("case", String, primary_key=True),
        Column("assessment", String, primary_key=True),
        Column("position", BigInteger),
        Column("level", Text),
        Column("factors", Text),
        Column("assessed", String),
    )
    people = table(
        "sheet_people",
        Column("person", String, primary_key=True),
        Column("born_adult", Boolean),
        Column("found_adult", Boolean),
        *safe_contact.columns(),
    )
    names = table(
        "sheet_names",
        Column("person", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("value", Text),
    )
    relatives = table(
        "sheet_relatives",
        Column("relationship", String, primary_key=True),
        Column("person", String),
        Column("relative", String),
        Column("kind", String),
        Column("inverse", String),
        Column("ended", Boolean),
        Index("sheet_relatives_of_person", "person"),
        Index("sheet_relatives_of_relative", "relative"),
    )
    searches = table(
        "sheet_searches",
        Column("disappearance", String, primary_key=True),
        Column("person", String),
        Column("found", String),
        Column("family_learns", String),
        Index("sheet_searches_of_person", "person"),
    )
    implicated = table(
        "sheet_implicated",
        Column("disappearance", String, primary_key=True),
        Column("suspect", String, primary_key=True),
    )

    links = table(
        "sheet_links",
        Column("link", String, primary_key=True),
        Column("first", String),
        Column("second", String),
        Index("sheet_links_by_first", "first"),
        Index("sheet_links_by_second", "second"),
    )

    @on(CaseOpened)
    def opened(self, e: Recorded[CaseOpened], rows: Rows) -> None:
        """A case."""
        rows.put(self.cases, case=e.event.case, person=e.event.person, kind=e.event.kind, worker=None, closed=False)

    @on(OpeningCorrected)
    def opening_corrected(self, e: Recorded[OpeningCorrected], rows: Rows) -> None:
        """It is of another kind."""
        rows.change(self.cases, (e.event.case,), kind=e.event.kind)

    @on(CaseAssigned, CaseHandedOver, CaseReopened)
    def assigned(self, e: Recorded[CaseAssigned | CaseHandedOver | CaseReopened], rows: Rows) -> None:
        """Whose it is."""
        rows.change(self.cases, (e.event.case,), worker=e.event.worker, closed=False)

    @on(CaseClosed)
    def closed(self, e: Recorded[CaseClosed], rows: Rows) -> None:
        """Nobody's any more; the sheet still opens."""
        rows.change(self.cases, (e.event.case,), worker=None, closed=True)

    @on(RiskAssessed)
    def assessed(self, e: Recorded[RiskAssessed], rows: Rows) -> None:
        """How much danger they are in."""
        rows.put(
            self.dangers,
            case=e.event.case,
            assessment=e.event.assessment,
            position=e.position,
            level=e.sealed("level"),
            factors=e.sealed("factors"),
            assessed=e.event.occurred,
        )

    @on(AssessmentCorrected)
    def assessment_corrected(self, e: Recorded[AssessmentCorrected], rows: Rows) -> None:
        """How much it really was."""
        rows.change(
            self.dangers,
            (e.event.case, e.event.assessment),
            level=e.sealed("level"),
            factors=e.sealed("factors"),
            assessed=e.event.occurred,
        )

    @on(EntryRetracted)
    def retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """An assessment in the wrong file, perhaps: the one before counts again."""
        rows.drop(self.dangers, (e.event.case, e.event.entry))

    @on(NameAdded, NameCorrected)
    def named(self, e: Recorded[NameAdded | NameCorrected], rows: Rows) -> None:
        """A name."""
        rows.put(self.names, person=e.event.person, name=e.event.name, value=e.sealed("value"))

    @on(NameRetracted)
    def name_retracted(self, e: Recorded[NameRetracted], rows: Rows) -> None:
        """Somebody else's name."""
        rows.drop(self.names, (e.event.person, e.event.name))

    @on(BirthDateRecorded, BirthDateCorrected)
    def born(self, e: Recorded[BirthDateRecorded | BirthDateCorrected], rows: Rows) -> None:
        """Whether papers show that they are an adult."""
        changed: dict[str, Any] = {"born_adult": e.event.shows_adult}
        self._know(rows, e.event.person, changed | ({"found_adult": None} if findings_end(e.event.source) else {}))

    @on(AgeDetermined)
    def age_determined(self, e: Recorded[AgeDetermined], rows: Rows) -> None:
        """Whether somebody found that they are."""
        self._know(rows, e.event.person, {"found_adult": e.event.adult})

    @on(SafeContactAgreed, SafeContactCorrected)
    def safe_contact_agreed(self, e: Recorded[SafeContactAgreed | SafeContactCorrected], rows: Rows) -> None:
        """How they can be reached."""
        self._know(rows, e.event.person, safe_contact.agreed(e))

    @on(WayDoubted)
    def doubted(self, e: Recorded[WayDoubted], rows: Rows) -> None:
        """Somebody else answered there."""
        known = rows.get(self.people, (e.event.person,))
        self._know(rows, e.event.person, safe_contact.doubted(known, e.event.by_means))

    def _know(self, rows: Rows, person: str, changed: dict[str, Any]) -> None:
        known = dict(rows.get(self.people, (person,)) or {"person": person, "born_adult": False})
        rows.put(self.people, **known | changed)

    @on(RelationshipRecorded, RelationshipCorrected)
    def related(self, e: Recorded[RelationshipRecorded | RelationshipCorrected], rows: Rows) -> None:
        """Who belongs to whom."""
        event = e.event
        rows.put(
            self.relatives,
            relationship=event.relationship,
            person=event.person,
            relative=event.relative,
            kind=event.kind,
            inverse=event.inverse,
            ended=event.until is not None,
        )

    @on(RelationshipEnded)
    def relationship_ended(self, e: Recorded[RelationshipEnded], rows: Rows) -> None:
        """Not any more: nobody is called on the strength of it."""
        rows.change(self.relatives, (e.event.relationship,), ended=True)

    @on(RelationshipRetracted)
    def relationship_retracted(self, e: Recorded[RelationshipRetracted], rows: Rows) -> None:
        """It never was."""
        rows.drop(self.relatives, (e.event.relationship,))

    @on(DisappearanceReported)
    def missed(self, e: Recorded[DisappearanceReported], rows: Rows) -> None:
        """They are missed."""
        rows.put(self.searches, disappearance=e.event.disappearance, person=e.event.person)

    @on(MissingPersonFound)
    def found(self, e: Recorded[MissingPersonFound], rows: Rows) -> None:
        """They are found."""
        rows.change(self.searches, (e.event.disappearance,), found=e.event.how)

    @on(FindingRetracted)
    def finding_retracted(self, e: Recorded[FindingRetracted], rows: Rows) -> None:
        """They are not, after all."""
        rows.change(self.searches, (e.event.disappearance,), found=None, family_learns=None)

    @on(WishesRecorded)
    def wished(self, e: Recorded[WishesRecorded], rows: Rows) -> None:
        """What the family may learn."""
        rows.change(self.searches, (e.event.disappearance,), family_learns=e.event.family_learns)

    @on(ImplicatedNamed)
    def implicated_named(self, e: Recorded[ImplicatedNamed], rows: Rows) -> None:
        """Who may be the danger."""
        rows.put(self.implicated, disappearance=e.event.disappearance, suspect=e.event.suspect)

    @on(ImplicatedCleared)
    def implicated_cleared(self, e: Recorded[ImplicatedCleared], rows: Rows) -> None:
        """And is not, after all."""
        rows.drop(self.implicated, (e.event.disappearance, e.event.suspect))

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records of one person: what is said of either holds for both."""
        rows.put(self.links, link=e.event.link, first=e.event.first, second=e.event.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """They are of two."""
        rows.drop(self.links, (e.event.link,))

    @answers(GetSafetySheet)
    def get_sheet(self, query: GetSafetySheet, asking: Asking) -> SafetySheet:
        """One page, from what holds now."""
        cases, dangers = asking.live(self.cases), asking.live(self.dangers)
        found = asking.rows(select(cases).where(cases.c.case == query.case))
        if not found:
            raise NotFound("There is no such case.")
        case = found[0]
        last = select(dangers).where(dangers.c.case == query.case).order_by(dangers.c.position.desc()).limit(1)
        person = case["person"]
        records = same_people([person], self.links, asking)
        searches = self._searches(records, asking)
        known = self._known(records, asking)
        people = tuple(self._person(one, known.get(one), asking) for one in (person, *sorted(records - {person})))
        suspects = self._suspects([row["disappearance"] for row in searches], asking)
        # What is withheld or forgotten of what a person agreed bars whom they named all the same; it names nobody.
        barred = suspects | {other for row in known.values() for other in row["never_tell"] or ()}
        named = suspects | {other for one in people if one.safe_contact for other in one.safe_contact.never_tell}
        never_tell = same_people(barred, self.links, asking)
        told_of = never_tell if named == barred else same_people(named, self.links, asking)
        return SafetySheet(
            case=case["case"],
            kind=case["kind"],
            closed=case["closed"],
            worker=case["worker"],
            person=people[0],
            linked=people[1:],
            danger=next((_danger(row, asking) for row in asking.rows(last)), None),
            never_tell=tuple(NeverTold(person=one, names=self._names(one, asking)) for one in sorted(told_of)),
            may_be_called=self._relatives(records, never_tell, asking),
            searches=tuple(
                MissedOnSheet(
                    disappearance=row["disappearance"], found=row["found"], family_learns=row["family_learns"]
                )
                for row in searches
            ),
        )

    def _known(self, records: Iterable[str], asking: Asking) -> dict[str, RowMapping]:
        people = asking.live(self.people)
        return {row["person"]: row for row in asking.rows(select(people).where(people.c.person.in_(records)))}

    def _person(self, person: str, row: RowMapping | None, asking: Asking) -> PersonOnSheet:
        adult = row is not None and (row["born_adult"] if row["found_adult"] is None else row["found_adult"])
        return PersonOnSheet(
            person=person,
            names=self._names(person, asking),
            treated_as_child=not adult,
            safe_contact=safe_contact.shown(row, asking),
        )

    def _names(self, person: str, asking: Asking) -> tuple[NameShown, ...]:
        names = asking.live(self.names)
        named = asking.rows(select(names).where(names.c.person == person).order_by(names.c.name))
        return tuple(NameShown(name=one["name"], value=asking.reveal(one["value"])) for one in named)

    def _relatives(self, records: set[str], never_tell: set[str], asking: Asking) -> tuple[RelativeOnSheet, ...]:
        relatives = asking.live(self.relatives)
        of_person = select(relatives).where(
            or_(relatives.c.person.in_(records), relatives.c.relative.in_(records)), relatives.c.ended.is_(False)
        )
        seen_from_here = [
            (row["relative"], row["kind"]) if row["person"] in records else (row["person"], row["inverse"])
            for row in asking.rows(of_person.order_by(relatives.c.relationship))
        ]
        called = [(other, kind) for other, kind in seen_from_here if other not in never_tell]
        known = self._known({other for other, _ in called}, asking)
        return tuple(
            RelativeOnSheet(kind=kind, relative=self._person(other, known.get(other), asking)) for other, kind in called
        )

    def _searches(self, records: set[str], asking: Asking) -> list[RowMapping]:
        searches = asking.live(self.searches)
        of_person = select(searches).where(searches.c.person.in_(records))
        return list(asking.rows(of_person.order_by(searches.c.disappearance)))

    def _suspects(self, disappearances: list[str], asking: Asking) -> set[str]:
        implicated = asking.live(self.implicated)
        of_these = select(implicated.c.suspect).where(implicated.c.disappearance.in_(disappearances))
        return {row["suspect"] for row in asking.rows(of_these)}


def _danger(row: RowMapping, asking: Asking) -> Danger:
    return Danger(level=asking.reveal(row["level"]), factors=asking.reveal(row["factors"]), assessed=row["assessed"])
