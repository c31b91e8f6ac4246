"""The sheet of the activity report: its words, its page, its PDF."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from pydantic import ConfigDict

from services.analytics.report import ActivityReport, ReportActivity
from services.analytics.reported import SayingReported, TextReported
from services.analytics.sheet import quoting
from services.analytics.sheet.catalogues import texts
from services.analytics.sheet.html import page
from services.analytics.sheet.making import sheet_of
from services.analytics.sheet.parts import Chart, Entry, Note, Sheet
from services.analytics.sheet.pdf import ONE_PAGE, pdf
from services.analytics.sheet.quoting import UNKNOWN, pieces, quoted
from services.analytics.sheet.sections import ASKED, Told
from services.analytics.sheet.terms import TERMS
from services.analytics.sheet.words import CATALOGUES, Language, words_in
from services.analytics.sheet.writing import write
from services.campaigns.advocacy import Result
from services.campaigns.campaign.materials import ArtefactKind, Dimension, Unit
from services.campaigns.campaign.state import Kind
from services.campaigns.organisation import BodyKind
from services.cases.case.record import CaseKind
from services.cases.vocabulary import ServiceKind as HelpKind
from services.projects.funder import FunderKind
from services.projects.terms import Category
from services.rehabilitation.programme.record import ServiceKind
from shared.bus import Answered
from shared.messages import Query, Role
from tests.analytics.examples import A_REPORT

CHROMIUM = shutil.which("chromium")
PLURAL_FORMS = {"lt": 3, "en": 2, "fr": 2}
LANGUAGES = list(Language)


def sheet(language: Language = Language.ENGLISH, told: dict[str, Told] | None = None, **changed: Any) -> Sheet:
    return write(A_REPORT.model_copy(update=changed), told or {}, words_in(language))


def said(sheet: Sheet, title: str) -> str:
    """All the words of one section, as a terminal would show them."""
    blocks = next(section.blocks for section in sheet.sections if section.title == title)
    words = json.dumps([asdict(block) for block in blocks], ensure_ascii=False)
    return plain(quoting.plain(words))


# Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_in_every_catalogue_with_all_its_plural_forms(language: Language) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    wanted = {text[0] if isinstance(text, tuple) else text: text for text, _, _ in texts()}
    held = {message.id[0] if message.pluralizable else message.id: message for message in catalogue if message.id}
    assert held.keys() == wanted.keys(), "run python -m services.analytics.sheet.catalogues, and translate what is new"
    for key, text in wanted.items():
        forms = held[key].string if isinstance(text, tuple) else (held[key].string,)
        assert len(forms) == (PLURAL_FORMS[language] if isinstance(text, tuple) else 1), key
        assert all(forms) and not held[key].fuzzy, f"{key!r} is not translated"
        for form in forms:
            names = set(re.findall(r"{\w+}", form))
            assert names == set(re.findall(r"{\w+}", text if isinstance(text, str) else text[1])), form


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        (Language.LITHUANIAN, 1, "1 veiksmas"),
        (Language.LITHUANIAN, 2, "2 veiksmai"),
        (Language.LITHUANIAN, 10, "10 veiksmų"),
        (Language.LITHUANIAN, 11, "11 veiksmų"),
        (Language.LITHUANIAN, 21, "21 veiksmas"),
        (Language.LITHUANIAN, 22, "22 veiksmai"),
        (Language.LITHUANIAN, 111, "111 veiksmų"),
        (Language.ENGLISH, 0, "0 actions"),
        (Language.ENGLISH, 1, "1 action"),
        (Language.FRENCH, 0, "0 action"),
        (Language.FRENCH, 2, "2 actions"),
    ],
)
def test_a_number_takes_the_form_that_the_language_wants(language: Language, number: int, said: str) -> None:
    assert words_in(language).count("{number} action", "{number} actions", number) == said


@pytest.mark.parametrize(
    ("language", "day", "month", "money", "share"),
    [
        (Language.LITHUANIAN, "2008 m. spalio 2 d.", "2008 m. spalis", "12 345,60 €", "23,5 %"),
        (Language.ENGLISH, "2 October 2008", "October 2008", "€12,345.60", "23.5%"),
        (Language.FRENCH, "2 octobre 2008", "octobre 2008", "12 345,60 €", "23,5 %"),
    ],
)
def test_dates_and_money_are_written_as_the_language_does(
    language: Language, day: str, month: str, money: str, share: str
) -> None:
    words = words_in(language)
    assert words.when("2008-10-02") == day
    assert words.when("2008-10-02T10:00:00+03:00") == day
    assert words.when("2008-10") == month
    assert words.when("2004/2008") == "2004–2008"
    assert plain(words.money(Decimal("12345.60"), "EUR")) == money
    assert plain(words.round_money(Decimal("12345.60"), "EUR")) == re.sub(r"345[.,]60", "346", money)
    assert plain(words.percent(Decimal("23.5"))) == share


def plain(text: str) -> str:
    """Spaces that do not break, and narrow ones, as usual ones."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


