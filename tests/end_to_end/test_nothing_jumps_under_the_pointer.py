"""The queue while somebody's pointer is in it: every row keeps its place on the screen, and what is new is said."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from support.browser import Desk
from support.centre import Centre


def rows(page: Page) -> list[tuple[str | None, float]]:
    """The queue from top to bottom: which incident, and at which height of the screen."""
    found = page.get_by_test_id("incident-row").all()
    return [(row.get_attribute("data-id"), (row.bounding_box() or {"y": -1.0})["y"]) for row in found]


@pytest.mark.browser
def test_a_new_alarm_does_not_push_a_row_from_under_the_pointer(centre: Centre, open_page: Desk) -> None:
    page = open_page(centre, "op-calm", centre.user("op-calm", "operator"))
    calm = centre.post("/incidents", {"home": centre.home(), "kind": "phone_call", "note": "quiet", "severity": "low"})["id"]
    row = page.locator(f'[data-testid="incident-row"][data-id="{calm}"]')
    expect(row).to_be_visible()
    row.hover()
    before = rows(page)

    loud = centre.post("/incidents", {"home": centre.home(), "kind": "sos", "note": "loud"})["id"]
    expect(page.get_by_test_id("queue-arrivals")).to_be_visible()
    during = rows(page)
    assert during[: len(before)] == before
    assert during[-1][0] == str(loud)

    page.get_by_test_id("incident").hover()
    expect(page.get_by_test_id("queue-arrivals")).to_have_count(0)
    order = [number for number, _ in rows(page)]
    assert order.index(str(loud)) < order.index(str(calm))
