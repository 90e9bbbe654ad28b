"""On the installer's phone: a low battery shows, leads to its home, cannot be closed unrepaired, is closed, and is gone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.browser import Desk
from support.centre import Centre
from support.device import button

PHONE_WIDTH, PHONE_HEIGHT = 390, 844


def fits(page: Page) -> bool:
    """Whether nothing of the page is wider than the phone."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.browser
def test_a_low_battery_is_closed_with_what_was_done_and_can_be_taken_back(centre: Centre, open_page: Desk) -> None:
    home, elsewhere = centre.home(name="王秀英家"), centre.home(name="李建国家")
    password = centre.user("installer", "installer", homes=[home])
    with button(centre.device(elsewhere)) as other, button(centre.device(home, room="卧室", name="床头按钮")) as device:
        other.publish_event(other.new_id(), "battery.low")
        device.publish_event(device.new_id(), "battery.low")
        incident = centre.wait_incident(home)["id"]
        centre.wait_incident(elsewhere)
        page = open_page(centre, "installer", password, width=PHONE_WIDTH, height=PHONE_HEIGHT)
        row = page.get_by_test_id("open-fault")
        expect(row).to_have_count(1)
        expect(row).to_have_attribute("data-id", str(incident))
        expect(row).to_contain_text("王秀英家")
        expect(row).to_contain_text("卧室 · 床头按钮")

        row.click()
        expect(page.get_by_test_id("fault-alert")).to_have_attribute("data-there", "true")
        page.get_by_test_id("fault-home").click()
        expect(page).to_have_url(re.compile(rf"/installer\?home={home}$"))
        expect(page.get_by_test_id("device-row")).to_have_count(1)
        page.go_back()

        page.get_by_test_id("fault-close").click()
        page.get_by_test_id("fault-battery_changed").click()
        expect(page.get_by_test_id("fault-error")).to_contain_text("设备还没有报告恢复")
        assert centre.get(f"/incidents/{incident}")["state"] == "open"

        device.publish_event(device.new_id(), "battery.ok")
        expect(page.get_by_test_id("fault-alert")).to_have_attribute("data-there", "false")
        page.get_by_test_id("fault-close").click()
        page.get_by_test_id("fault-note").fill("CR2450")
        assert fits(page)
        page.get_by_test_id("fault-battery_changed").click()
        expect(page.get_by_test_id("undo-close")).to_be_visible()
        expect(row).to_have_count(0)
        story = centre.get(f"/incidents/{incident}")
        assert (story["state"], story["reason"], story["owner"]["name"]) == ("closed", "battery_changed", "installer")

        page.get_by_test_id("undo-close").click()
        expect(row).to_have_attribute("data-id", str(incident))
        row.click()
        page.get_by_test_id("fault-close").click()
        page.get_by_test_id("fault-repaired").click()
        expect(page.get_by_test_id("undo-close")).to_be_visible()
        page.reload()
        expect(page.get_by_test_id("home-row")).to_have_count(1)
        expect(page.get_by_test_id("open-faults")).to_have_count(0)
    assert centre.get(f"/incidents/{incident}")["state"] == "closed"
