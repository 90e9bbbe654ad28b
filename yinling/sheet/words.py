"""The words of a sheet, in Chinese and English. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.paging.words import Pair

TITLE: Pair = ("纸面值守单", "Sheet for working without the console")
AS_OF: Pair = ("{at} 的情况", "As it was at {at}")
SECRET: Pair = ("含个人信息，用后销毁", "Personal data: destroy after use")
WATCHED: Pair = ("在册住户 {count} 户", "{count} homes under watch")
INCIDENTS: Pair = ("未结束的警情（{count}）", "Incidents not closed ({count})")
NO_INCIDENTS: Pair = ("没有未结束的警情。", "No incident is open.")
AT_RISK: Pair = ("各区域重点老人", "Residents most at risk, by area")
NOBODY_AT_RISK: Pair = ("没有登记重点老人。", "Nobody is registered as at risk.")
LEFT_OUT: Pair = ("本区域另有 {count} 户重点老人未列出。", "{count} more homes at risk in this area are not listed.")
NO_AREA: Pair = ("未分区域", "Without an area")
ENTRY: Pair = ("入户", "Entry")
NOTES: Pair = ("备注", "Notes")
CONTACTS: Pair = ("联系人", "Contacts")
NO_CONTACT: Pair = ("没有登记联系人", "No contact is registered")
KEY_HOLDER: Pair = ("有钥匙", "has a key")
SINCE: Pair = ("{at} 起", "since {at}")
OWNER: Pair = ("值班员 {name}", "Operator {name}")
RESPONDER: Pair = ("已派 {name}", "{name} was sent")
UNHEARD: Pair = ("{count} 台设备失联", "{count} silent devices")
DONE: Pair = ("已做（时:分、谁、做了什么）", "Done (hh:mm, who, what)")
SYSTEM: Pair = ("系统", "The system itself")
LOG: Pair = ("期间新接的求助", "Calls for help that come in meanwhile")
LOG_HEAD: tuple[Pair, ...] = (
    ("时:分", "hh:mm"),
    ("谁、哪里", "Who, where"),
    ("什么事", "What"),
    ("做了什么、几点", "What was done, when"),
    ("签名", "Signed"),
)
LATER: Pair = (
    "控制台恢复后，逐条补录：警情“新建”，备注写明纸面时间与经手人，然后按结果关闭。",
    (
        "When the console is back, enter every line: open an incident by hand, note the time on paper and who acted, "
        "then close it with its outcome."
    ),
)
AGED: Pair = ("{name}（{age} 岁）", "{name} ({age})")

SEVERITIES: Mapping[str, Pair] = {
    "critical": ("◆ 危急", "◆ Critical"),
    "high": ("▲ 高", "▲ High"),
    "medium": ("■ 中", "■ Medium"),
    "low": ("● 低", "● Low"),
    "info": ("○ 提示", "○ Info"),
}
STATES: Mapping[str, Pair] = {
    "open": ("无人接警", "Nobody has taken it"),
    "acknowledged": ("已接警", "Taken"),
    "dispatched": ("已派人", "Somebody was sent"),
    "on_scene": ("已到场", "Somebody is there"),
    "resolved": ("已处理，待关闭", "Resolved, not closed"),
}
REASONS: Mapping[str, Pair] = {
    "oxygen": ("用氧", "oxygen"),
    "falls": ("易跌倒", "falls easily"),
    "alone": ("独居", "lives alone"),
    "age": ("高龄", "80 or older"),
}
