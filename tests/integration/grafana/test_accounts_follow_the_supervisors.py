"""Viewer accounts: of supervisors only, in their teams, out again when they leave; nobody else's is touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from support.grafana_houses import OLD_AND_NEW, House, facts_of, house, houses

from core.clock import ManualClock
from core.database import Database
from people.model import Area, Role, User
from yinling.grafana.sync import Done


def refused(done: list[Done]) -> list[tuple[str, str | None]]:
    return [(one.name, one.code) for one in done if one.action == "refused"]


def change(database: Database, username: str, **values: object) -> None:
    with database.transaction() as session:
        session.execute(sa.update(User).where(User.username == username).values(**values))


@pytest.fixture(params=houses())
def grafana(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Each Grafana that lets us in by password; a token makes no accounts (below)."""
    with house(str(request.param), tmp_path / "data") as one:
        if one.has_password:
            yield one
        else:
            pytest.skip("YINLING_TEST_GRAFANA_USER and …_PASSWORD are not set: accounts are made by a server administrator only")


def test_supervisors_of_the_centre_get_one_with_a_password_told_once(grafana: House, county: Database) -> None:
    done = grafana.sync(facts_of(county))
    assert refused(done) == []
    [made] = [one for one in done if one.kind == "account"]
    assert (made.name, made.action) == (f"{grafana.prefix}-wang", "created")
    assert made.password is not None
    assert made.password not in repr(made)
    assert {name: one["role"] for name, one in grafana.people().items()} == {"wang": "Viewer"}
    assert grafana.members(f"{grafana.prefix}-centre") == {f"{grafana.prefix}-wang"}
    mine = requests.get(f"{grafana.url}/api/user", auth=(made.name, made.password), timeout=30)
    assert mine.status_code == 200, "the password lets them in"
    again = grafana.sync(facts_of(county))
    assert [(one.action, one.password) for one in again if one.kind == "account"] == [("unchanged", None)]


def test_supervisors_of_areas_get_one_where_that_is_wanted(grafana: House, county: Database) -> None:
    plan = grafana.plan(facts_of(county))
    assert plan.without_account == ("li", "zhao")
    grafana.sync(facts_of(county), grafana_accounts="all")
    assert set(grafana.people()) == {"wang", "li", "zhao"}, "no operator and no family"
    assert grafana.members(f"{grafana.prefix}-area-east-1") == {f"{grafana.prefix}-li"}
    assert grafana.members(f"{grafana.prefix}-area-west") == {f"{grafana.prefix}-zhao"}
    assert grafana.members(f"{grafana.prefix}-centre") == {f"{grafana.prefix}-wang"}


def test_whoever_moves_to_another_area_changes_teams(grafana: House, county: Database) -> None:
    grafana.sync(facts_of(county), grafana_accounts="all")
    with county.transaction() as session:
        li = session.scalars(sa.select(User).where(User.username == "li")).one()
        li.areas = [session.scalars(sa.select(Area).where(Area.code == "west")).one()]
    done = grafana.sync(facts_of(county), grafana_accounts="all")
    assert {(one.kind, one.action) for one in done if one.action != "unchanged"} == {("member", "created"), ("member", "removed")}
    assert grafana.members(f"{grafana.prefix}-area-east-1") == set()
    assert grafana.members(f"{grafana.prefix}-area-west") == {f"{grafana.prefix}-li", f"{grafana.prefix}-zhao"}


@pytest.mark.parametrize("how", ["disabled", "demoted", "none"])
def test_whoever_is_a_supervisor_no_more_is_let_in_no_more(grafana: House, county: Database, clock: ManualClock, how: str) -> None:
    [made] = [one for one in grafana.sync(facts_of(county)) if one.password]
    gone: dict[str, dict[str, object]] = {"disabled": {"disabled_at": clock.now()}, "demoted": {"role": Role.OPERATOR}}
    change(county, "wang", **gone.get(how, {"name": "王"}))
    wanted: dict[str, Any] = {"grafana_accounts": "none"} if how == "none" else {}
    done = grafana.sync(facts_of(county), **wanted)
    assert [one.action for one in done if one.kind == "account"] == ["disabled"]
    assert requests.get(f"{grafana.url}/api/user", auth=(made.name, str(made.password)), timeout=30).status_code == 401
    again = grafana.sync(facts_of(county), **wanted)
    assert {one.action for one in again if one.kind == "account"} <= {"unchanged"}
    change(county, "wang", disabled_at=None, role=Role.SUPERVISOR)
    assert [one.action for one in grafana.sync(facts_of(county)) if one.kind == "account"] == ["enabled"]
    assert requests.get(f"{grafana.url}/api/user", auth=(made.name, str(made.password)), timeout=30).status_code == 200


