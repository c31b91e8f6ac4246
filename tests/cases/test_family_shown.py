"""Families: relationships from both sides, and the help that each had."""

from __future__ import annotations

from services.cases.case.notes import EntryRetracted
from services.cases.case.record import EntryKind
from services.cases.case.support import SupportCorrected
from services.cases.contact import ContactSupportRetracted
from services.cases.link import RecordsLinked
from services.cases.projections.family import HelpGiven, ListLinkedRecords
from services.cases.relationship import (
    RelationshipCorrected,
    RelationshipEnded,
    RelationshipKind,
    RelationshipRetracted,
)
from services.cases.vocabulary import ServiceKind
from shared.messages import Role
from tests.cases.centre import LINKED, SUPPORTED, TWIN, UNLINKED, Centre, sibling
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    CASE,
    DAY,
    PERSON,
    SISTER,
    SUPPORT,
    an_id,
    registered,
)
from tests.cases.missing import BROTHER, STRANGER
from tests.cases.test_contact import ANONYMOUS, CALLED, CONTACT, HELPED
from tests.cases.test_relationship import RELATIONSHIP, SIBLINGS


def test_a_relationship_is_seen_from_both_sides(centre: Centre) -> None:
    parent = {"kind": RelationshipKind.PARENT, "inverse": RelationshipKind.CHILD}
    centre.happened(SIBLINGS.model_copy(update=parent))
    (here,), (there,) = centre.family(PERSON).members, centre.family(SISTER).members
    assert (here.person, here.kind, here.of) == (SISTER, RelationshipKind.PARENT, PERSON)
    assert (there.person, there.kind, there.of) == (PERSON, RelationshipKind.CHILD, SISTER)


def test_a_relationship_is_shown_as_it_is_after_a_correction_an_end_and_a_retraction(centre: Centre) -> None:
    corrected = RelationshipCorrected.model_validate(
        SIBLINGS.model_dump() | {"kind": "cousin", "inverse": "cousin", "note": "By marriage."}
    )
    centre.happened(registered(), SIBLINGS, corrected)
    (member,) = centre.family().members
    assert (member.kind, member.note) == (RelationshipKind.COUSIN, "By marriage.")
    centre.happened(RelationshipEnded(relationship=RELATIONSHIP, person=PERSON, relative=SISTER, occurred="2006"))
    assert centre.family().members[0].until == "2006"
    centre.happened(RelationshipRetracted(relationship=RELATIONSHIP, person=PERSON, relative=SISTER))
    assert centre.family().members == ()


def test_the_help_that_each_of_a_family_had_is_beside_them(centre: Centre) -> None:
    call = HELPED.model_copy(update={"person": SISTER, "support": an_id(72), "kind": ServiceKind.LEGAL})
    own = SUPPORTED.model_copy(update={"person": PERSON, "support": an_id(73)})
    second = SUPPORTED.model_copy(update={"support": an_id(74), "minutes": 20})
    centre.happened(SIBLINGS, SUPPORTED, second, own, ANONYMOUS, call)
    family = centre.family()
    assert family.members[0].help == (
        HelpGiven(kind=ServiceKind.CRISIS, services=2, minutes=50),
        HelpGiven(kind=ServiceKind.LEGAL, services=1, minutes=40),
    )
    assert family.help == (HelpGiven(kind=ServiceKind.CRISIS, services=1, minutes=30),)


def test_help_counts_as_it_was_corrected_and_not_where_it_was_taken_back(centre: Centre) -> None:
    corrected = SupportCorrected.model_validate(SUPPORTED.model_dump() | {"minutes": 45})
    centre.happened(SIBLINGS, SUPPORTED, corrected)
    assert centre.family().members[0].help[0].minutes == 45
    centre.happened(EntryRetracted(case=CASE, entry=SUPPORT, kind=EntryKind.SUPPORT, about=SISTER))
    assert centre.family().members[0].help == ()
    centre.happened(CALLED, HELPED.model_copy(update={"person": SISTER}))
    assert centre.family().members[0].help[0].minutes == 40
    centre.happened(ContactSupportRetracted(contact=CONTACT, support=SUPPORT))
    assert centre.family().members[0].help == ()


def test_a_family_is_shown_page_by_page(centre: Centre) -> None:
    centre.happened(*(sibling(200 + number, an_id(300 + number)) for number in range(5)))
    seen, after = [], None
    while True:
        page = centre.family(limit=2, after=after)
        seen += [member.person for member in page.members]
        if (after := page.next) is None:
            break
    assert seen == [an_id(300 + number) for number in range(5)]


def test_the_family_of_linked_records_is_that_of_the_person_until_the_link_is_dissolved(centre: Centre) -> None:
    other = sibling(201, BROTHER, person=TWIN)
    centre.happened(SIBLINGS, other, SUPPORTED.model_copy(update={"person": TWIN}), LINKED)
    family = centre.family()
    assert family.records == (PERSON, TWIN)
    assert [(member.person, member.of) for member in family.members] == [(SISTER, PERSON), (BROTHER, TWIN)]
    assert family.help[0].services == 1
    centre.happened(UNLINKED)
    assert [member.person for member in centre.family().members] == [SISTER]
    assert [member.person for member in centre.family(TWIN).members] == [BROTHER]


def test_records_are_linked_through_others_too(centre: Centre) -> None:
    through = RecordsLinked(link=an_id(75), first=STRANGER, second=TWIN, grounds="The scar.", occurred=DAY)
    centre.happened(registered(), LINKED, through)
    assert centre.records(PERSON) == (PERSON, STRANGER, TWIN)
    assert centre.records(STRANGER) == (STRANGER, PERSON, TWIN)
    answer = centre.ask(ListLinkedRecords(person=PERSON), Role.CASEWORKER)
    assert {link.grounds for link in answer.links} == {"Same passport.", "The scar."}
    centre.happened(UNLINKED)
    assert centre.records(PERSON) == (PERSON,)
