"""What shows a missing person is known, and withdrawn once they are found."""

from __future__ import annotations

from services.campaigns.shown import (
    Material,
    NoteShown,
    PersonShown,
    ShowAgain,
    ShowingResumed,
    ShowingStopped,
    StopShowing,
    shown,
)
from shared.testing import given
from tests.campaigns.examples import AN_ID, CAMPAIGN, POSTER

PERSON, LEAFLET = AN_ID, "7a6f2b1e-5c64-4a0f-9c62-3f1f5e8f3f22"
DAY = "2008-10-01"


def poster(artefact: str = POSTER) -> Material:
    return Material(campaign=CAMPAIGN, artefact=artefact)


def noted(artefact: str = POSTER) -> PersonShown:
    return PersonShown(person=PERSON, material=poster(artefact), occurred=DAY)


STOP = StopShowing(person=PERSON, occurred=DAY)
AGAIN = ShowAgain(person=PERSON, occurred=DAY)
RESUMED = ShowingResumed(person=PERSON, occurred=DAY)


def stopped(*artefacts: str) -> ShowingStopped:
    return ShowingStopped(person=PERSON, materials=tuple(map(poster, artefacts)), occurred=DAY)


def test_what_shows_a_person_is_noted_once() -> None:
    note = NoteShown(person=PERSON, material=poster(), occurred=DAY)
    given(shown).when(note).then(noted())
    given(shown, noted()).when(note).then()


def test_once_a_person_is_found_all_that_shows_them_is_to_be_withdrawn_once() -> None:
    given(shown, noted(LEAFLET), noted(POSTER)).when(STOP).then(stopped(POSTER, LEAFLET))
    given(shown, noted(), stopped(POSTER)).when(STOP).then()


def test_what_is_noted_after_they_were_found_is_withdrawn_at_once() -> None:
    late = NoteShown(person=PERSON, material=poster(LEAFLET), occurred=DAY)
    given(shown, noted(), stopped(POSTER)).when(late).then(noted(LEAFLET), stopped(LEAFLET))


def test_a_person_who_was_not_found_after_all_may_be_shown_again() -> None:
    given(shown, noted(), stopped(POSTER)).when(AGAIN).then(RESUMED)
    given(shown, noted()).when(AGAIN).then()
    later = NoteShown(person=PERSON, material=poster(LEAFLET), occurred=DAY)
    given(shown, noted(), stopped(POSTER), RESUMED).when(later).then(noted(LEAFLET))
    given(shown, noted(), stopped(POSTER), RESUMED, noted(LEAFLET)).when(STOP).then(stopped(LEAFLET))
