"""Who is known to the Grafana of `grafana_server.py`: people, their roles, teams, and what each may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.grafana_rooms import Rooms

ORDER = ("Viewer", "Editor", "Admin")
Json = dict[str, Any]


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, http_status: int, message: str, /, **more: Any) -> None:
        super().__init__(message)
        self.status = http_status
        self.body = {"message": message, **more}


@dataclass(frozen=True)
class Caller:
    """Whoever asks."""

    user: int
    role: str
    is_server_admin: bool

    def must_be(self, role: str) -> None:
        if role == "server":
            if not self.is_server_admin:
                raise RefusedError(
                    403, "You'll need additional permissions to perform this action. Permissions needed: users:create"
                )
        elif ORDER.index(self.role) < ORDER.index(role):
            raise RefusedError(403, "You'll need additional permissions to perform this action.")


class People:
    """Everybody, and their roles in the organisation."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.known: dict[int, Json] = {}
        self.roles: dict[int, str] = {}
        self.external: set[int] = set()
        self._keep(1, "admin", "admin", "Admin", is_admin=True)

    def _keep(self, number: int, login: str, password: str, role: str | None, *, name: str = "", is_admin: bool = False) -> None:
        who = {"id": number, "login": login, "email": login, "name": name}
        self.known[number] = {**who, "password": password, "isAdmin": is_admin, "isDisabled": False}
        if role is not None:
            self.roles[number] = role

    def made_by_hand(self, login: str, role: str = "Viewer") -> int:
        number = next(self._rooms.numbers)
        self._keep(number, login, "by-hand", role)
        return number

    def myself(self, number: int) -> Json:
        if number == 0:
            raise RefusedError(404, "user not found")  # a service account is nobody
        return {key: self.known[number][key] for key in ("id", "login", "email", "name", "isDisabled")}

    def of_organisation(self) -> list[Json]:
        told = []
        for number, role in self.roles.items():
            person = self.known[number]
            shown = {key: person[key] for key in ("login", "email", "name", "isDisabled")}
            told.append({"orgId": 1, "userId": number, "role": role, "avatarUrl": "", "lastSeenAtAge": "10y", **shown})
        return told

    def lookup(self, query: Mapping[str, list[str]]) -> Json:
        wanted = query["loginOrEmail"][0]
        person = next((one for one in self.known.values() if wanted in {one["login"], one["email"]}), None)
        if person is None:
            raise RefusedError(404, "user not found")
        return {**{key: person[key] for key in ("id", "login", "email", "name", "isDisabled")}, "orgId": 1}

    def create(self, body: Json) -> Json:
        login = str(body.get("login") or body.get("email") or "").strip().lower()
        if not login:
            raise RefusedError(400, "Validation error, need specify either username or email")
        if len(str(body.get("password") or "")) < 4:
            raise RefusedError(400, "Password is missing or too short")
        if any(login in {one["login"], one["email"]} for one in self.known.values()):
            raise RefusedError(412, f"User with email '' or username '{login}' already exists")
        number = next(self._rooms.numbers)
        role = self._rooms.auto_role if self._rooms.auto_assign else None
        self._keep(number, login, body["password"], role, name=str(body.get("name") or ""))
        return {"id": number, "uid": f"u{number}", "message": "User created"}

    def delete(self, number: int) -> Json:
        if self.known.pop(number, None) is None:
            raise RefusedError(404, "user not found")
        self._forget(number)
        return {"message": "User deleted"}

    def turn(self, number: str, how: str) -> Json:
        person = self.known.get(int(number))
        if person is None:
            raise RefusedError(404, "user not found")
        if person["id"] in self.external:
            raise RefusedError(500, f"Could not {how} external user")
        person["isDisabled"] = how == "disable"
        return {"message": f"User {how}d"}

    def join(self, body: Json) -> Json:
        number = int(self.lookup({"loginOrEmail": [body["loginOrEmail"]]})["id"])
        if number in self.roles:
            raise RefusedError(409, "User is already member of this organization")
        self.roles[number] = body["role"]
        return {"message": "User added to organization", "userId": number}

    def set_role(self, number: int, body: Json) -> Json:
        if number not in self.roles:
            raise RefusedError(404, "user not found")
        self.roles[number] = body["role"]
        return {"message": "Organization user updated"}

    def leave(self, number: int) -> Json:
        if number not in self.roles:
            raise RefusedError(404, "user not found")
        self._forget(number)
        self.known.pop(number)  # in no organisation any more: Grafana removes such a person
        return {"message": "User removed from organization"}

    def _forget(self, number: int) -> None:
        self.roles.pop(number, None)
        for members in self._rooms.teams.inside.values():
            members.discard(number)


class Teams:
    """Teams and who is in them."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.names: dict[int, str] = {}
        self.inside: dict[int, set[int]] = {}

    def search(self, query: Mapping[str, list[str]]) -> Json:
        name, part = query.get("name", [""])[0], query.get("query", [""])[0]
        found = [(number, called) for number, called in self.names.items() if (called == name if name else part in called)]
        told = [
            {"id": number, "uid": f"t{number}", "orgId": 1, "name": called, "email": "", "memberCount": len(self.inside[number])}
            for number, called in found
        ]
        return {"totalCount": len(told), "teams": told, "page": 1, "perPage": 1000}

    def create(self, caller: Caller, body: Json) -> Json:
        if body["name"] in self.names.values():
            raise RefusedError(409, "Team name taken")
        number = next(self._rooms.numbers)
        self.names[number] = body["name"]
        self.inside[number] = {caller.user} if caller.user else set()  # whoever makes a team is in it
        return {"message": "Team created", "teamId": number, "uid": f"t{number}"}

    def delete(self, number: int) -> Json:
        self._of(number)
        self.names.pop(number)
        self.inside.pop(number)
        return {"message": "Team deleted"}

    def members(self, number: int) -> list[Json]:
        people = self._rooms.people.known
        return [{"orgId": 1, "teamId": number, "userId": who, "login": people[who]["login"]} for who in self._of(number)]

    def add(self, number: int, who: int) -> Json:
        if who in self._of(number):
            raise RefusedError(400, "User is already added to this team")
        self.inside[number].add(who)
        return {"message": "Member added to Team"}

    def remove(self, number: int, who: int) -> Json:
        if who not in self._of(number):
            raise RefusedError(404, "Team member not found.")
        self.inside[number].discard(who)
        return {"message": "Team Member removed"}

    def _of(self, number: int) -> set[int]:
        if number not in self.names:
            raise RefusedError(404, "Team not found.")
        return self.inside[number]
