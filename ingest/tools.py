"""What the lanes and chores of one worker share, in one value; wired at the start of the process."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.conditions import ActiveConditions
from alerts.engine import AlertEngine
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
