"""Viewer accounts of supervisors: made once with a made-up password, put into their teams, disabled when they leave.

An account is ours when its sign-in name begins with the prefix; nobody else's account, role or membership is touched.
Making, enabling and disabling needs a server administrator's password. With a token, an account that is no longer wanted
is taken out of the organisation instead, which ends everything it could see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from secrets import token_urlsafe
from typing import Any

from yinling.grafana.adapter import Grafana
from yinling.grafana.plan import Account, Desired
from yinling.grafana.refusal import GrafanaRefusedError
from yinling.grafana.sync import Done, Step

VIEWER = "Viewer"
_PASSWORD_BYTES = 12


class Accounts(Step):
    """Call `run` after the teams were made."""

    def __init__(self, grafana: Grafana, desired: Desired, teams: Mapping[str, int], *, dry_run: bool) -> None:
        super().__init__(grafana, dry_run=dry_run)
        self._desired = desired
        self._teams = teams

    def run(self) -> Iterator[Done]:
        """The wanted, then those wanted no more, then who is in which team."""
        yield from self.told("account", "/api/org/users", self._everybody)

    def _everybody(self) -> Iterator[Done]:
        people = {str(person["login"]): person for person in self.grafana.people()}
        numbers: dict[str, int] = {}
        for account in self._desired.accounts:
            yield from self.told(
                "account",
                account.login,
                partial(self._account, account, people.get(account.login), numbers),
            )
        wanted = {account.login for account in self._desired.accounts}
        ours = {login for login in people if login.startswith(f"{self._desired.prefix}-")}
        for login in sorted(ours - wanted):
            yield from self.told("account", login, partial(self._unwanted, people[login]))
        for name in self._desired.teams:
            yield from self.told("team", name, partial(self._members, name, numbers))

    def _account(self, wanted: Account, found: Mapping[str, Any] | None, numbers: dict[str, int]) -> Iterator[Done]:
        if found is None:
            yield from self._join(wanted, numbers)
            return
        number = numbers[wanted.login] = int(found["userId"])
        if found.get("isDisabled"):
            if not self.grafana.by_password:
                raise GrafanaRefusedError("grafana_accounts_need_password", what=wanted.login)
            self.write(lambda: self.grafana.enable_person(number, wanted.login))
            yield Done("account", wanted.login, "enabled")
        elif found.get("role") == VIEWER:
            yield Done("account", wanted.login, "unchanged")
        if found.get("role") != VIEWER:
            self.write(lambda: self.grafana.set_role(number, wanted.login, VIEWER))
            yield Done("account", wanted.login, "updated")

    def _join(self, wanted: Account, numbers: dict[str, int]) -> Iterator[Done]:
        """Not in this organisation: a new account, or one that was taken out or disabled."""
        if not self.grafana.by_password:
            raise GrafanaRefusedError("grafana_accounts_need_password", what=wanted.login)
        known, password = self.grafana.person(wanted.login), None
        if known is None:
            password = token_urlsafe(_PASSWORD_BYTES)
        if not self.dry_run:
            number = numbers[wanted.login] = self._let_in(wanted, known, password)
            self._settle(number, wanted.login)
        yield Done("account", wanted.login, "created" if known is None else "enabled", password=None if self.dry_run else password)

    def _let_in(self, wanted: Account, known: Mapping[str, Any] | None, password: str | None) -> int:
        if known is None:
            organisation = int(self.grafana.organisation()["id"])
            return self.grafana.create_person(wanted.login, wanted.name, str(password), organisation)
        number = int(known["id"])
        if known.get("isDisabled"):
            self.grafana.enable_person(number, wanted.login)
        return number

    def _settle(self, number: int, login: str) -> None:
        """In this organisation, as a viewer, whatever Grafana does with new people by itself."""
        present = next((person for person in self.grafana.people() if int(person["userId"]) == number), None)
        if present is None:
            self.grafana.join(login, VIEWER)
        elif present.get("role") != VIEWER:
            self.grafana.set_role(number, login, VIEWER)

    def _unwanted(self, person: Mapping[str, Any]) -> Iterator[Done]:
        number, login = int(person["userId"]), str(person["login"])
        if person.get("isDisabled"):
            yield Done("account", login, "unchanged")
            return
        if self.grafana.by_password:
            try:
                self.write(lambda: self.grafana.disable_person(number, login))
            except GrafanaRefusedError as refused:
                if refused.code != "grafana_failed":  # a person of a single sign-on cannot be disabled here, only taken out
                    raise
            else:
                yield Done("account", login, "disabled")
                return
        self.write(lambda: self.grafana.leave(number, login))
        yield Done("account", login, "removed")

    def _members(self, name: str, numbers: Mapping[str, int]) -> Iterator[Done]:
        """Our accounts in and out of a team of ours; whoever else was put into it stays."""
        team = self._teams.get(name)
        if team is None:
            return
        wanted = {account.login for account in self._desired.accounts if name in account.teams and account.login in numbers}
        present = {str(member["login"]): int(member["userId"]) for member in self.grafana.members(team, name)}
        ours = {login for login in present if login.startswith(f"{self._desired.prefix}-")}
        for login in sorted(wanted - ours):
            self.write(partial(self.grafana.add_member, team, numbers[login], name))
            yield Done("member", f"{login} → {name}", "created")
        for login in sorted(ours - wanted):
            self.write(partial(self.grafana.remove_member, team, present[login], name))
            yield Done("member", f"{login} → {name}", "removed")


__all__ = ["VIEWER", "Accounts"]
