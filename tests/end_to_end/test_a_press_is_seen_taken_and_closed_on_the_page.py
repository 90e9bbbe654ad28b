"""The main job, as its people do it: a press, the operator's page, the keys, the responder, the family, the receipts.

On both relational stores.
"""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Page, expect
from support.browser import Desk
from support.centre import Centre
from support.databases import BACKENDS
from support.device import button

pytestmark = pytest.mark.parametrize("shared_centre", BACKENDS, indirect=True)


def arm_the_sound(page: Page) -> None:
    page.get_by_test_id("sound-arm").click()
    page.get_by_test_id("sound-heard").click()
    expect(page.get_by_test_id("sound-band")).to_have_count(0)


@pytest.mark.browser
def test_a_press_rings_is_taken_by_one_key_and_is_closed_with_a_reason(centre: Centre, open_page: Desk) -> None:
    home = centre.home(name="王秀英家")
    centre.post(f"/homes/{home}/residents", {"name": "王秀英"})
    credentials = centre.device(home)
    operator = centre.user("op-press", "operator", name="李娜")
    family = centre.user("family-press", "family", homes=[home])
    responder = centre.user("responder-press", "responder", name="张强")
    page = open_page(centre, "op-press", operator)
    arm_the_sound(page)
    expect(page.get_by_test_id("live-state")).to_have_attribute("data-state", "live")
    relatives = open_page(centre, "family-press", family, width=390, height=844)

    with button(credentials) as device:
        receipt = device.press()
        assert receipt["status"] == "accepted"
        row = page.locator(f'[data-testid="incident-row"][data-id="{receipt["incident"]}"]')
        expect(row).to_be_visible(timeout=2_000)
        expect(row).to_have_attribute("data-severity", "critical")
        expect(row).to_contain_text("王秀英")
        expect(relatives.get_by_test_id("family-verdict")).to_have_attribute("data-verdict", "incident")

        row.click()
        expect(page.get_by_test_id("incident-sentence")).to_contain_text("王秀英")
        page.keyboard.press("a")
        expect(row).to_have_attribute("data-state", "acknowledged")
        assert device.wait_receipt(receipt["id"], 5, {"seen"}) is not None
        expect(relatives.locator("body")).to_contain_text("李娜")

        page.keyboard.press("d")
        page.locator('[data-testid="dispatch-responder"][data-username="responder-press"]').click()
        expect(row).to_have_attribute("data-state", "dispatched")

        phone = open_page(centre, "responder-press", responder, width=390, height=844)
        task = phone.locator(f'[data-testid="incident-row"][data-id="{receipt["incident"]}"]')
        expect(task).to_be_visible()

        page.keyboard.press("s")
        expect(row).to_have_attribute("data-state", "on_scene")
        page.keyboard.press("c")
        page.get_by_test_id("close-reassured").click()
        expect(row).to_have_count(0)
        expect(relatives.get_by_test_id("family-verdict")).not_to_have_attribute("data-verdict", "incident")
    story = centre.get(f"/incidents/{receipt['incident']}")
    acts = [entry["act"] for entry in story["timeline"]]
    assert [act for act in acts if act in {"opened", "acknowledged", "dispatched", "on_scene", "closed"}] in (
        ["opened", "acknowledged", "dispatched", "on_scene", "closed"],
        ["closed", "on_scene", "dispatched", "acknowledged", "opened"],
    )
    assert story["state"] == "closed"
    assert story["reason"] == "reassured"


@pytest.mark.browser
def test_two_operators_one_claim_and_the_other_is_told_who_has_it(centre: Centre, open_page: Desk) -> None:
    home = centre.home()
    credentials = centre.device(home)
    first = open_page(centre, "op-first", centre.user("op-first", "operator", name="赵一"))
    second_password = centre.user("op-second", "operator", name="钱二")
    with button(credentials) as device:
        incident = device.press()["incident"]
        rival = centre.sign_in("op-second", second_password)
        row = first.locator(f'[data-testid="incident-row"][data-id="{incident}"]')
        expect(row).to_be_visible()
        assert rival.post(f"/api/v1/incidents/{incident}/acknowledge").status_code == 200
        expect(row).to_contain_text("钱二")
        mine = centre.sign_in("op-first", "password-of-op-first").post(f"/api/v1/incidents/{incident}/acknowledge")
        assert (mine.status_code, mine.json()["error"]["code"]) == (409, "already_taken")
        rival.post(f"/api/v1/incidents/{incident}/close", json={"reason": "test"})
        rival.close()


@pytest.mark.browser
def test_a_lost_stream_is_shown_loudly_and_heals_itself(centre: Centre, open_page: Desk) -> None:
    page = open_page(centre, "op-stream", centre.user("op-stream", "operator"))
    expect(page.get_by_test_id("live-state")).to_have_attribute("data-state", "live")
    home = centre.home()
    with button(centre.device(home)) as device:
        centre.kill("api", signal.SIGSTOP)  # the connection stands, but nothing is said any more
        try:
            incident = device.press()["incident"]
            expect(page.get_by_test_id("live-lost")).to_be_visible(timeout=30_000)
        finally:
            centre.kill("api", signal.SIGCONT)
        expect(page.get_by_test_id("live-lost")).to_have_count(0, timeout=30_000)
        expect(page.locator(f'[data-testid="incident-row"][data-id="{incident}"]')).to_be_visible()
    centre.post(f"/incidents/{incident}/close", {"reason": "test"})


@pytest.mark.browser
def test_an_incident_is_opened_by_hand_after_a_phone_call(centre: Centre, open_page: Desk) -> None:
    home = centre.home(name="陈玉兰家")
    page = open_page(centre, "op-hand", centre.user("op-hand", "operator"))
    page.get_by_test_id("new-incident").click()
    page.get_by_test_id("new-incident-home").fill(home)
    form = page.get_by_test_id("new-incident-form")
    form.get_by_text(re.compile("陈玉兰家")).first.click()
    page.get_by_test_id("new-incident-note").fill("女儿来电，老人头晕")
    page.get_by_test_id("new-incident-submit").click()
    incident = centre.wait_incident(home)
    expect(page.locator(f'[data-testid="incident-row"][data-id="{incident["id"]}"]')).to_be_visible()
    centre.post(f"/incidents/{incident['id']}/close", {"reason": "test"})
