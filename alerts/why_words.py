"""The words of a why-sentence: metrics, signals, times and amounts, in Chinese and English. Data and pure formatting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from devices.vocabulary import METRICS

Pair: TypeAlias = tuple[str, str]
"""Chinese, English."""

METRIC_NAMES: Mapping[str, Pair] = {
    "heart_rate": ("心率", "heart rate"),
    "respiration_rate": ("呼吸频率", "breathing rate"),
    "spo2": ("血氧", "blood oxygen"),
    "systolic": ("收缩压", "systolic pressure"),
    "diastolic": ("舒张压", "diastolic pressure"),
    "blood_glucose": ("血糖", "blood glucose"),
    "body_temperature": ("体温", "body temperature"),
    "temperature": ("室温", "room temperature"),
    "weight": ("体重", "weight"),
    "steps": ("步数", "steps"),
    "humidity": ("湿度", "humidity"),
    "co2": ("二氧化碳", "carbon dioxide"),
    "co": ("一氧化碳", "carbon monoxide"),
    "gas": ("燃气浓度", "gas"),
    "pm25": ("PM2.5", "PM2.5"),
    "illuminance": ("光照", "light"),
    "noise": ("噪声", "noise"),
    "power": ("功率", "power"),
    "energy": ("用电量", "energy used"),
    "water": ("用水量", "water used"),
    "battery": ("电量", "battery"),
    "voltage": ("电压", "voltage"),
    "rssi": ("信号强度", "signal strength"),
    "link_quality": ("链路质量", "link quality"),
    "motion": ("活动", "movement"),
    "presence": ("有人", "presence"),
    "contact_open": ("门窗开合", "door"),
    "in_bed": ("在床", "in bed"),
    "latitude": ("纬度", "latitude"),
    "longitude": ("经度", "longitude"),
    "accuracy": ("定位精度", "accuracy"),
}

_UNITS: Mapping[str, Pair] = {"1/min": (" 次/分", " per minute"), "1": ("", ""), "0/1": ("", ""), "%": (" %", " %")}

HAPPENED: Mapping[str, Pair] = {
    "sos.pressed": ("{d}按下了求助", "{d} was pressed for help"),
    "sos.cancelled": ("{d}取消了求助", "the call for help was taken back on {d}"),
    "fall.detected": ("{d}检测到有人跌倒", "{d} noticed a fall"),
    "fall.cancelled": ("{d}取消了跌倒报警", "the fall was taken back on {d}"),
    "smoke.on": ("{d}发现烟雾", "{d} noticed smoke"),
    "smoke.off": ("{d}的烟雾消散了", "{d} notices no smoke any more"),
    "gas.on": ("{d}发现燃气泄漏", "{d} noticed gas"),
    "gas.off": ("{d}的燃气消散了", "{d} notices no gas any more"),
    "co.on": ("{d}发现一氧化碳", "{d} noticed carbon monoxide"),
    "co.off": ("{d}的一氧化碳消散了", "{d} notices no carbon monoxide any more"),
    "water.on": ("{d}发现漏水", "{d} noticed a water leak"),
    "water.off": ("{d}不再漏水", "{d} notices no water any more"),
    "tamper.on": ("{d}被拆动", "{d} was tampered with"),
    "tamper.off": ("{d}已装回", "{d} is whole again"),
    "fault.on": ("{d}报告自身故障", "{d} reports a fault of its own"),
    "fault.off": ("{d}的故障已消除", "{d} reports no fault any more"),
    "battery.low": ("{d}报告电量低", "{d} says that its battery is low"),
    "battery.ok": ("{d}的电量恢复了", "{d} says that its battery is well again"),
    "power.lost": ("{d}断电了", "{d} lost its power"),
    "power.restored": ("{d}恢复供电", "{d} has its power back"),
    "device.tested": ("{d}做了测试", "{d} was tested"),
    "call.requested": ("有人用{d}呼叫医生", "somebody called a doctor on {d}"),
    "call.ended": ("{d}上的通话结束了", "the call on {d} ended"),
    "motion.seen": ("{d}看到有人活动", "{d} saw somebody move"),
    "presence.on": ("{d}感应到有人", "{d} noticed somebody"),
    "presence.off": ("{d}不再感应到有人", "{d} notices nobody any more"),
    "door.opened": ("{d}打开了", "{d} was opened"),
    "door.closed": ("{d}关上了", "{d} was closed"),
    "bed.entered": ("{d}感应到有人上床", "{d} noticed somebody getting into bed"),
    "bed.left": ("{d}感应到有人起床", "{d} noticed somebody getting out of bed"),
    "worn.on": ("{d}戴上了", "{d} was put on"),
    "worn.off": ("{d}摘下了", "{d} was taken off"),
    "sign_in.made": ("有人在{d}签到", "somebody signed in on {d}"),
    "zone.entered": ("{d}进入了区域", "{d} entered its zone"),
    "zone.left": ("{d}离开了区域", "{d} left its zone"),
    "stove.on": ("{d}打开了", "{d} was turned on"),
    "stove.off": ("{d}关闭了", "{d} was turned off"),
}
"""What a signal tells, with `{d}` for the device."""

WHETHER: Mapping[str, Pair] = {
    "motion.seen": ("看到有人活动", "any movement"),
    "presence.on": ("看到有人", "anybody there"),
    "presence.off": ("人离开", "anybody leaving"),
    "door.opened": ("开门", "the door being opened"),
    "door.closed": ("关门", "the door being closed"),
    "bed.entered": ("上床", "anybody getting into bed"),
    "bed.left": ("起床", "anybody getting out of bed"),
    "sign_in.made": ("签到", "anybody signing in"),
    "stove.on": ("开灶", "the stove being turned on"),
    "stove.off": ("关灶", "the stove being turned off"),
    "fall.cancelled": ("取消跌倒报警", "the fall being taken back"),
    "sos.cancelled": ("取消求助", "the call being taken back"),
    "worn.on": ("戴上设备", "it being put on"),
    "power.restored": ("恢复供电", "the power coming back"),
    "zone.entered": ("回到区域内", "anybody coming back to the zone"),
    "call.ended": ("通话结束", "the call ending"),
}
"""What was waited for, after "no …"."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def metric_name(metric: str) -> Pair:
    """What people call a metric; its own name where there is no word."""
    return METRIC_NAMES.get(metric, (metric, metric.replace("_", " ")))


