"""Folders per area, data sources, dashboards, teams and rights: all are made once, and made right again when they differ."""

from __future__ import annotations

import re
from collections import Counter

from support.grafana_houses import House, facts_of

from core.database import Database
from people.model import Area
from yinling.grafana.boards import folder_of, load_boards
from yinling.grafana.facts import Facts
from yinling.grafana.sync import Done

BOARDS = {"centre-overview", "home", "device-fleet", "alarm-path", "answer-times"}


def tally(done: list[Done]) -> Counter[tuple[str, str]]:
    return Counter((one.kind, one.action) for one in done)


def test_the_dashboards_of_the_house_are_these() -> None:
    assert set(load_boards(folder_of(None))) == BOARDS


def test_everything_is_there_after_the_first_sync(grafana: House, facts: Facts) -> None:
    done = grafana.sync(facts, grafana_accounts="none")
    assert [one for one in done if one.action == "refused"] == []
    prefix = grafana.prefix
    folders = {one["uid"]: one["title"] for one in grafana.ask("GET", "/folders?limit=1000")}
    assert folders[prefix] == f"银铃 Yinling {prefix}"
    assert folders[f"{prefix}-area-east-1"] == f"银铃 东街 / 一社区 {prefix}"
    assert {f"{prefix}-area-east", f"{prefix}-area-west"} <= set(folders)
    for name in BOARDS:
        found = grafana.ask("GET", f"/dashboards/uid/{prefix}-{name}")
        assert found["meta"]["folderUid"] == prefix
        assert prefix in found["dashboard"]["tags"]
    readings = grafana.ask("GET", f"/datasources/uid/{prefix}-readings")
    assert (readings["type"], readings["url"], readings["jsonData"]["version"]) == ("influxdb", "http://influxdb:8086", "Flux")
    assert readings["secureJsonFields"] == {"token": True}
    assert "reads-only" not in str(readings)
    assert grafana.ask("GET", f"/datasources/uid/{prefix}-metrics")["type"] == "prometheus"
    assert {f"{prefix}-centre", f"{prefix}-area-west"} <= {
        team["name"] for team in grafana.ask("GET", f"/teams/search?query={prefix}")["teams"]
    }


def test_an_areas_folder_has_its_homes_and_no_others(grafana: House, facts: Facts) -> None:
    grafana.sync(facts, grafana_accounts="none")
    found = grafana.ask("GET", f"/dashboards/uid/{grafana.prefix}-homes-east-1")
    assert found["meta"]["folderUid"] == f"{grafana.prefix}-area-east-1"
    [variable] = [one for one in found["dashboard"]["templating"]["list"] if one["name"] == "home"]
    assert variable["query"] == "h0001 : 1,h0002 : 2"
    told = str(found)
    assert f"{grafana.prefix}-readings" in told
    assert not [secret for secret in ("李秀英", "高血压", "幸福路", "的家") if secret in told]
    missing = grafana.answer("GET", f"/dashboards/uid/{grafana.prefix}-homes-east")
    assert missing.status_code == 404, "no home is right in this area"


def test_the_second_sync_writes_nothing(grafana: House, facts: Facts) -> None:
    first = tally(grafana.sync(facts, grafana_accounts="none"))
    assert first["dashboard", "created"] == 7
    heard = 0 if grafana.server is None else len(grafana.server.writes())
    second = tally(grafana.sync(facts, grafana_accounts="none"))
    assert {action for _, action in second} == {"unchanged"}
    if grafana.server is not None:
        assert len(grafana.server.writes()) == heard


def test_a_dry_run_says_the_same_and_writes_nothing(grafana: House, facts: Facts) -> None:
    would = grafana.sync(facts, dry_run=True, grafana_accounts="none")
    assert tally(would)["dashboard", "created"] == 7
    assert tally(would)["folder", "created"] == 4
    assert grafana.answer("GET", f"/folders/{grafana.prefix}").status_code in {403, 404}
    if grafana.server is not None:
        assert grafana.server.writes() == []


def test_what_changed_in_the_centre_changes_in_grafana(grafana: House, facts: Facts, county: Database) -> None:
    grafana.sync(facts, grafana_accounts="none")
    with county.transaction() as session:
        area = session.get_one(Area, 2)
        area.name = "西大街"
    done = grafana.sync(facts_of(county), grafana_accounts="none", grafana_prometheus_url="http://other:9090")
    assert {(one.kind, one.action) for one in done if one.action != "unchanged"} == {
        ("folder", "updated"),
        ("dashboard", "updated"),
        ("source", "updated"),
    }
    assert grafana.ask("GET", f"/folders/{grafana.prefix}-area-west")["title"] == f"银铃 西大街 {grafana.prefix}"
    assert grafana.ask("GET", f"/datasources/uid/{grafana.prefix}-metrics")["url"] == "http://other:9090"


def test_a_new_token_of_the_data_source_is_noticed_though_it_cannot_be_read(grafana: House, facts: Facts) -> None:
    grafana.sync(facts, grafana_accounts="none")
    done = grafana.sync(facts, grafana_accounts="none", grafana_influx_token="another")
    assert [one.name for one in done if one.action == "updated"] == [f"银铃读数 Yinling readings {grafana.prefix}"]


def test_a_folder_is_seen_by_its_own_teams_and_those_above_only(grafana: House, facts: Facts) -> None:
    grafana.sync(facts, grafana_accounts="none")
    rights = grafana.ask("GET", f"/folders/{grafana.prefix}-area-east-1/permissions")
    teams = {team["id"]: team["name"] for team in grafana.ask("GET", f"/teams/search?query={grafana.prefix}")["teams"]}
    seen = {teams[one["teamId"]]: one["permission"] for one in rights if one.get("teamId")}
    assert seen == dict.fromkeys((f"{grafana.prefix}-{name}" for name in ("centre", "area-east", "area-east-1")), 1)
    assert not [one for one in rights if one.get("role") == "Viewer"], "other viewers do not see it"


def test_no_route_is_used_that_newer_versions_lack(documented: House, facts: Facts) -> None:
    assert documented.server is not None
    documented.sync(facts)
    by_number = re.compile(r"/api/(datasources|folders/id|dashboards/id)/\d+|/api/dashboards/db/.+")
    assert len(documented.server.heard) > 30
    assert [path for _, path in documented.server.heard if by_number.match(path)] == []
