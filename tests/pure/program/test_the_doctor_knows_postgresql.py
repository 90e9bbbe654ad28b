"""What the doctor says of a PostgreSQL: how it is reached, and whether it keeps what it commits."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from core.config import Settings
from core.transport import database_hosts
from yinling.doctor.finding import Verdict
from yinling.doctor.postgresql import judge, way_there

GOOD = {
    "server_version_num": "150010",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "synchronous_standby_names": "",
    "transaction_read_only": "off",
    "standbys": "0",
    "asynchronous": "0",
}


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("postgresql+psycopg://u@/yinling?host=/run/postgresql", Verdict.GOOD),
        ("postgresql+psycopg://u@127.0.0.1/yinling", Verdict.GOOD),
        ("postgresql+psycopg://u@[::1]:5432/yinling", Verdict.GOOD),
        ("postgresql+psycopg://u@localhost:5432/yinling", Verdict.GOOD),
        ("postgresql+psycopg://u@db.example/yinling", Verdict.ODD),
        ("postgresql+psycopg://u@db.example/yinling?sslmode=prefer", Verdict.ODD),
        ("postgresql+psycopg://u@db.example/yinling?sslmode=require", Verdict.ODD),
        ("postgresql+psycopg://u@db.example/yinling?sslmode=verify-full", Verdict.GOOD),
        ("postgresql+psycopg://u@/yinling?host=127.0.0.1:5432&host=pg2:5432", Verdict.ODD),
    ],
)
def test_the_way_off_this_machine_is_encrypted_or_said(address: str, verdict: Verdict) -> None:
    (finding,) = way_there(make_url(address))
    assert finding.verdict is verdict, finding


def test_every_host_of_an_address_is_looked_at() -> None:
    assert database_hosts(make_url("postgresql+psycopg://u@/y?host=pg1:5432&host=pg2:5433")) == ["pg1", "pg2"]
    assert database_hosts(make_url("postgresql+psycopg://u@/y?host=pg1,pg2")) == ["pg1", "pg2"]


@pytest.mark.parametrize(
    ("fact", "verdict"),
    [
        ({}, Verdict.GOOD),
        ({"fsync": "off"}, Verdict.BAD),
        ({"synchronous_commit": "off"}, Verdict.BAD),
        ({"transaction_read_only": "on"}, Verdict.BAD),
        ({"standbys": "2", "asynchronous": "2"}, Verdict.ODD),
        ({"standbys": "2", "asynchronous": "1"}, Verdict.GOOD),
        ({"max_connections": "20"}, Verdict.ODD),
        ({"server_version_num": "120004"}, Verdict.BAD),
    ],
)
def test_what_its_settings_mean_for_a_press(fact: dict[str, str], verdict: Verdict) -> None:
    findings = list(judge({**GOOD, **fact}, Settings()))
    assert findings[0].verdict is verdict, findings
