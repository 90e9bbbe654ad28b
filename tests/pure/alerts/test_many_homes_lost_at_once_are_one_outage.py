from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_house import rule

from alerts.findings import Condition
from alerts.rules.outage import LostHome, cluster_of, finding_of_outage, is_over, needed_homes

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
RULE = rule("outage", severity="high", homes_at_least=5, share_at_least=0.3, within_seconds=60)
SPEC: Any = RULE.spec


def lost(*seconds: float) -> list[LostHome]:
    return [LostHome(home, NOW + timedelta(seconds=after), "power") for home, after in enumerate(seconds, start=1)]


def test_five_homes_of_ten_within_a_minute() -> None:
    found = cluster_of(SPEC, 10, lost(0, 10, 20, 30, 60))
    assert [one.home_id for one in found] == [1, 2, 3, 4, 5]
    assert cluster_of(SPEC, 10, lost(0, 10, 20, 30, 61)) == ()


def test_both_the_number_and_the_share_are_needed() -> None:
    assert cluster_of(SPEC, 100, lost(*range(29))) == ()
    assert len(cluster_of(SPEC, 100, lost(*range(30)))) == 30
    assert cluster_of(SPEC, 4, lost(0, 1, 2, 3)) == ()


@pytest.mark.parametrize(("watched", "needed"), [(1, 5), (16, 5), (17, 6), (20, 6), (21, 7), (1000, 300)])
def test_how_many_are_needed(watched: int, needed: int) -> None:
    assert needed_homes(SPEC, watched) == needed


def test_a_home_counts_once_and_from_when_it_was_first_lost() -> None:
    twice = [LostHome(1, NOW, "power"), LostHome(1, NOW + timedelta(seconds=50), "silence"), *lost(0, 1, 2, 3)[1:]]
    assert cluster_of(SPEC, 5, twice) == ()


def test_it_is_over_when_fewer_than_half_are_still_lost() -> None:
    assert [is_over(SPEC, 10, still) for still in (5, 3, 2, 0)] == [False, False, True, True]


def test_the_finding_names_the_area_and_its_homes() -> None:
    homes = cluster_of(SPEC, 10, lost(0, 1, 2, 3, 4))
    finding = finding_of_outage(RULE, 4, "grid-7", homes, NOW, condition=Condition.ON, watched=10)
    assert (finding.home_id, finding.area_id, finding.subject) == (None, 4, "area:grid-7")
    assert (finding.rule_kind, finding.evidence["homes"], len(finding.chain)) == ("outage", 5, 6)


@given(st.lists(st.integers(0, 300), max_size=40))
def test_the_cluster_is_the_largest_there_is(seconds: list[int]) -> None:
    slow = max((sum(start <= one <= start + 60 for one in seconds) for start in seconds), default=0)
    found = cluster_of(SPEC, 1, lost(*seconds))
    assert len(found) == (slow if slow >= 5 else 0)
