"""Any rule written as YAML is read back the same; what a person mistypes is said where it stands; nothing unfolds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.playbooks import PLAYBOOKS
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.exchange import read_text
from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.yaml_form import ADAPTER, read_rules, write_rules
from alerts.ruleset.yaml_text import MAX_CHARACTERS, YamlError, read_yaml, write_yaml
from core.messages import problem_text
from devices.profiles import catalogue
from devices.vocabulary import METRICS, SIGNAL_TYPES

_words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="一二 #:&*!|>'\"%@`,[]{}?-~"),
    min_size=1,
    max_size=40,
)
_odd_words = st.sampled_from(
    ["on", "off", "yes", "no", "null", "~", "true", "1", "1e5", "0o7", "0x1F", "22:00", "1_000", ".5", "", "2026-11-22"]
)
_texts = (_words | _odd_words.filter(bool)).filter(lambda text: len(text) <= 120)
_codes = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda code: code not in {"backtest", "export", "import"}
)
_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
_windows = st.one_of(
    st.fixed_dictionaries({"since": _times, "until": _times}),
    st.fixed_dictionaries({"named": st.sampled_from(["sleep", "daylight"])}),
)
_seconds = st.floats(0.001, 86400, allow_nan=False)
_numbers = st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-1000, 1000)
_signals = st.lists(st.sampled_from(sorted(SIGNAL_TYPES)), min_size=1, max_size=6, unique=True)
_metrics = st.sampled_from(sorted(METRICS))
_profiles = st.lists(st.sampled_from(sorted(catalogue())), max_size=3)
_happenings = st.fixed_dictionaries(
    {"signals": _signals}, optional={"rooms": st.lists(_texts, max_size=3)}
) | st.fixed_dictionaries({"metric": _metrics, "above": _numbers}, optional={"below": _numbers, "signals": _signals})
_applies = st.fixed_dictionaries(
    {},
    optional={
        "areas": st.lists(_texts, max_size=3),
        "homes": st.lists(_texts, max_size=3),
        "residents": st.lists(st.integers(1, 2**63 - 1), max_size=3),
        "profiles": _profiles,
        "homes_with": _profiles,
    },
)
_base: dict[str, st.SearchStrategy[Any]] = {
    "code": _codes,
    "name": st.fixed_dictionaries({"zh": _texts, "en": _texts}),
    "severity": st.sampled_from(["critical", "high", "medium", "low", "info"]),
    "raises": st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True),
}
_optional: dict[str, st.SearchStrategy[Any]] = {
    "audience": st.lists(st.sampled_from(["operators", "supervisors", "installers", "family"]), max_size=4),
    "playbook": st.sampled_from(sorted(PLAYBOOKS)),
    "enabled": st.booleans(),
    "applies": _applies,
}


def _kind(kind: str, needed: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(_base | {"kind": st.just(kind)} | needed, optional=_optional | optional)


_during = {"during": _windows}
_circles = st.fixed_dictionaries(
    {"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180), "radius_metres": st.floats(1, 1e5)}
)
_rules = st.one_of(
    _kind("signal", {"on": _signals}, monitor=st.booleans(), confirm_seconds=_seconds, **_during),
    _kind("threshold", {"metric": _metrics, "high": _numbers}, hold_seconds=_seconds, far_severity=_base["severity"], **_during),
    _kind("threshold", {"limits_of_profile": st.just(value=True)}),
    _kind(
        "trend",
        {
            "metric": _metrics,
            "over_days": st.integers(2, 90),
            "direction": st.sampled_from(["rise", "fall", "either"]),
            "change": _seconds,
        },
        relative=st.booleans(),
        statistic=st.sampled_from(["mean", "median", "last", "sum"]),
    ),
    _kind(
        "sequence", {"first": _happenings, "then": _happenings, "expected": st.booleans(), "within_seconds": _seconds}, **_during
    ),
    _kind("inactivity", {"none_in": _windows}, activity=_happenings),
    _kind("inactivity", {"rooms": st.lists(_texts, min_size=1, max_size=4), "longer_than_seconds": _seconds}),
    _kind("absence", {}, silence_seconds=_seconds),
    _kind("battery", {}, low_percent=st.floats(1, 99)),
    _kind("outage", {}, homes_at_least=st.integers(2, 100), share_at_least=st.floats(0.01, 1)),
    _kind("geofence", {}, circles=st.lists(_circles, max_size=3), outside=st.booleans(), **_during),
    _kind("routine", {}),
)


def _valid(said: dict[str, Any]) -> RuleSpec | None:
    try:
        return ADAPTER.validate_python(said)
    except ValidationError:
        return None


_specs = st.lists(
    _rules.map(_valid).filter(lambda spec: spec is not None), max_size=4, unique_by=lambda spec: spec.code if spec else ""
)


@settings(max_examples=150, deadline=None)
@given(_specs)
def test_any_rules_written_are_read_back_the_same(specs: list[RuleSpec]) -> None:
    text = write_rules(specs)
    assert [one.spec for one in read_rules(text)] == specs
    assert [ADAPTER.validate_python(said) for said in yaml.safe_load(text)["rules"]] == specs, "by any reader of YAML 1.1 too"


@settings(max_examples=150, deadline=None)
@given(_rules)
def test_what_is_stored_is_read_back_the_same(said: dict[str, Any]) -> None:
    spec = _valid(said)
    if spec is not None:
        assert ADAPTER.validate_json(ADAPTER.dump_json(spec)) == spec
        assert ADAPTER.validate_python(spec.model_dump(mode="json")) == spec


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")))
def test_no_text_at_all_makes_the_reader_fail(text: str) -> None:
    for prefix in ("", "yinling_rules: 1\nrules:\n- "):
        understood = read_text(prefix + text)
        assert understood.written or understood.problems or (prefix + text)


def test_the_built_in_rules_survive_it() -> None:
    specs = list(builtin_specs().values())
    assert [one.spec for one in read_rules(write_rules(specs))] == specs


def test_words_that_other_readers_misread_are_what_they_are() -> None:
    assert read_yaml("on: [yes, off, 22:00, 0o7, 2026-11-22, 1_000, true, 12, 1e3, ~]").value == {
        "on": ["yes", "off", "22:00", "0o7", "2026-11-22", "1_000", True, 12, 1000.0, None]
    }
    assert yaml.safe_load(write_yaml({"on": "off"})) == {"on": "off"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: &x 1\nb: *x", "yaml_anchor", 1),
        ("a: 1\nb: *x", "yaml_anchor", 2),
        ("a: !!python/object/apply:os.system [ls]", "yaml_tag", 1),
        ("a: !!binary aGk=", "yaml_tag", 1),
        ("a: 1\n---\nb: 2", "yaml_several_documents", 2),
        ("a: 1\nb: 2\na: 3", "yaml_key", 3),
        ("{[a]: 1}", "yaml_key", 1),
        ("a: [1\nb: 2", "yaml_syntax", 2),
        ("a: b: c", "yaml_syntax", 1),
        ("[" * 13 + "]" * 13, "yaml_too_deep", 1),
        ("[" * 100_000, "yaml_too_deep", 1),
        ("a\x00b", "yaml_characters", 1),
        ("x" * (MAX_CHARACTERS + 1), "yaml_too_large", 1),
        ("[" + "1," * 100_001 + "]", "yaml_too_deep", 1),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_no_person_needs_is_refused_with_its_place(text: str, code: str, line: int) -> None:
    with pytest.raises(YamlError) as refused:
        read_yaml(text)
    assert (refused.value.code, refused.value.details["line"]) == (code, line)
    for language in ("zh-CN", "en"):
        assert "—" not in problem_text(code, language, refused.value.details)


@pytest.mark.parametrize(
    "text", ["", "[]", "rules: []x", "rules: []", "yinling_rules: 2\nrules: []", "yinling_rules: 1\nrules: []\nmore: 1"]
)
def test_what_is_no_set_of_rules_is_one_problem(text: str) -> None:
    understood = read_text(text)
    assert understood.specs == {}
    assert len(understood.problems) == 1


HEAD = "yinling_rules: 1\nrules:\n- code: x\n  kind: {kind}\n  name: {{zh: 好, en: Good}}\n  severity: low\n  raises: other\n"


@pytest.mark.parametrize(
    ("kind", "more", "path", "english"),
    [
        ("signal", "  on: [sos.presed]\n", "on[0]", "There is no signal “sos.presed”."),
        ("signal", "  on: []\n", "on", "At least 1."),
        ("signal", "  on: [sos.pressed]\n  note: [sos.pressed]\n", "", "A signal can have only one meaning within a rule."),
        ("magic", "", "kind", "There is no such kind of rule."),
        ("threshold", "  metric: spo2\n", "", "Give a metric with `low` or `high`"),
        ("threshold", "  metric: spo2\n  low: 95\n  high: 90\n", "", "far_low ≤ low ≤ high ≤ far_high must hold"),
        ("threshold", "  metric: spo2\n  low: .inf\n", "low", "Should be a number."),
        ("inactivity", "  none_for_seconds: 5\n  rooms: [a]\n", "", "Give one of"),
        ("inactivity", "  none_in: {since: '25:00', until: '10:00'}\n", "none_in.since", "Not in the right form."),
        ("inactivity", "  none_in: {since: '05:00'}\n", "none_in", "Give `since` and `until`, or `named` alone."),
        ("routine", "  monitor: false\n", "monitor", "One of: True."),
        ("absence", "  playbook: nothing\n", "playbook", "There is no playbook “nothing”."),
        ("absence", "  silence: 5\n", "silence", "There is no such field."),
        ("geofence", "  circles: [{latitude: 91, longitude: 0, radius_metres: 5}]\n", "circles[0].latitude", "At most 90.0."),
    ],
)
def test_each_mistake_is_said_with_its_field(kind: str, more: str, path: str, english: str) -> None:
    problem = read_text(HEAD.format(kind=kind) + more).problems[0]
    assert (problem.rule, problem.path) == ("x", path)
    assert problem_text(problem.code, "en", problem.details).startswith(english)
    assert "填写有误" not in problem_text(problem.code, "zh-CN", problem.details), problem.code
    assert problem.line is not None
    assert problem.line >= 3


def test_a_rule_said_twice_is_a_problem() -> None:
    rule = "- {code: x, kind: routine, name: {zh: 好, en: Good}, severity: low, raises: other}\n"
    understood = read_text("yinling_rules: 1\nrules:\n" + rule * 2)
    assert [(problem.code, problem.line) for problem in understood.problems] == [("rule_said_twice", 4)]
