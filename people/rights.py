"""Who may do what, and to which homes: the one place for both.

`can` is the table of capabilities by role. `Scope` says which homes a person's eyes reach, as a value (for the live
stream) and as a SQL condition (for every query); nothing outside a scope exists for its person. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute

from people.model import Area, Home, Role, User


class Capability(StrEnum):
    """Something a person may do within their scope."""

    SEE_HOMES = "homes.see"
    CHANGE_HOMES = "homes.change"
    SEE_AREAS = "areas.see"
    CHANGE_AREAS = "areas.change"
    MANAGE_USERS = "users.manage"
    SEE_MEDICAL = "medical.see"
    CHANGE_MEDICAL = "medical.change"
    SEE_DEVICES = "devices.see"
    PROVISION_DEVICES = "devices.provision"
    SEE_UNKNOWN = "unknown.see"
    SEE_INCIDENTS = "incidents.see"
    SEE_NOT_LIVE_INCIDENTS = "incidents.see_not_live"
    OPEN_INCIDENTS = "incidents.open"
    ACT_ON_INCIDENTS = "incidents.act"
    CLOSE_FAULTS = "incidents.close_fault"
    ANSWER_DOCTOR_CALLS = "incidents.answer_doctor_call"
    SERVE_DISPATCHED = "incidents.serve_dispatched"
    NOTE_INCIDENTS = "incidents.note"
    WATCH = "centre.watch"
    SEE_OVERVIEW = "centre.overview"
    SEE_AUDIT = "audit.see"
    SEE_SYSTEM_INCIDENTS = "incidents.see_system"
    SEE_FAMILY_PAGE = "family.see"
    SET_MODES = "modes.set"
    SET_AWAY = "modes.set_away"
    SET_TEST = "modes.set_test"
    SEE_SUPPRESSED = "suppressed.see"
    SEE_RULES = "rules.see"
    CHANGE_RULES = "rules.change"
    SEE_ESCALATION = "escalation.see"
    CHANGE_ESCALATION = "escalation.change"


_C = Capability

_FAMILY = {_C.SEE_HOMES, _C.SEE_DEVICES, _C.SEE_MEDICAL, _C.SEE_INCIDENTS, _C.SEE_FAMILY_PAGE, _C.SET_AWAY}
_INSTALLER = {
    _C.SEE_HOMES,
    _C.CHANGE_HOMES,
    _C.SEE_AREAS,
    _C.SEE_DEVICES,
    _C.PROVISION_DEVICES,
    _C.SEE_UNKNOWN,
    _C.SEE_NOT_LIVE_INCIDENTS,
    _C.CLOSE_FAULTS,
    _C.SET_TEST,
}
# A responder sees the medical card only of homes they are sent to; `Caller.may_see_medical` adds that.
_RESPONDER = {_C.SEE_HOMES, _C.SEE_DEVICES, _C.SEE_INCIDENTS, _C.SERVE_DISPATCHED, _C.NOTE_INCIDENTS}
_DOCTOR = {
    _C.SEE_HOMES,
    _C.SEE_AREAS,
    _C.SEE_DEVICES,
    _C.SEE_MEDICAL,
    _C.CHANGE_MEDICAL,
    _C.SEE_INCIDENTS,
    _C.ANSWER_DOCTOR_CALLS,
    _C.NOTE_INCIDENTS,
}
_OPERATOR = {
    _C.SEE_HOMES,
    _C.CHANGE_HOMES,
    _C.SEE_AREAS,
    _C.SEE_DEVICES,
    _C.SEE_MEDICAL,
    _C.CHANGE_MEDICAL,
    _C.SEE_UNKNOWN,
    _C.SEE_INCIDENTS,
    _C.OPEN_INCIDENTS,
    _C.ACT_ON_INCIDENTS,
    _C.NOTE_INCIDENTS,
    _C.WATCH,
    _C.SEE_OVERVIEW,
    _C.SEE_SYSTEM_INCIDENTS,
    _C.SET_MODES,
    _C.SET_AWAY,
    _C.SET_TEST,
    _C.SEE_SUPPRESSED,
    _C.SEE_RULES,
    _C.SEE_ESCALATION,
}
_SUPERVISOR = _OPERATOR | {
    _C.CHANGE_AREAS,
    _C.MANAGE_USERS,
    _C.PROVISION_DEVICES,
    _C.SEE_AUDIT,
    _C.CHANGE_RULES,
    _C.CHANGE_ESCALATION,
}

CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.ADMINISTRATOR: frozenset(Capability),
    Role.SUPERVISOR: frozenset(_SUPERVISOR),
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.INSTALLER: frozenset(_INSTALLER),
    Role.RESPONDER: frozenset(_RESPONDER),
    Role.DOCTOR: frozenset(_DOCTOR),
    Role.FAMILY: frozenset(_FAMILY),
}


def can(role: Role, capability: Capability) -> bool:
    """Whether the role has the capability at all; the scope decides where."""
    return capability in CAPABILITIES[role]


@dataclass(frozen=True, slots=True)
class Scope:
    """The homes somebody's eyes reach: the whole centre, or subtrees of areas and single homes.

    `dispatched_home_ids` are the homes a responder is being sent to at this moment. The probe's home is in no scope.
    """

    whole_centre: bool
    area_paths: tuple[str, ...] = ()
    home_ids: frozenset[int] = frozenset()
    dispatched_home_ids: frozenset[int] = frozenset()

    def homes(self) -> sa.ColumnElement[bool]:
        """The condition on rows of `homes`."""
        real = Home.is_probe.is_(False)
        if self.whole_centre:
            return real
        reached: list[sa.ColumnElement[bool]] = [Home.id.in_(sorted(self.home_ids | self.dispatched_home_ids))]
        if self.area_paths:
            # Not LIKE: it ignores case on SQLite, and `_` in a code would be a wildcard.
            below = [sa.func.substr(Area.path, 1, len(path)) == path for path in self.area_paths]
            reached.append(Home.area_id.in_(sa.select(Area.id).where(sa.or_(*below))))
        return sa.and_(real, sa.or_(*reached))

    def of_home(self, home_id: QueryableAttribute[int] | QueryableAttribute[int | None]) -> sa.ColumnElement[bool]:
        """The condition on any table by its column of the home's id."""
        return home_id.in_(sa.select(Home.id).where(self.homes()))

    def includes(self, home_id: int, area_path: str | None, *, is_probe: bool = False) -> bool:
        """Whether a home lies inside; the same answer as `homes()` without a query."""
        if is_probe:
            return False
        if self.whole_centre or home_id in self.home_ids or home_id in self.dispatched_home_ids:
            return True
        return area_path is not None and self.includes_area(area_path)

    def includes_area(self, area_path: str) -> bool:
        """Whether an area lies inside."""
        return self.whole_centre or any(area_path.startswith(path) for path in self.area_paths)

    def within(self, other: Scope) -> bool:
        """Whether all of this lies inside `other`, judged by areas and homes as they are written down."""
        if other.whole_centre:
            return True
        if self.whole_centre:
            return False
        return all(other.includes_area(path) for path in self.area_paths) and self.home_ids <= other.home_ids


