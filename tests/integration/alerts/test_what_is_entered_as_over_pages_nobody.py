from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.alarm_town import WANG

from alerts.incidents import ByHand, Done, enter, open_afterwards
from alerts.model import Incident
from alerts.timeline import Act

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged
    from support.alarm_town import Town


def by_hand(town: Town, *done: Done) -> Incident:
    what = ByHand("sos", "on paper", happened_at=town.clock.now() - timedelta(hours=2))
    return town.desk.do(WANG, lambda session, by: open_afterwards(session, 1, by, what, done))


def done(town: Town, act: Act, minutes: float, reason: str | None = None) -> Done:
    return Done(act, town.clock.now() - timedelta(minutes=minutes), reason=reason)


@pytest.mark.parametrize("last", [Act.RESOLVED, Act.CLOSED])
def test_neither_the_staff_nor_the_family_hears_of_what_was_over_before_it_was_entered(paged: Paged, last: Act) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    by_hand(town, done(town, Act.ACKNOWLEDGED, 119), done(town, last, 60, "reassured"))
    assert paged.after(0) == []
    assert paged.after(3600) == []


def test_what_is_not_over_is_asked_for_like_any_other(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    by_hand(paged.town)
    assert paged.after(0) == ["daughter"]
    assert "fallback" in paged.after(600)


def test_taken_on_paper_and_not_over_it_pages_no_staff(paged: Paged) -> None:
    town = paged.town
    by_hand(town, done(town, Act.ACKNOWLEDGED, 119), Done(Act.NOTED, town.clock.now(), note="on the way"))
    assert paged.after(60) == []


def test_families_hear_only_of_the_last_of_several_steps_entered_together(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    sos = town.say("sos.pressed")
    assert paged.after(0) == ["daughter"]
    town.later(3600)
    lines = [done(town, Act.ACKNOWLEDGED, 50), done(town, Act.RESOLVED, 20)]
    town.do(enter, sos.incident_id, lines)
    assert town.told(sos.incident_id)[-2:] == ["acknowledged", "resolved"]
    assert paged.after(0).count("daughter") == 1
