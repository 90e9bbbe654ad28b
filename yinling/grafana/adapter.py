"""Grafana's HTTP API, through `grafana-api` and nothing else.

Only routes by uid are used where Grafana has them (13 switches those of data sources by number off); where the library
has no such method its `face.api` is asked directly. Each refusal is a `GrafanaRefusedError` with a stable code. Nothing
is sent twice by itself: whoever calls may repeat any call, since every write names what it writes. Redirects are never
followed, for they would turn a write into a read and could carry the sign-in elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace

from core.config import Settings
from core.transport import is_loopback
from yinling.grafana.refusal import GrafanaRefusedError, missing, refusal_of

TIMEOUT_SECONDS = 15.0
OLDEST = 10
"""The oldest major version whose API this speaks: folders, data sources and teams as they are since then."""


class Grafana:
    """One organisation of one Grafana. `ask` is the only way out; not shared between threads."""

    def __init__(self, settings: Settings) -> None:
        if settings.grafana_url is None:
            raise GrafanaRefusedError("grafana_not_set_up")
        self.address = settings.grafana_url.rstrip("/")
        self.by_password = settings.grafana_user is not None and settings.grafana_password is not None
        auth = _sign_in(settings)
        where = urlsplit(self.address)
        if where.scheme != "https" and not is_loopback(where.hostname or "") and "grafana" not in settings.plain_links:
            raise GrafanaRefusedError("grafana_in_the_clear", address=self.address)
        path = where.path.strip("/")
        self._face = GrafanaFace(
            auth,
            host=where.netloc,
            url_path_prefix=f"{path}/" if path else "",
            protocol=where.scheme,
            verify=True if settings.tls_authority is None else str(settings.tls_authority),
            timeout=TIMEOUT_SECONDS,
        )
        self._face.api.s.max_redirects = 0
        self._face.api.s.trust_env = False  # a .netrc or a proxy of the surroundings must not replace this sign-in or see it

    def ask(self, method: str, path: str, body: Any = None, *, what: str) -> Any:
        """One request; the answer's JSON. `what` names the thing in a refusal's sentence."""
        try:
            return getattr(self._face.api, method)(path, json=body)
        except GrafanaException as error:
            raise refusal_of(error, what, self.address) from error
        except requests.TooManyRedirects as error:
            raise GrafanaRefusedError("grafana_redirects", address=self.address) from error
        except requests.exceptions.JSONDecodeError as error:
            raise GrafanaRefusedError("grafana_not_grafana", address=self.address) from error
        except requests.RequestException as error:
            raise GrafanaRefusedError("grafana_away", address=self.address, error=type(error).__name__) from error

    def find(self, path: str, *, what: str) -> Any | None:
        """What is at `path`, or None where there is nothing."""
        try:
            return self.ask("GET", path, what=what)
        except GrafanaRefusedError as error:
            if missing(error):
                return None
            raise

    def probe(self) -> str:
        """The version, after finding out that this is a Grafana, is well, is new enough and lets us in."""
        health = self._health()
        version = str(health.get("version") or "")
        major = version.partition(".")[0]
        if major.isdecimal() and int(major) < OLDEST:
            raise GrafanaRefusedError("grafana_too_old", version=version, oldest=OLDEST)
        self.organisation()
        return version or "?"

    def _health(self) -> Mapping[str, Any]:
        try:
            health = self._face.api.GET("/health")
        except GrafanaException as error:
            said = error.response if isinstance(error.response, dict) else {}
            if error.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "database" in said:
                raise GrafanaRefusedError("grafana_unwell", address=self.address, error=said["database"]) from error
            if isinstance(error, GrafanaClientError):
                raise GrafanaRefusedError("grafana_not_grafana", address=self.address) from error
            raise refusal_of(error, "/api/health", self.address) from error
        except requests.TooManyRedirects as error:
            raise GrafanaRefusedError("grafana_redirects", address=self.address) from error
        except requests.exceptions.JSONDecodeError as error:
            raise GrafanaRefusedError("grafana_not_grafana", address=self.address) from error
        except requests.RequestException as error:
            raise GrafanaRefusedError("grafana_away", address=self.address, error=type(error).__name__) from error
        if not isinstance(health, dict) or "database" not in health:
            raise GrafanaRefusedError("grafana_not_grafana", address=self.address)
        return health

    def organisation(self) -> Mapping[str, Any]:
        """The organisation this sign-in belongs to: `{id, name}`."""
        found: Mapping[str, Any] = self.ask("GET", "/org", what="/api/org")
        return found

    # Folders

    def folder(self, uid: str) -> Mapping[str, Any] | None:
        """A folder by uid."""
        return self.find(f"/folders/{uid}", what=uid)

    def create_folder(self, uid: str, title: str) -> None:
        """At the root, under our uid."""
        self.ask("POST", "/folders", {"uid": uid, "title": title}, what=title)

    def rename_folder(self, uid: str, title: str, version: Any) -> None:
        """Only when nobody changed it since `version` was read."""
        self.ask("PUT", f"/folders/{uid}", {"title": title, "version": version, "overwrite": False}, what=title)

    def folder_rights(self, uid: str) -> list[dict[str, Any]]:
        """Who may do what in a folder."""
        found: list[dict[str, Any]] = self.ask("GET", f"/folders/{uid}/permissions", what=uid)
        return found

    def set_folder_rights(self, uid: str, items: list[dict[str, Any]]) -> None:
        """All of them; what is not named is taken away."""
        self.ask("POST", f"/folders/{uid}/permissions", {"items": items}, what=uid)

    # Dashboards

    def dashboard(self, uid: str) -> Mapping[str, Any] | None:
        """`{dashboard, meta}` by uid."""
        return self.find(f"/dashboards/uid/{uid}", what=uid)

    def save_dashboard(self, model: Mapping[str, Any], folder_uid: str, message: str) -> None:
        """Create it, or update it when nobody changed it since `model["version"]`."""
        body = {"dashboard": {**model, "id": None}, "folderUid": folder_uid, "message": message, "overwrite": False}
        self.ask("POST", "/dashboards/db", body, what=str(model.get("title")))

    # Data sources

    def source(self, uid: str) -> Mapping[str, Any] | None:
        """A data source by uid."""
        return self.find(f"/datasources/uid/{uid}", what=uid)

    def create_source(self, model: Mapping[str, Any]) -> None:
        """Under our uid."""
        self.ask("POST", "/datasources", model, what=str(model["name"]))

    def update_source(self, uid: str, model: Mapping[str, Any]) -> None:
        """Only when nobody changed it since `model["version"]`."""
        self.ask("PUT", f"/datasources/uid/{uid}", model, what=str(model["name"]))

    # Teams and people

    def team(self, name: str) -> Mapping[str, Any] | None:
        """A team by its exact name."""
        found = self.find(f"/teams/search?name={quote(name, safe='')}", what=name)
        teams = [] if found is None else found.get("teams") or []
        return next((team for team in teams if team.get("name") == name), None)

    def create_team(self, name: str) -> int:
        """Its number."""
        return int(self.ask("POST", "/teams", {"name": name}, what=name)["teamId"])

    def members(self, team: int, name: str) -> list[dict[str, Any]]:
        """Who is in a team."""
        found: list[dict[str, Any]] = self.ask("GET", f"/teams/{team}/members", what=name)
        return found

    def add_member(self, team: int, user: int, name: str) -> None:
        """Put a person into a team."""
        self.ask("POST", f"/teams/{team}/members", {"userId": user}, what=name)

    def remove_member(self, team: int, user: int, name: str) -> None:
        """Take a person out of a team."""
        self.ask("DELETE", f"/teams/{team}/members/{user}", what=name)

    def people(self) -> list[dict[str, Any]]:
        """Everybody of this organisation."""
        found: list[dict[str, Any]] = self.ask("GET", "/org/users", what="/api/org/users")
        return found

    def person(self, login: str) -> Mapping[str, Any] | None:
        """Anybody of this Grafana, by sign-in name; needs a server administrator's password."""
        return self.find(f"/users/lookup?loginOrEmail={quote(login, safe='')}", what=login)

    def create_person(self, login: str, name: str, password: str, organisation: int) -> int:
        """Their number; needs a server administrator's password."""
        body = {"login": login, "name": name, "password": password, "OrgId": organisation}
        return int(self.ask("POST", "/admin/users", body, what=login)["id"])

    def enable_person(self, user: int, login: str) -> None:
        """Let them in again."""
        self.ask("POST", f"/admin/users/{user}/enable", what=login)

    def disable_person(self, user: int, login: str) -> None:
        """Let them in no more, and end what they have open."""
        self.ask("POST", f"/admin/users/{user}/disable", what=login)

    def join(self, login: str, role: str) -> None:
        """Put a person into this organisation."""
        self.ask("POST", "/org/users", {"loginOrEmail": login, "role": role}, what=login)

    def set_role(self, user: int, login: str, role: str) -> None:
        """What they may do in this organisation."""
        self.ask("PATCH", f"/org/users/{user}", {"role": role}, what=login)

    def leave(self, user: int, login: str) -> None:
        """Take a person out of this organisation."""
        self.ask("DELETE", f"/org/users/{user}", what=login)

    # Annotations

    def annotations(self, tag: str, from_ms: int, to_ms: int, limit: int) -> list[dict[str, Any]]:
        """Those with a tag that touch a stretch of time."""
        query = urlencode({"type": "annotation", "tags": tag, "from": from_ms, "to": to_ms, "limit": limit})
        found: list[dict[str, Any]] = self.ask("GET", f"/annotations?{query}", what="/api/annotations")
        return found

    def annotate(self, body: Mapping[str, Any]) -> None:
        """Write a new one, of the whole organisation."""
        self.ask("POST", "/annotations", body, what=str(body["text"]))

    def change_annotation(self, number: int, body: Mapping[str, Any]) -> None:
        """Change what is named of one."""
        self.ask("PATCH", f"/annotations/{number}", body, what=str(body["text"]))

    def forget_annotation(self, number: int) -> None:
        """Remove one."""
        self.ask("DELETE", f"/annotations/{number}", what=f"/api/annotations/{number}")


def _sign_in(settings: Settings) -> str | tuple[str, str]:
    """A token, or a name with a password; with both the password, since it may do more."""
    if settings.grafana_user is not None and settings.grafana_password is not None:
        return settings.grafana_user, settings.grafana_password.get_secret_value()
    if settings.grafana_token is not None:
        return settings.grafana_token.get_secret_value()
    raise GrafanaRefusedError("grafana_not_set_up")


__all__ = ["OLDEST", "Grafana"]
