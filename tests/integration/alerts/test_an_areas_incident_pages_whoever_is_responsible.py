"""A role of a step means those whose areas lie in the incident's, or hold it; nobody else's homes are told to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.escalation import settle, step

from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.paging.model import Page
from people.model import Area

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged

AREAS = (
    (1, "street", None, "/street/"),
    (2, "east", 1, "/street/east/"),
    (3, "west", 1, "/street/west/"),
    (4, "estate", 2, "/street/east/estate/"),
)


def test_supervisors_of_other_areas_are_not_paged(paged: Paged) -> None:
    for number, code, parent_id, path in AREAS:
        with paged.town.database.transaction() as session:
            session.add(Area(id=number, code=code, name=code, parent_id=parent_id, path=path))
    for name, areas in (("whole", ()), ("street", (1,)), ("east", (2,)), ("west", (3,)), ("estate", (4,))):
        paged.people.staff(name, name, areas=areas)
    paged.people.policy(step(10, "role:supervisor"), severities=("high",))
    dark = Finding(
        home_id=None,
        device_id=None,
        rule="outage",
        subject="area:east",
        kind="outage",
        severity=Severity.HIGH,
        condition=Condition.ON,
        lane="outage:area:2",
        rule_kind="outage",
        area_id=2,
    )
    paged.town.apply(dark)
    paged.town.later(11)
    settle(paged.loop)
    assert {page.target for page in paged.town.rows(Page)} == {"whole", "street", "east", "estate"}