def test_an_account_of_ours_is_a_viewer_and_nobody_elses_is_looked_at(grafana: House, county: Database) -> None:
    hand = {"login": f"hand{grafana.prefix}", "password": "by-hand-1", "OrgId": grafana.ask("GET", "/org")["id"]}
    other = grafana.ask("POST", "/admin/users", hand)["id"]
    grafana.left_over.append(f"/admin/users/{other}")
    grafana.ask("PATCH", f"/org/users/{other}", {"role": "Editor"})
    grafana.sync(facts_of(county))
    wang = grafana.people()["wang"]["userId"]
    grafana.ask("PATCH", f"/org/users/{wang}", {"role": "Admin"})
    [team] = grafana.ask("GET", f"/teams/search?name={grafana.prefix}-centre")["teams"]
    grafana.ask("POST", f"/teams/{team['id']}/members", {"userId": other})
    done = grafana.sync(facts_of(county))
    assert [one.action for one in done if one.kind == "account"] == ["updated"]
    assert grafana.people()["wang"]["role"] == "Viewer"
    [there] = [one for one in grafana.ask("GET", "/org/users") if one["userId"] == other]
    assert there["role"] == "Editor"
    assert grafana.members(f"{grafana.prefix}-centre") == {f"{grafana.prefix}-wang", f"hand{grafana.prefix}"}


@pytest.mark.parametrize("version", OLD_AND_NEW)
def test_with_a_token_accounts_are_refused_clearly_and_the_rest_goes_on(
    version: str, county: Database, tmp_path: Path, clock: ManualClock
) -> None:
    with house(version, tmp_path / "data") as grafana:
        assert grafana.server is not None
        token = grafana.server.rooms.token("Admin")
        by_token: dict[str, Any] = {"grafana_user": None, "grafana_password": None, "grafana_token": token}
        done = grafana.sync(facts_of(county), **by_token)
        assert refused(done) == [(f"{grafana.prefix}-wang", "grafana_accounts_need_password")]
        assert len([one for one in done if (one.kind, one.action) == ("dashboard", "created")]) == 7
        assert [path for _, path in grafana.server.heard if path.startswith("/api/admin")] == []
        grafana.sync(facts_of(county))  # a server administrator made the account
        assert refused(grafana.sync(facts_of(county), **by_token)) == []
        leave(county, clock.now())
        done = grafana.sync(facts_of(county), **by_token)
        assert [one.action for one in done if one.kind == "account"] == ["removed"]
        assert grafana.people() == {}


def leave(database: Database, now: datetime) -> None:
    change(database, "wang", disabled_at=now)


def test_a_grafana_that_puts_new_people_elsewhere_has_them_as_viewers_all_the_same(documented: House, county: Database) -> None:
    assert documented.server is not None
    rooms = documented.server.rooms
    rooms.auto_role = "Editor"
    documented.sync(facts_of(county))
    assert documented.people()["wang"]["role"] == "Viewer"
    rooms.auto_assign = False
    documented.sync(facts_of(county), grafana_accounts="all")
    assert {name: one["role"] for name, one in documented.people().items()} == {"wang": "Viewer", "li": "Viewer", "zhao": "Viewer"}


def test_a_person_of_a_single_sign_on_is_taken_out_since_they_cannot_be_disabled(
    documented: House, county: Database, clock: ManualClock
) -> None:
    assert documented.server is not None
    documented.sync(facts_of(county))
    documented.server.rooms.people.external.add(documented.people()["wang"]["userId"])
    leave(county, clock.now())
    done = documented.sync(facts_of(county))
    assert [one.action for one in done if one.kind == "account"] == ["removed"]
    assert documented.people() == {}
