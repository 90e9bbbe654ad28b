"""The small interface behind which every HTTP provider stands, and the one channel that drives them all.

A provider says what to post for a message and what an answer means; posting, its time-outs and the failures of the line
are the same for all. A send holds no state: killed in it, the outbox tries again with the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import requests
import structlog
import urllib3

from alerts.ports import Message, NotSent, Sent
from core.clock import Clock

log = structlog.get_logger()

ANSWER_BYTES = 64 * 1024
"""More than this of an answer is not read."""
NEVER_TAKEN = frozenset({400, 404, 405, 410, 413, 414, 415, 422})
"""What was asked will be refused again. Not 401, 402 and 403: a key or an account is put right while the page still waits."""
TOO_MANY_REQUESTS = 429
_LONGEST_WAIT_SECONDS = 3600.0
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a send may take; all of it together is far shorter than a page's lease."""

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    whole_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after_seconds: float | None = None

    @property
    def is_ok(self) -> bool:
        """2xx."""
        return self.status in _OK


class Provider(Protocol):
    """Who carries messages, as far as they differ."""

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """What to post; `NotSent` when there is no use in asking."""
        ...

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """What the answer means."""
        ...


class ProviderChannel:
    """A channel over a provider. Safe to share between threads."""

    def __init__(self, provider: Provider, clock: Clock, timeouts: Timeouts | None = None) -> None:
        self._provider = provider
        self._clock = clock
        self._timeouts = timeouts or Timeouts()

    def send(self, message: Message) -> Sent | NotSent:
        """One attempt."""
        try:
            request = self._provider.request(message, self._clock.now())
        except (ValueError, TypeError, KeyError) as error:
            log.warning("page_cannot_be_written", error=repr(error))
            return NotSent(f"cannot be written: {type(error).__name__}", permanent=True)
        if isinstance(request, NotSent):
            return request
        answer = post(request, self._clock, self._timeouts)
        return answer if isinstance(answer, NotSent) else self._provider.outcome(answer)


class NotSetUp:
    """The channel of a provider nobody has set up: every page fails at once, so that the next person is asked."""

    def __init__(self, what: str) -> None:
        self._what = what

    def send(self, message: Message) -> Sent | NotSent:
        """Never."""
        del message
        return NotSent(f"{self._what} is not set up", permanent=True)


def post(request: Request, clock: Clock, timeouts: Timeouts) -> Answer | NotSent:
    """Post once, follow nothing, read no more than is needed, and never for longer than the whole time-out."""
    started_seconds = clock.monotonic_seconds()
    try:
        with requests.Session() as http:
            http.trust_env = False  # no proxy and no .netrc of whoever started us
            with http.post(
                request.url,
                data=request.body,
                headers=dict(request.headers),
                timeout=(timeouts.connect_seconds, timeouts.read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b""
                while len(body) < ANSWER_BYTES and (chunk := response.raw.read1(4096, decode_content=True)):
                    body += chunk
                    if clock.monotonic_seconds() - started_seconds > timeouts.whole_seconds:
                        return NotSent("no answer in time")
                return Answer(response.status_code, body, _wait(response.headers.get("Retry-After")))
    except requests.Timeout:
        return NotSent("no answer in time")
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema):
        return NotSent("unusable address", permanent=True, broken=True)
    except (requests.exceptions.InvalidHeader, UnicodeError):
        return NotSent("unusable setting", permanent=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError):  # the second from reading the body
        return NotSent("no connection")


def refusal(answer: Answer) -> NotSent:
    """What a status that is not 2xx means, where the provider says no more."""
    return NotSent(
        f"refused with status {answer.status}",
        permanent=answer.status in NEVER_TAKEN,
        retry_after_seconds=answer.retry_after_seconds,
    )


def _wait(header: str | None) -> float | None:
    """`Retry-After` in seconds; a date, or nonsense, counts as none, since our own pause holds then."""
    if header is None or not (header.isascii() and header.strip().isdigit()):
        return None
    return min(float(header), _LONGEST_WAIT_SECONDS)


__all__ = [
    "ANSWER_BYTES",
    "NEVER_TAKEN",
    "TOO_MANY_REQUESTS",
    "Answer",
    "NotSetUp",
    "Provider",
    "ProviderChannel",
    "Request",
    "Timeouts",
    "post",
    "refusal",
]
