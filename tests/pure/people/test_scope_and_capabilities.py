from __future__ import annotations

import pytest

from people.model import Area, Home, Role, User
from people.rights import CAPABILITIES, Caller, Capability, Scope, can, scope_of


def _user(role: Role, *, areas: tuple[str, ...] = (), homes: tuple[int, ...] = ()) -> User:
    return User(role=role, areas=[Area(path=path) for path in areas], homes=[Home(id=id_) for id_ in homes])


def test_an_administrator_may_do_all_that_the_others_may() -> None:
    assert CAPABILITIES[Role.ADMINISTRATOR] == frozenset(Capability)
    assert set(CAPABILITIES) == set(Role)


@pytest.mark.parametrize(
    ("capability", "roles"),
    [
        (Capability.ACT_ON_INCIDENTS, {"administrator", "supervisor", "operator"}),
        (Capability.SEE_MEDICAL, {"administrator", "supervisor", "operator", "doctor", "family"}),
        (Capability.SEE_AUDIT, {"administrator", "supervisor"}),
        (Capability.MANAGE_USERS, {"administrator", "supervisor"}),
        (Capability.PROVISION_DEVICES, {"administrator", "supervisor", "installer"}),
        (Capability.WATCH, {"administrator", "supervisor", "operator"}),
        (Capability.SEE_UNKNOWN, {"administrator", "supervisor", "operator", "installer"}),
        (Capability.CLOSE_FAULTS, {"administrator", "installer"}),
        (Capability.NOTE_INCIDENTS, {"administrator", "supervisor", "operator", "doctor", "responder"}),
    ],
)
def test_the_table_of_capabilities(capability: Capability, roles: set[str]) -> None:
    assert {role.value for role in Role if can(role, capability)} == roles


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.FAMILY])
def test_no_areas_and_no_homes_mean_the_whole_centre_for_staff(role: Role) -> None:
    assert scope_of(_user(role)).whole_centre


def test_a_family_has_its_homes_and_never_an_area() -> None:
    scope = scope_of(_user(Role.FAMILY, areas=("/north/",), homes=(7,)))
    assert scope == Scope(whole_centre=False, home_ids=frozenset({7}))
    assert not scope_of(_user(Role.FAMILY)).includes(7, "/north/")


def test_an_area_means_its_whole_subtree_and_no_name_that_only_begins_alike() -> None:
    scope = Scope(whole_centre=False, area_paths=("/a/b_c/",))
    assert scope.includes(1, "/a/b_c/")
    assert scope.includes(1, "/a/b_c/d/")
    assert not scope.includes(1, "/a/b_cd/")
    assert not scope.includes(1, "/a/bxc/")
    assert not scope.includes(1, "/A/B_C/")
    assert not scope.includes(1, None)


def test_the_probes_home_is_in_nobodys_scope() -> None:
    assert not Scope(whole_centre=True).includes(1, None, is_probe=True)


def test_a_scope_within_another() -> None:
    centre, north, home = (
        Scope(whole_centre=True),
        Scope(whole_centre=False, area_paths=("/n/",)),
        Scope(whole_centre=False, home_ids=frozenset({1})),
    )
    assert north.within(centre)
    assert not centre.within(north)
    assert Scope(whole_centre=False, area_paths=("/n/x/",)).within(north)
    assert not home.within(north)


def test_a_responder_sees_the_medical_card_only_where_sent() -> None:
    caller = Caller(1, "r", "R", Role.RESPONDER, Scope(whole_centre=True))
    assert not caller.may_see_medical(5)
    assert caller.sent_to(frozenset({5})).may_see_medical(5)
    assert not caller.sent_to(frozenset({5})).may_see_medical(6)
