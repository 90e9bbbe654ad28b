"""The Grafanas a test of the adapter runs against: servers of several versions written from the documentation, and a real one.

A real one is used when `YINLING_TEST_GRAFANA_URL` is set, with `YINLING_TEST_GRAFANA_USER` and `…_PASSWORD` of a server
administrator, or `YINLING_TEST_GRAFANA_TOKEN` of a service account with the role Admin. Everything a test makes there
begins with a prefix of its own and is removed afterwards.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from support.grafana_server import GrafanaServer, grafana_server

from core.config import Settings
from core.database import Database
from yinling.grafana.accounts import Accounts
from yinling.grafana.adapter import Grafana
from yinling.grafana.boards import folder_of, load_boards
from yinling.grafana.facts import Facts, read_facts
from yinling.grafana.plan import Desired, make_plan
from yinling.grafana.sync import Content, Done

REAL = "real"
VERSIONS = ("10.4.19", "11.6.0", "12.3.0", "13.0.1")
OLD_AND_NEW = (VERSIONS[0], VERSIONS[-1])


def houses() -> tuple[str, ...]:
    """What to run against."""
    return (*VERSIONS, REAL) if os.environ.get("YINLING_TEST_GRAFANA_URL") else VERSIONS


@dataclass
class House:
    """One Grafana as a test uses it: as Yinling through the adapter, and as anybody else through plain HTTP."""

    url: str
    user: str | None
    password: str | None
    token: str | None
    prefix: str
    data_dir: Path
    server: GrafanaServer | None = None
    left_over: list[str] = field(default_factory=list)
    """Paths of hand-made things to delete at the end."""

    @property
    def has_password(self) -> bool:
        return self.user is not None

    def settings(self, **more: Any) -> Settings:
        sign_in = {"grafana_user": self.user, "grafana_password": self.password, "grafana_token": self.token}
        sources = {
            "grafana_influx_url": "http://influxdb:8086",
            "grafana_influx_token": "reads-only",
            "grafana_prometheus_url": "http://prometheus:9090",
        }
        plain = {"plain_links": ("grafana",)} if self.server is None else {}
        given = {
            "data_dir": self.data_dir,
            "grafana_url": self.url,
            "grafana_prefix": self.prefix,
            **plain,
            **sign_in,
            **sources,
            **more,
        }
        return Settings(**given)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """As somebody else; the answer, which must be a success."""
        answer = self.answer(method, path, body)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json()

    def answer(self, method: str, path: str, body: Any = None) -> requests.Response:
        auth = None if self.user is None else (self.user, str(self.password))
        headers = {} if self.user is not None else {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.url}/api{path}", json=body, auth=auth, headers=headers, timeout=30)

    def by_hand(self, kind: str, title: str, uid: str, **more: Any) -> None:
        """Somebody makes a folder or a dashboard of their own."""
        if kind == "folder":
            self.ask("POST", "/folders", {"uid": uid, "title": title})
            self.left_over.append(f"/folders/{uid}")
            return
        model = {"uid": uid, "title": title, "panels": [], "schemaVersion": 39, **more}
        self.ask("POST", "/dashboards/db", {"dashboard": model, "overwrite": False})
        self.left_over.append(f"/dashboards/uid/{uid}")

    def plan(self, facts: Facts, **more: Any) -> Desired:
        settings = self.settings(**more)
        return make_plan(facts, settings, load_boards(folder_of(None)))

    def sync(self, facts: Facts, *, dry_run: bool = False, overwrite: bool = False, **more: Any) -> list[Done]:
        """Everything but the annotations."""
        settings = self.settings(**more)
        grafana = Grafana(settings)
        grafana.probe()
        desired = make_plan(facts, settings, load_boards(folder_of(None)))
        content = Content(grafana, desired, dry_run=dry_run, overwrite=overwrite)
        done = list(content.run())
        return done + list(Accounts(grafana, desired, content.teams, dry_run=dry_run).run())

    def people(self) -> dict[str, dict[str, Any]]:
        """Our accounts in the organisation, by sign-in name without its prefix."""
        start = f"{self.prefix}-"
        told = self.ask("GET", "/org/users")
        return {one["login"].removeprefix(start): one for one in told if one["login"].startswith(start)}

    def members(self, team: str) -> set[str]:
        """Who of this test is in a team of ours; whoever made it may be in it too."""
        [found] = self.ask("GET", f"/teams/search?name={quote(team, safe='')}")["teams"]
        return {one["login"] for one in self.ask("GET", f"/teams/{found['id']}/members") if self.prefix in one["login"]}

    def annotations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"/annotations?tags={self.prefix}&limit=1000&type=annotation")
        return sorted(found, key=lambda one: int(one["time"]))

    def clean(self) -> None:
        """Remove everything of this prefix, and what was made by hand."""
        for path in self.left_over:
            self.answer("DELETE", path)
        for folder in self.ask("GET", "/folders?limit=1000"):
            if folder["uid"] == self.prefix or folder["uid"].startswith(f"{self.prefix}-"):
                self.answer("DELETE", f"/folders/{folder['uid']}")
        for one in ("readings", "metrics"):
            self.answer("DELETE", f"/datasources/uid/{self.prefix}-{one}")
        for team in self.ask("GET", f"/teams/search?query={self.prefix}")["teams"]:
            self.answer("DELETE", f"/teams/{team['id']}")
        for person in self.people().values() if self.has_password else ():
            self.answer("DELETE", f"/admin/users/{person['userId']}")
        for one_annotation in self.annotations():
            self.answer("DELETE", f"/annotations/{one_annotation['id']}")


@contextmanager
def house(name: str, data_dir: Path) -> Iterator[House]:
    """One of `houses()`, cleaned up afterwards when it is real."""
    prefix = f"ylt{secrets.token_hex(4)}"
    if name != REAL:
        with grafana_server(name) as server:
            yield House(server.url, "admin", "admin", None, prefix, data_dir, server)
        return
    given = {key: os.environ.get(f"YINLING_TEST_GRAFANA_{key}") for key in ("URL", "USER", "PASSWORD", "TOKEN")}
    user = given["USER"]
    password, token = (given["PASSWORD"], None) if user else (None, given["TOKEN"])
    real = House(str(given["URL"]).rstrip("/"), user, password, token, prefix, data_dir)
    try:
        yield real
    finally:
        real.clean()


def facts_of(database: Database) -> Facts:
    with database.snapshot() as session:
        return read_facts(session)
