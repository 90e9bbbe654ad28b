"""What a backtest stands on: the stores, and a home as the ingest workers read it, so that both see the same facts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from alerts.backtest.run import Replay
from alerts.backtest.sources import Sources
from alerts.rules.context import HomeFacts
from core.database import Database
from devices.model import Device
from ingest.book import read_page
from people.model import Home
from timeseries.ports import ReadingStore


def read_home(session: Session, home_id: int) -> HomeFacts | None:
    """A home as the rules see it today; None where there is none."""
    home = session.scalar(sa.select(Home).where(Home.id == home_id).options(selectinload(Home.residents)))
    if home is None:
        return None
    return read_page(home, session.scalars(sa.select(Device).where(Device.home_id == home_id)).all()).facts


def make_replay(database: Database, readings: ReadingStore, timezone: str) -> Replay:
    """Stored homes, ready to be lived again."""
    return Replay(Sources(database, readings), read_home, timezone)


__all__ = ["make_replay", "read_home"]
