"""Rules over HTTP: built-in ones, changes as versions, protection of life, YAML in and out, and who may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from support.api_town import Town

from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.compile import rules_in_force
from alerts.ruleset.model import Rule, RuleVersion
from people.model import Area, AuditEntry, User

OWN: dict[str, Any] = {
    "code": "cold_room",
    "kind": "threshold",
    "name": {"zh": "房间太冷", "en": "Cold room"},
    "severity": "medium",
    "raises": "environment",
    "metric": "temperature",
    "low": 14.0,
    "hold_seconds": 1800,
}


def _ask(town: Town, method: str, path: str, body: Any = None, *, by: str = "supervisor", status: int = 200) -> Any:
    answer: httpx.Response = town.client.request(method, f"/api/v1/rules{path}", json=body, headers=town.bearer(by))
    assert answer.status_code == status, answer.text
    return answer.json() if answer.headers["content-type"].startswith("application/json") else answer.text


def _spec(town: Town, code: str) -> dict[str, Any]:
    spec: dict[str, Any] = _ask(town, "GET", f"/{code}")["spec"]
    return spec


def _put(town: Town, spec: dict[str, Any], *, by: str = "supervisor", status: int = 200, **more: Any) -> Any:
    return _ask(town, "PUT", f"/{spec['code']}", {"spec": spec, **more}, by=by, status=status)


def _versions(town: Town) -> int:
    with town.deps.database.snapshot() as session:
        return session.query(RuleVersion).count()


def _limit(town: Town, username: str, area: str) -> None:
    with town.deps.database.transaction() as session:
        session.get_one(User, town.users[username]).areas = [session.query(Area).filter(Area.code == area).one()]


def test_a_centre_without_configuration_has_every_built_in_rule(town: Town) -> None:
    answer = _ask(town, "GET", "", by="operator")
    assert [item["code"] for item in answer["items"]] == list(builtin_specs())
    assert answer["broken"] == []
    sos = answer["items"][0]
    assert (sos["name"], sos["severity"], sos["life"], sos["built_in"], sos["changed"], sos["version"]) == (
        {"zh": "紧急呼叫", "en": "Call for help"},
        "critical",
        True,
        True,
        False,
        0,
    )
    assert sos["playbook"] == "sos"


def test_every_change_is_a_new_version_and_the_old_ones_stay_readable(town: Town) -> None:
    assert _put(town, OWN, note="winter")["version"] == 1
    assert _put(town, OWN | {"low": 15.0})["version"] == 2
    assert _put(town, OWN | {"low": 15.0})["version"] == 2, "the same again is no new version"
    rule = _ask(town, "GET", "/cold_room")
    assert [(one["version"], one["spec"]["low"], one["note"], one["created_by"]) for one in rule["versions"]] == [
        (2, 15.0, None, "Supervisor"),
        (1, 14.0, "winter", "Supervisor"),
    ]
    assert (rule["built_in"], rule["changed"], rule["life"]) == (False, False, False)
    _ask(town, "DELETE", "/cold_room")
    _ask(town, "GET", "/cold_room", status=404)
    assert _put(town, OWN)["version"] == 3, "a number is never given twice, since alerts name it"


def test_a_change_made_on_an_older_version_is_refused(town: Town) -> None:
    _put(town, OWN)
    _put(town, OWN | {"low": 15.0}, seen_version=1)
    refused = _put(town, OWN | {"low": 16.0}, seen_version=1, status=409)
    assert refused["error"]["code"] == "rule_changed_meanwhile"
    assert _spec(town, "cold_room")["low"] == 15.0


def test_a_changed_built_in_rule_is_given_back_its_place(town: Town) -> None:
    ours = _spec(town, "not_up")
    later = ours | {"none_in": {"since": "05:00", "until": "11:00", "named": None}}
    changed = _put(town, later)
    assert (changed["version"], changed["built_in"], changed["changed"]) == (1, True, True)
    back = _ask(town, "DELETE", "/not_up")
    assert (back["version"], back["changed"], back["spec"]) == (0, False, ours)
    assert _ask(town, "DELETE", "/not_up", status=409)["error"]["code"] == "rule_built_in"
    assert [one["version"] for one in _ask(town, "GET", "/not_up")["versions"]] == [1, 0]


@pytest.mark.parametrize("code", ["sos", "fall", "smoke", "gas", "co"])
@pytest.mark.parametrize(
    "weaker",
    [
        {"enabled": False},
        {"monitor": True},
        {"severity": "high"},
        {"applies": {"areas": ["north"]}},
        {"applies": {"profiles": ["pendant"]}},
        {"during": {"named": "daylight"}},
        {"on": ["device.tested"]},
        {"off": ["motion.seen"]},
        {"cancel": ["worn.on"]},
        {"audience": ["family"]},
        {"lane": "fault"},
        {"raises": "other"},
        {"confirm_seconds": 3600},
    ],
)
def test_nobody_weakens_a_rule_that_protects_life(town: Town, code: str, weaker: dict[str, Any]) -> None:
    refused = _put(town, _spec(town, code) | weaker, by="administrator", status=409)
    assert refused["error"]["code"] == "rule_protects_life"
    assert refused["error"]["details"]["field"] in weaker
    assert _ask(town, "DELETE", f"/{code}", by="administrator", status=409)["error"]["code"] == "rule_built_in"
    assert _versions(town) == 0


def test_a_rule_that_protects_life_can_be_added_to(town: Town) -> None:
    fall = _spec(town, "fall")
    more = fall | {"audience": ["operators", "supervisors", "family"], "note": ["worn.off"], "confirm_seconds": 30}
    assert _put(town, more)["version"] == 1
    assert _put(town, _spec(town, "sos") | {"playbook": "fall", "name": {"zh": "呼救", "en": "Help"}})["playbook"] == "fall"


def test_a_row_that_would_weaken_life_or_cannot_be_read_is_passed_over(town: Town) -> None:
    smoke = _spec(town, "smoke") | {"enabled": False}
    with town.deps.database.transaction() as session:
        for code, spec in (("smoke", smoke), ("cold_room", {"kind": "of_the_future"})):
            row = Rule(code=code, kind="signal", version=1)
            session.add(row)
            session.flush()
            session.add(RuleVersion(rule_id=row.id, version=1, spec=spec, created_at=town.clock.now()))
    with town.deps.database.snapshot() as session:
        rules = rules_in_force(session)
    smoke_now = rules.get("smoke")
    assert smoke_now is not None
    assert smoke_now.spec == builtin_specs()["smoke"]
    assert set(rules.broken) == {"smoke", "cold_room"}
    assert _ask(town, "GET", "")["broken"] == ["cold_room", "smoke"]


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"kind": "threshold", "low": None}, 422, "invalid_input"),
        ({"metric": "happiness"}, 422, "invalid_input"),
        ({"applies": {"areas": ["nowhere"]}}, 422, "unknown_area"),
        ({"applies": {"homes": ["h-nowhere"]}}, 422, "unknown_home"),
        ({"applies": {"residents": [10**9]}}, 422, "unknown_resident"),
        ({"applies": {"residents": [10**30]}}, 422, "invalid_input"),
        ({"code": "other"}, 422, "rule_code_differs"),
        ({"name": {"zh": "\0", "en": "x"}}, 422, "invalid_input"),
        ({"low": 1e400}, 422, "invalid_input"),
        ({"hold": 5}, 422, "invalid_input"),
        ({"playbook": "of_nobody"}, 422, "invalid_input"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(town: Town, wanted: dict[str, Any], status: int, code: str) -> None:
    content = _json({"spec": OWN | wanted})
    headers = town.bearer("supervisor") | {"Content-Type": "application/json"}
    answer = town.client.put("/api/v1/rules/cold_room", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert _versions(town) == 0


def _json(value: Any) -> str:
    return json.dumps(value).replace("Infinity", "1e400")


def test_a_rule_keeps_its_kind_and_worsens_only_what_exists(town: Town) -> None:
    _put(town, OWN)
    trend = {key: OWN[key] for key in ("code", "name", "severity", "raises", "metric")}
    refused = _put(town, trend | {"kind": "trend", "over_days": 7, "direction": "rise", "change": 2}, status=409)
    assert refused["error"]["code"] == "rule_kind_fixed"
    sequence = _spec(town, "fall_no_movement")
    for worsens, code in (("nothing", "rule_worsens_unknown"), ("fall_no_movement", "invalid_input")):
        assert _put(town, sequence | {"worsens": worsens}, status=422)["error"]["code"] == code


def test_what_was_changed_is_in_the_audit(town: Town) -> None:
    _put(town, OWN, note="winter")
    _put(town, OWN | {"low": 15.0})
    _ask(town, "DELETE", "/cold_room")
    with town.deps.database.snapshot() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.startswith("rule.")).order_by(AuditEntry.id).all()
        said = [(one.action, one.actor, one.subject, (one.details or {}).get("version")) for one in entries]
        fields = (entries[1].details or {})["fields"]
    assert said == [
        ("rule.created", "Supervisor", "cold_room", 1),
        ("rule.changed", "Supervisor", "cold_room", 2),
        ("rule.deleted", "Supervisor", "cold_room", 2),
    ]
    assert fields == ["low"]


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [
        ("administrator", 200, 200),
        ("supervisor", 200, 200),
        ("operator", 200, 403),
        ("installer", 403, 403),
        ("responder", 403, 403),
        ("doctor", 403, 403),
        ("family", 403, 403),
    ],
)
def test_rules_are_seen_by_the_desk_and_changed_by_supervisors(town: Town, role: str, sees: int, changes: int) -> None:
    _ask(town, "GET", "", by=role, status=sees)
    _ask(town, "GET", "/sos", by=role, status=sees)
    _ask(town, "GET", "/export", by=role, status=sees)
    _put(town, OWN, by=role, status=changes)
    _ask(town, "POST", "/import", {"yaml": "x", "dry_run": True}, by=role, status=changes)
    _ask(town, "DELETE", "/cold_room", by=role, status=changes)


def test_a_supervisor_of_one_area_changes_rules_of_that_area_only(town: Town) -> None:
    _put(town, OWN | {"code": "of_south", "applies": {"areas": ["south"]}}, by="administrator")
    _limit(town, "supervisor", "north")
    seen = [item["code"] for item in _ask(town, "GET", "")["items"]]
    assert "sos" in seen
    assert "of_south" not in seen
    _ask(town, "GET", "/of_south", status=404)
    _ask(town, "DELETE", "/of_south", status=404)
    assert "of_south" not in _ask(town, "GET", "/export")
    _put(town, OWN | {"code": "of_south", "applies": {"areas": ["north"]}}, status=404)
    assert _put(town, OWN, status=403)["error"]["code"] == "scope_exceeds_own"
    assert _put(town, _spec(town, "not_up") | {"enabled": False}, status=403)["error"]["code"] == "scope_exceeds_own"
    assert _put(town, OWN | {"applies": {"homes": ["h-south"]}}, status=422)["error"]["code"] == "unknown_home"
    assert _put(town, OWN | {"applies": {"areas": ["south"]}}, status=422)["error"]["code"] == "unknown_area"
    assert _put(town, OWN | {"applies": {"areas": ["north"]}})["version"] == 1
    assert _put(town, OWN, status=403)["error"]["code"] == "scope_exceeds_own", "nor widened beyond it"
    _ask(town, "DELETE", "/cold_room")


def test_an_export_imported_again_changes_nothing(town: Town) -> None:
    _put(town, OWN)
    text = _ask(town, "GET", "/export")
    answer = _ask(town, "POST", "/import", {"yaml": text})
    assert (answer["created"], answer["changed"], answer["problems"]) == ([], [], [])
    assert answer["unchanged"] == [*builtin_specs(), "cold_room"]
    assert _versions(town) == 1


def test_a_dry_run_says_what_would_change_and_changes_nothing(town: Town) -> None:
    text = _ask(town, "GET", "/export").replace("within_seconds: 900.0", "within_seconds: 600.0")
    text += (
        "- {code: cold_room, kind: threshold, name: {zh: 冷, en: Cold}, severity: low, raises: environment,"
        " metric: temperature, low: 14}\n"
    )
    tried = _ask(town, "POST", "/import", {"yaml": text, "dry_run": True})
    assert (tried["created"], tried["changed"], tried["problems"]) == (["cold_room"], ["night_wandering"], [])
    assert _versions(town) == 0
    with town.deps.database.snapshot() as session:
        assert session.query(AuditEntry).filter(AuditEntry.action.startswith("rule.")).count() == 0
    done = _ask(town, "POST", "/import", {"yaml": text})
    assert (done["created"], done["changed"]) == (["cold_room"], ["night_wandering"])
    assert _spec(town, "night_wandering")["within_seconds"] == 600.0


def test_each_problem_of_a_text_is_said_with_its_rule_and_line_and_nothing_is_done(town: Town) -> None:
    text = """yinling_rules: 1
