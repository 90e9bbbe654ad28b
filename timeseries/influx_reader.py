"""A token that only reads the readings: what a dashboard is given instead of the one that may write and delete.

InfluxDB chooses the token itself and shows it once, so it is kept in a file. A process that dies between the two leaves a token
nobody has; the next run makes another.
"""

from __future__ import annotations

from pathlib import Path

from influxdb_client import Authorization, InfluxDBClient, Permission, PermissionResource

from core.clock import Clock
from core.key_file import write_once
from timeseries.influx_connection import InfluxAddress
from timeseries.influx_errors import FAILURES, trouble_of

DESCRIPTION = "reads the readings, for dashboards"
_ANSWER_SECONDS = 30.0


def keep_reader_token(address: InfluxAddress, path: Path, clock: Clock) -> bool:
    """Make the token unless the file is there; whether it was made. Raises StoreAwayError, StoreRefusedError or OSError."""
    if path.exists():
        return False
    client = address.client(_ANSWER_SECONDS)
    try:
        token = _make(client, address)
    except FAILURES as error:
        raise trouble_of(error, clock) from error
    finally:
        client.close()
    write_once(path, token.encode())
    return True


def _make(client: InfluxDBClient, address: InfluxAddress) -> str:
    organisation = next(each for each in client.organizations_api().find_organizations() if each.name == address.names.org)
    wanted = {address.names.bucket, address.names.hourly, address.names.daily}
    buckets = client.buckets_api().find_buckets(org_id=organisation.id, limit=100).buckets
    permissions = [
        Permission(action="read", resource=PermissionResource(type="buckets", id=bucket.id, org_id=organisation.id))
        for bucket in buckets
        if bucket.name in wanted
    ]
    made = client.authorizations_api().create_authorization(
        authorization=Authorization(org_id=organisation.id, permissions=permissions, description=DESCRIPTION)
    )
    return str(made.token)


__all__ = ["DESCRIPTION", "keep_reader_token"]