def scope_of(user: User) -> Scope:
    """The scope of a person: family have their homes and nothing else, administrators everything, others what they were given."""
    role = Role(user.role)
    if role is Role.ADMINISTRATOR:
        return Scope(whole_centre=True)
    home_ids = frozenset(home.id for home in user.homes)
    if role is Role.FAMILY:
        return Scope(whole_centre=False, home_ids=home_ids)
    paths = tuple(sorted(area.path for area in user.areas))
    return Scope(whole_centre=not paths and not home_ids, area_paths=paths, home_ids=home_ids)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person with a role, a scope, and the session they came with."""

    user_id: int
    username: str
    name: str
    role: Role
    scope: Scope
    must_change_password: bool = False
    session_hash: str = field(default="", repr=False)

    def can(self, capability: Capability) -> bool:
        """Whether the role allows it."""
        return can(self.role, capability)

    def may_see_medical(self, home_id: int) -> bool:
        """Whether the medical card of a home inside the scope may be shown."""
        return self.can(Capability.SEE_MEDICAL) or home_id in self.scope.dispatched_home_ids

    def sent_to(self, home_ids: frozenset[int]) -> Caller:
        """The same person with the homes they are being sent to."""
        return replace(self, scope=replace(self.scope, dispatched_home_ids=home_ids))
