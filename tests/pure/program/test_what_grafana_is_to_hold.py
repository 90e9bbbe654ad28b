"""The plan for Grafana, the dashboards' files, and what counts as ours, changed by hand, or up to date. Pure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Settings
from timeseries.influx_names import FIELD, MEASUREMENT, ROLLED_UP, TAGS
from yinling.grafana.boards import folder_of, judge, load_boards, marked, panels_of, queries_of, with_prefix
from yinling.grafana.facts import AreaFact, Facts, HomeFact, SupervisorFact
from yinling.grafana.plan import make_plan, slug, source_is_current
from yinling.grafana.refusal import GrafanaRefusedError

ROOT = Path(__file__).parents[3]
BOARDS = load_boards(folder_of(None))
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def settings(**more: Any) -> Settings:
    return Settings(data_dir=Path("nowhere"), grafana_url="http://127.0.0.1:3000", **more)


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_whole(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == f"yinling-{name}"
    assert "apiVersion" not in board, "file provisioning takes v1 only"
    assert board["tags"] == ["yinling"]
    panels = list(panels_of(board))
    assert len({panel["id"] for panel in panels}) == len(panels) >= 7
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} <= {
        "yinling-readings",
        "yinling-metrics",
    }
    assert all(re.search("[一-鿿]", panel["title"]) and re.search("[A-Za-z]", panel["title"]) for panel in panels)
    tags = [one["target"]["tags"][:2] for one in board["annotations"]["list"]]
    assert tags == [["yinling", "incident"], ["yinling", "drill"]]
    assert [one["enable"] for one in board["annotations"]["list"]] == [True, False], "drills are shown only when asked for"


def test_every_metric_a_query_names_is_documented() -> None:
    documented = set(re.findall(r"`(yinling_[a-z_]+)`", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")))
    asked = " ".join(query for board in BOARDS.values() for panel in panels_of(board) for query in queries_of(panel))
    named = {re.sub("_(bucket|count|sum)$", "", name) for name in re.findall(r"yinling_[a-z_]+", asked)}
    assert len(named) > 20
    assert named - documented == set()


def test_flux_speaks_of_the_schema_as_it_is() -> None:
    asked = [
        query for board in BOARDS.values() for panel in panels_of(board) for query in queries_of(panel) if "from(bucket" in query
    ]
    assert len(asked) >= 10
    for query in asked:
        assert f'r._measurement == "{MEASUREMENT}"' in query
        assert 'r.centre == "${centre}"' in query
        assert set(re.findall(r"r\.([a-z]+) ==", query)) <= set(TAGS)
        assert set(re.findall(r'r\._field == "([a-z]+)"', query)) <= {FIELD, *ROLLED_UP}


def test_what_compose_provisions_is_what_a_sync_makes() -> None:
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "yinling.yaml").read_text("utf-8"))["providers"]
    sources = yaml.safe_load((PROVISIONING / "datasources" / "yinling.yaml").read_text("utf-8"))["datasources"]
    urls = {"influx_url": sources[0]["url"], "grafana_prometheus_url": sources[1]["url"]}
    made = make_plan(Facts("银铃"), settings(**urls, grafana_influx_token="t"), BOARDS, "an authority")
    assert (provider["folderUid"], provider["folder"]) == (made.folders[0].uid, made.folders[0].title)
    for there, one in zip(sources, made.sources, strict=True):
        assert {key: there[key] for key in ("uid", "name", "type", "access", "url")} == {
            key: one[key] for key in ("uid", "name", "type", "access", "url")
        }
        assert there["jsonData"] == {key: value for key, value in one["jsonData"].items() if key != "yinling"}
        assert set(there["secureJsonData"]) == set(one["secureJsonData"])
        assert all(value.startswith("$__file{/secrets/grafana/") for value in there["secureJsonData"].values())


EAST = AreaFact("east", ("east",), "东街")
FIRST = AreaFact("east-1", ("east", "east-1"), "东街 / 一社区")
FACTS = Facts(
    "银铃",
    (EAST, FIRST),
    (HomeFact(7, "h0001", "east-1"), HomeFact(8, "h0002", None)),
    (SupervisorFact("Wang", "王芳", (), is_limited=False), SupervisorFact("li", "李强", ("east-1",), is_limited=True)),
)


def test_another_prefix_is_everywhere() -> None:
    plan = make_plan(FACTS, settings(grafana_prefix="north", grafana_accounts="all"), BOARDS)
    told = str(plan.boards)
    assert "yinling-" not in told
    assert "'yinling'" not in told.replace("'name': 'yinling'", "")
    everything = [*(folder.uid for folder in plan.folders), *plan.teams, *(account.login for account in plan.accounts)]
    assert all(name == "north" or name.startswith("north-") for name in everything)


def test_supervisors_of_single_areas_and_homes_get_no_account_by_default() -> None:
    plan = make_plan(FACTS, settings(), BOARDS)
    assert [(account.login, account.teams) for account in plan.accounts] == [("yinling-wang", ("yinling-centre",))]
    assert plan.without_account == ("li",)
    of_a_home = SupervisorFact("zhou", "周", (), is_limited=True)
    everybody = make_plan(Facts("银铃", supervisors=(of_a_home,)), settings(grafana_accounts="all"), BOARDS)
    assert (everybody.accounts, everybody.without_account) == ((), ("zhou",))


@pytest.mark.parametrize("code", ["east", "东街", "a b/c", "x" * 64, "e.1"])
def test_a_uid_is_one_grafana_takes_and_always_the_same(code: str) -> None:
    uid = slug("yinlingyinling1", "area", code)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid)
    assert uid == slug("yinlingyinling1", "area", code)
    assert uid != slug("yinlingyinling1", "area", code + "1")


def found(model: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """As Grafana gives it back: more than it was given, in its own schema."""
    panels = [{**panel, "pluginVersion": "12"} for panel in model["panels"]]
    return {"dashboard": {**model, "panels": panels, "schemaVersion": 42, "version": 3}, "meta": {"folderUid": "yinling", **meta}}


WANTED = marked(BOARDS["answer-times"], "yinling")
NEXT = marked({**BOARDS["answer-times"], "title": "另一个"}, "yinling")
CHANGED = {**WANTED, "panels": WANTED["panels"][1:]}


@pytest.mark.parametrize(
    ("present", "wanted", "overwrite", "verdict"),
    [
        (None, WANTED, False, "create"),
        (found(WANTED), WANTED, False, "unchanged"),
        (found(WANTED), WANTED, True, "unchanged"),
        (found(WANTED), NEXT, False, "update"),
        (found(WANTED, folderUid="elsewhere"), WANTED, False, "update"),
        (found(CHANGED), WANTED, False, "unchanged"),
        (found(CHANGED), WANTED, True, "update"),
        (found(CHANGED), NEXT, False, "by_hand"),
        (found(CHANGED), NEXT, True, "update"),
        (found({**WANTED, "tags": ["yinling"]}), WANTED, True, "not_ours"),
        (found({**WANTED, "tags": []}), WANTED, True, "not_ours"),
        (found(WANTED, provisioned=True), NEXT, True, "provisioned"),
    ],
)
def test_what_becomes_of_a_dashboard(present: dict[str, Any] | None, wanted: dict[str, Any], overwrite: bool, verdict: str) -> None:
    assert judge(present, wanted, "yinling", "yinling", overwrite=overwrite) == verdict


def test_a_source_is_current_only_with_the_same_secret() -> None:
    def source(token: str) -> dict[str, Any]:
        return make_plan(FACTS, settings(influx_url="http://i", grafana_influx_token=token), BOARDS).sources[0]

    given = {key: value for key, value in source("one").items() if key != "secureJsonData"}
    assert source_is_current({**given, "version": 9}, source("one"))
    assert not source_is_current(given, source("two"))
    assert not source_is_current({**given, "url": "http://other"}, source("one"))
    assert "one" not in str(given["jsonData"]["yinling"])


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "x"}', '{"uid": "x"}', '{"apiVersion": "dashboard.grafana.app/v2"}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.json").write_text(text, encoding="utf-8")
    with pytest.raises(GrafanaRefusedError) as refused:
        load_boards(tmp_path)
    assert (refused.value.code, refused.value.details["what"]) == ("grafana_dashboards_broken", "mine.json")
    with pytest.raises(GrafanaRefusedError):
        load_boards(tmp_path / "empty")


def test_uids_of_others_keep_their_name() -> None:
    assert with_prefix({"uid": "-- Grafana --", "tags": ["mine"]}, "north") == {"uid": "-- Grafana --", "tags": ["mine"]}
