"""What pages call things, in Chinese and English. Data only."""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[str, str]
"""Chinese, English."""

KINDS: Mapping[str, Pair] = {
    "sos": ("紧急求助", "SOS"),
    "fall": ("跌倒", "Fall"),
    "smoke": ("烟雾报警", "Smoke"),
    "gas": ("燃气报警", "Gas"),
    "co": ("一氧化碳报警", "Carbon monoxide"),
    "water": ("漏水", "Water leak"),
    "vitals": ("体征超限", "Vital sign out of range"),
    "environment": ("环境超限", "Room out of range"),
    "inactivity": ("久未活动", "No activity"),
    "wandering": ("可能走失", "May have wandered off"),
    "geofence": ("离开安全范围", "Outside the safe area"),
    "stove": ("灶具无人照看", "Stove on, nobody home"),
    "trend": ("指标变化趋势", "Values are changing"),
    "routine": ("作息异常", "Unusual day"),
    "outage": ("片区停电或断网", "Area without power or network"),
    "doctor_call": ("视频医生呼叫", "Doctor call"),
    "phone_call": ("来电", "Phone call"),
    "walk_in": ("来访", "Walk-in"),
    "device_fault": ("设备故障", "Device fault"),
    "battery": ("电量低", "Low battery"),
    "silence": ("设备失联", "Silent device"),
    "mode_question": ("外出期间有活动", "Movement while away"),
    "system": ("系统故障", "System fault"),
    "manual": ("人工登记", "Opened by hand"),
    "auditor": ("通知核对异常", "Pages left behind"),
    "no_movement": ("跌倒后没有活动", "No movement after a fall"),
    "power": ("断电", "Power cut"),
    "tamper": ("设备被拆动", "Device tampered with"),
    "other": ("其他", "Other"),
}
"""Kinds of incidents."""

PLAIN_KINDS: Mapping[str, Pair] = {
    "vitals": ("需要关注", "Needs attention"),
    "trend": ("需要关注", "Needs attention"),
    "doctor_call": ("视频呼叫", "Video call"),
}
"""What stands in their place where anybody may read along: a text message on a locked screen, a voice on a loudspeaker."""

CAUSES: Mapping[str, Pair] = {
    "not_acknowledged": ("无人接警", "Nobody has taken it"),
    "nobody_watching": ("无人值守", "Nobody is watching"),
    "escalation": ("请立即处理", "Please act now"),
    "family_opened": ("调度中心已收到", "The centre has been told"),
    "family_step": ("处理进展", "Progress"),
    "digest": ("每日平安", "Daily news"),
    "test": ("通知测试", "Test page"),
}
"""Why a page is sent."""

STEPS: Mapping[str, Pair] = {
    "opened": ("调度中心已收到警情", "The centre has the alarm"),
    "acknowledged": ("值班员已接警", "An operator is on it"),
    "released": ("正在重新安排值班员", "It is being handed to another operator"),
    "dispatched": ("已派人前往", "Somebody is on the way"),
    "on_scene": ("人员已到场", "Somebody is at the door"),
    "resolved": ("已处理完毕", "It is dealt with"),
    "closed": ("警情已结束", "It is over"),
    "reopened": ("警情重新打开", "It was opened again"),
}
"""Steps of an incident a family is told of."""

VERDICTS: Mapping[str, Pair] = {
    "all_normal": ("今天一切正常。", "All was normal today."),
    "incident_open": ("有一条警情正在处理，请联系调度中心。", "An incident is being dealt with; please call the centre."),
    "nothing_heard": (
        "长时间没有收到设备数据，无法确认是否正常。",
        "Nothing was heard for a long time; we cannot say whether all is well.",
    ),
    "gateway_silent": (
        "家中网关已断开，无法确认是否正常。",
        "The gateway at home is cut off; we cannot say whether all is well.",
    ),
    "no_devices": ("还没有安装设备，无法确认是否正常。", "No device is installed yet; we cannot say whether all is well."),
    "device_silent": ("有设备没有消息，请留意。", "A device has not been heard; please take note."),
    "battery_low": ("有设备电量低，请留意。", "A device has a low battery; please take note."),
    "no_movement": ("较长时间没有活动，请留意。", "No movement for a long time; please take note."),
    "fault_open": ("有设备等待检修，请留意。", "A device waits for repair; please take note."),
    "away": ("老人不在家（外出或住院），未作判断。", "Away from home or in hospital; nothing is judged meanwhile."),
    "in_doubt": ("现在无法确认是否正常。", "We cannot say just now whether all is well."),
}
"""The sentence of a day, by the code of its verdict."""

NEVER: Pair = ("没有记录", "not known")
NO_BATTERY: Pair = ("没有记录", "not known")
MARKS: Mapping[str, Pair] = {"drill": ("【演练】", "[DRILL] "), "test": ("【测试】", "[TEST] ")}
SYSTEM: Pair = ("系统", "System")


def word(table: Mapping[str, Pair], key: str, language: str) -> str:
    """The word for `key` in the reader's language; the key itself where there is none."""
    return pick(table[key], language) if key in table else key


def pick(pair: Pair, language: str) -> str:
    """The one of the two that the reader reads."""
    return pair[0 if language == "zh-CN" else 1]


__all__ = [
    "CAUSES",
    "KINDS",
    "MARKS",
    "NEVER",
    "NO_BATTERY",
    "PLAIN_KINDS",
    "STEPS",
    "SYSTEM",
    "VERDICTS",
    "Pair",
    "pick",
    "word",
]
