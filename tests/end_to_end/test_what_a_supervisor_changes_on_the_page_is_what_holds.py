"""The supervisor's pages in a real browser: a rule, a roster, a policy, a text and a mode, changed as a person changes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from support.browser import Desk
from support.centre import Centre


def supervisor(centre: Centre, open_page: Desk, name: str, path: str) -> Page:
    """A supervisor of the whole centre on one of their pages."""
    page = open_page(centre, name, centre.user(name, "supervisor"))
    page.goto(path)
    expect(page.locator("#supervisor-main > *").first).to_be_visible()
    return page


@pytest.mark.browser
def test_a_rule_is_changed_with_its_sentence_in_sight_and_given_back(centre: Centre, open_page: Desk) -> None:
    page = supervisor(centre, open_page, "sv-rules", "/supervisor/rules/edit/no_movement")
    page.get_by_test_id("field-none_for_seconds").fill("8")
    expect(page.get_by_test_id("rule-sentence")).to_contain_text("8 小时")

    page.get_by_test_id("backtest-run").click()
    expect(page.get_by_test_id("backtest-answer")).to_contain_text("7 天里一次也不会报警")
    assert centre.get("/rules/no_movement")["version"] == 0  # trying changes nothing

    page.get_by_test_id("field-change_note").fill("夏天试行")
    page.get_by_test_id("form-submit").click()
    newest = page.get_by_test_id("rule-version").first
    expect(newest).to_contain_text("夏天试行")
    assert centre.get("/rules/no_movement")["spec"]["none_for_seconds"] == 8 * 3600

    page.get_by_test_id("remove-rule").click()
    page.get_by_test_id("remove-rule").click()
    expect(page.get_by_test_id("rule-version")).to_have_count(2)
    expect(page.get_by_test_id("remove-rule")).to_have_count(0)
    assert centre.get("/rules/no_movement")["spec"]["none_for_seconds"] == 12 * 3600


@pytest.mark.browser
def test_a_rule_that_protects_life_offers_nothing_that_weakens_it(centre: Centre, open_page: Desk) -> None:
    page = supervisor(centre, open_page, "sv-life", "/supervisor/rules/edit/smoke")
    expect(page.get_by_test_id("rule-sentence")).to_contain_text("有烟雾")
    for name in ("enabled", "monitor", "areas", "profiles", "homes"):
        expect(page.locator(f"#field-{name}")).to_have_count(0)


@pytest.mark.browser
def test_rules_are_opened_by_keyboard_alone_and_the_table_keeps_its_place(centre: Centre, open_page: Desk) -> None:
    page = supervisor(centre, open_page, "sv-keys", "/supervisor/rules")
    expect(page.get_by_test_id("table-row").first).to_be_visible()
    page.get_by_role("grid").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("side-panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("side-panel")).to_have_count(0)
    expect(page.get_by_role("grid")).to_be_focused()


@pytest.mark.browser
def test_a_roster_made_on_the_page_says_who_is_on_duty_now(centre: Centre, open_page: Desk) -> None:
    centre.user("op-night", "operator", name="夜班小李")
    page = supervisor(centre, open_page, "sv-duty", "/supervisor/duty")
    page.get_by_test_id("add-roster").click()
    page.get_by_test_id("roster-name").fill("调度台")
    page.get_by_test_id("roster-code").fill("desk")
    shift = page.get_by_test_id("shift")
    shift.get_by_label("班次").fill("全天")
    for clock in shift.locator("input[type=time]").all():
        clock.fill("08:00")
    shift.locator(".el-select__wrapper").click()
    page.get_by_role("option", name="夜班小李").click()
    page.keyboard.press("Escape")
    page.get_by_test_id("roster-save").click()
    expect(page.get_by_test_id("on-duty")).to_contain_text("夜班小李")
    assert centre.get("/duty/now")["items"][0]["people"][0]["username"] == "op-night"


@pytest.mark.browser
def test_a_policy_shows_who_would_be_told_now_and_who_cannot_be_reached(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    page = supervisor(centre, open_page, "sv-steps", "/supervisor/escalation")
    page.get_by_test_id("add-policy").click()
    page.get_by_test_id("policy-name").fill("本中心")
    page.get_by_test_id("policy-code").fill("ours")
    page.get_by_test_id("policy-save").click()
    page.get_by_test_id("preview-home").fill(home)
    line = page.get_by_test_id("step-line")
    expect(line).to_contain_text("全部值班长")
    expect(line).to_contain_text("现在没有人，立即到下一步")
    assert centre.get("/escalation/policies/ours")["spec"]["steps"][0]["after_seconds"] == 30


@pytest.mark.browser
def test_a_text_cannot_lose_what_it_must_say(centre: Centre, open_page: Desk) -> None:
    page = supervisor(centre, open_page, "sv-texts", "/supervisor/templates?text=alarm.sms/zh-CN")
    body = page.get_by_test_id("template-body")
    body.fill("{who} {what}")
    expect(page.get_by_test_id("template-save")).to_be_disabled()
    body.fill("请速接警：{who} {what}，{where}，{since}，{link}")
    expect(page.get_by_test_id("template-preview")).to_contain_text("请速接警")
    page.get_by_test_id("template-save").click()
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    changed = [one for one in centre.get("/page-templates")["items"] if one["changed"]]
    assert [(one["key"], one["language"]) for one in changed] == [("alarm.sms", "zh-CN")]


@pytest.mark.browser
def test_what_is_held_back_stands_with_who_did_it_and_can_be_ended(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    centre.post(f"/homes/{home}/modes", {"mode": "away", "until": until, "reason": "去女儿家"})
    page = supervisor(centre, open_page, "sv-modes", "/supervisor/modes")
    row = page.get_by_test_id("table-row").filter(has_text="去女儿家")
    expect(row).to_contain_text("外出")
    expect(row).to_contain_text("3 天")
    row.click()
    page.get_by_test_id("end-mode").click()
    expect(page.get_by_test_id("side-panel")).to_have_count(0)
    expect(row).to_have_count(0)
    assert centre.get(f"/homes/{home}/modes")["items"] == []
