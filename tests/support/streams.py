"""Devices that measure a hundred times a second and remember what they sent."""

from __future__ import annotations

import threading
import time

from paho.mqtt.client import MQTTMessageInfo
from support.device import Button


class Stream:
    """One such device, each reading with an instant of its own."""

    def __init__(self, device: Button) -> None:
        self.sent: dict[int, float] = {}
        self._device = device
        self._handles: list[MQTTMessageInfo] = []
        self._at_ms = int(time.time() * 1000) - 3_000_000

    def run(self, stop: threading.Event) -> None:
        """Measure until told to stop."""
        while not stop.is_set():
            values: list[dict[str, object]] = []
            for _ in range(10):
                self._at_ms += 20
                self.sent[self._at_ms] = 60.0 + len(self.sent) % 30
                values.append({"ts": self._at_ms, "values": {"heart_rate": self.sent[self._at_ms]}})
            self._handles.append(self._device.publish("telemetry", values))
            stop.wait(0.1)

    def wait_confirmed(self) -> None:
        """Until the broker has confirmed everything."""
        for handle in self._handles:
            handle.wait_for_publish(30)
            assert handle.is_published()
