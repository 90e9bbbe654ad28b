"""Calls through Aliyun: `IvrCall`, a spoken text that asks for a key; which one was pressed comes back to our callback."""

from __future__ import annotations

from datetime import datetime

import orjson

from alerts.channels.aliyun import Account, Action, outcome, parameters, signed
from alerts.channels.generic_http import usable_number
from alerts.channels.provider import Answer, Request
from alerts.ports import Message, NotSent, Sent
from core.ids import new_secret

ADDRESS = "https://dyvmsapi.aliyuncs.com/"
_VERSION = "2017-05-25"
_ASK_SECONDS = 10
_DECLINE = "2"


class AliyunVoice:
    """`template` is spoken first, `bye_template` after a key was pressed."""

    def __init__(self, account: Account, number: str | None, template: str, bye_template: str | None) -> None:
        self._account = account
        self._number = number
        self._template = template
        self._bye_template = bye_template

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """A signed `IvrCall`."""
        number = usable_number("voice", message.target)
        if number is None:
            return NotSent("this number can never work", permanent=True, broken=True)
        told = parameters(message.details.get("values", {}), None)
        query = {
            "CalledNumber": number.removeprefix("+"),
            "StartCode": self._template,
            "StartTtsParams": orjson.dumps(told).decode(),
            "PlayTimes": "3",
            "Timeout": str(_ASK_SECONDS * 1000),
            "OutId": message.idempotency_key,
        }
        if self._number:
            query["CalledShowNumber"] = self._number
        if self._bye_template:
            query["ByeCode"] = self._bye_template
            for place, key in enumerate((message.accept_digit, _DECLINE), 1):
                if key is not None:
                    query[f"MenuKeyMap.{place}.Key"] = key
                    query[f"MenuKeyMap.{place}.Code"] = self._bye_template
        return signed(self._account, Action("IvrCall", _VERSION, query, new_secret()), now)

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """Taken with its `CallId`, by which the report comes."""
        return outcome(answer, "CallId")


__all__ = ["ADDRESS", "AliyunVoice"]
