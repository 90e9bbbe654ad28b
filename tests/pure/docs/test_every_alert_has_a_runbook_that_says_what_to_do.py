from __future__ import annotations

import re
from pathlib import Path

import yaml
from support import reference

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
NOT_OF_AN_ALERT = {"console-down.md"}
"""What a person reaches for without being paged."""


def _rules() -> str:
    return (ROOT / "deploy" / "prometheus" / "yinling.rules.yml").read_text("utf-8")


def test_no_runbook_is_of_no_alert() -> None:
    named = {Path(rule["annotations"]["runbook"]).name for group in yaml.safe_load(_rules())["groups"] for rule in group["rules"]}
    assert named == {path.name for path in RUNBOOKS.glob("*.md")} - NOT_OF_AN_ALERT


def test_every_runbook_has_its_four_parts() -> None:
    for path in RUNBOOKS.glob("*.md"):
        if path.name not in NOT_OF_AN_ALERT:
            text = path.read_text("utf-8")
            parts = ["\n**Means.** ", "\n**Look.**", "\n**Do.**", "\n**Over when** "]
            places = [text.find(part) for part in parts]
            assert -1 not in places, path.name
            assert places == sorted(places), path.name


def test_the_metrics_that_alerts_and_runbooks_name_exist() -> None:
    known = set(re.findall(r"`(yinling_\w+)`", reference.metrics_page()))
    texts = [_rules(), *(path.read_text("utf-8") for path in RUNBOOKS.glob("*.md"))]
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for text in texts for name in re.findall(r"\byinling_\w+", text)}
    assert named - known == set()


def test_the_settings_that_runbooks_name_exist() -> None:
    known = set(re.findall(r"`(YINLING_\w+)`", reference.settings_page()))
    named = {name for path in RUNBOOKS.glob("*.md") for name in re.findall(r"\bYINLING_\w+", path.read_text("utf-8"))}
    assert named - known == set()
