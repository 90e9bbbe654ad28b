"""Pages in the outbox of a test, and what their persons get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.model import Incident
from alerts.paging.model import Page
from alerts.paging.render import message_of
from alerts.ports import Message
from core.config import Settings
from core.database import Database


@dataclass
class Desk:
    """Writes pages, and claims them as the pager would."""

    database: Database
    settings: Settings
    made: int = 0

    def page(self, now: datetime, **what: Any) -> int:
        """A page in the outbox."""
        self.made += 1
        told: dict[str, Any] = {
            "channel": "sms",
            "target": "13800138000",
            "cause": "not_acknowledged",
            "round": 1,
            "step": 0,
            "idempotency_key": f"page-{self.made}",
            "state": "sent",
            "due_at": now,
            "sent_at": now,
            "deadline_at": now + timedelta(hours=1),
        }
        with self.database.transaction() as session:
            if "incident_id" in what and what["incident_id"] is not None:
                incident = session.get_one(Incident, what["incident_id"])
                told["round"] = incident.escalation_round
            page = Page(**{**told, **what})
            session.add(page)
            session.flush()
            return page.id

    def message(self, page_id: int, now: datetime) -> Message:
        """What is sent for it, with a token of its own."""
        with self.database.transaction() as session:
            return message_of(session, session.get_one(Page, page_id), now, self.settings)

    def token(self, page_id: int, now: datetime) -> str:
        """The end of the link."""
        link = self.message(page_id, now).link
        assert link is not None
        return link.rpartition("/")[2]

    def row(self, page_id: int) -> Page:
        with self.database.snapshot() as session:
            return session.get_one(Page, page_id)
