"""What a page says: who, where, what, since when, and the number to speak of. Never anything medical. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_KINDS: Mapping[str, tuple[str, str]] = {
    "sos": ("紧急求助", "SOS"),
    "fall": ("跌倒", "Fall"),
    "smoke": ("烟雾报警", "Smoke"),
    "gas": ("燃气报警", "Gas"),
    "co": ("一氧化碳报警", "Carbon monoxide"),
    "water": ("漏水", "Water leak"),
    "vitals": ("体征超限", "Vital sign out of range"),
    "environment": ("环境超限", "Room out of range"),
    "doctor_call": ("视频医生呼叫", "Doctor call"),
    "phone_call": ("来电", "Phone call"),
    "walk_in": ("来访", "Walk-in"),
    "device_fault": ("设备故障", "Device fault"),
    "battery": ("电量低", "Low battery"),
    "silence": ("设备失联", "Silent device"),
    "system": ("系统故障", "System fault"),
    "other": ("其他", "Other"),
}

_CAUSES: Mapping[str, tuple[str, str]] = {
    "not_acknowledged": ("无人接警", "Nobody has taken it"),
    "nobody_watching": ("无人值守", "Nobody is watching"),
}


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page tells of its incident."""

    number: int
    kind: str
    cause: str
    opened_at: datetime
    centre: str
    home: str | None
    address: str | None
    residents: tuple[str, ...]
    drill: bool = False


def page_text(facts: PageFacts, language: str, timezone: str) -> tuple[str, str]:
    """Title and body, in `zh-CN` or `en`, with times of the centre's zone."""
    at = facts.opened_at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")
    chinese = language == "zh-CN"
    kind = _KINDS.get(facts.kind, (facts.kind, facts.kind))[0 if chinese else 1]
    cause = _CAUSES.get(facts.cause, (facts.cause, facts.cause))[0 if chinese else 1]
    if chinese:
        title = f"{'【演练】' if facts.drill else ''}【{facts.centre}】{kind}：{cause} 警情 {facts.number} 号"
        lines = [
            f"老人：{'、'.join(facts.residents)}" if facts.residents else None,
            f"住户：{facts.home}" if facts.home else None,
            f"地址：{facts.address}" if facts.address else None,
            f"事由：{kind}（{cause}）",
            f"开始：{at}",
            f"警情编号：{facts.number}",
        ]
    else:
        title = f"{'[DRILL] ' if facts.drill else ''}[{facts.centre}] {kind}: {cause}, incident {facts.number}"
        lines = [
            f"Resident: {', '.join(facts.residents)}" if facts.residents else None,
            f"Home: {facts.home}" if facts.home else None,
            f"Address: {facts.address}" if facts.address else None,
            f"What: {kind} ({cause.lower()})",
            f"Since: {at}",
            f"Incident: {facts.number}",
        ]
    return title, "\n".join(line for line in lines if line is not None)


def masked(target: str) -> str:
    """An address as a timeline may show it: its service and where it goes, no names and no tokens."""
    scheme, _, rest = target.partition("://")
    host = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    return f"{scheme}://{host[:3]}…" if host else scheme


__all__ = ["PageFacts", "masked", "page_text"]
