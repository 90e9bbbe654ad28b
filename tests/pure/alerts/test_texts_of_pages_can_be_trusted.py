from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.paging.templates import BUILT_IN, LANGUAGES, PLACEHOLDERS, Template, check, fill, required
from alerts.paging.texts import SMS_LONGEST, PageFacts, Reader, joined_values, plain, values
from alerts.paging.words import KINDS
from core.errors import InvalidInputError

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LINK = "https://centre.example/a/" + "k" * 43
EVENT_CAUSES = {"alarm": "not_acknowledged", "bundle": "not_acknowledged"}
TEXTS = sorted(BUILT_IN)
CHANNEL = {"full": "apprise", "sms": "sms", "voice": "voice"}


def facts(**more: Any) -> PageFacts:
    told: dict[str, Any] = {
        "number": 42,
        "kind": "sos",
        "cause": "not_acknowledged",
        "opened_at": AT,
        "centre": "银铃县调度中心",
        "home": "3栋201",
        "address": "幸福路1号",
        "residents": ("李秀英",),
        "step": "dispatched",
        "verdict": "all_normal",
        "battery": 80.0,
        "phone": "0797-8120120",
        "window_minutes": 30,
        "person": "王芳",
    }
    return PageFacts(**{**told, **more})


def written(key: str, language: str, told: PageFacts) -> tuple[str, str]:
    event, _, form = key.partition(".")
    found = values(told, Reader(language, "Asia/Shanghai", CHANNEL[form]), LINK)
    if event == "bundle":
        found = joined_values([found, found], language)
    return fill(BUILT_IN[key, language], found, SMS_LONGEST if form == "sms" else None)


@pytest.mark.parametrize(("key", "language"), TEXTS)
def test_every_built_in_text_passes_its_own_check(key: str, language: str) -> None:
    check(key, language, BUILT_IN[key, language])


@pytest.mark.parametrize(("key", "language"), TEXTS)
def test_every_text_says_who_where_what_since_when_and_where_to_answer(key: str, language: str) -> None:
    event, _, form = key.partition(".")
    _, body = written(key, language, facts(cause=EVENT_CAUSES.get(event, event)))
    if event in {"alarm", "family_opened"}:
        for fact in ("李秀英", "幸福路1号", "紧急求助" if language == "zh-CN" else "SOS", "11"):
            assert fact in body
    if form == "voice":
        assert "http" not in body
        assert event == "digest" or "1" in body
    elif event != "bundle" or form == "sms":
        assert LINK in body
    assert "{" not in body
    assert "}" not in body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["sms", "voice", "web_push"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_others_may_read_along_names_no_health(kind: str, channel: str, language: str) -> None:
    said = values(facts(kind=kind), Reader(language, "Asia/Shanghai", channel), LINK)
    whole = " ".join(said.values()).lower()
    for word in ("体征", "血压", "心率", "医生", "vital", "doctor", "heart", "blood"):
        assert word not in whole


@pytest.mark.parametrize(("key", "language"), [place for place in TEXTS if place[0].endswith(".sms")])
def test_a_text_message_fits_whatever_the_names_and_keeps_its_link_whole(key: str, language: str) -> None:
    event = key.partition(".")[0]
    long = facts(
        cause=EVENT_CAUSES.get(event, event),
        address="很长的地址" * 60,
        residents=tuple("欧阳娜娜" * 3 for _ in range(9)),
        home="楼" * 120,
        centre="某某县智慧养老综合调度指挥服务中心" * 5,
    )
    _, body = written(key, language, long)
    assert len(body) <= SMS_LONGEST
    assert LINK in body


@given(st.text(max_size=400), st.text(max_size=200))
def test_what_people_typed_is_data_and_can_neither_forge_a_line_nor_name_a_placeholder(address: str, name: str) -> None:
    template = BUILT_IN["alarm.full", "zh-CN"]
    told = values(facts(address=address, residents=(name,), home=None), Reader("zh-CN", "Asia/Shanghai"), LINK)
    _, body = fill(template, told)
    assert len(body.split("\n")) <= len(template.body.split("\n"))
    assert told["where"] in body
    assert all(char == "\n" or char >= " " for char in body)


def test_braces_in_a_name_stay_braces() -> None:
    told = values(facts(residents=("{link.__class__}{phone}",)), Reader("en", "UTC"), LINK)
    _, body = fill(BUILT_IN["alarm.full", "en"], told)
    assert "{link.__class__}{phone}" in body
    assert "0797" not in body


def test_direction_marks_and_control_letters_are_taken_out() -> None:
    assert plain("a\u202eb\u0000c\u200bd\ne", 50) == "abcd e"


@pytest.mark.parametrize(
    "text",
    [
        "{who.__class__}",
        "{who[0]}",
        "{who!r}",
        "{who:>9999999}",
        "{0}",
        "{}",
        "{illnesses}",
        "{settings}",
        "{who",
        "who}",
        "{who:{link}}",
    ],
)
def test_a_template_names_places_and_nothing_else(text: str) -> None:
    body = f"{{who}} {{where}} {{what}} {{since}} {{link}} {text}"
    with pytest.raises(InvalidInputError) as refused:
        check("alarm.full", "en", Template("t", body))
    assert refused.value.code == "template_placeholder"


@pytest.mark.parametrize(("key", "language"), TEXTS)
def test_a_text_that_leaves_out_what_it_must_say_is_refused(key: str, language: str) -> None:
    event, _, form = key.partition(".")
    for left_out in required(event, form):
        body = " ".join(f"{{{name}}}" for name in required(event, form) if name != left_out) + " x"
        with pytest.raises(InvalidInputError) as refused:
            check(key, language, Template("", body))
        assert (refused.value.code, refused.value.details["missing"]) == ("template_incomplete", [left_out])


def test_no_text_may_name_anything_medical() -> None:
    for allowed in PLACEHOLDERS.values():
        assert not allowed & {"illnesses", "medicines", "allergies", "value", "reading", "evidence", "notes"}


def test_a_text_that_is_too_long_or_of_an_unknown_kind_is_refused() -> None:
    body = "{who} {where} {what} {since} {link}"
    for key, text, code in (("alarm.sms", body + "x" * 200, "template_too_long"), ("alarm.fax", body, "unknown_template")):
        with pytest.raises(InvalidInputError) as refused:
            check(key, "en", Template("", text))
        assert refused.value.code == code


def test_a_bundle_names_every_resident_once() -> None:
    reader = Reader("zh-CN", "Asia/Shanghai")
    several = [
        values(facts(residents=(name,), number=number), reader, LINK)
        for number, name in enumerate(("李秀英", "张建国", "李秀英"), 1)
    ]
    title, body = fill(BUILT_IN["bundle.full", "zh-CN"], joined_values(several, "zh-CN"))
    assert "李秀英、张建国" in title
    assert body.count("\n") == 3


def test_a_line_with_nothing_to_say_is_left_out() -> None:
    told = values(facts(home=None, address=None, residents=(), kind="system"), Reader("zh-CN", "Asia/Shanghai"), LINK)
    _, body = fill(BUILT_IN["alarm.full", "zh-CN"], told)
    assert "住户" not in body
    assert "系统" in body
