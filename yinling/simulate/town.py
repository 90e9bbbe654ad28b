"""The simulated town on a real broker: every device connects for itself and tells its part of the day.

As a real device does, each repeats an event with the same id until its receipt says `accepted` (or `duplicate`). The
town forgets everything when it is killed; the next one begins with the present hour.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.ids import new_code
from devices.profiles import catalogue
from devices.vocabulary import LIFE_SIGNALS
from yinling.demo.furnishing import GATEWAY_ROLE, TRIAL_ROLE, DevicePlan, code_of
from yinling.demo.keys import DemoKey
from yinling.simulate.agenda import Agenda, last_values
from yinling.simulate.alarms import Resident
from yinling.simulate.connection import Address, Connection
from yinling.simulate.happenings import Happening
from yinling.simulate.payloads import Publication, native, zigbee, zigbee_devices, zigbee_online, zigbee_state

CONNECTS_PER_SECOND = 50
REPEAT_SECONDS = (10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
"""How long a device waits for its receipt before each repeat."""
_TURN_SECONDS = 0.25
_TICK_SECONDS = 5.0
_CHARGE = {"battery.low": 9, "battery.ok": 100}
"""What a device reports once its battery went low, and once somebody changed it."""
_MOVEMENT_OVER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Ways:
    """How the town reaches the centre."""

    host: str
    mqtt_port: int
    gateway_port: int
    zone: ZoneInfo
    rate: float = 1.0
    mqtt_tls: ssl.SSLContext | None = None
    gateway_tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class Tally:
    """What the progress display shows."""

    devices: int = 0
    connected: int = 0
    said: int = 0
    alarms: int = 0
    accepted: int = 0
    seen: int = 0
    repeats: int = 0


@dataclass(slots=True)
class _Awaited:
    connection: Connection
    publication: Publication
    repeat_at_seconds: float
    repeats: int = 0


@dataclass(slots=True)
class _Place:
    """A home with its connections, by role."""

    resident: Resident
    connections: dict[str, Connection] = field(default_factory=dict)
    by_role: dict[str, DevicePlan] = field(default_factory=dict)


class Town:
    """All simulated homes of one centre."""

    def __init__(self, residents: Sequence[Resident], key: DemoKey, ways: Ways, clock: Clock) -> None:
        self.tally = Tally()
        self._places = {resident.home.code: _Place(resident) for resident in residents}
        self._residents = residents
        self._key = key
        self._ways = ways
        self._clock = clock
        self._awaited: dict[str, _Awaited] = {}

    async def live(self, show: Callable[[Tally], None]) -> None:
        """Go on until cancelled."""
        arriving = asyncio.create_task(self._arrive(), name="arrive")
        try:
            await self._days(show)
        finally:
            arriving.cancel()
            for connection in self._connections():
                connection.close()
            await asyncio.sleep(0.2)  # the last words leave

    def _connections(self) -> list[Connection]:
        return [connection for place in self._places.values() for connection in place.connections.values()]

    async def _arrive(self) -> None:
        for place in self._places.values():
            for device in place.resident.devices:
                place.by_role[device.role] = device
                if device.is_child or device.role == TRIAL_ROLE:
                    continue
                place.connections[device.role] = self._connect(place, device)
                self.tally.devices += 1
                await asyncio.sleep(1 / CONNECTS_PER_SECOND)

    def _connect(self, place: _Place, device: DevicePlan) -> Connection:
        code = code_of(place.resident.home, device)
        address = Address(
            host=self._ways.host,
            port=self._ways.gateway_port if device.role == GATEWAY_ROLE else self._ways.mqtt_port,
            code=code,
            password=self._key.secret_of(code),
            topic=f"yl/v1/{place.resident.home.code}/{code}",
            battery=battery_of(code, device),
            tls=self._ways.gateway_tls if device.role == GATEWAY_ROLE else self._ways.mqtt_tls,
        )
        greeted: list[bool] = []

        def greet() -> None:
            if not greeted:
                greeted.append(True)
                self._first_words(place, device)

        connection = Connection(address, self._receipt, greet)
        connection.connect()
        return connection

    def _first_words(self, place: _Place, device: DevicePlan) -> None:
        connection = place.connections.get(device.role)
        if connection is None:
            return
        if device.role == GATEWAY_ROLE:
            children = [child for child in place.resident.devices if child.is_child]
            self._say(connection, zigbee_online())
            self._say(connection, zigbee_devices(children))
            for child in children:
                self._say(connection, zigbee_state(child, battery_of(code_of(place.resident.home, child), child) or 100))
            return
        last = last_values(place.resident, self._clock.now(), self._ways.zone).get(device.role)
        if last is not None:
            self._say(connection, native(last, "", last.at))

    async def _days(self, show: Callable[[Tally], None]) -> None:
        started_at, started_seconds = self._clock.now(), self._clock.monotonic_seconds()
        agenda = Agenda(self._residents, started_at, self._ways.zone)
        tick_at_seconds = started_seconds
        while True:
            await asyncio.sleep(_TURN_SECONDS)
            seconds = self._clock.monotonic_seconds()
            town_time = started_at + timedelta(seconds=(seconds - started_seconds) * self._ways.rate)
            for home_code, happening in agenda.due(town_time):
                self._tell(self._places[home_code], happening, agenda, town_time)
            self._repeat_unanswered(seconds)
            if seconds >= tick_at_seconds:
                tick_at_seconds = seconds + _TICK_SECONDS
                self._tick()
                show(self.tally)

    def _tell(self, place: _Place, happening: Happening, agenda: Agenda, town_time: datetime) -> None:
        device = place.by_role.get(happening.role)
        if device is None:
            return
        connection = place.connections.get(GATEWAY_ROLE if device.is_child else device.role)
        if connection is None:
            return
        is_alarm = happening.type in LIFE_SIGNALS
        self.tally.alarms += is_alarm
        if device.is_child:
            said = zigbee(happening, device, battery_of(code_of(place.resident.home, device), device) or 100)
            if said is not None:
                self._say(connection, said)
            if happening.type == "motion.seen":
                agenda.add(place.resident.home.code, Happening(town_time + _MOVEMENT_OVER, device.role, type="motion.over"))
            return
        if happening.type == "motion.over":
            return
        if happening.type in _CHARGE:
            connection.battery = _CHARGE[happening.type]
            connection.say_status()
        publication = native(happening, new_code("e", 12), self._clock.now())
        self._say(connection, publication)
        if is_alarm and publication.event_id is not None:
            due_seconds = self._clock.monotonic_seconds() + REPEAT_SECONDS[0]
            self._awaited[publication.event_id] = _Awaited(connection, publication, due_seconds)

    def _say(self, connection: Connection, publication: Publication) -> None:
        connection.publish(publication)
        self.tally.said += 1

    def _receipt(self, event_id: str, status: str) -> None:
        if status == "seen":
            self.tally.seen += 1
        if self._awaited.pop(event_id, None) is not None:
            self.tally.accepted += 1

    def _repeat_unanswered(self, seconds: float) -> None:
        for event_id, waiting in list(self._awaited.items()):
            if waiting.repeat_at_seconds > seconds:
                continue
            waiting.repeats += 1
            if waiting.repeats >= len(REPEAT_SECONDS):
                del self._awaited[event_id]
                continue
            waiting.repeat_at_seconds = seconds + REPEAT_SECONDS[waiting.repeats]
            self.tally.repeats += 1
            if waiting.connection.is_connected:
                self._say(waiting.connection, waiting.publication)

    def _tick(self) -> None:
        profiles = catalogue()
        connected = 0
        for place in self._places.values():
            for role, connection in place.connections.items():
                connection.tick()
                connected += connection.is_connected
                # Often enough that a healthy device never misses its heartbeat, and not all at once.
                beat_seconds = min(profiles[place.by_role[role].profile].heartbeat_seconds * 0.4, 3600)
                if connection.is_connected and random.random() < _TICK_SECONDS / beat_seconds:  # noqa: S311 spreads them
                    connection.say_status()
                    self.tally.said += 1
        self.tally.connected = connected


def battery_of(code: str, device: DevicePlan) -> int | None:
    """The charge a device reports: its own, between 41 and 100; None for what hangs on the mains."""
    if "battery" not in catalogue()[device.profile].tags:
        return None
    return 41 + sum(code.encode()) % 60
