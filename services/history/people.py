"""The people of a history: victims on their way through rehabilitation, and families of missing persons.

Their names are numbers. Nobody in a history is a real person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.cases.case.assessment import AssessRisk, RiskFactor, RiskLevel
from services.cases.case.closing import ApproveClosing, AskToClose
from services.cases.case.intake import AssignCase, Channel, OpenCase
from services.cases.case.notes import AddNote
from services.cases.case.plan import AgreePlan
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.review import HoldReview
from services.cases.case.support import GiveSupport, Recipient
from services.cases.person.age import BirthSource, RecordBirthDate
from services.cases.person.consent import GiveConsent
from services.cases.person.names import NameKind, PersonName, RegisterPerson
from services.cases.person.record import Purpose
from services.cases.referral.answering import AcceptReferral, CompleteReferral
from services.cases.referral.making import DataItem, LegalBasis, MakeReferral
from services.cases.vocabulary import Ground, RecipientKind
from services.cases.vocabulary import ServiceKind as SupportKind
from services.history.steps import Step, Steps, Story
from services.rehabilitation.policies import programme_by
from services.rehabilitation.programme.admission import AdmitToProgramme
from services.rehabilitation.programme.ending import BeginReintegration, CompleteProgramme, FollowUp, Situation
from services.rehabilitation.programme.plan import RecordProgress, SetGoal
from services.rehabilitation.programme.plan import Step as Progress
from services.rehabilitation.programme.record import ServiceKind
from services.rehabilitation.programme.services import DeliverService
from shared.messages import Command, Role

WORKERS = ("w-1", "w-2", "w-3", "w-4")
SUPERVISOR = "s-1"


@dataclass(frozen=True, slots=True)
class Victim:
    """One person's way: when it began, which services followed after how many days, and who helps."""

    key: str
    number: int
    begins: date
    services: Sequence[tuple[ServiceKind, int]]
    worker: str
    channel: Channel
    family: int = 0  # how many relatives were supported beside
    partner: str | None = None  # whom they were sent on to as well, by its key
    completed: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """A family of a missing person."""

    key: str
    number: int
    begins: date
    worker: str
    channel: Channel
    relatives: int = 1
    outcome: Outcome | None = Outcome.FOUND_ALIVE


class _Teller:
    """Says steps of one worker's case with less ceremony."""

    def __init__(self, story: Story, worker: str) -> None:
        self._story = story
        self._worker = worker

    def __call__(self, command: Command, role: Role = Role.CASEWORKER, by: str = "", settle: bool = False) -> Step:
        return self._story.step(command, role, by=by or self._worker, settle=settle)


def person(story: Story, key: str, given: str, number: int, begins: date, say: _Teller) -> Steps:
    """Register somebody under a number for a name."""
    who = story.id("person", key)
    name = PersonName(given=given, family=str(number), kind=NameKind.KNOWN_AS)
    registered = RegisterPerson(person=who, name=story.id("name", key), value=name, occurred=begins.isoformat())
    yield say(registered)
    yield say(RecordBirthDate(person=who, birth=str(begins.year - 20 - number % 20), source=BirthSource.DOCUMENT))


def victim(story: Story, plan: Victim) -> Steps:
    """Intake, assessment, referral to rehabilitation, programme, services, reintegration, follow-up, closing."""
    say = _Teller(story, plan.worker)
    who, case = story.id("person", plan.key), story.id("case", plan.key)
    day = plan.begins.isoformat()
    yield from person(story, plan.key, "Victim", plan.number, plan.begins, say)
    yield say(
        OpenCase(
            case=case,
            kind=CaseKind.TRAFFICKING,
            channel=plan.channel,
            person=who,
            partner=story.id("partner", plan.partner) if plan.partner and plan.channel is Channel.PARTNER else None,
            account="Invented: what was told at intake.",
            occurred=day,
        )
    )
    yield say(AssignCase(case=case, worker=plan.worker, occurred=day), Role.SUPERVISOR, SUPERVISOR)
    level = RiskLevel.HIGH if plan.number % 3 else RiskLevel.MEDIUM
    yield from _assessed(story, plan.key, case, who, plan.begins, level, say)
    yield from _referred(story, plan, who, case, say)
    yield from _programme(story, plan, who, say)
    if plan.partner:
        yield from _sent_on(story, plan, plan.partner, who, case, say)
    for relative in range(plan.family):
        yield from _relative(story, plan.key, case, relative, plan.begins + timedelta(days=30), say)
    if plan.completed:
        yield from _closed(story, plan.key, case, who, plan.begins + timedelta(days=400), Outcome.REINTEGRATED, say)


