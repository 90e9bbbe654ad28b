"""What the Grafana of `grafana_server.py` keeps: each resource as its HTTP API documentation describes it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from support.grafana_people import Caller, Json, People, RefusedError, Teams


@dataclass
class Rooms:
    """One Grafana with one organisation."""

    version: str
    hides_version: bool = False
    database: str = "ok"
    organisation: Json = field(default_factory=lambda: {"id": 1, "name": "Main Org.", "address": {}})
    auto_assign: bool = True
    auto_role: str = "Viewer"

    def __post_init__(self) -> None:
        self.numbers = count(100)
        self.people = People(self)
        self.teams = Teams(self)
        self.folders = Folders(self)
        self.dashboards = Dashboards(self)
        self.sources = Sources(self)
        self.annotations = Annotations(self)
        self.tokens: dict[str, str] = {}

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def health(self) -> Json:
        if self.database != "ok":
            raise _unwell(self.database)
        shown = {} if self.hides_version else {"commit": "abc", "version": self.version}
        return {"database": "ok", **shown}

    def token(self, role: str) -> str:
        secret = f"glsa_{role}_{next(self.numbers)}"
        self.tokens[secret] = role
        return secret

    def caller(self, kind: str, name: str, password: str) -> Caller:
        if kind == "Bearer":
            if name not in self.tokens:
                raise RefusedError(401, "Invalid API key", messageId="api-key.invalid", statusCode=401, traceID="")
            return Caller(0, self.tokens[name], is_server_admin=False)
        person = next((one for one in self.people.known.values() if one["login"] == name), None)
        if kind != "Basic" or person is None or person["password"] != password:
            raise RefusedError(401, "Invalid username or password", messageId="password-auth.failed", statusCode=401, traceID="")
        if person["isDisabled"]:
            raise RefusedError(401, "User is disabled", messageId="user.sync.disabled")
        return Caller(person["id"], self.people.roles.get(person["id"], "Viewer"), is_server_admin=person["isAdmin"])


def _unwell(database: str) -> RefusedError:
    refused = RefusedError(503, "")
    refused.body = {"database": database, "version": "11.6.0"}
    return refused


def valid_uid(uid: str, major: int) -> None:
    if len(uid) > 40:
        raise RefusedError(422 if major >= 13 else 400, "uid too long, max 40 characters")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", uid):
        raise RefusedError(422 if major >= 13 else 400, "uid contains illegal characters")


class Folders:
    """Folders, with versions and rights."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.kept: dict[str, Json] = {}
        self.granted: dict[str, list[Json]] = {}

    def all(self) -> list[Json]:
        return [{"id": one["id"], "uid": uid, "title": one["title"]} for uid, one in self.kept.items()]

    def get(self, uid: str) -> Json:
        if uid not in self.kept:
            raise RefusedError(404, "folder not found", status="not-found")
        return {**self.kept[uid], "hasAcl": True, "canSave": True, "createdBy": "admin", "url": f"/dashboards/f/{uid}/x"}

    def create(self, caller: Caller, body: Json) -> Json:
        uid, title = body.get("uid") or f"f{next(self._rooms.numbers)}", body.get("title") or ""
        valid_uid(uid, self._rooms.major)
        if not title:
            raise RefusedError(400, "folder title cannot be empty")
        if uid in self.kept or uid in self._rooms.dashboards.kept:
            raise RefusedError(409, "a folder/dashboard with the same uid already exists")
        if self._rooms.major < 11 and any(one["title"] == title for one in self.kept.values()):
            raise RefusedError(409, "a folder or dashboard in the general folder with the same name already exists")
        self.kept[uid] = {"id": next(self._rooms.numbers), "uid": uid, "title": title, "version": 1}
        creator = [{"userId": caller.user, "permission": 4}] if caller.user else []
        self.granted[uid] = [*creator, {"role": "Viewer", "permission": 1}, {"role": "Editor", "permission": 2}]
        return self.get(uid)

    def update(self, uid: str, body: Json) -> Json:
        self.get(uid)
        if not body.get("overwrite") and body.get("version") != self.kept[uid]["version"]:
            raise RefusedError(412, "the folder has been changed by someone else", status="version-mismatch")
        self.kept[uid] = {**self.kept[uid], "title": body["title"], "version": self.kept[uid]["version"] + 1}
        return self.get(uid)

    def delete(self, uid: str) -> Json:
        self.get(uid)
        self.kept.pop(uid)
        for board in [one for one, kept in self._rooms.dashboards.kept.items() if kept["folder"] == uid]:
            self._rooms.dashboards.kept.pop(board)
        return {"message": "Folder deleted", "id": 1}

    def rights(self, uid: str) -> list[Json]:
        self.get(uid)
        blank = {"userId": 0, "userLogin": "", "teamId": 0, "team": "", "isFolder": True, "uid": uid, "inherited": False}
        return [{**blank, **one} for one in self.granted[uid]]

    def set_rights(self, uid: str, items: list[Json]) -> Json:
        self.get(uid)
        for item in items:
            if item.get("teamId") and item["teamId"] not in self._rooms.teams.names:
                raise RefusedError(400, "Failed to create permission", error="team not found")
        self.granted[uid] = copy.deepcopy(items)
        return {"message": "Folder permissions updated", "id": 1, "title": self.kept[uid]["title"]}


