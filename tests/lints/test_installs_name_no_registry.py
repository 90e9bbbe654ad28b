"""Lock files and recipes name packages and hashes, never where they are fetched from: that is each machine's own business."""

from __future__ import annotations

import re

import pytest
from support.sources import ROOT

FILES = (
    "requirements/dev.lock",
    "requirements/run.lock",
    "requirements/node.lock",
    "requirements/build.lock",
    "web/package-lock.json",
    "web/package.json",
    "Makefile",
    "pyproject.toml",
    ".ci/run",
    "Dockerfile",
    "tests/servers/go.mod",
    "docker-compose.yml",
)
NAMES_A_REGISTRY = re.compile(
    r"--(extra-)?index-url\s+\S*://|--find-links\s+\S*://|GOPROXY|registry\s*=\s*\S*://|\"resolved\":\s*\"http", re.IGNORECASE
)


@pytest.mark.parametrize("name", FILES)
def test_no_registry_address(name: str) -> None:
    assert not NAMES_A_REGISTRY.search((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".lock")])
def test_every_locked_package_has_a_hash(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    assert [line for line in packages if not line.endswith("\\")] == []
