"""A rule that throws is set aside; what the other rules make of the same message, and of all others, is kept."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from integration.ingest.test_rules_wait_in_rows_that_commit_with_their_message import Centre, centre
from support.worker import add_device, add_home

from alerts.model import Alert, Poison
from alerts.ruleset.compile import RuleInForce, Ruleset, builtin_rules
from alerts.ruleset.yaml_form import ADAPTER
from ingest import live_rules

__all__ = ["centre"]

SOS = {"type": "sos.pressed"}


def _broken(**spec: Any) -> RuleInForce:
    """A rule whose time or window no code can work with."""
    base = {"name": {"zh": "坏", "en": "Broken"}, "severity": "medium", "raises": "other", **spec}
    broken = {"during": 7} if spec["kind"] == "signal" else {"within_seconds": None}
    return RuleInForce(ADAPTER.validate_python(base).model_copy(update=broken), 1)


FOLLOWS = {
    "kind": "sequence",
    "first": {"signals": ["sos.pressed"]},
    "then": {"signals": ["motion.seen"]},
    "within_seconds": 60,
    "expected": False,
}


def _use(centre: Centre, *rules: RuleInForce) -> None:
    centre.bench.tools.rules._in_use = live_rules._InUse(Ruleset([*rules, *builtin_rules()], "doctored"))


def _set_aside(centre: Centre) -> list[str]:
    with centre.database.snapshot() as session:
        return list(session.scalars(sa.select(Poison.place).order_by(Poison.id)))


def test_a_press_rings_with_its_home_and_its_receipt_whatever_other_rules_do(centre: Centre) -> None:
    _use(centre, _broken(code="waits", **FOLLOWS), _broken(code="hears", kind="signal", on=["sos.pressed"]))
    other = add_home(centre.database, centre.clock.now(), "h2")
    add_device(centre.database, centre.clock.now(), other, "button", "sos_button")
    bench = centre.bench
    bench.pipeline.handle(
        [
            bench.message("yl/v1/h1/pendant/event", {"id": "a", **SOS}),
            bench.message("yl/v1/h2/button/event", {"id": "b", **SOS}),
        ]
    )
    assert sorted(one.home_id or 0 for one in bench.incidents()) == sorted([centre.home, other])
    assert bench.outbox.statuses() == ["accepted", "accepted"]
    with centre.database.snapshot() as session:
        assert sorted(session.scalars(sa.select(Alert.rule))) == ["sos", "sos"]
    assert sorted(_set_aside(centre)) == ["rules.hears", "rules.waits"]


def test_a_rule_that_fails_all_the_time_is_set_aside_once_a_minute(centre: Centre) -> None:
    _use(centre, _broken(code="waits", **FOLLOWS))
    for _ in range(9):
        centre.wait(seconds=10)
        centre.say("pendant", "sos.pressed")
    assert _set_aside(centre) == ["rules.waits"] * 2
