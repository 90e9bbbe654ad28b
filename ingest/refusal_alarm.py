"""A grave refusal becomes an incident of the home: a device that speaks on another's topic, or is thrown out again and again.

Its publications are PUBACKed and dropped, so the home believes it is heard and is not; a person must know. Called from the
watch of the broker; a refusal that cannot be written is logged, and the device's next try tells it again.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from alerts.findings import Condition, Finding
from alerts.lanes import FAULT
from alerts.leases import check_epoch
from alerts.model import Severity
from devices.model import Device
from ingest.refusals import Refusal
from ingest.tools import Tools

log = structlog.get_logger()

RULE = "broker_refused"


class RefusalAlarm:
    """Raises grave refusals. Thread-safe."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def raise_for(self, refusal: Refusal) -> None:
        """Open or join the fault incident of the device's home; nothing for clients that are no device of ours."""
        tools = self._tools
        now = tools.clock.now()
        with tools.database.transaction() as session:
            check_epoch(session, tools.partition, tools.epoch)
            by_name = sa.or_(Device.code == refusal.client, Device.client_id == refusal.client)
            device = session.scalars(sa.select(Device).where(by_name)).first()
            if device is None:
                log.warning("grave_refusal_of_a_stranger", client=refusal.client, reason=refusal.reason)
                return
            finding = Finding(
                home_id=device.home_id,
                device_id=device.id,
                rule=RULE,
                subject=f"device:{device.code}:{refusal.reason}",
                kind="device_fault",
                severity=Severity.MEDIUM,
                condition=Condition.MOMENTARY,
                lane=FAULT,
                evidence={"reason": refusal.reason.value, "detail": refusal.detail},
            )
            tools.engine.apply(session, [finding], now)
        tools.bus.hint()
