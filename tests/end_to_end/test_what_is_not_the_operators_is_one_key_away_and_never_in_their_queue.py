"""On the operator's page: what is for others stands at the foot of the queue, opens by one key, and rings and counts nowhere."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import expect
from support.browser import Desk
from support.centre import Centre
from support.device import Button, button
from support.processes import until


def low_battery(centre: Centre, device: Button, home: str) -> dict[str, Any]:
    device.publish_event(device.new_id(), "battery.low")
    return centre.wait_incident(home)


def batteries_are_for(centre: Centre, *audience: str) -> None:
    """The rule is changed, and in force: a worker reads it a moment later, so homes of their own try it until it is."""
    spec = centre.get("/rules/battery")["spec"] | {"audience": list(audience)}
    assert centre.api.put("/api/v1/rules/battery", json={"spec": spec}).status_code == 200
    until(
        lambda: _tried_in(centre, centre.home())["audience"] == sorted(audience),
        what=f"batteries are for {audience}",
        every_seconds=0.5,
    )


def _tried_in(centre: Centre, home: str) -> dict[str, Any]:
    """The incident of a battery that was low and is well again; closed, so that nobody counts it."""
    with button(centre.device(home)) as device:
        incident = low_battery(centre, device, home)
        device.publish_event(device.new_id(), "battery.ok")
        close = f"/api/v1/incidents/{incident['id']}/close"
        until(lambda: centre.api.post(close, json={"reason": "repaired"}).is_success, what="the trial closed", every_seconds=0.2)
    return incident


@pytest.mark.browser
def test_they_are_shown_by_a_key_and_come_into_the_queue_only_when_they_are_the_operators(centre: Centre, open_page: Desk) -> None:
    batteries_are_for(centre, "installers")
    home, called = centre.home(name="陈玉兰家"), centre.home(name="王秀英家")
    mine = centre.post("/incidents", {"home": called, "kind": "phone_call", "note": "来电"})["id"]
    password = centre.user("op-others", "operator")
    with button(centre.device(home, name="床头按钮")) as device:
        theirs = low_battery(centre, device, home)
        assert theirs["audience"] == ["installers"]
        page = open_page(centre, "op-others", password, path="/console")
        queue, row = page.get_by_test_id("incident-row"), page.get_by_test_id("other-row")
        expect(page.get_by_test_id("others")).to_have_attribute("data-count", "1")
        expect(page.get_by_test_id("others")).to_contain_text("另有 1 起不归调度员")
        expect(row).to_have_count(0)
        expect(page.get_by_test_id("incident")).to_have_attribute("data-id", str(mine))

        page.keyboard.press("?")
        expect(page.locator("dialog")).to_contain_text("显示不归调度员的")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
        page.keyboard.press("e")
        expect(row).to_be_focused()
        expect(row).to_contain_text("陈玉兰家")
        expect(page.get_by_test_id("other-whom")).to_have_text("归安装员")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("incident")).to_have_attribute("data-id", str(theirs["id"]))
        expect(page.get_by_test_id("not-for-operators")).to_contain_text("不响铃")
        expect(queue).to_have_count(1)
        expect(queue).to_have_attribute("data-id", str(mine))
        expect(page.get_by_test_id("queue")).not_to_contain_text("陈玉兰家")
        page.wait_for_function("document.title.includes('(1)')")
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight"), "the page itself never scrolls"

        page.keyboard.press("e")
        expect(row).to_have_count(0)
        page.keyboard.press("j")
        expect(page.get_by_test_id("incident")).to_have_attribute("data-id", str(mine))

        batteries_are_for(centre, "operators", "installers")
        device.publish_event(device.new_id(), "battery.low")
        expect(page.locator(f'[data-testid="incident-row"][data-id="{theirs["id"]}"]')).to_be_visible()
        expect(page.get_by_test_id("others")).to_have_count(0)


@pytest.mark.browser
def test_many_of_them_beside_a_full_queue_scroll_in_their_own_list(centre: Centre, open_page: Desk) -> None:
    batteries_are_for(centre, "installers")
    homes = [centre.home() for _ in range(10)]
    with ExitStack() as stack:
        for home in homes:
            low_battery(centre, stack.enter_context(button(centre.device(home))), home)
        for home in homes:
            centre.post("/incidents", {"home": home, "kind": "phone_call", "note": "来电"})
        page = open_page(centre, "op-many", centre.user("op-many", "operator"), path="/console")
        expect(page.get_by_test_id("others")).to_have_attribute("data-count", "10")
        page.keyboard.press("e")
        expect(page.get_by_test_id("other-row").first).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("j")
        expect(page.get_by_test_id("other-row").nth(1)).to_have_attribute("aria-current", "true")
        page.get_by_test_id("other-row").last.focus()
        assert page.evaluate(
            "[document.documentElement.scrollTop, document.documentElement.scrollHeight - window.innerHeight]"
        ) == [0, 0]
        queue, beside = page.get_by_test_id("queue").bounding_box(), page.get_by_test_id("others-list").bounding_box()
        assert queue is not None
        assert beside is not None
        assert queue["height"] > 2 * beside["height"], "where both want room the queue has it"
