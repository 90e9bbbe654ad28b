from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.paging.model import Page, PageTest
from people.model import AuditEntry, Contact, User
from people.reach.model import ContactPoint

PUSH = {"endpoint": "https://fcm.googleapis.com/fcm/send/abc", "keys": {"p256dh": "B" * 87, "auth": "A" * 22}}


def call(town: Town, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
    answer: httpx.Response = town.client.request(method, f"/api/v1{path}", json=body, headers=town.bearer(who))
    return answer


def audited(town: Town) -> list[tuple[str, str | None]]:
    with town.deps.database.snapshot() as session:
        return [(row.action, row.subject) for row in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))]


def contact_path(town: Town, home: str = "h-north") -> str:
    return f"/homes/{home}/contacts/{town.contacts[home]}/contact-points"


def test_a_supervisor_keeps_the_numbers_of_the_staff(town: Town) -> None:
    made = call(town, "supervisor", "POST", "/users/operator/contact-points", {"channel": "sms", "address": "+86 138 0013 8000"})
    assert made.status_code == 201, made.text
    assert made.json()["address"] == "13800138000"
    point = made.json()["id"]
    changed = call(town, "supervisor", "PATCH", f"/contact-points/{point}", {"label": "work", "order": 2, "language": "en"})
    assert (changed.json()["label"], changed.json()["order"]) == ("work", 2)
    assert [one["id"] for one in call(town, "operator", "GET", "/users/operator/contact-points").json()["items"]] == [point]
    assert call(town, "supervisor", "DELETE", f"/contact-points/{point}").status_code == 204
    assert call(town, "supervisor", "GET", "/users/operator/contact-points").json()["items"] == []
    actions = [action for action, subject in audited(town) if subject == "user:operator"]
    assert actions == ["contact_point.created", "contact_point.changed", "contact_point.removed"]


def test_everybody_keeps_their_own_and_nobody_anothers(town: Town) -> None:
    own = call(town, "responder", "POST", "/users/responder/contact-points", {"channel": "voice", "address": "0797-8120120"})
    assert own.status_code == 201
    point = own.json()["id"]
    for who in ("operator", "installer", "family"):
        assert call(town, who, "GET", "/users/responder/contact-points").status_code == 404
        assert call(town, who, "PATCH", f"/contact-points/{point}", {"label": "x"}).status_code == 404
        assert call(town, who, "DELETE", f"/contact-points/{point}").status_code == 404
        assert call(town, who, "POST", f"/contact-points/{point}/test").status_code == 404


def test_contacts_belong_to_homes_in_scope(town: Town) -> None:
    wanted = {"channel": "sms", "address": "13800138000"}
    assert call(town, "operator", "POST", contact_path(town), wanted).status_code == 201
    assert call(town, "family", "GET", contact_path(town)).status_code == 403
    south = call(town, "operator", "POST", contact_path(town, "h-south"), wanted).json()["id"]
    assert call(town, "installer", "GET", contact_path(town)).status_code == 200
    assert call(town, "installer", "GET", contact_path(town, "h-south")).status_code == 404
    assert call(town, "installer", "DELETE", f"/contact-points/{south}").status_code == 404
    mixed = f"/homes/h-north/contacts/{town.contacts['h-south']}/contact-points"
    assert call(town, "operator", "GET", mixed).status_code == 404


