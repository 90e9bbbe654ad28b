"""Web push (RFC 8030): the page encrypted for one browser (RFC 8291) and signed with our own key (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from urllib.parse import urlsplit

import orjson
import pywebpush
from py_vapid import Vapid02

from alerts.channels.provider import Answer, Request, refusal
from alerts.ports import Message, NotSent, Sent

_GONE = frozenset({404, 410})
"""How a push service says that the browser has unsubscribed."""
_TITLE_LONGEST = 200
_BODY_LONGEST = 1200
"""A push service takes 4,096 bytes; of Chinese a letter is three."""
_LIVES_SECONDS = 3600
_EXPIRES_SECONDS = 12 * 3600


class WebPush:
    """Pushes through whatever service a browser subscribed at."""

    def __init__(self, private_key: str, contact: str) -> None:
        self._vapid = Vapid02.from_string(private_key)
        self._contact = contact

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """The encrypted body. `details["point"]` holds the browser's keys, `{"p256dh", "auth"}`."""
        keys = message.details.get("point", {})
        parts = urlsplit(message.target)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not {"p256dh", "auth"} <= set(keys):
            return NotSent("unusable subscription", permanent=True, broken=True)
        told = {
            "title": message.title[:_TITLE_LONGEST],
            "body": message.body[:_BODY_LONGEST],
            "link": message.link,
            "tag": message.idempotency_key,
            "critical": message.critical,
            "language": message.language,
        }
        try:
            pusher = pywebpush.WebPusher({"endpoint": message.target, "keys": {name: keys[name] for name in ("p256dh", "auth")}})
            body = bytes(pusher.encode(orjson.dumps(told), "aes128gcm")["body"])
        except (ValueError, TypeError, IndexError, pywebpush.WebPushException):
            return NotSent("unusable subscription", permanent=True, broken=True)
        claims = {
            "sub": self._contact,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(now.timestamp()) + _EXPIRES_SECONDS,
        }
        headers = {
            **self._vapid.sign(claims),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(_LIVES_SECONDS),
            "Urgency": "high" if message.critical else "normal",
            "Topic": topic_of(message.idempotency_key),
        }
        return Request(message.target, body, headers)

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """Every 2xx is a yes."""
        if answer.is_ok:
            return Sent()
        if answer.status in _GONE:
            return NotSent("the browser has unsubscribed", permanent=True, broken=True)
        return refusal(answer)


def topic_of(idempotency_key: str) -> str:
    """32 letters a push service knows a repeat by: it replaces the one that still waits."""
    return base64.urlsafe_b64encode(hashlib.sha256(idempotency_key.encode()).digest()).decode()[:32]


__all__ = ["WebPush", "topic_of"]
