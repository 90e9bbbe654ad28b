"""What a page says: who, where, what, since when, and where to answer. Never anything medical. Pure.

`values` turns what is known into words; a template (`alerts.paging.templates`) puts them in order. Values are data, never
text to be read again: what somebody typed into an address can neither forge a line nor name another placeholder.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.paging.words import CAUSES, KINDS, MARKS, NEVER, NO_BATTERY, PLAIN_KINDS, STEPS, SYSTEM, VERDICTS, pick, word
from alerts.troubles import trouble_words

FORMS: Mapping[str, str] = {"sms": "sms", "voice": "voice"}
"""The form of a text by its channel; every other channel has room for the full one."""
PLAIN_CHANNELS = frozenset({"sms", "voice", "web_push"})
"""Channels others may read or hear along; not even the kind of an incident may speak of somebody's health there."""
SMS_LONGEST = 268
"""Four parts of 67 characters, the most a text message should ever cost or take to read."""
_VALUE_LONGEST = {"sms": 60, "voice": 60, "full": 300}
_MOST_NAMES = 12

ACCEPT_DIGIT = "1"
DECLINE_DIGIT = "2"


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page tells of its incident, or of a day."""

    number: int | None
    kind: str
    cause: str
    opened_at: datetime
    centre: str
    home: str | None
    address: str | None
    residents: tuple[str, ...]
    drill: bool = False
    test: bool = False
    step: str | None = None
    verdict: str | None = None
    last_movement_at: datetime | None = None
    battery: float | None = None
    phone: str | None = None
    window_minutes: int | None = None
    person: str | None = None
    trouble: str | None = None
    """The subject, where the system itself is what is wrong."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads it, and how."""

    language: str
    timezone: str
    channel: str = "apprise"

    @property
    def form(self) -> str:
        """`sms`, `voice` or `full`."""
        return FORMS.get(self.channel, "full")


def values(facts: PageFacts, reader: Reader, link: str | None = None) -> dict[str, str]:
    """Every placeholder's value for this reader; empty where there is nothing to say."""
    language = reader.language
    kinds = {**KINDS, **PLAIN_KINDS} if reader.channel in PLAIN_CHANNELS else KINDS
    what = word(kinds, facts.kind, language) if facts.trouble is None else pick(trouble_words(facts.trouble), language)
    who = _joined(facts.residents, language) or facts.home or (pick(SYSTEM, language) if facts.number is not None else "")
    found = {
        "mark": "".join(pick(MARKS[name], language) for name, holds in (("test", facts.test), ("drill", facts.drill)) if holds),
        "centre": facts.centre,
        "who": who,
        "residents": _joined(facts.residents, language),
        "home": facts.home or "",
        "where": facts.address or facts.home or facts.centre,
        "what": what,
        "why": word(CAUSES, facts.cause, language),
        "since": _instant(facts.opened_at, reader),
        "number": "" if facts.number is None else str(facts.number),
        "step": "" if facts.step is None else word(STEPS, facts.step, language),
        "verdict": "" if facts.verdict is None else word(VERDICTS, facts.verdict, language),
        "movement": pick(NEVER, language) if facts.last_movement_at is None else _instant(facts.last_movement_at, reader),
        "battery": pick(NO_BATTERY, language) if facts.battery is None else f"{facts.battery:.0f} %",
        "phone": facts.phone or "",
        "minutes": "" if facts.window_minutes is None else str(facts.window_minutes),
        "person": facts.person or "",
        "accept": ACCEPT_DIGIT,
        "decline": DECLINE_DIGIT,
    }
    longest = _VALUE_LONGEST[reader.form]
    return {**{name: plain(value, longest) for name, value in found.items()}, "link": link or ""}


def joined_values(several: list[dict[str, str]], language: str) -> dict[str, str]:
    """The values of one page about several incidents: everybody named once, the earliest start, a line for each."""
    first = several[0]
    apart = "、" if language == "zh-CN" else ", "

    def each(name: str) -> str:
        return apart.join(dict.fromkeys(values[name] for values in several if values[name]))

    lines = [" · ".join(values[name] for name in ("who", "what", "where", "since", "link") if values[name]) for values in several]
    return {
        **first,
        **{name: each(name) for name in ("who", "residents", "home", "where", "what", "number")},
        "since": min(values["since"] for values in several),
        "count": str(len(several)),
        "list": "\n".join(lines),
    }


def plain(text: str, longest: int) -> str:
    """One line without control and direction characters, cut where it is too long."""
    kept = "".join(" " if unicodedata.category(char)[0] == "Z" else char for char in text if not _invisible(char))
    one_line = " ".join(kept.split())
    return one_line if len(one_line) <= longest else f"{one_line[: longest - 1]}…"


def _invisible(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Co", "Cs", "Cn"} or (unicodedata.category(char) == "Cc" and char not in "\n\r\t")


def _joined(names: tuple[str, ...], language: str) -> str:
    shown = names[:_MOST_NAMES]
    return ("、" if language == "zh-CN" else ", ").join(shown)


def _instant(at: datetime, reader: Reader) -> str:
    local = at.astimezone(ZoneInfo(reader.timezone))
    if reader.form == "sms":
        return local.strftime("%m-%d %H:%M")
    if reader.form == "voice":
        return local.strftime("%H点%M分" if reader.language == "zh-CN" else "%H:%M")
    return local.strftime("%Y-%m-%d %H:%M:%S")


def masked(target: str) -> str:
    """An address as a timeline may show it: its service and where it goes, no names and no tokens; of a number its last digits."""
    scheme, separator, rest = target.partition("://")
    if not separator:
        digits = "".join(char for char in target if char.isdigit())
        return f"…{digits[-4:]}" if len(digits) > 6 else "…"  # noqa: PLR2004 a short number would stand there whole
    host = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    return f"{scheme}://{host[:3]}…" if host else scheme


__all__ = [
    "ACCEPT_DIGIT",
    "DECLINE_DIGIT",
    "FORMS",
    "PLAIN_CHANNELS",
    "SMS_LONGEST",
    "PageFacts",
    "Reader",
    "joined_values",
    "masked",
    "plain",
    "values",
]
