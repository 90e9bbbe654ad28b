"""Each query of each dashboard, asked of the real InfluxDB and of a real Prometheus that collects a running centre's `/metrics`.

What Grafana fills in before it asks is filled in here in the same way: the bucket, the chosen time, the variables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre, running_centre
from support.device import button
from support.influx import TOKEN, InfluxServer
from support.processes import until
from support.prometheus import PrometheusServer, running_prometheus

from timeseries.ports import HEARD, StoredReading
from yinling.grafana.boards import folder_of, load_boards, panels_of

BUCKET = "dashboards"
METRICS, READINGS = "yinling-metrics", "yinling-readings"
ONLY_IN_TROUBLE = {
    "yinling_poison_total",
    "yinling_not_understood_total",
    "yinling_telemetry_limited_total",
    "yinling_store_away_total",
    "yinling_pager_failures_total",
    "yinling_chores_failed_total",
    "yinling_readings_spooled_total",
    "yinling_readings_dropped_total",
    "yinling_pages_total",
}
"""Counters a centre in which nothing went wrong has no series of: their queries are asked and may answer nothing."""


def queries(source: str) -> list[tuple[str, str]]:
    """Every query for a kind of data source, with where it stands: those of panels and of variables."""
    found = []
    for name, model in load_boards(folder_of(None)).items():
        told = [(panel["title"], target) for panel in panels_of(model) for target in panel.get("targets", [])]
        told += [(one["label"], one) for one in model["templating"]["list"] if one["type"] == "query"]
        found += [
            (f"{name}: {title}", str(target.get("expr") or target["query"]))
            for title, target in told
            if target["datasource"]["uid"] == source
        ]
    return found


@dataclass
class Watched:
    """A centre something happened in, and the Prometheus that saw it."""

    centre: Centre
    prometheus: PrometheusServer


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, influx: InfluxServer) -> Iterator[Watched]:
    """Two presses, each taken by a person whose claim runs out, and measurements; Prometheus looks before, between and after."""
    folder = tmp_path_factory.mktemp("watched")
    stores: dict[str, Any] = {"influx_url": influx.url, "influx_token": TOKEN, "influx_bucket": BUCKET, "probe_interval_seconds": 2}
    clocks: dict[str, Any] = {"ring_again_seconds": 600, "fallback_after_seconds": 3600, "claim_expires_seconds": 3}
    with running_centre(folder, started=False, **clocks, **stores) as centre:
        centre.launch()
        centre.wait_ready(150)
        target = centre.url.removeprefix("http://")
        with running_prometheus(folder / "prometheus", target) as prometheus:

            def seen(expression: str, least: float) -> None:
                def is_so() -> bool:
                    return any(float(one["value"][1]) >= least for one in prometheus.query(expression))

                until(is_so, 60, expression, 0.2)

            for number in (1, 2):
                home = centre.home()
                with button(centre.device(home)) as device:
                    incident = device.press(event_id=f"press-{number}")["incident"]
                    centre.post(f"/incidents/{incident}/acknowledge")
                    seen("sum(yinling_answer_seconds_count)", number)
                    seen("sum(yinling_alarm_commit_seconds_count)", number)
                with button(centre.device(home, "vitals")) as cuff:
                    cuff.publish("telemetry", {"values": {"heart_rate": 70 + number}})
                    seen("sum(yinling_readings_stored_total)", number)
            seen("count(yinling_due_lateness_seconds)", 1)
            seen("sum(yinling_probe_seconds_count)", 2)
            seen("count_over_time(up[1m])", 5)
            yield Watched(centre, prometheus)


def promql(query: str) -> str:
    """As Grafana asks it for a short chosen time."""
    return query.replace("$__rate_interval", "1m").replace("$__range", "5m")


@pytest.mark.parametrize(("place", "query"), queries(METRICS), ids=[place for place, _ in queries(METRICS)])
def test_prometheus_answers(watched: Watched, place: str, query: str) -> None:
    asked = promql(query)
    assert "$" not in asked, "nothing is left that only Grafana would fill in"
    found = watched.prometheus.query(asked)
    named = set(re.findall(r"yinling_[a-z_]+?(?=_bucket|_count|_sum|\b)", query))
    assert found or named & ONLY_IN_TROUBLE, f"{place} shows nothing"


def test_percentiles_and_shares_are_numbers_of_what_happened(watched: Watched) -> None:
    by_place = {f"{place} | {query}": query for place, query in queries(METRICS)}
    [within] = [one for one in by_place if one.startswith("answer-times: 180") and 'le="180.0"' in one]
    [share] = watched.prometheus.query(promql(by_place[within]))
    assert float(share["value"][1]) == pytest.approx(1.0), "both were taken within three minutes"
    for start in ("answer-times: 所选时段", "alarm-path: 近一天 · Last day, arrival"):
        told = [query for place, query in by_place.items() if place.startswith(start)]
        assert len(told) >= 3
        for query in told:
            [one] = watched.prometheus.query(promql(query))
            assert math.isfinite(float(one["value"][1])), query
            assert 0 < float(one["value"][1]) < 60


def test_probes_are_in_no_figure_of_answers(watched: Watched) -> None:
    [count] = watched.prometheus.query("sum(yinling_answer_seconds_count)")
    assert float(count["value"][1]) == 2
    [probes] = watched.prometheus.query("sum(yinling_probe_seconds_count)")
    assert float(probes["value"][1]) >= 2


@pytest.fixture(scope="module")
def home_with_everything(influx: InfluxServer, watched: Watched) -> str:
    """Readings of every metric a dashboard shows, of one home, and its days; the home's id as readings carry it."""
    assert watched.centre.is_ready(), "it made the buckets"
    now = datetime.now(UTC)
    metrics = {metric for _, query in queries(READINGS) for metric in re.findall(r'r\.metric == "([a-z0-9_]+)"', query)}
    readings = [
        StoredReading(77, 700 + number % 3, metric, now - timedelta(minutes=5 * step), 40.0 + step)
        for number, metric in enumerate(sorted(metrics | {HEARD}))
        for step in range(1, 4)
    ]
    with closing(influx.store(BUCKET)) as store:
        store.write(readings)
    with closing(influx.client()) as client, client.write_api() as write:
        day = int((now - timedelta(days=30)).timestamp())
        line = f"reading,centre=1,device=700,home=77,metric=heart_rate min=50,mean=60,max=70,count=9 {day}"
        write.write(f"{BUCKET}_daily", record=line, write_precision="s")
    return "77"


