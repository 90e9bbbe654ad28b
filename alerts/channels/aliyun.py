"""Aliyun's form of a signed request (ACS3-HMAC-SHA256) and of an answer, for its text messages and calls.

The signature is that of Alibaba Cloud's documentation, "V3 request body and signature method"; a test holds it to the
example published there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from alerts.channels.generic_http import read_object
from alerts.channels.provider import Answer, Request, refusal
from alerts.ports import NotSent, Sent

NUMBER_NEVER_WORKS = frozenset(
    {"isv.MOBILE_NUMBER_ILLEGAL", "isv.PHONE_NUMBER_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.NOT_SUPPORTED_COUNTRY"}
    | {"isv.INVALID_PHONE_NUMBER", "MobileNumberIllegal"}
)
"""The number cannot be reached by this provider, today or ever."""
REQUEST_NEVER_WORKS = frozenset(
    {
        "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.INVALID_PARAMETERS",
        "isv.INVALID_JSON_PARAM",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.TTS_TEMPLATE_ILLEGAL",
        "isv.VOICE_FILE_ILLEGAL",
    }
)
"""What is sent is wrong and stays wrong; the number is not to blame."""
LIMITS = frozenset({"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "Throttling", "Throttling.User", "Throttling.Api"})
_LIMIT_WAIT_SECONDS = 60.0
"""One text and one call a minute and number is what Aliyun takes."""
PARAMETER_LONGEST = 35
"""The longest value of a template's variable."""


@dataclass(frozen=True, slots=True)
class Account:
    """An access key, and where its requests go."""

    key: str
    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Action:
    """What is asked of Aliyun, once: `nonce` is never used twice."""

    name: str
    version: str
    query: Mapping[str, str]
    nonce: str


def signed(account: Account, action: Action, now: datetime) -> Request:
    """A POST of the RPC style: everything in the query, an empty body, and the signature in `Authorization`."""
    parts = urlsplit(account.url)
    canonical_query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(action.query.items()))
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": parts.netloc,
        "x-acs-action": action.name,
        "x-acs-content-sha256": empty,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": action.nonce,
        "x-acs-version": action.version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join(("POST", parts.path or "/", canonical_query, lines, names, empty))
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(account.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"ACS3-HMAC-SHA256 Credential={account.key},SignedHeaders={names},Signature={signature}"
    url = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{canonical_query}"
    return Request(url, b"", {**headers, "Authorization": authorization})


def outcome(answer: Answer, id_field: str) -> Sent | NotSent:
    """`Code: OK` is taken. A limit is waited for, a number that is none is given up, the rest is tried again."""
    told = read_object(answer.body)
    code = None if told is None else told.get("Code")
    if not isinstance(code, str) or told is None:
        return NotSent("answer not understood") if answer.is_ok else refusal(answer)
    if code == "OK" and answer.is_ok:
        provider_id = told.get(id_field)
        return Sent(str(provider_id)[:120] if provider_id else None)
    if code in NUMBER_NEVER_WORKS:
        return NotSent(f"refused: {code}", permanent=True, broken=True)
    if code in LIMITS:
        return NotSent(f"refused: {code}", retry_after_seconds=answer.retry_after_seconds or _LIMIT_WAIT_SECONDS)
    return NotSent(f"refused: {code}"[:300], permanent=code in REQUEST_NEVER_WORKS, retry_after_seconds=answer.retry_after_seconds)


def parameters(values: Mapping[str, str], link: str | None) -> dict[str, str]:
    """A template's variables: short, never empty; of the link only its end, in two halves.

    Aliyun wants the rest of an address in the template, `https://centre.example/a/${code_1}${code_2}`, and takes no longer
    variables.
    """
    told = {name: value[:PARAMETER_LONGEST] or "—" for name, value in values.items() if name != "link"}
    end = "" if link is None else link.rpartition("/")[2]
    half = (len(end) + 1) // 2
    return {**told, "code_1": end[:half] or "—", "code_2": end[half:] or "—"}


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


__all__ = [
    "LIMITS",
    "NUMBER_NEVER_WORKS",
    "PARAMETER_LONGEST",
    "REQUEST_NEVER_WORKS",
    "Account",
    "Action",
    "outcome",
    "parameters",
    "signed",
]