@pytest.mark.parametrize(
    ("channel", "address", "code"),
    [
        ("sms", "0797-8120120", "number_never_works"),
        ("voice", "nobody", "number_never_works"),
        ("apprise", "syslog://", "address_unusable"),
        ("apprise", "nonsense://x", "address_unusable"),
        ("apprise", "https://example.com/x", "address_unusable"),
        ("webhook", "ftp://example.com", "address_unusable"),
        ("webhook", "http://[::1", "address_unusable"),
        ("web_push", "https://fcm.googleapis.com/x", "invalid_input"),
    ],
)
def test_what_can_never_work_is_refused_when_it_is_entered(town: Town, channel: str, address: str, code: str) -> None:
    answer = call(town, "supervisor", "POST", "/users/operator/contact-points", {"channel": channel, "address": address})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_an_address_with_secrets_is_shown_without_and_sent_back_unchanged_stays(town: Town) -> None:
    secret = "json://user:secret@duty.example/token"
    made = call(town, "supervisor", "POST", "/users/operator/contact-points", {"channel": "apprise", "address": secret}).json()
    assert "secret" not in made["address"]
    assert "token" not in made["address"]
    same = {"address": made["address"], "label": "duty"}
    assert call(town, "supervisor", "PATCH", f"/contact-points/{made['id']}", same).status_code == 200
    with town.deps.database.snapshot() as session:
        assert session.get_one(ContactPoint, made["id"]).address == secret
        assert all("secret" not in str(row.details) for row in session.scalars(sa.select(AuditEntry)))


def test_the_same_twice_is_refused_and_a_broken_one_works_again_when_it_is_changed(town: Town) -> None:
    wanted = {"channel": "sms", "address": "13800138000"}
    point = call(town, "supervisor", "POST", "/users/operator/contact-points", wanted).json()["id"]
    twice = call(town, "supervisor", "POST", "/users/operator/contact-points", wanted)
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "contact_point_taken")
    for change in ({"broken": False}, {"address": "13800138009"}):
        with town.deps.database.transaction() as session:
            session.get_one(ContactPoint, point).broken_at = town.clock.now()
        assert call(town, "supervisor", "PATCH", f"/contact-points/{point}", change).json()["broken_at"] is None


def test_who_is_removed_takes_their_ways_along_and_the_pages_stay(town: Town) -> None:
    point = call(town, "operator", "POST", contact_path(town), {"channel": "sms", "address": "13800138000"}).json()["id"]
    assert call(town, "operator", "POST", f"/contact-points/{point}/test").status_code == 201
    now = town.clock.now()
    with town.deps.database.transaction() as session:
        page = Page(
            channel="sms", target="1", contact_point_id=point, cause="test", idempotency_key="k", due_at=now, deadline_at=now
        )
        session.add(page)
    assert call(town, "operator", "DELETE", f"/contacts/{town.contacts['h-north']}").status_code == 204
    with town.deps.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count(ContactPoint.id))) == 0
        assert session.scalar(sa.select(sa.func.count(PageTest.id))) == 0
        assert session.scalars(sa.select(Page)).one().contact_point_id is None


def test_a_test_page_is_planned_and_reported(town: Town) -> None:
    point = call(town, "supervisor", "POST", "/users/operator/contact-points", {"channel": "sms", "address": "13800138000"}).json()[
        "id"
    ]
    test = call(town, "supervisor", "POST", f"/contact-points/{point}/test", {"at": "2026-11-23T08:00:00Z"})
    assert (test.status_code, test.json()["state"], test.json()["due_at"]) == (201, "scheduled", "2026-11-23T08:00:00.000Z")
    report = call(town, "supervisor", "GET", "/page-tests").json()
    assert [item["person_name"] for item in report["items"]] == ["Operator"]
    assert report["summary"]["over"] == 0
    assert call(town, "installer", "GET", "/page-tests").json()["items"] == []
    assert call(town, "family", "GET", "/page-tests").status_code == 403


