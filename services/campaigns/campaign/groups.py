"""Groups that register and come: schools and towns, counts of pupils and of the adults with them, never a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.campaigns.campaign.state import Campaign, CampaignCommand, CampaignEvent, Group, GroupId, Status
from services.campaigns.quantity import Precision, Quantity
from shared.dates import Occurred, must_have_happened
from shared.errors import DomainError, NotFound
from shared.messages import Role, new_id

School = Annotated[
    str,
    Field(min_length=1, max_length=200, description="School or organisation", examples=["Schools of the Alytus area"]),
]
Town = Annotated[str, Field(min_length=1, max_length=100, examples=["Alytus"])]
Pupils = Annotated[Quantity, Field(description="Those who take part", examples=[{"number": 24}])]
Teachers = Annotated[
    Quantity, Field(description="The adults with them", examples=[{"number": 2}, {"precision": "unstated"}])
]
GROUP = "1c1d8f7e-0b1c-4f43-8a52-6de3c1a44e09"


class RegisterGroup(
    CampaignCommand, route="POST /campaigns/{campaign}/groups", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Register a group for a campaign. Minors come with at least one adult."""

    group: GroupId = new_id()
    school: School
    town: Town
    pupils: Pupils
    teachers: Teachers
    minors: bool = Field(default=True, description="Whether those who take part are under 18")
    occurred: Occurred


