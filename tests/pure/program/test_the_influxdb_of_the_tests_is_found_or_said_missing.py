"""Where the tests look for InfluxDB, and that nothing is skipped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import influxd


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing: no program, no cache, no Go."""
    monkeypatch.delenv("YINLING_TEST_INFLUXD", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(influxd, "CACHE", tmp_path / "cache")
    return tmp_path


def test_the_one_that_is_named_comes_first_then_the_path_then_the_cache(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = program(bare / "cache" / "influxd-2.9.1", "InfluxDB dev")
    assert influxd.find_influxd() == cached
    other = program(bare / "bin" / "influxd", "InfluxDB v1.8.10 (git: none)")
    assert influxd.find_influxd() == cached, "an InfluxDB 1 is none"
    on_path = program(other, "InfluxDB v2.7.12 (git: none) build_date: today")
    assert influxd.find_influxd() == on_path
    monkeypatch.setenv("YINLING_TEST_INFLUXD", "/opt/influxd")
    assert influxd.find_influxd() == Path("/opt/influxd")


@pytest.mark.usefixtures("bare")
def test_where_it_is_not_and_cannot_be_built_the_test_is_skipped_in_one_line_and_in_ci_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(pytest.skip.Exception, match="no Go and cargo") as skipped:
        influxd.require_influxd()
    assert "\n" not in str(skipped.value)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nothing may be skipped"):
        influxd.require_influxd()
