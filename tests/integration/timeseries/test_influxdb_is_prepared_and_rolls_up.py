"""What `yinling migrate` makes in InfluxDB, twice without a change, and what its own tasks roll up."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient
from support.influx import ORG, PASSWORD, InfluxServer
from support.influxd import require_influxd
from support.keyboard import typed
from support.processes import until

from core.clock import SystemClock
from timeseries import influx_rollup, influx_setup
from timeseries.influx_connection import InfluxConnection
from timeseries.influx_setup import Keeping
from timeseries.ports import StoredReading, StoreLockedOutError

KEEPING = Keeping(readings=400, hourly=1100, daily=3700, timezone="Asia/Shanghai")
DAY_SECONDS = 24 * 3600


def retentions(client: InfluxDBClient, bucket: str) -> dict[str, int]:
    there = client.buckets_api().find_buckets_iter(org=ORG)
    return {one.name: one.retention_rules[0].every_seconds // DAY_SECONDS for one in there if one.name.startswith(bucket)}


def test_buckets_and_tasks_are_made_once_and_follow_the_settings(influx: InfluxServer) -> None:
    address, clock = influx.address("county"), SystemClock()
    made = influx_setup.ensure(address, KEEPING, None, clock)
    assert len(made) == 6
    assert influx_setup.ensure(address, KEEPING, PASSWORD, clock) == []
    with closing(influx.client()) as client:
        assert retentions(client, "county") == {"county": 400, "county_hourly": 1100, "county_daily": 3700}
        changed = influx_setup.ensure(address, replace(KEEPING, readings=30, timezone="Asia/Urumqi"), None, clock)
        assert len(changed) == 2
        assert retentions(client, "county")["county"] == 30
        tasks = [task for task in client.tasks_api().find_tasks_iter() if task.name.startswith("yinling county")]
        assert len(tasks) == 3
        assert all(task.status == "active" for task in tasks)
        assert ["Asia/Urumqi" in task.flux for task in tasks if task.name.endswith("daily")] == [True]


def test_a_new_server_is_set_up_only_when_its_password_is_given(tmp_path: Path) -> None:
    server = InfluxServer(require_influxd(), tmp_path)
    try:
        server.start()
        with pytest.raises(StoreLockedOutError):
            influx_setup.ensure(server.address("readings"), KEEPING, None, SystemClock())
        done = influx_setup.ensure(server.address("readings"), KEEPING, PASSWORD, SystemClock())
        assert done[0] == "set up with the user yinling"
        with closing(server.store("readings")) as store:
            store.check()
    finally:
        server.kill()


def test_hours_and_days_hold_lowest_mean_highest_and_number(influx: InfluxServer) -> None:
    address, clock = influx.address("rolled"), SystemClock()
    influx_setup.ensure(address, KEEPING, None, clock)
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)  # in Shanghai
    hour = timedelta(hours=1)
    values = {midnight: 60.0, midnight + hour / 2: 90.0, midnight + 23 * hour: 75.0, midnight + 24 * hour: 10.0}
    with closing(influx.store("rolled")) as store:
        store.write([StoredReading(7, 1, "heart_rate", at, value) for at, value in values.items()])
    with closing(InfluxConnection(address, clock, read_seconds=30)) as connection:
        for _ in range(2):
            for flux in influx_rollup.once(address.names, "Asia/Shanghai", midnight, midnight + timedelta(days=2)):
                connection.run(flux)
    assert rolled(influx, "rolled_hourly", midnight) == {"min": 60.0, "mean": 75.0, "max": 90.0, "count": 2.0}
    assert rolled(influx, "rolled_hourly", midnight + 23 * hour) == {"min": 75.0, "mean": 75.0, "max": 75.0, "count": 1.0}
    assert rolled(influx, "rolled_daily", midnight) == {"min": 60.0, "mean": 75.0, "max": 90.0, "count": 3.0}
    assert rolled(influx, "rolled_daily", midnight + 24 * hour) == {"min": 10.0, "mean": 10.0, "max": 10.0, "count": 1.0}


def test_the_tasks_run_in_influxdb_itself(influx: InfluxServer) -> None:
    address, clock = influx.address("tasked"), SystemClock()
    influx_setup.ensure(address, KEEPING, None, clock)
    ended = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    with closing(influx.store("tasked")) as store:
        store.write([StoredReading(7, 1, "heart_rate", ended + timedelta(minutes=minute), 60.0 + minute) for minute in range(3)])
    with closing(influx.client()) as client:
        api = client.tasks_api()
        for task in [task for task in api.find_tasks_iter() if task.name.startswith("yinling tasked")]:
            api.run_manually(task.id)
    wanted = {"min": 60.0, "mean": 61.0, "max": 62.0, "count": 3.0}
    until(lambda: rolled(influx, "tasked_hourly", ended) == wanted, 60, lambda: rolled(influx, "tasked_hourly", ended), 0.2)


def rolled(influx: InfluxServer, bucket: str, at: datetime) -> dict[str, float]:
    """The fields that stand at one instant."""
    with closing(influx.client()) as client:
        start, stop = at.isoformat(), (at + timedelta(seconds=1)).isoformat()
        tables = client.query_api().query(f'from(bucket: "{bucket}") |> range(start: {start}, stop: {stop})')
        records = [record for table in tables for record in table.records]
    assert all(record.values["home"] == "7" and record.values["centre"] == "1" for record in records)
    return {record.get_field(): record.get_value() for record in records}


def test_migrate_says_what_it_made_and_the_doctor_finds_it_good(influx: InfluxServer, tmp_path: Path) -> None:
    settings = influx.settings(tmp_path, "by-command")
    assert settings.influx_token is not None
    token = settings.influx_token.get_secret_value()
    environment = {
        "YINLING_INFLUX_URL": influx.url,
        "YINLING_INFLUX_TOKEN": token,
        "YINLING_INFLUX_BUCKET": "by-command",
        "YINLING_DATA_DIR": str(tmp_path),
    }
    assert "bucket by-command for 400 days" in typed(environment, "migrate").output
    assert "InfluxDB: as it should be." in typed(environment, "migrate").output
    told = typed(environment, "doctor").output
    assert "readings" in told
    assert "can be written" in told
    told = typed(environment | {"YINLING_INFLUX_TOKEN": "withdrawn"}, "doctor").output
    assert "YINLING_INFLUX_TOKEN" in told
