"""A grave refusal becomes an incident of the home: a device that speaks on another's topic, or is thrown out again and again.

Its publications are PUBACKed and dropped, so the home believes it is heard and is not; a person must know. Called from the
watch of the broker; a refusal that cannot be written is logged, and the device's next try tells it again.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from alerts.findings import Condition, Finding
from alerts.lanes import FAULT
from alerts.model import Severity
from devices.model import Device
from ingest.refusals import Refusal
from ingest.tools import Tools

log = structlog.get_logger()

RULE = "broker_refused"

_AGAIN_SECONDS = 60.0
_MOST_REMEMBERED = 10_000


class RefusalAlarm:
    """Raises grave refusals. Thread-safe."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._told_at_seconds: dict[tuple[str, str], float] = {}

    def raise_for(self, refusal: Refusal) -> None:
        """Open or join the fault incident of the device's home; nothing for clients that are no device of ours."""
        if not self._is_news(refusal):
            return
        tools = self._tools
        now = tools.clock.now()
        with tools.transaction() as session:
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

    def _is_news(self, refusal: Refusal) -> bool:
        """A device may be refused many times a second; its alert is told of it once a minute."""
        now_seconds = self._tools.clock.monotonic_seconds()
        key = (refusal.client, refusal.reason.value)
        if now_seconds - self._told_at_seconds.get(key, -_AGAIN_SECONDS) < _AGAIN_SECONDS:
            return False
        if len(self._told_at_seconds) >= _MOST_REMEMBERED:
            self._told_at_seconds.clear()
        self._told_at_seconds[key] = now_seconds
        return True
