"""Which channel carries what: made once per process from the settings."""

from __future__ import annotations

from alerts.channels.apprise import AppriseChannel
from alerts.ports import Channels
from core.config import Settings


def make_channels(settings: Settings) -> Channels:
    """Every channel by its name; one that is not set up says so for each page, as a permanent failure."""
    del settings
    return {"apprise": AppriseChannel()}


__all__ = ["make_channels"]
