from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.model import Severity
from alerts.paging.templates import BUILT_IN, fill
from alerts.paging.texts import PageFacts, Reader, masked, values
from alerts.ringing import RING_FACTORS

FACTS = PageFacts(
    number=42,
    kind="sos",
    cause="not_acknowledged",
    opened_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
    centre="银铃县调度中心",
    home="3栋201",
    address="幸福路1号",
    residents=("李秀英",),
)


def page_text(facts: PageFacts, language: str, timezone: str) -> tuple[str, str]:
    return fill(BUILT_IN["alarm.full", language], values(facts, Reader(language, timezone)))


@pytest.mark.parametrize(("language", "what"), [("zh-CN", "紧急求助"), ("en", "SOS")])
def test_both_languages_name_everything(language: str, what: str) -> None:
    title, body = page_text(FACTS, language, "Asia/Shanghai")
    assert what in title
    assert "42" in title
    for fact in ("李秀英", "3栋201", "幸福路1号", "2026-11-22 11:00:00", "42"):
        assert fact in body


def test_a_drill_says_so_first() -> None:
    drill = PageFacts(7, "sos", "nobody_watching", FACTS.opened_at, "c", None, None, (), drill=True)
    assert page_text(drill, "zh-CN", "Asia/Shanghai")[0].startswith("【演练】")
    assert page_text(drill, "en", "UTC")[0].startswith("[DRILL]")


@pytest.mark.parametrize("number", ["13800138000", "+49 170 1234567", "120", ""])
def test_a_number_is_shown_by_its_last_digits(number: str) -> None:
    assert masked(number) in {"…8000", "…4567", "…"}


@pytest.mark.parametrize("target", ["json://user:secret@example.org/token?key=abc", "tgram://123456:SECRETTOKEN/99"])
def test_a_target_is_shown_without_its_secrets(target: str) -> None:
    shown = masked(target)
    for secret in ("secret", "SECRET", "token", "key", "user"):
        assert secret not in shown


def test_every_severity_rings_again_at_some_time() -> None:
    assert set(RING_FACTORS) == set(Severity)