def test_a_browser_subscribes_and_leaves(town: Town) -> None:
    key = call(town, "operator", "GET", "/web-push/key").json()["key"]
    assert len(key) == 87
    assert key == call(town, "doctor", "GET", "/web-push/key").json()["key"]
    for _ in range(2):
        made = call(town, "operator", "POST", "/web-push/subscriptions", PUSH)
        assert made.status_code == 201, made.text
    assert "abc" not in made.json()["address"]
    items = call(town, "operator", "GET", "/users/operator/contact-points").json()["items"]
    assert [item["channel"] for item in items] == ["web_push"]
    gone = town.client.delete(
        "/api/v1/web-push/subscriptions", params={"endpoint": PUSH["endpoint"]}, headers=town.bearer("operator")
    )
    assert gone.status_code == 204
    assert call(town, "operator", "GET", "/users/operator/contact-points").json()["items"] == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/#fcm.googleapis.com",
        "https://user@evil.example/fcm.googleapis.com",
        "http://127.0.0.1/x",
    ],
)
def test_our_pager_posts_to_push_services_only(town: Town, endpoint: str) -> None:
    answer = call(town, "family", "POST", "/web-push/subscriptions", {**PUSH, "endpoint": endpoint})
    assert answer.status_code in {409, 422}
    answer = call(town, "operator", "POST", "/web-push/subscriptions", {**PUSH, "endpoint": endpoint})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "push_service_unknown")


def test_a_familys_browser_belongs_to_the_contact_with_their_number(town: Town) -> None:
    refused = call(town, "family", "POST", "/web-push/subscriptions", PUSH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_contact_of_yours")
    with town.deps.database.transaction() as session:
        session.get_one(User, town.users["family"]).phone = "+86 138 0000 0000"
    made = call(town, "family", "POST", "/web-push/subscriptions", PUSH)
    assert made.status_code == 201
    with town.deps.database.snapshot() as session:
        point = session.get_one(ContactPoint, made.json()["id"])
        assert session.get_one(Contact, point.contact_id).name == "Son north"


BODY = "{who} {where} {what} {since} {link}"


def test_supervisors_edit_texts_and_the_next_page_says_it(town: Town) -> None:
    path = "/page-templates/alarm.sms/en"
    items = call(town, "operator", "GET", "/page-templates").json()["items"]
    assert len(items) == 36
    assert not any(item["changed"] for item in items)
    kept = call(town, "supervisor", "PUT", path, {"body": f"Help! {BODY}"})
    assert kept.status_code == 200, kept.text
    assert kept.json()["body"].startswith("Help! Mary Lee")
    assert "old north" not in kept.text.lower()
    (mine,) = [item for item in call(town, "operator", "GET", "/page-templates").json()["items"] if item["changed"]]
    assert (mine["key"], mine["language"], mine["updated_by"]) == ("alarm.sms", "en", "Supervisor")
    assert call(town, "supervisor", "DELETE", path).status_code == 204
    assert call(town, "supervisor", "DELETE", path).status_code == 204
    actions = [action for action, subject in audited(town) if subject == "alarm.sms/en"]
    assert actions == ["page_template.changed", "page_template.reset"]


def test_operators_read_and_preview_texts_and_change_none(town: Town) -> None:
    path = "/page-templates/alarm.sms/zh-CN"
    assert call(town, "operator", "PUT", path, {"body": BODY}).status_code == 403
    assert call(town, "operator", "DELETE", path).status_code == 403
    assert call(town, "family", "GET", "/page-templates").status_code == 403
    seen = call(town, "operator", "POST", f"{path}/preview", {"body": BODY}).json()
    assert seen["parts"] == 1
    assert seen["length"] == len(seen["body"])
    assert audited(town)[-1:] != [("page_template.changed", "alarm.sms/zh-CN")]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("alarm.sms/en", "{who.__class__} " + BODY, "template_placeholder"),
        ("alarm.sms/en", "{illnesses} " + BODY, "template_placeholder"),
        ("alarm.sms/en", "{who", "template_placeholder"),
        ("alarm.sms/en", "{who} {where} {what} {since}", "template_incomplete"),
        ("alarm.sms/en", BODY + "x" * 300, "template_too_long"),
        ("alarm.sms/fr", BODY, "unknown_template"),
        ("alarm.fax/en", BODY, "unknown_template"),
    ],
)
def test_a_text_that_cannot_be_trusted_is_refused_kept_or_previewed(town: Town, path: str, body: str, code: str) -> None:
    for method, end in (("PUT", ""), ("POST", "/preview")):
        answer = call(town, "supervisor", method, f"/page-templates/{path}{end}", {"body": body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