def flux(query: str, home: str) -> str:
    """As Grafana asks it."""
    told = {
        "v.defaultBucket": f'"{BUCKET}"',
        "v.timeRangeStart": "-1h",
        "v.timeRangeStop": "now()",
        "v.windowPeriod": "1m",
        "${centre}": "1",
        "${home}": home,
    }
    for name, value in told.items():
        query = query.replace(name, value)
    return query


@pytest.mark.parametrize(("place", "query"), queries(READINGS), ids=[place for place, _ in queries(READINGS)])
def test_influxdb_answers(influx: InfluxServer, home_with_everything: str, place: str, query: str) -> None:
    asked = flux(query, home_with_everything)
    assert "${" not in asked
    assert "v." not in asked.replace("r._value", "")
    with closing(influx.client()) as client:
        rows: list[Any] = [record for table in client.query_api().query(asked) for record in table.records]
    assert rows, f"{place} shows nothing"
    assert all(record.values.get("_value") is not None or record.values.get("_time") is not None for record in rows)


def test_a_home_offers_its_number_and_shows_no_other_home(influx: InfluxServer, home_with_everything: str) -> None:
    [variable] = [query for place, query in queries(READINGS) if place.startswith("home: 住户")]
    with closing(influx.client()) as client:
        offered = {record["_value"] for table in client.query_api().query(flux(variable, "")) for record in table.records}
        assert home_with_everything in offered
        heart = next(query for place, query in queries(READINGS) if place.startswith("home: 心率"))
        shown = [record["_value"] for table in client.query_api().query(flux(heart, "1")) for record in table.records]
    assert set(shown) <= {71.0, 72.0}, "what the cuff of home 1 measured and nothing of home 77"


def test_the_folder_is_the_one_that_is_shipped() -> None:
    assert folder_of(None) == Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
