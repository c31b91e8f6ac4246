"""What is not somebody's to know of is not there for them: the same answer, for every query and every command."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import time
from typing import Any
from uuid import uuid4

import pytest

from services import cases, rehabilitation
from services.cases.case.closing import CaseClosed, ReopenCase
from services.cases.case.intake import AssignCase, CaseHandedOver, CaseOpened, Channel, HandOverCase, OpenCase
from services.cases.case.notes import AddNote
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.team import AddToTeam, RemoveFromTeam, TeamJoined
from services.cases.link import LinkRecords, RecordsLinked
from services.cases.message import RequestMessage
from services.cases.person.channels import WEEK, ChannelKind, ContactChannel, SafeTime
from services.cases.person.checking import WhyUnsafe
from services.cases.person.contact import AgreeSafeContact
from services.cases.projections.case_files import GetCase, ListCases
from services.cases.projections.circles import ShowTeam
from services.cases.projections.disappearances import GetDisappearance, ShowBoard
from services.cases.projections.family import GetFamily
from services.cases.projections.outbox import GetEffect, ListOutbox
from services.cases.projections.person_files import GetPerson
from services.cases.projections.person_search import SearchPersons
from services.cases.projections.safety_sheet import GetSafetySheet
from services.cases.relationship import RecordRelationship, RelationshipKind
from services.gateway.team_sight import EVERY_CASE
from services.rehabilitation.projections.programmes import GetProgramme, ListProgrammes
from shared.errors import ForgetMeNotError, NotFound
from shared.messages import Command, Origin, Query, Role
from shared.projections.declaration import Redacted
from shared.wire import answer_adapter, read_command, read_query
from tests.cases.examples import CASE, DAY, PERSON, SISTER, an_id
from tests.cases.missing import BROTHER, DISAPPEARANCE
from tests.gateway.knowing import FACTS, NOBODY_S, OF_THE_CASE, PROGRAMME, TWIN, Knowing
from tests.golden.record import _sample

CONTEXTS = (cases.context, rehabilitation.context)
OTHER_CASE = an_id(310)
TEAM = "w-1"
STRANGER = "w-8"


@pytest.fixture(scope="module")
def shared_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowing]:
    """For tests that change nothing."""
    knowing = Knowing(tmp_path_factory.mktemp("knowing"))
    knowing.happened(*FACTS)
    yield knowing
    knowing.close()


@pytest.fixture
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowing]:
    """For tests that do."""
    knowing = Knowing(tmp_path_factory.mktemp("knowing"))
    knowing.happened(*FACTS)
    yield knowing
    knowing.close()


def roles_of(kind: type[Command] | type[Query[Any]]) -> list[Role]:
    """The roles in which somebody may use it who does not know of every case."""
    return sorted(kind.roles - EVERY_CASE - {Role.PARTNER})


def fields_of(kind: type[Command] | type[Query[Any]], **given: Any) -> dict[str, Any]:
    """What it takes to send one, by its own examples."""
    schema = kind.model_json_schema(mode="validation")
    required = {
        name: _sample(schema["properties"][name], schema.get("$defs", {})) for name in schema.get("required", ())
    }
    return required | given


COMMANDS = [
    (kind, decider.key, role)
    for context in CONTEXTS
    for decider in context.deciders
    for kind in decider.command_types()
    for role in roles_of(kind)
    if decider.key in OF_THE_CASE and decider.key not in kind.new_ids() and decider.key in kind.model_fields
]
QUERIES = [
    (kind, field, role)
    for context in CONTEXTS
    for kind in context.queries()
    for field in kind.model_fields
    for role in roles_of(kind)
    if field in OF_THE_CASE and not (role is Role.DUTY_OFFICER and kind in {ListCases, ShowBoard})
]
ASKABLE = [
    (kind, role)
    for context in CONTEXTS
    for kind in context.queries()
    for role in roles_of(kind)
    if not (role is Role.DUTY_OFFICER and kind in {ListCases, ShowBoard, SearchPersons})
]


def outcome(centre: Knowing, message: Command | Query[Any], actor: str, role: Role) -> Any:
    """What is answered, in the terms of JSON: a problem, a receipt, or an answer."""
    origin = Origin(actor, frozenset({role}))
    try:
        if isinstance(message, Query):
            return answer_adapter(type(message)).dump_python(centre.bus.ask(message, origin).answer, mode="json")
        return centre.send(message, role, actor=actor).events
    except ForgetMeNotError as error:
        return type(error).__name__, str(error), error.facts


def test_the_catalogue_is_all_there() -> None:
    """A field that names somebody's record has an example of it here, so that nothing new is left out unseen."""
    keys = {decider.key for context in CONTEXTS for decider in context.deciders}
    of_no_case = {"access", "centre", "which", "tension", "counsel", "book", "worker"}
    assert keys == (keys & OF_THE_CASE.keys()) | of_no_case
    assert len(COMMANDS) > 150 and len(QUERIES) > 40


