"""Beside hand-made folders, dashboards, teams and people: theirs stay as they are, to the letter."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.grafana_houses import House

from yinling.grafana.adapter import Grafana
from yinling.grafana.boards import Model, folder_of, load_boards, queries_of
from yinling.grafana.facts import Facts
from yinling.grafana.plan import make_plan
from yinling.grafana.sync import Content, Done


def refused(done: list[Done]) -> dict[str, str]:
    return {one.name: str(one.code) for one in done if one.action == "refused"}


def test_a_folder_with_the_same_title_is_not_renamed_and_keeps_its_dashboards(grafana: House, facts: Facts) -> None:
    title = f"银铃 西街 {grafana.prefix}"
    grafana.by_hand("folder", title, f"hand{grafana.prefix}")
    grafana.by_hand("dashboard", "西街 by hand", f"hand{grafana.prefix}-board", panels=[{"id": 1, "title": "x", "type": "text"}])
    before = grafana.ask("GET", f"/folders/hand{grafana.prefix}"), grafana.ask("GET", f"/dashboards/uid/hand{grafana.prefix}-board")
    done = grafana.sync(facts, grafana_accounts="none")
    after = grafana.ask("GET", f"/folders/hand{grafana.prefix}"), grafana.ask("GET", f"/dashboards/uid/hand{grafana.prefix}-board")
    assert (after[0]["title"], after[0].get("version")) == (before[0]["title"], before[0].get("version"))
    assert after[1]["dashboard"]["version"] == before[1]["dashboard"]["version"]
    # Older ones want titles to be unique: there it is refused and everything else goes on.
    if refused(done):
        assert refused(done)[title] == "grafana_name_taken"
    else:
        assert grafana.ask("GET", f"/folders/{grafana.prefix}-area-west")["title"] == title
    assert grafana.ask("GET", f"/dashboards/uid/{grafana.prefix}-homes-east-1")


def test_a_dashboard_under_our_uid_without_our_tag_is_left_alone(grafana: House, facts: Facts) -> None:
    uid = f"{grafana.prefix}-answer-times"
    grafana.by_hand("dashboard", "Mine", uid, tags=["mine"])
    for overwrite in (False, True):
        done = grafana.sync(facts, overwrite=overwrite, grafana_accounts="none")
        assert refused(done) == {"接警用时 · Answer times": "grafana_not_ours"}
    found = grafana.ask("GET", f"/dashboards/uid/{uid}")["dashboard"]
    assert (found["title"], found["tags"]) == ("Mine", ["mine"])


def change_by_hand(grafana: House, uid: str) -> None:
    """Somebody saves a dashboard of ours with a query of their own."""
    found = grafana.ask("GET", f"/dashboards/uid/{uid}")
    model: dict[str, Any] = found["dashboard"]
    model["panels"][0]["targets"][0]["expr"] = "vector(42)"
    grafana.ask("POST", "/dashboards/db", {"dashboard": model, "folderUid": found["meta"]["folderUid"], "overwrite": False})


@pytest.fixture
def next_release(tmp_path: Path) -> dict[str, Model]:
    """The dashboards of the next release: one file is another."""
    folder = tmp_path / "next"
    shutil.copytree(folder_of(None), folder)
    path = folder / "answer-times.json"
    path.write_text(path.read_text(encoding="utf-8").replace("By the hour", "Each hour"), encoding="utf-8")
    return load_boards(folder)


def test_what_a_person_changed_is_overwritten_only_when_told(grafana: House, facts: Facts, next_release: dict[str, Model]) -> None:
    uid = f"{grafana.prefix}-answer-times"
    grafana.sync(facts, grafana_accounts="none")
    change_by_hand(grafana, uid)
    assert refused(grafana.sync(facts, grafana_accounts="none")) == {}, "as long as the file is the same there is nothing to do"

    def first_query() -> str:
        panel = grafana.ask("GET", f"/dashboards/uid/{uid}")["dashboard"]["panels"][0]
        return next(queries_of(panel))

    assert first_query() == "vector(42)"
    done = sync_with(grafana, facts, next_release, overwrite=False)
    assert refused(done) == {"接警用时 · Answer times": "grafana_changed_by_hand"}
    assert first_query() == "vector(42)"
    assert refused(sync_with(grafana, facts, next_release, overwrite=True)) == {}
    assert first_query() != "vector(42)"


def test_an_untouched_dashboard_follows_its_file(grafana: House, facts: Facts, next_release: dict[str, Model]) -> None:
    grafana.sync(facts, grafana_accounts="none")
    done = sync_with(grafana, facts, next_release, overwrite=False)
    assert [one.name for one in done if one.action == "updated"] == ["接警用时 · Answer times"]
    titles = {
        panel["title"] for panel in grafana.ask("GET", f"/dashboards/uid/{grafana.prefix}-answer-times")["dashboard"]["panels"]
    }
    assert "按小时 · Each hour" in titles


def sync_with(grafana: House, facts: Facts, models: dict[str, Model], *, overwrite: bool) -> list[Done]:
    settings = grafana.settings(grafana_accounts="none")
    desired = make_plan(facts, settings, models)
    return list(Content(Grafana(settings), desired, dry_run=False, overwrite=overwrite).run())


def test_rights_a_person_granted_in_our_folders_stay(grafana: House, facts: Facts) -> None:
    grafana.sync(facts, grafana_accounts="none")
    path = f"/folders/{grafana.prefix}/permissions"
    team = grafana.ask("POST", "/teams", {"name": f"auditors-{grafana.prefix}"})["teamId"]
    grafana.left_over.append(f"/teams/{team}")
    present = [
        {key: one[key] for key in ("userId", "teamId", "role", "permission") if one.get(key)}
        for one in grafana.ask("GET", path)
        if not one.get("inherited") and one.get("role") != "Admin"
    ]
    grafana.ask("POST", path, {"items": [*present, {"teamId": team, "permission": 2}]})
    assert not [one for one in grafana.sync(facts, grafana_accounts="none") if one.action != "unchanged"]
    assert [one["permission"] for one in grafana.ask("GET", path) if one.get("teamId") == team] == [2]


def test_what_is_provisioned_is_kept_and_said(documented: House, facts: Facts) -> None:
    assert documented.server is not None
    documented.sync(facts, grafana_accounts="none")
    rooms, prefix = documented.server.rooms, documented.prefix
    rooms.dashboards.kept[f"{prefix}-home"]["provisioned"] = True
    rooms.dashboards.kept[f"{prefix}-home"]["model"]["tags"] = [prefix]
    rooms.sources.kept[f"{prefix}-metrics"]["readOnly"] = True
    done = documented.sync(facts, grafana_accounts="none", grafana_prometheus_url="http://other:9090")
    assert refused(done) == {}
    assert {one.name.partition(" ")[0]: one.code for one in done if one.action == "kept"} == {
        "住户": "grafana_provisioned",
        "银铃指标": "grafana_provisioned",
    }


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/dashboards/db", "dashboard"), ("/api/folders/", "folder"), ("/api/datasources/", "source")]
)
def test_somebody_elses_save_between_our_look_and_our_write_wins(documented: House, facts: Facts, path: str, kind: str) -> None:
    server = documented.server
    assert server is not None
    documented.sync(facts, grafana_accounts="none")
    rooms = server.rooms

    def interfere(method: str, asked: str) -> None:
        if method in {"POST", "PUT"} and asked.startswith(path) and "permissions" not in asked:
            for board in rooms.dashboards.kept.values():
                board["model"]["version"] += 1
            for kept in (*rooms.folders.kept.values(), *rooms.sources.kept.values()):
                kept["version"] += 1

    areas = tuple(replace(area, title=f"{area.title}!") for area in facts.areas)
    server.before = interfere
    done = documented.sync(replace(facts, areas=areas), grafana_accounts="none", grafana_prometheus_url="http://other:9090")
    lost = [one for one in done if one.code == "grafana_changed_meanwhile"]
    assert {one.kind for one in lost} == {kind}
    assert all(one.action == "refused" for one in lost)
    server.before = None
    again = documented.sync(replace(facts, areas=areas), grafana_accounts="none", grafana_prometheus_url="http://other:9090")
    assert refused(again) == {}
    assert {one.kind for one in again if one.action == "updated"} == {kind}
