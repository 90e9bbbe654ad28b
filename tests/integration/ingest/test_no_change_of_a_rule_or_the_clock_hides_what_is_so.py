"""A rule that is live again announces what is so, and a step of the clock changes nothing of what somebody waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from integration.ingest.test_rules_wait_in_rows_that_commit_with_their_message import LOW_OXYGEN, Centre, centre

from alerts.clocks import follow_step
from alerts.ruleset.service import Wanted, put_rule
from alerts.ruleset.yaml_form import ADAPTER
from alerts.work import Desk
from ingest.worker import ReloadRules

__all__ = ["centre"]


def test_what_a_rule_found_in_monitor_mode_and_is_still_so_is_raised_once_the_rule_is_live(centre: Centre) -> None:
    live = {**LOW_OXYGEN, "hold_seconds": 0, "severity": "high", "raises": "vitals", "name": {"zh": "低氧", "en": "Low oxygen"}}
    for monitor in (True, False):
        spec = ADAPTER.validate_python({**live, "monitor": monitor})
        with centre.database.transaction() as session:
            put_rule(session, spec.code, Wanted(spec), centre.clock.now(), "值班长")
        ReloadRules(centre.bench.tools)()
        with centre.database.snapshot() as session:
            centre.bench.tools.conditions.load(session)
        centre.measure("watch", spo2=92.4)
        assert [one.condition_active for one in centre.alerts("low_oxygen")] == ([] if monitor else [True])


@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_of_the_clock_neither_hides_nor_invents_that_nobody_moved_after_a_fall(centre: Centre, hours: int) -> None:
    for moves in (True, False):
        centre.say("hall", "motion.seen")
        centre.clock.advance(timedelta(seconds=10))
        centre.say("pendant", "fall.detected")
        if moves:
            centre.clock.advance(timedelta(seconds=10))
            centre.say("hall", "motion.seen")
        step = timedelta(hours=hours)
        centre.clock.step(step)
        follow_step(Desk(centre.database, centre.clock, centre.settings, lambda _: None))
        centre.clock.step(timedelta(0))
        centre.bench.tools.rules.shift(step)
        assert ("fall" in centre.wait(seconds=61)) is not moves
        centre.clock.advance(timedelta(hours=3))