KINDS: list[tuple[str, type[StrEnum]]] = [
    ("funder", FunderKind),
    ("service", ServiceKind),
    ("service", HelpKind),
    ("case", CaseKind),
    ("category", Category),
    ("campaign", Kind),
    ("artefact", ArtefactKind),
    ("dimension", Dimension),
    ("unit", Unit),
    ("outcome", Result),
    ("body", BodyKind),
]


@pytest.mark.parametrize(("group", "kind"), KINDS, ids=lambda of: of if isinstance(of, str) else of.__qualname__)
def test_every_code_of_a_record_has_a_word(group: str, kind: type[StrEnum]) -> None:
    assert {one.value for one in kind} <= TERMS[group].keys()


# What is said


def test_the_figures_that_stand_out() -> None:
    shown = {figure.label: figure.value for figure in sheet().figures}
    assert shown["projects from the beginnings to date"] == "77\N{NO-BREAK SPACE}†"
    assert shown["projects begun in the period"] == "8\N{NO-BREAK SPACE}†"
    assert shown["victims of trafficking assisted"] == "<\N{NO-BREAK SPACE}10"
    assert shown["family members supported"] == "15\N{NO-BREAK SPACE}†"


def test_marks_are_explained_where_they_stand_and_only_there() -> None:
    assert [line[0] for line in sheet().legend] == ["†", "≈", "<"]
    assert sheet(synthetic=(), approximate=(), suppressed=()).legend == ()


def test_a_report_of_a_period_that_goes_on_says_so() -> None:
    assert sheet().preliminary is None
    assert sheet(preliminary=True).preliminary == "Preliminary: the period has not ended"


def test_the_organisation_speaks_the_language_of_the_sheet_or_its_own() -> None:
    assert sheet(Language.FRENCH).organisation == "Centre de soutien aux familles de personnes disparues"
    assert sheet(Language.LITHUANIAN).organisation == quoted("Missing Persons' Families Support Centre")
    assert sheet(organisation=None).organisation == "The organisation has not been described yet"


OBJECTIVE = "An end to trafficking in human beings"
TRANSLATED = TextReported(
    text=OBJECTIVE,
    written_in="en",
    says=(SayingReported(language="lt", text="Prekybos žmonėmis panaikinimas"),),
)


def test_a_recorded_text_is_printed_in_the_language_of_the_sheet_where_it_was_translated() -> None:
    def title(language: Language, *texts: TextReported) -> str:
        words = words_in(language)
        advocacy = next(one for one in sheet(language, texts=texts).sections if one.title == words.say("Advocacy"))
        assert isinstance(advocacy.blocks[0], Entry)
        return advocacy.blocks[0].title

    assert title(Language.LITHUANIAN, TRANSLATED) == "Prekybos žmonėmis panaikinimas"
    assert title(Language.ENGLISH, TRANSLATED) == OBJECTIVE
    assert title(Language.FRENCH, TRANSLATED) == quoted(OBJECTIVE, "en")
    assert title(Language.FRENCH) == quoted(OBJECTIVE, UNKNOWN)


