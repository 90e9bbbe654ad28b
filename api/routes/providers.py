"""What providers report: receipts of text messages, and the keys people press on a call.

The generic form is signed like our webhooks with `YINLING_CALLBACK_SECRET`. Aliyun cannot sign what it pushes, so that
the secret stands at the end of the address given to it. Without the setting nobody is believed.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from alerts.acts.answering import answer_by_key, undelivered
from alerts.channels.signing import is_signed
from alerts.paging.receipts import delivered, find_page
from api.deps import Deps, Using
from api.errors import refusals
from api.schemas.answers import AliyunAnswer, Report, Reports, ReportsTaken
from core.errors import ForbiddenError, InvalidInputError, YinlingError
from core.messages import MESSAGES, text

router = APIRouter(tags=["providers"])

Channel = Literal["sms", "voice"]
_REFUSED = (ForbiddenError("callback_refused"), InvalidInputError("callback_unreadable"))
_THANKS = {"zh-CN": "已收到，谢谢。", "en": "Thank you, it is noted."}
_MOST = 1000
_VOICE_DELIVERED = "200000"
_NEVER = frozenset({"INVALID_NUMBER", "NUMBER_NOT_EXIST", "MOBILE_NUMBER_ILLEGAL", "200003"})
"""Aliyun's codes for a number that is none (200003: the number called does not exist)."""


async def raw_body(request: Request) -> bytes:
    """The body as it came: what is signed."""
    return await request.body()


Body = Annotated[bytes, Depends(raw_body)]


@router.post("/providers/{channel}/generic", responses=refusals(*_REFUSED, signed_in=False))
def take_generic_reports(channel: Channel, request: Request, body: Body, deps: Using) -> ReportsTaken:
    """`{"reports": [{"id", "status", "key"}]}`, signed."""
    secret = _secret(deps)
    if secret is None or not is_signed(secret, body, dict(request.headers), deps.clock.now()):
        raise ForbiddenError("callback_refused")
    try:
        reports = Reports.model_validate(orjson.loads(body)).reports
    except (ValidationError, orjson.JSONDecodeError) as error:
        raise InvalidInputError("callback_unreadable") from error
    taken, said = _take(channel, reports, deps)
    return ReportsTaken(taken=taken, say=said)


@router.post("/providers/{channel}/aliyun/{secret}", responses=refusals(*_REFUSED, signed_in=False))
def take_aliyun_reports(channel: Channel, secret: str, body: Body, deps: Using) -> AliyunAnswer:
    """Aliyun's `SmsReport` and `VoiceReport`: a list of reports, with the secret at the end of the address."""
    expected = _secret(deps)
    if expected is None or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise ForbiddenError("callback_refused")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError("callback_unreadable") from error
    several = told if isinstance(told, list) else [told]
    reports = [report for one in several[:_MOST] if isinstance(one, dict) for report in from_aliyun(one)]
    _take(channel, reports, deps)
    return AliyunAnswer(code=0, msg="成功")


def from_aliyun(told: dict[str, Any]) -> list[Report]:
    """A report of Aliyun's in our form; by its own id, or by ours where it has none. Pure."""
    found = next((str(told[name]) for name in ("biz_id", "call_id", "out_id") if told.get(name)), None)
    if found is None or len(found) > 200:  # noqa: PLR2004 as the schema
        return []
    code = str(told.get("err_code") or told.get("status_code") or "")
    success = told.get("success")
    arrived = success is True or str(success).lower() == "true" if success is not None else code == _VOICE_DELIVERED
    status: Literal["delivered", "undelivered", "invalid_number"] = "delivered" if arrived else "undelivered"
    if not arrived and code in _NEVER:
        status = "invalid_number"
    digit = str(told.get("dtmf") or told.get("key") or "").strip()
    own_key = str(told["out_id"])[:200] if told.get("out_id") else None
    return [Report(id=found, idempotency_key=own_key, status=status, key=digit[-1:] or None)]


def _secret(deps: Deps) -> str | None:
    return None if deps.settings.callback_secret is None else deps.settings.callback_secret.get_secret_value()


def _take(channel: Channel, reports: Sequence[Report], deps: Deps) -> tuple[int, str | None]:
    """Note each report by itself: one that is refused does not stop the next."""
    taken, said = 0, None
    for report in reports:
        taken += _note_receipt(channel, report, deps)
        if report.key is not None and channel == "voice":
            told = _note_key(report, deps)
            taken += told is not None
            said = told or said
    return taken, said


def _note_receipt(channel: Channel, report: Report, deps: Deps) -> bool:
    if report.status is None:
        return False
    never = report.status == "invalid_number"
    status = "undelivered" if never else report.status

    def note(session: Any, now: Any) -> bool:
        page = delivered(session, channel, report.id, status, now, own_key=report.idempotency_key, never=never)
        if page is not None and status == "undelivered":
            undelivered(session, page, now)
        return page is not None

    return deps.desk.act(note)


def _note_key(report: Report, deps: Deps) -> str | None:
    """The sentence the caller should hear, in the page's language; None for a call nobody knows."""

    def note(session: Any, now: Any) -> str | None:
        page = find_page(session, "voice", report.id, report.idempotency_key)
        if page is None:
            return None
        language: Literal["zh-CN", "en"] = "en" if (page.language or deps.settings.language) == "en" else "zh-CN"
        try:
            with session.begin_nested():
                answer_by_key(session, page, report.key or "", now, deps.settings)
        except YinlingError as refusal:
            return text(refusal.code, language, refusal.details) if refusal.code in MESSAGES else None
        return _THANKS[language]

    return deps.desk.act(note)
