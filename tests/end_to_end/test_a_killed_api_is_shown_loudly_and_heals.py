"""The API killed under an open page: the page says so at once, and shows what happened meanwhile when it is back."""

from __future__ import annotations

import signal

import pytest
from playwright.sync_api import expect
from support.browser import Desk
from support.centre import Centre
from support.device import button
from support.processes import kill


@pytest.mark.browser
def test_a_killed_api_is_seen_and_nothing_is_missed(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    page = open_page(centre, "op-killed", centre.user("op-killed", "operator"))
    with button(centre.device(home)) as device:
        expect(page.get_by_test_id("live-state")).to_have_attribute("data-state", "live")
        supervisor = centre.run["supervisor"]
        kill(supervisor, signal.SIGSTOP)  # or on a quick machine the API is back before the page need say anything
        try:
            old = centre.kill("api")
            expect(page.get_by_test_id("live-lost")).to_be_visible(timeout=10_000)
            incident_id = device.press()["incident"]
        finally:
            kill(supervisor, signal.SIGCONT)
        centre.wait_restarted("api", old)
        expect(page.get_by_test_id("live-state")).to_have_attribute("data-state", "live", timeout=15_000)
        expect(page.get_by_test_id("live-lost")).to_have_count(0)
        expect(page.locator(f'[data-testid="incident-row"][data-id="{incident_id}"]')).to_be_visible()
    centre.post(f"/incidents/{incident_id}/close", {"reason": "test"})
