"""What an operator asks of an incident beside its acts: why it is there, who was told, and what stays out of sight until when."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.browser import Desk, choose
from support.centre import Centre
from support.device import button


@pytest.mark.browser
def test_why_is_one_sentence_and_its_picture_is_one_key_away(centre: Centre, open_page: Desk) -> None:
    page = open_page(centre, "op-why", centre.user("op-why", "operator"), path="/console")
    home = centre.home()
    with button(centre.device(home)) as device:
        incident = device.press()["incident"]
    page.goto(f"/console/{incident}")
    expect(page.get_by_test_id("why-sentence")).to_contain_text("按下了求助")
    expect(page.get_by_test_id("why-panel")).to_have_count(0)

    page.keyboard.press("w")
    expect(page.get_by_test_id("why-picture")).to_be_visible()
    page.get_by_test_id("why-replay").click()
    expect(page.get_by_test_id("why-replayed")).to_have_attribute("data-agrees", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("why-panel")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight"), "the page itself never scrolls"


@pytest.mark.browser
def test_the_steps_of_escalation_stand_with_their_clock_until_somebody_takes_it(centre: Centre, open_page: Desk) -> None:
    centre.user("boss-steps", "supervisor")
    centre.post("/users/boss-steps/contact-points", {"channel": "apprise", "address": "json://127.0.0.1:9/boss"})
    page = open_page(centre, "op-steps", centre.user("op-steps", "operator"), path="/console")
    incident = centre.post("/incidents", {"home": centre.home(), "kind": "sos", "note": "来电"})["id"]
    page.goto(f"/console/{incident}")
    expect(page.locator('[data-testid="escalation-step"][data-state="next"]')).to_be_visible()
    expect(page.get_by_test_id("escalation-left")).to_contain_text("秒后")
    page.keyboard.press("a")
    expect(page.get_by_test_id("incident-state")).to_have_attribute("data-state", "acknowledged")
    expect(page.get_by_test_id("escalation-left")).to_have_count(0)


@pytest.mark.browser
def test_two_incidents_of_a_home_become_one_by_keys(centre: Centre, open_page: Desk) -> None:
    page = open_page(centre, "op-merge", centre.user("op-merge", "operator"), path="/console")
    home = centre.home()
    first = centre.post("/incidents", {"home": home, "kind": "phone_call", "note": "第一次"})["id"]
    second = centre.post("/incidents", {"home": home, "kind": "walk_in", "note": "第二次"})["id"]
    page.goto(f"/console/{second}")
    expect(page.get_by_test_id("incident")).to_have_attribute("data-id", str(second))
    page.locator(f'[data-testid="incident-row"][data-id="{first}"]').wait_for()
    page.keyboard.press("m")
    expect(page.get_by_test_id("merge-into-1")).to_have_attribute("data-id", str(first))
    page.keyboard.press("1")
    expect(page.get_by_test_id("incident")).to_have_attribute("data-id", str(first))
    assert centre.get(f"/incidents/{second}")["state"] == "closed"


@pytest.mark.browser
def test_a_mode_is_set_with_an_end_and_ended_early(centre: Centre, open_page: Desk) -> None:
    page = open_page(centre, "op-mode", centre.user("op-mode", "operator"), path="/console")
    home = centre.home()
    incident = centre.post("/incidents", {"home": home, "kind": "phone_call", "note": "要出门"})["id"]
    page.goto(f"/console/{incident}")
    expect(page.get_by_test_id("home-modes")).to_be_visible()
    page.keyboard.press("t")
    choose(page, "mode-hospital")
    page.get_by_test_id("mode-save").click()
    row = page.locator('[data-testid="mode-row"][data-mode="hospital"]')
    expect(row).to_be_visible()
    (mode,) = centre.get(f"/homes/{home}/modes")["items"]
    assert mode["until_at"] > mode["starts_at"]
    row.get_by_test_id("mode-end").click()
    expect(row).to_have_count(0)
