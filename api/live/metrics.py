"""What the live stream counts, for `/metrics`."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

STREAMS = Gauge("yinling_live_streams", "Live streams open in this process.")
EVENTS = Counter("yinling_live_events_total", "Events read from the change sequence while somebody listened.")
DROPPED = Counter("yinling_live_dropped_total", "Streams ended because their reader could not keep up.")
