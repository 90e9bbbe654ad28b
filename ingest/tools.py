"""What the lanes and chores of one worker share, in one value; wired at the start of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from alerts.conditions import ActiveConditions
from alerts.engine import AlertEngine
from alerts.leases import check_epoch
from core.bus import Bus
from core.clock import Clock
from core.database import Database
from ingest.book import HomeBook
from ingest.live_rules import LiveRules
from ingest.receipts import ReceiptSender
from ingest.reported import ReportedStates
from ingest.seen import SeenBook
from ingest.unknown import UnknownKeeper
from timeseries.recorder import Recorder


def _always_sure() -> None:
    """Nobody else can have it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the lanes of one worker share."""

    database: Database
    clock: Clock
    bus: Bus
    book: HomeBook
    seen: SeenBook
    reported: ReportedStates
    conditions: ActiveConditions
    engine: AlertEngine
    receipts: ReceiptSender
    recorder: Recorder
    unknown: UnknownKeeper
    rules: LiveRules
    partition: int
    epoch: int
    assure: Callable[[], None] = _always_sure
    """Raises where another worker may hold the partition by now; asked before anything that no transaction guards."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """The unit of work of whoever holds the partition; raises `LeaseLostError` and leaves nothing when that is another."""
        with self.database.transaction() as session:
            check_epoch(session, self.partition, self.epoch)
            yield session
