"""From what a centre is to what Grafana should hold: folders, dashboards, data sources, teams, accounts. Pure.

Everything of ours has a uid, name or sign-in name that begins with the prefix, and that alone says what is ours. A
folder of an area is seen by the supervisors of the centre, of the area and of the areas above it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from core.config import Settings
from yinling.grafana.boards import HOUSE, Model, marked, with_choice, with_constant, with_prefix
from yinling.grafana.facts import AreaFact, Facts, SupervisorFact

HOME_BOARD = "home"
"""The file of the dashboard that every area with homes gets a copy of."""
_UID_LENGTH = 40
_UID = re.compile(r"[A-Za-z0-9_-]+")
_MOST_CHOICES = 2000
_SECRETS = frozenset({"token", "tlsCACert"})
_STAMP = "yinling"
"""Where a data source keeps the digest of what it was given, since its secret cannot be read back."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, and the teams that see it."""

    uid: str
    title: str
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard and where it lies."""

    folder_uid: str
    model: Model


@dataclass(frozen=True, slots=True)
class Account:
    """A viewer of ours."""

    login: str
    name: str
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know of the plan: a code of `core.messages` with its details, or a plain remark."""

    code: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desired:
    """What should be there."""

    prefix: str
    folders: tuple[Folder, ...]
    boards: tuple[Board, ...]
    sources: tuple[Model, ...]
    teams: tuple[str, ...]
    accounts: tuple[Account, ...]
    without_account: tuple[str, ...] = ()
    """Supervisors of single areas who get no account, since the free Grafana cannot keep other areas' readings from them."""
    notes: tuple[Note, ...] = ()


def make_plan(facts: Facts, settings: Settings, boards: Mapping[str, Model], authority: str | None = None) -> Desired:
    """The whole of it; `authority` is the certificate (PEM) data sources are verified by, where it is the centre's own."""
    prefix = settings.grafana_prefix
    centre_team = f"{prefix}-centre"
    suffix = "" if prefix == HOUSE else f" {prefix}"
    root = Folder(prefix, f"银铃 Yinling{suffix}", (centre_team,))
    folders, placed = [root], [Board(root.uid, marked(_fitted(model, settings), prefix)) for model in boards.values()]
    for area in facts.areas:
        folder = _folder(area, prefix, centre_team, suffix)
        folders.append(folder)
        if HOME_BOARD in boards and (choices := _choices(facts, area)):
            placed.append(Board(folder.uid, _area_board(boards[HOME_BOARD], area, choices, settings)))
    sources, notes = _sources(settings, authority)
    accounts, left_out = _accounts(facts, settings)
    teams = (centre_team, *(folder.uid for folder in folders[1:]))
    return Desired(prefix, tuple(folders), tuple(placed), sources, teams, accounts, left_out, notes)


def slug(prefix: str, kind: str, code: str) -> str:
    """A uid for something known by a code: readable where it fits into what Grafana takes."""
    readable = f"{prefix}-{kind}-{code}"
    if len(readable) <= _UID_LENGTH and _UID.fullmatch(readable):
        return readable
    return f"{prefix}-{kind}-{sha256(code.encode()).hexdigest()[:16]}"[:_UID_LENGTH]


def _folder(area: AreaFact, prefix: str, centre_team: str, suffix: str) -> Folder:
    teams = (centre_team, *(slug(prefix, "area", code) for code in area.above))
    return Folder(slug(prefix, "area", area.code), f"银铃 {area.title}{suffix}", teams)


def _fitted(model: Model, settings: Settings) -> Model:
    told: Model = with_prefix(model, settings.grafana_prefix)
    return with_constant(told, "centre", settings.influx_centre)


def _choices(facts: Facts, area: AreaFact) -> dict[str, str]:
    """The homes right in an area: what people call them, and what readings call them."""
    here = [home for home in facts.homes if home.area == area.code]
    return {home.code: str(home.id) for home in here[:_MOST_CHOICES]}


