"""Dates known in part: what they may mean, and how a person reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import BaseModel, ValidationError

from shared.dates import ASKED, Occurred, in_words, must_have_happened, span, widest
from shared.errors import DomainError
from shared.wire import invalid_fields


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        ("1998", date(1998, 1, 1), date(1998, 12, 31), "1998"),
        ("2004-05", date(2004, 5, 1), date(2004, 5, 31), "May 2004"),
        ("2004-21", date(2004, 3, 1), date(2004, 5, 31), "spring 2004"),
        ("2004-22", date(2004, 6, 1), date(2004, 8, 31), "summer 2004"),
        ("2004-23", date(2004, 9, 1), date(2004, 11, 30), "autumn 2004"),
        ("2004-24", date(2004, 1, 1), date(2005, 2, 28), "winter 2004"),  # of its two, nobody says which
        ("2003-24~", date(2003, 1, 1), date(2004, 2, 29), "about winter 2003"),
        ("1970~", date(1970, 1, 1), date(1970, 12, 31), "about 1970"),
        ("1970?", date(1970, 1, 1), date(1970, 12, 31), "perhaps 1970"),
        ("1970%", date(1970, 1, 1), date(1970, 12, 31), "perhaps about 1970"),
        ("2004-05~", date(2004, 5, 1), date(2004, 5, 31), "about May 2004"),
        ("198X", date(1980, 1, 1), date(1989, 12, 31), "the 1980s"),
        ("2004-05/2004-06", date(2004, 5, 1), date(2004, 6, 30), "May 2004 to June 2004"),
        ("2004-24/2005-21", date(2004, 1, 1), date(2005, 5, 31), "winter 2004 to spring 2005"),
        ("1970~/1975", date(1970, 1, 1), date(1975, 12, 31), "about 1970 to 1975"),
        ("2008-10-02", date(2008, 10, 2), date(2008, 10, 2), "2008-10-02"),
        ("2008-10-02T10:00:00+03:00", date(2008, 10, 2), date(2008, 10, 2), "2008-10-02 10:00"),
        ("2008-10-02T21:30:00+00:00", date(2008, 10, 3), date(2008, 10, 3), "2008-10-03 00:30"),  # by the clock here
        ("19XX", date(1900, 1, 1), date(1999, 12, 31), "19XX"),
        ("2004-33", date(2004, 1, 1), date(2004, 3, 31), "2004-33"),  # a quarter, of level 2: as it is written
    ],
)
def test_what_a_date_may_mean_and_how_it_is_read(text: str, first: date, last: date, words: str) -> None:
    assert span(text) == (first, last)
    assert in_words(text) == words


@pytest.mark.parametrize("text", ["", "yesterday", "2008-13", "2008-02-30", "2008-10-02T10:00:00", "1998/.."])
def test_what_is_no_date_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="write 2008-10-02"):
        span(text)


class Seen(BaseModel):
    """A fact."""

    occurred: Occurred


@pytest.mark.parametrize("text", ["/1998", "1998/", "2005/2004", "2004-05-03/2004-05-01"])
def test_an_interval_without_an_end_is_refused_to_whoever_asks_and_read_where_it_was_recorded(text: str) -> None:
    with pytest.raises(ValidationError, match="write 2004-05/2004-06"):
        Seen.model_validate({"occurred": text}, context=ASKED)
    first, last = span(Seen.model_validate({"occurred": text}).occurred)
    assert first <= last


@pytest.mark.parametrize("text", ["2004-05/2004-06", "2004/2004", "2004-24/2004-02"])
def test_an_interval_with_its_ends_can_be_asked_for(text: str) -> None:
    assert Seen.model_validate({"occurred": text}, context=ASKED).occurred == text


@pytest.mark.parametrize("text", ["spring 2004", "about 1970", "last week"])
def test_who_writes_a_date_in_words_is_told_how_it_is_written(text: str) -> None:
    with pytest.raises(ValidationError) as error:
        Seen(occurred=text)
    assert "write 2008-10-02" in str(invalid_fields(error.value, Seen))


def test_about_a_year_has_a_margin_of_one() -> None:
    assert widest("1989~") == (date(1988, 1, 1), date(1990, 12, 31))
    assert widest("1989") == (date(1989, 1, 1), date(1989, 12, 31))
    assert widest("1989~/1991~")[1] == date(1992, 12, 31)
    assert widest("2003-24~") == (date(2002, 1, 1), date(2005, 2, 28))


def test_a_date_that_may_have_been_has_been() -> None:
    now = datetime(2008, 10, 2, 21, 30, tzinfo=UTC)
    for text in ("2008", "2008-24", "2008-10-03", "2008-10-03T00:30:00+03:00"):
        must_have_happened(text, now)
    for text in ("2009", "2008-10-04", "2008-10-03T00:31:00+03:00"):
        with pytest.raises(DomainError):
            must_have_happened(text, now)
