"""From a text message to a person on the way: the link opens without a sign-in, one press answers, the console says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import Desk
from support.centre import Centre, running_centre
from support.processes import until
from support.providers import ProviderServer, provider

_LINK = re.compile(r"https?://[^\s\"\\]+?(/a/[A-Za-z0-9_\-.~]+)")


@pytest.fixture(scope="module")
def paging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, ProviderServer]]:
    """A centre whose text messages go to a provider of the test, soon after nobody took an incident."""
    clocks: dict[str, Any] = {
        "supervisor_after_seconds": 1,
        "contacts_after_seconds": 600,
        "fallback_after_seconds": 600,
        "ring_again_seconds": 600,
    }
    with provider("generic") as sms:
        folder = tmp_path_factory.mktemp("paging")
        with running_centre(folder, sms_provider="generic", sms_url=sms.url, sms_secret="s" * 40, **clocks) as centre:
            yield centre, sms


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A telephone nobody is signed in on."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def _reachable_supervisor(centre: Centre, username: str, number: str) -> str:
    password = centre.user(username, "supervisor")
    centre.post(f"/users/{username}/contact-points", {"channel": "sms", "address": number})
    return password


def _link_to(sms: ProviderServer, number: str, incident: str) -> str:
    def found() -> str | None:
        for heard in list(sms.heard):
            text = heard.json["text"]
            link = _LINK.search(text)
            if heard.json["to"] == number and link and incident in text:
                return link[1]
        return None

    return until(found, what=f"a text message to {number}")


@pytest.mark.browser
def test_accepting_takes_the_incident_and_a_second_answer_is_refused_in_words(
    paging: tuple[Centre, ProviderServer], phone: Page, open_page: Desk
) -> None:
    centre, sms = paging
    password = _reachable_supervisor(centre, "sup-paged", "13800138001")
    home = centre.home(address="云溪路 8 号 301 室")
    console = open_page(centre, "sup-paged", password, path="/console")
    incident = centre.post("/incidents", {"home": home, "kind": "sos", "note": "来电"})
    link = _link_to(sms, "13800138001", "云溪路 8 号 301 室")

    phone.goto(centre.url + link)
    expect(phone.get_by_test_id("answer-where")).to_contain_text("云溪路 8 号 301 室")
    for name in ("answer-accepted", "answer-declined"):
        box = phone.get_by_test_id(name).bounding_box()
        assert box is not None
        assert box["height"] >= 60
    assert centre.get(f"/incidents/{incident['id']}")["state"] == "open", "looking answers nothing"

    phone.get_by_test_id("answer-accepted").click()
    expect(phone.get_by_test_id("answer-outcome")).to_have_attribute("data-outcome", "accepted")
    expect(phone.get_by_test_id("answer-accepted")).to_have_count(0)
    found = centre.get(f"/incidents/{incident['id']}")
    assert (found["state"], "page_answered" in [line["act"] for line in found["timeline"]]) == ("acknowledged", True)

    phone.reload()
    expect(phone.get_by_test_id("answer-outcome")).to_have_attribute("data-outcome", "accepted")
    console.goto(f"/console/{incident['id']}")
    expect(console.locator('[data-testid="told"][data-status="accepted"]')).to_be_visible()


@pytest.mark.browser
def test_a_link_comes_too_late_with_a_sentence(paging: tuple[Centre, ProviderServer], phone: Page) -> None:
    centre, sms = paging
    _reachable_supervisor(centre, "sup-late", "13800138002")
    home = centre.home(address="云溪路 9 号 101 室")
    incident = centre.post("/incidents", {"home": home, "kind": "sos", "note": "来电"})
    link = _link_to(sms, "13800138002", "云溪路 9 号 101 室")
    centre.post(f"/incidents/{incident['id']}/close", {"reason": "reassured"})

    phone.goto(centre.url + link)
    outcome = phone.get_by_test_id("answer-outcome")
    expect(outcome).to_have_attribute("data-outcome", "refused")
    expect(outcome).to_contain_text("已处理完毕")
    expect(phone.get_by_test_id("answer-accepted")).to_have_count(0)

    phone.goto(f"{centre.url}/a/no-such-link")
    expect(phone.get_by_test_id("answer-outcome")).to_contain_text("这个链接无效")


@pytest.mark.browser
def test_a_test_page_is_answered_with_one_press(paging: tuple[Centre, ProviderServer], phone: Page) -> None:
    centre, sms = paging
    _reachable_supervisor(centre, "sup-test", "13800138003")
    point = centre.get("/users/sup-test/contact-points")["items"][0]["id"]
    test = centre.post(f"/contact-points/{point}/test")
    link = _link_to(sms, "13800138003", "测试")

    phone.goto(centre.url + link)
    expect(phone.get_by_test_id("answer-page")).to_have_attribute("data-kind", "test")
    phone.get_by_test_id("answer-received").click()
    expect(phone.get_by_test_id("answer-outcome")).to_have_attribute("data-outcome", "test_done")
    states = {one["id"]: one["state"] for one in centre.get("/page-tests")["items"]}
    assert states[test["id"]] == "answered"
