"""What can be wrong with Yinling itself, each with words for people, in Chinese and English. Pure.

The subject of a system alert is a code for programs; whoever answers it reads these words. A trouble without words cannot be
raised (`alerts.system`), and the pages' own texts are held to the same list by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from alerts.lanes import system_lane

Pair = tuple[str, str]
"""Chinese, English."""

OF_DEVICES = "of devices"
"""Stands for the name of a certificate where it is devices' own."""


class Trouble(StrEnum):
    """The first part of a system alert's subject; a colon and a name may follow."""

    PROBE = "probe"
    AUDITOR = "auditor"
    READINGS_STORE = "readings_store"
    CERTIFICATE = "certificate"
    UNPROCESSED = "unprocessed"


WORDS: Mapping[str, Pair] = {
    Trouble.PROBE: ("模拟报警没有按时走完全程", "The test alarm did not arrive in time"),
    Trouble.AUDITOR: ("核对时发现警情或通知被遗漏", "An incident or a page had been left behind"),
    Trouble.READINGS_STORE: (
        "读数数据库拒绝访问，读数暂存在本机",
        "The store of readings refuses us; readings wait on this machine",
    ),
    Trouble.CERTIFICATE: ("证书“{name}”即将到期或已经到期", "The certificate “{name}” ends soon or has ended"),
    f"{Trouble.CERTIFICATE}:{OF_DEVICES}": ("有设备的证书即将到期或已经到期", "Certificates of devices end soon or have ended"),
    Trouble.UNPROCESSED: (
        "有一条可能关系生命的报文无法处理：{name}",
        "A message that may speak of danger to life could not be handled: {name}",
    ),
}
WITHOUT_NAME: Mapping[str, Pair] = {
    Trouble.UNPROCESSED: (
        "有一条可能关系生命的报文无法处理",
        "A message that may speak of danger to life could not be handled",
    ),
}
"""Where the name is a topic, in which a gateway may say whose room it is: for whoever may not know that."""
OTHER: Pair = ("系统故障", "System fault")


def trouble_of(subject: str) -> Trouble | None:
    """The trouble that a subject is of; None for one nobody knows."""
    code = subject.partition(":")[0]
    return Trouble(code) if code in set(Trouble) else None


def trouble_words(subject: str) -> Pair:
    """What people read of it; never the code itself."""
    trouble, name = trouble_of(subject), subject.partition(":")[2]
    chinese, english = WORDS.get(subject) or (OTHER if trouble is None else WORDS[trouble])
    return chinese.format(name=name), english.format(name=name)


def plain_trouble_words(subject: str) -> Pair:
    """The same without what may name a person."""
    return WITHOUT_NAME.get(trouble_of(subject) or "") or trouble_words(subject)


def subject_in(lane: str) -> str | None:
    """The subject of the system incident of a lane, also of one that was split off; None for any other incident."""
    prefix = system_lane("")
    if not lane.startswith(prefix):
        return None
    return lane.removeprefix(prefix).partition(":split:")[0].partition(":plain:")[0]


__all__ = [
    "OF_DEVICES",
    "OTHER",
    "WITHOUT_NAME",
    "WORDS",
    "Pair",
    "Trouble",
    "plain_trouble_words",
    "subject_in",
    "trouble_of",
    "trouble_words",
]
