"""The text of nats.conf, and the arithmetic of its store's size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.config import Settings
from ingest.broker import (
    LEAST_STORE_BYTES,
    cluster_of,
    mqtt_servers,
    nats_servers,
    store_limit_bytes,
    sync_interval_milliseconds,
)
from ingest.broker_config import MOST_ACK_PENDING, BrokerPlan, ClusterPlan, mappings, render
from ingest.broker_secrets import BrokerSecrets

GIB = 1024**3
PLAN = BrokerPlan(
    host="0.0.0.0",
    mqtt_port=1883,
    client_host="127.0.0.1",
    client_port=4222,
    monitor_port=8222,
    store_dir=Path("/data/老人 1/jetstream"),
    log_file=Path("/data/nats.log"),
    password='a"b\\c',
    issuer_public="ABC",
    partitions=1,
    max_file_store_bytes=123456789,
    max_payload_bytes=8 * 1024 * 1024,
    sync_interval_milliseconds=100,
    ack_wait_seconds=4,
    max_ack_pending=12288,
)


def test_every_measured_setting_is_written() -> None:
    text = render(PLAN)
    for line in (
        'sync_interval: "100ms"',
        'ack_wait: "4s"',
        "max_ack_pending: 12288",
        "default_max_consumers: -1",
        "max_payload: 8388608",
        "max_file_store: 123456789",
        'listen: "0.0.0.0:1883"',
        'listen: "127.0.0.1:4222"',
        'http: "127.0.0.1:8222"',
    ):
        assert f"{line}\n" in text


def test_an_interval_of_zero_syncs_every_message() -> None:
    assert "sync_interval: always\n" in render(replace(PLAN, sync_interval_milliseconds=0))


def test_quotes_in_a_password_stay_inside_its_string() -> None:
    assert r'password: "a\"b\\c"' in render(PLAN)


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert 'listen: "[::]:1883"\n' in render(replace(PLAN, host="::"))


def test_a_path_in_chinese_is_written_as_it_is() -> None:
    assert 'store_dir: "/data/老人 1/jetstream"\n' in render(PLAN)


def test_a_session_never_asks_for_more_unacknowledged_messages_than_the_broker_allows() -> None:
    assert f"max_ack_pending: {MOST_ACK_PENDING}\n" in render(replace(PLAN, max_ack_pending=10**6))
    assert 2 * MOST_ACK_PENDING <= 65535


def test_only_upward_topics_are_mapped() -> None:
    sources = set(mappings(4))
    assert sources == {
        "yl.v1.*.*.event",
        "yl.v1.*.*.status",
        "yl.v1.*.*.reply",
        "yl.v1.*.*.telemetry",
        "yl.v1.*.*.up.>",
    }


def test_wills_are_mapped_like_publications() -> None:
    """They are mapped before the account is known, so the mappings stand in the global account too."""
    text = render(PLAN)
    for source, target in mappings(1).items():
        assert text.count(f'"{source}": "{target}"\n') == 2


def test_measurements_travel_in_a_lane_of_their_own() -> None:
    assert all(target.startswith("part.{{partition(3,1)}}.") for target in mappings(3).values())
    assert [source for source, target in mappings(3).items() if ".data." in target] == ["yl.v1.*.*.telemetry"]


def test_an_ingest_only_start_has_no_callout_so_no_device_gets_in() -> None:
    assert "auth_callout" in render(PLAN)
    assert "auth_callout" not in render(replace(PLAN, admits_devices=False))


def test_the_store_leaves_the_reserve_free_and_an_ingest_only_start_may_use_half_of_it() -> None:
    normal = store_limit_bytes(free=10 * GIB, used=GIB, reserve=2 * GIB, ingest_only=False)
    draining = store_limit_bytes(free=10 * GIB, used=GIB, reserve=2 * GIB, ingest_only=True)
    assert normal == 9 * GIB
    assert draining == 10 * GIB


def test_on_a_full_disk_a_draining_start_still_gets_more_room_than_the_store_has() -> None:
    assert store_limit_bytes(free=0, used=3 * GIB, reserve=GIB, ingest_only=True) == 3 * GIB + LEAST_STORE_BYTES
    assert store_limit_bytes(free=0, used=0, reserve=GIB, ingest_only=False) == LEAST_STORE_BYTES


def test_alone_it_has_no_word_of_a_cluster() -> None:
    assert "cluster {" not in render(PLAN)
    assert "stream_replicas" not in render(PLAN)


def test_a_node_of_a_cluster_knows_the_others_and_keeps_messages_on_three() -> None:
    cluster = ClusterPlan(host="10.0.0.1", port=6222, routes=("10.0.0.1:6222", "[fd00::2]:6222"), password='a"b/c', replicas=3)
    text = render(replace(PLAN, cluster=cluster, server_name="north"))
    assert 'server_name: "north"' in text
    assert 'listen: "10.0.0.1:6222"' in text
    assert "stream_replicas: 3" in text
    assert '"nats-route://route:a%22b%2Fc@10.0.0.1:6222"' in text
    assert '"nats-route://route:a%22b%2Fc@[fd00::2]:6222"' in text
    assert 'password: "a\\"b/c", timeout' in text


def test_a_cluster_is_made_by_naming_its_nodes() -> None:
    secrets = BrokerSecrets("password", "SA", "A", "route-password")
    alone = Settings(data_dir=Path("/nowhere"))
    assert sync_interval_milliseconds(alone) == 100
    routes = "10.0.0.1:6222 10.0.0.2:6222 10.0.0.3:6222"
    several = Settings.model_validate({"nats_cluster_routes": routes, "nats_node": "north", "nats_host": "10.0.0.1"})
    assert sync_interval_milliseconds(several) == 1000
    assert sync_interval_milliseconds(several.model_copy(update={"broker_sync_interval_milliseconds": 250})) == 250
    plan = cluster_of(several, secrets)
    assert plan == ClusterPlan("10.0.0.1", 6222, tuple(routes.split()), "route-password", 3)
    assert cluster_of(alone, secrets) is None


def test_every_node_is_told_to_the_houses_processes() -> None:
    settings = Settings.model_validate({"nats_servers": "a:4222 b:4222", "nats_mqtt_servers": "a:1883 [fd00::2]:1883"})
    assert nats_servers(settings) == ["nats://a:4222", "nats://b:4222"]
    assert mqtt_servers(settings) == [("a", 1883), ("fd00::2", 1883)]
    alone = Settings.model_validate({"nats_host": "fd00::1", "nats_port": 4333})
    assert nats_servers(alone) == ["nats://[fd00::1]:4333"]


@pytest.mark.parametrize("wrong", ["a", "a:", ":1", "a:x", "a:70000", "fd00::1:4222"])
def test_an_address_without_host_or_port_is_refused_in_one_sentence(wrong: str) -> None:
    with pytest.raises(ValueError, match="write host:port"):
        Settings.model_validate({"nats_servers": wrong})
