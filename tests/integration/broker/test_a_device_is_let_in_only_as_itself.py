"""Sign-in against the real broker: who is let in, who is refused, and what is told of it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from support.broker import running_broker
from support.devices import SECRET, Cast, House, running_sign_in
from support.processes import until

from ingest.refusals import RefusalReason


def test_the_right_secret_and_client_id_are_let_in(house: House) -> None:
    assert house.cast.device("dev-1").is_in
    assert house.sign_in.refusals == []


@pytest.mark.parametrize(
    ("code", "password", "client_id", "reason"),
    [
        ("dev-1", "wrong", "yl-dev-1", RefusalReason.WRONG_SECRET),
        ("dev-1", "", "yl-dev-1", RefusalReason.WRONG_SECRET),
        ("dev-9", SECRET, "yl-dev-9", RefusalReason.UNKNOWN_DEVICE),
        ("dev-1", SECRET, "yl-dev-2", RefusalReason.WRONG_CLIENT_ID),
        ("dev-1", SECRET, "yinling-ingest-0-alarm", RefusalReason.WRONG_CLIENT_ID),
        ("dev-3", SECRET, "yl-dev-3", RefusalReason.RETIRED),
    ],
)
def test_others_are_refused_and_told_of(house: House, code: str, password: str, client_id: str, reason: RefusalReason) -> None:
    house.sign_in.directory.add("dev-3", "home-1", retired=True)
    speaker = house.cast.device(code, password=password, client_id=client_id)
    assert not speaker.is_in
    assert speaker.connections == [("Not authorized", False)]
    refusals = house.sign_in.refusals
    assert [(each.client, each.reason) for each in refusals] == [(code, reason)]
    assert client_id in (refusals[0].detail or "")


def test_a_device_with_the_client_id_of_ingest_does_not_end_its_session(house: House) -> None:
    worker = house.cast.ingest("yinling-ingest-0-alarm")
    house.cast.device("dev-1", client_id="yinling-ingest-0-alarm")
    worker.subscribe("still/here", qos=1)
    assert worker.is_in


def test_the_user_names_of_yinling_itself_need_its_password(house: House) -> None:
    for name in ("ingest", "yinling", "watcher"):
        assert not house.cast.device(name, password="wrong").is_in


def test_a_device_cannot_use_the_brokers_own_port(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.broker.nats_port), timeout=10) as connection:
        stream = connection.makefile("rwb")
        assert stream.readline().startswith(b"INFO ")
        stream.write(b'CONNECT {"user":"dev-1","pass":"' + SECRET.encode() + b'","verbose":true}\r\n')
        stream.flush()
        assert stream.readline() == b"-ERR 'Authorization Violation'\r\n"
    until(lambda: house.sign_in.refusals)
    assert house.sign_in.refusals[0].reason is RefusalReason.WRONG_CLIENT_ID


def test_nobody_is_let_in_before_the_sessions_of_all_partitions_exist(tmp_path: Path) -> None:
    with running_broker(tmp_path, partitions=2) as broker, running_sign_in(broker, opened=False) as first, Cast(broker) as cast:
        first.directory.add("dev-1", "home-1")
        assert not cast.device("dev-1").is_in
        first.responder.open()
        assert not cast.device("dev-1").is_in
        assert {each.reason for each in first.refusals} == {RefusalReason.NOT_READY}
        with running_sign_in(broker, partition=1) as second:
            second.directory.add("dev-1", "home-1")
            until(lambda: first.responder.is_open and second.responder.is_open)
            assert cast.device("dev-1").is_in
        # The second worker is gone, its persistent sessions are not.
        assert cast.device("dev-1").is_in


def test_a_restarted_broker_lets_nobody_in_until_the_workers_have_confirmed_their_sessions(tmp_path: Path) -> None:
    with running_broker(tmp_path, partitions=2) as broker, running_sign_in(broker) as first:
        with running_sign_in(broker, partition=1):
            until(lambda: first.responder.is_open)
        broker.kill()
        broker.start()
        until(lambda: not first.responder.is_open, what="the gate closes")


def test_the_command_of_a_distribution_signs_in_too(house: House) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("no mosquitto_pub here")
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/#", qos=1)
    command = [program, "-h", "127.0.0.1", "-p", str(house.broker.mqtt_port), "-u", "dev-1", "-P", SECRET, "-i", "yl-dev-1"]
    subprocess.run([*command, "-q", "1", "-t", "yl/v1/home-1/dev-1/event", "-m", "{}"], check=True, timeout=60)
    until(lambda: b"{}" in worker.payloads())