def _assessed(story: Story, key: str, case: str, who: str, begins: date, level: RiskLevel, say: _Teller) -> Steps:
    review, day = begins + timedelta(days=6), begins.isoformat()
    yield say(
        AssessRisk(
            case=case,
            assessment=story.id("assessment", key),
            person=who,
            level=level,
            factors=(RiskFactor.THREATS, RiskFactor.NO_DOCUMENTS),
            grounds="Invented: the grounds of the assessment.",
            review_due=review,
            occurred=day,
        )
    )
    yield say(
        AgreePlan(
            case=case,
            plan=story.id("plan", key),
            person=who,
            aims=("Invented: an aim.",),
            review_due=review,
            occurred=day,
        )
    )
    yield say(
        HoldReview(
            case=case,
            person=who,
            findings="Invented: what the review found.",
            review_due=review + timedelta(days=6),
            occurred=review.isoformat(),
        )
    )


def _referred(story: Story, plan: Victim, who: str, case: str, say: _Teller) -> Steps:
    consent, until = story.id("consent", plan.key), plan.begins + timedelta(days=730)
    day = (plan.begins + timedelta(days=1)).isoformat()
    yield say(
        GiveConsent(
            person=who,
            consent=consent,
            purpose=Purpose.SHARING,
            recipient=RecipientKind.REHABILITATION.value,
            until=until,
            occurred=day,
        )
    )
    yield say(
        MakeReferral(
            referral=story.id("referral", plan.key),
            case=case,
            person=who,
            to=RecipientKind.REHABILITATION,
            ground=Ground.TRAFFICKING_VICTIM,
            needs=tuple(dict.fromkeys(SupportKind(kind.value) for kind, _ in plan.services)),
            disclosed=(DataItem.NAME, DataItem.NEEDS),
            legal_basis=LegalBasis.CONSENT,
            consent=consent,
            until=until,
            occurred=day,
        )
    )


def _sent_on(story: Story, plan: Victim, partner: str, who: str, case: str, say: _Teller) -> Steps:
    """To a partner, for work or a room of their own; it takes them on."""
    consent, referral = story.id("consent", plan.key, "partner"), story.id("referral", plan.key, "partner")
    began = plan.begins + timedelta(days=60)
    day, until = began.isoformat(), began + timedelta(days=365)
    recipient = story.id("partner", partner)
    yield say(
        GiveConsent(
            person=who,
            consent=consent,
            purpose=Purpose.SHARING,
            recipient=RecipientKind.PARTNER.value,
            until=until,
            occurred=day,
        )
    )
    yield say(
        MakeReferral(
            referral=referral,
            case=case,
            person=who,
            to=RecipientKind.PARTNER,
            recipient=recipient,
            ground=Ground.TRAFFICKING_VICTIM,
            needs=(SupportKind.VOCATIONAL,),
            disclosed=(DataItem.NAME, DataItem.NEEDS),
            legal_basis=LegalBasis.CONSENT,
            consent=consent,
            until=until,
            occurred=day,
        )
    )
    yield say(AcceptReferral(referral=referral, occurred=day))
    yield say(CompleteReferral(referral=referral, occurred=(began + timedelta(days=120)).isoformat()))


