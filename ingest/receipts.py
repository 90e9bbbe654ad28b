"""Receipts to devices: `accepted` and `duplicate` right after the commit, `seen` and the like from an outbox.

The first kind needs no store: a device repeats its event until it hears back. The second kind is caused by a person, so
it waits in the `receipts` table, written in the act's own transaction; it is sent, then marked. A process killed in
between sends it once more, which a device takes as the same news. Both go out at QoS 0, and the latest is sent again when
a device reconnects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import sqlalchemy as sa
import structlog
from prometheus_client import Counter

from alerts.leases import check_epoch
from alerts.model import Incident, IncidentState, Receipt
from alerts.repeats import stored_key
from core.clock import Clock
from core.database import Database
from core.failpoints import reach
from core.partition import partition_of
from devices.model import Device
from people.model import Home

log = structlog.get_logger()

receipts_total = Counter("yinling_receipts_total", "Receipts sent to devices.", ["status"])

_BATCH = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Publisher(Protocol):
    """The part of an MQTT client that receipts need; paho's is one."""

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> object:
        """Send without waiting."""
        ...


@dataclass(frozen=True, slots=True)
class ReceiptMessage:
    """One receipt on its way to one device."""

    home: str
    device: str
    event_id: str
    status: str
    at: datetime
    incident: int | None = None
    incident_state: str | None = None
    reason: str | None = None

    @property
    def topic(self) -> str:
        """Where the device listens."""
        return f"yl/v1/{self.home}/{self.device}/receipt"

    def payload(self) -> bytes:
        """The JSON of design, section 5; empty fields are left out."""
        body: Mapping[str, Any] = {
            "id": self.event_id,
            "status": self.status,
            "incident": self.incident,
            "state": self.incident_state,
            "reason": self.reason,
            "at": int((self.at - _EPOCH).total_seconds() * 1000),
        }
        return orjson.dumps({key: value for key, value in body.items() if value is not None})


class ReceiptSender:
    """Sends receipts over one publisher."""

    def __init__(  # noqa: PLR0913 the seams of an edge, all named
        self, database: Database, publisher: Publisher, clock: Clock, *, partition: int, partitions: int, epoch: int
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._partition = partition
        self._partitions = partitions
        self._epoch = epoch

    def send(self, receipts: Sequence[ReceiptMessage]) -> None:
        """Send now; lost when the device is away, which repeats."""
        for receipt in receipts:
            self._publisher.publish(receipt.topic, receipt.payload(), qos=0)
            receipts_total.labels(receipt.status).inc()
            log.info(
                "receipt_sent",
                message=stored_key(receipt.event_id),
                home=receipt.home,
                device=receipt.device,
                status=receipt.status,
                incident=receipt.incident,
            )

    def drain(self) -> int:
        """Send what people caused and is not marked sent; the number sent."""
        with self._database.snapshot() as session:
            rows = session.execute(_UNSENT).all()
        mine = [row for row in rows if partition_of(row.home_code, self._partitions) == self._partition]
        if not mine:
            return 0
        self.send([_message(row) for row in mine])
        reach("receipts.after_send")
        with self._database.transaction() as session:
            check_epoch(session, self._partition, self._epoch)
            session.execute(sa.update(Receipt).where(Receipt.id.in_([row.id for row in mine])).values(sent_at=self._clock.now()))
        return len(mine)

    def repeat_for(self, device_id: int) -> None:
        """A device came back: say again how its events of open incidents stand."""
        with self._database.snapshot() as session:
            rows = session.execute(_LATEST.where(Receipt.device_id == device_id)).all()
        latest = {(row.event_key, row.incident_id): row for row in rows}
        self.send([_message(row) for row in latest.values()])


_COLUMNS = (
    Receipt.id,
    Receipt.event_key,
    Receipt.status,
    Receipt.created_at,
    Receipt.incident_id,
    Incident.state.label("incident_state"),
    Device.code.label("device_code"),
    Home.code.label("home_code"),
)
_JOINED = (
    sa.select(*_COLUMNS)
    .join(Device, Device.id == Receipt.device_id)
    .join(Home, Home.id == Device.home_id)
    .join(Incident, Incident.id == Receipt.incident_id)
)
_UNSENT = _JOINED.where(Receipt.sent_at.is_(None)).order_by(Receipt.id).limit(_BATCH)
_LATEST = _JOINED.where(Incident.state != IncidentState.CLOSED, Receipt.sent_at.is_not(None)).order_by(Receipt.id)


def _message(row: Any) -> ReceiptMessage:
    return ReceiptMessage(
        home=row.home_code,
        device=row.device_code,
        event_id=row.event_key,
        status=row.status,
        at=row.created_at,
        incident=row.incident_id,
        incident_state=row.incident_state,
    )
