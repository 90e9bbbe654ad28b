"""An annotation for each incident: opened and closed, drills marked, tests and probes left out, nothing about a body."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.grafana_houses import House

from alerts.lanes import system_lane
from alerts.model import Incident
from alerts.troubles import OF_DEVICES
from core.clock import ManualClock
from core.database import Database
from yinling.grafana import annotations as room
from yinling.grafana.adapter import Grafana
from yinling.grafana.annotations import Annotations, wanted_annotations
from yinling.grafana.sync import Done


def ring(database: Database, number: int, at: datetime, **more: Any) -> int:
    usual = {"kind": "sos", "lane": f"lane-{number}", "severity": "critical", "state": "open", "home_id": 1}
    with database.transaction() as session:
        incident = Incident(number=number, opened_at=at, **{**usual, **more})
        session.add(incident)
        session.flush()
        return incident.id


def end(database: Database, incident: int, at: datetime | None) -> None:
    with database.transaction() as session:
        row = session.get_one(Incident, incident)
        row.state, row.closed_at, row.reason = ("open", None, None) if at is None else ("closed", at, "real_ambulance")


def write(house: House, database: Database, since: datetime, *, dry_run: bool = False) -> list[Done]:
    with database.snapshot() as session:
        wanted = wanted_annotations(session, since, house.prefix, "zh-CN")
    return list(Annotations(Grafana(house.settings()), house.prefix, dry_run=dry_run).run(wanted))


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def test_it_opens_ends_and_is_written_once(grafana: House, county: Database, clock: ManualClock) -> None:
    opened, since = clock.now(), clock.now() - timedelta(days=1)
    incident = ring(county, 12, opened)
    assert [one.action for one in write(grafana, county, since, dry_run=True)] == ["created"]
    assert grafana.annotations() == []
    assert [one.action for one in write(grafana, county, since)] == ["created"]
    [found] = grafana.annotations()
    assert (found["time"], found["text"]) == (ms(opened), "#12 紧急求助 · critical · h0001")
    assert {"incident", "incident:12", "severity:critical", "kind:sos", "home:1", "area:east-1", grafana.prefix} == set(
        found["tags"]
    )
    assert write(grafana, county, since) == []
    closed = opened + timedelta(minutes=7)
    end(county, incident, closed)
    assert [one.action for one in write(grafana, county, since)] == ["updated"]
    [found] = grafana.annotations()
    assert (found["time"], found["timeEnd"]) == (ms(opened), ms(closed))
    assert write(grafana, county, since) == []
    end(county, incident, None)
    assert [one.action for one in write(grafana, county, since)] == ["updated"], "it was opened again"
    assert write(grafana, county, since) == []


def test_what_is_practice_or_says_something_of_a_body(grafana: House, county: Database, clock: ManualClock) -> None:
    now = clock.now()
    ring(county, 1, now, drill=True)
    ring(county, 2, now + timedelta(seconds=1), test=True)
    ring(county, -1, now + timedelta(seconds=2), probe=True, home_id=5)
    ring(county, 3, now + timedelta(seconds=3), kind="vitals", severity="medium")
    ring(county, 4, now + timedelta(seconds=4), kind="outage", home_id=None)
    write(grafana, county, now)
    drill, vitals, outage = grafana.annotations()
    assert drill["text"].startswith("[演练] #1")
    assert "drill" in drill["tags"]
    assert "incident" not in drill["tags"]
    assert vitals["text"] == "#3 需要关注 · medium · h0001"
    assert "kind:attention" in vitals["tags"]
    assert outage["text"] == "#4 片区停电或断网 · critical"
    told = str(grafana.annotations())
    assert not [secret for secret in ("李秀英", "高血压", "幸福路", "vitals", "ambulance") if secret in told]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("probe", "模拟报警没有按时走完全程"),
        ("readings_store", "读数数据库拒绝访问，读数暂存在本机"),
        ("certificate:server", "证书“server”即将到期或已经到期"),
        (f"certificate:{OF_DEVICES}", "有设备的证书即将到期或已经到期"),
        ("probe:split:7", "模拟报警没有按时走完全程"),
        ("unprocessed:yl/v1/h0001/gw-1/up/zigbee2mqtt/李秀英卧室", "有一条可能关系生命的报文无法处理"),
        ("something_new:1", "系统故障"),
    ],
)
def test_trouble_of_the_system_says_what_is_wrong_and_no_name(
    grafana: House, county: Database, clock: ManualClock, subject: str, said: str
) -> None:
    ring(county, 4, clock.now(), kind="system", home_id=None, lane=system_lane(subject), severity="high")
    write(grafana, county, clock.now())
    [system] = grafana.annotations()
    assert system["text"] == f"#4 {said} · high"
    assert "kind:system" in system["tags"]
    assert "李秀英" not in str(system)


def test_annotations_of_others_stay_and_doubles_of_ours_go(grafana: House, county: Database, clock: ManualClock) -> None:
    now = clock.now()
    ring(county, 5, now)
    hand = grafana.ask("POST", "/annotations", {"text": "by hand", "time": ms(now), "tags": [f"hand{grafana.prefix}"]})["id"]
    grafana.left_over.append(f"/annotations/{hand}")
    double = {"text": "twice", "time": ms(now), "tags": [grafana.prefix, "incident:5"]}
    for _ in range(2):
        grafana.ask("POST", "/annotations", double)
    assert sorted(one.action for one in write(grafana, county, now)) == ["removed", "updated"]
    assert [one["text"] for one in grafana.annotations()] == ["#5 紧急求助 · critical · h0001"]
    [mine] = grafana.ask("GET", f"/annotations?tags=hand{grafana.prefix}")
    assert mine["text"] == "by hand"


def test_more_than_grafana_gives_at_once(
    grafana: House, county: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_AT_ONCE", 4)
    now = clock.now()
    for number in range(1, 22):
        ring(county, number, now + timedelta(seconds=number // 3))
    assert len(write(grafana, county, now)) == 21
    assert write(grafana, county, now) == []
    assert len(grafana.annotations()) == 21
