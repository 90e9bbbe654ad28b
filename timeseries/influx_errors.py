"""What InfluxDB's answers mean for whoever writes or reads.

No connection, a time-out, 429 and 5xx: away, the same may succeed later, after `Retry-After` where it is given. 401, 403 and
404: locked out, a person must act. 400, 413 and 422: refused for good, so whoever wrote looks for the reading to set aside.
A write of which only points outside the bucket's retention were left out (422, "partial write") is done: they are counted.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeAlias

import orjson
from influxdb_client.rest import ApiException
from prometheus_client import Counter
from urllib3.exceptions import HTTPError

from core.clock import Clock
from timeseries.ports import StoreAwayError, StoreLockedOutError, StoreRefusedError

expired_total = Counter(
    "yinling_readings_expired_total", "Readings InfluxDB did not keep because they are older than its bucket's retention."
)

FAILURES = (ApiException, HTTPError, OSError)
"""What `influxdb-client` and the connection under it raise."""

Trouble: TypeAlias = StoreAwayError | StoreRefusedError

_LONGEST_REST_SECONDS = 300.0
_LOCKED_OUT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
_OUTSIDE_RETENTION = re.compile(r"outside retention policy.*dropped=(\d+)", re.DOTALL)


def trouble_of(error: Exception, clock: Clock) -> Trouble:
    """The same failure in the words of `timeseries.ports`."""
    if not isinstance(error, ApiException):
        return StoreAwayError(reason=f"{type(error).__name__}: {error}")
    reason = f"{error.status} {message_of(error)}"
    if error.status in _LOCKED_OUT:
        return StoreLockedOutError(reason=reason)
    if error.status in _REFUSED:
        return StoreRefusedError(reason=reason)
    rest_seconds = _rest_asked_for(error, clock)
    return (
        StoreAwayError(reason=reason) if rest_seconds is None else StoreAwayError(reason=reason, retry_after_seconds=rest_seconds)
    )


def count_expired(error: Exception) -> bool:
    """Whether all that is wrong with a write is that points outside the retention were left out; they are counted then."""
    if not isinstance(error, ApiException) or error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return False
    found = _OUTSIDE_RETENTION.search(message_of(error))
    if found is None:
        return False
    expired_total.inc(int(found[1]))
    return True


def message_of(error: ApiException) -> str:
    """The sentence in an answer's body."""
    try:
        body = orjson.loads(error.body or b"{}")
    except orjson.JSONDecodeError:
        body = {}
    said = body.get("message") if isinstance(body, dict) else None
    return str(said or error.reason)


def _rest_asked_for(error: ApiException, clock: Clock) -> float | None:
    asked = None if error.headers is None else error.headers.get("Retry-After")
    if asked is None:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_REST_SECONDS)
