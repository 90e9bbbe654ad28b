"""Nobody reads a code: what is wrong with the system itself, and every kind of incident, has words wherever people meet it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.lanes import plain_lane, split_lane, system_lane
from alerts.paging.texts import PageFacts, Reader, values
from alerts.paging.words import KINDS
from alerts.ruleset.builtin import builtin_specs
from alerts.troubles import (
    OF_DEVICES,
    OTHER,
    WITHOUT_NAME,
    WORDS,
    Trouble,
    plain_trouble_words,
    subject_in,
    trouble_of,
    trouble_words,
)
from alerts.why_sentence import WhyFacts, sentence
from yinling.sheet.model import Sheet, SheetIncident
from yinling.sheet.page import render

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
SUBJECTS = [
    *(str(trouble) for trouble in Trouble),
    f"{Trouble.CERTIFICATE}:server",
    f"{Trouble.CERTIFICATE}:{OF_DEVICES}",
    f"{Trouble.UNPROCESSED}:yl/v1/home-1/dev-1/event",
]
LANGUAGES = {"zh-CN": 0, "en": 1}
CODE = re.compile(r"[a-z]+_[a-z]+|\bsystem:|[{}]")


def texts(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((ROOT / "web" / "src" / "i18n" / f"{language}.json").read_text(encoding="utf-8"))
    return found


def nodes() -> Iterator[ast.AST]:
    for package in ("alerts", "api", "ingest", "timeseries", "yinling"):
        for path in (ROOT / package).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_every_trouble_has_words_in_both_languages() -> None:
    assert {key.partition(":")[0] for key in WORDS} == set(Trouble)
    for subject in SUBJECTS:
        assert trouble_of(subject) is not None
        chinese, english = trouble_words(subject)
        assert (chinese, english) != OTHER
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert not re.search(r"[\u4e00-\u9fff]", english), english
        assert not CODE.search(chinese), chinese
        assert not CODE.search(english), english


def test_for_whoever_may_not_know_a_name_no_topic_is_told() -> None:
    for subject in SUBJECTS:
        said = plain_trouble_words(subject)
        assert not [words for words in said if "home-1" in words or "：" in words or words.endswith(": ")], said
        assert said == trouble_words(subject) or trouble_of(subject) is Trouble.UNPROCESSED
    assert set(WITHOUT_NAME) <= set(Trouble)


def test_an_unknown_trouble_is_never_its_code() -> None:
    assert trouble_words("something_new:1") == OTHER


def test_every_trouble_is_raised_and_none_that_is_not_on_the_list() -> None:
    """`raise_system` refuses whatever is not on it."""
    used = {
        node.attr
        for node in nodes()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Trouble"
    }
    assert used == {trouble.name for trouble in Trouble}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_has_the_same_words(language: str) -> None:
    wanted = {re.sub(r"[: ]", "_", key): pair[LANGUAGES[language]] for key, pair in WORDS.items()}
    assert texts(language)["trouble"] == wanted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_page_the_why_and_the_sheet_say_it_in_words(subject: str, language: str) -> None:
    said = trouble_words(subject)[LANGUAGES[language]]
    told = PageFacts(1, "system", "not_acknowledged", AT, "县中心", None, None, (), trouble=subject)
    for channel in ("apprise", "sms", "voice"):
        what = values(told, Reader(language, ZONE.key, channel))["what"]
        assert said.startswith(what.rstrip("…")), what
        assert len(what) > len(said) / 2
    assert sentence(WhyFacts("signal", None, 0, "system", AT, (), ZONE, trouble=subject))[LANGUAGES[language]].startswith(said)
    incident = SheetIncident(
        1, "system", subject, "critical", "open", AT, None, None, drill=False, test=False, place=None, home=None
    )
    on_paper = render(Sheet("县中心", None, AT, [incident], [], 0), language, ZONE)
    assert escape(said) in on_paper


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_lane_tells_the_subject_also_of_what_was_split_off(subject: str) -> None:
    lane = system_lane(subject)
    assert {subject_in(each) for each in (lane, split_lane(lane), plain_lane(lane))} == {subject}
    assert subject_in("life:resident:1") is None


def test_every_kind_of_the_house_has_words_everywhere() -> None:
    own = {
        keyword.value.value
        for node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
        for keyword in node.keywords
        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
    }
    assert own >= {"system", "device_fault"}
    kinds = {spec.raises for spec in builtin_specs().values()} | own - {"none"}  # of a finding that raises nothing
    known = {"pages": set(KINDS), **{language: set(texts(language)["kind"]) for language in LANGUAGES}}
    assert {where: kinds - words for where, words in known.items()} == {where: set() for where in known}
    assert known["zh-CN"] == known["en"] == known["pages"]