class Dashboards:
    """Dashboards by uid, with versions; what is provisioned cannot be saved."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.kept: dict[str, Json] = {}

    def get(self, uid: str) -> Json:
        if uid not in self.kept:
            raise RefusedError(404, "Dashboard not found", status="not-found")
        one = self.kept[uid]
        panels = [{"pluginVersion": self._rooms.version, "transparent": False, **panel} for panel in one["model"].get("panels", [])]
        model = {**one["model"], "id": one["id"], "schemaVersion": 42, "fiscalYearStartMonth": 0, "panels": panels}
        meta = {"folderUid": one["folder"], "provisioned": one["provisioned"], "version": one["model"]["version"], "canSave": True}
        return {"dashboard": model, "meta": meta}

    def save(self, body: Json) -> Json:
        model, folder = dict(body["dashboard"]), body.get("folderUid") or ""
        uid = model.get("uid") or f"d{next(self._rooms.numbers)}"
        valid_uid(uid, self._rooms.major)
        if not model.get("title"):
            raise RefusedError(400, "Dashboard title cannot be empty", status="empty-name")
        if folder and folder not in self._rooms.folders.kept:
            raise RefusedError(404 if self._rooms.major >= 12 else 400, "Folder not found")
        there = self.kept.get(uid)
        if there is not None and there["provisioned"]:
            raise RefusedError(400, "Cannot save provisioned dashboard")
        if there is not None and not body.get("overwrite") and model.get("version") != there["model"]["version"]:
            raise RefusedError(412, "The dashboard has been changed by someone else", status="version-mismatch")
        same = [one for other, one in self.kept.items() if other != uid and one["folder"] == folder]
        if self._rooms.major < 11 and any(one["model"]["title"] == model["title"] for one in same):
            raise RefusedError(412, "A dashboard with the same name in the folder already exists", status="name-exists")
        version = 1 if there is None else there["model"]["version"] + 1
        number = next(self._rooms.numbers) if there is None else there["id"]
        self.kept[uid] = {"id": number, "folder": folder, "provisioned": False, "model": {**model, "uid": uid, "version": version}}
        return {
            "id": number,
            "uid": uid,
            "url": f"/d/{uid}/x",
            "status": "success",
            "version": version,
            "slug": "x",
            "folderUid": folder,
        }

    def delete(self, uid: str) -> Json:
        title = self.get(uid)["dashboard"]["title"]
        if self.kept[uid]["provisioned"]:
            raise RefusedError(400, "provisioned dashboard cannot be deleted")
        self.kept.pop(uid)
        return {"title": title, "message": f"Dashboard {title} deleted", "id": 1}


class Sources:
    """Data sources: their secrets go in and never come out."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.kept: dict[str, Json] = {}

    def all(self) -> list[Json]:
        return [self.get(uid) for uid in self.kept]

    def get(self, uid: str) -> Json:
        if uid not in self.kept:
            raise RefusedError(404, "Data source not found")
        told = copy.deepcopy(self.kept[uid])
        secrets = told.pop("secureJsonData", {})
        return {**told, "secureJsonFields": dict.fromkeys(secrets, True)}

    def by_number(self, number: int) -> Json:
        if self._rooms.major >= 13:
            raise RefusedError(404, "Not found")  # `datasourceLegacyIdApi` is off
        return next(self.get(uid) for uid, one in self.kept.items() if one["id"] == number)

    def create(self, body: Json) -> Json:
        uid = body.get("uid") or f"s{next(self._rooms.numbers)}"
        valid_uid(uid, self._rooms.major)
        if any(one["name"] == body["name"] for one in self.kept.values()):
            raise RefusedError(409, "data source with the same name already exists")
        if uid in self.kept:
            raise RefusedError(409, "data source with the same uid already exists")
        self._keep(uid, body, next(self._rooms.numbers), 1)
        return {"datasource": self.get(uid), "id": self.kept[uid]["id"], "message": "Datasource added", "name": body["name"]}

    def update(self, uid: str, body: Json) -> Json:
        there = self.get(uid)
        if there["readOnly"]:
            raise RefusedError(403, "Cannot update read-only data source")
        if body.get("version") and body["version"] != there["version"]:
            raise RefusedError(409, "Datasource has already been updated by someone else. Please reload and try again")
        if any(one["name"] == body["name"] for other, one in self.kept.items() if other != uid):
            raise RefusedError(409, "Failed to update datasource: data source with the same name already exists")
        self._keep(uid, body, there["id"], there["version"] + 1)
        return {"datasource": self.get(uid), "id": there["id"], "message": "Datasource updated", "name": body["name"]}

    def delete(self, uid: str) -> Json:
        self.get(uid)
        return {"message": "Data source deleted", "id": self.kept.pop(uid)["id"]}

    def _keep(self, uid: str, body: Json, number: int, version: int) -> None:
        told = {"orgId": 1, "typeLogoUrl": "", "user": "", "database": "", "withCredentials": False, "readOnly": False, **body}
        self.kept[uid] = copy.deepcopy({**told, "uid": uid, "id": number, "version": version})


