"""While the store of readings is away the pages show the rest of a day, and that its vitals are unknown, never normal."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect
from support.browser import Desk
from support.centre import Centre
from support.device import button


def without_readings(page: Page) -> None:
    """The day as the centre answers it when its store of readings is away; everything else is its own answer."""

    def answer(route: Route) -> None:
        real = route.fetch()
        told = real.json()
        assert told["readings_away"] is False
        route.fulfill(response=real, json=told | {"readings_away": True, "vitals": []})

    page.route("**/api/v1/homes/*/day*", answer)


@pytest.mark.browser
def test_the_operator_and_the_family_see_that_the_vitals_are_unknown(centre: Centre, open_page: Desk) -> None:
    home = centre.home(name="王秀英家")
    centre.post(f"/homes/{home}/residents", {"name": "王秀英"})
    credentials = centre.device(home)
    with button(credentials) as device:
        incident = device.press()["incident"]
        operator = open_page(centre, "op-unknown", centre.user("op-unknown", "operator", name="李娜"))
        without_readings(operator)
        operator.reload()  # the console opens the first incident by itself, and may have read its day already
        operator.locator(f'[data-testid="incident-row"][data-id="{incident}"]').click()
        expect(operator.get_by_test_id("readings-away")).to_contain_text("情况不明")
        expect(operator.get_by_test_id("day-sentence")).not_to_be_empty()
        password = centre.user("family-unknown", "family", homes=[home])
        relatives = open_page(centre, "family-unknown", password, width=390, height=844)
        expect(relatives.get_by_test_id("readings-away")).to_have_count(0)
        without_readings(relatives)
        relatives.reload()
        expect(relatives.get_by_test_id("readings-away")).to_contain_text("情况不明")
        expect(relatives.get_by_test_id("family-verdict")).to_have_attribute("data-verdict", "incident")
