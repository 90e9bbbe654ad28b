"""The alerts for Prometheus, judged by Prometheus' own tool: a healthy centre is silent, each fault rings its own alert alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy" / "prometheus" / "yinling.rules.yml"
_MINUTES = 20

HEALTHY = {
    'up{job="yinling"}': "1x60",
    'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': "3x60",
    'yinling_longest_wait_seconds{job="yinling",process="pager"}': "12x60",
    'yinling_probes_total{job="yinling",process="pager",outcome="arrived"}': "0+1x60",
    'yinling_probes_total{job="yinling",process="pager",outcome="lost"}': "0x60",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="0.1"}': "0+10x60",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="1"}': "0+10x60",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="5"}': "0+10x60",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="+Inf"}': "0+10x60",
    'yinling_pages_total{job="yinling",process="pager",outcome="sent"}': "0+2x60",
    'yinling_pages_total{job="yinling",process="pager",outcome="failed"}': "7x60",
    'yinling_pages_total{job="yinling",process="pager",outcome="delayed"}': "7x60",
    'yinling_due_lateness_seconds{job="yinling",process="pager",kind="rings"}': "0.4x60",
    'yinling_due_work_total{job="yinling",process="pager",kind="rings"}': "0+3x60",
    'yinling_audits_total{job="yinling",process="pager",found="flaw"}': "0x60",
    'yinling_store_away_total{job="yinling",process="ingest-0"}': "4x60",
    'yinling_spool_bytes{job="yinling",process="ingest-0"}': "0x60",
    'yinling_readings_dropped_total{job="yinling",process="ingest-0"}': "0x60",
    'yinling_readings_refused_total{job="yinling",process="ingest-0"}': "0x60",
    'yinling_poison_total{job="yinling",process="ingest-0",place="ingest"}': "2x60",
    'yinling_data_free_bytes{job="yinling",process="ingest-0"}': "50000000000x60",
    'yinling_chores_failed_total{job="yinling",process="ingest-0",chore="seen"}': "1x60",
    'yinling_pager_chores_failed_total{job="yinling",process="pager",chore="digest"}': "0x60",
    'yinling_pager_failures_total{job="yinling",process="pager",loop="clocks"}': "0x60",
    'yinling_clock_steps_total{job="yinling",process="pager"}': "1x60",
}
"""A sample every 30 s; `a+bx60` grows by b, `ax60` stays."""

FAULTS: dict[str, dict[str, str | None]] = {
    "YinlingApiAway": {'up{job="yinling"}': "0x60"},
    "YinlingIngestAway": {'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': None},
    "YinlingPagerAway": {'yinling_longest_wait_seconds{job="yinling",process="pager"}': None},
    "YinlingProbeLost": {'yinling_probes_total{job="yinling",process="pager",outcome="lost"}': "0x36 1x24"},
    "YinlingProbeSilent": {'yinling_probes_total{job="yinling",process="pager",outcome="arrived"}': "9x60"},
    "YinlingAlarmPathSlow": {
        'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="0.1"}': "0+5x60",
        'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="1"}': "0+5x60",
    },
    "YinlingNobodyAnswers": {'yinling_longest_wait_seconds{job="yinling",process="pager"}': "0+30x60"},
    "YinlingQueueFilling": {'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': "8000x60"},
    "YinlingPagesFail": {'yinling_pages_total{job="yinling",process="pager",outcome="failed"}': "7x36 8x24"},
    "YinlingPagesDelayed": {'yinling_pages_total{job="yinling",process="pager",outcome="delayed"}': "0+2x60"},
    "YinlingClocksLate": {'yinling_due_lateness_seconds{job="yinling",process="pager",kind="rings"}': "31x60"},
    "YinlingAuditorFoundFlaw": {'yinling_audits_total{job="yinling",process="pager",found="flaw"}': "0x36 1x24"},
    "YinlingStoreAway": {'yinling_store_away_total{job="yinling",process="ingest-0"}': "0+1x60"},
    "YinlingSpooling": {'yinling_spool_bytes{job="yinling",process="ingest-0"}': "4096x60"},
    "YinlingReadingsDropped": {'yinling_readings_dropped_total{job="yinling",process="ingest-0"}': "0x36 50x24"},
    "YinlingReadingsRefused": {'yinling_readings_refused_total{job="yinling",process="ingest-0"}': "0x36 1x24"},
    "YinlingSetAside": {'yinling_poison_total{job="yinling",process="ingest-0",place="engine"}': "_x36 1x24"},
    "YinlingDiskFilling": {'yinling_data_free_bytes{job="yinling",process="ingest-0"}': "1000000000x60"},
    "YinlingChoresFail": {'yinling_chores_failed_total{job="yinling",process="ingest-0",chore="seen"}': "0+1x60"},
    "YinlingClockStepped": {'yinling_clock_steps_total{job="yinling",process="pager"}': "1x36 2x24"},
}


@pytest.fixture(scope="module")
def promtool() -> str:
    program = shutil.which("promtool")
    if program is None and os.environ.get("CI"):
        pytest.fail("there is no promtool, and where CI is set nothing may be skipped for it")
    if program is None:
        pytest.skip("there is no promtool on this machine (Debian: apt-get install prometheus)")
    return program


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def firing(promtool: str, folder: Path, series: dict[str, str], expected: set[str]) -> subprocess.CompletedProcess[str]:
    """Whether exactly these alerts fire after twenty minutes of these series."""
    asked = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{_MINUTES}m",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)],
    }
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [asked],
            }
        ],
    }
    file = folder / "rules.test.yml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    return subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60)


def test_a_healthy_centre_is_silent(promtool: str, tmp_path: Path) -> None:
    told = firing(promtool, tmp_path, HEALTHY, set())
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("alert", sorted(FAULTS))
def test_a_fault_rings_its_own_alert_and_no_other(promtool: str, tmp_path: Path, alert: str) -> None:
    changed = {**HEALTHY, **FAULTS[alert]}
    told = firing(promtool, tmp_path, {name: values for name, values in changed.items() if values is not None}, {alert})
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_alert_is_tried() -> None:
    assert set(alerts()) == set(FAULTS)


def test_every_alert_says_what_it_is_in_two_languages_and_where_its_runbook_is() -> None:
    for name, rule in alerts().items():
        chinese, slash, english = rule["annotations"]["summary"].partition(" / ")
        assert slash, name
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), name
        assert english.isascii(), name
        assert rule["labels"]["severity"] in {"page", "ticket"}, name
        assert (ROOT / rule["annotations"]["runbook"]).is_file(), name
