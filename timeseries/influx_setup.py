"""What `yinling migrate` makes in InfluxDB: the organisation, three buckets with their retention, two tasks. Idempotent.

A new, empty server is set up first, but only when its first password is given. What stands there already is brought to the
settings: retention and the text of our own tasks; nothing else is touched.
"""

from __future__ import annotations

from dataclasses import dataclass

from influxdb_client import (
    BucketRetentionRules,
    InfluxDBClient,
    OnboardingRequest,
    Organization,
    TaskCreateRequest,
    TaskUpdateRequest,
)
from influxdb_client.service.setup_service import SetupService

from core.clock import Clock
from timeseries import influx_rollup
from timeseries.influx_connection import InfluxAddress
from timeseries.influx_errors import FAILURES, trouble_of
from timeseries.influx_names import InfluxNames

FIRST_USER = "yinling"
_ANSWER_SECONDS = 30.0
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many days each bucket keeps, and the time zone days begin in."""

    readings: int
    hourly: int
    daily: int
    timezone: str


def ensure(address: InfluxAddress, keeping: Keeping, first_password: str | None, clock: Clock) -> list[str]:
    """Make and change what is not as it should be; what was done, in words. Raises StoreAwayError or StoreRefusedError."""
    client = address.client(_ANSWER_SECONDS)
    try:
        done = _set_up(client, address, first_password)
        organisation = _organisation(client, address.names.org, done)
        _buckets(client, organisation, address.names, keeping, done)
        _tasks(client, organisation, address.names, keeping, done)
    except FAILURES as error:
        raise trouble_of(error, clock) from error
    finally:
        client.close()
    return done


def _set_up(client: InfluxDBClient, address: InfluxAddress, password: str | None) -> list[str]:
    if password is None:
        return []
    service = SetupService(client.api_client)
    if not service.get_setup().allowed:
        return []
    names = address.names
    service.post_setup(OnboardingRequest(FIRST_USER, password, org=names.org, bucket=names.bucket, token=address.token))
    return [f"set up with the user {FIRST_USER}"]


def _organisation(client: InfluxDBClient, name: str, done: list[str]) -> Organization:
    api = client.organizations_api()
    for found in api.find_organizations(limit=100):
        if found.name == name:
            there: Organization = found
            return there
    done.append(f"organisation {name}")
    made: Organization = api.create_organization(name=name)
    return made


def _buckets(client: InfluxDBClient, organisation: Organization, names: InfluxNames, keeping: Keeping, done: list[str]) -> None:
    api = client.buckets_api()
    # Asked for by a name that is not there, InfluxDB answers 404; the list tells.
    there = {bucket.name: bucket for bucket in api.find_buckets_iter(org_id=organisation.id, limit=100)}
    wanted = {names.bucket: keeping.readings, names.hourly: keeping.hourly, names.daily: keeping.daily}
    for name, days in wanted.items():
        seconds = days * _DAY_SECONDS
        found = there.get(name)
        if found is None:
            api.create_bucket(
                bucket_name=name,
                org=organisation.name,
                retention_rules=BucketRetentionRules(type="expire", every_seconds=seconds),
            )
            done.append(f"bucket {name} for {days} days")
        elif [rule.every_seconds for rule in found.retention_rules] != [seconds]:
            found.retention_rules = [BucketRetentionRules(type="expire", every_seconds=seconds)]
            api.update_bucket(found)
            done.append(f"bucket {name} now for {days} days")


def _tasks(client: InfluxDBClient, organisation: Organization, names: InfluxNames, keeping: Keeping, done: list[str]) -> None:
    api = client.tasks_api()
    for task in influx_rollup.tasks(names, keeping.timezone):
        found = next(iter(api.find_tasks(name=task.name, org_id=organisation.id)), None)
        if found is None:
            api.create_task(task_create_request=TaskCreateRequest(org_id=organisation.id, flux=task.flux, status="active"))
            done.append(f"task {task.name}")
        elif found.flux.strip() != task.flux.strip():
            api.update_task_request(found.id, TaskUpdateRequest(flux=task.flux))
            done.append(f"task {task.name} changed")
