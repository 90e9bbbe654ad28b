"""Bringing Grafana to what the plan says: each thing for itself, and only things of ours.

Every step looks first and writes only a difference, so that a sync may be killed anywhere and run again. A refusal is a
line of the report and the next thing has its turn; only when nothing else could succeed does it end there. Folders,
dashboards, data sources and teams that are not ours are never written, renamed or removed, and nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from yinling.grafana.adapter import Grafana
from yinling.grafana.boards import judge
from yinling.grafana.plan import Board, Desired, Folder, source_is_current
from yinling.grafana.refusal import GrafanaRefusedError

Action = Literal["created", "updated", "unchanged", "kept", "refused", "disabled", "enabled", "removed"]
_VIEW = 1
_MESSAGE = "yinling grafana sync"


@dataclass(frozen=True, slots=True)
class Done:
    """One line of the report."""

    kind: str
    name: str
    action: Action
    code: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    """Of an account just made: to be told once, to the person at the keyboard."""


class Step:
    """What all steps share: whether to write, and refusals that become lines."""

    def __init__(self, grafana: Grafana, *, dry_run: bool) -> None:
        self.grafana = grafana
        self.dry_run = dry_run

    def write(self, what: Callable[[], object]) -> None:
        """Do it, unless nothing is to be changed."""
        if not self.dry_run:
            what()

    def told(self, kind: str, name: str, work: Callable[[], Iterator[Done]]) -> Iterator[Done]:
        """The lines of some work; a refusal ends it as a line of its own, unless nothing else could succeed."""
        try:
            yield from work()
        except GrafanaRefusedError as refused:
            if refused.is_final:
                raise
            code: Action = "kept" if refused.code == "grafana_provisioned" else "refused"
            yield Done(kind, name, code, refused.code, refused.details)


class Content(Step):
    """Teams, folders with their rights, data sources and dashboards."""

    def __init__(self, grafana: Grafana, desired: Desired, *, dry_run: bool, overwrite: bool) -> None:
        super().__init__(grafana, dry_run=dry_run)
        self._desired = desired
        self._overwrite = overwrite
        self.teams: dict[str, int] = {}
        """Numbers of our teams by name; those a dry run would make are missing."""

    def run(self) -> Iterator[Done]:
        """In the order in which one needs the other."""
        for source in self._desired.sources:
            yield from self.told("source", source["name"], partial(self._source, source))
        for team in self._desired.teams:
            yield from self.told("team", team, partial(self._team, team))
        for folder in self._desired.folders:
            yield from self.told("folder", folder.title, partial(self._folder, folder))
        for board in self._desired.boards:
            yield from self.told("dashboard", board.model["title"], partial(self._board, board))

    def _source(self, wanted: Mapping[str, Any]) -> Iterator[Done]:
        uid, name = wanted["uid"], wanted["name"]
        found = self.grafana.source(uid)
        if found is None:
            self.write(lambda: self.grafana.create_source(wanted))
            yield Done("source", name, "created")
        elif found.get("type") != wanted["type"]:
            raise GrafanaRefusedError("grafana_not_ours", what=found.get("name"), uid=uid)
        elif found.get("readOnly"):
            yield Done("source", name, "kept", "grafana_provisioned", {"what": name, "said": "readOnly"})
        elif source_is_current(found, dict(wanted)):
            yield Done("source", name, "unchanged")
        else:
            version = {"version": found["version"]} if found.get("version") else {}
            self.write(lambda: self.grafana.update_source(uid, {**wanted, **version}))
            yield Done("source", name, "updated")

    def _team(self, name: str) -> Iterator[Done]:
        found = self.grafana.team(name)
        if found is not None:
            self.teams[name] = int(found["id"])
            yield Done("team", name, "unchanged")
            return
        if not self.dry_run:
            self.teams[name] = self.grafana.create_team(name)
        yield Done("team", name, "created")

    def _folder(self, wanted: Folder) -> Iterator[Done]:
        found = self.grafana.folder(wanted.uid)
        if found is None:
            self.write(lambda: self.grafana.create_folder(wanted.uid, wanted.title))
            yield Done("folder", wanted.title, "created")
        elif found.get("title") != wanted.title:
            self.write(lambda: self.grafana.rename_folder(wanted.uid, wanted.title, found.get("version")))
            yield Done("folder", wanted.title, "updated")
        else:
            yield Done("folder", wanted.title, "unchanged")
        if found is None and self.dry_run:
            return
        yield from self.told("rights", wanted.title, partial(self._rights, wanted))

    def _rights(self, wanted: Folder) -> Iterator[Done]:
        """Our teams see it and other viewers do not; whatever else a person granted stays."""
        present = [item for item in map(_right, self.grafana.folder_rights(wanted.uid)) if item is not None]
        ours = set(self.teams.values())
        kept = [item for item in present if item.get("role") != "Viewer" and item.get("teamId") not in ours]
        told = [{"teamId": self.teams[name], "permission": _VIEW} for name in wanted.teams if name in self.teams]
        if {_key(item) for item in present} == {_key(item) for item in kept + told}:
            yield Done("rights", wanted.title, "unchanged")
            return
        self.write(lambda: self.grafana.set_folder_rights(wanted.uid, kept + told))
        yield Done("rights", wanted.title, "updated")

    def _board(self, wanted: Board) -> Iterator[Done]:
        title, uid = wanted.model["title"], wanted.model["uid"]
        found = self.grafana.dashboard(uid)
        verdict = judge(found, wanted.model, wanted.folder_uid, self._desired.prefix, overwrite=self._overwrite)
        if verdict == "unchanged":
            yield Done("dashboard", title, "unchanged")
        elif verdict == "provisioned":
            yield Done("dashboard", title, "kept", "grafana_provisioned", {"what": title, "said": "provisioned"})
        elif verdict == "by_hand":
            raise GrafanaRefusedError("grafana_changed_by_hand", what=title)
        elif verdict == "not_ours":
            raise GrafanaRefusedError("grafana_not_ours", what=title, uid=uid)
        else:
            version = {} if found is None else {"version": found["dashboard"].get("version")}
            self.write(lambda: self.grafana.save_dashboard({**wanted.model, **version}, wanted.folder_uid, _MESSAGE))
            yield Done("dashboard", title, "created" if found is None else "updated")


def _right(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """One right as it is to be written again; None for what is inherited, or an administrator's by nature."""
    if item.get("inherited") or item.get("role") == "Admin":
        return None
    who = {key: item[key] for key in ("userId", "teamId", "role") if item.get(key)}
    return {**who, "permission": item["permission"]} if who else None


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (item.get("userId"), item.get("teamId"), item.get("role"), item["permission"])


__all__ = ["Action", "Content", "Done", "Step"]
