"""The town of alarms on both databases, and the same with a pager and people to page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.alarm_town import LI, WANG, Town, build_town
from support.escalation import Carrier, People, settle

from alerts.pager import PagerLoop
from core.clock import ManualClock
from core.config import Settings
from core.database import Database


@pytest.fixture
def town(database: Database, clock: ManualClock, settings: Settings) -> Town:
    """A town somebody watches."""
    town = build_town(database, clock, settings)
    town.watch()
    return town


@pytest.fixture
def make_town(database: Database, clock: ManualClock) -> Callable[[Settings], Town]:
    """A town with other settings, that nobody watches."""
    return lambda settings: build_town(database, clock, settings)


@pytest.fixture
def town_builder() -> Callable[[Database, ManualClock, Settings], Town]:
    """How to fill a database a test made itself."""
    return build_town


@dataclass
class Paged:
    """A town with a pager, a carrier that records, and people to page."""

    town: Town
    loop: PagerLoop
    carrier: Carrier
    people: People

    def after(self, seconds: float) -> list[str]:
        """Where pages went in the next so many seconds, as seen at their end."""
        self.town.later(seconds)
        settle(self.loop)
        return self.carrier.take()


@pytest.fixture
def paged(tmp_path: Path, make_town: Callable[[Settings], Town]) -> Iterator[Paged]:
    """A town somebody watches, with a fallback address."""
    town, carrier = make_town(Settings(data_dir=tmp_path, fallback_urls=("fallback",))), Carrier()
    town.watch()
    loop = PagerLoop(town.desk, {"apprise": carrier})
    yield Paged(town, loop, carrier, People(town.database, town.clock))
    loop.close()


__all__ = ["LI", "WANG", "Paged", "Town"]
