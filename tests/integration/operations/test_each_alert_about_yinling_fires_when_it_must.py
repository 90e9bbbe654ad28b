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
_MINUTES = {"YinlingCertificateEnds": 70}
"""How long a fault has lasted when it is looked at; 20 where nothing is said."""

HEALTHY = {
    'up{job="yinling"}': "1x200",
    'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': "3x200",
    'yinling_longest_wait_seconds{job="yinling",process="pager"}': "12x200",
    'yinling_probes_total{job="yinling",process="pager",outcome="arrived"}': "0+1x200",
    'yinling_probes_total{job="yinling",process="pager",outcome="lost"}': "0x200",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="0.1"}': "0+10x200",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="1"}': "0+10x200",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="5"}': "0+10x200",
    'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="+Inf"}': "0+10x200",
    'yinling_pages_total{job="yinling",process="pager",outcome="sent"}': "0+2x200",
    'yinling_pages_total{job="yinling",process="pager",outcome="failed"}': "7x200",
    'yinling_pages_total{job="yinling",process="pager",outcome="delayed"}': "7x200",
    'yinling_due_lateness_seconds{job="yinling",process="pager",kind="rings"}': "0.4x200",
    'yinling_due_work_total{job="yinling",process="pager",kind="rings"}': "0+3x200",
    'yinling_audits_total{job="yinling",process="pager",found="flaw"}': "0x200",
    'yinling_store_away_total{job="yinling",process="ingest-0"}': "4x200",
    'yinling_spool_bytes{job="yinling",process="ingest-0"}': "0x200",
    'yinling_readings_dropped_total{job="yinling",process="ingest-0"}': "0x200",
    'yinling_readings_refused_total{job="yinling",process="ingest-0"}': "0x200",
    'yinling_poison_total{job="yinling",process="ingest-0",place="ingest"}': "2x200",
    'yinling_data_free_bytes{job="yinling",process="ingest-0"}': "50000000000x200",
    'yinling_chores_failed_total{job="yinling",process="ingest-0",chore="seen"}': "1x200",
    'yinling_last_seen_waiting{job="yinling",process="ingest-0"}': "0x4 250x10 0x200",
    'yinling_pager_chores_failed_total{job="yinling",process="pager",chore="digest"}': "0x200",
    'yinling_pager_chores_put_off_total{job="yinling",process="pager",chore="outages"}': "3x200",
    'yinling_pager_failures_total{job="yinling",process="pager",loop="clocks"}': "0x200",
    'yinling_clock_steps_total{job="yinling",process="pager"}': "1x200",
    'yinling_readings_write_failures_total{job="yinling",process="ingest-0",reason="away"}': "3x200",
    'yinling_lease_takeovers_total{job="yinling",process="ingest-0",duty="partition"}': "1x200",
    'yinling_certificate_days_left{job="yinling",process="pager",certificate="server"}': "60x200",
}
"""A sample every 30 s; `a+bx60` grows by b, `ax60` stays."""

FAULTS: dict[str, dict[str, str | None]] = {
    "YinlingApiAway": {'up{job="yinling"}': "0x200"},
    "YinlingIngestAway": {'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': None},
    "YinlingPagerAway": {'yinling_longest_wait_seconds{job="yinling",process="pager"}': None},
    "YinlingProbeLost": {'yinling_probes_total{job="yinling",process="pager",outcome="lost"}': "0x36 1x24"},
    "YinlingProbeSilent": {'yinling_probes_total{job="yinling",process="pager",outcome="arrived"}': "9x200"},
    "YinlingAlarmPathSlow": {
        'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="0.1"}': "0+5x200",
        'yinling_alarm_commit_seconds_bucket{job="yinling",process="ingest-0",le="1"}': "0+5x200",
    },
    "YinlingNobodyAnswers": {'yinling_longest_wait_seconds{job="yinling",process="pager"}': "0+30x200"},
    "YinlingQueueFilling": {'yinling_queue_messages{job="yinling",process="ingest-0",lane="alarm"}': "8000x200"},
    "YinlingPagesFail": {'yinling_pages_total{job="yinling",process="pager",outcome="failed"}': "7x36 8x24"},
    "YinlingPagesDelayed": {'yinling_pages_total{job="yinling",process="pager",outcome="delayed"}': "0+2x200"},
    "YinlingClocksLate": {'yinling_due_lateness_seconds{job="yinling",process="pager",kind="rings"}': "31x200"},
    "YinlingAuditorFoundFlaw": {'yinling_audits_total{job="yinling",process="pager",found="flaw"}': "0x36 1x24"},
    "YinlingStoreAway": {'yinling_store_away_total{job="yinling",process="ingest-0"}': "0+1x200"},
    "YinlingSpooling": {
        'yinling_spool_bytes{job="yinling",process="ingest-0"}': "4096x200",
        'yinling_readings_write_failures_total{job="yinling",process="ingest-0",reason="away"}': "3+1x200",
    },
    "YinlingLeaseTakenOver": {'yinling_lease_takeovers_total{job="yinling",process="ingest-0",duty="partition"}': "1x36 2x24"},
    "YinlingCertificateEnds": {'yinling_certificate_days_left{job="yinling",process="pager",certificate="server"}': "13x200"},
    "YinlingCertificateOver": {'yinling_certificate_days_left{job="yinling",process="pager",certificate="server"}': "1x200"},
    "YinlingReadingsDropped": {'yinling_readings_dropped_total{job="yinling",process="ingest-0"}': "0x36 50x24"},
    "YinlingReadingsRefused": {'yinling_readings_refused_total{job="yinling",process="ingest-0"}': "0x36 1x24"},
    "YinlingSetAside": {'yinling_poison_total{job="yinling",process="ingest-0",place="engine"}': "_x36 1x24"},
    "YinlingDiskFilling": {'yinling_data_free_bytes{job="yinling",process="ingest-0"}': "1000000000x200"},
    "YinlingChoresFail": {'yinling_chores_failed_total{job="yinling",process="ingest-0",chore="seen"}': "0+1x200"},
    "YinlingPagerWaits": {'yinling_pager_chores_put_off_total{job="yinling",process="pager",chore="outages"}': "0+3x200"},
    "YinlingLastSeenWaits": {'yinling_last_seen_waiting{job="yinling",process="ingest-0"}': "0x16 250x44"},
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


def firing(
    promtool: str, folder: Path, series: dict[str, str], expected: set[str], minutes: int = 20
) -> subprocess.CompletedProcess[str]:
    """Whether exactly these alerts fire after so many minutes of these series."""
    asked = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{minutes}m",
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
    series = {name: values for name, values in changed.items() if values is not None}
    told = firing(promtool, tmp_path, series, {alert}, _MINUTES.get(alert, 20))
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