def _programme(story: Story, plan: Victim, who: str, say: _Teller) -> Steps:
    programme = programme_by(story.id("referral", plan.key))
    admitted = plan.begins + timedelta(days=2)
    goal = story.id("goal", plan.key)
    yield say(AdmitToProgramme(programme=programme, occurred=admitted.isoformat()), settle=True)
    yield say(
        SetGoal(
            programme=programme,
            goal=goal,
            beneficiary=who,
            kind=ServiceKind.SOCIAL,
            aim="Invented: a goal.",
            occurred=admitted.isoformat(),
        )
    )
    for number, (kind, after) in enumerate(plan.services):
        yield say(
            DeliverService(
                programme=programme,
                service=story.id("service", plan.key, number),
                beneficiary=who,
                kind=kind,
                minutes=30 + 15 * (number % 5),
                staff=plan.worker,
                occurred=(admitted + timedelta(days=after)).isoformat(),
            )
        )
    if plan.completed:
        reached, ended = plan.begins + timedelta(days=280), plan.begins + timedelta(days=300)
        yield say(
            RecordProgress(
                programme=programme, goal=goal, beneficiary=who, step=Progress.REACHED, occurred=reached.isoformat()
            )
        )
        yield say(BeginReintegration(programme=programme, beneficiary=who, occurred=reached.isoformat()))
        yield say(CompleteProgramme(programme=programme, occurred=ended.isoformat()))
        later = (ended + timedelta(days=60)).isoformat()
        yield say(FollowUp(programme=programme, beneficiary=who, situation=Situation.STABLE, occurred=later))
        referral = story.id("referral", plan.key)
        yield say(CompleteReferral(referral=referral, occurred=ended.isoformat()), settle=True)


def family(story: Story, plan: Family) -> Steps:
    """A case of a missing person, and the help that the relatives get while they wait."""
    say = _Teller(story, plan.worker)
    who, case = story.id("person", plan.key), story.id("case", plan.key)
    day = plan.begins.isoformat()
    yield from person(story, plan.key, "Missing", plan.number, plan.begins, say)
    opened = OpenCase(
        case=case,
        kind=CaseKind.MISSING_PERSON,
        channel=plan.channel,
        person=who,
        account="Invented: what the family told.",
        occurred=day,
    )
    yield say(opened)
    yield say(AssignCase(case=case, worker=plan.worker, occurred=day), Role.SUPERVISOR, SUPERVISOR)
    yield from _assessed(story, plan.key, case, who, plan.begins, RiskLevel.LOW, say)
    for relative in range(plan.relatives):
        yield from _relative(story, plan.key, case, relative, plan.begins, say)
    yield say(
        AddNote(
            case=case,
            note=story.id("note", plan.key),
            about=who,
            text="Invented: a note of the caseworker.",
            occurred=(plan.begins + timedelta(days=14)).isoformat(),
        )
    )
    if plan.outcome:
        yield from _closed(story, plan.key, case, who, plan.begins + timedelta(days=120), plan.outcome, say)


def _relative(story: Story, key: str, case: str, number: int, begins: date, say: _Teller) -> Steps:
    name = f"{key}/relative/{number}"
    yield from person(story, name, "Relative", number + 1, begins, say)
    for visit, kind in enumerate((SupportKind.CRISIS, SupportKind.PSYCHOLOGICAL, SupportKind.SOCIAL)):
        yield say(
            GiveSupport(
                case=case,
                support=story.id("support", name, visit),
                person=story.id("person", name),
                recipient=Recipient.FAMILY_MEMBER,
                kind=kind,
                minutes=45 + 15 * visit,
                occurred=(begins + timedelta(days=7 * visit)).isoformat(),
            )
        )


def _closed(story: Story, key: str, case: str, who: str, on: date, outcome: Outcome, say: _Teller) -> Steps:
    yield say(
        AskToClose(case=case, person=who, outcome=outcome, summary="Invented: how it ended.", occurred=on.isoformat()),
        settle=True,
    )
    yield say(ApproveClosing(case=case, occurred=on.isoformat()), Role.SUPERVISOR, SUPERVISOR)
