"""No send lasts longer than it may: a provider that feeds its answer a byte at a time never meets a read time-out.

The send runs on a thread of its own that is left alone when the time is over; what it still achieves is a repeat of the
same idempotency key later. The thread is a daemon's, so that it never holds a process that wants to end.
"""

from __future__ import annotations

import threading

from alerts.ports import Channel, Message, NotSent, Sent


class InTime:
    """A channel that answers within its time, whatever its provider does."""

    def __init__(self, channel: Channel, whole_seconds: float) -> None:
        self._channel = channel
        self._whole_seconds = whole_seconds

    def send(self, message: Message) -> Sent | NotSent:
        """One attempt. What the channel raises is raised here."""
        outcome: list[Sent | NotSent | Exception] = []

        def run() -> None:
            outcome.append(self._attempt(message))

        sending = threading.Thread(target=run, name="send", daemon=True)
        sending.start()
        sending.join(self._whole_seconds)
        if not outcome:
            return NotSent("no answer in time")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _attempt(self, message: Message) -> Sent | NotSent | Exception:
        try:
            return self._channel.send(message)
        except Exception as error:  # noqa: BLE001 raised again by the thread that waits
            return error


__all__ = ["InTime"]
