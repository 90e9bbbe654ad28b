"""A spare ingest worker answers like every other process: on `/metrics`, to `yinling health` and to the doctor."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.broker import BrokerHandle, running_broker
from support.centre import centre_environment
from support.processes import until

from alerts.holding import HeldLease, Waiting, lease_one
from alerts.lease_model import PartitionLease
from alerts.leases import LAPSE_SECONDS, duty_of, look
from api.status import merge_metrics
from core.clock import SystemClock
from core.database import Database
from core.machine import process_mark
from yinling.commands.health import trouble_here, trouble_in
from yinling.doctor.finding import Verdict
from yinling.doctor.workers import judge_workers
from yinling.guard import SUPERVISOR_VARIABLE

PARTITIONS = 2
DUTY = duty_of(0)


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerHandle]:
    with running_broker(tmp_path / "broker", partitions=PARTITIONS) as handle:
        yield handle


@pytest.fixture
def environment(database: Database, broker: BrokerHandle, tmp_path: Path) -> dict[str, str]:
    settings = broker.settings
    return centre_environment(
        tmp_path / "spare",
        database_url=database.url.render_as_string(hide_password=False),
        partitions=PARTITIONS,
        nats_port=settings.nats_port,
        mqtt_port=settings.mqtt_port,
        gateway_port=settings.gateway_port,
        broker_password=broker.secrets.password,
        broker_issuer_seed=broker.secrets.issuer_seed,
    )


def hold(database: Database, partition: int) -> HeldLease:
    held = lease_one(database, SystemClock(), [duty_of(partition)], "test")
    assert held is not None
    held.start()
    return held


@contextmanager
def spare(environment: Mapping[str, str], log: Path, partition: str = "any/2") -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        started = subprocess.Popen(
            [sys.executable, "-m", "yinling", "ingest", "--partition", partition],
            env={**environment, SUPERVISOR_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def health(environment: Mapping[str, str], process: str) -> str:
    command = [sys.executable, "-m", "yinling", "health", process]
    asked = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    assert (asked.returncode == 0) == asked.stdout.strip().endswith("ok"), asked
    return asked.stdout.strip()


def doctor(environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "yinling", "doctor"]
    asked = subprocess.run(command, env={**environment, "COLUMNS": "300"}, capture_output=True, text=True, check=False)
    return "\n".join(line for line in asked.stdout.splitlines() if "ingest" in line or "spare" in line)


def test_a_spare_is_well_while_it_waits_and_has_its_own_name_afterwards(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    held = [hold(database, partition) for partition in range(PARTITIONS)]
    try:
        log = tmp_path / "spare.log"
        with spare(environment, log) as process:
            until(lambda: health(environment, "ingest-spare").endswith("ok"), 60, log.read_text, 0.2)
            assert health(environment, "ingest") == "ingest: ok"
            said = doctor(environment)
            assert "1 standing by" in said, said
            assert "does not answer" in said, "nobody works on the partitions that this test holds"
            held[1].stop()
            until(lambda: health(environment, "ingest-1").endswith("ok"), 60, log.read_text, 0.2)
            assert health(environment, "ingest") == "ingest: ok", "whatever it is called now"
            assert health(environment, "ingest-spare") == "ingest-spare: does not answer"
            assert "none stands by" in doctor(environment)
            process.terminate()
            assert process.wait(60) == 0
    finally:
        for one in held:
            one.stop()


def test_a_spare_that_is_told_to_go_goes_at_once_and_holds_nothing(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    held = hold(database, 1)
    log = tmp_path / "spare.log"
    try:
        with spare(environment, log, "1/2") as process:
            until(lambda: health(environment, "ingest").endswith("ok"), 60, log.read_text, 0.2)
            process.terminate()
            assert process.wait(60) == 0
        held.renew()
    finally:
        held.stop()


def test_a_worker_that_takes_long_to_be_ready_keeps_its_partition(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """It reads many homes, from a slow store, while another waits for a partition that is nobody's."""
    log, stop, taken = tmp_path / "slow.log", threading.Event(), list[HeldLease | None]()
    waiting = Waiting(stop)
    waiter = threading.Thread(target=lambda: taken.append(lease_one(database, SystemClock(), [DUTY], "waiter", waiting=waiting)))
    patient = {**environment, "YINLING_DATABASE_LOCK_TIMEOUT_SECONDS": "120"}
    with database.transaction() as session, spare(patient, log):
        session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        session.execute(sa.text("LOCK TABLE homes IN ACCESS EXCLUSIVE MODE"))
        until(lambda: _is_held(database), what=log.read_text)
        with database.transaction() as other:  # of another machine: nobody here can tell whether it lives
            other.execute(sa.update(PartitionLease).where(DUTY.key).values(mark="another-boot/1/1.1"))
        waiter.start()
        assert not stop.wait(LAPSE_SECONDS + 2)
        assert taken == [], "taken from one that was about to begin"
        session.rollback()
        until(lambda: health(environment, "ingest-0").endswith("ok"), what=log.read_text, every_seconds=0.2)
        stop.set()
        waiter.join()


def _is_held(database: Database) -> bool:
    with database.snapshot() as session:
        return look(session, DUTY) is not None


def test_metrics_count_spares() -> None:
    texts = {"ingest-0": "# TYPE yinling_ingest_spare gauge\nyinling_ingest_spare 0\n"}
    texts["ingest-spare"] = texts["ingest-0"].replace("spare 0", "spare 1")
    merged = merge_metrics(texts).decode()
    assert 'yinling_ingest_spare{process="ingest-spare"} 1.0' in merged


SPARE = {"process": "ingest-spare", "machine": process_mark(), "ready": True, "checks": {"database": "ok"}}
BLIND = {**SPARE, "ready": False, "checks": {"database": "away"}}


def test_a_spare_that_cannot_see_the_leases_is_not_well() -> None:
    assert trouble_in([SPARE], "ingest-spare") is None
    assert trouble_in([BLIND], "ingest-spare") == "database: away"
    assert trouble_here([SPARE, BLIND]) == "database: away"
    assert trouble_here([{**BLIND, "machine": "elsewhere/1/1.1"}]) == "does not answer"


def test_the_doctor_tells_of_every_partition_and_of_spares() -> None:
    worker = {"process": "ingest-0", "ready": True, "checks": {"broker": "ok"}}
    found = {(finding.what, finding.verdict) for finding in judge_workers([worker, BLIND], PARTITIONS)}
    assert found == {
        ("ingest-0", Verdict.GOOD),
        ("ingest-1", Verdict.BAD),
        ("pager", Verdict.BAD),
        ("ingest-spare", Verdict.BAD),
        ("spare workers", Verdict.GOOD),
    }
