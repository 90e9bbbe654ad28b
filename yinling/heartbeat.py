"""Tells an outside watcher that the whole path works, so that our silence is heard too."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import structlog

log = structlog.get_logger()

_TIMEOUT_SECONDS = 5.0


class Heartbeat:
    """Asks one address after each good probe, in a thread of its own; a failure is logged and never in the way."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    def beat(self) -> None:
        """Ask now, without waiting."""
        if self._url is not None:
            threading.Thread(target=self._ask, args=(self._url,), name="heartbeat", daemon=True).start()

    @staticmethod
    def _ask(url: str) -> None:
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS):  # noqa: S310 an address from the settings
                return
        except (urllib.error.URLError, OSError) as error:
            log.warning("heartbeat_failed", reason=str(error))
