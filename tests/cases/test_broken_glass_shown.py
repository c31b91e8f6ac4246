"""Break-glass: every access is on record, and opens the file until it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.cases.break_glass import AccessEnded, AccessReviewed, AccessReviewMissed
from services.cases.projections.accesses import Look
from services.cases.projections.case_files import GetCaseOnDuty
from shared.errors import NotFound
from shared.messages import Origin, Role
from shared.projections.declaration import Redacted
from tests.cases.centre import Centre
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    CASE,
    PERSON,
    an_id,
    opened,
)
from tests.cases.test_break_glass import ACCESS, BROKEN


def test_every_access_is_on_record_and_an_auditor_sees_all_but_the_reason(centre: Centre) -> None:
    centre.happened(BROKEN)
    (access,) = centre.accesses()
    assert (access.worker, access.grounds, access.look, access.until) == ("d-1", "She calls.", Look.DUE, BROKEN.until)
    (access,) = centre.accesses(Role.AUDITOR)
    assert access.grounds == Redacted(hidden="withheld")


def test_accesses_are_shown_as_they_stand_and_by_what_is_asked_for(centre: Centre) -> None:
    other = BROKEN.model_copy(update={"access": an_id(86), "worker": "d-2"})
    centre.happened(BROKEN, other)
    ended = AccessEnded(access=ACCESS, case=CASE, worker="d-1", at=BROKEN.since + timedelta(hours=1))
    reviewed = AccessReviewed(
        access=ACCESS, case=CASE, person=PERSON, justified=False, grounds="No.", reviewed_by="s-1"
    )
    centre.happened(ended, reviewed, AccessReviewMissed(access=an_id(86), case=CASE))
    assert [access.look for access in centre.accesses()] == [Look.MISSED, Look.NOT_JUSTIFIED]
    (mine,) = centre.accesses(worker="d-1", case=CASE)
    assert mine.until == BROKEN.since + timedelta(hours=1)
    assert [access.worker for access in centre.accesses(look=Look.MISSED)] == ["d-2"]


def test_whoever_broke_the_glass_reads_the_file_until_it_ends_and_nobody_else_does(centre: Centre) -> None:
    now = datetime.now(UTC)
    runs = BROKEN.model_copy(update={"until": now + timedelta(hours=1)})
    over = BROKEN.model_copy(update={"access": an_id(87), "until": now - timedelta(seconds=1)})
    centre.happened(opened(), runs, over)
    centre.projector.catch_up()

    def read(access: str, actor: str) -> Any:
        officer = Origin(actor, frozenset({Role.DUTY_OFFICER}))
        return centre.bus.ask(GetCaseOnDuty(access=access), officer).answer

    assert [line.what for line in read(ACCESS, "d-1").timeline] == ["CaseOpened"]
    for access, actor in ((ACCESS, "d-2"), (an_id(87), "d-1"), (an_id(88), "d-1")):
        with pytest.raises(NotFound):
            read(access, actor)
    centre.happened(AccessEnded(access=ACCESS, case=CASE, worker="d-1", at=now))
    centre.projector.catch_up()
    with pytest.raises(NotFound):
        read(ACCESS, "d-1")
