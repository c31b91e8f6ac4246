"""`forgetmenot cases` over a whole installation: what a person reads, and that it is on record."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
import structlog
from rich.console import Console
from typer.testing import CliRunner, Result

from services.audit.access import ShowAccessHistory
from services.cases.break_glass import BreakGlass
from services.cases.case.assessment import AssessRisk, RiskFactor, RiskLevel
from services.cases.case.intake import AssignCase, Channel, OpenCase
from services.cases.case.record import CaseKind
from services.cases.disappearance.reporting import NameImplicated, ReportDisappearance
from services.cases.match import Agreement, Compared, Feature, ProposeMatch
from services.cases.message import RequestMessage
from services.cases.person.channels import ChannelKind, ContactChannel, SafeTime, Weekday
from services.cases.person.contact import AgreeSafeContact
from services.cases.person.names import PersonName, RegisterPerson
from services.cases.projections.outbox import Effect, EffectShown
from services.cases.projections.safe_contact import SafeContactShown
from services.cases.referral.making import DataItem, LegalBasis, MakeReferral
from services.cases.relationship import RecordRelationship, RelationshipKind
from services.cases.sighting import ReportSighting
from services.cases.vocabulary import Ground, RecipientKind
from services.gateway.cli.commands import app
from services.gateway.cli.safety_sheet import page_of_effect
from services.gateway.cli.terminal import listing
from services.gateway.installation import Installation
from shared.messages import Command, Origin, Role
from shared.settings import Settings
from tests.cases.examples import CASE, NAME, PERSON, SISTER, an_id
from tests.cases.missing import BROTHER, DISAPPEARANCE, STRANGER

DAY, MESSAGE = "2008-09-01", an_id(45)
MORNINGS = SafeTime(days=(Weekday.MONDAY, Weekday.TUESDAY), since=time(9), until=time(11))
KNOWN: tuple[tuple[Command, Role], ...] = (
    (
        RegisterPerson(person=PERSON, name=NAME, value=PersonName(given="Rūta", family="Ąžuolaitė"), occurred=DAY),
        Role.CASEWORKER,
    ),
    (
        RegisterPerson(person=SISTER, name=an_id(19), value=PersonName(given="Ona"), occurred=DAY),
        Role.CASEWORKER,
    ),
    (
        OpenCase(
            case=CASE,
            kind=CaseKind.MISSING_PERSON,
            channel=Channel.POLICE,
            person=PERSON,
            account="Left for work.",
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (AssignCase(case=CASE, worker="w-7", occurred=DAY), Role.SUPERVISOR),
    (
        AssessRisk(
            case=CASE,
            person=PERSON,
            level=RiskLevel.HIGH,
            factors=(RiskFactor.THREATS,),
            review_due=date(2008, 9, 8),
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (
        AgreeSafeContact(
            person=PERSON,
            channels=(ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000", times=(MORNINGS,)),),
            code_word="the library",
            never=("+370 600 11111",),
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (
        RecordRelationship(relationship=an_id(91), person=PERSON, relative=SISTER, kind=RelationshipKind.SIBLING),
        Role.CASEWORKER,
    ),
    (
        ReportDisappearance(
            disappearance=DISAPPEARANCE,
            case=CASE,
            person=PERSON,
            place="The bus station",
            last_seen="2008-08-30",
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (
        NameImplicated(disappearance=DISAPPEARANCE, suspect=BROTHER, grounds="Was waiting.", occurred=DAY),
        Role.SUPERVISOR,
    ),
    (
        ReportSighting(
            disappearance=DISAPPEARANCE, case=CASE, person=PERSON, place="Kaunas", seen="2008-21", occurred=DAY
        ),
        Role.CASEWORKER,
    ),
    (
        ProposeMatch(
            missing=PERSON,
            found=STRANGER,
            score=0.8,
            explanation=(Compared(feature=Feature.BIRTH, agreement=Agreement.CLOSE),),
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (
        MakeReferral(
            referral=an_id(46),
            case=CASE,
            person=PERSON,
            to=RecipientKind.POLICE,
            ground=Ground.MISSING_PERSON,
            disclosed=(DataItem.NAME,),
            legal_basis=LegalBasis.EMERGENCY,
            until=date(2009, 9, 1),
            occurred=DAY,
        ),
        Role.CASEWORKER,
    ),
    (
        RequestMessage(message=MESSAGE, person=SISTER, by_means=ChannelKind.PHONE, text="Please call.", occurred=DAY),
        Role.CASEWORKER,
    ),
)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Each command sets up logging for a process of its own."""
    root = logging.getLogger()
    before = (root.handlers, root.level, warnings.showwarning, threading.excepthook, sys.excepthook)
    yield
    structlog.reset_defaults()
    root.handlers, level, warnings.showwarning, threading.excepthook, sys.excepthook = before
    root.setLevel(level)
    logging.raiseExceptions = True
    logging.getLogger("uvicorn.access").disabled = False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which somebody is missed."""
    made = tmp_path_factory.mktemp("installation")
    with Installation(Settings(data_dir=made)) as installation:
        for command, role in KNOWN:
            installation.send(command, Origin("w-7", frozenset({role})), uuid4())
        until = datetime.now(UTC) + timedelta(hours=1)
        broken = BreakGlass(case=CASE, person=PERSON, grounds="She calls from the street.", until=until)
        installation.send(broken, Origin("d-9", frozenset({Role.DUTY_OFFICER})), uuid4())
    return made


def run(folder: Path, *arguments: str, actor: str = "w-7", typed: str | None = None) -> Result:
    environment = {"DATA_DIR": str(folder), "COLUMNS": "160"}
    return CliRunner().invoke(app, ["cases", *arguments, "--actor", actor], env=environment, input=typed)


def test_the_list_shows_cases_without_anything_personal(folder: Path) -> None:
    shown = run(folder, "list")
    assert shown.exit_code == 0, shown.output
    assert "missing_person" in shown.stdout and "w-7" in shown.stdout
    assert "Rūta" not in shown.stdout
    listed = orjson.loads(run(folder, "list", "--kind", "trafficking", "--json").stdout)
    assert listed == {"cases": [], "next": None}


def test_the_file_shows_what_happened_in_words(folder: Path) -> None:
    shown = run(folder, "file", CASE)
    assert shown.exit_code == 0, shown.output
    for words in ("CaseOpened", "Left for work.", "RiskAssessed", "high", "threats", "responsible: w-7"):
        assert words in shown.stdout


def test_the_safety_sheet_is_one_page_with_what_must_never_be_done_at_the_top(folder: Path) -> None:
    shown = run(folder, "safety-sheet", CASE, "--reason", "She calls.", actor="d-9")
    assert shown.exit_code == 0, shown.output
    order = [
        "+370 600 11111",
        BROTHER,
        "Rūta Ąžuolaitė",
        "phone +370 600 00000, mon/tue 09:00-11:00",
        "the library",
        "high",
        "Ona",
    ]
    places = [shown.stdout.index(words) for words in order]
    assert places == sorted(places)
    assert len(shown.stdout.splitlines()) <= 45


def test_the_sheet_is_not_there_for_somebody_on_duty_who_has_not_broken_the_glass(folder: Path) -> None:
    absent, hidden = run(folder, "safety-sheet", an_id(99), actor="d-1"), run(folder, "safety-sheet", CASE, actor="d-1")
    assert (hidden.exit_code, hidden.output) == (absent.exit_code, absent.output) == (1, "There is no such case.\n")


def test_reading_the_sheet_is_on_record_with_its_reason(folder: Path) -> None:
    assert run(folder, "safety-sheet", CASE, "--reason", "She calls.", actor="d-9").exit_code == 0
    with Installation(Settings(data_dir=folder)) as installation:
        seen = installation.access_log.history(ShowAccessHistory(subject=PERSON))
    assert ("d-9", "cases.GetSafetySheet", "She calls.") in {
        (one.actor, one.query, one.purpose) for one in seen.disclosures
    }


def test_the_board_and_the_outbox_say_what_waits(folder: Path) -> None:
    board = run(folder, "board", "--missing")
    assert board.exit_code == 0 and DISAPPEARANCE in board.stdout and "child" in board.stdout
    outbox = run(folder, "outbox", "--status", "requested")
    assert outbox.exit_code == 0 and "message" in outbox.stdout
    assert MESSAGE not in run(folder, "outbox", "--kind", "poster").stdout


def test_what_is_to_be_said_is_shown_with_whether_it_may_go_and_how(folder: Path) -> None:
    shown = run(folder, "effect", MESSAGE)
    assert shown.exit_code == 0, shown.output
    for words in ("message", "requested", "may go now", "NO", "by", "phone", "Please call."):
        assert words in shown.stdout


def test_what_is_to_be_written_says_whom_it_is_about_what_is_in_doubt_and_no_word_to_say_first() -> None:
    stated = dict.fromkeys(Effect.model_fields) | {"kind": "message", "status": "requested", "cleared": True}
    contact = SafeContactShown(
        channels=(
            ContactChannel(kind=ChannelKind.POST, address="Poste restante"),
            ContactChannel(kind=ChannelKind.PHONE, address="+370 600 00000"),
        ),
        code_word="the library",
        never=(),
        never_tell=(BROTHER,),
        in_doubt=(ChannelKind.PHONE,),
    )

    def page(by_means: ChannelKind) -> str:
        effect = Effect.model_validate(
            stated | {"effect": MESSAGE, "requested": DAY, "person": SISTER, "about": PERSON, "by_means": by_means}
        )
        shown = EffectShown(
            effect=effect, text="Come.", safe_contact=contact, times=(), say_code_word=False, may_go_now=True
        )
        console = Console(width=120, record=True, file=StringIO())
        console.print(page_of_effect(shown))
        return console.export_text()

    written = page(ChannelKind.POST)
    for words in (f"about {PERSON}", f"to {SISTER}", f"never tell {BROTHER}", "do not use phone: somebody else"):
        assert words in " ".join(written.replace("│", "").split())
    assert "the library" not in written and "the library" in page(ChannelKind.PHONE)


def test_lists_are_narrowed_in_a_terminal_as_over_http(folder: Path) -> None:
    other = an_id(99)
    for command, option, item in (
        ("list", "--person", PERSON),
        ("board", "--case", CASE),
        ("board", "--person", PERSON),
        ("referrals", "--case", CASE),
    ):
        found, none = run(folder, command, option, item, "--json"), run(folder, command, option, other, "--json")
        assert (found.exit_code, none.exit_code) == (0, 0), found.output + none.output
        assert CASE in found.stdout and CASE not in none.stdout
    assert CASE not in run(folder, "list", "--review-missed", "--json").stdout
    assert CASE in run(folder, "list", "--review-held", "--json").stdout


def test_a_search_is_shown_with_its_sightings_candidates_and_what_was_done(folder: Path) -> None:
    shown = run(folder, "disappearance", DISAPPEARANCE)
    assert shown.exit_code == 0, shown.output
    for words in ("treat as a child", "2008-08-30, The bus station", "have no report", BROTHER, "Sightings"):
        assert words in shown.stdout
    for words in ("spring 2008", "reported", "Kaunas", "0.80", "proposed", "birth close"):
        assert words in shown.stdout
    assert "Done outside" not in shown.stdout


def test_no_id_is_cut_short_in_a_narrow_terminal() -> None:
    table = listing("case", "kind")
    table.add_row(CASE, "missing_person")
    narrow = Console(width=40, file=StringIO())
    narrow.print(table)
    written = narrow.file.getvalue()  # type: ignore[attr-defined]
    pieces = (line.split("│")[1].strip() for line in written.splitlines() if line.startswith("│"))
    assert "".join(pieces) == CASE


def test_a_person_is_found_by_a_name_that_is_typed_and_not_given_as_an_argument(folder: Path) -> None:
    shown = run(folder, "search", typed="ruta azuolaite\n")
    assert shown.exit_code == 0, shown.output
    assert PERSON in shown.stdout and "Rūta Ąžuolaitė" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("safety-sheet", an_id(99)), "There is no such case."),
        (("safety-sheet", CASE, "--role", "accountant"), "is for"),
        (("file", "not-an-id"), "case"),
    ],
)
def test_what_is_refused_is_refused_in_a_sentence(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    refused = run(folder, *arguments)
    assert refused.exit_code == 1
    assert says in refused.stderr and "Traceback" not in refused.output


def test_the_family_is_shown_with_the_help_of_each(folder: Path) -> None:
    shown = run(folder, "family", PERSON)
    assert shown.exit_code == 0, shown.output
    assert SISTER in shown.stdout and "sibling" in shown.stdout and "Their own help: none" in shown.stdout


def test_the_team_is_shown_with_who_is_responsible(folder: Path) -> None:
    shown = run(folder, "team", CASE)
    assert shown.exit_code == 0 and "w-7" in shown.stdout and "responsible" in shown.stdout


def test_the_caseload_shows_what_waits_with_each_worker(folder: Path) -> None:
    shown = run(folder, "caseload", actor="s-1")
    assert shown.exit_code == 0, shown.output
    (line,) = (line for line in shown.stdout.splitlines() if "w-7" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")][:3] == ["w-7", "1", "1"]


def test_the_referral_pipeline_shows_which_disclosure_waits_for_a_second_look(folder: Path) -> None:
    shown = run(folder, "referrals")
    assert shown.exit_code == 0, shown.output
    assert "emergency" in shown.stdout and "due" in shown.stdout and "made: 1" in shown.stdout
    strangers = run(folder, "referrals", actor="w-8")
    assert "emergency" not in strangers.stdout and "None." in strangers.stdout
