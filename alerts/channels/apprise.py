"""Pages through Apprise, which speaks to over a hundred services behind one form of address.

A send takes a few seconds at most and holds no state: a process killed in it may have sent or not, and the outbox tries
again with the same idempotency key once the lease is over.
"""

from __future__ import annotations

import logging
import re
import threading
from types import ModuleType
from typing import Any

from alerts.channels.provider import NEVER_TAKEN, Timeouts
from alerts.ports import Message, NotSent, Sent

_HTTP_ERROR = re.compile(r"error=(\d{3})")
_TAKES_HEADERS = re.compile(r"^(json|xml|form)s?://", re.IGNORECASE)


class AppriseChannel:
    """The channel of Apprise addresses. Safe to share between threads."""

    def __init__(self, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()

    def send(self, message: Message) -> Sent | NotSent:
        """One attempt. An address Apprise cannot read is broken; what a service refuses for good is a permanent failure."""
        apprise = _load()
        heard = _Listener(threading.get_ident())
        logger = logging.getLogger("apprise")
        logger.addHandler(heard)
        try:
            service = apprise.Apprise.instantiate(_with_key(message.target, message.idempotency_key), suppress_exceptions=True)
            if service is None:
                return NotSent("unusable address", permanent=True, broken=True)
            service.redirects = False  # a page goes where somebody wrote that it goes, or nowhere
            service.socket_connect_timeout = self._timeouts.connect_seconds
            service.socket_read_timeout = self._timeouts.read_seconds
            taken = service.notify(body=message.body, title=message.title, notify_type=apprise.NotifyType.WARNING)
        except Exception as error:  # noqa: BLE001 a plugin's own failure is one failed attempt, recorded by the caller
            return NotSent(f"{type(error).__name__}: {error}"[:300])
        finally:
            logger.removeHandler(heard)
        return Sent() if taken else heard.failure()


def is_readable(address: str) -> bool:
    """Whether Apprise can read an address at all."""
    return _load().Apprise.instantiate(address, suppress_exceptions=True) is not None


def _load() -> ModuleType:
    """Apprise, when it is first needed: it takes half a second that only a pager should spend."""
    import apprise  # noqa: PLC0415

    # Its own lines name hosts and tokens; ours, without them, stand on the timeline.
    logging.getLogger("apprise").propagate = False
    module: ModuleType = apprise
    return module


def _with_key(target: str, idempotency_key: str) -> str:
    """The address, carrying the key as a header where the service is a plain HTTP one."""
    if _TAKES_HEADERS.match(target) is None:
        return target
    return f"{target}{'&' if '?' in target else '?'}+Idempotency-Key={idempotency_key.replace(':', '-')}"


class _Listener(logging.Handler):
    """Hears why a send of this thread failed; Apprise says so only in its log."""

    def __init__(self, thread: int) -> None:
        super().__init__(logging.WARNING)
        self._thread = thread
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning of our own thread."""
        if record.thread == self._thread:
            self._lines.append(record.getMessage())

    def failure(self) -> NotSent:
        """Why, without hosts and tokens, and whether it will stay so."""
        status: Any = next((found.group(1) for line in self._lines if (found := _HTTP_ERROR.search(line))), None)
        if status is None:
            return NotSent("no answer")
        return NotSent(f"refused with status {status}", permanent=int(status) in NEVER_TAKEN)


__all__ = ["AppriseChannel", "is_readable"]
