"""What Grafana's refusals mean, as errors with a stable code and a sentence that says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from grafana_api.grafana_api import GrafanaException

from core.errors import YinlingError

_SAID_LENGTH = 200
FINAL = frozenset(
    {
        "grafana_not_set_up",
        "grafana_in_the_clear",
        "grafana_away",
        "grafana_unwell",
        "grafana_not_grafana",
        "grafana_redirects",
        "grafana_too_old",
        "grafana_sign_in_refused",
        "grafana_slow_down",
    }
)
"""Codes after which there is no use in going on with the next thing."""


class GrafanaRefusedError(YinlingError):
    """Grafana does not do what it was asked, or is not there; nobody's alarm is affected."""

    status: ClassVar[int] = 502
    code = "grafana_failed"

    @property
    def is_final(self) -> bool:
        """Whether everything else would be refused as well."""
        return self.code in FINAL


def missing(error: GrafanaRefusedError) -> bool:
    """Whether it was refused because there is no such thing."""
    return error.code == "grafana_missing"


def refusal_of(error: GrafanaException, what: str, address: str) -> GrafanaRefusedError:
    """The refusal behind an answer. `what` is the thing that was asked for, as people know it."""
    body = error.response if isinstance(error.response, dict) else {}
    said = str(body.get("message") or error.response or error)[:_SAID_LENGTH]
    details: dict[str, Any] = {"what": what, "said": said, "address": address, "http_status": error.status_code}
    return GrafanaRefusedError(_code(error.status_code, str(body.get("status") or ""), said.lower()), **details)


_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "grafana_sign_in_refused",
    HTTPStatus.FORBIDDEN: "grafana_not_allowed",
    HTTPStatus.NOT_FOUND: "grafana_missing",
    HTTPStatus.CONFLICT: "grafana_name_taken",
    HTTPStatus.PRECONDITION_FAILED: "grafana_name_taken",
    HTTPStatus.TOO_MANY_REQUESTS: "grafana_slow_down",
}
_LOST_RACE = ("someone else", "reload and try again")


def _code(status: int, word: str, said: str) -> str:
    """The code for an HTTP status, Grafana's own `status` word and its message in small letters. Pure."""
    if status == HTTPStatus.FORBIDDEN and "quota" in said:
        return "grafana_quota_reached"
    # Data sources say a lost race with 409, folders and dashboards with 412 and a word.
    lost = word == "version-mismatch" or any(words in said for words in _LOST_RACE)
    if status in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED} and lost:
        return "grafana_changed_meanwhile"
    if status == HTTPStatus.BAD_REQUEST and "provisioned" in said:
        return "grafana_provisioned"
    by_default = "grafana_failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "grafana_input_refused"
    return _BY_STATUS.get(status, by_default)


__all__ = ["FINAL", "GrafanaRefusedError", "missing", "refusal_of"]
