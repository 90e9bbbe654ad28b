"""A sheet as one HTML page for paper: black on white, A4, nothing that needs a colour or a network. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from alerts.paging.words import KINDS, MARKS, Pair, pick, word
from alerts.troubles import trouble_words
from yinling.sheet import words
from yinling.sheet.model import Sheet, SheetArea, SheetContact, SheetHome, SheetIncident

_LINES = 12
"""Empty lines for what comes in meanwhile."""

_FONTS = '"Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'
_STYLE = """
@page { size: A4; margin: 14mm 12mm 16mm; @bottom-left { content: "%(foot)s"; font: 8pt %(fonts)s; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt %(fonts)s; } }
body { font: 10pt/1.5 %(fonts)s; color: #000;
  font-variant-numeric: tabular-nums; max-width: 190mm; margin: 0 auto; }
h1 { font-size: 18pt; margin: 0; } h2 { font-size: 13pt; margin: 16pt 0 4pt; border-bottom: 1.5pt solid #000; }
h3 { font-size: 11pt; margin: 10pt 0 2pt; break-after: avoid; }
header p { margin: 0; } .place { margin: 0; }
article { border: 0.75pt solid #000; padding: 4pt 6pt; margin: 6pt 0; break-inside: avoid; }
article .head { font-size: 12pt; font-weight: 700; margin: 0; }
article .write { border-top: 0.5pt dashed #000; margin: 4pt 0 0; height: 40pt; font-size: 8pt; }
table { width: 100%%; border-collapse: collapse; } td, th { border: 0.5pt solid #000; padding: 2pt 4pt; text-align: left;
  vertical-align: top; } tr { break-inside: avoid; } .log td { height: 26pt; }
.who { font-weight: 700; } .tel { white-space: nowrap; } .small { font-size: 8.5pt; }
"""


def render(sheet: Sheet, language: str, zone: ZoneInfo) -> str:
    """The whole page in one language, times as the centre's wall clock shows them."""
    page = _Page(language, zone)
    at = page.time(sheet.at, with_day=True)
    foot = f"{sheet.centre} · {page.say(words.AS_OF, at=at)} · {page.say(words.SECRET)}"
    body = [page.head(sheet, at), *page.incidents(sheet.incidents), *page.areas(sheet.areas), *page.log()]
    style = _STYLE % {"fonts": _FONTS, "foot": foot.replace("\\", "").replace('"', "'")}
    title = f"{pick(words.TITLE, language)} {at}"
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style.replace('<', '')}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _phone(number: str) -> str:
    return f'<span class="tel">{escape(number)}</span>'


def _phones(home: SheetHome, between: str) -> str:
    return between.join(_phone(number) for number in home.phones)


class _Page:
    """Words and times of one reader."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._language = language
        self._zone = zone

    def say(self, pair: Pair, **values: object) -> str:
        return pick(pair, self._language).format(**values)

    def time(self, at: datetime, *, with_day: bool = False) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M" if with_day else "%m-%d %H:%M")

    def head(self, sheet: Sheet, at: str) -> str:
        phone = f" · {sheet.phone}" if sheet.phone else ""
        return (
            f"<header><h1>{escape(sheet.centre)} {escape(self.say(words.TITLE))}</h1><p>{escape(self.say(words.AS_OF, at=at))}"
            f"{escape(phone)} · {escape(self.say(words.WATCHED, count=sheet.homes_watched))}</p>"
            f"<p><b>{escape(self.say(words.SECRET))}</b></p></header>"
        )

    def incidents(self, incidents: Sequence[SheetIncident]) -> list[str]:
        heading = f"<h2>{escape(self.say(words.INCIDENTS, count=len(incidents)))}</h2>"
        return [heading, *([self._incident(one) for one in incidents] or [f"<p>{escape(self.say(words.NO_INCIDENTS))}</p>"])]

    def _incident(self, one: SheetIncident) -> str:
        marks = "".join(word(MARKS, name, self._language) for name in ("drill", "test") if getattr(one, name))
        severity = word(words.SEVERITIES, one.severity, self._language)
        head = f"{severity} #{one.number} {marks}{self._what(one)}"
        facts = [self.say(words.SINCE, at=self.time(one.opened_at)), word(words.STATES, one.state, self._language)]
        facts += [self.say(words.OWNER, name=one.owner)] if one.owner else []
        facts += [self.say(words.RESPONDER, name=one.responder)] if one.responder else []
        where = one.place or self.say(words.SYSTEM)
        place = f'<p class="place">{escape(where)}</p>' if one.home is None else self._home(one.home)
        return (
            f'<article><p class="head">{escape(head)}</p><p class="place">{escape(" · ".join(facts))}</p>{place}'
            f'<p class="write">{escape(self.say(words.DONE))}</p></article>'
        )

    def _what(self, one: SheetIncident) -> str:
        return word(KINDS, one.kind, self._language) if one.trouble is None else pick(trouble_words(one.trouble), self._language)

    def _home(self, home: SheetHome) -> str:
        lines = [
            f'<p class="place"><span class="who">{escape(self._who(home))}</span> {_phones(home, "、")}</p>',
            f'<p class="place">{escape(home.address)}{escape(self._risks(home))}</p>',
        ]
        lines += [f'<p class="place small">{escape(line)}</p>' for line in self._ways_in(home)]
        lines.append(f'<p class="place small">{escape(self.say(words.CONTACTS))}: {self._contacts(home.contacts, "; ")}</p>')
        return "".join(lines)

    def _who(self, home: SheetHome) -> str:
        return "、".join(home.residents) or home.name

    def _risks(self, home: SheetHome) -> str:
        said = [word(words.REASONS, reason, self._language) for reason in home.reasons]
        said += [self.say(words.UNHEARD, count=home.unheard)] if home.unheard else []
        return f" 【{'、'.join(said)}】" if said else ""

    def _ways_in(self, home: SheetHome) -> list[str]:
        return [f"{self.say(label)}: {text}" for label, text in ((words.ENTRY, home.entry), (words.NOTES, home.notes)) if text]

    def _contacts(self, contacts: Sequence[SheetContact], between: str) -> str:
        if not contacts:
            return escape(self.say(words.NO_CONTACT))
        return between.join(f"{number}. {self._contact(one)}" for number, one in enumerate(contacts, start=1))

    def _contact(self, one: SheetContact) -> str:
        about = [part for part in (one.relation, self.say(words.KEY_HOLDER) if one.key_holder else None, one.availability) if part]
        said = f"（{'，'.join(about)}）" if about else ""
        return f"{escape(one.name + said)} {_phone(one.phone)}"

    def areas(self, areas: Sequence[SheetArea]) -> list[str]:
        heading = f"<h2>{escape(self.say(words.AT_RISK))}</h2>"
        return [heading, *([self._area(one) for one in areas] or [f"<p>{escape(self.say(words.NOBODY_AT_RISK))}</p>"])]

    def _area(self, area: SheetArea) -> str:
        rows = "".join(self._row(home) for home in area.homes)
        left = f'<p class="small">{escape(self.say(words.LEFT_OUT, count=area.left_out))}</p>' if area.left_out else ""
        return f"<h3>{escape(area.name or self.say(words.NO_AREA))}</h3><table>{rows}</table>{left}"

    def _row(self, home: SheetHome) -> str:
        ways = "".join(f"<br>{escape(line)}" for line in self._ways_in(home))
        return (
            f'<tr><td style="width:24%"><span class="who">{escape(self._who(home))}</span><br>{_phones(home, "<br>")}'
            f"<br>{escape(self._risks(home).strip())}</td>"
            f'<td style="width:38%">{escape(home.address)}<span class="small">{ways}</span></td>'
            f'<td class="small">{self._contacts(home.contacts, "<br>")}</td></tr>'
        )

    def log(self) -> list[str]:
        head = "".join(f"<th>{escape(self.say(one))}</th>" for one in words.LOG_HEAD)
        line = f"<tr>{'<td></td>' * len(words.LOG_HEAD)}</tr>"
        return [
            f"<h2>{escape(self.say(words.LOG))}</h2>",
            f'<table class="log"><tr>{head}</tr>{line * _LINES}</table>',
            f'<p class="small">{escape(self.say(words.LATER))}</p>',
        ]
