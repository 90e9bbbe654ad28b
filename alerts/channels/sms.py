"""Text messages through Aliyun: `SendSms`, with the template and signature registered there."""

from __future__ import annotations

from datetime import datetime

import orjson

from alerts.channels.aliyun import Account, Action, outcome, parameters, signed
from alerts.channels.generic_http import usable_number
from alerts.channels.provider import Answer, Request
from alerts.ports import Message, NotSent, Sent
from core.ids import new_secret

ADDRESS = "https://dysmsapi.aliyuncs.com/"
_VERSION = "2017-05-25"


class AliyunSms:
    """`template` has variables by the names of a page's placeholders, and `code_1` and `code_2`, the end of the link."""

    def __init__(self, account: Account, sign_name: str, template: str) -> None:
        self._account = account
        self._sign_name = sign_name
        self._template = template

    def request(self, message: Message, now: datetime) -> Request | NotSent:
        """A signed `SendSms`."""
        number = usable_number("sms", message.target)
        if number is None:
            return NotSent("this number can never work", permanent=True, broken=True)
        values = message.details.get("values", {})
        query = {
            "PhoneNumbers": number.removeprefix("+"),
            "SignName": self._sign_name,
            "TemplateCode": self._template,
            "TemplateParam": orjson.dumps(parameters(values, message.link)).decode(),
            "OutId": message.idempotency_key,
        }
        return signed(self._account, Action("SendSms", _VERSION, query, new_secret()), now)

    def outcome(self, answer: Answer) -> Sent | NotSent:
        """Taken with its `BizId`, by which the receipt comes."""
        return outcome(answer, "BizId")


__all__ = ["ADDRESS", "AliyunSms"]