class ChangeGroup(
    CampaignCommand, route="POST /campaigns/{campaign}/groups/{group}/change", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Change how many of a registered group will come."""

    group: GroupId = Field(examples=[GROUP])
    pupils: Pupils
    teachers: Teachers
    occurred: Occurred


class WithdrawGroup(
    CampaignCommand,
    route="POST /campaigns/{campaign}/groups/{group}/withdrawal",
    roles=[Role.CAMPAIGNER, Role.SUPERVISOR],
):
    """Take a group off the list: it will not come."""

    group: GroupId = Field(examples=[GROUP])
    occurred: Occurred


class RecordGroupAttendance(
    CampaignCommand,
    route="POST /campaigns/{campaign}/groups/{group}/attendance",
    roles=[Role.CAMPAIGNER, Role.SUPERVISOR],
):
    """Record how many of a group came. Recording it again replaces the count: the first was wrong."""

    group: GroupId = Field(examples=[GROUP])
    pupils: Pupils
    teachers: Teachers
    occurred: Occurred


class GroupRegistered(CampaignEvent):
    """A group will come."""

    group: GroupId
    school: str
    town: str
    pupils: Quantity
    teachers: Quantity
    minors: bool


class GroupChanged(CampaignEvent):
    """More or fewer of it will come."""

    group: GroupId
    pupils: Quantity
    teachers: Quantity


class GroupWithdrawn(CampaignEvent):
    """It will not come."""

    group: GroupId


class GroupAttended(CampaignEvent):
    """So many of it came. `correction`: an earlier count was wrong."""

    group: GroupId
    school: str
    town: str
    pupils: Quantity
    teachers: Quantity
    correction: bool = False


GroupCommand = RegisterGroup | ChangeGroup | WithdrawGroup | RecordGroupAttendance
GroupEvent = GroupRegistered | GroupChanged | GroupWithdrawn | GroupAttended


def decide(command: GroupCommand, campaign: Campaign) -> Sequence[GroupEvent]:
    """What follows from a command about a group."""
    must_have_happened(command.occurred, command.now)
    if isinstance(command, RegisterGroup):
        return _register(command, campaign)
    campaign.must_be(Status.PLANNED, Status.HELD)
    group = campaign.groups.get(command.group)
    if group is None:
        raise NotFound("There is no such group of this campaign.")
    if group.withdrawn and not isinstance(command, WithdrawGroup):
        raise DomainError("The group has withdrawn: register it anew if it comes after all.", rule="group-withdrawn")
    match command:
        case ChangeGroup(pupils=pupils, teachers=teachers):
            campaign.must_be(Status.PLANNED)
            _with_an_adult(pupils, teachers, minors=group.minors)
            _somebody(pupils)
            if (group.pupils, group.teachers) == (pupils, teachers):
                return []
            return [GroupChanged(**command.stated())]
        case WithdrawGroup():
            campaign.must_be(Status.PLANNED)
            return [] if group.withdrawn else [GroupWithdrawn(**command.stated())]
        case RecordGroupAttendance():
            return _attended(command, campaign, group)
        case _:
            assert_never(command)


def _register(command: RegisterGroup, campaign: Campaign) -> Sequence[GroupEvent]:
    campaign.must_be(Status.PLANNED, Status.HELD)  # some come without having registered
    _somebody(command.pupils)
    _with_an_adult(command.pupils, command.teachers, minors=command.minors)
    there = (group for group in campaign.groups.values() if not group.withdrawn)
    same = next((group for group in there if (group.school, group.town) == (command.school, command.town)), None)
    if same is not None:
        if (same.pupils, same.teachers, same.minors) == (command.pupils, command.teachers, command.minors):
            return []
        raise DomainError(
            f"This group is registered already, with {same.pupils} pupils and {same.teachers} teachers: change its "
            "numbers instead.",
            rule="group-registered-once",
        )
    return [GroupRegistered(**command.stated())]


def _attended(command: RecordGroupAttendance, campaign: Campaign, group: Group) -> Sequence[GroupEvent]:
    campaign.must_be(Status.HELD)
    if not command.pupils.none_at_all:
        _with_an_adult(command.pupils, command.teachers, minors=group.minors)
    if (group.pupils_came, group.teachers_came) == (command.pupils, command.teachers):
        return []
    others = (other.pupils_came for name, other in campaign.groups.items() if name != command.group)
    within_attendance(campaign.attendance, [command.pupils, *(came for came in others if came)])
    return [
        GroupAttended(
            campaign=command.campaign,
            group=command.group,
            school=group.school,
            town=group.town,
            pupils=command.pupils,
            teachers=command.teachers,
            correction=group.pupils_came is not None,
            occurred=command.occurred,
        )
    ]


def within_attendance(attendance: Quantity | None, groups: Iterable[Quantity]) -> None:
    """Refuses groups that add up to more than were counted in all. An estimate is no bound."""
    if attendance is None or attendance.precision is not Precision.EXACT or attendance.number is None:
        return
    came = sum(group.number or 0 for group in groups if group.precision is Precision.EXACT)
    if came > attendance.number:
        raise DomainError(
            f"The groups add up to {came}, and {attendance.number} were counted in all: correct the one or the other.",
            rule="groups-within-attendance",
        )


def _somebody(pupils: Quantity) -> None:
    if pupils.none_at_all:
        raise DomainError("A group has at least one who takes part.", rule="group-not-empty")


def _with_an_adult(pupils: Quantity, teachers: Quantity, *, minors: bool) -> None:
    if minors and teachers.none_at_all:
        raise DomainError(
            f"Minors come with at least one adult; here {pupils} would come with none. Give the number of adults, "
            "or 'unstated' if there were some.",
            rule="minors-need-an-adult",
        )


def evolve(campaign: Campaign, event: GroupEvent) -> Campaign:
    """The campaign after an event about a group."""
    match event:
        case GroupRegistered():
            group = Group(event.school, event.town, event.pupils, event.teachers, event.minors)
        case GroupChanged(pupils=pupils, teachers=teachers):
            group = replace(campaign.groups[event.group], pupils=pupils, teachers=teachers)
        case GroupWithdrawn():
            group = replace(campaign.groups[event.group], withdrawn=True)
        case GroupAttended(pupils=pupils, teachers=teachers):
            group = replace(campaign.groups[event.group], pupils_came=pupils, teachers_came=teachers)
        case _:
            assert_never(event)
    return replace(campaign, groups={**campaign.groups, event.group: group})