@pytest.mark.parametrize(("kind", "key", "role"), COMMANDS)
def test_a_command_for_a_hidden_record_is_answered_as_for_one_that_is_not_there(
    shared_centre: Knowing, kind: type[Command], key: str, role: Role
) -> None:
    hidden, absent = (
        outcome(shared_centre, read_command(kind, fields_of(kind, **{key: of})), STRANGER, role)
        for of in (OF_THE_CASE[key], NOBODY_S)
    )
    assert hidden == absent
    assert hidden[0] in {"NotFound", "DomainError"}


def test_a_command_that_may_be_for_a_hidden_record_is_never_begun_before_that_was_looked_at(centre: Knowing) -> None:
    def begun(command: Command, role: Role) -> bool:
        given = Origin(STRANGER, frozenset({role}))
        told = threading.Event()
        began = centre.bus.begin(command, given, lambda _: told.set(), command_id=uuid4())
        return began and told.wait(10)

    join = AddToTeam(case=CASE, member="law-2", occurred=DAY)
    centre.sent(join, TEAM, Role.SUPERVISOR)  # what is remembered of the case is all that it takes
    leave = RemoveFromTeam(case=CASE, member="law-2", occurred=DAY)
    assert not begun(leave, Role.CASEWORKER)
    assert begun(leave, Role.SUPERVISOR)
    new = OpenCase(kind=CaseKind.FAMILY_SUPPORT, channel=Channel.TELEPHONE, person=PERSON, occurred=DAY)
    assert begun(new, Role.CASEWORKER)


@pytest.mark.parametrize(("kind", "field", "role"), QUERIES)
def test_a_query_that_names_a_hidden_record_is_answered_as_for_one_that_is_not_there(
    shared_centre: Knowing, kind: type[Query[Any]], field: str, role: Role
) -> None:
    hidden, absent = (
        outcome(shared_centre, read_query(kind, fields_of(kind, **{field: of})), STRANGER, role)
        for of in (OF_THE_CASE[field], NOBODY_S)
    )
    assert hidden == absent


@pytest.mark.parametrize(("kind", "role"), ASKABLE)
def test_no_answer_to_a_stranger_shows_anything_of_the_case(
    shared_centre: Knowing, kind: type[Query[Any]], role: Role
) -> None:
    given = {"name": "Rūta Ąžuolaitė"} if kind is SearchPersons else {}
    told = str(outcome(shared_centre, read_query(kind, fields_of(kind, **given)), STRANGER, role))
    assert not set(re.findall(r"[0-9a-f-]{36}", told)) & {*OF_THE_CASE.values(), BROTHER}
    assert "Rūta" not in told


@pytest.mark.parametrize(
    "query",
    [
        GetCase(case=CASE),
        ShowTeam(case=CASE),
        GetSafetySheet(case=CASE),
        GetPerson(person=PERSON),
        GetPerson(person=SISTER),
        GetPerson(person=BROTHER),
        GetFamily(person=PERSON),
        GetDisappearance(disappearance=DISAPPEARANCE),
        GetProgramme(programme=PROGRAMME),
    ],
    ids=lambda query: type(query).__name__,
)
def test_the_team_sees_its_case_and_so_does_a_supervisor_but_nobody_else(
    shared_centre: Knowing, query: Query[Any]
) -> None:
    assert shared_centre.asked(query, TEAM)
    assert shared_centre.asked(query, STRANGER, Role.SUPERVISOR)
    with pytest.raises(NotFound):
        shared_centre.asked(query, STRANGER)


