"""What the broker says of those it refused or threw out, read from its log lines and system events. Pure."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

from ingest.broker_config import ACCOUNT, BUS_USER, DEVICE_USER, INGEST_USER, WATCHER_USER
from ingest.refusals import RefusalReason
from ingest.sign_in_tokens import device_of

OWN_USERS = frozenset({BUS_USER, INGEST_USER, WATCHER_USER})

# The broker's own words for ends that are nobody's fault, or that the sign-in has already told of.
_ORDINARY_ENDS = frozenset(
    {
        "Client Closed",
        "Stale Connection",
        "Read Error",
        "Write Error",
        "Server Shutdown",
        "Kicked",
        "Authentication Failure",
        "Authentication Timeout",
        "TLS Handshake Failure",
    }
)
_TAKEN_OVER = "Duplicate Client ID"
_PROTOCOL_VIOLATION = "Protocol Violation"

# The broker ends connections as *Protocol Violation* also when its own store did not answer in time: after the death of a
# node of a cluster that happens to many homes at once, and none of their devices has done anything.
_BROKERS_OWN_CAUSE = re.compile(
    r"^unable to connect: (?!authentication error|other session)|timeout after |timed out|stream for account|"
    r"^unable to (?:persist|delete) |jetstream|insufficient|no responders|\(\d{5}\)$",
    re.IGNORECASE,
)

_LINE = re.compile(
    r"^\[\d+\] \S+ \S+ \[ERR\] (?P<host>\S+):\d+ - [a-z_]+:\d+ - "
    r'"(?P<client>(?:[^"\\]|\\.)*)" - (?P<text>.*)$'
)
_VIOLATION = re.compile(r'^(?P<act>Publish|Subscription) Violation - Subject "(?P<subject>(?:[^"\\]|\\.)*)"')
_VERSION = re.compile(r"^unacceptable protocol version of (?P<version>\d+)")
# Below these stand the alarms of homes; a refused word elsewhere (a discovery topic) endangers nobody.
_ALARM_SUBJECTS = ("yl.", "part.")


@dataclass(frozen=True, slots=True)
class Seen:
    """One refusal as the broker told it. `client` is a device's name or client id, or an address."""

    client: str
    reason: RefusalReason
    detail: str
    grave: bool = False
    unexplained: bool = False
    """Whether it is unknown if the device broke the protocol or the broker could not serve it."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """An error line about one MQTT client."""

    client_id: str
    host: str
    text: str


def read_log_line(line: str) -> LogLine | None:
    """The error line about an MQTT client, or None for any other line."""
    match = _LINE.match(line)
    return LogLine(match["client"], match["host"].strip("[]"), match["text"]) if match is not None else None


def seen_in_log(line: LogLine) -> Seen | None:
    """A refused publication or subscription, or a protocol the broker does not speak.

    The log is the only place where the broker tells of these: the publication was PUBACKed all the same.
    """
    violation = _VIOLATION.match(line.text)
    if violation is not None:
        subject = violation["subject"]
        publishes = violation["act"] == "Publish"
        verb = "publish" if publishes else "subscribe"
        grave = publishes and subject.startswith(_ALARM_SUBJECTS)
        return Seen(line.client_id or line.host, RefusalReason.FOREIGN_TOPIC, f"{verb} {subject}", grave)
    version = _VERSION.match(line.text)
    if version is not None:
        return Seen(line.client_id or line.host, RefusalReason.UNSUPPORTED_PROTOCOL, f"MQTT protocol level {version['version']}")
    return None


def seen_in_disconnect(event: dict[str, Any], cause: str | None) -> Seen | None:
    """A device thrown out, or one whose client id somebody else took; None for an ordinary end.

    `cause` is the last error line about this client: the event itself says only *Protocol Violation*, and where no log could be
    read nobody knows whether the device broke the protocol or the broker could not serve it.
    """
    client, reason = event.get("client") or {}, event.get("reason") or ""
    user = client.get("user") or ""
    if client.get("acc") != ACCOUNT or not user or user in OWN_USERS or reason in _ORDINARY_ENDS:
        return None
    if user == DEVICE_USER:
        user = device_of(client_id_of(event))
    if reason == _TAKEN_OVER:
        return Seen(user, RefusalReason.TAKEN_OVER, f"from {client.get('host')}")
    if cause is None:
        return Seen(user, RefusalReason.THROWN_OUT, reason, unexplained=reason == _PROTOCOL_VIOLATION)
    ours = reason == _PROTOCOL_VIOLATION and _BROKERS_OWN_CAUSE.search(cause) is not None
    return Seen(user, RefusalReason.NOT_READY if ours else RefusalReason.THROWN_OUT, f"{reason}: {cause}")


def seen_in_failed_sign_in(event: dict[str, Any]) -> Seen | None:
    """Somebody who tried one of Yinling's own users; devices' failures are told by the sign-in itself, with their reason."""
    client = event.get("client") or {}
    user = client.get("user") or ""
    if user not in OWN_USERS:
        return None
    return Seen(user, RefusalReason.WRONG_SECRET, f"{client.get('host')}, one of our own users", grave=True)


def client_id_of(event: dict[str, Any]) -> str:
    """The MQTT client id in a system event."""
    return str((event.get("client") or {}).get("client_id") or "")


class Repetition:
    """Notices when something happens to one client `times` within `seconds`; remembers at most `most` clients."""

    def __init__(self, times: int, seconds: float, *, most: int = 10_000) -> None:
        self._times = times
        self._seconds = seconds
        self._most = most
        self._happened: dict[str, deque[float]] = {}

    def note(self, client: str, now_seconds: float) -> bool:
        """Note one; whether it has now happened too often."""
        happened = self._happened.pop(client, None) or deque(maxlen=self._times)
        happened.append(now_seconds)
        self._happened[client] = happened  # the newest stands last
        while len(self._happened) > self._most:
            del self._happened[next(iter(self._happened))]
        return len(happened) == self._times and now_seconds - happened[0] <= self._seconds


class Crowd:
    """Notices that the same happens to several clients within `seconds`: then it is nothing that one of them did."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._happened: deque[tuple[str, float]] = deque(maxlen=100)

    def note(self, client: str, now_seconds: float) -> bool:
        """Note one; whether it just happened to another too."""
        self._happened.append((client, now_seconds))
        return any(other != client and now_seconds - at_seconds <= self._seconds for other, at_seconds in self._happened)


__all__ = [
    "OWN_USERS",
    "Crowd",
    "LogLine",
    "Repetition",
    "Seen",
    "client_id_of",
    "read_log_line",
    "seen_in_disconnect",
    "seen_in_failed_sign_in",
    "seen_in_log",
]