def amount(metric: str, value: float) -> Pair:
    """A value with its unit: `85 %`, `72 次/分` / `72 per minute`."""
    unit = METRICS[metric].unit if metric in METRICS else "1"
    chinese, english = _UNITS.get(unit, (f" {unit}", f" {unit}"))
    return f"{number(value)}{chinese}", f"{number(value)}{english}"


def number(value: float) -> str:
    """At most one decimal below a hundred, none from there on, no empty decimals."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}".removesuffix(".0")  # noqa: PLR2004 three digits are enough


def metres(value: float) -> Pair:
    """A distance as people say it."""
    if value >= 1000:  # noqa: PLR2004 a kilometre
        return f"{number(value / 1000)} 公里", f"{number(value / 1000)} km"
    return f"{value:.0f} 米", f"{value:.0f} m"


def duration(seconds: float) -> Pair:
    """A span as people say it, in at most two units: `5 分钟`, `1 小时 5 分钟`, `3 天`."""
    whole = round(seconds)
    if whole < 2 * _MINUTE and whole % _MINUTE:
        return f"{whole} 秒", _several(whole, "second")
    days, rest = divmod(whole, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    if days >= 2 or (days and not hours and not minutes):  # noqa: PLR2004 from two days on hours say little
        return _joined((days, "天", "day"), (hours, "小时", "hour"))
    return _joined((hours + 24 * days, "小时", "hour"), (minutes, "分钟", "minute"))


def _joined(*parts: tuple[int, str, str]) -> Pair:
    said = [part for part in parts if part[0]] or [parts[-1]]
    return " ".join(f"{count} {unit}" for count, unit, _ in said), " ".join(_several(count, unit) for count, _, unit in said)


def _several(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def moment(at: datetime, beside: datetime, zone: ZoneInfo) -> Pair:
    """An instant in the centre's time; the day only where it is another than that of `beside`."""
    local, other = at.astimezone(zone), beside.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == other.date():
        return clock, clock
    return f"{local.month} 月 {local.day} 日 {clock}", f"{local.day} {local:%b} {clock}"


def day(iso: str) -> Pair:
    """A calendar day, written `2026-11-16`."""
    try:
        of = date.fromisoformat(iso)
    except ValueError:
        return iso, iso
    return f"{of.month} 月 {of.day} 日", f"{of.day} {of:%b}"


def device(name: str | None, room: str | None) -> Pair:
    """A device by its name and room, as in `卧室「求助按钮」`."""
    if not name:
        return "设备", "a device"
    place = room if room and room not in name else None
    return (f"{place}「{name}」", f"“{name}” ({place})") if place else (f"「{name}」", f"“{name}”")


__all__ = [
    "HAPPENED",
    "METRIC_NAMES",
    "WHETHER",
    "Pair",
    "amount",
    "day",
    "device",
    "duration",
    "metres",
    "metric_name",
    "moment",
    "number",
]
