"""Hand-written pages name files, commands, settings and links that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from support.reference import settings_page

from core.config import secret_names
from yinling.cli import app

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=str,
)
PARTS_OF_A_RECORD = ("Context", "Decision", "Consequences", "Alternatives", "Files")
SPECIAL = {
    "YINLING_FAILPOINT",
    "YINLING_FAILPOINT_ONCE",
    "YINLING_TEST_CLOCK",
    "YINLING_TEST_DATABASE",
    "YINLING_SUPERVISOR_PID",
} | {f"YINLING_TEST_GRAFANA_{name}" for name in ("URL", "USER", "PASSWORD", "TOKEN")}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", names(PAGES))
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    own = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in own if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("page", [*names(PAGES), "docker-compose.yml", "Dockerfile"])
def test_settings_named_exist(page: str) -> None:
    named = set(re.findall(r"YINLING_[A-Z_]+[A-Z]", (ROOT / page).read_text(encoding="utf-8")))
    documented = set(re.findall(r"YINLING_[A-Z_]+[A-Z]", settings_page()))
    by_file = {f"YINLING_{name.upper()}_FILE" for name in secret_names()}
    assert named - documented - by_file - SPECIAL == set()


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_commands_named_exist(page: str) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\.venv/bin/yinling ([a-z]+)", text))
    assert named
    assert named - known == set()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", text)) - targets == set()


def test_decision_records_have_their_parts() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert len(records) >= 5
    for record in records:
        text = record.read_text(encoding="utf-8")
        missing = [part for part in PARTS_OF_A_RECORD if f"\n## {part}\n" not in text]
        assert not missing, f"{record.name} lacks {missing}"
