from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.channels.aliyun import Account, Action, outcome, parameters, signed
from alerts.channels.provider import Answer
from alerts.channels.signing import is_signed, signed_headers
from alerts.ports import NotSent, Sent
from core.ids import new_secret

NOW = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC)


def test_the_example_of_the_documentation_gives_the_signature_printed_there() -> None:
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    account = Account("YourAccessKeyId", "YourAccessKeySecret", "https://ecs.cn-shanghai.aliyuncs.com/")
    request = signed(account, Action("RunInstances", "2014-05-26", query, "3156853299f313e23d1673dc12e1703d"), NOW)
    assert request.headers["Authorization"].endswith("Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_our_own_signature_proves_body_and_time() -> None:
    headers = signed_headers("secret", b"{}", NOW)
    assert is_signed("secret", b"{}", headers, NOW)
    assert is_signed("secret", b"{}", {name.lower(): value for name, value in headers.items()}, NOW + timedelta(seconds=299))
    assert not is_signed("secret", b"{ }", headers, NOW)
    assert not is_signed("other", b"{}", headers, NOW)
    assert not is_signed("secret", b"{}", headers, NOW + timedelta(seconds=301))
    assert not is_signed("secret", b"{}", headers, NOW - timedelta(seconds=301))
    assert not is_signed("secret", b"{}", {**headers, "Yinling-Timestamp": str(int(NOW.timestamp()) + 1)}, NOW)


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "1e9", "９", "9" * 40])
def test_a_timestamp_that_is_none_proves_nothing(timestamp: str) -> None:
    headers = {**signed_headers("secret", b"", NOW), "Yinling-Timestamp": timestamp}
    assert not is_signed("secret", b"", headers, NOW)


@pytest.mark.parametrize(
    ("code", "is_permanent", "is_broken", "waits"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", True, True, False),
        ("isv.SMS_TEMPLATE_ILLEGAL", True, False, False),
        ("isv.BUSINESS_LIMIT_CONTROL", False, False, True),
        ("isv.AMOUNT_NOT_ENOUGH", False, False, False),
        ("isp.SYSTEM_ERROR", False, False, False),
        ("SignatureDoesNotMatch", False, False, False),
    ],
)
def test_what_a_code_means_for_page_and_number(code: str, is_permanent: bool, is_broken: bool, waits: bool) -> None:
    result = outcome(Answer(200, f'{{"Code": "{code}"}}'.encode()), "BizId")
    assert isinstance(result, NotSent)
    assert (result.permanent, result.broken, result.retry_after_seconds is not None) == (is_permanent, is_broken, waits)


def test_ok_is_taken_with_its_number() -> None:
    assert outcome(Answer(200, b'{"Code": "OK", "BizId": "9^1"}'), "BizId") == Sent("9^1")


def test_variables_are_short_never_empty_and_carry_the_end_of_the_link() -> None:
    token = new_secret()
    told = parameters({"who": "李" * 60, "home": "", "link": "x"}, f"https://centre.example/a/{token}")
    assert (told["who"], told["home"], told["code_1"] + told["code_2"]) == ("李" * 35, "—", token)
    assert all(1 <= len(value) <= 35 for value in told.values())
    assert parameters({}, None) == {"code_1": "—", "code_2": "—"}
