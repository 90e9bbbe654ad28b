"""What goes into a codec and what comes out: plain values, nothing with an edge.

A codec is a pure function from one raw message to readings, signals and states. It never raises, whatever bytes it is
given; what it cannot read it returns as `NotUnderstood`, so that the worker stores, counts and shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from devices.profiles import Profile, catalogue


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One MQTT publication as received.

    `topic` is the original `yl/v1/{home}/{device}/{channel…}`: the worker has taken off the partition, the gateway
    port's `up/` and the U+00A0 that stood for a space. `redelivered` is MQTT's DUP flag.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class DeviceView:
    """What a worker keeps of a device: a copy that is as old as its home's revision.

    `alias` is how the gateway names this child on topics today; `address` is the lasting one.
    """

    id: int
    code: str
    home_id: int
    home_code: str
    profile: str
    resident_id: int | None
    parent_id: int | None
    address: str | None
    name: str
    live: bool
    model: str | None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class ChildKey:
    """A gateway's child: its lasting address where the codec knows it, else its name on the topic."""

    address: str


Speaker = str | ChildKey
"""Who a result is about: the speaking device's code, or a child of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value; `at` is the device's time where it can be believed, else the receive time."""

    device: Speaker
    metric: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """A discrete happening, or a report of a state, in the words of `devices.vocabulary`.

    `event_key` is the device's own id (`has_own_id`), or else a digest of topic, payload and type: a broker's
    redelivery has the same key, and so has a later press with the same content, so without an own id the same key
    means a repeat only for a short while. `data` holds what the device added; codecs add

    * `"report": "state"` where the message tells a present state and not a change of it, and
    * `"echo_within_seconds": x` where the same happening is known to be told again in another form within x seconds.
    """

    device: Speaker
    type: str
    event_key: str
    device_at: datetime | None
    received_at: datetime
    data: dict[str, Any]
    retained: bool
    redelivered: bool
    has_own_id: bool


@dataclass(frozen=True, slots=True)
class StateUpdate:
    """What a device says of itself; None means "not said"."""

    device: Speaker
    online: bool | None = None
    battery: float | None = None
    rssi: float | None = None
    firmware: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Seen, not understood: a reason of `ingest.model.UnknownTopic`, and what exactly."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ChildSeen:
    """A device behind the speaking gateway, to be registered or renamed; `names` are its names on topics."""

    address: str
    names: tuple[str, ...]
    model: str | None
    profile: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """Everything one message said. `refused` holds (event id, code) of events answered with `refused`."""

    readings: tuple[Reading, ...] = ()
    signals: tuple[Signal, ...] = ()
    states: tuple[StateUpdate, ...] = ()
    children: tuple[ChildSeen, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CodecContext:
    """What a codec may know beside the message: who speaks, the children behind it, and the catalogue."""

    device: DeviceView
    children: Mapping[str, DeviceView] = field(default_factory=dict)
    """By address and by today's name on topics; see `index_children`."""
    profiles: Mapping[str, Profile] = field(default_factory=catalogue)


class Codec(Protocol):
    """One vendor dialect."""

    @property
    def dialect(self) -> str:
        """The level of the topic below the gateway, or `native`."""
        ...

    def decode(self, message: RawMessage, context: CodecContext) -> Decoded:
        """Everything the message says; never raises."""
        ...


def index_children(children: Iterable[DeviceView]) -> dict[str, DeviceView]:
    """Children by lasting address and by alias; an alias in use wins over an address that looks the same."""
    listed = list(children)
    index = {child.address: child for child in listed if child.address is not None}
    index.update({child.alias: child for child in listed if child.alias is not None})
    return index
