"""Webhooks: the page as JSON, signed with HMAC-SHA256 over its time and body (`alerts.channels.signing`)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import orjson

from alerts.channels.provider import Answer, Request, refusal
from alerts.channels.signing import signed_headers
from alerts.ports import Message, NotSent, Sent

_GONE = 410


class Webhook:
    """Another system's address. Every 2xx is a yes, whatever its body says."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """The JSON, signed."""
        if urlsplit(message.target).scheme not in {"http", "https"}:
            return NotSent("unusable address", permanent=True, broken=True)
        details = message.details
        body = orjson.dumps(
            {
                "id": message.idempotency_key,
                "cause": details.get("cause"),
                "title": message.title,
                "text": message.body,
                "language": message.language,
                "link": message.link,
                "critical": message.critical,
                "incidents": details.get("incidents", []),
                "facts": {name: value for name, value in details.get("values", {}).items() if value},
            }
        )
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.idempotency_key}
        return Request(message.target, body, headers | signed_headers(self._secret, body, now))

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """`410 Gone` says that nobody listens there any more."""
        if answer.is_ok:
            return Sent()
        if answer.status == _GONE:
            return NotSent("the address is gone", permanent=True, broken=True)
        return refusal(answer)


__all__ = ["Webhook"]