def test_lists_show_the_team_its_own(shared_centre: Knowing) -> None:
    assert [entry.case for entry in shared_centre.asked(ListCases(), TEAM).cases] == [CASE]
    assert [entry.programme for entry in shared_centre.asked(ListProgrammes(), TEAM).programmes] == [PROGRAMME]
    (found,) = shared_centre.asked(SearchPersons(name="Ruta"), TEAM).persons
    assert found.person == PERSON


def test_who_joins_the_team_sees_the_case_until_they_leave_it(centre: Knowing) -> None:
    centre.sent(AddToTeam(case=CASE, member="law-2", occurred=DAY), TEAM)
    assert centre.asked(GetCase(case=CASE), "law-2", Role.LAWYER).case.case == CASE
    centre.sent(RemoveFromTeam(case=CASE, member="law-2", occurred=DAY), TEAM)
    with pytest.raises(NotFound, match=r"There is no such case\."):
        centre.asked(GetCase(case=CASE), "law-2", Role.LAWYER)


def test_who_joined_a_moment_ago_may_work_at_once(centre: Knowing) -> None:
    """The read model is behind: the guard waits for it before it says no."""
    centre.sent(AddToTeam(case=CASE, member="psy-1", occurred=DAY), TEAM)
    note = AddNote(case=CASE, about=PERSON, text="Slept well.", occurred=DAY)
    assert centre.sent(note, "psy-1", Role.PSYCHOLOGIST).events == ("cases.NoteAdded",)


def test_who_took_a_case_in_knows_it_until_it_is_somebody_s(centre: Knowing) -> None:
    intake = OpenCase(case=OTHER_CASE, kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=TWIN, occurred=DAY)
    centre.sent(intake, "d-1", Role.DUTY_OFFICER)
    assert centre.asked(GetCase(case=OTHER_CASE), "d-1", Role.DUTY_OFFICER)
    centre.sent(AssignCase(case=OTHER_CASE, worker="w-3", occurred=DAY), "s-1", Role.SUPERVISOR)
    assert centre.asked(GetCase(case=OTHER_CASE), "w-3")
    with pytest.raises(NotFound):
        centre.asked(GetCase(case=OTHER_CASE), "d-1", Role.DUTY_OFFICER)


def test_who_hands_a_case_over_does_not_see_it_any_more_unless_they_are_of_its_team(centre: Knowing) -> None:
    centre.sent(HandOverCase(case=CASE, giver=TEAM, worker="w-3", occurred=DAY), TEAM)
    with pytest.raises(NotFound):
        centre.asked(GetCase(case=CASE), TEAM)
    centre.sent(AddToTeam(case=CASE, member=TEAM, occurred=DAY), "w-3")
    assert [one.member for one in centre.asked(ShowTeam(case=CASE), TEAM).members] == [TEAM, "w-3"]


def test_a_closed_case_stays_its_team_s_and_a_new_worker_has_it_once_it_is_reopened(centre: Knowing) -> None:
    closed = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
    centre.happened((f"case-{CASE}", closed))
    assert centre.asked(GetCase(case=CASE), TEAM)
    reopen = ReopenCase(case=CASE, person=PERSON, worker="w-3", grounds="Called again.", occurred=DAY)
    centre.sent(reopen, "s-1", Role.SUPERVISOR)
    assert centre.asked(GetCase(case=CASE), "w-3")
    with pytest.raises(NotFound):
        centre.asked(GetCase(case=CASE), TEAM)


def test_what_belongs_to_no_case_is_open_by_role(centre: Knowing) -> None:
    centre.sent(read_command(cases.person.names.RegisterPerson, {"person": TWIN, "occurred": DAY}), STRANGER)
    assert centre.asked(GetPerson(person=TWIN), "w-9").person == TWIN


# Break-glass


