"""Which devices hang in each home of the demonstration town.

Pure: a function of the household. About one home in ten has a Zigbee2MQTT gateway whose children do the work of the
other homes' own devices, so that both ways in are always in use.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from yinling.demo.census import Household

GATEWAY_ROLE = "gateway"
TRIAL_ROLE = "trial"
"""The button that only the newcomer presses; the simulation leaves it alone."""


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One device. `role` is its name within the home; `worn_by` counts the residents; a child has an `address`."""

    role: str
    profile: str
    name: str
    room: str | None = None
    worn_by: int | None = None
    address: str | None = None
    model: str | None = None

    @property
    def is_child(self) -> bool:
        """Whether it speaks through its home's gateway."""
        return self.address is not None


def code_of(home: Household, device: DevicePlan) -> str:
    """The device's name in topics."""
    return f"{home.code}-{device.role}"


def furnish(home: Household) -> tuple[DevicePlan, ...]:
    """The devices of a home, always the same ones."""
    dice = random.Random(f"yinling-furniture-{home.number}")  # noqa: S311 a town, not a secret
    has_gateway = home.number % 10 == 5  # noqa: PLR2004 one in ten
    base = _zigbee(home) if has_gateway else _native(dice, home)
    worn = _worn(dice, home)
    trial = (DevicePlan(TRIAL_ROLE, "sos-button", "试用按钮", "客厅"),) if home.number == 1 else ()
    return (*base, *worn, *_special(dice, home), *trial)


def _native(dice: random.Random, home: Household) -> tuple[DevicePlan, ...]:
    rich = home.number == 1
    wanted = (
        (1.0, DevicePlan("sos", "sos-button", "紧急按钮", "卫生间")),
        (1.0, DevicePlan("motion", "motion", "客厅人体感应", "客厅")),
        (0.9, DevicePlan("door", "door", "入户门磁", "玄关")),
        (0.5, DevicePlan("smoke", "smoke-alarm", "烟雾报警器", "厨房")),
        (0.4, DevicePlan("gas", "gas-alarm", "燃气报警器", "厨房")),
        (0.2, DevicePlan("water", "water-leak", "水浸传感器", "卫生间")),
        (0.1, DevicePlan("co", "co-alarm", "一氧化碳报警器", "厨房")),
        (0.3, DevicePlan("bed", "bed", "床垫监测", "卧室")),
        (0.25, DevicePlan("fall", "fall-sensor", "跌倒雷达", "卫生间")),
        (0.12, DevicePlan("presence", "presence", "存在感应", "卧室")),
        (0.15, DevicePlan("air", "environment", "温湿度计", "客厅")),
    )
    return tuple(device for chance, device in wanted if rich or dice.random() < chance)


def _worn(dice: random.Random, home: Household) -> tuple[DevicePlan, ...]:
    found = []
    for index, resident in enumerate(home.residents):
        suffix = "" if index == 0 else str(index + 1)
        if home.number == 1 or dice.random() < 0.35:  # noqa: PLR2004 a third wear one
            found.append(DevicePlan(f"pendant{suffix}", "pendant", f"{resident.name}的挂坠", worn_by=index))
        if home.number == 1 or dice.random() < 0.2:  # noqa: PLR2004 one in five
            found.append(DevicePlan(f"watch{suffix}", "watch", f"{resident.name}的手表", worn_by=index))
        if home.number == 1 or dice.random() < 0.35:  # noqa: PLR2004 a third measure at home
            found.append(DevicePlan(f"vitals{suffix}", "vitals", f"{resident.name}的血压计", "客厅", worn_by=index))
    return tuple(found)


def _special(dice: random.Random, home: Household) -> tuple[DevicePlan, ...]:
    if home.number == 1 or dice.random() < 0.06:  # noqa: PLR2004 the first ones of a trial project
        return (DevicePlan("kiosk", "doctor-kiosk", "视频医生", "客厅"),)
    return ()


def _zigbee(home: Household) -> tuple[DevicePlan, ...]:
    # Names as people give them: with spaces and slashes, and in Chinese.
    children = (
        ("sos", "sos-button", "床头 按钮", "卧室", "MIR-SO100"),
        ("motion", "motion", "客厅/人体感应", "客厅", "SNZB-03"),
        ("door", "door", "入户门", "玄关", "SNZB-04"),
        ("smoke", "smoke-alarm", "厨房 烟感", "厨房", "TS0205"),
        ("water", "water-leak", "卫生间 水浸", "卫生间", "SNZB-05"),
    )
    gateway = DevicePlan(GATEWAY_ROLE, "zigbee2mqtt-gateway", "Zigbee 网关", "客厅")
    return (
        gateway,
        *(
            DevicePlan(role, profile, name, room, address=f"0x00158d{home.number:06x}{place:04x}", model=model)
            for place, (role, profile, name, room, model) in enumerate(children, start=1)
        ),
    )
