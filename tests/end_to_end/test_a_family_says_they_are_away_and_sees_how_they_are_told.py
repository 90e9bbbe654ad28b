"""The family's page: away until a day and back again, and in words whether an alarm reaches them at all."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.browser import Desk, choose
from support.centre import Centre


@pytest.mark.browser
def test_away_is_said_until_a_day_and_taken_back(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    page = open_page(centre, "daughter", centre.user("daughter", "family", homes=[home]), path="/family", width=390, height=844)
    page.get_by_test_id("away-open").click()
    choose(page, "away-end-1")
    page.get_by_test_id("away-save").click()
    expect(page.get_by_test_id("family-away")).to_have_attribute("data-away", "true")
    (mode,) = centre.get(f"/homes/{home}/modes")["items"]
    assert (mode["mode"], mode["set_by"]) == ("away", "daughter")

    page.get_by_test_id("away-end").click()
    expect(page.get_by_test_id("family-away")).to_have_attribute("data-away", "false")
    assert centre.get(f"/homes/{home}/modes")["items"] == []


@pytest.mark.browser
def test_what_they_agreed_to_is_said_in_words(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    password = centre.user("son", "family", homes=[home])
    page = open_page(centre, "son", password, path="/family", width=390, height=844)
    page.get_by_test_id("family-reach").locator("summary").click()
    expect(page.get_by_test_id("family-consent")).to_contain_text("没有登记您的电话号码")

    (son,) = [user for user in centre.get("/users")["items"] if user["username"] == "son"]
    centre.api.patch(f"/api/v1/users/{son['id']}", json={"phone": "13900139001"}).raise_for_status()
    contact = {"name": "儿子", "phone": "139 0013 9001", "relation": "儿子", "order": 1, "alarm_consent": True}
    centre.post(f"/homes/{home}/contacts", contact)
    page.reload()
    page.get_by_test_id("family-reach").locator("summary").click()
    expect(page.get_by_test_id("family-consent")).to_have_attribute("data-agreed", "true")
    expect(page.get_by_test_id("web-push")).to_have_attribute("data-state", "off")