def test_broken_glass_opens_everything_of_the_case_to_who_broke_it(centre: Knowing) -> None:
    asked: tuple[Query[Any], ...] = (
        GetCase(case=CASE),
        GetSafetySheet(case=CASE),
        GetPerson(person=PERSON),
        GetFamily(person=PERSON),
        GetDisappearance(disappearance=DISAPPEARANCE),
        GetProgramme(programme=PROGRAMME),
    )
    for query in asked:
        with pytest.raises(NotFound):
            centre.asked(query, "d-1", Role.DUTY_OFFICER)
    centre.broke_glass("d-1")
    for query in asked:
        assert centre.asked(query, "d-1", Role.DUTY_OFFICER)
        with pytest.raises(NotFound):
            centre.asked(query, "d-2", Role.DUTY_OFFICER)


def test_somebody_on_duty_finds_a_case_by_codes_and_sees_names_once_they_broke_the_glass(centre: Knowing) -> None:
    def found() -> Any:
        return centre.asked(SearchPersons(name="ruta azuolaite"), "d-1", Role.DUTY_OFFICER).persons

    assert [one.names[0].value for one in found()] == [Redacted(hidden="withheld")]
    assert [one.case for one in centre.asked(ListCases(person=PERSON), "d-1", Role.DUTY_OFFICER).cases] == [CASE]
    centre.broke_glass("d-1")
    assert [one.names[0].value.given for one in found()] == ["Rūta"]


# The compartment of suspects


def test_a_suspect_s_record_is_in_a_compartment_that_broken_glass_does_not_open(centre: Knowing) -> None:
    centre.broke_glass("d-1")
    with pytest.raises(NotFound):
        centre.asked(GetPerson(person=BROTHER), "d-1", Role.DUTY_OFFICER)
    assert centre.asked(SearchPersons(name="Tomas"), "d-1", Role.DUTY_OFFICER).persons == ()
    shown = centre.asked(GetDisappearance(disappearance=DISAPPEARANCE), "d-1", Role.DUTY_OFFICER)
    why = [line.said["grounds"] for line in shown.timeline if line.what == "ImplicatedNamed"]
    assert why == [Redacted(hidden="withheld")]
    assert centre.asked(GetPerson(person=BROTHER), TEAM).names[0].value.given == "Tomas"


def test_a_suspect_who_is_a_relative_in_another_case_is_hidden_from_that_case_s_team(centre: Knowing) -> None:
    other = CaseOpened(
        case=OTHER_CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.WALK_IN, person=TWIN, occurred=DAY
    )
    centre.happened(
        (f"case-{OTHER_CASE}", other), (f"case-{OTHER_CASE}", TeamJoined(case=OTHER_CASE, member="w-5", occurred=DAY))
    )
    related = RecordRelationship(person=TWIN, relative=BROTHER, kind=RelationshipKind.SPOUSE)
    centre.sent(related, "s-1", Role.SUPERVISOR)
    assert centre.asked(GetFamily(person=TWIN), "w-5").members[0].person == BROTHER
    assert centre.asked(SearchPersons(name="Tomas"), "w-5").persons == ()
    with pytest.raises(NotFound):
        centre.asked(GetPerson(person=BROTHER), "w-5")


# Nobody opens a record for themselves


def test_a_relationship_that_a_stranger_records_does_not_open_the_other_end_to_them(centre: Knowing) -> None:
    own = OpenCase(case=OTHER_CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.WALK_IN, person=TWIN, occurred=DAY)
    centre.sent(own, STRANGER)
    for other in (SISTER, PERSON, BROTHER):
        centre.sent(RecordRelationship(person=TWIN, relative=other, kind=RelationshipKind.SIBLING), STRANGER)
        with pytest.raises(NotFound):
            centre.asked(GetPerson(person=other), STRANGER)


def test_nor_does_a_link(centre: Knowing) -> None:
    own = OpenCase(case=OTHER_CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.WALK_IN, person=TWIN, occurred=DAY)
    centre.sent(own, STRANGER)
    centre.sent(LinkRecords(first=TWIN, second=PERSON, grounds="Looks alike.", occurred=DAY), STRANGER)
    with pytest.raises(NotFound):
        centre.asked(GetPerson(person=PERSON), STRANGER)