class Annotations:
    """Annotations of the organisation."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.kept: dict[int, Json] = {}

    def search(self, query: Mapping[str, list[str]]) -> list[Json]:
        begin, end = int(query.get("from", ["0"])[0]), int(query.get("to", ["9" * 15])[0])
        tags, limit = set(query.get("tags", [])), int(query.get("limit", ["100"])[0])
        found = [one for one in self.kept.values() if one["time"] <= end and one["timeEnd"] >= begin and tags <= set(one["tags"])]
        return sorted(found, key=lambda one: (-int(one["timeEnd"]), -int(one["time"])))[:limit]

    def create(self, body: Json) -> Json:
        if not body.get("text"):
            raise RefusedError(400, "Failed to save annotation", error="text field should not be empty")
        number = next(self._rooms.numbers)
        told = {"id": number, "alertId": 0, "dashboardId": 0, "panelId": 0, "userId": 1, "newState": "", "login": "admin"}
        end = body.get("timeEnd") or body["time"]
        self.kept[number] = {**told, "text": body["text"], "time": body["time"], "timeEnd": end, "tags": sorted(set(body["tags"]))}
        return {"message": "Annotation added", "id": number}

    def patch(self, number: int, body: Json) -> Json:
        if number not in self.kept:
            raise RefusedError(404, "Annotation not found")
        told = {key: value for key, value in body.items() if key in {"text", "tags", "time", "timeEnd"} and value}
        self.kept[number] = {**self.kept[number], **told}
        return {"message": "Annotation patched"}

    def delete(self, number: int) -> Json:
        if self.kept.pop(number, None) is None:
            raise RefusedError(404, "Could not find annotation to delete")
        return {"message": "Annotation deleted"}