rules:
  - {code: good, kind: threshold, name: {zh: 好, en: Good}, severity: low, raises: environment, metric: co2, high: 2000}
  - code: bad
    kind: threshold
    name: {zh: 坏, en: Bad}
    severity: terrible
    raises: environment
    metric: humour
    high: 5
  - code: sos
    kind: signal
    name: {zh: 紧急呼叫, en: Call for help}
    severity: low
    raises: sos
    on: [sos.pressed]
"""
    answer = _ask(town, "POST", "/import", {"yaml": text})
    said = [(one["rule"], one["path"], one["line"]) for one in answer["problems"]]
    assert said == [("bad", "severity", 7), ("bad", "metric", 9), ("sos", "severity", 11)]
    assert answer["problems"][1]["message"] == "There is no metric “humour”."
    assert "protects life" in answer["problems"][2]["message"]
    assert _versions(town) == 0
    headers = town.bearer("supervisor") | {"Accept-Language": "zh-CN"}
    chinese = town.client.post("/api/v1/rules/import", json={"yaml": text}, headers=headers).json()
    assert chinese["problems"][1]["message"] == "没有指标“humour”。"


def test_a_text_that_is_no_yaml_is_one_problem_with_its_place(town: Town) -> None:
    answer = _ask(town, "POST", "/import", {"yaml": "yinling_rules: 1\nrules: [\n  {code: a\n", "dry_run": True})
    assert [one["rule"] for one in answer["problems"]] == [None]
    assert answer["problems"][0]["line"] >= 3
    assert "not valid YAML" in answer["problems"][0]["message"]


def test_a_version_is_never_overwritten(town: Town) -> None:
    _put(town, OWN)
    with pytest.raises(DBAPIError, match="append-only"), town.deps.database.transaction() as session:
        session.query(RuleVersion).one().note = "rewritten"


def test_the_ruleset_has_another_revision_after_every_change(town: Town) -> None:
    def revision() -> int | str:
        with town.deps.database.snapshot() as session:
            return rules_in_force(session).revision

    seen = [revision()]
    steps: tuple[Callable[[], Any], ...] = (
        lambda: _put(town, OWN),
        lambda: _put(town, OWN | {"low": 15.0}),
        lambda: _ask(town, "DELETE", "/cold_room"),
        lambda: _put(town, OWN | {"low": 15.0}),
        lambda: _ask(town, "DELETE", "/cold_room"),
    )
    for step in steps:
        step()
        seen.append(revision())
    assert len(set(seen)) == len(seen)