def test_a_record_that_somebody_else_linked_is_open_to_the_team_of_either_case(centre: Knowing) -> None:
    other = CaseOpened(
        case=OTHER_CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.WALK_IN, person=TWIN, occurred=DAY
    )
    theirs = CaseHandedOver(case=OTHER_CASE, giver="w-1", worker="w-5", occurred=DAY)
    linked = RecordsLinked(link=an_id(311), first=PERSON, second=TWIN, grounds="Same passport.", occurred=DAY)
    centre.happened((f"case-{OTHER_CASE}", other), (f"case-{OTHER_CASE}", theirs), (f"link-{an_id(311)}", linked))
    assert centre.asked(GetPerson(person=PERSON), "w-5").names[0].value.given == "Rūta"


@pytest.mark.parametrize("hidden", [{"person": PERSON}, {"about": PERSON}, {"case": CASE, "about": TWIN}])
def test_nobody_asks_for_a_message_to_about_or_in_the_case_of_somebody_of_whom_they_may_not_know(
    centre: Knowing, hidden: dict[str, str]
) -> None:
    centre.sent(read_command(cases.person.names.RegisterPerson, {"person": TWIN, "occurred": DAY}), STRANGER)
    stated = {"message": an_id(330), "person": TWIN, "by_means": "phone", "text": "Call.", "occurred": DAY}
    asked = RequestMessage.model_validate(stated | hidden)
    with pytest.raises(NotFound):
        centre.sent(asked, STRANGER)
    assert centre.sent(asked, TEAM).events == ("cases.MessageRequested",)


def test_whom_a_message_is_about_is_not_told_to_whoever_may_not_know_of_them(centre: Knowing) -> None:
    centre.sent(read_command(cases.person.names.RegisterPerson, {"person": TWIN, "occurred": DAY}), STRANGER)
    stated = {"message": an_id(330), "person": TWIN, "about": PERSON, "by_means": "phone", "text": "Call."}
    centre.sent(RequestMessage.model_validate(stated | {"occurred": DAY}), TEAM)
    asked = GetEffect(effect=an_id(330))
    assert [centre.asked(asked, who).effect.about for who in (TEAM, STRANGER)] == [PERSON, None]


def test_a_message_to_somebody_else_s_person_tells_its_sender_nothing_of_what_they_agreed(centre: Knowing) -> None:
    evenings = SafeTime(days=WEEK, since=time(0), until=time(0))
    phone = ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000", times=(evenings,))
    agreed = AgreeSafeContact(person=PERSON, channels=(phone,), code_word="bread", never_tell=(SISTER,), occurred=DAY)
    centre.sent(agreed, TEAM)
    own = OpenCase(case=OTHER_CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.WALK_IN, person=TWIN, occurred=DAY)
    centre.sent(own, STRANGER)
    stated = {"case": OTHER_CASE, "person": PERSON, "about": PERSON, "text": "Call.", "occurred": DAY}
    for message, means in ((an_id(320), "phone"), (an_id(321), "post")):
        asked = RequestMessage.model_validate(stated | {"message": message, "by_means": means})
        centre.sent(asked, "s-1", Role.SUPERVISOR)
        centre.sent(asked.model_copy(update={"case": CASE, "message": an_id(int(message[-3:]) + 8)}), TEAM)
        centre.settle()
        centre.projector.catch_up()
        shown = centre.asked(GetEffect(effect=message), STRANGER)
        assert (shown.times, shown.say_code_word, shown.may_go_now) == ((), False, None)
        assert isinstance(shown.safe_contact.channels, Redacted) and shown.safe_contact.never_tell == ()
    listed = centre.asked(ListOutbox(), STRANGER).effects
    assert {one.held_back for one in listed} == {None}
    known = centre.asked(ListOutbox(), TEAM).effects
    assert WhyUnsafe.NOT_THIS_WAY in {one.held_back for one in known}
    mine = centre.asked(GetEffect(effect=an_id(328)), TEAM)
    assert (mine.times, mine.say_code_word, mine.safe_contact.never_tell) == ((evenings,), True, (SISTER,))