def _area_board(model: Model, area: AreaFact, choices: Mapping[str, str], settings: Settings) -> Model:
    prefix = settings.grafana_prefix
    told = with_choice(_fitted(model, settings), "home", choices)
    return marked({**told, "uid": slug(prefix, "homes", area.code), "title": f"{model['title']} · {area.title}"}, prefix)


def _sources(settings: Settings, authority: str | None) -> tuple[tuple[Model, ...], tuple[Note, ...]]:
    """Data sources, and notes about those that cannot be made."""
    prefix, found, notes = settings.grafana_prefix, [], []
    suffix = "" if prefix == HOUSE else f" {prefix}"
    influx, token = settings.grafana_influx_url or settings.influx_url, settings.grafana_influx_token
    if influx is not None and token is None:
        notes.append(Note("grafana_read_token_missing", {"what": f"{prefix}-readings"}))
    if influx is not None and token is not None:
        where = {"organization": settings.influx_org, "defaultBucket": settings.influx_bucket}
        data = {"version": "Flux", **where, "httpMode": "POST", "token": token.get_secret_value()}
        name = f"银铃读数 Yinling readings{suffix}"
        found.append(_source(f"{prefix}-readings", "influxdb", name, influx, {**data, **_trust(influx, authority)}))
    if (prometheus := settings.grafana_prometheus_url) is not None:
        data, name = {"httpMethod": "POST", "timeInterval": "15s"}, f"银铃指标 Yinling metrics{suffix}"
        found.append(_source(f"{prefix}-metrics", "prometheus", name, prometheus, {**data, **_trust(prometheus, authority)}))
    return tuple(found), tuple(notes)


def _trust(url: str, authority: str | None) -> Model:
    """Grafana verifies what speaks TLS by the centre's own authority, where it has one."""
    return {"tlsAuthWithCACert": True, "tlsCACert": authority} if authority is not None and url.startswith("https://") else {}


def _source(uid: str, kind: str, name: str, url: str, told: Model) -> Model:
    """A data source; what must not be read back goes where Grafana keeps secrets."""
    secret = {key: value for key, value in told.items() if key in _SECRETS}
    data = {key: value for key, value in told.items() if key not in _SECRETS}
    digest = sha256(repr([uid, kind, name, url, sorted(told.items())]).encode()).hexdigest()[:16]
    model = {"uid": uid, "name": name, "type": kind, "access": "proxy", "url": url, "isDefault": False, "basicAuth": False}
    return {**model, "jsonData": {**data, _STAMP: digest}, "secureJsonData": secret}


def source_is_current(found: Mapping[str, Any], wanted: Model) -> bool:
    """Whether Grafana's data source is the wanted one, its secret included."""
    data = found.get("jsonData") or {}
    same = all(found.get(key) == wanted[key] for key in ("name", "type", "access", "url"))
    return same and all(data.get(key) == value for key, value in wanted["jsonData"].items())


def _accounts(facts: Facts, settings: Settings) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    prefix, known = settings.grafana_prefix, {area.code for area in facts.areas}
    wanted, left_out = [], []
    for person in facts.supervisors:
        if settings.grafana_accounts == "none":
            continue
        if person.is_limited and (settings.grafana_accounts != "all" or not person.areas):
            left_out.append(person.username)
            continue
        # Grafana keeps sign-in names in small letters.
        wanted.append(Account(f"{prefix}-{person.username}".lower(), person.name, _teams_of(person, prefix, known)))
    return tuple(wanted), tuple(left_out)


def _teams_of(person: SupervisorFact, prefix: str, known: set[str]) -> tuple[str, ...]:
    """The centre's, or those of their areas."""
    if not person.is_limited:
        return (f"{prefix}-centre",)
    return tuple(slug(prefix, "area", code) for code in person.areas if code in known)


__all__ = ["HOME_BOARD", "Account", "Board", "Desired", "Folder", "Note", "make_plan", "slug", "source_is_current"]