def test_marks_of_language_in_a_recorded_text_do_not_reach_the_sheet() -> None:
    assert quoting.plain(quoted(quoted("Vaiko diena", "lt"), "en")) == "ltVaiko diena"
    assert list(pieces(f"A {quoted('b', 'lt')} c")) == [(None, "A "), ("lt", "b"), (None, " c")]


def test_what_a_campaign_is_for_and_which_act_came_of_an_objective_are_printed() -> None:
    assert "Aim: That people know the danger, and fewer children go missing." in said(
        sheet(), "Campaigns and commemorations"
    )
    assert "Legal act: Seimas of the Republic of Lithuania, 2008." in said(sheet(), "Advocacy")


def test_the_assumption_behind_a_figure_is_printed() -> None:
    assert "is an assumption" in said(sheet(), "Projects")
    assert quoted(A_REPORT.remarks[0].says[0].text, "en") in sheet(Language.FRENCH).sections[0].blocks[1].text  # type: ignore[union-attr]


def test_what_sources_do_not_agree_on_stands_side_by_side() -> None:
    told = said(sheet(), "Advocacy")
    assert "since 1983" in told and "since 2001" in told


def test_an_estimate_and_an_invented_split_are_marked_and_what_nobody_counted_is_not_made_up() -> None:
    told = said(sheet(), "Campaigns and commemorations")
    assert "Taking part: ≈ 100; pupils: Alytus ≈ 40 †, Vilnius ≈ 60 †; teachers: number not stated." in told
    assert "Poster, length 20 m: “No.”." in told


def test_a_part_that_nobody_tells_says_that_there_is_no_data() -> None:
    for asked in ASKED:
        assert "No data for this period." in said(sheet(), asked.title)


def test_a_part_in_which_nothing_was_recorded_says_that_there_is_no_data() -> None:
    nothing = Told(figures={"hearings": 0, "representations": 0})
    told = said(sheet(told={"rehabilitation.ReportProceedings": nothing}), "Preparing for trial, and in court")
    assert "No data for this period." in told


def test_a_part_that_another_service_tells_is_printed_with_its_figures() -> None:
    figures = Told(figures={"hearings": 12, "representations": None, "bails_posted": 3}, synthetic=True)
    told = said(sheet(told={"rehabilitation.ReportProceedings": figures}), "Preparing for trial, and in court")
    assert "Hearings: 12 †; Representations in court: < 10; bails posted: 3 †." in told


def test_years_and_funders_that_do_not_fit_are_summed() -> None:
    many = {str(year): 2 for year in range(1990, 2009)}
    chart = sheet(projects_by_year=many).sections[0].blocks[0]
    assert isinstance(chart, Chart)
    assert (chart.bars[0].label, chart.bars[0].size, len(chart.bars)) == ("before", 6, 17)
    funder = A_REPORT.funders[0]
    assert '"3 others"' in said(sheet(funders=(funder,) * 10), "Funders")


def test_a_report_of_nothing_is_a_page_all_the_same() -> None:
    nothing = sheet(
        projects_by_year={}, funders=(), programmes=(), spent_by_category={}, services_by_kind={}, campaigns=(),
        advocacy=(), partners=(), organisation=None, remarks=(),
    )  # fmt: skip
    assert page(nothing) and pdf(nothing)
    quiet = [
        block for section in nothing.sections for block in section.blocks if isinstance(block, Note) and block.quiet
    ]
    assert len(quiet) == 11


