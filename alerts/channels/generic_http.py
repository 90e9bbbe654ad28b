"""Text messages and calls through any provider that takes a plain JSON request: the form Yinling itself proposes.

Posted is `{"to", "text", "language", "idempotency_key", "accept_digit"}` with `Idempotency-Key`, the account as bearer
token and the signature of `alerts.channels.signing`. Answered is 2xx with `{"id": "…"}`, or a refusal with
`{"error": "…"}`; `invalid_number` says that this number can never work.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson

from alerts.channels.provider import Answer, Request, refusal
from alerts.channels.signing import signed_headers
from alerts.ports import Message, NotSent, Sent
from people.reach.numbers import can_be_called, can_take_text, normalised

NUMBER_NEVER_WORKS = frozenset({"invalid_number", "no_such_number", "landline", "blocked_by_receiver"})


class GenericProvider:
    """A provider of text messages or of calls."""

    def __init__(self, what: Literal["sms", "voice"], url: str, key: str | None, secret: str | None) -> None:
        self._what = what
        self._url = url
        self._key = key
        self._secret = secret

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """The JSON, signed."""
        number = usable_number(self._what, message.target)
        if number is None:
            return NotSent("this number can never work", permanent=True, broken=True)
        told: dict[str, Any] = {
            "to": number,
            "text": message.body,
            "language": message.language,
            "idempotency_key": message.idempotency_key,
        }
        if self._what == "voice":
            told["accept_digit"] = message.accept_digit
        body = orjson.dumps(told)
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.idempotency_key}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if self._secret:
            headers |= signed_headers(self._secret, body, now)
        return Request(self._url, body, headers)

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """2xx with JSON or nothing is taken; anything else is not, and 2xx with something else is somebody else answering."""
        told = read_object(answer.body)
        if answer.is_ok:
            if told is None:
                return NotSent("answer not understood")
            provider_id = told.get("id")
            return Sent(str(provider_id)[:120] if provider_id else None)
        if told is not None and told.get("error") in NUMBER_NEVER_WORKS:
            return NotSent("the provider says this number can never work", permanent=True, broken=True)
        return refusal(answer)


def usable_number(what: str, target: str) -> str | None:
    """The number as it is dialled, or None when it can never work for this."""
    return normalised(target) if (can_take_text if what == "sms" else can_be_called)(target) else None


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a body; `{}` for an empty one, None for anything else."""
    if not body.strip():
        return {}
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


__all__ = ["NUMBER_NEVER_WORKS", "GenericProvider", "read_object", "usable_number"]
