"""Who may sign in to the demonstration centre. The passwords are printed at every start and mean nothing elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from people.model import Role

ADMINISTRATOR_PASSWORD = "demo-admin"  # noqa: S105 printed on purpose
HOMES = 200
"""How many homes the town has unless told otherwise."""
FAMILY_HOME = "h0001"
"""The home the family sign-in sees, and where the trial button hangs."""


@dataclass(frozen=True, slots=True)
class Account:
    """One sign-in. `areas` and `homes` are codes."""

    username: str
    password: str
    role: Role
    name: str
    role_name: str
    phone: str | None = None
    areas: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()


ACCOUNTS: tuple[Account, ...] = (
    Account("operator", "demo-operator", Role.OPERATOR, "陈静", "调度员 · operator", "128 0000 9001"),
    Account("supervisor", "demo-supervisor", Role.SUPERVISOR, "周敏", "值班长 · supervisor", "128 0000 9002"),
    Account("family", "demo-family", Role.FAMILY, "王晓明", "家属 · family", "128 0000 9003", homes=(FAMILY_HOME,)),
    Account("installer", "demo-installer", Role.INSTALLER, "赵强", "安装员 · installer", "128 0000 9004"),
    Account("responder", "demo-responder", Role.RESPONDER, "刘洋", "响应人员 · responder", "128 0000 9005"),
    Account("doctor", "demo-doctor", Role.DOCTOR, "孙医生", "医生 · doctor", "128 0000 9006"),
    Account("admin", ADMINISTRATOR_PASSWORD, Role.ADMINISTRATOR, "管理员", "管理员 · administrator"),
)

COLLEAGUE = "colleague"
"""The simulated operator's sign-in name; its password is derived from the folder's key and printed nowhere."""

MORE_RESPONDERS: tuple[tuple[str, str, str], ...] = (
    ("responder-wutong", "吴建国", "wutong"),
    ("responder-qingshi", "郑丽华", "qingshi"),
)
"""Further people to send: sign-in name (password as `responder`), name, area."""