def test_other_services_are_asked_for_the_same_period_by_the_name_of_their_query() -> None:
    asked = []

    class ReportPresence(Query[Told], context="rehabilitation", roles=[Role.ANALYST]):
        """As duty would answer it."""

        model_config = ConfigDict(extra="allow")

    def ask(query: Query[Any]) -> Answered:
        asked.append(query)
        return Answered(A_REPORT if isinstance(query, ReportActivity) else Told(figures={"incidents": 31}), 7)

    query = ReportActivity.model_validate({"from": "2008-01-01", "to": "2008-12-31"})
    made, position = sheet_of(query, Language.ENGLISH, [ReportActivity, ReportPresence], ask)
    assert position == 7
    assert asked[1].model_dump()["from"] == "2008-01-01"
    assert "Incidents: 31." in said(made, "Presence day and night")


# How it looks


class _Page(HTMLParser):
    """What a screen reader would meet."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.tags if name == tag)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_its_language_and_every_chart_has_a_text_in_its_place(language: Language) -> None:
    shown = _Page(page(sheet(language)))
    assert next(shown.all("html"))["lang"] == language
    charts = list(shown.all("svg"))
    ids = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
    assert len(charts) == 3
    assert len(ids) == len(set(ids))
    for chart in charts:
        assert chart["role"] == "img"
        assert set((chart["aria-labelledby"] or "").split()) <= set(ids)


def test_what_stays_in_another_language_says_which_for_whoever_has_it_read_aloud() -> None:
    shown = _Page(page(sheet(Language.FRENCH, texts=(TRANSLATED,))))
    assert {attributes["lang"] for attributes in shown.all("span") if "lang" in attributes} == {"en", UNKNOWN}
    assert not [mark for mark in "\ue000\ue001\ue002" if mark.encode() in page(sheet(Language.FRENCH))]
    assert b"/Lang" in pdf(sheet(Language.FRENCH, texts=(TRANSLATED,)))


def test_the_page_asks_nothing_of_the_network_and_runs_nothing() -> None:
    shown = _Page(page(sheet()))
    assert not [tag for tag, _ in shown.tags if tag in {"script", "link", "img", "iframe"}]
    assert not [1 for _, attributes in shown.tags for name in attributes if name in {"src", "href", "style", "onload"}]


def test_what_a_record_says_is_text_on_the_page_and_never_markup() -> None:
    assert A_REPORT.organisation
    hostile = A_REPORT.organisation.model_copy(update={"mission": "<script>alert(1)</script> & #strong[x] \\u{1}"})
    made = sheet(organisation=hostile)
    assert b"<script>" not in page(made) and b"&lt;script&gt;" in page(made)
    assert pdf(made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_one_page_and_the_same_every_time(language: Language) -> None:
    made = pdf(sheet(language))
    assert made == pdf(sheet(language))
    assert made.startswith(b"%PDF") and re.findall(rb"/Type/Pages/Count (\d+)", made) == [b"1"]


def test_a_year_with_much_to_tell_is_set_in_smaller_type_and_is_one_page_still(monkeypatch: pytest.MonkeyPatch) -> None:
    much = sheet(advocacy=(*A_REPORT.advocacy,) * 2, campaigns=(*A_REPORT.campaigns,) * 3, funders=A_REPORT.funders * 3)
    assert ONE_PAGE in pdf(much)
    monkeypatch.setattr("services.analytics.sheet.pdf.SCALES", (1.0,))
    assert ONE_PAGE not in pdf(much)
    assert ONE_PAGE in pdf(sheet())


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext")
def test_lithuanian_letters_are_in_the_pdf(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf(sheet(Language.LITHUANIAN)))
    text = subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True).stdout.decode()
    assert "Rėmėjai" in text and "žmonėmis" in text and "Įsipareigota" in text


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_prints_on_one_sheet_of_a4(language: Language, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(page(sheet(language)))
    printed = tmp_path / "printed.pdf"
    subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={printed}", str(tmp_path / "report.html")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert re.findall(rb"/Count (\d+)", printed.read_bytes()) == [b"1"]


def test_the_example_is_a_report_like_any_other() -> None:
    assert ActivityReport.model_validate_json(A_REPORT.model_dump_json(by_alias=True)) == A_REPORT
    assert A_REPORT.period["to"] == date(2008, 12, 31)
