"""How long a device may say nothing, by its profile, and whether it has been silent for longer. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from devices.model import Device, DeviceState
from devices.profiles import catalogue

SILENCE_WITHOUT_PROFILE = timedelta(hours=24)
"""For a device whose profile is no longer in the catalogue."""


def silence_allowed(profile_id: str) -> timedelta:
    """How long a device of this profile may say nothing."""
    profile = catalogue().get(profile_id)
    return SILENCE_WITHOUT_PROFILE if profile is None else timedelta(seconds=profile.silence_seconds)


def is_silent(device: Device, now: datetime) -> bool:
    """Not heard for longer than its profile allows, counted from its registration when it was never heard."""
    if device.state == DeviceState.RETIRED:
        return False
    return now - (device.last_seen_at or device.created_at) > silence_allowed(device.profile)


__all__ = ["SILENCE_WITHOUT_PROFILE", "is_silent", "silence_allowed"]
