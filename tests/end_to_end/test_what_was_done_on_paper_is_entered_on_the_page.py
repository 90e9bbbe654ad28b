"""The console was down, the night is on paper: a line is entered whole, and steps of paper into an incident still open."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import Desk
from support.centre import Centre

WIDTHS = [pytest.param(1366, 768, id="desk"), pytest.param(390, 844, id="phone")]


def minute(minutes_ago: int) -> str:
    """As a field for date and time takes it; the browser stands in this machine's zone."""
    return (datetime.now().astimezone() - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M")


def fill(line: Locator, act: str, minutes_ago: int, **more: str) -> None:
    line.get_by_test_id("paper-act").select_option(act)
    line.get_by_test_id("paper-at").fill(minute(minutes_ago))
    if "reason" in more:
        line.get_by_test_id("paper-reason").select_option(more["reason"])
    if "responder" in more:
        line.get_by_test_id("paper-responder").fill(more["responder"])


def add_lines(page: Page, *lines: tuple[str, int, dict[str, str]]) -> None:
    for index, (act, minutes_ago, more) in enumerate(lines):
        if page.get_by_test_id("paper-line").count() <= index:
            page.get_by_test_id("paper-add").click()
        fill(page.get_by_test_id("paper-line").nth(index), act, minutes_ago, **more)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_a_line_of_paper_is_entered_whole_and_is_marked(centre: Centre, open_page: Desk, width: int, height: int) -> None:
    home = centre.home(name="王秀英家")
    centre.post(f"/homes/{home}/residents", {"name": "王秀英"})
    username = f"op-paper-{width}"
    page = open_page(centre, username, centre.user(username, "operator", name="李娜"), width=width, height=height)
    page.get_by_test_id("new-incident").click()
    page.get_by_test_id("new-incident-home").fill(home)
    page.locator(".new__choice").first.click()
    page.get_by_test_id("new-incident-note").fill("纸上：03:10 王秀英来电，在厨房摔倒")
    page.get_by_test_id("new-incident-on-paper").check()
    page.get_by_test_id("new-incident-happened").fill(minute(120))
    add_lines(page, ("acknowledge", 119, {}), ("dispatch", 125, {"responder": "邻居老李"}))
    page.get_by_test_id("new-incident-submit").click()
    expect(page.get_by_test_id("paper-line").nth(1)).to_contain_text("先后顺序")
    add_lines(
        page, ("acknowledge", 119, {}), ("dispatch", 115, {}), ("on_scene", 100, {}), ("close", 60, {"reason": "real_assisted"})
    )
    page.get_by_test_id("new-incident-submit").click()

    expect(page.get_by_test_id("incident")).to_have_attribute("data-state", "closed")
    expect(page.get_by_test_id("incident-row")).to_have_count(0)
    expect(page.get_by_test_id("mark-entered").first).to_be_visible()
    expect(page.get_by_test_id("happened-at")).to_contain_text("补录")
    expect(page.get_by_test_id("entered-afterwards")).to_have_count(5)
    expect(page.get_by_test_id("timeline-entry").first).to_contain_text("李娜")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands beside the screen"
    made = centre.incidents(home, "closed")[0]
    assert (made["entered_afterwards"], made["responder"]["name"]) == (True, "邻居老李")
    assert made["happened_at"] < made["closed_at"] < made["opened_at"]


@pytest.mark.browser
def test_the_wall_counts_what_was_entered_on_the_day_it_happened_and_times_no_paper(centre: Centre, open_page: Desk) -> None:
    def on_the_wall(page: Page) -> tuple[str, str]:
        page.goto("/wall")
        expect(page.get_by_test_id("alarms-today")).to_be_visible()
        return page.get_by_test_id("alarms-today").inner_text(), page.get_by_test_id("alarms-yesterday").inner_text()

    page = open_page(centre, "op-wall", centre.user("op-wall", "operator", name="李娜"), width=1920, height=1080)
    before = centre.get("/centre/overview")
    now = datetime.now().astimezone()
    for hours in (1, 30):
        happened_at = (now - timedelta(hours=hours)).isoformat()
        done = [{"act": "acknowledge", "done_at": happened_at}, {"act": "close", "done_at": happened_at, "reason": "reassured"}]
        body = {"home": centre.home(), "kind": "phone_call", "note": "纸上", "happened_at": happened_at, "done": done}
        centre.post("/incidents", body)
    for day, shown in zip(("answered", "answered_yesterday"), on_the_wall(page), strict=True):
        counted = before[day]["alarms"] + 1, before[day]["entered_afterwards"] + 1
        assert re.search(rf"\n{counted[0]}\s*含补录 {counted[1]}$", shown), shown
    after = centre.get("/centre/overview")
    for figure in ("total", "median_seconds", "percentile_90_seconds"):
        assert after["answered"][figure] == before["answered"][figure]
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the wall has one screen"
    lowest = page.locator(".figures > :last-child").bounding_box()
    assert lowest is not None
    assert lowest["y"] + lowest["height"] <= 1080, "nothing of the figures is cut off"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_steps_of_paper_are_entered_into_an_open_incident(centre: Centre, open_page: Desk, width: int, height: int) -> None:
    home = centre.home(name="赵大爷家")
    incident = centre.post("/incidents", {"home": home, "kind": "phone_call", "note": "来电"})
    username = f"op-steps-{width}"
    page = open_page(centre, username, centre.user(username, "operator", name="李娜"), width=width, height=height)
    page.locator(f'[data-testid="incident-row"][data-id="{incident["id"]}"]').click()
    page.get_by_test_id("act-enter").click()
    page.get_by_test_id("enter-submit").click()
    expect(page.get_by_test_id("incident")).to_have_attribute("data-state", "acknowledged")
    page.get_by_test_id("act-enter").click()
    add_lines(page, ("dispatch", 0, {}))
    page.get_by_test_id("enter-submit").click()
    expect(page.get_by_test_id("paper-line").first).to_contain_text("派了谁")
    add_lines(page, ("dispatch", 0, {"responder": "小陈"}))
    page.get_by_test_id("enter-submit").click()
    expect(page.get_by_test_id("incident")).to_have_attribute("data-state", "dispatched")
    expect(page.get_by_test_id("entered-afterwards")).to_have_count(2)
    expect(page.get_by_test_id("act-error")).to_have_count(0)
