"""Texts of pages as templates: the built-in ones, how one is checked, and how one is filled. Pure.

A placeholder is a bare name in braces and nothing else: no attribute, index, conversion or format can be written, so a
template can only place what it was given. A line whose placeholders are all empty is left out.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.paging.texts import SMS_LONGEST
from core.errors import InvalidInputError

LANGUAGES = ("zh-CN", "en")
EVENTS: Mapping[str, str] = {
    "family_opened": "family_opened",
    "family_step": "family_step",
    "digest": "digest",
    "test": "test",
}
"""The kind of text by a page's cause; every other cause is an `alarm`."""

_COMMON = frozenset({"mark", "centre", "phone", "person", "link", "accept", "decline"})
_OF_INCIDENT = _COMMON | {"who", "residents", "home", "where", "what", "why", "since", "number"}
PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "alarm": _OF_INCIDENT,
    "bundle": _OF_INCIDENT | {"count", "list"},
    "family_opened": _OF_INCIDENT,
    "family_step": _OF_INCIDENT | {"step"},
    "digest": _COMMON | {"who", "home", "where", "verdict", "movement", "battery"},
    "test": _COMMON | {"minutes"},
}
_ALWAYS = frozenset({"who", "where", "what", "since", "link"})
REQUIRED: Mapping[str, frozenset[str]] = {
    "alarm": _ALWAYS,
    "bundle": frozenset({"list"}),
    "family_opened": _ALWAYS,
    "family_step": frozenset({"who", "step", "link"}),
    "digest": frozenset({"who", "verdict"}),
    "test": frozenset({"link"}),
}
"""What a text may not leave out; on the telephone the key to press stands in the place of the link."""
TITLE_LONGEST = 300
BODY_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a body. A text message and a call have no title."""

    title: str
    body: str


def event_of(cause: str) -> str:
    """Which text a cause asks for."""
    return EVENTS.get(cause, "alarm")


def check(key: str, language: str, template: Template) -> None:
    """InvalidInputError `unknown_template`, `template_placeholder`, `template_incomplete` or `template_too_long`."""
    if (key, language) not in BUILT_IN:
        raise InvalidInputError("unknown_template", key=key)
    event, _, form = key.partition(".")
    named = _names(template.title) | _names(template.body)
    unknown = sorted(named - PLACEHOLDERS[event])
    if unknown:
        raise InvalidInputError("template_placeholder", placeholder=unknown[0], allowed=sorted(PLACEHOLDERS[event]))
    missing = sorted(required(event, form) - _names(template.body))
    if missing:
        raise InvalidInputError("template_incomplete", missing=missing)
    longest = BODY_LONGEST if form == "full" else SMS_LONGEST // 2
    words = sum(len(literal) for literal, *_ in string.Formatter().parse(template.body))
    if words > longest or len(template.title) > TITLE_LONGEST or not template.body.strip():
        raise InvalidInputError("template_too_long", longest=longest)


def required(event: str, form: str) -> frozenset[str]:
    """What the body of this text must name."""
    if form == "sms" and event == "bundle":
        return frozenset({"who", "count", "link"})
    if form != "voice":
        return REQUIRED[event]
    by_key = frozenset({"accept"}) if event != "digest" else frozenset()
    return (frozenset({"who", "count"}) if event == "bundle" else REQUIRED[event] - {"link"}) | by_key


def fill(template: Template, values: Mapping[str, str], longest: int | None = None) -> tuple[str, str]:
    """Title and body. With `longest`, the longest values are cut until it fits; the link never is."""
    title, body = _filled(template.title, values), _filled(template.body, values)
    if longest is None or len(body) <= longest:
        return title, body
    shorter = dict(values)
    while len(body) > longest:
        name = max((name for name in shorter if name != "link"), key=lambda name: len(shorter[name]))
        cut = min(len(body) - longest + 1, len(shorter[name]) // 2)
        if cut < 1:
            break
        shorter[name] = f"{shorter[name][: len(shorter[name]) - cut - 1]}…"
        body = _filled(template.body, shorter)
    return title, body


def _names(text: str) -> frozenset[str]:
    try:
        parts = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise InvalidInputError("template_placeholder", placeholder=text[:40], allowed=[]) from error
    for name, spec, conversion in parts:
        if spec or conversion or not name.isidentifier():
            raise InvalidInputError("template_placeholder", placeholder=name, allowed=[])
    return frozenset(name for name, _, _ in parts)


def _filled(text: str, values: Mapping[str, str]) -> str:
    lines = [_line(line, values) for line in text.splitlines()]
    return "\n".join(line for line in lines if line is not None)


def _line(line: str, values: Mapping[str, str]) -> str | None:
    out: list[str] = []
    seen = full = 0
    for literal, name, _spec, _conversion in string.Formatter().parse(line):
        out.append(literal)
        if name is not None:
            value = values.get(name, "")
            seen += 1
            full += bool(value)
            out.append(value)
    return None if seen and not full else "".join(out)


_TEXTS: Mapping[str, tuple[Template, Template]] = {
    "alarm.full": (
        Template(
            "{mark}【{centre}】{what}：{why} 警情 {number} 号",
            "老人：{who}\n住户：{home}\n地址：{where}\n事由：{what}（{why}）\n开始：{since}\n警情编号：{number}\n接受或查看：{link}",
        ),
        Template(
            "{mark}[{centre}] {what}: {why}, incident {number}",
            "Who: {who}\nHome: {home}\nWhere: {where}\nWhat: {what} ({why})\nSince: {since}\nIncident: {number}\nAnswer: {link}",
        ),
    ),
    "alarm.sms": (
        Template("", "{mark}【{centre}】{who} {what}，{where}，{since}，{why}。接受：{link}"),
        Template("", "{mark}[{centre}] {who}: {what}, {where}, since {since}. {why}. Answer: {link}"),
    ),
    "alarm.voice": (
        Template(
            "", "{mark}这里是{centre}。{who}，{what}，{where}，{since}开始，{why}。接受请按 {accept}，无法前往请按 {decline}。"
        ),
        Template(
            "",
            "{mark}This is {centre}. {who}, {what}, at {where}, since {since}. {why}. "
            "To accept press {accept}, if you cannot press {decline}.",
        ),
    ),
    "bundle.full": (
        Template("{mark}【{centre}】{count} 条警情：{who}", "共 {count} 条：\n{list}"),
        Template("{mark}[{centre}] {count} incidents: {who}", "{count} incidents:\n{list}"),
    ),
    "bundle.sms": (
        Template("", "{mark}【{centre}】{count} 条警情：{who}。查看：{link}"),
        Template("", "{mark}[{centre}] {count} incidents: {who}. See: {link}"),
    ),
    "bundle.voice": (
        Template("", "{mark}这里是{centre}。有 {count} 条警情：{who}。知道了请按 {accept}。"),
        Template("", "{mark}This is {centre}. There are {count} incidents: {who}. Press {accept} if you have heard it."),
    ),
    "family_opened.full": (
        Template(
            "{mark}【{centre}】{who}：{what}",
            "{who}家中有警情，{why}。\n事由：{what}\n地址：{where}\n开始：{since}\n调度中心电话：{phone}\n查看与回复：{link}",
        ),
        Template(
            "{mark}[{centre}] {who}: {what}",
            "There is an alarm at {who}'s home. {why}.\nWhat: {what}\nWhere: {where}\nSince: {since}\nThe centre's phone: {phone}\n"
            "See and answer: {link}",
        ),
    ),
    "family_opened.sms": (
        Template("", "{mark}【{centre}】{who} {what}，{where}，{since}，{why}。查看：{link}"),
        Template("", "{mark}[{centre}] {who}: {what}, {where}, since {since}. {why}. See: {link}"),
    ),
    "family_opened.voice": (
        Template("", "{mark}这里是{centre}。{who}家中有警情：{what}，{where}，{since}开始，{why}。知道了请按 {accept}。"),
        Template(
            "",
            "{mark}This is {centre}. There is an alarm at {who}'s home: {what}, at {where}, since {since}. {why}. "
            "Press {accept} if you have heard it.",
        ),
    ),
    "family_step.full": (
        Template(
            "{mark}【{centre}】{who}：{step}",
            "{step}。\n老人：{who}\n事由：{what}\n地址：{where}\n开始：{since}\n调度中心电话：{phone}\n查看：{link}",
        ),
        Template(
            "{mark}[{centre}] {who}: {step}",
            "{step}.\nWho: {who}\nWhat: {what}\nWhere: {where}\nSince: {since}\nThe centre's phone: {phone}\nSee: {link}",
        ),
    ),
    "family_step.sms": (
        Template("", "{mark}【{centre}】{who} {what}（{where}，{since}）：{step}。查看：{link}"),
        Template("", "{mark}[{centre}] {who}, {what} ({where}, since {since}): {step}. See: {link}"),
    ),
    "family_step.voice": (
        Template("", "{mark}这里是{centre}。{who}家的警情：{step}。知道了请按 {accept}。"),
        Template("", "{mark}This is {centre}. About {who}: {step}. Press {accept} if you have heard it."),
    ),
    "digest.full": (
        Template(
            "【{centre}】{who}：{verdict}",
            "{who}：{verdict}\n最近活动：{movement}\n最低电量：{battery}\n调度中心电话：{phone}\n查看：{link}",
        ),
        Template(
            "[{centre}] {who}: {verdict}",
            "{who}: {verdict}\nLast movement: {movement}\nLowest battery: {battery}\nThe centre's phone: {phone}\nSee: {link}",
        ),
    ),
    "digest.sms": (
        Template("", "【{centre}】{who}：{verdict}最近活动 {movement}，最低电量 {battery}。{link}"),
        Template("", "[{centre}] {who}: {verdict} Last movement {movement}, lowest battery {battery}. {link}"),
    ),
    "digest.voice": (
        Template("", "这里是{centre}。{who}：{verdict}"),
        Template("", "This is {centre}. {who}: {verdict}"),
    ),
    "test.full": (
        Template("【{centre}】通知测试", "{person}，这是一次通知测试，没有警情。\n请在 {minutes} 分钟内打开：{link}"),
        Template(
            "[{centre}] Test page",
            "{person}, this is a test page. There is no alarm.\nPlease open within {minutes} minutes: {link}",
        ),
    ),
    "test.sms": (
        Template("", "【{centre}】通知测试，没有警情。请在 {minutes} 分钟内打开：{link}"),
        Template("", "[{centre}] Test page, no alarm. Please open within {minutes} minutes: {link}"),
    ),
    "test.voice": (
        Template("", "这里是{centre}。这是一次通知测试，没有警情。听到请按 {accept}。"),
        Template("", "This is {centre}. This is a test, there is no alarm. Press {accept} if you have heard it."),
    ),
}
BUILT_IN: Mapping[tuple[str, str], Template] = {
    (key, language): texts[place] for key, texts in _TEXTS.items() for place, language in enumerate(LANGUAGES)
}
"""By key and language; a centre's own stand in `page_templates`."""


__all__ = [
    "BODY_LONGEST",
    "BUILT_IN",
    "EVENTS",
    "LANGUAGES",
    "PLACEHOLDERS",
    "TITLE_LONGEST",
    "Template",
    "check",
    "event_of",
    "fill",
    "required",
]
